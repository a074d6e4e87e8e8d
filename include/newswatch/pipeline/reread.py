"""Read again: a day's stories from their stored bytes, with today's extraction. No network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from newswatch import warc
from newswatch.compose import Fetched, read_again
from newswatch.errors import MissingFile, ParseFailed
from newswatch.ledger import days, revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.pipeline.context import Newswatch, log
from newswatch.pipeline.paged import feed_of
from newswatch.pipeline.readings import Row, read_stories
from newswatch.pipeline.written import text_columns, write_stories
from newswatch.sandbox import Sandbox

STORIES_AT_ONCE = 500
_OF_PLACE = ("raw_path", "raw_offset", "raw_bytes")


@dataclass(frozen=True, slots=True)
class RereadReport:
    """Stories read again, those that read otherwise now, those whose bytes gave no story, days they moved to."""

    story_count: int
    changed_count: int
    failed_count: int
    moved_to: tuple[date, ...]


def reread_day(nw: Newswatch, day: date, owner: str) -> RereadReport:
    """Extract the day's stories anew and learn its recurring lines from all that is known by now.

    A story whose bytes give a better date moves to its day; both days are dirty then. One whose bytes are lost or give
    no story any more stays as it is. The newest revision is read, the earlier ones stay as they were.
    """
    with nw.ledger.begin() as connection:
        numbers = {key: n for ids in stories.of_day(connection, day).values() for key, n in ids.items()}
        wanted = stories.of_day(connection, day)
    rows = [row for row in read_stories(nw, wanted) if row["raw_path"]]
    found = [
        pair
        for at in range(0, len(rows), STORIES_AT_ONCE)
        for pair in asyncio.run(_read(nw, rows[at : at + STORIES_AT_ONCE]))
    ]
    changed = [new for old, new in found if new and _differs(old, new)]
    moved = {row["day"] for row in changed} - {day}
    batch = nw.new_batch("reread", owner)
    files = write_stories(nw, batch, changed)
    with nw.ledger.begin() as connection:
        days.lock(connection, day)
        texts = [text_columns(row, batch) | {"of_story": row["story_id"]} for row in changed]
        stories.replace_text(connection, texts)
        revisions.add(connection, [_revision(t, numbers[t["of_story"]], batch.committed_at) for t in texts])
        days.thaw_lines(connection, day)
        if files:
            commit(connection, batch, files, Outcomes())
        days.mark_dirty(connection, {day} | moved)
    failed = sum(new is None for _, new in found)
    log.info("day read again", day=str(day), stories=len(rows), changed=len(changed), failed=failed)
    return RereadReport(len(rows), len(changed), failed, tuple(sorted(moved)))


async def _read(nw: Newswatch, rows: Sequence[Row]) -> list[tuple[Row, Row | None]]:
    async with nw.sandbox() as sandbox:
        turns = asyncio.Semaphore(2 * nw.settings.parse_workers)
        return await asyncio.gather(*(_read_one(nw, sandbox, turns, row) for row in rows))


async def _read_one(nw: Newswatch, sandbox: Sandbox, turns: asyncio.Semaphore, row: Row) -> tuple[Row, Row | None]:
    path, offset, size = (row[name] for name in _OF_PLACE)
    try:
        async with turns:
            record = await asyncio.to_thread(nw.store.read, path, offset, offset + size)
            url, content_type, body = warc.read(record, nw.settings.max_page_bytes)
            page = await sandbox.page(body, url=url, content_type=content_type)
    except (MissingFile, ParseFailed, ValueError) as error:
        log.warning("story not read again", url=row["canonical_url"], reason=str(error))
        return row, None
    fetched = Fetched(url, page, path, offset, size)
    return row, read_again(row, fetched, feed_of(nw, row), nw.settings.zone)


def _differs(old: Row, new: Row) -> bool:
    return any(old[name] != value for name, value in new.items())


def _revision(text: dict[str, Any], number: int, seen_at: Any) -> dict[str, Any]:
    return {
        "story_id": text["of_story"],
        "number": number,
        "seen_at": seen_at,
        **{n: text[n] for n in ("batch_id", "path")},
    }
