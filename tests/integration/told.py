"""Stories of one Friday, told a page at a time, and what was issued and built of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from newswatch.pipeline import Newswatch
from newswatch.tables import day_tables

FRIDAY = date(2026, 11, 20)
TEXT = "Shelling damaged homes in the northern suburbs of Donetsk on Friday, officials of the region said."
Told = tuple[Newswatch, Callable[..., None]]


def html(nw: Newswatch, day: date, number: int = 1) -> str:
    return nw.store.read(f"digests/{day}/issue-{number}/digest.html").decode()


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def table_bytes(nw: Newswatch, folder: str = "tables") -> dict[str, bytes]:
    return {t.name: nw.store.read(f"{folder}/{t.name}/{FRIDAY}.parquet") for t in day_tables.DAY_TABLES}
