"""Dump: the whole ledger as CSV streams of one moment, and a ledger made of them.

PostgreSQL's own COPY, by any server and login that Newswatch has: `pg_dump` would need programs as new as the server.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import psycopg2.extensions
import sqlalchemy as sa
from psycopg2 import sql

from newswatch.errors import TransientError
from newswatch.ledger import Ledger, days, upgrade
from newswatch.ledger import schema as t
from newswatch.ledger.leases import ENTRIES, FEEDS, FREE, VISITS

PART_BYTES = 32 << 20  # of a table, before it is compressed
MAINTENANCE_LOCK = 0x6E657774  # held by all who read files at length, and alone by who takes files away


@contextmanager
def snapshot(ledger: Ledger) -> Iterator[sa.Connection]:
    """A transaction that sees the ledger as it was when it began, whatever is committed meanwhile; it cannot write."""
    with ledger.begin() as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield connection


def keep_files(connection: sa.Connection) -> None:
    """See that no maintenance takes files away until the transaction ends; waits for one that is at it."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(MAINTENANCE_LOCK)))


def may_take_files(connection: sa.Connection) -> bool:
    """Whether files may be taken away until the transaction ends: nobody reads them at length, nor does the same."""
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(MAINTENANCE_LOCK))))


def is_there(connection: sa.Connection) -> bool:
    """Whether the database holds a ledger, be it empty."""
    return sa.inspect(connection).has_table(t.batches.name)


def revision_of(connection: sa.Connection) -> str:
    """The revision of the ledger's schema."""
    return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


def generation_of(connection: sa.Connection) -> int:
    """The last number that was given to a dirty day; a sequence is of no snapshot, so it may be a later one."""
    last = sa.select(sa.column("last_value", sa.BigInteger)).select_from(sa.table(t.generation.name))
    return connection.scalar(last) or 1


@dataclass(frozen=True, slots=True)
class DumpedTable:
    """A table's rows: as CSV with a header, cut into parts and compressed. `parts`: what `keep` returned for each."""

    row_count: int
    parts: tuple[str, ...]


def dump(connection: sa.Connection, keep: Callable[[bytes], str]) -> Iterator[tuple[str, DumpedTable]]:
    """Every table of the ledger by its name; `keep` takes the parts as they come.

    Raises TransientError where the database does not go on.
    """
    for table in t.metadata.sorted_tables:
        parts = _Parts(keep)
        names = [column.name for column in table.columns]
        with _clearly(), closing(_cursor(connection)) as cursor:
            cursor.copy_expert(_copy("TO STDOUT", table.name, names), parts)
            row_count = cursor.rowcount
        yield table.name, DumpedTable(row_count, parts.end())


def load(
    connection: sa.Connection, revision: str, tables: Mapping[str, Iterable[bytes]], generation: int
) -> dict[str, int]:
    """Make a ledger of that revision from the tables' parts, and bring it to today's; returns the tables' row counts.

    In the caller's transaction, in a database that holds none.
    """
    upgrade(connection, revision)
    row_counts = {}
    for name, parts in tables.items():
        stream = _Stream(parts)
        with _clearly(), closing(_cursor(connection)) as cursor:
            cursor.copy_expert(_copy("FROM STDIN", name, stream.header), io.BufferedReader(stream))
            row_counts[name] = cursor.rowcount
    connection.execute(sa.select(sa.func.setval(t.generation.name, generation)))
    upgrade(connection)
    return row_counts


def begin_anew(connection: sa.Connection, unbuilt: Iterable[date]) -> None:
    """Let a ledger that was brought back go on: nobody works on anything, no day was announced or waits for its place.

    `unbuilt`: days whose tables did not come with it; they are to be built.
    """
    for leased in (FEEDS, ENTRIES, VISITS):
        connection.execute(sa.update(leased.table).where(leased.table.c.lease_token.is_not(None)).values(FREE))
    connection.execute(sa.update(t.dirty_days).values(announced_at=None))
    connection.execute(sa.update(t.builds).values(is_staged=False))
    lacking = sorted(set(unbuilt))
    for day in lacking:
        days.forget_build(connection, day)
    days.mark_dirty(connection, lacking)


def _copy(way: str, table: str, columns: Sequence[str]) -> sql.Composed:
    """Names are quoted: those of a restore come from a file."""
    command = sql.SQL("COPY {} ({}) " + way + " (FORMAT csv, HEADER)")
    return command.format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))


def _cursor(connection: sa.Connection) -> psycopg2.extensions.cursor:
    """Of the driver's own, in the connection's transaction."""
    driver: Any = connection.connection.dbapi_connection
    cursor: psycopg2.extensions.cursor = driver.cursor()
    return cursor


class _Parts:
    """Cuts a stream of CSV; what COPY writes to."""

    def __init__(self, keep: Callable[[bytes], str]) -> None:
        self._keep = keep
        self._buffer = bytearray()
        self._kept: list[str] = []

    def write(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= PART_BYTES:
            self._cut()

    def end(self) -> tuple[str, ...]:
        self._cut()
        return tuple(self._kept)

    def _cut(self) -> None:
        if self._buffer:
            self._kept.append(self._keep(gzip.compress(bytes(self._buffer), 6, mtime=0)))
            self._buffer.clear()


class _Stream(io.RawIOBase):
    """The parts of a table as one stream; what COPY reads from. `header`: the names of its columns."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        unpacked = (gzip.decompress(part) for part in parts)
        first = next(unpacked, b"")
        self.header = next(csv.reader([first.partition(b"\n")[0].decode()]))
        self._parts = chain([first], unpacked)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


@contextmanager
def _clearly() -> Iterator[None]:
    try:
        yield
    except psycopg2.Error as error:
        raise TransientError(f"the ledger does not go on: {error}") from error
