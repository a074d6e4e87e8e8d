"""Words of dates: lines that are a date and nothing else, and where the day comes first."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from newswatch.text.date_words import is_day_first, is_made_of, month_of


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("4th of March 2026", "en"),
        ("Jueves, 4 de marzo del 2026", "en"),
        ("4 наурыз 2026, 18:30", "en"),
        ("Thursday 4 March", None),
        ("Donnerstag, 4. März 2026", "de"),
        ("4 березня 2026 р.", "uk"),
        ("torstai 4. maaliskuuta 2026 klo 17.05", "fi"),
    ],
)
def test_a_line_that_is_a_date_in_whatever_language(line: str, language: str | None) -> None:
    assert is_made_of(line, language)


@pytest.mark.parametrize("line", ["March on Rome, 1922", "4 March was a bad day", "Sale ends 4 March", "12 Angry Men"])
def test_a_line_that_says_more_is_none(line: str) -> None:
    assert not is_made_of(line, "en")


def test_where_the_day_comes_first() -> None:
    assert is_day_first("en-GB", None) is is_day_first("uk", None) is is_day_first("en_NZ", None) is True
    assert is_day_first("en-US", None) is False
    assert is_day_first("en", None) is is_day_first(None, None) is is_day_first("??", None) is None
    assert is_day_first("en", ZoneInfo("Australia/Perth")) is True
    assert is_day_first("en", ZoneInfo("America/Boise")) is False


def test_a_month_cut_short_is_the_one_that_begins_so() -> None:
    assert [month_of(word, "fr") for word in ("juil.", "juill", "jui", "ju")] == [7, 7, None, None]
    assert month_of("Sept", "de") == 9
