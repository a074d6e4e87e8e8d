"""Texts that stories have had, and visits to see whether they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.ledger import schema as t
from newswatch.ledger.leases import FREE, VISITS, Lease, is_in_shard
from newswatch.ledger.rows import row_of


@dataclass(frozen=True, slots=True)
class Revision:
    """One text that a story has had, numbered from 1."""

    story_id: str
    number: int
    seen_at: datetime
    batch_id: str
    path: str


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A story whose page is to be revisited. `host`: that is asked."""

    story_id: str
    host: str
    began_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class VisitEnd:
    """A visit's new state. `due_at` None: all visits are made."""

    story_id: str
    visit_count: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A story whose page is due, with what is known of its last reading."""

    story_id: str
    began_at: datetime
    visit_count: int
    url: str
    day: date
    path: str  # the file that holds the story as it was read last
    revision_number: int
    etag: str | None
    last_modified: str | None


def add(connection: sa.Connection, texts: Sequence[Revision]) -> None:
    """Note texts; a number that stands there is replaced."""
    if texts:
        statement = insert(t.revisions)
        changed = {name: statement.excluded[name] for name in ("batch_id", "path")}
        statement = statement.on_conflict_do_update(index_elements=["story_id", "number"], set_=changed)
        connection.execute(statement, [row_of(text) for text in texts])


def of_story(connection: sa.Connection, story_id: str) -> list[Revision]:
    """The story's texts, the first first."""
    query = sa.select(t.revisions).where(t.revisions.c.story_id == story_id).order_by(t.revisions.c.number)
    return [Revision(**row._asdict()) for row in connection.execute(query)]


def plan_visits(connection: sa.Connection, visits: Sequence[PlannedVisit]) -> None:
    """Plan visits of stories that have none yet."""
    if visits:
        connection.execute(insert(t.visits).on_conflict_do_nothing(), [row_of(visit) for visit in visits])


def claim(connection: sa.Connection, shard: int, shards: int, limit: int, lease: Lease, now: datetime) -> list[Visit]:
    """Take up to `limit` visits of this shard's hosts that are due, spread over the hosts, the longest due first."""
    v = t.visits.c
    turn = sa.func.row_number().over(partition_by=v.host, order_by=(v.due_at, v.story_id))
    due = (
        sa.select(v.story_id, v.due_at, turn.label("turn"))
        .where(v.due_at <= now, VISITS.is_free(lease, now), is_in_shard(v.host, shard, shards))
        .subquery()
    )
    chosen = sa.select(due.c.story_id).order_by(due.c.turn, due.c.due_at, due.c.story_id).limit(limit)
    wanted = [v.story_id.in_(chosen), v.due_at <= now]
    rows = VISITS.claim(connection, wanted, lease, now, (v.story_id, v.began_at, v.visit_count))
    taken = {row.story_id: row for row in rows}
    s = t.stories.c
    query = sa.select(s.story_id, s.page_url, s.day, s.path, s.revision_number, s.etag, s.last_modified)
    stories = connection.execute(query.where(s.story_id.in_(taken)).order_by(s.story_id))
    return [
        Visit(
            story_id=row.story_id,
            began_at=taken[row.story_id].began_at,
            visit_count=taken[row.story_id].visit_count,
            url=row.page_url,
            day=row.day,
            path=row.path,
            revision_number=row.revision_number,
            etag=row.etag,
            last_modified=row.last_modified,
        )
        for row in stories
    ]


def finish(connection: sa.Connection, ends: Sequence[VisitEnd]) -> None:
    """Write each visit's new state and give the leases back."""
    if ends:
        statement = sa.update(t.visits).where(t.visits.c.story_id == sa.bindparam("of_story")).values(FREE)
        rows = [{"of_story": e.story_id, "visit_count": e.visit_count, "due_at": e.due_at} for e in ends]
        connection.execute(statement, rows)
