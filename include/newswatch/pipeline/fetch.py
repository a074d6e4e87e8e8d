"""Fetch: pending entries → pages kept, stories made. What cannot be had stays pending or keeps the feed's own text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newswatch.ledger import days, pending, revisions, stories
from newswatch.ledger.batches import Batch, BatchFile, Outcomes, commit
from newswatch.ledger.leases import ENTRIES, Lease
from newswatch.ledger.pending import EntryEnd, Share
from newswatch.ledger.revisions import PlannedVisit
from newswatch.ledger.stories import NewStory
from newswatch.net.client import Client
from newswatch.pages.time_precedence import is_far
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import FetchResult, PageJob, fetch_page, make_jobs
from newswatch.pipeline.session import NetworkSession, NetworkVerb
from newswatch.pipeline.shared_links import SHARED_LINK, told_apart
from newswatch.pipeline.story_files import first_revision, new_story, write_stories
from newswatch.storage import paths
from newswatch.storage.warc import WarcBuffer
from newswatch.stories import edits
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord, Story
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, host_of, names_of

EVERYTHING_POLLED = Share()
ENTRIES_A_CLAIM = 400  # more are taken as soon as fewer than half of them run


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What one fetch did: outcomes of its pages, stories added, days made dirty, whether entries were left."""

    page_outcomes: dict[str, int]
    story_count: int
    dirty_days: frozenset[date]
    is_out_of_time: bool


@dataclass(frozen=True, slots=True)
class CommittedPages:
    """What one commit of pages did."""

    outcomes: Outcomes
    story_count: int
    dirty_days: set[date]


def fetch_pending(nw: Newswatch, run_id: str, share: Share = EVERYTHING_POLLED) -> FetchReport:
    """Drain the pending entries of the share until none is left or the budget is used up.

    Raises LeaseLost where another try of the same run took over; TransientError where store or ledger fail.
    """
    session, verb = NetworkSession(nw, run_id), _Fetch(nw, share)
    session.run(verb)
    return FetchReport(session.outcomes.totals("page"), verb.story_count, frozenset(verb.dirty), session.is_out_of_time)


class _Fetch(NetworkVerb[PageJob, FetchResult]):
    """What is particular to fetching pages; the session does the rest."""

    what = "entries read"
    leased = ENTRIES
    obeys_robots = True
    top_up = ENTRIES_A_CLAIM // 2

    def __init__(self, nw: Newswatch, share: Share) -> None:
        self._nw = nw
        self._share = share
        self.seconds = nw.settings.fetch_budget_seconds
        self.story_count = 0
        self.dirty: set[date] = set()

    def claim(self, lease: Lease) -> tuple[list[PageJob], list[FetchResult]]:
        """A claim of entries as jobs, and those whose address is known: they end without a request."""
        nw = self._nw
        with nw.ledger.begin() as connection:
            if self.total is None:
                self.total = pending.pending_count(connection, self._share, nw.clock())
            claimed = pending.claim_pending(connection, self._share, ENTRIES_A_CLAIM, lease, nw.clock())
            jobs = make_jobs(nw, claimed)
            names = [name for job in jobs if job.address for name in names_of(job.address)]
            story_of = stories.known_urls(connection, names)
            without_page = stories.words_behind(connection, story_of.values())
        known, asked = [], []
        for job in jobs:
            story_id = _story_at(story_of, job.address) if job.address else None
            if story_id in without_page:
                known.append(FetchResult(job, SHARED_LINK))
            elif story_id:
                known.append(FetchResult(job, "same_story", known_as=story_id))
            else:
                asked.append(job)
        return asked, known

    async def request(self, client: Client, job: PageJob) -> FetchResult:
        return await fetch_page(self._nw, client, job)

    def commit(self, results: Sequence[FetchResult], lease: Lease) -> Outcomes:
        committed = commit_pages(self._nw, results, lease)
        self.story_count += committed.story_count
        self.dirty |= committed.dirty_days
        return committed.outcomes

    def failed(self, result: FetchResult, error: Exception) -> FetchResult:
        return FetchResult(result.job, "failed", sanitise.line(str(error)))

    def work_count(self, result: FetchResult) -> int:
        return len(result.job.entries)

    def byte_count(self, result: FetchResult) -> int:
        return result.byte_count


def commit_pages(nw: Newswatch, results: Sequence[FetchResult], lease: Lease) -> CommittedPages:
    """Write the pages' bytes and stories, then one transaction, fenced by the lease on their entries, that counts them.

    Raises LeaseLost, TransientError, and RefusedByLedger where the ledger does not take something of it.
    """
    results = told_apart(nw, results)
    batch = nw.new_batch("fetch", lease.run_id)
    fetch_day = nw.day_of(batch.committed_at)
    raw, raw_path = WarcBuffer(), paths.raw_pages(fetch_day, batch.batch_id)
    made = _Made({id(r): story for r in results if (story := _story(nw, r, raw, raw_path))})
    with nw.writing() as connection:
        ENTRIES.hold(connection, [key for r in results for key in r.job.keys], lease)
        made.settle(stories.known_urls(connection, made.names))
        files = _write(nw, batch, raw, raw_path, made.fresh)
        answers = {story_id: r.answer for r in results if r.page and (story_id := made.id_of(r))}
        links = {made.id_of(r): r.shares_link_with for r in results if made.is_first(r)}
        new = [
            replace(new_story(story, batch, answers.get(id_)), link_story_id=links[id_])
            for id_, story in sorted(made.fresh.items())
        ]
        added = stories.add(connection, new)
        revisions.add(connection, [first_revision(story) for story in new if story.story_id in added])
        outcomes = Outcomes()
        for result in results:
            is_first = made.is_first(result) and made.id_of(result) in added
            story = made.stories.get(id(result))
            _count(outcomes, result, fetch_day, story if is_first else None, is_story=story is not None)
        stories.add_aliases(connection, _aliases(results, made))
        pending.finish_entries(connection, [end for r in results for end in _entry_ends(r, made.id_of(r))])
        commit(connection, batch, files, outcomes)
        revisions.plan_visits(connection, _visits_of_live(nw, (s for s in new if s.story_id in added), made.fresh))
        dirty = {story.day for id_, story in made.fresh.items() if id_ in added} | {fetch_day}
        days.mark_dirty(connection, dirty)
    log.info("pages fetched", pages=len(results), stories_new=len(added), outcomes=outcomes.totals("page"))
    return CommittedPages(outcomes, len(added), dirty)


class _Made:
    """The stories that a batch of results makes (by the result's identity), and under which ids they are known."""

    def __init__(self, stories_of: Mapping[int, Story]) -> None:
        self.stories = stories_of
        self._ids: dict[int, str] = {}
        self.fresh: dict[str, Story] = {}  # those that are new, by id

    @property
    def names(self) -> list[str]:
        """Every name under which one of them may be known."""
        return [name for story in self.stories.values() for name in names_of(story.canonical_url)]

    def settle(self, known: Mapping[str, str]) -> None:
        """Give each the id under which its address, or a twin, is known; the first of an address is the new story."""
        story_of = dict(known)
        for key, story in self.stories.items():
            before = _story_at(story_of, story.canonical_url)
            if not before:
                self.fresh[story.story_id] = story
            self._ids[key] = before or story.story_id
            names = names_of(story.canonical_url)
            story_of |= {name: self._ids[key] for name in names if name not in story_of}

    def id_of(self, result: FetchResult) -> str | None:
        """The id of the story that the result made; None: it made none."""
        return self._ids.get(id(result))

    def is_first(self, result: FetchResult) -> bool:
        """Whether the new story is this result's own."""
        story = self.stories.get(id(result))
        return story is not None and self.fresh.get(self._ids[id(result)]) is story


def _story_at(story_of: Mapping[str, str], address: str) -> str | None:
    return next((story_of[name] for name in names_of(address) if name in story_of), None)


def _story(nw: Newswatch, result: FetchResult, raw: WarcBuffer, raw_path: str) -> Story | None:
    """The story that the job makes, its bytes put into `raw`; None where it makes none, or none yet."""
    record = RawRecord(raw_path, *raw.add(result.answer)) if result.answer else None
    if result.known_as or result.retry_at:
        return None
    fetched = FetchedPage(result.answer.url, result.page, record) if result.answer and result.page and record else None
    seen = result.job.entries[0]
    shares_link = result.shares_link_with is not None
    feed = nw.outlets.as_publisher(seen.entry, nw.feed_of(seen.entry.feed_id), fetched.url if fetched else None)
    story = assemble(seen, feed, fetched, nw.settings.tz, shares_link=shares_link)
    # The day of its first sight is that of no story of the past.
    return None if story and story.via and story.published_at is None else story


def _write(nw: Newswatch, batch: Batch, raw: WarcBuffer, raw_path: str, fresh: Mapping[str, Story]) -> list[BatchFile]:
    """The bytes, and the stories made of them."""
    files = [nw.write_file(raw_path, raw.content(), raw.count)] if raw.count else []
    return files + write_stories(nw, batch, list(fresh.values()))


def _count(outcomes: Outcomes, result: FetchResult, day: date, new: Story | None, *, is_story: bool) -> None:
    """One outcome an entry: the first that brought a story (`new`) counts as read, others as leading to the same.

    `is_story`: whether a story was made of it at all.
    """
    if result.outcome is None:
        return
    for lost in result.job.lost:
        outcomes.add("file", lost.outcome, lost.feed_id, day, lost.detail[:300])
    for number, seen in enumerate(result.job.entries):
        outcome, detail = result.outcome, result.detail or result.job.address or ""
        if outcome == "ok" and not is_story:
            outcome = "undated"
        elif outcome == "ok" and (number > 0 or new is None):
            outcome = "same_story"
        elif (
            outcome == "ok"
            and new
            and is_far(new.published_at, seen.entry.published_at, None if seen.via else seen.first_seen_at)
        ):
            outcome, detail = "far_date", f"{new.published_at:%Y-%m-%d} by {new.published_at_source}: {detail}"
        outcomes.add("page", outcome, seen.entry.feed_id, day, detail[:300])


def _visits_of_live(nw: Newswatch, added: Iterable[NewStory], fresh: Mapping[str, Story]) -> list[PlannedVisit]:
    """First visits of live blogs, whether they match a topic or not: what they say of one is yet to be written."""
    now = nw.clock()
    return [
        PlannedVisit(new.story_id, host_of(new.page_url), now, edits.later(now))
        for new in added
        if new.page_url and edits.is_running(fresh[new.story_id].claims or (), fresh[new.story_id].updated_at, now, now)
    ]


def _aliases(results: Sequence[FetchResult], made: _Made) -> dict[str, str]:
    """Every address that a story was met under, with their twin keys; the story's own come first."""
    story_of: dict[str, str] = {}
    for result in results:
        story = made.stories.get(id(result))
        story_id = made.id_of(result) or result.known_as
        addresses = [story.canonical_url if story else None]
        addresses.append(None if result.shares_link_with else result.job.address)
        addresses.append(canonical_url(result.answer.url) if result.answer and result.page else None)
        if story_id:
            for name in (name for address in addresses if address for name in names_of(address)):
                story_of.setdefault(name, story_id)
    return story_of


def _entry_ends(result: FetchResult, story_id: str | None) -> list[EntryEnd]:
    return [
        EntryEnd(
            feed_id=feed_id,
            entry_key=entry_key,
            attempt_count=result.job.attempt_count + (result.outcome is not None),
            next_attempt_at=result.retry_at,
            story_id=story_id or result.known_as,
        )
        for feed_id, entry_key in result.job.keys
    ]
