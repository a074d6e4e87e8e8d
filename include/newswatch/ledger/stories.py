"""Pending entries and known stories: who fetches what, and which row of which batch counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.errors import LeaseLost
from newswatch.ledger import schema as t
from newswatch.ledger.feeds import FREE, Lease, _is_free
from newswatch.stories.boilerplate_recurring import Sample

_KEY = (t.entries.c.feed_id, t.entries.c.entry_key)


def _is_ready(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    entries = t.entries.c
    return entries.state == "pending", sa.or_(entries.next_attempt_at.is_(None), entries.next_attempt_at <= now)


def claim_pending(
    connection: sa.Connection, shard: int, shards: int, limit: int, lease: Lease, now: datetime
) -> list[Mapping[str, Any]]:
    """Take up to `limit` pending entries of this shard's hosts, those that failed last, spread over the hosts.

    Those that the lease holds already are not taken twice.
    """
    entries = t.entries.c
    turn = sa.func.row_number().over(
        partition_by=entries.host, order_by=(entries.attempt_count, entries.first_seen_at, *_KEY)
    )
    mine = (
        sa.select(*_KEY, turn.label("turn"))
        .where(*_is_ready(now), _is_free(t.entries, lease.owner, now))
        .where(entries.lease_token.is_distinct_from(lease.token))
        .where(sa.func.mod(sa.func.hashtext(entries.host).op("&")(0x7FFFFFFF), shards) == shard)
        .subquery()
    )
    chosen = sa.select(mine.c.feed_id, mine.c.entry_key).order_by(mine.c.turn, *mine.c).limit(limit).subquery()
    locked = sa.select(*_KEY).where(sa.tuple_(*_KEY).in_(sa.select(chosen))).with_for_update(skip_locked=True)
    rows = connection.execute(
        sa.update(t.entries)
        .where(sa.tuple_(*_KEY).in_(locked))
        .values(lease_owner=lease.owner, lease_token=lease.token, lease_until=lease.until)
        .returning(*_KEY, entries.url, entries.host, entries.path, entries.first_seen_at, entries.attempt_count)
    )
    return [row._asdict() for row in rows]


def hold(connection: sa.Connection, keys: Sequence[tuple[str, str]], lease: Lease) -> None:
    """Lock the entries for the commit. Raises LeaseLost where another try took over."""
    query = (
        sa.select(*_KEY)
        .where(sa.tuple_(*_KEY).in_(keys), t.entries.c.lease_token == lease.token)
        .order_by(*_KEY)
        .with_for_update()
    )
    if len(connection.execute(query).all()) != len(set(keys)):
        raise LeaseLost("another try took over these entries while this one was fetching")


def finish_entries(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write each entry's new state (keys `of_feed`, `of_entry`; `state`, `attempt_count`, `next_attempt_at`,
    `story_id`) and give the leases back."""
    if rows:
        statement = (
            sa.update(t.entries)
            .where(t.entries.c.feed_id == sa.bindparam("of_feed"), t.entries.c.entry_key == sa.bindparam("of_entry"))
            .values(FREE)
        )
        connection.execute(statement, rows)


def release(connection: sa.Connection, lease: Lease) -> None:
    """Give back entries that were taken and not reached."""
    connection.execute(
        sa.update(t.entries).where(t.entries.c.lease_token == lease.token, t.entries.c.state == "pending").values(FREE)
    )


def known_urls(connection: sa.Connection, canonical_urls: Sequence[str]) -> dict[str, str]:
    """Alias → story id, for those of the addresses that are known."""
    rows = connection.execute(sa.select(t.aliases).where(t.aliases.c.url.in_(canonical_urls)))
    return {row.url: row.story_id for row in rows}


def add(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Add stories and return the ids that were new. A story that is known keeps its row: the first commit counts."""
    if not rows:
        return set()
    statement = insert(t.stories).values(list(rows)).on_conflict_do_nothing()
    return set(connection.scalars(statement.returning(t.stories.c.story_id)))


def replace_text(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Let stories count by another row (`of_story`, and the columns that are new); they are to be tagged again.

    `was_path` is the file of the row that was read: a story that counts by another one by now keeps that. Returns the
    ids of those that were replaced.
    """
    s = t.stories.c
    replaced: set[str] = set()
    for row in sorted(rows, key=lambda r: str(r["of_story"])):  # one order for all: nobody waits in a circle
        changed = {name: value for name, value in row.items() if name not in ("of_story", "was_path")}
        is_as_read = sa.and_(s.story_id == row["of_story"], s.path == row["was_path"])
        statement = sa.update(t.stories).where(is_as_read).values(changed | {"tagged_batch_id": None})
        replaced.update(connection.scalars(statement.returning(s.story_id)))
    return replaced


def samples(connection: sa.Connection, since: datetime) -> list[Sample]:
    """What recurring lines are learnt from: stories first seen from then on, oldest first."""
    s = t.stories.c
    query = sa.select(s.host, s.headline_key, s.edge_keys, s.inner_keys).where(
        s.first_seen_at >= since, s.edge_keys.is_not(None)
    )
    rows = connection.execute(query.order_by(s.first_seen_at, s.story_id))
    return [Sample(r.host, r.headline_key, tuple(r.edge_keys), tuple(r.inner_keys)) for r in rows]


def add_aliases(connection: sa.Connection, story_of: Mapping[str, str]) -> None:
    if story_of:
        rows = [{"url": url, "story_id": story_id} for url, story_id in sorted(story_of.items())]
        connection.execute(insert(t.aliases).on_conflict_do_nothing(), rows)


def untagged(connection: sa.Connection, limit: int) -> list[Mapping[str, Any]]:
    """Stories whose mentions have not been counted at arrival, oldest first."""
    names = ("story_id", "batch_id", "path", "day", "page_url")
    query = (
        sa.select(*(t.stories.c[name] for name in names))
        .where(t.stories.c.tagged_batch_id.is_(None))
        .order_by(t.stories.c.first_seen_at, t.stories.c.story_id)
        .limit(limit)
    )
    return [row._asdict() for row in connection.execute(query)]


def mark_tagged(connection: sa.Connection, tagged: Sequence[Mapping[str, Any]], batch_id: str, key: str) -> None:
    """Note that these rows (`story_id`, `batch_id`) are tagged, with what; a story with a newer text by now is not."""
    s = t.stories.c
    rows = [(row["story_id"], row["batch_id"]) for row in tagged]
    statement = sa.update(t.stories).where(sa.tuple_(s.story_id, s.batch_id).in_(rows))
    connection.execute(statement.values(tagged_batch_id=batch_id, tagged_with=key))


def tagged(connection: sa.Connection, day: date, key: str) -> dict[str, tuple[str, str | None]]:
    """Story → file of the text that was tagged with this, and file of its mentions; None: the batch found none."""
    s, f = t.stories.c, t.batch_files.c
    query = (
        sa.select(s.story_id, s.path, f.path)
        .join(t.batch_files, f.batch_id == s.tagged_batch_id, isouter=True)
        .where(s.day == day, s.tagged_with == key, s.tagged_batch_id.is_not(None))
    )
    return {story_id: (path, mentions) for story_id, path, mentions in connection.execute(query)}


def of_day(connection: sa.Connection, day: date, until: datetime | None = None) -> dict[str, dict[str, int]]:
    """File path → stories in it that count for the day, with the number of their revision.

    `until`: as was known before that moment, each story with the text that it had then.
    """
    s, r = t.stories.c, t.revisions.c
    if until is None:
        query = sa.select(s.path, s.story_id, s.revision_number).where(s.day == day)
    else:
        known = sa.select(r.story_id, sa.func.max(r.number).label("number")).where(r.seen_at < until)
        last = known.group_by(r.story_id).subquery()
        is_last = (r.story_id == last.c.story_id) & (r.number == last.c.number)
        of_then = sa.select(r.path, r.story_id, r.number).join(last, is_last)
        query = of_then.join(t.stories, s.story_id == r.story_id).where(s.day == day)
    paths: dict[str, dict[str, int]] = {}
    for path, story_id, number in connection.execute(query):
        paths.setdefault(path, {})[story_id] = number
    return paths


def find(connection: sa.Connection, names: Sequence[str]) -> Mapping[str, Any] | None:
    """The story known under one of these addresses or twin keys; the first of them that is known counts."""
    story_of = known_urls(connection, names)
    story_id = next((story_of[name] for name in names if name in story_of), None)
    row = connection.execute(sa.select(t.stories).where(t.stories.c.story_id == story_id)).one_or_none()
    return row._asdict() if row else None


def by_id(connection: sa.Connection, story_id: str) -> Mapping[str, Any] | None:
    row = connection.execute(sa.select(t.stories).where(t.stories.c.story_id == story_id)).one_or_none()
    return row._asdict() if row else None


def aliases_of(connection: sa.Connection, story_id: str) -> list[str]:
    """Every address that led to the story; the keys that it shares with its twins are none."""
    query = sa.select(t.aliases.c.url).where(t.aliases.c.story_id == story_id, ~t.aliases.c.url.startswith("//"))
    return sorted(connection.scalars(query))


def entries_of(connection: sa.Connection, story_id: str) -> list[Mapping[str, Any]]:
    query = sa.select(*_KEY, t.entries.c.url, t.entries.c.first_seen_at, t.entries.c.path)
    rows = connection.execute(query.where(t.entries.c.story_id == story_id))
    return sorted((row._asdict() for row in rows), key=lambda r: (r["first_seen_at"], r["feed_id"], r["entry_key"]))
