"""Read again: a day's stories from their stored bytes, with today's extraction. No network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from newswatch.errors import MissingFile, ParseFailed
from newswatch.ledger import days, revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import feed_of
from newswatch.pipeline.story_files import Row, read_stories, revision, text_columns, write_stories
from newswatch.sandbox.pool import Sandbox
from newswatch.storage import warc
from newswatch.stories.assemble import Fetched, read_again

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
    no story any more stays as it is, and so does one of which a visit brings a new text meanwhile. The newest revision
    is read, the earlier ones stay as they were.
    """
    with nw.ledger.begin() as connection:
        wanted = stories.of_day(connection, day)
    path_of = {story_id: path for path, ids in wanted.items() for story_id in ids}
    numbers = {story_id: number for ids in wanted.values() for story_id, number in ids.items()}
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
        texts = {row["story_id"]: text_columns(row, batch) for row in changed}
        places = [{**text, "of_story": i, "was_path": path_of[i]} for i, text in texts.items()]
        replaced = stories.replace_text(connection, places)
        numbered = [revision(i, numbers[i], texts[i], batch.committed_at) for i in sorted(replaced)]
        revisions.add(connection, numbered)
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
