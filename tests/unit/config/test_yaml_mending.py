"""Reading over lines that YAML cannot read: whatever the text, each fault is one line and reading ends."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from newswatch.config import yaml_mending, yaml_positions

GOOD = """\
feeds:
  - id: one
    outlet: The One
    url: https://example.com/rss
  - id: two
    notes: [a, "b: c"]
"""
SLIPS = ("\t", ": ", " ", "- ", '"', "'", "[", "}", "@", "%", "\n", "# ", "&a ", "*b ", "|", "\r", "\x00", "é")


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.sampled_from(SLIPS)), max_size=6))
def test_whatever_slips_in_reading_ends_and_corrects_no_more_than_it_says(slips: list[tuple[int, str]]) -> None:
    text = GOOD
    for at, slip in slips:
        text = text[:at] + slip + text[at:]
    reading = yaml_mending.read(text)
    changed = sum(a != b for a, b in zip(text.split("\n"), reading.text.split("\n"), strict=True))
    assert changed <= len(reading.problems) <= yaml_mending.MAX_FAULTS + 1
    assert all("\n" not in problem for problem in reading.problems)
    if reading.is_read:
        assert reading.value == yaml_positions.load(reading.text)
        assert (reading.text == text) == (not reading.problems)
    else:
        assert reading.problems


def test_a_text_without_a_fault_is_read_as_it_is() -> None:
    reading = yaml_mending.read(GOOD)
    assert (reading.text, reading.problems, reading.value["feeds"][1]["notes"]) == (GOOD, (), ["a", "b: c"])


@pytest.mark.parametrize("text", ["a: b", 'say "a: b"', "it's: so", "back\\slash: x", "@handle", "%"])
def test_a_quoted_text_is_read_back_as_it_was(text: str) -> None:
    assert yaml.safe_load(f"key: {yaml_mending.quoted(text)}") == {"key": text}
