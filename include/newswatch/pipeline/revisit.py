"""Revisit: ask again for the pages of stories that matched, and keep what was changed in silence as a new revision."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from newswatch.errors import MissingFile, ParseFailed
from newswatch.ledger import days, revisions, stories
from newswatch.ledger.batches import Batch, Outcomes, commit
from newswatch.ledger.leases import VISITS, Lease
from newswatch.ledger.revisions import Revision, Visit, VisitEnd
from newswatch.ledger.stories import NewText
from newswatch.net.client import Client, Request
from newswatch.net.messages import Failure, Response
from newswatch.pages.model import ExtractedPage
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import PAGE_TYPES, parse_page
from newswatch.pipeline.session import NetworkSession, NetworkVerb
from newswatch.pipeline.story_files import read_stories, stored_text, validators_of, write_stories
from newswatch.storage import paths
from newswatch.storage.warc import WarcBuffer
from newswatch.stories import edits
from newswatch.stories.assemble import FetchedPage, reassemble
from newswatch.stories.story import RawRecord, Story
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, leads_nowhere, names_of


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What the visits found, by outcome."""

    outcomes: dict[str, int]


def visit_due(nw: Newswatch, run_id: str, *, shard: int = 0, shards: int = 1) -> VisitReport:
    """Make the visits of this shard's hosts that are due, at most `visit_cap` of them.

    Raises LeaseLost where another try of the same run took over; TransientError where store or ledger fail.
    """
    session = NetworkSession(nw, run_id)
    session.run(_Revisit(nw, shard, shards))
    return VisitReport(session.outcomes.totals("visit"))


@dataclass(frozen=True, slots=True)
class _Visited:
    """A visit after its request. `outcome` None: it came to nothing, as where its host is paused."""

    visit: Visit
    story: Story  # as it was read last
    outcome: str | None
    detail: str = ""
    answer: Response | None = None
    page: ExtractedPage | None = None

    @property
    def story_id(self) -> str:
        return self.visit.story_id


class _Revisit(NetworkVerb[tuple[Visit, Story], _Visited]):
    """What is particular to revisiting pages; the session does the rest."""

    leased = VISITS
    obeys_robots = True
    top_up = 0

    def __init__(self, nw: Newswatch, shard: int, shards: int) -> None:
        self._nw = nw
        self._shard = (shard, shards)
        self.seconds = nw.settings.fetch_budget_seconds / 2  # new stories come first

    def claim(self, lease: Lease) -> tuple[list[tuple[Visit, Story]], list[_Visited]]:
        """Visits that are due. One whose story's file is lost is made no more: nothing is left to compare."""
        nw, jobs, lost = self._nw, [], []
        with nw.ledger.begin() as connection:
            due = revisions.claim(connection, *self._shard, nw.settings.visit_cap, lease, nw.clock())
        for path, of_path in groupby(sorted(due, key=lambda visit: visit.path), key=lambda visit: visit.path):
            visits = list(of_path)
            try:
                known = {
                    story.story_id: story for story in read_stories(nw, {path: {v.story_id: v.day for v in visits}})
                }
            except MissingFile:
                log.error("stories file lost", path=path)
                known = {}
            jobs += [(visit, known[visit.story_id]) for visit in visits if visit.story_id in known]
            lost += [VisitEnd(v.story_id, v.visit_count, None) for v in visits if v.story_id not in known]
        if lost:
            with nw.ledger.begin() as connection:
                revisions.finish(connection, lost)
        return jobs, []

    async def request(self, client: Client, job: tuple[Visit, Story]) -> _Visited:
        return await _ask(self._nw, client, *job)

    def commit(self, results: Sequence[_Visited], lease: Lease) -> Outcomes:
        nw = self._nw
        batch = nw.new_batch("visit", lease.run_id)
        today = nw.day_of(batch.committed_at)
        raw, raw_path = WarcBuffer(), paths.raw_pages(today, batch.batch_id)
        visited = _of_themselves(nw, results)
        edited = {v.story_id: story for v in visited if (story := _edited(nw, v, raw, raw_path))}
        files = [nw.write_file(raw_path, raw.content(), raw.count)] if raw.count else []
        files += write_stories(nw, batch, list(edited.values()))
        texts = {v.story_id: _new_text(v, edited[v.story_id], batch) for v in visited if v.story_id in edited}
        with nw.writing() as connection:
            VISITS.hold(connection, [v.story_id for v in visited], lease)
            replaced = stories.replace_text(connection, list(texts.values()))
            revisions.add(connection, [_revision(texts[story_id], batch) for story_id in sorted(replaced)])
            # One that was reextracted from its bytes meanwhile is compared with that, later.
            crossed = texts.keys() - replaced
            visited = [replace(v, outcome=None) if v.story_id in crossed else v for v in visited]
            revisions.finish(connection, [_next(v, nw) for v in visited])
            outcomes = _outcomes(visited, replaced, today)
            commit(connection, batch, files, outcomes)
            dirty = {edited[story_id].day for story_id in replaced} | ({today} if outcomes.counts else set())
            days.mark_dirty(connection, dirty)
        log.info("pages visited", pages=len(visited), edited=len(replaced), outcomes=outcomes.totals("visit"))
        return outcomes

    def failed(self, result: _Visited, error: Exception) -> _Visited:
        return _Visited(result.visit, result.story, "failed", sanitise.line(str(error)))

    def byte_count(self, result: _Visited) -> int:
        return len(result.answer.raw_body) if result.answer else 0


def _new_text(v: _Visited, story: Story, batch: Batch) -> NewText:
    """What changes in the ledger for a story that was edited."""
    number = v.visit.revision_number + 1
    return NewText(v.story_id, v.visit.path, stored_text(story, batch), number, validators_of(v.answer))


def _revision(new: NewText, batch: Batch) -> Revision:
    assert new.revision_number is not None
    return Revision(new.story_id, new.revision_number, batch.committed_at, new.text.batch_id, new.text.path)


def _outcomes(visited: Sequence[_Visited], replaced: Container[str], today: date) -> Outcomes:
    outcomes = Outcomes()
    for v in visited:
        outcome = v.outcome if v.outcome != "ok" else "edited" if v.story_id in replaced else "unchanged"
        if outcome:
            outcomes.add("visit", outcome, v.story.feed_id, today, (v.detail or v.visit.url)[:300])
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
    return [
        replace(v, outcome="another_story", page=None) if _is_another(v, names.get(v.story_id, ()), story_of) else v
        for v in visited
    ]


def _is_another(v: _Visited, names: Sequence[str], story_of: Mapping[str, str]) -> bool:
    return next((story_of[name] for name in names if name in story_of), v.story_id) != v.story_id


async def _ask(nw: Newswatch, client: Client, visit: Visit, story: Story) -> _Visited:
    """One conditional request. A fault of ours costs this visit, not its neighbours."""
    try:
        answer = await client.get(_request(nw, visit, story))
        if isinstance(answer, Failure):
            return _Visited(visit, story, None if answer.outcome == "host_paused" else answer.outcome, answer.detail)
        if answer.status == 304:
            return _Visited(visit, story, "not_modified")
        if failure := answer.failure(nw.clock()):
            return _Visited(visit, story, failure.outcome, failure.detail)
        if leads_nowhere(visit.url, answer.url):
            return _Visited(visit, story, "no_story", f"redirected to {answer.url}, where many stories would end")
        page = await parse_page(nw, client, answer)
        if page.is_partial and not story.is_partial:
            return _Visited(visit, story, "partial")  # as behind a paywall that closed meanwhile
        return _Visited(visit, story, "ok", answer=answer, page=page)
    except ParseFailed as error:
        return _Visited(visit, story, error.reason, error.detail)
    except Exception as error:
        log.exception("visit failed", url=visit.url)
        return _Visited(visit, story, "failed", sanitise.line(f"{type(error).__name__}: {error}"))


def _request(nw: Newswatch, visit: Visit, story: Story) -> Request:
    feed = nw.feed_of(story.feed_id)
    asked = {"If-None-Match": visit.etag, "If-Modified-Since": visit.last_modified}
    headers = {"Accept": PAGE_TYPES} | {name: value for name, value in asked.items() if value}
    return Request(visit.url, nw.settings.max_page_bytes, headers, feed.allow_private, feed.ports, obeys_robots=True)


def _edited(nw: Newswatch, v: _Visited, raw: WarcBuffer, raw_path: str) -> Story | None:
    """The story as it reads now, its bytes put into `raw`; None where nothing was changed. It keeps its day."""
    if v.page is None or v.answer is None:
        return None
    was = v.story
    fetched = FetchedPage(v.answer.url, v.page, RawRecord(raw_path, 0, 0))
    story = replace(
        reassemble(was, fetched, nw.feed_of(was.feed_id), nw.settings.tz),
        day=was.day,
        published_at=was.published_at,
        published_at_source=was.published_at_source,
        is_day_only=was.is_day_only,
    )
    return replace(story, raw=RawRecord(raw_path, *raw.add(v.answer))) if edits.changes(was, story) else None


def _next(v: _Visited, nw: Newswatch) -> VisitEnd:
    """The visit's new state: the next one of its row, or, where this one came to nothing, the same one in an hour."""
    made = v.visit.visit_count + (v.outcome is not None)
    due_at = edits.later(nw.clock()) if v.outcome is None else edits.next_visit_at(made, v.visit.began_at)
    return VisitEnd(v.story_id, made, due_at)
