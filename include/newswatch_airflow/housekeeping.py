"""Airflow's own old runs and logs: its rows by `airflow db clean`, its log files by their age."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_CONNECTION = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_FOUND = re.compile(r"Checking table (\S+)\s+Found (\d+) rows? meeting deletion criteria")


@dataclass(frozen=True, slots=True)
class OldLogs:
    """Log files that went, or would go."""

    count: int
    byte_count: int


def clean_rows(database_url: str, before: datetime, *, is_dry_run: bool) -> dict[str, int]:
    """Delete Airflow's rows of before that moment, or only count them; returns how many by table.

    In a process of its own, with the address of the database: Airflow takes it from its tasks. Raises TransientError
    where the command fails, with its last words.
    """
    from newswatch.errors import TransientError

    command = [sys.executable, "-m", "airflow", "db", "clean", "--clean-before-timestamp", before.isoformat()]
    command += ["--dry-run"] if is_dry_run else ["--yes", "--skip-archive", "--error-on-cleanup-failure"]
    done = subprocess.run(
        command,
        env=os.environ | {_CONNECTION: database_url, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        words = done.stdout.replace(database_url, "…").strip()
        raise TransientError(f"airflow db clean failed: {words[-1000:]}")
    return {table: int(count) for table, count in _FOUND.findall(done.stdout) if int(count)}


def clean_logs(folder: Path, before: datetime, *, is_dry_run: bool) -> OldLogs:
    """Delete log files that were written last before that moment, or only count them; empty old folders go too."""
    limit = before.timestamp()
    walked = [(Path(at), names, os.stat(at).st_mtime) for at, _, names in os.walk(folder, topdown=False)]
    count = size = 0
    for at, names, changed in walked:
        for name in names:
            found = (at / name).lstat()
            if found.st_mtime < limit:
                count, size = count + 1, size + found.st_size
                if not is_dry_run:
                    (at / name).unlink()
        if not is_dry_run and at != folder and changed < limit and not any(at.iterdir()):
            at.rmdir()
    return OldLogs(count, size)
