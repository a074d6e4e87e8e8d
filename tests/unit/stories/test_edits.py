"""What counts as an edit between two readings of a story, and when its page is revisited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from made_stories import made_story

from newswatch.stories import edits
from newswatch.stories.story import Story

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def story(*lines: str, title: str = "Quay works begin", cut: tuple[str, ...] = ()) -> Story:
    return made_story(title, *lines, cut=cut)


BOARD, FIGURES, CLERK = "The board met.", "It spent 4 million.", "The clerk left."


def test_the_same_reading_is_no_edit() -> None:
    assert edits.changes(story(BOARD, FIGURES), story(BOARD, FIGURES)) == []


def test_a_changed_figure_is_an_edit_and_shows_both() -> None:
    assert edits.changes(story(BOARD, FIGURES), story(BOARD, "It spent 5 million.")) == [
        f"- {FIGURES}",
        "+ It spent 5 million.",
    ]


def test_a_line_that_came_or_went_is_an_edit() -> None:
    assert edits.changes(story(BOARD), story(BOARD, CLERK)) == [f"+ {CLERK}"]
    assert edits.changes(story(BOARD, CLERK), story(BOARD)) == [f"- {CLERK}"]


def test_another_headline_is_an_edit() -> None:
    assert edits.changes(story(BOARD), story(BOARD, title="Quay works end")) == [
        "- Quay works begin",
        "+ Quay works end",
    ]


def test_better_cleaning_is_no_edit() -> None:
    plea = "Please give."
    assert edits.changes(story(BOARD, plea), story(BOARD, cut=(plea,))) == []
    assert edits.changes(story(BOARD, cut=(plea,)), story(BOARD, plea)) == []


def test_what_changes_in_a_box_beside_the_story_is_no_edit() -> None:
    assert edits.changes(story(BOARD, cut=("Read more: A",)), story(BOARD, cut=("Read more: B",))) == []
    assert edits.changes(story(BOARD), story(BOARD, cut=("Read more: B",))) == []


def test_visits_come_after_one_six_and_twenty_four_hours_and_then_no_more() -> None:
    due = [edits.next_visit_at(made, NOW) for made in range(4)]
    assert due == [NOW + timedelta(hours=1), NOW + timedelta(hours=6), NOW + timedelta(hours=24), None]
