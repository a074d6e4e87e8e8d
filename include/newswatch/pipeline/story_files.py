"""Stories into a batch: a file for each of their days, and what the ledger keeps of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from newswatch.ledger.batches import Batch, BatchFile
from newswatch.net.messages import Response
from newswatch.pages.model import lines_of
from newswatch.pipeline.installation import Newswatch
from newswatch.stories import fingerprint
from newswatch.tables import batch_tables
from newswatch.urls.canonical import site_of


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


Row = dict[str, Any]
_LEFT_OUT = ("witnesses", "headline_key", "edge_keys", "inner_keys", "raw_path", "raw_offset", "raw_bytes")
_OF_A_BUILD = tuple(c.name for c in batch_tables.STORY_TEXTS.columns if c.name not in _LEFT_OUT)
_OF_FINGERPRINTS = (
    "story_id", "outlet", "feed_id", "published_at", "is_day_only", "first_seen_at",
    "sketch", "figure_keys", "name_keys", "credits",
)  # fmt: skip


def read_stories(nw: Newswatch, wanted: Mapping[str, Iterable[str]], *, is_whole: bool = True) -> list[Row]:
    """Rows of `story_texts` for file path → story ids, in order of story id; not whole: without their witnesses and the
    hashes of lines."""
    rows = _rows(nw, wanted, None if is_whole else _OF_A_BUILD)
    return sorted((_completed(row) for row in rows), key=lambda row: str(row["story_id"]))


def read_fingerprints(nw: Newswatch, wanted: Mapping[str, Iterable[str]]) -> list[Row]:
    """The same rows with no more than what is compared to find reprints: a twentieth of their bytes."""
    return sorted(_rows(nw, wanted, _OF_FINGERPRINTS), key=lambda row: str(row["story_id"]))


def _rows(nw: Newswatch, wanted: Mapping[str, Iterable[str]], columns: Sequence[str] | None = None) -> list[Row]:
    found = []
    for path, ids in sorted(wanted.items()):
        chosen, content = set(ids), nw.store.read(path)
        rows = batch_tables.STORY_TEXTS.from_bytes(content, columns)
        if columns and any(row["sketch"] is None for row in rows):  # of before there were sketches
            rows = [_completed(row) for row in batch_tables.STORY_TEXTS.from_bytes(content)]
        found += [row for row in rows if row["story_id"] in chosen]
    return found


def _completed(row: Row) -> Row:
    """Older files lack zones, with facts that the feed may have given, or what reprints are found by."""
    row = row if row["zones"] is not None else _zoned(row)
    return row if row["sketch"] is not None else row | fingerprint.fingerprint_columns(lines_of(row), row["authors"])


def _zoned(row: Row) -> Row:
    """Files from before there were zones hold the story's own lines alone."""
    count = row["text"].count("\n") + 1
    source = row["published_at_source"]
    said = [("title", row["title"]), *(("author", name) for name in row["authors"])]
    said += [("published_at", row["published_at"].isoformat())] if source == "feed" else []
    old = {
        "zones": ["lede", *["body"] * (count - 1)],
        "reasons": [""] * count,
        "witnesses": [{"fact": fact, "witness": "feed", "said": text} for fact, text in said],
        "is_day_only": source == "page_day",
    }
    unknown = ("title_source", "authors_source", "section", "language_source")
    return {**row, **old, **dict.fromkeys(unknown, ""), "is_paywalled": False, "is_partial": False}
