"""Digests: which were issued, what they showed, where they were delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.ledger import schema as t
from newswatch.ledger.days import DAY_LOCK
from newswatch.ledger.rows import row_of


@dataclass(frozen=True, slots=True)
class IssuedDigest:
    """One issue of a day's digest. `record`: what it showed, which the next one is compared with."""

    day: date
    number: int
    issued_by: str  # dag id/run id, or the command line's
    issued_at: datetime
    topics_version: str
    files: Mapping[str, str]  # path → SHA-256
    delivered_at: datetime | None
    record: dict[str, Any] | None


def issue_of(connection: sa.Connection, day: date, number: int) -> IssuedDigest | None:
    """One issue of the day's digest; None: there is none of that number."""
    return next((issued for issued in digests_of(connection, day) if issued.number == number), None)


def lock_delivery(connection: sa.Connection) -> None:
    """Wait for the one who delivers; held until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(DAY_LOCK, 0)))  # no day has the ordinal 0


def add_digest(connection: sa.Connection, issued: IssuedDigest) -> None:
    """Note an issue; its number and its run must be new to the day."""
    connection.execute(sa.insert(t.digests).values(**row_of(issued)))


def mark_delivered(connection: sa.Connection, day: date, number: int, now: datetime) -> bool:
    """Note the delivery; False: it had been delivered before."""
    digests = t.digests.c
    statement = sa.update(t.digests).where(digests.day == day, digests.number == number, digests.delivered_at.is_(None))
    return connection.execute(statement.values(delivered_at=now)).rowcount > 0


def digests_of(connection: sa.Connection, day: date | None = None) -> list[IssuedDigest]:
    """Issued digests, newest day and number first; of all days where none is given."""
    query = sa.select(t.digests).order_by(t.digests.c.day.desc(), t.digests.c.number.desc())
    if day:
        query = query.where(t.digests.c.day == day)
    return [IssuedDigest(**row._asdict()) for row in connection.execute(query)]


def forget(connection: sa.Connection, day: date) -> None:
    """Let the day have no digest. What was sent of it is forgotten too: its next issue is number 1, and is sent."""
    for table in (t.deliveries, t.digests):
        connection.execute(sa.delete(table).where(table.c.day == day))


def late_stories(
    connection: sa.Connection, day: date, after: datetime, until: datetime, *, with_recovered: bool
) -> frozenset[str]:
    """Stories of the day whose first text came after one moment, and not after the other.

    `with_recovered`: also those that something of their site's past listed, and no poll.
    """
    query = (
        sa.select(t.stories.c.story_id)
        .join(t.revisions, (t.revisions.c.story_id == t.stories.c.story_id) & (t.revisions.c.number == 1))
        .where(t.stories.c.day == day, t.revisions.c.seen_at > after, t.revisions.c.seen_at <= until)
    )
    query = query if with_recovered else query.where(t.stories.c.via.is_(None))
    return frozenset(connection.scalars(query))


def begin_delivery(connection: sa.Connection, day: date, number: int, channel: str, now: datetime) -> str:
    """Note that the issue is being sent, and return what was known before: `new`, `failed`, `sending`, `delivered`.

    Only after `new` and `failed` may it be sent.
    """
    d = t.deliveries.c
    row = {"day": day, "number": number, "channel": channel, "state": "sending", "changed_at": now}
    added = connection.execute(insert(t.deliveries).values(**row).on_conflict_do_nothing()).rowcount
    if added:
        return "new"
    here = (d.day == day) & (d.number == number) & (d.channel == channel)
    state: str = connection.execute(sa.select(d.state).where(here).with_for_update()).scalar_one()
    if state == "failed":
        connection.execute(sa.update(t.deliveries).where(here).values(state="sending", detail="", changed_at=now))
    return state


def end_delivery(
    connection: sa.Connection, place: tuple[date, int, str], state: str, detail: str, now: datetime
) -> None:
    """Note how the sending of `place` (day, number, channel) ended: `delivered` or `failed`."""
    d = t.deliveries.c
    here = sa.tuple_(d.day, d.number, d.channel).in_([place])
    connection.execute(sa.update(t.deliveries).where(here).values(state=state, detail=detail, changed_at=now))
