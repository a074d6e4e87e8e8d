"""Compact: the many small files of a past day's batches become few, with the same rows.

A commit every few seconds leaves thousands of files a day, and whoever reads the day opens them all. No row is changed
or left out. The new file is written and read back before one transaction lets the ledger name it; the old ones stay a
while, for those who began to read before that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from newswatch.errors import MissingFile
from newswatch.ledger import compaction
from newswatch.ledger.compaction import Key, Limits, SmallFile
from newswatch.pipeline.installation import Newswatch, log
from newswatch.storage import paths
from newswatch.tables.batch_tables import ENTRIES, STORY_TEXTS
from newswatch.tables.day_tables import MENTIONS
from newswatch.tables.parquet import Table

if TYPE_CHECKING:
    import pyarrow as pa

SETTLED_AFTER = timedelta(days=3)  # by then pages are no longer read again every hour, and their day is built
FEWEST_FILES = 4  # fewer are not worth it
FULL_BYTES = 8 << 20  # of the old files: readers have one file in memory at a time, and damage costs what one holds
MOST_FILES = 100_000  # in one run, before the next table and day are begun: backups wait for it
# By table the columns that tell whose rows are whose: a reader asks for them, and finds them once in a file.
_KEYS = {ENTRIES: ENTRIES.key, STORY_TEXTS: STORY_TEXTS.key, MENTIONS: ("story_id",)}
_TABLES = {table.name: table for table in _KEYS}


@dataclass(slots=True)
class Compacted:
    """Small files that were put together, or would be, and their bytes. `warnings`: files that stay, and why."""

    file_count: int = 0
    byte_count: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Pile:
    """Files that become one: whose rows are whose stays clear, as no key is in two of them."""

    files: list[SmallFile] = field(default_factory=list)
    rows: list[pa.Table] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)

    @property
    def byte_count(self) -> int:
        return sum(file.byte_count for file in self.files)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be put together with a file that was made so."""
        return len(self.files) == 1 and self.files[0].is_compacted

    def add(self, file: SmallFile, rows: pa.Table, keys: Set[Key]) -> None:
        self.files.append(file)
        self.rows.append(rows)
        self.keys |= keys


def compact(nw: Newswatch, *, is_dry_run: bool) -> Compacted:
    """Put small files together, the oldest days first, so many in one run; to be asked while nobody copies files.

    Cut off, it leaves a file that the ledger does not name, which the next run writes again and goes on with. Raises
    TransientError where storage or database fail.
    """
    done = Compacted()
    now = nw.clock()
    limits = Limits(FULL_BYTES // 2, now - SETTLED_AFTER, nw.day_of(now - SETTLED_AFTER))
    with nw.ledger.begin() as connection:
        folders = compaction.crowded(connection, limits, FEWEST_FILES)
    for number, (name, day) in enumerate(folders, 1):
        if done.file_count >= MOST_FILES:
            break
        with nw.ledger.begin() as connection:
            files = compaction.small_files(connection, limits, name, day)
            counted = compaction.counted_on(connection, name, files)
        table = _TABLES[name]
        for pile in _piles(_whole(nw, table, files, counted, done.warnings)):
            if pile.is_done or not (is_dry_run or _put_together(nw, table, day, pile)):
                continue
            done.file_count += len(pile.files)
            done.byte_count += pile.byte_count
        nw.progress("days' small files put together", number, len(folders))
    return done


_Read = tuple[SmallFile, "pa.Table", set[Key]]


def _whole(
    nw: Newswatch, table: Table, files: list[SmallFile], counted: dict[str, set[Key]], warnings: list[str]
) -> Iterator[_Read]:
    """Each file with its rows, and the keys of these and of what counts on it; one that has not all that it should have
    stays as it is, and is named unless a repair has done so."""
    for file in files:
        try:
            rows = nw.store.load(file.path, partial(_rows, table, file, counted[file.path]), file.sha256)
        except MissingFile as error:
            if not nw.store.exists(paths.loss_note(file.path)):
                warnings.append(f"Not put together with others: {error}")
            continue
        yield file, rows, _keys(table, rows) | counted[file.path]


def _rows(table: Table, file: SmallFile, counted: set[Key], content: bytes) -> pa.Table:
    """The file's rows. Raises ValueError where some are lacking, or the bytes are no such file."""
    rows = table.arrow(content)
    if rows.num_rows != file.row_count:
        raise ValueError(f"{rows.num_rows} rows, where the ledger counts {file.row_count}")
    if table is STORY_TEXTS and (lacking := counted - _keys(table, rows)):
        raise ValueError(f"it lacks story {min(lacking)[0]}")
    return rows


def _keys(table: Table, rows: pa.Table) -> set[Key]:
    return set(zip(*(rows[name].to_pylist() for name in _KEYS[table]), strict=True))


def _piles(files: Iterator[_Read]) -> Iterator[_Pile]:
    """Each file on the first pile that has none of its keys: of a story that was edited each text is on another."""
    begun: list[_Pile] = []
    for file, rows, keys in files:
        pile = next((pile for pile in begun if pile.keys.isdisjoint(keys)), None)
        if pile is None:
            begun.append(pile := _Pile())
        pile.add(file, rows, keys)
        if pile.byte_count >= FULL_BYTES:
            begun.remove(pile)
            yield pile
    yield from begun


def _put_together(nw: Newswatch, table: Table, day: date, pile: _Pile) -> bool:
    """Make one file of them, and let the ledger count on it; False: what counts on them is being changed just now."""
    rows = table.put_together(pile.rows)
    content = table.to_bytes(rows)
    path = paths.compacted(table.name, day, hashlib.sha256(content).hexdigest())
    made = nw.write_file(path, content, rows.num_rows)
    if not nw.store.load(path, table.arrow, made.sha256).equals(rows):
        raise nw.store.damaged(path, "it has not the rows of the files that it was made of")
    with nw.writing() as connection:
        is_switched = compaction.switch(connection, table.name, pile.files, nw.new_batch(compaction.KIND, ""), made)
    log.info("files put together", path=path, files=len(pile.files), rows=made.row_count, switched=is_switched)
    return is_switched
