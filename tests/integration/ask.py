"""What the integration tests ask of a ledger and of a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from newsroom.server import Newsroom
from newswatch.ledger import schema as t
from newswatch.pages.model import STORY_ZONES
from newswatch.pipeline import Newswatch, open_newswatch
from newswatch.tables import batch_tables


@dataclass(frozen=True)
class Read:
    """A newsroom that has been polled and fetched: for tests that build from it and change nothing that is stored."""

    nw: Newswatch
    newsroom: Newsroom
    folder: Path

    def with_topics(self, text: str, folder: Path) -> Newswatch:
        """The same ledger and store, opened with other topics."""
        folder.mkdir()
        (folder / "topics.yaml").write_text(text, encoding="utf-8")
        (folder / "feeds.yaml").write_text(self.nw.catalogue.feeds_text, encoding="utf-8")
        settings = self.nw.settings.model_copy(update={"config_dir": folder})
        return replace(open_newswatch(settings), clock=self.nw.clock)


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
