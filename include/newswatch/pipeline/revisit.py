"""Revisit: look again at stories that matched or that are listed with other words; edits become new revisions."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from newswatch.errors import MissingFile, ParseFailed
from newswatch.feeds.model import Entry
from newswatch.ledger import days, revisions, stories
from newswatch.ledger.batches import Batch, Outcomes, commit
from newswatch.ledger.leases import VISITS, Lease
from newswatch.ledger.revisions import Revision, Visit, VisitState
from newswatch.ledger.stories import NewText
from newswatch.net.client import Client, Request
from newswatch.net.messages import Failure, Response
from newswatch.pages.model import ExtractedPage
from newswatch.pipeline.credentials import credentials
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import PAGE_TYPES, entry_texts, parse_page
from newswatch.pipeline.session import NetworkSession, NetworkVerb
from newswatch.pipeline.story_files import read_stories, stored_text, validators_of, write_stories
from newswatch.storage import paths
from newswatch.storage.warc import WarcBuffer
from newswatch.stories import edits
from newswatch.stories.assemble import FetchedPage, reassemble, relist, with_time_of
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
class _Job:
    """A visit that is due. `entry`: with the words that its feed lists now; None: those of before."""

    visit: Visit
    story: Story  # as it was read last
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class _Visited:
    """A visit after its request. `outcome` None: it came to nothing, as where its host is paused."""

    job: _Job
    outcome: str | None
    detail: str = ""
    is_transient: bool = False
    answer: Response | None = None
    page: ExtractedPage | None = None

    @property
    def visit(self) -> Visit:
        return self.job.visit

    @property
    def story(self) -> Story:
        return self.job.story

    @property
    def story_id(self) -> str:
        return self.visit.story_id


class _Revisit(NetworkVerb[_Job, _Visited]):
    """What is particular to revisiting pages; the session does the rest."""

    what = "pages revisited"
    leased = VISITS
    obeys_robots = True
    top_up = 0

    def __init__(self, nw: Newswatch, shard: int, shards: int) -> None:
        self._nw = nw
        self._shard = (shard, shards)
        self.seconds = nw.settings.fetch_budget_seconds / 2  # new stories come first

    def claim(self, lease: Lease) -> tuple[list[_Job], list[_Visited]]:
        """Visits that are due, and those of stories without a page, which need no request.

        One whose story's file is lost is made no more: nothing is left to compare.
        """
        nw, jobs, lost = self._nw, [], []
        with nw.ledger.begin() as connection:
            due = revisions.claim(connection, *self._shard, nw.settings.visit_cap, lease, nw.clock())
        entries = _listed_entries(nw, due)
        for path, of_path in groupby(sorted(due, key=lambda visit: visit.path), key=lambda visit: visit.path):
            visits = list(of_path)
            try:
                known = {
                    story.story_id: story for story in read_stories(nw, {path: {v.story_id: v.day for v in visits}})
                }
            except MissingFile:
                log.error("stories file lost", path=path)
                known = {}
            jobs += [_Job(v, known[v.story_id], entries.get(v.story_id)) for v in visits if v.story_id in known]
            lost += [v.state for v in visits if v.story_id not in known]
        if lost:
            with nw.ledger.begin() as connection:
                revisions.finish(
                    connection, [(state, replace(state, due_at=None, listed_due_at=None)) for state in lost]
                )
        return [job for job in jobs if job.visit.url], [_Visited(job, "ok") for job in jobs if not job.visit.url]

    async def request(self, client: Client, job: _Job) -> _Visited:
        return await _ask(self._nw, client, job)

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
            now_known = [(v, edited.get(v.story_id, v.story)) for v in visited]
            revisions.finish(connection, [(v.visit.state, _next(v, story, nw, replaced)) for v, story in now_known])
            outcomes = _outcomes(visited, replaced, today)
            commit(connection, batch, files, outcomes)
            dirty = {edited[story_id].day for story_id in replaced} | ({today} if outcomes.counts else set())
            days.mark_dirty(connection, dirty)
        log.info("pages visited", pages=len(visited), edited=len(replaced), outcomes=outcomes.totals("visit"))
        return outcomes

    def failed(self, result: _Visited, error: Exception) -> _Visited:
        return _Visited(result.job, "failed", sanitise.line(str(error)))

    def byte_count(self, result: _Visited) -> int:
        return len(result.answer.raw_body) if result.answer else 0


def _listed_entries(nw: Newswatch, due: Sequence[Visit]) -> dict[str, Entry]:
    """Of each story that was listed with other words, the entry with these."""
    wanted = {v.story_id: (v.entry_path, v.entry) for v in due if v.state.listed_due_at and v.entry and v.entry_path}
    texts = {path: entry_texts(nw, path) for path in sorted({path for path, _ in wanted.values()})}
    found = {story_id: texts[path].get(key) for story_id, (path, key) in wanted.items()}
    return {story_id: seen.entry for story_id, seen in found.items() if seen}


def _new_text(v: _Visited, story: Story, batch: Batch) -> NewText:
    """What changes in the ledger for a story that was edited."""
    number = v.visit.revision_number + 1
    validators = validators_of(v.answer) if v.answer else None
    return NewText(v.story_id, v.visit.batch_id, stored_text(story, batch), number, validators)


def _revision(new: NewText, batch: Batch) -> Revision:
    assert new.revision_number is not None
    return Revision(new.story_id, new.revision_number, batch.committed_at, new.text.batch_id, new.text.path)


def _outcomes(visited: Sequence[_Visited], replaced: Container[str], today: date) -> Outcomes:
    outcomes = Outcomes()
    for v in visited:
        outcome = "edited" if v.story_id in replaced else "unchanged" if v.outcome == "ok" else v.outcome
        if outcome:
            outcomes.add("visit", outcome, v.story.feed_id, today, (v.detail or v.story.canonical_url)[:300])
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


async def _ask(nw: Newswatch, client: Client, job: _Job) -> _Visited:
    """One conditional request. A fault of ours costs this visit, not its neighbours."""
    url = job.visit.url
    assert url is not None
    try:
        answer = await _answer(nw, client, url, job)
        if isinstance(answer, Failure):
            outcome = None if answer.outcome == "host_paused" else answer.outcome
            return _Visited(job, outcome, answer.detail, answer.is_transient)
        if answer.status == 304:
            return _Visited(job, "not_modified")
        if failure := answer.failure(nw.clock()):
            return _Visited(job, failure.outcome, failure.detail, failure.is_transient)
        if leads_nowhere(url, answer.url):
            return _Visited(job, "no_story", f"redirected to {answer.url}, where many stories would end")
        page = await parse_page(nw, client, answer)
        if page.is_partial and not job.story.is_partial:
            return _Visited(job, "partial")  # as behind a paywall that closed meanwhile
        return _Visited(job, "ok", answer=answer, page=page)
    except ParseFailed as error:
        return _Visited(job, None if error.reason == "busy" else error.reason, error.detail)
    except Exception as error:
        log.exception("visit failed", url=url)
        return _Visited(job, "failed", sanitise.line(f"{type(error).__name__}: {error}"))


async def _answer(nw: Newswatch, client: Client, url: str, job: _Job) -> Response | Failure:
    feed, visit = nw.feed_of(job.story.feed_id), job.visit
    agreed = credentials(url, [feed])
    if isinstance(agreed, Failure):
        return agreed
    asked = {"If-None-Match": visit.etag, "If-Modified-Since": visit.last_modified}
    headers = {"Accept": PAGE_TYPES} | {name: value for name, value in asked.items() if value}
    request = Request(url, nw.settings.max_page_bytes, headers, feed.allow_private, feed.ports, obeys_robots=True)
    return await client.get(replace(request, credentials=agreed))


def _edited(nw: Newswatch, v: _Visited, raw: WarcBuffer, raw_path: str) -> Story | None:
    """The story as it reads now, its bytes put into `raw`; None where nothing was changed. It keeps its day."""
    was, feed = v.story, nw.feed_of(v.story.feed_id)
    if v.outcome not in ("ok", "not_modified"):
        return None
    entry = v.job.entry
    publisher = entry and nw.outlets.of_entry(entry, nw.feed_of(entry.feed_id), v.visit.url)
    is_own = publisher == was.outlet  # no other outlet's words
    story = relist(was, entry, feed, nw.settings.tz) if entry and is_own else was
    if v.page and v.answer:
        fetched = FetchedPage(v.answer.url, v.page, RawRecord(raw_path, 0, 0))
        story = with_time_of(reassemble(story, fetched, feed, nw.settings.tz, read_at=nw.clock()), was)
    if not edits.changes(was, story):
        return None
    return replace(story, raw=RawRecord(raw_path, *raw.add(v.answer))) if v.answer else story


def _next(v: _Visited, story: Story, nw: Newswatch, replaced: Container[str]) -> VisitState:
    """Of which visits the story, as it is known now, is due next. What came to nothing is made again in an hour."""
    state, now = v.visit.state, nw.clock()
    if state.due_at and state.due_at <= now:
        made, began_at = state.visit_count + (v.outcome is not None), v.visit.began_at or now
        claims = v.page.claims if v.page else story.claims or ()
        is_soon = v.outcome is None or edits.is_running(claims, story.updated_at, began_at, now)
        due_at = edits.later(now) if is_soon else edits.next_visit_at(made, began_at)
        state = replace(state, visit_count=made, due_at=due_at)
    if state.listed_due_at and v.outcome is None:
        return replace(state, listed_due_at=edits.later(now))
    if state.listed_due_at and state.listed_due_at <= now:
        today = nw.day_of(now)
        count = 1 + (state.listed_count if state.listed_day == today else 0)
        is_again = count < edits.LISTED_VISITS_A_DAY and v.story_id not in replaced and _is_unsettled(v)
        due_at = edits.later(now) if is_again else None
        state = replace(state, listed_due_at=due_at, listed_day=today, listed_count=count)
    return state


def _is_unsettled(v: _Visited) -> bool:
    """Whether a page that its feed lists with other words may still come to say them: it failed, or is behind."""
    is_behind = bool(v.job.entry and v.visit.url and edits.is_behind(v.story, v.job.entry.title))
    return v.is_transient or (v.outcome in ("ok", "not_modified") and is_behind)
