"""Feeds and entries: what is due, who polls it, and the one transaction that ends a poll."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.config.catalogue import Feed
from newswatch.errors import LeaseLost
from newswatch.feeds.schedule import is_due
from newswatch.feeds.state import FeedState
from newswatch.ledger import schema as t

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
FREE = {"lease_owner": None, "lease_token": None, "lease_until": None}
STATE = [t.feeds.c[name] for name in FeedState.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to end one piece of work. A later taker's token replaces it, and the earlier commit fails."""

    owner: str
    token: str
    until: datetime


def due(connection: sa.Connection, feeds: Sequence[Feed], now: datetime, *, only_due: bool = True) -> list[str]:
    """Ids of the given feeds that are due (or of all), those first that have waited longest; never polled is longest.

    A new address of a feed starts it afresh.
    """
    rows = connection.execute(sa.select(t.feeds.c.feed_id, t.feeds.c.url, t.feeds.c.next_due_at)).all()
    url_of = {feed.id: feed.url for feed in feeds}
    known = {row.feed_id: row.next_due_at for row in rows if url_of.get(row.feed_id) == row.url}
    wanted = [feed.id for feed in feeds if not only_due or is_due(known.get(feed.id), now)]
    return sorted(wanted, key=lambda feed_id: known.get(feed_id) or _LONG_AGO)


def claim(connection: sa.Connection, feeds: Iterable[Feed], lease: Lease, now: datetime) -> list[FeedState]:
    """Take the feeds that nobody else polls just now. The same owner takes its own again: that is a second try.

    A feed whose address has changed starts afresh: what was known belongs to the old one.
    """
    url_of = {feed.id: feed.url for feed in feeds}
    if not url_of:
        return []
    known = set(connection.scalars(sa.select(t.feeds.c.feed_id).where(t.feeds.c.feed_id.in_(url_of))))
    fresh = [{"feed_id": feed_id, "url": url_of[feed_id]} for feed_id in sorted(url_of.keys() - known)]
    if fresh:
        connection.execute(insert(t.feeds).on_conflict_do_nothing(), fresh)
    taken = sa.update(t.feeds).values(lease_owner=lease.owner, lease_token=lease.token, lease_until=lease.until)
    free = (
        sa.select(t.feeds.c.feed_id)
        .where(t.feeds.c.feed_id.in_(url_of), _is_free(t.feeds, lease.owner, now))
        .order_by(t.feeds.c.feed_id)  # one order everywhere, so that two takers never deadlock
        .with_for_update()
    )
    ids = list(connection.scalars(free))
    rows = connection.execute(taken.where(t.feeds.c.feed_id.in_(ids)).returning(*STATE))
    states = (FeedState(**row._asdict()) for row in rows)
    return [s if s.url == url_of[s.feed_id] else FeedState(s.feed_id, url_of[s.feed_id]) for s in states]


def _is_free(table: sa.Table, owner: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.lease_until.is_(None), table.c.lease_until < now, table.c.lease_owner == owner)


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry as it was seen last."""

    url: str | None
    fingerprint: str | None
    first_seen_at: datetime


def known_entries(connection: sa.Connection, feed_id: str, keys: Sequence[str]) -> dict[str, KnownEntry]:
    """Those of the keys that have been seen in this feed."""
    e = t.entries.c
    query = sa.select(e.entry_key, e.url, e.fingerprint, e.first_seen_at)
    rows = connection.execute(query.where(e.feed_id == feed_id, e.entry_key.in_(keys)))
    return {row.entry_key: KnownEntry(row.url, row.fingerprint, row.first_seen_at) for row in rows}


def hold(connection: sa.Connection, feed_ids: Sequence[str], lease: Lease) -> None:
    """Lock the feeds for the commit. Raises LeaseLost where another try took over."""
    query = (
        sa.select(t.feeds.c.feed_id)
        .where(t.feeds.c.feed_id.in_(feed_ids), t.feeds.c.lease_token == lease.token)
        .order_by(t.feeds.c.feed_id)
        .with_for_update()
    )
    if set(connection.scalars(query)) != set(feed_ids):
        raise LeaseLost("another try took over these feeds while this one was polling")


def save_states(connection: sa.Connection, states: Sequence[FeedState]) -> None:
    """Write the feeds' new states and give their leases back."""
    if states:
        rows = [{c.name: getattr(state, c.name) for c in STATE} | FREE for state in states]
        statement = insert(t.feeds)
        changed = {name: statement.excluded[name] for name in rows[0] if name != "feed_id"}
        statement = statement.on_conflict_do_update(index_elements=["feed_id"], set_=changed)
        connection.execute(statement.returning(t.feeds.c.feed_id), rows)


def release(connection: sa.Connection, lease: Lease) -> None:
    """Give back feeds that were taken and not reached; they stay due."""
    connection.execute(sa.update(t.feeds).where(t.feeds.c.lease_token == lease.token).values(FREE))


def add_entries(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add entries; one that is known takes the row's address, text and state, and keeps when it was first seen."""
    if rows:
        statement = insert(t.entries)
        names = ("url", "host", "path", "state", "fingerprint")
        # Whoever fetches the entry's page just now fetches another story's: its lease is taken away.
        changed: dict[str, Any] = {name: statement.excluded[name] for name in names}
        changed |= {"attempt_count": 0, "next_attempt_at": None} | FREE
        connection.execute(statement.on_conflict_do_update(index_elements=["feed_id", "entry_key"], set_=changed), rows)


def set_fingerprints(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what known entries say now (keys `of_feed`, `of_entry`, `fingerprint`)."""
    if rows:
        e = t.entries.c
        statement = sa.update(t.entries).where(
            e.feed_id == sa.bindparam("of_feed"), e.entry_key == sa.bindparam("of_entry")
        )
        connection.execute(statement, rows)


def add_coverage(connection: sa.Connection, days: Sequence[tuple[str, date]], now: datetime) -> set[date]:
    """Note that feeds' windows reach over days (feed id, day) by now; returns days that gained a feed."""
    if not days:
        return set()
    statement = insert(t.coverage).values([{"feed_id": f, "day": day, "known_at": now} for f, day in days])
    return set(connection.scalars(statement.on_conflict_do_nothing().returning(t.coverage.c.day)))


def add_polls(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(sa.insert(t.polls), rows)
