"""Tables in force: of each day the set that the ledger names, be its files in their place yet or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar

from newswatch.errors import DamagedFile, MissingFile
from newswatch.ledger.days import Build
from newswatch.storage import paths
from newswatch.storage.files import Store
from newswatch.tables import day_tables
from newswatch.tables.parquet import Table, rows_of

Row = dict[str, Any]
T = TypeVar("T")


class TablesInForce:
    """The tables of some days, by the last build of each."""

    def __init__(self, store: Store, builds: Mapping[date, Build]) -> None:
        self._store = store
        self._builds = builds

    def rows(self, name: str, day: date, columns: Sequence[str] | None = None) -> list[Row]:
        """The table's rows. Raises MissingFile where the day was not built."""
        return self._load(name, day, partial(_table(name).from_bytes, columns=columns))

    def chosen(
        self, name: str, day: date, key: str, values: set[str], columns: Sequence[str] | None = None
    ) -> list[Row]:
        """Rows of the table whose key is one of the values: the others are never made into Python objects."""
        import pyarrow as pa
        import pyarrow.compute as pc

        content = self._load(name, day, partial(_table(name).arrow, columns=columns))
        return rows_of(content.filter(pc.field(key).isin(pa.array(sorted(values), pa.string()))))

    def _load(self, name: str, day: date, decode: Callable[[bytes], T]) -> T:
        *staged, place = self._places(name, day)
        for path in staged:
            try:
                return self._store.load(path, decode)
            except DamagedFile:
                raise
            except MissingFile:  # it has been put in its place
                continue
        return self._store.load(place, decode)

    def _places(self, name: str, day: date) -> list[str]:
        """Where the table may be, the first first."""
        build = self._builds.get(day)
        is_staged = build is not None and build.is_staged and name in build.files
        return [paths.staged_table(name, day)] * is_staged + [paths.table(name, day)]


def if_there(read: Callable[[], list[Row]]) -> list[Row]:
    """A table's rows; none where there is no such table. A damaged one is said to be so."""
    try:
        return read()
    except DamagedFile:
        raise
    except MissingFile:
        return []


def _table(name: str) -> Table:
    return next(t for t in day_tables.TABLES if t.name == name)
