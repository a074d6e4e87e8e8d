"""Decisions without a socket or a database: from state, clock and settings to what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

POLL_INTERVAL = timedelta(minutes=15)
SLACK = timedelta(minutes=2)  # the scheduler's tick may come a little before the interval is over
LONGEST_INTERVAL = timedelta(days=1)
GONE_INTERVAL = timedelta(days=7)
LONGEST_WINDOW = timedelta(days=92)  # an old entry kept at a feed's end does not make it list all since then
MAX_PAGE_ATTEMPTS = 3
SUCCESSES = frozenset({"ok", "not_modified"})


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the ledger remembers of a feed; all None before its first poll."""

    feed_id: str
    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    next_due_at: datetime | None = None
    failure_count: int = 0
    covered_from: datetime | None = None
    covered_to: datetime | None = None


def is_due(next_due_at: datetime | None, now: datetime) -> bool:
    return next_due_at is None or next_due_at <= now


def conditional_headers(state: FeedState) -> dict[str, str]:
    """Validators of the last good poll (RFC 9110, section 13.1)."""
    headers = {}
    if state.etag:
        headers["If-None-Match"] = state.etag
    if state.last_modified:
        headers["If-Modified-Since"] = state.last_modified
    return headers


def next_due_at(outcome: str, failure_count: int, now: datetime, retry_after_seconds: float | None) -> datetime:
    """When to poll again. A failure doubles the interval up to a day; a feed never stops for good."""
    if outcome == "gone":
        return now + GONE_INTERVAL
    wait = POLL_INTERVAL
    if outcome not in SUCCESSES:
        wait = min(POLL_INTERVAL * (1 << min(max(failure_count - 1, 0), 7)), LONGEST_INTERVAL)
        if retry_after_seconds is not None:
            asked = timedelta(seconds=min(retry_after_seconds, LONGEST_INTERVAL.total_seconds()))
            wait = max(wait, asked)
    return now + wait - SLACK


def next_attempt_at(attempt_count: int, now: datetime) -> datetime | None:
    """When to try a page again after its n-th failure that may pass; None: not again."""
    if attempt_count >= MAX_PAGE_ATTEMPTS:
        return None
    return now + timedelta(minutes=10 << 2 * (attempt_count - 1))


def covered_window(
    state: FeedState, polled_at: datetime, window_from: datetime | None, *, knew_an_entry: bool
) -> tuple[datetime, datetime]:
    """The unbroken stretch of time whose entries have all been listed to us, this poll included.

    A poll goes on from the last one if it lists an entry that was known, or one older than the last poll.
    """
    begins = max(min(window_from or polled_at, polled_at), polled_at - LONGEST_WINDOW)
    if state.covered_from is None or state.covered_to is None:
        return begins, polled_at
    if knew_an_entry or begins <= state.covered_to:
        return min(state.covered_from, begins), polled_at
    return begins, polled_at


def whole_days(begin: datetime, end: datetime, zone: ZoneInfo) -> list[date]:
    """Days of the zone that lie wholly between the two moments."""
    day = begin.astimezone(zone).date()
    if start_of(day, zone) < begin:
        day += timedelta(days=1)
    days = []
    while start_of(day + timedelta(days=1), zone) <= end:
        days.append(day)
        day += timedelta(days=1)
    return days


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of the day in the zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def share_out(groups: list[list[str]], shards: int) -> list[list[str]]:
    """Lay whole groups into at most `shards` lists of like length, the largest group first; none is empty."""
    lists: list[list[str]] = [[] for _ in range(shards)]
    for group in sorted(groups, key=lambda g: (-len(g), g)):
        min(lists, key=len).extend(group)
    return [items for items in lists if items]
