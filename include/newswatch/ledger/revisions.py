"""Texts that stories have had, and visits to see whether they changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.errors import LeaseLost
from newswatch.ledger import schema as t
from newswatch.ledger.feeds import FREE, Lease, _is_free


@dataclass(frozen=True, slots=True)
class Visit:
    """A story whose page is due, with what is known of its last reading."""

    story_id: str
    began_at: datetime
    visit_count: int
    url: str
    path: str  # the file that holds the story as it was read last
    revision_number: int
    etag: str | None
    last_modified: str | None


def add(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note texts (keys `story_id`, `number`, `seen_at`, `batch_id`, `path`); a number that stands there is replaced."""
    if rows:
        statement = insert(t.revisions)
        changed = {name: statement.excluded[name] for name in ("batch_id", "path")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["story_id", "number"], set_=changed), list(rows)
        )


def of_story(connection: sa.Connection, story_id: str) -> list[Mapping[str, Any]]:
    """The story's texts, the first first."""
    query = sa.select(t.revisions).where(t.revisions.c.story_id == story_id).order_by(t.revisions.c.number)
    return [row._asdict() for row in connection.execute(query)]


def plan_visits(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Visits for stories that have none yet (keys `story_id`, `host`, `began_at`, `due_at`)."""
    if rows:
        connection.execute(insert(t.visits).on_conflict_do_nothing(), list(rows))


def claim(connection: sa.Connection, shard: int, shards: int, limit: int, lease: Lease, now: datetime) -> list[Visit]:
    """Take up to `limit` visits of this shard's hosts that are due, spread over the hosts, the longest due first."""
    visits = t.visits.c
    turn = sa.func.row_number().over(partition_by=visits.host, order_by=(visits.due_at, visits.story_id))
    due = (
        sa.select(visits.story_id, visits.due_at, turn.label("turn"))
        .where(visits.due_at <= now, _is_free(t.visits, lease.owner, now))
        .where(sa.func.mod(sa.func.hashtext(visits.host).op("&")(0x7FFFFFFF), shards) == shard)
        .subquery()
    )
    chosen = sa.select(due.c.story_id).order_by(due.c.turn, due.c.due_at, due.c.story_id).limit(limit)
    # Asked once more under the lock: another task may have taken some meanwhile.
    is_still_due = (visits.due_at <= now, _is_free(t.visits, lease.owner, now))
    locked = sa.select(visits.story_id).where(visits.story_id.in_(chosen), *is_still_due)
    locked = locked.with_for_update(skip_locked=True)
    taken = (
        sa.update(t.visits)
        .where(visits.story_id.in_(locked))
        .values(lease_owner=lease.owner, lease_token=lease.token, lease_until=lease.until)
        .returning(visits.story_id, visits.began_at, visits.visit_count)
        .cte("taken")
    )
    s = t.stories.c
    query = sa.select(taken, s.page_url.label("url"), s.path, s.revision_number, s.etag, s.last_modified)
    rows = connection.execute(query.join(t.stories, s.story_id == taken.c.story_id))
    return sorted((Visit(**row._asdict()) for row in rows), key=lambda v: v.story_id)


def hold(connection: sa.Connection, story_ids: Sequence[str], lease: Lease) -> None:
    """Lock the visits for the commit. Raises LeaseLost where another try took over."""
    query = (
        sa.select(t.visits.c.story_id)
        .where(t.visits.c.story_id.in_(story_ids), t.visits.c.lease_token == lease.token)
        .order_by(t.visits.c.story_id)
        .with_for_update()
    )
    if set(connection.scalars(query)) != set(story_ids):
        raise LeaseLost("another try took over these visits while this one was fetching")


def finish(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write each visit's new state (keys `of_story`, `visit_count`, `due_at`) and give the leases back."""
    if rows:
        statement = sa.update(t.visits).where(t.visits.c.story_id == sa.bindparam("of_story")).values(FREE)
        connection.execute(statement, list(rows))


def release(connection: sa.Connection, lease: Lease) -> None:
    """Give back visits that were taken and not made; they stay due."""
    connection.execute(sa.update(t.visits).where(t.visits.c.lease_token == lease.token).values(FREE))
