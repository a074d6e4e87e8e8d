"""A number and its noun agree."""

import pytest

from newswatch.text.counting import counted


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "topic", "0 topics"),
        (1, "topic", "1 topic"),
        (2, "topic", "2 topics"),
        (1, "story", "1 story"),
        (0, "story", "0 stories"),
        (3, "day", "3 days"),
    ],
)
def test_a_number_and_its_noun_agree(count: int, noun: str, said: str) -> None:
    assert counted(count, noun) == said


def test_a_plural_of_another_kind_is_given() -> None:
    assert [counted(n, "index", "indices") for n in (1, 2)] == ["1 index", "2 indices"]
