"""Retention: what of the ledger may go by age or size, and which files nothing counts on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from newswatch.ledger import schema as t

_PATIENCE = "10s"  # for those who commit batches just now

# Rows that no build, poll or visit reads again once they are that old, and when they are. All else is kept: of the rest
# a rebuild makes the same bytes, a feed's old entries are known again, and a digest is sent once.
_HAS_NO_VISIT = t.visits.c.due_at.is_(None) & t.visits.c.listed_due_at.is_(None) & t.visits.c.lease_token.is_(None)
_AGES: Mapping[str, tuple[sa.ColumnElement[datetime], sa.ColumnElement[bool]]] = {
    "host_pauses": (t.host_pauses.c.paused_until, sa.true()),
    "robots": (t.robots.c.fetched_at, sa.true()),
    "visits": (sa.func.greatest(t.visits.c.began_at, sa.cast(t.visits.c.listed_day, sa.DateTime(True))), _HAS_NO_VISIT),
}
ROW_TABLES = tuple(_AGES)


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of bytes as they came, and its length. `day`: of the poll or fetch."""

    path: str
    day: date
    byte_count: int

    @property
    def is_of_feeds(self) -> bool:
        return self.path.startswith("raw/feeds/")


def take_rows(connection: sa.Connection, table: str, before: datetime, *, is_dry_run: bool) -> int:
    """Delete the table's rows of before that moment, or only count them; returns how many. `table`: of ROW_TABLES."""
    moment, may_go = _AGES[table]
    of_table, wanted = t.metadata.tables[table], (moment < before) & may_go
    if is_dry_run:
        return connection.scalar(sa.select(sa.func.count()).select_from(of_table).where(wanted)) or 0
    return connection.execute(sa.delete(of_table).where(wanted)).rowcount


def unnamed(connection: sa.Connection, paths: Collection[str]) -> list[str]:
    """Those of the files that no batch has; until the transaction ends none will have them, as no batch is committed.

    Raises TransientError, by `Ledger.begin`, where others commit for too long.
    """
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    connection.execute(sa.text("LOCK TABLE batch_files IN SHARE MODE"))
    named = set(connection.scalars(sa.select(t.batch_files.c.path).where(t.batch_files.c.path.in_(sorted(paths)))))
    return sorted(set(paths) - named)


def raw_files(connection: sa.Connection) -> list[RawFile]:
    """Every file of bytes as they came, the oldest first."""
    f = t.batch_files.c
    rows = connection.execute(sa.select(f.path, f.byte_count).where(f.path.startswith("raw/")))
    files = [RawFile(row.path, date.fromisoformat(row.path.split("/")[2]), row.byte_count) for row in rows]
    return sorted(files, key=lambda file: (file.day, file.path))


def text_files(connection: sa.Connection) -> list[str]:
    """Every file that holds a text of a story, the newest one or one of before."""
    places = sa.union(sa.select(t.stories.c.path), sa.select(t.revisions.c.path))
    return sorted(connection.scalars(places))


def forget_raw(connection: sa.Connection, paths: Sequence[str]) -> None:
    """Name these files no more; they may be taken away after the commit."""
    connection.execute(sa.delete(t.batch_files).where(t.batch_files.c.path.in_(paths)))
    connection.execute(sa.update(t.polls).where(t.polls.c.raw_path.in_(paths)).values(raw_path=None))


def analyse(connection: sa.Connection) -> None:
    """Let the database's planner know how the tables have grown."""
    names = ", ".join(f'"{table.name}"' for table in t.metadata.sorted_tables)
    connection.execute(sa.text(f"ANALYZE {names}"))
