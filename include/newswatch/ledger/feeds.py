"""Feeds and entries: what is due, who polls it, and the one transaction that ends a poll."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.config import Feed
from newswatch.decide import FeedState, is_due
from newswatch.errors import LeaseLost
from newswatch.ledger import schema as t

_OF_ADDRESS = ("etag", "last_modified", "body_sha256", "covered_from", "covered_to")  # void for another address
_STATE = [c for c in t.feeds.c if c.name in FeedState.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to end one piece of work. A later taker's token replaces it, and the earlier commit fails."""

    owner: str
    token: str
    until: datetime


def due(connection: sa.Connection, feeds: Sequence[Feed], now: datetime) -> list[str]:
    """Ids of the given feeds that are due; one that was never polled is. A new address of a feed starts it afresh."""
    rows = connection.execute(sa.select(t.feeds.c.feed_id, t.feeds.c.url, t.feeds.c.next_due_at)).all()
    known = {row.feed_id: row for row in rows}
    waiting = {
        feed.id
        for feed in feeds
        if (row := known.get(feed.id)) and row.url == feed.url and not is_due(row.next_due_at, now)
    }
    return [feed.id for feed in feeds if feed.id not in waiting]


def claim(connection: sa.Connection, feeds: Iterable[Feed], lease: Lease, now: datetime) -> list[FeedState]:
    """Take the feeds that nobody else polls just now. The same owner takes its own again: that is a second try."""
    claimed = []
    for feed in sorted(feeds, key=lambda f: f.id):  # one order everywhere, so that two takers never deadlock
        statement = insert(t.feeds).values(feed_id=feed.id, url=feed.url)
        connection.execute(statement.on_conflict_do_nothing())
        moved = t.feeds.c.url != feed.url
        fresh: dict[str, Any] = {n: sa.case((moved, sa.null()), else_=t.feeds.c[n]) for n in _OF_ADDRESS}
        fresh["failure_count"] = sa.case((moved, 0), else_=t.feeds.c.failure_count)
        row = connection.execute(
            sa.update(t.feeds)
            .where(t.feeds.c.feed_id == feed.id, _is_free(t.feeds, lease.owner, now))
            .values(url=feed.url, lease_owner=lease.owner, lease_token=lease.token, lease_until=lease.until, **fresh)
            .returning(*_STATE)
        ).one_or_none()
        if row:
            claimed.append(FeedState(**row._asdict()))
    return claimed


def _is_free(table: sa.Table, owner: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.lease_until.is_(None), table.c.lease_until < now, table.c.lease_owner == owner)


def known_entries(connection: sa.Connection, feed_id: str, keys: Sequence[str]) -> set[str]:
    """Which of the keys have been seen in this feed."""
    query = sa.select(t.entries.c.entry_key).where(t.entries.c.feed_id == feed_id, t.entries.c.entry_key.in_(keys))
    return set(connection.scalars(query))


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


def save_state(connection: sa.Connection, feed_id: str, changes: Mapping[str, Any]) -> None:
    """Write the feed's new state and give the lease back."""
    connection.execute(
        sa.update(t.feeds)
        .where(t.feeds.c.feed_id == feed_id)
        .values(**changes, lease_owner=None, lease_token=None, lease_until=None)
    )


def add_entries(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(t.entries).on_conflict_do_nothing(), rows)


def add_coverage(connection: sa.Connection, feed_id: str, days: Sequence[date]) -> list[date]:
    """Note that the feed's windows reach over these days; returns those that it did not cover before."""
    if not days:
        return []
    statement = insert(t.coverage).values([{"feed_id": feed_id, "day": day} for day in days])
    return list(connection.scalars(statement.on_conflict_do_nothing().returning(t.coverage.c.day)))


def states(connection: sa.Connection) -> list[Mapping[str, Any]]:
    """Every feed's row, for the pages that show their health."""
    return [row._asdict() for row in connection.execute(sa.select(t.feeds).order_by(t.feeds.c.feed_id))]


def add_polls(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(sa.insert(t.polls), rows)
