"""The border: what comes in can be stored, and dates make sense."""

from __future__ import annotations

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
