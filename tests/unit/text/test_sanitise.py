"""The border: what comes in can be stored, and dates make sense."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch.text import sanitise

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates, NUL and all


@given(ANY_TEXT)
def test_cleaned_text_can_be_stored_and_is_clean_already(value: str) -> None:
    cleaned = sanitise.text(value)
    cleaned.encode("utf-8")
    assert not set(cleaned) & set(map(chr, [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]))
    assert "\r" not in cleaned
    assert sanitise.text(cleaned) == cleaned


@given(ANY_TEXT, st.integers(1, 30))
def test_a_line_is_one_line_and_no_longer_than_asked(value: str, limit: int) -> None:
    line = sanitise.line(value, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(st.text("абв .,'’-—\nxyz", max_size=60))
def test_cleaning_changes_no_word(value: str) -> None:
    assert sanitise.text(value).split() == value.split()


def test_paragraphs_stand_a_line_each() -> None:
    assert sanitise.paragraphs(" one \r\n\r\n\n two\xa0 three\x00 \n") == "one\ntwo three"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (NOW, NOW),
        (NOW - timedelta(days=4000), NOW - timedelta(days=4000)),
        (NOW + timedelta(minutes=59), NOW + timedelta(minutes=59)),
        (NOW + timedelta(minutes=61), None),
        (datetime(1970, 1, 1, tzinfo=UTC), None),
        (datetime(1, 1, 1, tzinfo=UTC), None),
        (None, None),
    ],
)
def test_a_date_counts_only_if_it_makes_sense(published: datetime | None, expected: datetime | None) -> None:
    assert sanitise.credible(published, NOW) == expected


@pytest.mark.parametrize(
    "words", ["if a<b and c>d", "<Reuters> says so", "a List<String> of them", "x <y> z", "1 < 2 > 0", "a <- b -> c"]
)
def test_what_is_no_tag_stays(words: str) -> None:
    assert sanitise.plain(words) == words


@pytest.mark.parametrize(
    "markup",
    [
        "the <em>quay</em>",
        "the quay<br>",
        "the <a href='x'>quay</a>",
        "the <video controls></video>quay",
        "<p>the quay",
        "the <picture><source srcset=x></picture>quay",
        "the <o:p></o:p>quay",
        'the <img alt="a<b" src="x">quay',
    ],
)
def test_a_tag_goes(markup: str) -> None:
    assert " ".join(sanitise.plain(markup).split()) == "the quay"


def test_many_angle_brackets_cost_time_in_proportion() -> None:
    began = time.monotonic()
    sanitise.plain("".join(f"<x{n} " for n in range(30_000)))
    assert time.monotonic() - began < 2
