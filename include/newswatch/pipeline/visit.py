"""Visit: look again at the pages of stories that matched, and keep what was changed in silence as a new revision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from newswatch import clean, edits
from newswatch.compose import Fetched, read_again
from newswatch.errors import ParseFailed
from newswatch.fetch import Fetcher, Request
from newswatch.ledger import days, hosts, revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.revisions import Visit
from newswatch.model import ExtractedPage, Failure, Response
from newswatch.pipeline.context import Newswatch, log
from newswatch.pipeline.gather import Gathering
from newswatch.pipeline.paged import PAGE_TYPES, feed_of
from newswatch.pipeline.readings import Row, read_stories
from newswatch.pipeline.written import text_columns, validators_of, write_stories
from newswatch.sandbox import Sandbox
from newswatch.warc import WarcBuffer


@dataclass(slots=True)
class VisitReport:
    """What the visits found: outcomes, revisions kept, days made dirty."""

    outcomes: dict[str, int] = field(default_factory=dict)
    revision_count: int = 0
    dirty_days: set[date] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Visited:
    """A visit after its request. `outcome` None: its host is paused, and nothing was asked."""

    visit: Visit
    story: Row
    outcome: str | None
    detail: str = ""
    answer: Response | None = None
    page: ExtractedPage | None = None

    @property
    def byte_count(self) -> int:
        return len(self.answer.raw_body) if self.answer else 0


def visit_due(nw: Newswatch, owner: str, *, shard: int = 0, shards: int = 1) -> VisitReport:
    """Make the visits of this shard's hosts that are due, at most `visit_cap` of them.

    Raises LeaseLost where another try of the same owner took over; TransientError where store or ledger fail.
    """
    return asyncio.run(_Visits(nw, owner, shard, shards).run())


class _Visits:
    def __init__(self, nw: Newswatch, owner: str, shard: int, shards: int) -> None:
        self._nw = nw
        self._shard = (shard, shards)
        self._began = nw.clock()
        self._seconds = nw.settings.fetch_budget_seconds / 2  # new stories come first
        self._lease = nw.lease(owner, self._seconds)
        self._total = Outcomes()
        self._report = VisitReport()

    async def run(self) -> VisitReport:
        nw = self._nw
        with nw.ledger.begin() as connection:
            due = revisions.claim(connection, *self._shard, nw.settings.visit_cap, self._lease, nw.clock())
            memory = hosts.remember(connection, nw.clock(), with_robots=True)
        if not due:
            return self._report
        try:
            async with nw.fetcher(memory) as fetcher, nw.sandbox() as sandbox:
                await self._make(due, fetcher, sandbox)
        finally:
            with nw.ledger.begin() as connection:
                revisions.release(connection, self._lease)
                hosts.save(connection, memory, self._began)
        self._report.outcomes = self._total.totals("visit")
        return self._report

    async def _make(self, due: Sequence[Visit], fetcher: Fetcher, sandbox: Sandbox) -> None:
        wanted: dict[str, list[str]] = {}
        for visit in due:
            wanted.setdefault(visit.path, []).append(visit.story_id)
        stored = {row["story_id"]: row for row in await asyncio.to_thread(read_stories, self._nw, wanted)}
        gathering = Gathering[_Visited](lambda visited: visited.byte_count)
        for visit in due:
            gathering.start(_look(self._nw, fetcher, sandbox, visit, stored[visit.story_id]))
        async with aclosing(gathering.batches(time.monotonic() + self._seconds)) as batches:
            async for visited in batches:
                await asyncio.to_thread(self._commit, visited)

    def _commit(self, visited: Sequence[_Visited]) -> None:
        """Files first, then one transaction that makes them count or leaves everything as it was."""
        nw = self._nw
        batch = nw.new_batch("visit", self._lease.owner)
        today = nw.day_of(batch.committed_at)
        raw_path = f"raw/pages/{today}/{batch.batch_id}.warc.gz"
        raw, outcomes = WarcBuffer(), Outcomes()
        edited: list[tuple[_Visited, Row]] = []
        for v in visited:
            row = _edited_row(nw, v, raw, raw_path)
            if row:
                edited.append((v, row))
            outcome = v.outcome if v.outcome != "ok" else "edited" if row else "unchanged"
            if outcome:
                outcomes.add("visit", outcome, v.story["feed_id"], today, (v.detail or v.visit.url)[:300])
        files = [nw.write_file(raw_path, raw.content(), raw.count)] if raw.count else []
        files += write_stories(nw, batch, [row for _, row in edited])
        with nw.ledger.begin() as connection:
            revisions.hold(connection, [v.visit.story_id for v in visited], self._lease)
            texts = [
                text_columns(row, batch)
                | validators_of(v.answer)
                | {"of_story": v.visit.story_id, "revision_number": v.visit.revision_number + 1}
                for v, row in edited
            ]
            revisions.add(connection, [_revision(text, batch.committed_at) for text in texts])
            stories.replace_text(connection, texts)
            revisions.finish(connection, [_next(v, nw) for v in visited])
            commit(connection, batch, files, outcomes)
            dirty = {row["day"] for _, row in edited} | ({today} if outcomes.counts else set())
            days.mark_dirty(connection, dirty)
        self._total.counts.update(outcomes.counts)
        self._report.revision_count += len(edited)
        self._report.dirty_days |= dirty
        log.info("pages visited", pages=len(visited), edited=len(edited), outcomes=outcomes.totals("visit"))


async def _look(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, visit: Visit, story: Row) -> _Visited:
    """One conditional request. A fault of ours costs this visit, not its neighbours."""
    try:
        answer = await fetcher.get(_request(nw, visit, story))
        if isinstance(answer, Failure):
            return _Visited(visit, story, None if answer.outcome == "host_paused" else answer.outcome, answer.detail)
        if answer.status == 304:
            return _Visited(visit, story, "not_modified")
        if answer.status != 200:
            detail = f"{answer.url} answered {answer.status}"
            return _Visited(visit, story, f"http_{answer.status:03}", detail)
        content_type = clean.line(answer.header("Content-Type") or "")
        with fetcher.backlog.holding(answer):
            page = await sandbox.page(answer.body, url=answer.url, content_type=content_type)
        return _Visited(visit, story, "ok", answer=answer, page=page)
    except ParseFailed as error:
        return _Visited(visit, story, error.reason, error.detail)
    except Exception as error:
        log.exception("visit failed", url=visit.url)
        return _Visited(visit, story, "failed", clean.line(f"{type(error).__name__}: {error}"))


def _request(nw: Newswatch, visit: Visit, story: Row) -> Request:
    feed = feed_of(nw, story)
    asked = {"If-None-Match": visit.etag, "If-Modified-Since": visit.last_modified}
    headers = {"Accept": PAGE_TYPES} | {name: value for name, value in asked.items() if value}
    limit = nw.settings.max_page_bytes
    return Request(visit.url, limit, headers, feed.allow_private, feed.ports, obeys_robots=True)


def _edited_row(nw: Newswatch, v: _Visited, raw: WarcBuffer, raw_path: str) -> Row | None:
    """The story's new row, its bytes put into `raw`; None where nothing was changed. The story keeps its day."""
    if v.page is None or v.answer is None:
        return None
    fetched = Fetched(v.answer.url, v.page, raw_path, 0, 0)
    row = read_again(v.story, fetched, feed_of(nw, v.story), nw.settings.zone)
    kept = ("day", "published_at", "published_at_source", "is_day_only")
    row |= {name: v.story[name] for name in kept}
    if not edits.changes(v.story, row):
        return None
    row["raw_offset"], row["raw_bytes"] = raw.add(v.answer)
    return row


def _revision(text: Row, seen_at: Any) -> Row:
    names = ("batch_id", "path")
    kept = {name: text[name] for name in names}
    return kept | {"story_id": text["of_story"], "number": text["revision_number"], "seen_at": seen_at}


def _next(v: _Visited, nw: Newswatch) -> Row:
    """The visit's new state: the next one of its row, or, where its host is paused, the same one in an hour."""
    made = v.visit.visit_count + (v.outcome is not None)
    due_at = edits.next_visit_at(made, v.visit.began_at)
    if v.outcome is None:
        due_at = edits.later(nw.clock())
    return {"of_story": v.visit.story_id, "visit_count": made, "due_at": due_at}
