"""Word forms: every case of a Russian or Ukrainian phrase, generated; in other languages, words of the same stem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from itertools import product
from typing import Any

_GENERATED = ("ru", "uk")
_STEMMED = {
    "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "hy": "armenian", "it": "italian", "lt": "lithuanian", "nl": "dutch", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "sr": "serbian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
LANGUAGES = frozenset((*_GENERATED, *_STEMMED))
_CASES = {"gen2": "gent", "acc2": "accs", "loc2": "loct"}  # second cases of nouns; adjectives have none
_ALL = ("", "")
_APOSTROPHES = re.compile("[\u2018\u2019\u02bc`\u00b4]")
_EDGES = re.compile(r"([\"«»“”„(]*)(.*?)([\"«»“”„),]*)")  # what stands around a word and is not declined


def is_generated(language: str) -> bool:
    """Whether forms are generated (`forms`), or words are compared by their stems (`stem`)."""
    return language in _GENERATED


@lru_cache(maxsize=100_000)
def stem(word: str, language: str) -> str:
    """The stem of a lower-case word, by Snowball's rules for the language."""
    stemmed: str = _stemmer(language).stemWord(word)
    return stemmed


@lru_cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(_STEMMED[language])


@lru_cache
def _analyser(language: str) -> Any:
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang=language)


def dictionaries() -> str:
    """The versions of what forms are made with."""
    return " ".join(metadata.version(name) for name in ("pymorphy3", "pymorphy3-dicts-ru", "pymorphy3-dicts-uk"))


Made = Mapping[str, Mapping[str, Sequence[str]]]  # forms by language and phrase


class WordForms:
    """Forms of phrases: those that an earlier process has made, for which no dictionary is loaded, else made now."""

    def __init__(self, made: Made | None = None) -> None:
        self._made = made or {}

    def of(self, phrase: str, language: str) -> tuple[str, ...]:
        """As `forms`."""
        known = self._made.get(language, {}).get(phrase)
        return tuple(known) if known else forms(phrase, language)


def made(wanted: Iterable[tuple[str, str]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Forms of phrases and languages, for a later process's `WordForms`."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for phrase, language in sorted(wanted):
        found.setdefault(language, {})[phrase] = forms(phrase, language)
    return found


@lru_cache(maxsize=100_000)
def forms(phrase: str, language: str) -> tuple[str, ...]:
    """All forms of a phrase in `ru` or `uk`; of other languages the phrase alone, as their words go by stems.

    The phrase begins with a noun and its adjectives, in the nominative: they are declined together, and what follows
    the noun stays ("договор о СНВ"). Adjectives alone take every gender. A singular gives its plural too, save names of
    places. Raises ValueError where the beginning is no such thing.
    """
    if language not in _GENERATED:
        return (phrase,)
    phrase = " ".join(_APOSTROPHES.sub("'", phrase).split())
    edged = [_EDGES.fullmatch(word) for word in phrase.split(" ")]
    words = [match[2] for match in edged if match]
    readings = [_readings(word, language) for word in words]
    head = 0
    while head + 1 < len(words) and _adjectives(readings[head]) and (readings[head + 1] or words[head + 1].isupper()):
        head += 1
    tables = [_declined(_adjectives(readings[i]), words[i]) for i in range(head)]
    tables.append(_declined_head(readings[head], words[head], language))
    if not tables[-1]:
        raise ValueError(
            f"{phrase!r} cannot be inflected: {words[head]!r} is no noun or adjective in the nominative. Write it as "
            "the dictionary does, or leave out inflection and list the forms as variants"
        )
    after = head + 1
    if after < len(words) and _is_apposed(words[after], readings[after]) and not edged[after][1]:  # type: ignore[index]
        tables.append(_apposed(readings[after], words[after]))
        after += 1
    found = {
        " ".join(
            f"{match[1]}{word}{match[3]}"
            for match, word in zip(edged, (*agreeing, *words[after:]), strict=True)
            if match
        )
        for agreeing in _agreeing(tables, head)
    }
    return (phrase, *sorted(found - {phrase}))


def _is_apposed(word: str, readings: Sequence[Any]) -> bool:
    """Whether a word after the noun is declined with it: Владимир Путин, село Донецкое."""
    return bool(readings) and word[:1].isupper() and not word.isupper()


def _apposed(readings: Sequence[Any], word: str) -> Table:
    """An adjective agrees with the noun before it; another noun has its case alone."""
    table = _declined(_adjectives(readings), word)
    for (case, number), words in _declined([p for p in readings if p.tag.POS == "NOUN"], word).items():
        if number != "plur":
            table.setdefault((case, ""), set()).update(words)
    return table


def _readings(word: str, language: str) -> list[Any]:
    """What the word may be in the nominative: nouns and adjectives, as the dictionary says or guesses."""
    if not word.replace("'", "").replace("-", "").isalpha():
        return []
    parsed = [
        p for p in _analyser(language).parse(word) if p.tag.POS in ("NOUN", "ADJF", "PRTF") and _key(p.tag)[0] == "nomn"
    ]
    known = [p for p in parsed if p.is_known]
    return known or ([] if word.isupper() else parsed)


def _adjectives(readings: Sequence[Any]) -> list[Any]:
    return [p for p in readings if p.tag.POS != "NOUN"]


def _key(tag: Any) -> tuple[str, str]:
    """Case, and number or gender: what an adjective and its noun agree in."""
    # pymorphy's own strings refuse to be compared; the Ukrainian dictionary leaves some nominatives without a case
    case = str(tag.case or "nomn")
    return _CASES.get(case, case), "plur" if "plur" in tag else str(tag.gender or "")


Table = dict[tuple[str, str], set[str]]


def _declined(readings: Iterable[Any], like: str) -> Table:
    table: Table = {}
    for reading in list(readings)[:1]:
        for form in reading.lexeme:
            if form.tag.POS in ("NOUN", "ADJF", "PRTF") and "Supr" not in form.tag:
                table.setdefault(_key(form.tag), set()).add(_spelled(form.word, like))
    return table


def _declined_head(readings: Sequence[Any], word: str, language: str) -> Table:
    """As noun and as adjective, whichever it may be. An abbreviation that is not declined agrees with anything."""
    table = _declined(_adjectives(readings), word)
    for key, words in _declined_noun([p for p in readings if p.tag.POS == "NOUN"][:1], word, language).items():
        table.setdefault(key, set()).update(words)
    if not (len(word) > 1 and word.isupper()):
        return table
    # МИД, МИДа, МИДом: an ending is added in small letters, and the word itself goes with any adjective.
    ended = {
        key: {f"{word}{w[len(word) :].lower()}" for w in words if w.startswith(word)} for key, words in table.items()
    }
    return {**ended, _ALL: {word}}


def _declined_noun(nouns: Sequence[Any], word: str, language: str) -> Table:
    table = _declined(nouns, word)
    if nouns and {"Geox", "Sgtm"} & set(nouns[0].tag.grammemes):
        table = {key: words for key, words in table.items() if key[1] != "plur"}
    if nouns and "plur" in nouns[0].tag:
        table = {key: words for key, words in table.items() if key[1] == "plur"}
    if language == "uk" and word[-1:].lower() not in "йі":
        # The dictionary has -ові and -еві of persons alone; the language allows them for all of this declension.
        for dative in list(table.get(("datv", "masc"), ())):
            table["datv", "masc"].add(dative[:-1] + {"у": "ові", "ю": "еві"}.get(dative[-1], dative[-1]))
    return table


def _spelled(form: str, like: str) -> str:
    """The form with the capitals of the word that it is of, part by part: Ростова-на-Дону."""
    if len(like) > 1 and like.isupper():
        return form.upper()
    parts, models = form.split("-"), like.split("-")
    if len(parts) != len(models):
        models = [like] * len(parts)
    return "-".join(p[:1].upper() + p[1:] if m[:1].isupper() else p for p, m in zip(parts, models, strict=True))


def _agreeing(tables: Sequence[Table], head: int) -> Iterable[tuple[str, ...]]:
    """Adjectives and noun in the same case, number and gender. A key of `_ALL` agrees with every other."""
    others = [table for i, table in enumerate(tables) if i != head]
    for key, words in tables[head].items():
        keys = {k for table in others for k in table} if key == _ALL and others else {key}
        for agreed in keys:
            columns = [words if i == head else _agreed(table, agreed) for i, table in enumerate(tables)]
            yield from product(*columns)


def _agreed(table: Table, key: tuple[str, str]) -> set[str]:
    return table.get(key, set()) | table.get((key[0], ""), set())
