"""What the polls of the last days say of each feed, and what was told of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from newswatch.feeds.state import FeedState
from newswatch.ledger import schema as t
from newswatch.ledger.feeds import STATE

_WATCH_LOCK = 0x77617463  # any number that nobody else locks in this database


@dataclass(frozen=True, slots=True)
class PollCount:
    """Polls of one feed on one day that ended alike."""

    feed_id: str
    day: date
    outcome: str
    poll_count: int
    new_entry_count: int
    gap_count: int


class Alternative(NamedTuple):
    """Another source of a refused feed's site: how it was found, in words for users, and its address."""

    how: str
    url: str


def counts(connection: sa.Connection, since: date) -> list[PollCount]:
    """Polls from that day on, by feed, day and outcome."""
    p = t.polls.c
    sums = (
        sa.func.count().label("poll_count"),
        sa.func.sum(p.new_entry_count).label("new_entry_count"),
        sa.func.count().filter(p.is_gap).label("gap_count"),
    )
    key = (p.feed_id, p.day, p.outcome)
    rows = connection.execute(sa.select(*key, *sums).where(p.day >= since).group_by(*key).order_by(*key))
    return [PollCount(**row._asdict()) for row in rows]


def far_dates(connection: sa.Connection, since: date) -> dict[str, dict[date, int]]:
    """Pages from that day on whose date was far from all else that is known of their story, by feed and day."""
    o = t.outcomes.c
    query = sa.select(o.feed_id, o.day, sa.func.sum(o.outcome_count)).where(
        o.kind == "page", o.outcome == "far_date", o.day >= since
    )
    found: dict[str, dict[date, int]] = {}
    for feed_id, day, count in connection.execute(query.group_by(o.feed_id, o.day)):
        found.setdefault(feed_id, {})[day] = int(count)
    return found


def states(connection: sa.Connection) -> dict[str, FeedState]:
    """Every feed's state, by id; of a feed that has left feeds.yaml too."""
    return {row.feed_id: FeedState(**row._asdict()) for row in connection.execute(sa.select(*STATE))}


def alternatives(connection: sa.Connection) -> dict[str, tuple[datetime, list[Alternative]]]:
    """By feed id: when other sources of its site were looked for, and those that were found."""
    f = t.feeds.c
    query = sa.select(f.feed_id, f.alternatives_at, f.alternatives).where(f.alternatives_at.is_not(None))
    return {
        row.feed_id: (row.alternatives_at, [Alternative(*found) for found in row.alternatives])
        for row in connection.execute(query)
    }


def save_alternatives(
    connection: sa.Connection, feed_ids: Collection[str], found: Sequence[Alternative], now: datetime
) -> None:
    """Remember what the site of these feeds was found to have."""
    statement = sa.update(t.feeds).where(t.feeds.c.feed_id.in_(feed_ids))
    connection.execute(statement.values(alternatives=[list(each) for each in found], alternatives_at=now))


def told(connection: sa.Connection) -> dict[str, str]:
    """Feeds of which something bad was told last, by id. One watcher at a time: others wait here for its end.

    No row is locked: polls must not wait for a mail server.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WATCH_LOCK)))
    query = sa.select(t.feeds.c.feed_id, t.feeds.c.told_condition).where(t.feeds.c.told_condition.is_not(None))
    return {row.feed_id: row.told_condition for row in connection.execute(query)}


def save_told(connection: sa.Connection, changes: Mapping[str, str | None]) -> None:
    """Remember what was told, by feed id; None: that it is well again."""
    if changes:
        statement = sa.update(t.feeds).where(t.feeds.c.feed_id == sa.bindparam("of_feed"))
        rows = [{"of_feed": feed_id, "told": told} for feed_id, told in changes.items()]
        connection.execute(statement.values(told_condition=sa.bindparam("told")), rows)
