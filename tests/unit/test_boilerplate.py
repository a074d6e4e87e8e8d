"""Furniture goes, story lines stay: in English, Russian and Ukrainian."""

from __future__ import annotations

import pytest

from newswatch import boilerplate

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


@pytest.mark.parametrize("line", STORY_LINES)
def test_a_line_of_a_story_stays(line: str) -> None:
    assert boilerplate.remove(line) == (line, 0)


@pytest.mark.parametrize("line", FURNITURE)
def test_a_line_that_speaks_to_the_reader_goes(line: str) -> None:
    text, removed = boilerplate.remove(f"First paragraph.\n{line}\nLast paragraph.")
    assert (text, removed) == ("First paragraph.\nLast paragraph.", 1)


def test_a_long_paragraph_stays_whatever_it_says() -> None:
    line = "The fund said it would go on. " * 30 + "Please consider donating to the fund."
    assert boilerplate.kind_of(line) is None
