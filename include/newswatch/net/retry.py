"""When a page is asked for again that could not be had. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(days=1)  # however long a host asks
MAX_PAGE_ATTEMPTS = 3
PAGE_PATIENCE = timedelta(hours=6)  # with a host that asks for rest again and again


def paused_until(first_seen_at: datetime, now: datetime, retry_after_seconds: float | None) -> datetime | None:
    """When to ask for a page again whose host wants rest; None: it has waited long enough, the feed's text must do."""
    patience_ends = first_seen_at + PAGE_PATIENCE
    if now >= patience_ends:
        return None
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_WAIT.total_seconds()))
    return min(now + max(timedelta(minutes=10), asked), max(patience_ends, now + timedelta(minutes=10)))


def next_attempt_at(attempt_count: int, now: datetime, retry_after_seconds: float | None = None) -> datetime | None:
    """When to try a page again after its n-th failure that may pass; None: not again."""
    if attempt_count >= MAX_PAGE_ATTEMPTS:
        return None
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_WAIT.total_seconds()))
    return now + max(timedelta(minutes=10 << 2 * (attempt_count - 1)), asked)
