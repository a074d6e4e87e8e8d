"""Visit: look again at the pages of stories that matched, and keep what was changed in silence as a new revision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Container, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import date

from newswatch.errors import MissingFile, ParseFailed
from newswatch.ledger import days, hosts, revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.revisions import Visit
from newswatch.net.client import Fetcher, Request
from newswatch.net.messages import Failure, Response
from newswatch.pages.model import ExtractedPage
from newswatch.pipeline.batching import Gathering
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import PAGE_TYPES, feed_of
from newswatch.pipeline.story_files import Row, read_stories, revision, text_columns, validators_of, write_stories
from newswatch.sandbox.pool import Sandbox
from newswatch.storage.warc import WarcBuffer
from newswatch.stories import edits
from newswatch.stories.assemble import Fetched, read_again
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, leads_nowhere, names_of


@dataclass(slots=True)
class VisitReport:
    """What the visits found, by outcome."""

    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Visited:
    """A visit after its request. `outcome` None: it came to nothing, as where its host is paused."""

    visit: Visit
    story: Row
    outcome: str | None
    detail: str = ""
    answer: Response | None = None
    page: ExtractedPage | None = None

    @property
    def story_id(self) -> str:
        return self.visit.story_id

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
        stored = await asyncio.to_thread(self._read, due)
        gathering = Gathering[_Visited](lambda visited: visited.byte_count)
        for visit in due:
            if visit.story_id in stored:
                gathering.start(_look(self._nw, fetcher, sandbox, visit, stored[visit.story_id]))
        async with aclosing(gathering.batches(time.monotonic() + self._seconds)) as batches:
            async for visited in batches:
                await asyncio.to_thread(self._commit, visited)

    def _read(self, due: Sequence[Visit]) -> dict[str, Row]:
        """The stories as they were read last. One whose file is lost is visited no more: nothing is left to compare."""
        stored: dict[str, Row] = {}
        for path in sorted({visit.path for visit in due}):
            try:
                rows = read_stories(self._nw, {path: [v.story_id for v in due if v.path == path]})
            except MissingFile:
                log.error("stories file lost", path=path)
            else:
                stored |= {row["story_id"]: row for row in rows}
        lost = [visit for visit in due if visit.story_id not in stored]
        with self._nw.ledger.begin() as connection:
            ended = [{"of_story": v.story_id, "visit_count": v.visit_count, "due_at": None} for v in lost]
            revisions.finish(connection, ended)
        return stored

    def _commit(self, found: Sequence[_Visited]) -> None:
        """Files first, then one transaction that makes them count or leaves everything as it was."""
        nw = self._nw
        batch = nw.new_batch("visit", self._lease.owner)
        today = nw.day_of(batch.committed_at)
        raw_path = f"raw/pages/{today}/{batch.batch_id}.warc.gz"
        raw = WarcBuffer()
        visited = _of_themselves(nw, found)
        edited = {v.story_id: row for v in visited if (row := _edited_row(nw, v, raw, raw_path))}
        files = [nw.write_file(raw_path, raw.content(), raw.count)] if raw.count else []
        files += write_stories(nw, batch, list(edited.values()))
        texts = {story_id: text_columns(row, batch) for story_id, row in edited.items()}
        with nw.ledger.begin() as connection:
            revisions.hold(connection, [v.story_id for v in visited], self._lease)
            replaced = stories.replace_text(connection, [_new_text(v, texts) for v in visited if v.story_id in texts])
            numbered = {v.story_id: v.visit.revision_number + 1 for v in visited}
            kept = [revision(i, numbered[i], texts[i], batch.committed_at) for i in sorted(replaced)]
            revisions.add(connection, kept)
            # One that was read again from its bytes meanwhile is compared with that, later.
            crossed = texts.keys() - replaced
            visited = [replace(v, outcome=None) if v.story_id in crossed else v for v in visited]
            revisions.finish(connection, [_next(v, nw) for v in visited])
            outcomes = _outcomes(visited, replaced, today)
            commit(connection, batch, files, outcomes)
            dirty = {edited[story_id]["day"] for story_id in replaced} | ({today} if outcomes.counts else set())
            days.mark_dirty(connection, dirty)
        self._total.counts.update(outcomes.counts)
        log.info("pages visited", pages=len(visited), edited=len(replaced), outcomes=outcomes.totals("visit"))


def _new_text(v: _Visited, texts: Mapping[str, Row]) -> Row:
    """What changes in the ledger for a story that was edited."""
    of_story = {"of_story": v.story_id, "was_path": v.visit.path, "revision_number": v.visit.revision_number + 1}
    return texts[v.story_id] | validators_of(v.answer) | of_story


def _outcomes(visited: Sequence[_Visited], replaced: Container[str], today: date) -> Outcomes:
    outcomes = Outcomes()
    for v in visited:
        outcome = v.outcome if v.outcome != "ok" else "edited" if v.story_id in replaced else "unchanged"
        if outcome:
            outcomes.add("visit", outcome, v.story["feed_id"], today, (v.detail or v.visit.url)[:300])
    return outcomes


def _of_themselves(nw: Newswatch, visited: Sequence[_Visited]) -> list[_Visited]:
    """The visits; one that ended at an address by which another story is known has found that one."""
    names = {
        v.story_id: names_of(v.page.canonical_url or canonical_url(v.answer.url))
        for v in visited
        if v.page and v.answer
    }
    with nw.ledger.begin() as connection:
        story_of = stories.known_urls(connection, [name for of_page in names.values() for name in of_page])

    def is_another(v: _Visited) -> bool:
        known = (story_of[name] for name in names.get(v.story_id, ()) if name in story_of)
        return next(known, v.story_id) != v.story_id

    return [replace(v, outcome="another_story", page=None) if is_another(v) else v for v in visited]


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
        if leads_nowhere(visit.url, answer.url):
            return _Visited(visit, story, "no_story", f"redirected to {answer.url}, where many stories would end")
        content_type = sanitise.line(answer.header("Content-Type") or "")
        with fetcher.backlog.holding(answer):
            page = await sandbox.page(answer.body, url=answer.url, content_type=content_type)
        if page.is_partial and not story["is_partial"]:
            return _Visited(visit, story, "partial")  # as behind a paywall that closed meanwhile
        return _Visited(visit, story, "ok", answer=answer, page=page)
    except ParseFailed as error:
        return _Visited(visit, story, error.reason, error.detail)
    except Exception as error:
        log.exception("visit failed", url=visit.url)
        return _Visited(visit, story, "failed", sanitise.line(f"{type(error).__name__}: {error}"))


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


def _next(v: _Visited, nw: Newswatch) -> Row:
    """The visit's new state: the next one of its row, or, where this one came to nothing, the same one in an hour."""
    made = v.visit.visit_count + (v.outcome is not None)
    due_at = edits.next_visit_at(made, v.visit.began_at)
    if v.outcome is None:
        due_at = edits.later(nw.clock())
    return {"of_story": v.story_id, "visit_count": made, "due_at": due_at}
