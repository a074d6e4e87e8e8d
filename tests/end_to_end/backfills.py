"""Backfills of daily_digest as a user starts them, and how their end is seen."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from newswatch_airflow.local.api import AirflowApi

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
# Far enough back that no story that appears meanwhile belongs to them, near enough to have digests to look at.
DAYS = [YESTERDAY - timedelta(days=n) for n in reversed(range(20, 23))]


def table_hashes(home: Path, days: list[date]) -> dict[str, str]:
    files = [p for day in days for p in (home / "data" / "tables").glob(f"*/{day}.parquet")]
    return {str(p.relative_to(home)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def finished(api: AirflowApi, since: set[str], wanted: int, seconds: float = 240) -> list[dict[str, Any]]:
    """The `wanted` runs of daily_digest that are not in `since`, once all have ended."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        runs = [r for r in api.runs("daily_digest", order_by="-start_date") if r["dag_run_id"] not in since]
        if len([r for r in runs if r["state"] in ("success", "failed")]) >= wanted:
            return runs
        time.sleep(1)
    raise AssertionError("the backfill did not end")


def run_ids(api: AirflowApi) -> set[str]:
    return {r["dag_run_id"] for r in api.runs("daily_digest", order_by="-start_date")}


def wait_until_days_are_refreshed(api: AirflowApi) -> None:
    """What the last polls touched is built after them: DAYS, and the days before them, on which their trends rest."""
    ends, quiet = time.monotonic() + 300, 0
    while time.monotonic() < ends and quiet < 5:
        runs = [r for r in api.runs("refresh_day", order_by="-run_after") if r["partition_key"] <= str(DAYS[-1])]
        quiet = 0 if any(r["state"] not in ("success", "failed") for r in runs) else quiet + 1
        time.sleep(1)
    assert quiet == 5


def close_backfill(api: AirflowApi) -> None:
    ends = time.monotonic() + 120
    while not api.close_backfill("daily_digest"):
        assert time.monotonic() < ends, "the backfill's runs did not end"
        time.sleep(0.5)
