"""Pending entries: who fetches which, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newswatch.ledger import schema as t
from newswatch.ledger.leases import ENTRIES, FREE, Lease, is_in_shard

_KEY = ENTRIES.key


@dataclass(frozen=True, slots=True)
class ClaimedEntry:
    """A pending entry that this run may end, and the file that holds what its feed said of it."""

    feed_id: str
    entry_key: str
    url: str | None
    path: str
    first_seen_at: datetime
    attempt_count: int
    via: str | None = None


@dataclass(frozen=True, slots=True)
class EntryEnd:
    """What became of an entry. `next_attempt_at`: it stays pending until then; None: it is done."""

    feed_id: str
    entry_key: str
    attempt_count: int
    next_attempt_at: datetime | None
    story_id: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """The pending entries that one task has: of the hosts of one of `shards` shards, of polls or of sites' past.

    `via`: what listed those of the past; empty: entries of polls.
    """

    shard: int = 0
    shards: int = 1
    via: tuple[str, ...] = ()

    def holds(self, now: datetime) -> list[sa.ColumnElement[bool]]:
        """Of an entry: whether it is in this share, and may be asked for now."""
        e = t.entries.c
        is_ready = sa.or_(e.next_attempt_at.is_(None), e.next_attempt_at <= now)
        return [*self.is_pending(), is_ready]

    def is_pending(self) -> list[sa.ColumnElement[bool]]:
        """Of an entry: whether it is in this share."""
        e = t.entries.c
        is_listed = e.via.in_(self.via) if self.via else e.via.is_(None)
        return [e.state == "pending", is_listed, is_in_shard(e.host, self.shard, self.shards)]

    def next_attempt(self, connection: sa.Connection) -> datetime | None:
        """When the first of those may be asked for that have to wait; None: none waits."""
        query = sa.select(sa.func.min(t.entries.c.next_attempt_at)).where(*self.is_pending())
        found: datetime | None = connection.scalar(query)
        return found


def feeds_with_pending(connection: sa.Connection, share: Share) -> set[str]:
    """Feeds of which entries of the share are pending, whether they may be asked for now or not."""
    return set(connection.scalars(sa.select(t.entries.c.feed_id).distinct().where(*share.is_pending())))


def pending_count(connection: sa.Connection, share: Share, now: datetime) -> int:
    """Pending entries of the share that may be asked for now."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(t.entries).where(*share.holds(now))) or 0)


def claim_pending(
    connection: sa.Connection, share: Share, limit: int, lease: Lease, now: datetime
) -> list[ClaimedEntry]:
    """Take up to `limit` pending entries of the share, those that failed last, spread over the hosts.

    Those that the lease holds already are not taken twice.
    """
    e = t.entries.c
    is_ready = share.holds(now)
    turn = sa.func.row_number().over(partition_by=e.host, order_by=(e.attempt_count, e.first_seen_at, *_KEY))
    mine = (
        sa.select(*_KEY, turn.label("turn"))
        .where(*is_ready, ENTRIES.is_free(lease, now), e.lease_token.is_distinct_from(lease.token))
        .subquery()
    )
    chosen = sa.select(mine.c.feed_id, mine.c.entry_key).order_by(mine.c.turn, *mine.c).limit(limit).subquery()
    wanted = [sa.tuple_(*_KEY).in_(sa.select(chosen)), *is_ready]
    returning = (*_KEY, e.url, e.path, e.first_seen_at, e.attempt_count, e.via)
    return [ClaimedEntry(**row._asdict()) for row in ENTRIES.claim(connection, wanted, lease, now, returning)]


def finish_entries(connection: sa.Connection, ends: Sequence[EntryEnd]) -> None:
    """Write each entry's new state and give the leases back."""
    if ends:
        e = t.entries.c
        is_it = (e.feed_id == sa.bindparam("of_feed")) & (e.entry_key == sa.bindparam("of_entry"))
        rows = [
            {
                "of_feed": end.feed_id,
                "of_entry": end.entry_key,
                "state": "pending" if end.next_attempt_at else "done",
                "attempt_count": end.attempt_count,
                "next_attempt_at": end.next_attempt_at,
                "story_id": end.story_id,
            }
            for end in ends
        ]
        connection.execute(sa.update(t.entries).where(is_it).values(FREE), rows)
