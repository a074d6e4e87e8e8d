"""Lateness: what should have been done by now and is not, as one answer for a monitor."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newswatch.ledger import lateness
from newswatch.ledger.lateness import Waiting
from newswatch.local_days import ONE_DAY, day_of, start_of
from newswatch.settings import Settings
from newswatch.text.counting import counted

KINDS = ("polls", "pages", "tags", "tables", "digest")
PATIENCE = timedelta(hours=1)  # a poll comes every quarter of an hour, and a failed task is tried twice more
ANNOUNCED_PATIENCE = timedelta(hours=3)  # a day that nobody builds is announced again


@dataclass(frozen=True, slots=True)
class Late:
    """One thing that is late. `what`: of KINDS; `since`: UTC, where that is known."""

    what: str
    detail: str
    since: datetime | None = None


def late(connection: sa.Connection, settings: Settings, feed_ids: Collection[str], now: datetime) -> list[Late]:
    """Everything that is late at the moment (UTC). `feed_ids`: of the feeds in force."""
    found = [
        _late("polls", "feeds that are due", lateness.feeds_due(connection, feed_ids, now), now),
        _late("pages", "pages to be fetched", lateness.pages_pending(connection, now), now),
        _late("tags", "stories to be tagged", lateness.stories_untagged(connection), now),
    ]
    if count := lateness.days_to_build(connection, now - ANNOUNCED_PATIENCE):
        found.append(Late("tables", f"{counted(count, 'day')} changed and not built again"))
    return [*filter(None, found), *_digest(connection, settings, now)]


def _late(what: str, nouns: str, waiting: Waiting, now: datetime) -> Late | None:
    if waiting.since is None or now - waiting.since < PATIENCE:
        return None
    return Late(what, f"{nouns}: {waiting.count}, the first since {waiting.since:%Y-%m-%d %H:%M} UTC", waiting.since)


def _digest(connection: sa.Connection, settings: Settings, now: datetime) -> Iterator[Late]:
    """The digest of yesterday, once its deadline is over; an installation that is younger than that day owes none."""
    today = day_of(now, settings.tz)
    due_at = start_of(today, settings.tz) + timedelta(hours=settings.digest_hour)
    deadline = due_at + timedelta(minutes=settings.digest_deadline_minutes)
    began = lateness.first_commit(connection)
    day = today - ONE_DAY
    is_owed = began is not None and began < start_of(today, settings.tz) and now >= deadline
    if is_owed and not lateness.has_digest(connection, day):
        yield Late("digest", f"no digest of {day}, due at {due_at:%Y-%m-%d %H:%M} UTC", due_at)
