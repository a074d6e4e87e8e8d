"""A day's tables of two installations side by side: one polled its stories, the other recovered them."""

from __future__ import annotations

from datetime import date

from newswatch.pipeline import Newswatch
from newswatch.tables import day_tables

_BY_FIRST_SIGHT = ("via", "first_seen_at", "listed_feed_count")  # what listed the story, when, and the day
_COMPARED = (
    day_tables.STORIES,
    day_tables.MENTIONS,
    day_tables.TOPIC_DAYS,
    day_tables.TOPIC_OUTLET_DAYS,
    day_tables.OUTLET_DAYS,
    day_tables.TOPIC_TRENDS,
)


def tables_but_for_first_sight(nw: Newswatch, day: date, *but_for: str) -> dict[str, list[dict[str, object]]]:
    """The rows of the day's tables by path, without the columns that tell how and when a story was first seen.

    `but_for`: further columns that are left out.
    """
    paths = {f"tables/{table.name}/{day}.parquet": table for table in _COMPARED}
    return {
        path: [
            {name: value for name, value in row.items() if name not in (*_BY_FIRST_SIGHT, *but_for)}
            for row in table.from_bytes(nw.store.read(path))
        ]
        for path, table in paths.items()
    }
