"""Reextract: a day's stories from their stored bytes, with today's extraction. No network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from newswatch.errors import MissingFile, ParseFailed
from newswatch.ledger import days, revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.revisions import Revision
from newswatch.ledger.stories import NewText
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.story_files import of_one_day, read_stories, stored_text, write_stories
from newswatch.storage import warc
from newswatch.stories.assemble import FetchedPage, reassemble
from newswatch.stories.story import Story

STORIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReextractReport:
    """Stories read again, those that read otherwise now, those whose bytes gave no story, days they moved to.

    `lost_files`: with bytes that are missing or damaged.
    """

    story_count: int
    changed_count: int
    failed_count: int
    moved_to: tuple[date, ...]
    lost_files: tuple[str, ...]


def reextract_day(nw: Newswatch, day: date, run_id: str) -> ReextractReport:
    """Extract the day's stories anew and learn its recurring lines from all that is known by now.

    A story whose bytes give a better date moves to its day; both days are dirty then. One whose bytes are lost or give
    no story any more stays as it is, and so does one of which a visit brings a new text meanwhile. The newest revision
    is read, the earlier ones stay as they were.
    """
    with nw.ledger.begin() as connection:
        wanted = stories.of_day(connection, day)
    read = {story_id: version for ids in wanted.values() for story_id, version in ids.items()}
    stored = [story for story in read_stories(nw, of_one_day(day, wanted)) if story.raw]
    lost_files: set[str] = set()
    found = [
        pair
        for at in range(0, len(stored), STORIES_AT_ONCE)
        for pair in asyncio.run(_extract(nw, stored[at : at + STORIES_AT_ONCE], lost_files))
    ]
    changed = [new for old, new in found if new and new != old]
    moved = {story.day for story in changed} - {day}
    batch = nw.new_batch("reextract", run_id)
    files = write_stories(nw, batch, changed)
    texts = {s.story_id: NewText(s.story_id, read[s.story_id].batch_id, stored_text(s, batch)) for s in changed}
    with nw.writing() as connection:
        days.lock(connection, day)
        replaced = stories.replace_text(connection, list(texts.values()))
        places = [(story_id, texts[story_id].text) for story_id in sorted(replaced)]
        numbered = [Revision(i, read[i].number, batch.committed_at, text.batch_id, text.path) for i, text in places]
        revisions.add(connection, numbered)
        days.thaw_lines(connection, day)
        if files:
            commit(connection, batch, files, Outcomes())
        days.mark_dirty(connection, {day} | moved)
    failed = sum(new is None for _, new in found)
    log.info("day extracted anew", day=str(day), stories=len(stored), changed=len(changed), failed=failed)
    return ReextractReport(len(stored), len(changed), failed, tuple(sorted(moved)), tuple(sorted(lost_files)))


async def _extract(nw: Newswatch, stored: Sequence[Story], lost_files: set[str]) -> list[tuple[Story, Story | None]]:
    turns = asyncio.Semaphore(2 * nw.settings.parse_workers)  # bodies in memory at once
    return await asyncio.gather(*(_extract_one(nw, turns, story, lost_files) for story in stored))


async def _extract_one(
    nw: Newswatch, turns: asyncio.Semaphore, story: Story, lost_files: set[str]
) -> tuple[Story, Story | None]:
    raw = story.raw
    assert raw is not None
    try:
        async with turns:
            decode = partial(warc.read, max_bytes=nw.settings.max_page_bytes)
            url, content_type, body = await asyncio.to_thread(
                nw.store.load_part, raw.path, raw.offset, raw.length, decode
            )
            page = await nw.parsers.page(body, url=url, content_type=content_type)
    except (MissingFile, ParseFailed) as error:
        if isinstance(error, MissingFile):
            lost_files.add(raw.path)
        log.warning("story not extracted anew", url=story.canonical_url, reason=str(error))
        return story, None
    return story, reassemble(story, FetchedPage(url, page, raw), nw.feed_of(story.feed_id), nw.settings.tz)
