"""Furniture goes, story lines stay: in English, Russian and Ukrainian."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from newswatch.days.dictionary import REASON_DOCS
from newswatch.pages import boilerplate_phrases

STORY_LINES = [
    "The minister said donations would help.",
    "“Your support means the world to us,” the captain told the crowd.",
    "Related costs rose by a tenth, the treasurer said.",
    "The court heard that he had subscribed to our local newsletter in 2019.",
    "She shared the story with her neighbours on Monday.",
    "Comments by the minister drew criticism in Kyiv.",
    "The newspaper asked its readers to subscribe.",
    "Support for the treaty has grown, a poll shows.",
    "Download speeds fell after the cable was cut.",
    "Journalists were kept away from the site near Donetsk.",
    "Recommended doses were exceeded, the laboratory found.",
    "Поддержка населения выросла, показал опрос.",
    "Комментарии министра вызвали споры.",
    "Подробнее о проекте рассказал глава района.",
    "«Ваша поддержка спасла нас», — сказал мэр жителям.",
    "Читатели библиотеки собрали деньги на ремонт.",
    "Підтримка мешканців зросла, показало опитування.",
    "Коментарі міністра викликали суперечки.",
    "За темою енергетики виступив міський голова.",
    "Поділитися досвідом приїхали лікарі з Донецька, які працювали там тридцять років.",
]
FURNITURE = [
    "Subscribe to our newsletter",
    "Sign up for our daily briefing",
    "Already a subscriber? Log in",
    "Get the day's news delivered to your inbox",
    "Please consider supporting our journalism with a small gift.",
    "Your support makes our work possible.",
    "Support us",
    "From courtrooms to the front line near Donetsk, our reporters are there when the story is happening. "
    "Your support makes it possible.",
    "From courtrooms to the front line near Donetsk, our reporters are there when the story is happening. "
    "Every page they send home has been paid for by readers of the Ledger.",
    "Get the Meridian Briefing: one letter, every dawn.",
    "Write to the editor | Print this page",
    "Read more: Treaty talks resume in Oslo",
    "READ ALSO: Shelling near Donetsk",
    "Related stories",
    "Most read",
    "Share this",
    "Follow us on Telegram",
    "12 comments",
    "We use cookies to improve your visit.",
    "Download our app",
    "Поддержите нашу редакцию",
    "Подпишитесь на наш канал",
    "Читайте также: Обстрел в Донецке",
    "По теме",
    "Материалы по теме:",
    "Поделиться в соцсетях",
    "Комментарии (12)",
    "Підтримайте незалежну журналістику",
    "Підпишіться на нашу розсилку",
    "Читайте також: Обстріл у Донецьку",
    "Поділитися",
    "Коментарі (3)",
    "Розсилка: лист від редакції щоп'ятниці.",
]


# The rows of other languages, one line each: a label, and a label before a colon.
ELSEWHERE = [
    ("Lesen Sie auch: Gespräche in Wien", "related"),
    ("ANZEIGE", "advert"),
    ("Dieser Artikel ist nur für Abonnenten", "paywall"),
    ("Lire aussi : Les inspecteurs reviennent", "related"),
    ("Il vous reste 73 % de cet article à lire.", "paywall"),
    ("Te puede interesar: El tratado vuelve", "related"),
    ("Publicidade", "advert"),
    ("Leia também", "related"),
    ("LEGGI ANCHE | Il porto riapre", "related"),
    ("Czytaj także: Port otwarty", "related"),
    ("Lees ook: Haven weer open", "related"),
    ("Läs också: Hamnen öppnar", "related"),
    ("Lue myös: Satama avautuu", "related"),
    ("Čtěte také: Přístav otevřen", "related"),
    ("İlgili haberler", "related"),
    ("Διαβάστε επίσης: Το λιμάνι ανοίγει", "related"),
    ("اقرأ أيضا: الميناء يفتح", "related"),
    ("Baca juga: Pelabuhan dibuka", "related"),
    ("相关阅读：港口重新开放", "related"),
    ("関連記事", "related"),
    ("관련기사", "related"),
    ("Чтобы читать дальше, оформите подписку", "paywall"),
    ("Фото: Reuters", "credit"),
    ("Джерело: Interfax", "credit"),
    ("(Reporting by Ann Lee; Editing by Bo Kim)", "credit"),
    ("© 2026 The Ledger. All rights reserved.", "copyright"),
    ("ann.lee@ledger.example", "credit"),
    ("Updated: November 21, 2026, 14:05", "byline"),
    ("* * *", "rule"),
]


@pytest.mark.parametrize("line", STORY_LINES)
def test_a_line_of_a_story_stays(line: str) -> None:
    assert boilerplate_phrases.reason_by_wording(line) is None


@pytest.mark.parametrize("line", FURNITURE)
def test_a_line_that_speaks_to_the_reader_goes(line: str) -> None:
    assert boilerplate_phrases.reason_by_wording(line)


@pytest.mark.parametrize(("line", "reason"), ELSEWHERE)
def test_a_line_goes_for_its_reason_in_other_languages_too(line: str, reason: str) -> None:
    assert boilerplate_phrases.reason_by_wording(line) == reason


def test_a_long_paragraph_stays_whatever_it_says() -> None:
    line = "The fund said it would go on. " * 30 + "Please consider donating to the fund."
    assert boilerplate_phrases.reason_by_wording(line) is None


def test_every_reason_of_the_table_is_explained() -> None:
    with (Path(boilerplate_phrases.__file__).with_name("phrases.toml")).open("rb") as file:
        table = tomllib.load(file)
    assert {reason for reasons in table.values() for reason in reasons} <= REASON_DOCS.keys()


def test_a_table_whose_pattern_has_a_group_of_its_own_is_refused() -> None:
    rows = {"en": {"plea": boilerplate_phrases.Phrases(begins=("(a|b)",))}}
    with pytest.raises(ValueError, match="group"):
        boilerplate_phrases.PhraseTable(rows)


def test_a_pattern_that_may_stand_anywhere_needs_the_words_that_call_for_it() -> None:
    with pytest.raises(ValueError, match="go together"):
        boilerplate_phrases.Phrases(holds=("support",))


@pytest.mark.parametrize("letter", ["a", "а", " ", "(", "–", "support ", "read more "])
def test_no_line_takes_long(letter: str) -> None:
    line = (letter * 700)[:700]
    began = time.perf_counter()
    boilerplate_phrases.reason_by_wording(line)
    assert time.perf_counter() - began < 0.5
