"""What the integration tests ask of a ledger and of a store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from newswatch.ledger import schema as t
from newswatch.pages.model import STORY_ZONES
from newswatch.pipeline import Newswatch
from newswatch.tables import batch_tables

NOW = datetime(2026, 11, 22, 18, 1, tzinfo=UTC)  # a Sunday evening; the newsroom's days before it hold a spike


def rows(nw: Newswatch, query: sa.Select[Any]) -> list[Any]:
    with nw.ledger.begin() as connection:
        return list(connection.execute(query).all())


def values(nw: Newswatch, query: sa.Select[Any]) -> list[Any]:
    return [row[0] for row in rows(nw, query)]


def story_lines(row: Mapping[str, Any]) -> list[str]:
    """The lines of a row of story_texts that are the story's: what was cut, and captions, left out."""
    return [t for t, zone in zip(row["text"].split("\n"), row["zones"], strict=True) if zone in STORY_ZONES]


def count(nw: Newswatch, table: sa.Table) -> int:
    return int(values(nw, sa.select(sa.func.count()).select_from(table))[0])


def feed_row(nw: Newswatch, feed_id: str) -> Any:
    return rows(nw, sa.select(t.feeds).where(t.feeds.c.feed_id == feed_id))[0]


def last_poll(nw: Newswatch, feed_id: str) -> Any:
    query = sa.select(t.polls).where(t.polls.c.feed_id == feed_id)
    return rows(nw, query.order_by(t.polls.c.polled_at.desc()))[0]


def dirty_days(nw: Newswatch) -> set[date]:
    return set(values(nw, sa.select(t.dirty_days.c.day)))


def covered_days(nw: Newswatch, feed_id: str) -> set[date]:
    return set(values(nw, sa.select(t.coverage.c.day).where(t.coverage.c.feed_id == feed_id)))


def make_clean(nw: Newswatch) -> None:
    with nw.ledger.begin() as connection:
        connection.execute(sa.delete(t.dirty_days))


def page_outcomes(nw: Newswatch) -> dict[str, int]:
    query = sa.select(t.outcomes.c.outcome, sa.func.sum(t.outcomes.c.outcome_count)).where(t.outcomes.c.kind == "page")
    return {outcome: int(total) for outcome, total in rows(nw, query.group_by(t.outcomes.c.outcome))}


def stories(nw: Newswatch) -> list[dict[str, Any]]:
    """Every story that counts, with its text."""
    known = {(row.path, row.story_id) for row in rows(nw, sa.select(t.stories.c.path, t.stories.c.story_id))}
    return [
        row
        for path in sorted({path for path, _ in known})
        for row in batch_tables.STORY_TEXTS.from_bytes(nw.store.read(path))
        if (path, row["story_id"]) in known
    ]


def story_at(nw: Newswatch, url: str) -> dict[str, Any]:
    return next(story for story in stories(nw) if story["canonical_url"] == url)
