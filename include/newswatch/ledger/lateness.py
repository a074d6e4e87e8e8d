"""What waits in the ledger, and since when: for whoever asks whether the installation keeps up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from newswatch.ledger import schema as t


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of something wait, and since when the first of them could have been done; None: none waits."""

    count: int
    since: datetime | None


def feeds_due(connection: sa.Connection, feed_ids: Collection[str], now: datetime) -> Waiting:
    """Feeds whose next poll is due; of one that was never polled nobody knows since when."""
    f = t.feeds.c
    return _waiting(connection, t.feeds, f.next_due_at, f.feed_id.in_(feed_ids), f.next_due_at <= now)


def pages_pending(connection: sa.Connection, now: datetime) -> Waiting:
    """Entries of polls whose page may be fetched."""
    e = t.entries.c
    since = sa.func.coalesce(e.next_attempt_at, e.first_seen_at)
    return _waiting(connection, t.entries, since, e.state == "pending", e.via.is_(None), since <= now)


def stories_untagged(connection: sa.Connection) -> Waiting:
    """Stories of which nobody has said what they mention."""
    s = t.stories.c
    return _waiting(connection, t.stories, s.first_seen_at, s.tagged_batch_id.is_(None))


def days_to_build(connection: sa.Connection, before: datetime) -> int:
    """Days that were announced as changed before the moment, and whose tables nobody has made since."""
    d = t.dirty_days.c
    return int(connection.scalar(sa.select(sa.func.count()).where(d.announced_at < before)) or 0)


def first_commit(connection: sa.Connection) -> datetime | None:
    """When the ledger's first batch was committed."""
    found: datetime | None = connection.scalar(sa.select(sa.func.min(t.batches.c.committed_at)))
    return found


def has_digest(connection: sa.Connection, day: date) -> bool:
    return bool(connection.scalar(sa.select(sa.exists().where(t.digests.c.day == day))))


def _waiting(
    connection: sa.Connection, table: sa.Table, since: sa.ColumnElement[datetime], *wanted: sa.ColumnElement[bool]
) -> Waiting:
    query = sa.select(sa.func.count(), sa.func.min(since)).select_from(table).where(*wanted)
    return Waiting(*connection.execute(query).one())
