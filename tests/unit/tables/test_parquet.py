"""Parquet files: how they are read in a process that may end at any moment."""

from __future__ import annotations

import subprocess
import sys

from newswatch.tables.parquet import Table, coded, plain

TIMES = """
import sys
from datetime import UTC, datetime
from newswatch.tables.parquet import Column, Table
columns = [("id", "string"), ("at", "timestamp"), ("day", "date"), ("words", "strings"), ("count", "int64")]
table = Table("t", "one row", ("id",), tuple(Column(*column, "A value.") for column in columns))
at = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
rows = [
    {"id": "a", "at": at, "day": at.date(), "words": ["x", "y"], "count": 1},
    {"id": "b", "at": None, "day": None, "words": [], "count": None},
    {"id": "c", "at": datetime(1901, 1, 1, tzinfo=UTC), "day": at.date(), "words": None, "count": -1},
]
content = table.to_bytes(rows)
assert table.from_bytes(content) == rows
assert list(table.values(content, ["at", "id"])) == [(row["at"], row["id"]) for row in rows]
assert table.from_bytes(table.to_bytes([])) == []
print("pandas" in sys.modules)
"""


def test_rows_come_back_as_they_were_and_without_pandas() -> None:
    done = subprocess.run([sys.executable, "-c", TIMES], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


THREADS = """
import os
from newswatch.tables.parquet import Column, Table
table = Table("t", "one row", ("id",), tuple(Column(name, "string", "A word.") for name in ("id", *"abcdefgh")))
content = table.to_bytes([{name: f"{name}{n}" for name in table.schema.names} for n in range(500)])
before = set(os.listdir("/proc/self/task"))
assert table.arrow(content).num_rows == len(table.frame(content)) == 500
print(len(set(os.listdir("/proc/self/task")) - before))
"""


def test_reading_starts_no_thread_that_could_abort_a_process_which_ends() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_values_of_coded_columns_are_made_once_and_others_as_they_are() -> None:
    columns = [coded("place", "A place."), coded("zones", "Zones.", "strings"), plain("words", "string", "Words.")]
    table = Table("t", "one row", ("id",), (plain("id", "string", "An id."), *columns))
    rows = [
        {"id": "a", "place": "harbour", "zones": ["body", "cut"], "words": "ferry"},
        {"id": "b", "place": "harbour", "zones": [], "words": "ferry"},
        {"id": "c", "place": None, "zones": ["cut", "harbour"], "words": None},
        {"id": "d", "place": "quay", "zones": None, "words": "boat"},
    ]
    a, b, c, d = read = table.from_bytes(table.to_bytes(rows))
    assert read == rows
    assert a["place"] is b["place"]
    assert a["zones"][1] is c["zones"][0]
    assert [type(row["zones"]) for row in (a, b, c)] == [list] * 3
    assert table.from_bytes(table.to_bytes(rows), ["zones"]) == [{"zones": row["zones"]} for row in read]
    assert d["zones"] is None
