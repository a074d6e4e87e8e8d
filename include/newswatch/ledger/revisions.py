"""Texts that stories have had, and visits to see whether they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.ledger import schema as t
from newswatch.ledger.feeds import EntryKey
from newswatch.ledger.leases import FREE, VISITS, Lease, is_in_shard
from newswatch.ledger.rows import row_of
from newswatch.urls.canonical import host_of


@dataclass(frozen=True, slots=True)
class Today:
    """The day in which visits of a story for what feeds list are counted, `cap` at most. `ends_at`: its end, UTC."""

    day: date
    ends_at: datetime
    cap: int


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
class ListedEdit:
    """A story that a feed lists with other words than before. `host`: of the entry, where the story has no page."""

    story_id: str
    feed_id: str
    entry_key: str
    host: str


@dataclass(frozen=True, slots=True)
class VisitState:
    """Of which visits a story is due. `due_at`, `listed_due_at` None: there is none of that kind."""

    story_id: str
    visit_count: int  # of the planned ones that were made
    due_at: datetime | None
    listed_due_at: datetime | None
    listed_day: date | None  # of the last visit for what a feed lists, and how many there were on it
    listed_count: int


@dataclass(frozen=True, slots=True)
class Visit:
    """A story that is due, with what is known of its last reading."""

    state: VisitState
    began_at: datetime | None  # of its planned visits; None: it matches no topic
    entry: EntryKey | None  # that was listed with other words, and the file that holds them
    entry_path: str | None
    day: date
    url: str | None  # None: the feed's own words are all that was had
    path: str  # the file that holds the story as it was read last, and the batch that read it
    batch_id: str
    revision_number: int
    etag: str | None
    last_modified: str | None

    @property
    def story_id(self) -> str:
        return self.state.story_id


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
    """Plan visits of stories that have none planned yet."""
    if visits:
        statement = insert(t.visits)
        statement = statement.on_conflict_do_update(
            index_elements=["story_id"],
            set_={name: statement.excluded[name] for name in ("began_at", "due_at")},
            where=t.visits.c.began_at.is_(None),
        )
        connection.execute(statement, [row_of(v) for v in sorted(visits, key=lambda v: v.story_id)])


def ask_for_visits(connection: sa.Connection, edited: Sequence[ListedEdit], now: datetime, today: Today) -> None:
    """Let stories that were listed with other words be looked at: now, or tomorrow where today's visits are used up."""
    s, v = t.stories.c, t.visits.c
    of_story = {edit.story_id: edit for edit in edited}
    urls = connection.execute(sa.select(s.story_id, s.page_url).where(s.story_id.in_(of_story))).all()
    if not urls:
        return
    rows = [
        {
            "story_id": story_id,
            "host": host_of(url) if url else of_story[story_id].host,
            "listed_due_at": now,
            "feed_id": of_story[story_id].feed_id,
            "entry_key": of_story[story_id].entry_key,
        }
        for story_id, url in sorted(urls)
    ]
    is_used_up = (v.listed_day == today.day) & (v.listed_count >= today.cap)
    statement = insert(t.visits)
    changed: dict[str, Any] = {name: statement.excluded[name] for name in ("feed_id", "entry_key")}
    changed["listed_due_at"] = sa.case((is_used_up, today.ends_at), else_=statement.excluded.listed_due_at)
    connection.execute(statement.on_conflict_do_update(index_elements=["story_id"], set_=changed), rows)


def claim(connection: sa.Connection, shard: int, shards: int, limit: int, lease: Lease, now: datetime) -> list[Visit]:
    """Take up to `limit` visits of this shard's hosts that are due, spread over the hosts, the longest due first."""
    v = t.visits.c
    due_at = sa.func.least(v.due_at, v.listed_due_at)  # of the two the one that is not null
    turn = sa.func.row_number().over(partition_by=v.host, order_by=(due_at, v.story_id))
    due = (
        sa.select(v.story_id, due_at.label("due_at"), turn.label("turn"))
        .where(_is_due(now), VISITS.is_free(lease, now), is_in_shard(v.host, shard, shards))
        .subquery()
    )
    chosen = sa.select(due.c.story_id).order_by(due.c.turn, due.c.due_at, due.c.story_id).limit(limit)
    columns = [v[name] for name in VisitState.__dataclass_fields__]
    wanted = [v.story_id.in_(chosen), _is_due(now)]
    rows = VISITS.claim(connection, wanted, lease, now, (*columns, v.began_at, v.feed_id, v.entry_key))
    taken = {row.story_id: row for row in rows}
    s, e = t.stories.c, t.entries.c
    is_listed = (e.feed_id == v.feed_id) & (e.entry_key == v.entry_key)
    with_entry = t.stories.join(t.visits, v.story_id == s.story_id).join(t.entries, is_listed, isouter=True)
    columns = [s.story_id, s.day, s.page_url, s.path, s.batch_id, s.revision_number]
    query = sa.select(*columns, s.etag, s.last_modified, e.path)
    found = connection.execute(query.select_from(with_entry).where(s.story_id.in_(taken)).order_by(s.story_id))
    return [_visit(taken[row[0]], *row[1:]) for row in found]


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(t.visits.c.due_at <= now, t.visits.c.listed_due_at <= now)


def _visit(taken: sa.Row[Any], day: date, url: str | None, *known: Any) -> Visit:
    """`known`: file, batch, number and validators of the last reading, and the file of the entry that was listed with
    other words."""
    state = VisitState(**{name: getattr(taken, name) for name in VisitState.__dataclass_fields__})
    *read, entry_path = known
    entry = (taken.feed_id, taken.entry_key) if taken.entry_key else None
    return Visit(state, taken.began_at, entry, entry_path, day, url, *read)


def finish(connection: sa.Connection, ends: Sequence[tuple[VisitState, VisitState]]) -> None:
    """Write each visit's new state for the one that it was claimed with, and give the leases back.

    Where a poll has asked for a visit meanwhile, that stays due.
    """
    if ends:
        v = t.visits.c
        is_as_claimed = v.listed_due_at.is_not_distinct_from(sa.bindparam("claimed_due_at", type_=v.listed_due_at.type))
        next_due_at = sa.bindparam("next_due_at", type_=v.listed_due_at.type)
        statement = sa.update(t.visits).where(v.story_id == sa.bindparam("of_story"))
        statement = statement.values(
            FREE | {"listed_due_at": sa.case((is_as_claimed, next_due_at), else_=v.listed_due_at)}
        )
        connection.execute(statement, [_end_row(claimed, end) for claimed, end in ends])


def _end_row(claimed: VisitState, end: VisitState) -> dict[str, Any]:
    names = ("visit_count", "due_at", "listed_day", "listed_count")
    placed = {"of_story": end.story_id, "claimed_due_at": claimed.listed_due_at, "next_due_at": end.listed_due_at}
    return placed | {name: getattr(end, name) for name in names}
