"""Parquet files: how they are read in a process that may end at any moment."""

from __future__ import annotations

import subprocess
import sys

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
