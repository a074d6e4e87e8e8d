"""Stories into a batch: a file for each of their days, and what the ledger keeps of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from newswatch import batch_tables
from newswatch.ledger.batches import Batch, BatchFile
from newswatch.model import Response
from newswatch.pipeline.context import Newswatch
from newswatch.pipeline.readings import site_of


def story_path(day: date, batch: Batch) -> str:
    return f"batches/story_texts/{day}/{batch.batch_id}.parquet"


def write_stories(nw: Newswatch, batch: Batch, rows: Sequence[dict[str, Any]]) -> list[BatchFile]:
    """One file for each day of the stories, so that a rebuild reads its own day alone."""
    by_day: dict[date, list[dict[str, Any]]] = {}
    for row in rows:
        by_day.setdefault(row["day"], []).append(row)
    return [
        nw.write_rows(story_path(day, batch), batch_tables.STORY_TEXTS, rows) for day, rows in sorted(by_day.items())
    ]


def text_columns(row: Mapping[str, Any], batch: Batch) -> dict[str, Any]:
    """What changes in the ledger when a story gets another row."""
    names = ("day", "published_at_source", "headline_key", "edge_keys", "inner_keys")
    place = {"batch_id": batch.batch_id, "path": story_path(row["day"], batch)}
    return {n: row[n] for n in names} | {"host": site_of(row["canonical_url"])} | place


def ledger_row(row: Mapping[str, Any], batch: Batch, answer: Response | None) -> dict[str, Any]:
    """A new story's row in the ledger; `answer`: its page's, with the validators for a later visit."""
    return {
        **text_columns(row, batch),
        **{name: row[name] for name in ("story_id", "canonical_url", "first_seen_at")},
        "page_url": answer.url if answer else None,
        **validators_of(answer),
    }


def validators_of(answer: Response | None) -> dict[str, Any]:
    """What a server wants to be asked with, so that it need not send a page that has not changed."""
    return {
        "etag": answer.header("ETag") if answer else None,
        "last_modified": answer.header("Last-Modified") if answer else None,
    }


def revision(story_id: str, number: int, columns: Mapping[str, Any], seen_at: datetime) -> dict[str, Any]:
    """The ledger's row of one text of a story; `columns`: those of `text_columns`."""
    place = {name: columns[name] for name in ("batch_id", "path")}
    return {"story_id": story_id, "number": number, "seen_at": seen_at, **place}
