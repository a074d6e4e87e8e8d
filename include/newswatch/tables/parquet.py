"""A Parquet table as it is declared, and its rows as bytes and back. The same rows give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAGIC = b"PAR1"
_TAIL_BYTES = 8  # of the file: the footer's length, and the magic
_SEAL = b"newswatch sha256"
_SEAL_BYTES = len(_SEAL) + hashlib.sha256().digest_size

TYPES = ("string", "int64", "float64", "bool", "date", "timestamp", "strings", "ints", "claims")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str  # one of TYPES
    doc: str
    is_coded: bool = False  # few different values: kept as a dictionary and its codes
    formerly: str = ""  # its name in files of before it was renamed
    is_later: bool = False  # files of before it was added lack it: null


@dataclass(frozen=True)
class Table:
    """One table: a file a day under `tables/<name>/`, or a batch's file where `is_batch`."""

    name: str
    grain: str
    key: tuple[str, ...]  # sorts the rows and is unique
    columns: tuple[Column, ...]
    is_batch: bool = False

    @cached_property
    def schema(self) -> pa.Schema:
        import pyarrow as pa

        types = {
            "string": pa.string(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "bool": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", tz="UTC"),
            "strings": pa.list_(pa.string()),
            "ints": pa.list_(pa.int64()),
            "claims": pa.list_(pa.struct([(name, pa.string()) for name in ("field", "source", "value")])),
        }
        return pa.schema([pa.field(c.name, types[c.type]) for c in self.columns])

    def to_bytes(self, rows: list[dict[str, Any]] | pd.DataFrame | pa.Table) -> bytes:
        """The rows, sorted by the key, as one Parquet file. The same rows give the same bytes."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if isinstance(rows, list):
            table = self._from_rows(rows)
        elif isinstance(rows, pa.Table):
            table = rows
        else:
            table = pa.Table.from_pandas(rows, schema=self.schema, preserve_index=False)
        table = self._sorted(table.replace_schema_metadata(None))
        buffer = BytesIO()
        coded = [f"{c.name}.list.element" if c.type == "strings" else c.name for c in self.columns if c.is_coded]
        pq.write_table(
            table,
            buffer,
            compression="zstd",
            compression_level=3,
            store_schema=True,
            use_dictionary=coded,
            write_page_checksum=True,
        )
        return sealed(buffer.getvalue())

    def put_together(self, tables: Sequence[pa.Table]) -> pa.Table:
        """The rows of several files of this table, in the order in which one file has them."""
        import pyarrow as pa

        return self._sorted(pa.concat_tables(tables))

    def _sorted(self, table: pa.Table) -> pa.Table:
        return table.sort_by([(name, "ascending") for name in self.key])

    def _from_rows(self, rows: list[dict[str, Any]]) -> pa.Table:
        """The rows by way of JSON: pyarrow's own conversion of lists imports pandas, 60 MB and half a second a task."""
        import pyarrow as pa
        from pyarrow import json as arrow_json

        lines = "\n".join(json.dumps(row, ensure_ascii=False, default=_as_json) for row in rows).encode()
        if not lines:
            return pa.Table.from_batches([], schema=self.schema)
        return arrow_json.read_json(
            pa.BufferReader(lines),
            arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),  # no row straddles two blocks
            arrow_json.ParseOptions(explicit_schema=self.schema, unexpected_field_behavior="error"),
        ).select(self.schema.names)

    def from_bytes(self, content: bytes, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The rows of a file that `to_bytes` made; of these columns alone, where some are named.

        This and all that reads raises ValueError where the bytes are not those that `to_bytes` made.
        """
        coded = frozenset(c.name for c in self.columns if c.is_coded)
        return rows_of(self.arrow(content, columns), coded)

    def values(self, content: bytes, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The values of these columns, a tuple a row."""
        table = self.arrow(content, columns)
        return zip(*(_values_of(table[name]) for name in columns), strict=True)

    def frame(self, content: bytes) -> pd.DataFrame:
        """The file as a pandas frame."""
        frame: pd.DataFrame = self.arrow(content).to_pandas(use_threads=False)
        return frame

    def arrow(self, content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
        """The file as an Arrow table, read without Arrow's threads: one awake while its process ends aborts it."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        check_seal(content)
        names = list(columns) if columns else self.schema.names
        try:
            file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
            if not file.schema_arrow.equals(self.schema):
                return self._renamed(file, names)
            return file.read(names, use_threads=False)
        except (pa.ArrowException, OSError, KeyError) as error:  # OSError: a page's checksum
            raise ValueError(f"it is no table {self.name}: {error}") from error

    def _renamed(self, file: pq.ParquetFile, names: Sequence[str]) -> pa.Table:
        """These columns of a file of before some were renamed or added. Raises KeyError where it lacks another."""
        import pyarrow as pa

        there = set(file.schema_arrow.names)
        formerly = {c.name: c.formerly for c in self.columns if c.formerly and c.name not in there}
        lacking = {c.name for c in self.columns if c.is_later} - there
        table = file.read([formerly.get(name, name) for name in names if name not in lacking], use_threads=False)
        fields = [self.schema.field(name) for name in names]
        values = [
            pa.nulls(table.num_rows, f.type)
            if f.name in lacking
            else _retyped(table[formerly.get(f.name, f.name)].combine_chunks(), f.type)
            for f in fields
        ]
        return pa.table(values, schema=pa.schema(fields))


def rows_of(table: pa.Table, coded: Collection[str] = ()) -> list[dict[str, Any]]:
    """The table's rows; times are in UTC. `coded`: columns of few different values, each of which is made once."""
    names = table.column_names
    columns = [_made_once(_values_of(table[name])) if name in coded else _values_of(table[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _made_once(values: list[Any]) -> list[Any]:
    """The values, or lists of them, with equal ones as one object: Arrow makes one for every row."""
    made: dict[Any, Any] = {}
    first = made.setdefault
    return [[first(v, v) for v in value] if isinstance(value, list) else first(value, value) for value in values]


def _values_of(column: pa.ChunkedArray) -> list[Any]:
    """The column's values. pyarrow's own conversion of times imports pandas: 40 MB and half a second a task."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        values: list[Any] = column.to_pylist()
        return values
    microseconds = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_pylist()
    return [None if n is None else _EPOCH + timedelta(microseconds=n) for n in microseconds]


def sealed(content: bytes) -> bytes:
    """The Parquet file with the SHA-256 of all its bytes before its footer, where no reader of Parquet looks.

    Page checksums say nothing of the footer, and a bit there can change what the pages mean.
    """
    at = _footer_at(content)
    return content[:at] + _SEAL + hashlib.sha256(content).digest() + content[at:]


def check_seal(content: bytes) -> None:
    """Raises ValueError where the bytes are not those that were sealed; files of before there were seals pass."""
    at = _footer_at(content)
    seal = content[max(at - _SEAL_BYTES, 0) : at]
    if not seal.startswith(_SEAL):
        return
    digest = hashlib.sha256(memoryview(content)[: at - _SEAL_BYTES])
    digest.update(memoryview(content)[at:])
    if digest.digest() != seal[len(_SEAL) :]:
        raise ValueError("its bytes are not those that were written")


def _footer_at(content: bytes) -> int:
    at = len(content) - _TAIL_BYTES - int.from_bytes(content[-_TAIL_BYTES : -len(_MAGIC)], "little")
    if content[: len(_MAGIC)] != _MAGIC or content[-len(_MAGIC) :] != _MAGIC or at < len(_MAGIC):
        raise ValueError("it is cut, or no Parquet file")
    return at


def _retyped(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The values under the names that a list's structs have today; what is of the wanted type stays."""
    import pyarrow as pa

    if values.type == wanted or not pa.types.is_list(wanted):
        return values
    structs = pa.StructArray.from_arrays(values.values.flatten(), fields=list(wanted.value_type))
    return pa.ListArray.from_arrays(values.offsets, structs)


def _as_json(value: object) -> object:
    """Moments and days as Arrow reads them from JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days
    raise TypeError(f"{type(value).__name__} has no place in a table")


def plain(name: str, type_: str, doc: str, *, formerly: str = "", is_later: bool = False) -> Column:
    """A column of any values."""
    assert type_ in TYPES, type_
    return Column(name, type_, doc, formerly=formerly, is_later=is_later)


def coded(name: str, doc: str, type_: str = "string", *, formerly: str = "") -> Column:
    """A column of few different values."""
    return Column(name, type_, doc, is_coded=True, formerly=formerly)
