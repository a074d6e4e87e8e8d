"""Retries: when a page that could not be fetched is requested again. Pure; all times in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(days=1)  # however long a host asks
MAX_PAGE_ATTEMPTS = 3
PAGE_PATIENCE = timedelta(hours=6)  # with a host that asks for rest again and again


def paused_until(first_seen_at: datetime, now: datetime, retry_after_seconds: float | None) -> datetime | None:
    """When to request a page again whose host wants rest; None: PAGE_PATIENCE is over, the feed's text must do."""
    patience_ends = first_seen_at + PAGE_PATIENCE
    if now >= patience_ends:
        return None
    asked = _asked_wait(retry_after_seconds)
    return min(now + max(timedelta(minutes=10), asked), max(patience_ends, now + timedelta(minutes=10)))


def next_attempt_at(attempt_count: int, now: datetime, retry_after_seconds: float | None = None) -> datetime | None:
    """When to request a page again after its n-th transient failure; None: not again.

    In 10 minutes, then in 40; later where the host asks for it, but not after LONGEST_WAIT.
    """
    if attempt_count >= MAX_PAGE_ATTEMPTS:
        return None
    asked = _asked_wait(retry_after_seconds)
    return now + max(timedelta(minutes=10 << 2 * (attempt_count - 1)), asked)


def after_rest(now: datetime, retry_after_seconds: float | None) -> datetime:
    """When to go on with the past of a host that asks for rest: as it asks, else in ten minutes. There is no hurry."""
    return now + (_asked_wait(retry_after_seconds) if retry_after_seconds else timedelta(minutes=10))


def _asked_wait(retry_after_seconds: float | None) -> timedelta:
    """The rest that a host asks for, up to LONGEST_WAIT."""
    return timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_WAIT.total_seconds()))
