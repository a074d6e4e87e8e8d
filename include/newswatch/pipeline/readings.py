"""Stored stories as a day reads them: the rows that count, with the lines cut that recur on their host.

Which lines recur is learnt once for a day, when it is first read, from the stories of the weeks before; the list is
kept as a file, so that every rebuild of the day cuts the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from newswatch import batch_tables, cluster, recurring, urls
from newswatch.ledger import days, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.model import lines_of
from newswatch.pipeline.context import Newswatch, log

LEARNT_FROM = timedelta(days=60)
Row = dict[str, Any]
KnownLines = Mapping[str, frozenset[int]]  # by host
_LEFT_OUT = ("witnesses", "headline_key", "edge_keys", "inner_keys", "raw_path", "raw_offset", "raw_bytes")
_OF_A_BUILD = tuple(c.name for c in batch_tables.STORY_TEXTS.columns if c.name not in _LEFT_OUT)
_OF_PRINTS = (
    "story_id", "outlet", "feed_id", "published_at", "is_day_only", "first_seen_at",
    "sketch", "figure_keys", "name_keys", "credits",
)  # fmt: skip


@dataclass(frozen=True)
class FrozenLines:
    """Days and the recurring lines that hold for each."""

    path_of: Mapping[date, str]
    lines_of: Mapping[str, KnownLines]  # by path

    def cut(self, row: Row, day: date) -> Row:
        """The story's row with its host's lines cut, as they were known for the day; uncut where none ever were."""
        known = self.lines_of[self.path_of[day]] if day in self.path_of else {}
        return recurring.cut(row, known.get(site_of(row["canonical_url"]), frozenset())) if known else row


def site_of(address: str) -> str:
    """The host to which a story's lines belong."""
    return urls.host_of(address).removeprefix("www.")


def frozen_lines(nw: Newswatch, wanted: Iterable[date], *, may_learn: bool = True) -> FrozenLines:
    """The recurring lines of these days; learnt now for those that were never read, unless only looked up."""
    chosen = sorted(set(wanted))
    with nw.ledger.begin() as connection:
        path_of = days.frozen_lines(connection, chosen)
    fresh = [day for day in chosen if day not in path_of]
    if fresh and may_learn:
        path_of = _freeze(nw, fresh) | path_of
    return FrozenLines(path_of, {path: _known(nw, path) for path in sorted(set(path_of.values()))})


def _freeze(nw: Newswatch, fresh: list[date]) -> dict[date, str]:
    batch = nw.new_batch("known_lines", "readings")
    with nw.ledger.begin() as connection:
        known = recurring.learn(stories.samples(connection, batch.committed_at - LEARNT_FROM))
    rows: list[dict[str, object]] = [{"host": host, "line_key": key} for host, keys in known.items() for key in keys]
    path = f"batches/known_lines/{nw.day_of(batch.committed_at)}/{batch.batch_id}.parquet"
    file = nw.write_rows(path, batch_tables.KNOWN_LINES, rows)
    with nw.ledger.begin() as connection:
        commit(connection, batch, [file], Outcomes())
        days.freeze_lines(connection, fresh, path, batch.committed_at)
        path_of = days.frozen_lines(connection, fresh)  # another task may have been first
    log.info("recurring lines frozen", days=len(fresh), hosts=len(known), lines=len(rows))
    return path_of


def _known(nw: Newswatch, path: str) -> KnownLines:
    known: dict[str, set[int]] = {}
    for row in batch_tables.KNOWN_LINES.from_bytes(nw.store.read(path)):
        known.setdefault(row["host"], set()).add(row["line_key"])
    return {host: frozenset(keys) for host, keys in known.items()}


def read_stories(nw: Newswatch, wanted: Mapping[str, Iterable[str]], *, is_whole: bool = True) -> list[Row]:
    """Rows of `story_texts` for file path → story ids, in order of story id; not whole: without their witnesses and the
    hashes of lines."""
    rows = _rows(nw, wanted, None if is_whole else _OF_A_BUILD)
    return sorted((_completed(row) for row in rows), key=lambda row: str(row["story_id"]))


def read_prints(nw: Newswatch, wanted: Mapping[str, Iterable[str]]) -> list[Row]:
    """The same rows with no more than what is compared to find reprints: a twentieth of their bytes."""
    return sorted(_rows(nw, wanted, _OF_PRINTS), key=lambda row: str(row["story_id"]))


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
    return row if row["sketch"] is not None else row | cluster.prints_of(lines_of(row), row["authors"])


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
