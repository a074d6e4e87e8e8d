"""Compaction: which small files of batches can be one, what counts on their rows, and the switch to the new file.

The batch that made a text or a mention stays what it is; only the file in which its rows are found is another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from newswatch.ledger import schema as t
from newswatch.ledger.batches import Batch, BatchFile, Outcomes, commit
from newswatch.tables.batch_tables import ENTRIES, STORY_TEXTS
from newswatch.tables.day_tables import MENTIONS

KIND = "compaction"  # of the batches that put files together
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A column that says in which file something is found, by what it names of the file."""

    column: sa.Column[str]
    names: str = "path"  # or batch_id: mentions lie in the one file of their batch

    @property
    def table(self) -> sa.Table:
        return t.metadata.tables[self.column.table.name]


# By table: who points to its files; the first pointer's rows, by these keys, tell what must be found in one.
_POINTERS: Mapping[str, tuple[_Pointer, ...]] = {
    ENTRIES.name: (_Pointer(t.entries.c.path),),
    STORY_TEXTS.name: (_Pointer(t.revisions.c.path), _Pointer(t.stories.c.path)),
    MENTIONS.name: (_Pointer(t.stories.c.tagged_batch_id, "batch_id"),),
}
_KEYS: Mapping[str, tuple[sa.Column[str], ...]] = {
    ENTRIES.name: (t.entries.c.feed_id, t.entries.c.entry_key),
    STORY_TEXTS.name: (t.revisions.c.story_id,),
    MENTIONS.name: (t.stories.c.story_id,),
}
_table = sa.func.split_part(t.batch_files.c.path, "/", 2)  # of paths as `storage.paths` builds them
_day = sa.func.split_part(t.batch_files.c.path, "/", 3).collate("C")


@dataclass(frozen=True, slots=True)
class Limits:
    """Which files are put together: those below `small_bytes`, committed before the moment, of days before `day`."""

    small_bytes: int
    committed_before: datetime
    day: date


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file of a batch. `is_compacted`: it was put together of others itself."""

    path: str
    batch_id: str
    row_count: int
    byte_count: int
    sha256: str
    is_compacted: bool


def crowded(connection: sa.Connection, limits: Limits, fewest: int) -> list[tuple[str, date]]:
    """Tables and days of which so many small files were never put together, the oldest day first."""
    query = (
        sa.select(_table, _day)
        .join(t.batches, t.batches.c.batch_id == t.batch_files.c.batch_id)
        .where(*_are_small(limits), t.batches.c.kind != KIND, _table.in_(_POINTERS))
        .group_by(_table, _day)
        .having(sa.func.count() >= fewest)
        .order_by(_day, _table)
    )
    return [(table, date.fromisoformat(day)) for table, day in connection.execute(query)]


def small_files(connection: sa.Connection, limits: Limits, table: str, day: date) -> list[SmallFile]:
    """The small files of a table and day, in the order in which they were committed."""
    f, b = t.batch_files.c, t.batches.c
    query = (
        sa.select(f.path, f.batch_id, f.row_count, f.byte_count, f.sha256, (b.kind == KIND).label("is_compacted"))
        .join(t.batches, b.batch_id == f.batch_id)
        .where(*_are_small(limits), _table == table, _day == str(day))
        .order_by(b.committed_at, f.path)
    )
    return [SmallFile(**row._asdict()) for row in connection.execute(query)]


def _are_small(limits: Limits) -> list[sa.ColumnElement[bool]]:
    f = t.batch_files.c
    return [
        f.path.startswith("batches/"),
        f.replaced_at.is_(None),
        f.byte_count < limits.small_bytes,
        t.batches.c.committed_at < limits.committed_before,
        _day < str(limits.day),
    ]


def counted_on(connection: sa.Connection, table: str, files: Collection[SmallFile]) -> dict[str, set[Key]]:
    """By path: the keys of the entries, or the ids of the stories, that count on the file."""
    pointer = _POINTERS[table][0]
    path_of = {getattr(file, pointer.names): file.path for file in files}
    counted: dict[str, set[Key]] = {file.path: set() for file in files}
    query = sa.select(pointer.column, *_KEYS[table]).where(pointer.column.in_(path_of))
    for name, *key in connection.execute(query):
        counted[path_of[name]].add(tuple(key))
    return counted


def switch(connection: sa.Connection, table: str, files: Sequence[SmallFile], batch: Batch, made: BatchFile) -> bool:
    """Let all that counts on the files count on the one that was made of them; they count no more.

    False: some of it is being changed just now, and all is as it was. It waits for nobody, so that nobody can wait for
    it in a circle.
    """
    new = {"path": made.path, "batch_id": batch.batch_id}
    wanted = [(p, p.column.in_([getattr(file, p.names) for file in files])) for p in _POINTERS[table]]
    if not all(_hold(connection, pointer.table, is_wanted) for pointer, is_wanted in wanted):
        return False
    for pointer, is_wanted in wanted:
        connection.execute(sa.update(pointer.table).where(is_wanted).values({pointer.column: new[pointer.names]}))
    commit(connection, batch, [made], Outcomes())
    f = t.batch_files.c
    replaced = sa.update(t.batch_files).where(f.path.in_([file.path for file in files]))
    connection.execute(replaced.values(replaced_at=batch.committed_at))
    return True


def _hold(connection: sa.Connection, table: sa.Table, is_wanted: sa.ColumnElement[bool]) -> bool:
    """Lock all such rows until the transaction ends; False: somebody else has locked one.

    There can come no more of them meanwhile: a commit points to files of its own batch alone.
    """
    rows = sa.select(*table.primary_key).where(is_wanted)
    count = connection.scalar(sa.select(sa.func.count()).select_from(rows.subquery()))
    return len(connection.execute(rows.with_for_update(skip_locked=True)).all()) == count


def replaced(connection: sa.Connection, before: datetime) -> list[str]:
    """Files whose rows lie in another one since before the moment."""
    f = t.batch_files.c
    return sorted(connection.scalars(sa.select(f.path).where(f.replaced_at < before)))


def forget(connection: sa.Connection, paths: Sequence[str]) -> None:
    """Name these files no more: their rows lie in others, and they are taken away."""
    f = t.batch_files.c
    connection.execute(sa.delete(t.batch_files).where(f.path.in_(paths), f.replaced_at.is_not(None)))
