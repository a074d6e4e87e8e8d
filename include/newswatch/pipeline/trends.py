"""Trends: `topic_trends` of a day and of the days that are compared with it, made again after their tables changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from newswatch.days import trends
from newswatch.errors import MissingFile
from newswatch.ledger import days
from newswatch.pipeline.copying import far_side_by_side
from newswatch.pipeline.installation import Newswatch, log
from newswatch.storage import paths
from newswatch.tables import day_tables
from newswatch.tables.parquet import Table


def update_trends(nw: Newswatch, connection: sa.Connection, day: date) -> list[date]:
    """Make the trends of the day, and of the built days for whose baseline it counts; files that stay alike stay.

    Returns days that had to be left out, as their tables are lost or damaged: they count when they are built again.

    One writer at a time: who comes second reads what the first has written. In the caller's transaction.
    """
    span = timedelta(days=trends.WINDOW_DAYS)
    days.lock_trends(connection)
    built = days.built_between(connection, day - span, day + span)
    changed, left_out = _update(nw, built, [other for other in built if other >= day])
    log.info("trends made", day=str(day), changed=changed)
    return left_out


def update_all_trends(nw: Newswatch, connection: sa.Connection) -> list[date]:
    """The same for every built day, in one go: of tables that were brought back."""
    days.lock_trends(connection)
    built = sorted(build.day for build in days.builds(connection))
    changed, left_out = _update(nw, built, built)
    log.info("trends made", days=len(built), changed=changed)
    return left_out


def _update(nw: Newswatch, built: Sequence[date], wanted: Sequence[date]) -> tuple[int, list[date]]:
    """Make the trends of the wanted days from the tables of the built ones; how many changed, which were left out."""
    left_out: set[date] = set()
    history = trends.History.from_tables(
        _values(nw, day_tables.TOPIC_DAYS, built, trends.TOPICS, left_out),
        _values(nw, day_tables.TOPIC_OUTLET_DAYS, built, trends.CARRIERS, left_out),
        _values(nw, day_tables.OUTLET_DAYS, built, trends.OUTLETS, left_out),
    )
    return sum(_write(nw, day, history) for day in wanted), sorted(left_out)


def with_usual(row: dict[str, Any]) -> dict[str, Any]:
    """A row of topic_trends with `usual`: the fewest and the most stories that are neither silence nor spike."""
    is_known = row["baseline"] is not None
    return row | {"usual": trends.usual_range(row["baseline"], row["spread"]) if is_known else None}


def _values(
    nw: Newswatch, table: Table, built: Sequence[date], columns: tuple[str, ...], left_out: set[date]
) -> Iterator[tuple[Any, ...]]:
    """The values of these columns, topics under their ids of today. Days whose table is not to be had: `left_out`."""
    ids = nw.catalogue.topic_ids
    at = columns.index("topic") if ids and "topic" in columns else None

    def load(day: date) -> Iterator[tuple[Any, ...]]:
        try:
            return nw.store.load(paths.table(table.name, day), partial(table.values, columns=columns))
        except MissingFile as error:
            log.error("day left out of trends", day=str(day), reason=str(error))
            left_out.add(day)
            return iter(())

    for rows in far_side_by_side(nw.store, load, built):
        for row in rows:
            yield row if at is None else (*row[:at], ids.get(row[at], row[at]), *row[at + 1 :])


def _write(nw: Newswatch, day: date, history: trends.History) -> bool:
    content = day_tables.TOPIC_TRENDS.to_bytes(trends.topic_trends(day, history))
    path = paths.table(day_tables.TOPIC_TRENDS.name, day)
    with suppress(MissingFile):
        if nw.store.read(path) == content:
            return False
    nw.store.write(path, content)
    return True
