"""What tasks leave for the run's note."""

from __future__ import annotations

from datetime import date

import pytest

from newswatch.pipeline import BuildReport
from newswatch_airflow.tasks import changes


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, {"tides": 3}, ""),
        ({"tides": 3}, {"tides": 3}, ""),
        ({"tides": 3, "ferries": 1, "locks": 0}, {"tides": 5, "ferries": 1}, ", tides 3 → 5"),
        ({"ferries": 2}, {"tides": 1, "locks": 0}, ", tides 0 → 1, ferries 2 → 0"),
    ],
)
def test_a_rebuilt_day_says_which_counts_it_changed(
    before: dict[str, int] | None, now: dict[str, int], expected: str
) -> None:
    report = BuildReport(date(2026, 11, 3), 9, now, topic_story_counts_before=before, is_changed=True)
    assert changes(report) == expected
