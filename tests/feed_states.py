"""A feed's state for tests of decisions: polled an hour ago, after one more poll, with a listing of given ages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from newswatch.feeds import schedule
from newswatch.feeds.state import FeedState, Listing, PollFacts, PollPlan

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)  # a Sunday
URL = "https://news.example/rss"
NEW = FeedState("a", URL)
PLAN = PollPlan(URL, {}, is_full=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def listing(*ages_hours: float, new: int | None = None, known: int = 0, now: datetime = NOW, **extra: Any) -> Listing:
    """Entries of these ages; the first `new` of them are new, `known` were known from a week ago."""
    dates = [now - timedelta(hours=age) for age in ages_hours]
    count = len(dates) if new is None else new
    return Listing(dates, new_dates=dates[:count], new_count=count, known_first_seen=[NOW - 7 * DAY] * known, **extra)


def after(state: FeedState, outcome: str = "ok", **facts: Any) -> FeedState:
    return schedule.after_poll(state, PollFacts(outcome, **{"moment": NOW, "plan": PLAN} | facts))


def polled(**changes: Any) -> FeedState:
    """A feed that was polled well an hour ago, with two entries an hour."""
    known = {
        "etag": '"old"', "last_modified": "then", "body_sha256": "old", "full_at": NOW - HOUR, "polled_at": NOW - HOUR,
        "succeeded_at": NOW - HOUR, "entry_rate": 48.0, "last_new_at": NOW - HOUR, "newest_at": NOW - HOUR,
        "longest_quiet_seconds": 7200.0, "covered_from": NOW - 3 * DAY, "covered_to": NOW - HOUR,
    }  # fmt: skip
    return replace(NEW, **known | changes)


def wait(state: FeedState) -> timedelta:
    assert state.next_due_at
    return state.next_due_at - NOW
