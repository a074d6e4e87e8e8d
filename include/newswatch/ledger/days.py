"""Days: which are dirty, what a build of one reads, which digests were issued."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.days.summarise import OutcomeCount
from newswatch.feeds.state import PollRecord
from newswatch.ledger import schema as t
from newswatch.ledger.rows import row_of
from newswatch.local_days import LOOK_BACK

DAY_LOCK = 0x64617921  # the class of advisory locks that makes one writer a day
ANNOUNCE_AGAIN = timedelta(hours=1)  # a refresh that has not come about by then is asked for again


def mark_dirty(connection: sa.Connection, days: Iterable[date]) -> None:
    """The days' tables no longer say what is stored, nor do those built since that look back on them."""
    touched = set(days)
    later = {day + back for day in touched for back in LOOK_BACK} - touched
    touched |= set(connection.scalars(sa.select(t.builds.c.day).where(t.builds.c.day.in_(later))))
    for day in sorted(touched):
        statement = insert(t.dirty_days).values(day=day)
        fresh = {"generation": t.generation.next_value(), "announced_at": None}
        connection.execute(statement.on_conflict_do_update(index_elements=["day"], set_=fresh))


def to_announce(connection: sa.Connection, cap: int, now: datetime) -> list[date]:
    """Dirty days that nobody has been told of, oldest first, at most `cap`; they count as told from now on."""
    dirty = t.dirty_days.c
    query = (
        sa.select(dirty.day)
        .where(sa.or_(dirty.announced_at.is_(None), dirty.announced_at < now - ANNOUNCE_AGAIN))
        .order_by(dirty.day)
        .limit(cap)
    )
    days = list(connection.scalars(query))
    connection.execute(sa.update(t.dirty_days).where(dirty.day.in_(days)).values(announced_at=now))
    return days


def dirty(connection: sa.Connection) -> list[date]:
    return list(connection.scalars(sa.select(t.dirty_days.c.day).order_by(t.dirty_days.c.day)))


def known_days(connection: sa.Connection) -> list[date]:
    """Days on which there is anything to build: stories, polls or coverage."""
    tables = (t.stories, t.polls, t.outcomes)
    query = sa.union(*(sa.select(table.c.day) for table in tables))
    return sorted(connection.scalars(query))


def has_anything(connection: sa.Connection, day: date) -> bool:
    """Whether anything is stored of the day: stories, polls, outcomes, or a feed's list that reaches over it."""
    tables = (t.stories, t.polls, t.outcomes, t.coverage)
    return any(connection.scalar(sa.select(sa.exists().where(table.c.day == day))) for table in tables)


def lock(connection: sa.Connection, day: date) -> None:
    """Wait for the day's one writer; held until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(DAY_LOCK, day.toordinal())))


def try_lock(connection: sa.Connection, day: date) -> bool:
    """As `lock`, at once or not at all; False: somebody writes the day just now."""
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(DAY_LOCK, day.toordinal()))))


def lock_trends(connection: sa.Connection) -> None:
    """Wait for the one who makes trends; held until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(DAY_LOCK, -1)))


def generation_of(connection: sa.Connection, day: date) -> int | None:
    return connection.scalar(sa.select(t.dirty_days.c.generation).where(t.dirty_days.c.day == day))


def _of_batches(query: sa.Select[Any], batch_id: sa.ColumnElement[str], until: datetime | None) -> sa.Select[Any]:
    """The query over batches committed before the moment; None: over all."""
    if until is None:
        return query
    return query.join(t.batches, t.batches.c.batch_id == batch_id).where(t.batches.c.committed_at < until)


def polls_of(connection: sa.Connection, day: date, until: datetime | None = None) -> list[PollRecord]:
    """Polls of the day, in order of time. `until`, here and below: as was known before that moment."""
    p = t.polls.c
    query = sa.select(*(p[name] for name in PollRecord.__dataclass_fields__)).where(p.day == day)
    query = _of_batches(query, p.batch_id, until).order_by(p.polled_at, p.feed_id, p.batch_id)
    return [PollRecord(**row._asdict()) for row in connection.execute(query)]


def outcomes_of(connection: sa.Connection, day: date, until: datetime | None = None) -> list[OutcomeCount]:
    """Outcomes of the day, in one order whatever the order in which they were committed."""
    o = t.outcomes.c
    query = sa.select(*(o[name] for name in OutcomeCount.__dataclass_fields__)).where(o.day == day)
    counts = [OutcomeCount(**row._asdict()) for row in connection.execute(_of_batches(query, o.batch_id, until))]
    return sorted(counts, key=lambda c: (c.kind, c.outcome, c.feed_id, c.batch_id))


def coverage_of(connection: sa.Connection, day: date, until: datetime | None = None) -> dict[str, str | None]:
    """Feeds whose windows reach over the whole day, each with what of its site's past does; None: its polls."""
    c = t.coverage.c
    query = sa.select(c.feed_id, c.via).where(c.day == day)
    if until:
        query = query.where(sa.or_(c.known_at.is_(None), c.known_at < until))
    return {row.feed_id: row.via for row in connection.execute(query)}


def file_hashes(connection: sa.Connection, paths: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(
        sa.select(t.batch_files.c.path, t.batch_files.c.sha256).where(t.batch_files.c.path.in_(paths))
    )
    return {row.path: row.sha256 for row in rows}


def frozen_lines(connection: sa.Connection, days: Iterable[date]) -> dict[date, str]:
    """Day → file of the recurring lines that were known when it was first read; days that were not are left out."""
    f = t.frozen_lines.c
    rows = connection.execute(sa.select(f.day, f.path).where(f.day.in_(sorted(set(days)))))
    return {row.day: row.path for row in rows}


def freeze_lines(connection: sa.Connection, days: Iterable[date], path: str, now: datetime) -> None:
    """Let the file hold for these days; one that has another keeps it."""
    rows = [{"day": day, "path": path, "frozen_at": now} for day in sorted(set(days))]
    if rows:
        connection.execute(insert(t.frozen_lines).on_conflict_do_nothing(), rows)


def take_over_lines(connection: sa.Connection, sources: Mapping[date, Collection[date]]) -> None:
    """Let days that were never read have the lines of a day from which their stories come: the first frozen ones."""
    rows = {row.day: row for row in connection.execute(sa.select(t.frozen_lines))}
    for day, others in sorted(sources.items()):
        known = [rows[other] for other in others if other in rows]
        if known and day not in rows:
            first = min(known, key=lambda row: (row.frozen_at, row.day))
            freeze_lines(connection, [day], first.path, first.frozen_at)


def thaw_lines(connection: sa.Connection, day: date) -> None:
    """Forget what the day's lines were: the next reading learns them from all that is known by then."""
    connection.execute(sa.delete(t.frozen_lines).where(t.frozen_lines.c.day == day))


@dataclass(frozen=True, slots=True)
class Build:
    """One day's tables: from what they were made, when and by which run (dag id/run id; empty: the command line)."""

    day: date
    inputs_sha256: str
    topics_version: str
    code_version: str
    built_at: datetime
    built_by: str
    files: Mapping[str, str]  # table → SHA-256
    is_staged: bool = False  # the files await their place


def build_of(connection: sa.Connection, day: date) -> Build | None:
    """The day's last build; None: it has no tables."""
    row = connection.execute(sa.select(t.builds).where(t.builds.c.day == day)).one_or_none()
    return Build(**row._asdict()) if row else None


def builds_of(connection: sa.Connection, wanted: Collection[date]) -> dict[date, Build]:
    """The last build of each of these days that has tables."""
    rows = connection.execute(sa.select(t.builds).where(t.builds.c.day.in_(sorted(set(wanted)))))
    return {row.day: Build(**row._asdict()) for row in rows}


def builds(connection: sa.Connection) -> list[Build]:
    """Every day that has tables, newest first."""
    return [Build(**row._asdict()) for row in connection.execute(sa.select(t.builds).order_by(t.builds.c.day.desc()))]


def staged(connection: sa.Connection) -> list[date]:
    """Days whose tables await their place."""
    return list(connection.scalars(sa.select(t.builds.c.day).where(t.builds.c.is_staged).order_by(t.builds.c.day)))


def mark_published(connection: sa.Connection, day: date) -> None:
    """The day's tables are in their place."""
    connection.execute(sa.update(t.builds).where(t.builds.c.day == day).values(is_staged=False))


def forget_build(connection: sa.Connection, day: date) -> bool:
    """Let the day have no tables, and none to be made; False: it had none."""
    connection.execute(sa.delete(t.dirty_days).where(t.dirty_days.c.day == day))
    return connection.execute(sa.delete(t.builds).where(t.builds.c.day == day)).rowcount > 0


def built_between(connection: sa.Connection, first: date, last: date) -> list[date]:
    """Days of this span, ends included, that have tables."""
    day = t.builds.c.day
    return list(connection.scalars(sa.select(day).where(day.between(first, last)).order_by(day)))


def save_build(connection: sa.Connection, build: Build, generation: int | None) -> None:
    """Record what the day was built from. It is clean unless it was touched again since `generation` was read."""
    row = row_of(build)
    statement = insert(t.builds).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["day"], set_=row))
    if generation is not None:
        dirty = t.dirty_days.c
        connection.execute(sa.delete(t.dirty_days).where(dirty.day == build.day, dirty.generation == generation))
