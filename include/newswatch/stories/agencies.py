"""News agencies, with the spellings of their names under which texts are credited to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Each with its other spellings; the first is the name that is kept.
AGENCIES = (
    ("Reuters", "Рейтер", "Рейтерс", "Thomson Reuters"),
    ("AP", "Associated Press", "The Associated Press", "Ассошиэйтед Пресс"),
    ("AFP", "Agence France-Presse", "Агентство Франс Пресс"),
    ("dpa", "Deutsche Presse-Agentur"),
    ("EFE", "Agencia EFE"),
    ("ANSA",),
    ("PA Media", "Press Association", "PA news agency"),
    ("UPI", "United Press International"),
    ("Bloomberg", "Блумберг"),
    ("Interfax", "Интерфакс", "Інтерфакс"),
    ("Interfax-Ukraine", "Интерфакс-Украина", "Інтерфакс-Україна"),
    ("TASS", "ТАСС", "ИТАР-ТАСС"),
    ("RIA Novosti", "РИА Новости", "РІА Новини"),
    ("Ukrinform", "Укринформ", "Укрінформ"),
    ("UNIAN", "УНИАН", "УНІАН"),
    ("UNN", "УНН"),
    ("RBC-Ukraine", "РБК-Украина", "РБК-Україна"),
    ("BelTA", "БелТА", "БЕЛТА"),
    ("Xinhua", "Синьхуа", "Сіньхуа", "新华社", "新華社"),
    ("Kyodo", "Kyodo News", "共同通信"),
    ("Yonhap", "Yonhap News"),
    ("Anadolu", "Anadolu Agency", "Anadolu Ajansı"),
    ("PAP", "Polska Agencja Prasowa"),
    ("CTK", "ČTK"),
    ("APA", "Austria Presse Agentur"),
    ("Belga",), ("TT", "TT Nyhetsbyrån"), ("NTB",), ("Ritzau",), ("STT",), ("LUSA", "Agência Lusa"),
    ("Keystone-SDA",), ("KUNA",), ("SANA",), ("IRNA",), ("PTI", "Press Trust of India"), ("ANI",),
    ("AAP", "Australian Associated Press"), ("The Canadian Press", "Canadian Press"),
)  # fmt: skip
_NAME_BY_SPELLING = {
    spelled: names[0] for names in AGENCIES for spelling in names for spelled in (spelling, spelling.upper())
}
AGENCY_KEYS = frozenset(name.casefold() for name in _NAME_BY_SPELLING.values())
# Longest first: "Interfax-Ukraine" is not "Interfax". As written: TT, AP and STT are words in small letters.
_ANY_SPELLING = re.compile(
    r"(?<![\w-])(?:" + "|".join(re.escape(s) for s in sorted(_NAME_BY_SPELLING, key=len, reverse=True)) + r")(?![\w-])"
)


def agencies_in(line: str) -> Iterator[str]:
    """Names of the agencies in the line, in the one spelling that is kept, as often as they stand there."""
    for match in _ANY_SPELLING.finditer(line):
        yield _NAME_BY_SPELLING[match[0]]
