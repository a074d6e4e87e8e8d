"""Import of archives: saved pages of the feeds' sites become stories of their days, without asking anybody."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from newswatch.config.catalogue import Feed
from newswatch.errors import ParseFailed
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.history.model import PastEntry, Span
from newswatch.history.selection import Listed
from newswatch.history.site import Site
from newswatch.ledger import schema as t
from newswatch.ledger import stories
from newswatch.ledger.leases import ENTRIES, Lease
from newswatch.pipeline import recover
from newswatch.pipeline.fetch import commit_pages
from newswatch.pipeline.installation import Newswatch
from newswatch.pipeline.page_request import FetchResult, PageJob
from newswatch.pipeline.past_entries import entry_of, note_pages
from newswatch.storage.archives import ArchivedPage, ArchiveReader
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord, Story
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, names_of, resolve, site_of

ARCHIVE = "archive"
PAGES_A_BATCH, BYTES_A_BATCH = 100, 16 << 20
LEASE_SECONDS = 600.0
_NOWHERE = RawRecord("", 0, 0)  # of a page that is only looked at, to tell its day and topics


@dataclass(frozen=True, slots=True)
class ArchiveWanted:
    """What is to be taken from an archive: stories of these feeds (ids, names of outlets; empty: all) and days.

    `is_matching`: only stories that mention a topic.
    """

    path: Path
    first: date
    last: date
    names: tuple[str, ...] = ()
    is_matching: bool = False


@dataclass
class ArchiveReport:
    """What was in an archive. `passed_over`: records that became no story, by reason; `faults`: what is damaged."""

    record_count: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    page_outcomes: Counter[str] = field(default_factory=Counter)
    story_count: int = 0
    dirty_days: set[date] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    noted_before: int = 0  # pages that became a story while they were read here


def import_archive(nw: Newswatch, wanted: ArchiveWanted, run_id: str, *, is_dry_run: bool = False) -> ArchiveReport:
    """Take the archive's pages of the feeds' sites as stories; those that are known stay as they are.

    A dry run counts the pages of these sites and reads none. What was committed before a failure stays, and is known to
    the next call. Raises ConfigError where there is no archive, or as `recover.find_past`; LeaseLost; TransientError.
    """
    span = recover.span_of(nw, wanted.first, wanted.last)
    of_sites = _FeedsOfSites(nw, recover.feeds_named(nw, wanted.names) if wanted.names else list(nw.catalogue.feeds))
    reader = ArchiveReader(wanted.path, lambda url: of_sites.feed_of(url) is not None, nw.settings.max_page_bytes)
    report = ArchiveReport(passed_over=reader.passed_over, faults=reader.faults)
    work = _Import(nw, wanted, span, of_sites, run_id, report)
    with ThreadPoolExecutor(1, thread_name_prefix="commit") as committer:
        committing: Future[None] | None = None
        for pages in _batches(reader):
            nw.progress("records read", reader.record_count, None)
            if is_dry_run:
                report.page_outcomes["to be read"] += len(pages)
                continue
            results = work.read(pages)  # the batch before is committed meanwhile
            if committing:
                committing.result()
            committing = committer.submit(work.commit, results)
        if committing:
            committing.result()
    report.record_count = reader.record_count
    report.passed_over["known"] += report.noted_before
    return report


def _batches(pages: Iterable[ArchivedPage]) -> Iterator[list[ArchivedPage]]:
    batch: list[ArchivedPage] = []
    byte_count = 0
    for page in pages:
        batch.append(page)
        byte_count += len(page.response.body)
        if len(batch) >= PAGES_A_BATCH or byte_count >= BYTES_A_BATCH:
            yield batch
            batch, byte_count = [], 0
    if batch:
        yield batch


class _FeedsOfSites:
    """Which feed a page belongs to: the first of those with the smallest part of a site on which it is."""

    def __init__(self, nw: Newswatch, wanted: Sequence[Feed]) -> None:
        self._of_domain: dict[str, list[tuple[Site, Feed]]] = {}  # of the sites, and of those above them
        self._on_host: dict[str, list[tuple[Site, Feed]]] = {}
        with nw.ledger.begin() as connection:
            sites = [(recover.site_of(connection, feed), feed) for feed in wanted]
        for site, feed in sites:
            for domain in dict.fromkeys(d for origin in site.origins for d in _domains(site_of(origin))):
                self._of_domain.setdefault(domain, []).append((site, feed))

    def feed_of(self, url: str) -> Feed | None:
        address = resolve(url, "")
        if address is None:
            return None
        host = site_of(address)
        if host not in self._on_host:
            near = {feed.id: (site, feed) for d in _domains(host) for site, feed in self._of_domain.get(d, [])}
            there = [(site, feed) for site, feed in near.values() if site.holds_host(address)]
            self._on_host[host] = sorted(there, key=lambda pair: -len(pair[0].folder))
        return next((feed for site, feed in self._on_host[host] if site.holds(address)), None)


def _domains(host: str) -> list[str]:
    """The host and the domains above it, but for the last label."""
    labels = host.split(".")
    return [".".join(labels[n:]) for n in range(max(1, len(labels) - 1))]


@dataclass
class _Import:
    """The work of one import, batch by batch."""

    nw: Newswatch
    wanted: ArchiveWanted
    span: Span
    of_sites: _FeedsOfSites
    run_id: str
    report: ArchiveReport

    def read(self, pages: Sequence[ArchivedPage]) -> list[FetchResult]:
        """Those of the pages that are not known, read, if they are of the days and topics asked for."""
        return [result for result in asyncio.run(self._read(self._fresh(pages))) if self._is_wanted(result)]

    def commit(self, results: Sequence[FetchResult]) -> None:
        """Note the pages as entries, and commit those that are no story yet. Runs in a thread, one at a time."""
        if not results:
            return
        lease = self.nw.lease(self.run_id, LEASE_SECONDS)
        listed = [(self.nw.feed_of(r.job.entries[0].entry.feed_id), _listed(r.job.entries[0].entry)) for r in results]
        note_pages(self.nw, listed, self.run_id)
        held = self._claim(results, lease)
        self.report.noted_before += len(results) - len(held)
        try:
            committed = commit_pages(self.nw, [r for r in results if r.job.keys[0] in held], lease)
        finally:
            with self.nw.ledger.begin() as connection:
                ENTRIES.release(connection, lease)
        self.report.page_outcomes.update(committed.outcomes.totals("page"))
        self.report.story_count += committed.story_count
        self.report.dirty_days |= committed.dirty_days

    def _claim(self, results: Sequence[FetchResult], lease: Lease) -> set[tuple[str, str]]:
        """Take the entries that are still pending; of a page that became a story meanwhile, none is."""
        e = t.entries.c
        keys = [key for result in results for key in result.job.keys]
        wanted = [sa.tuple_(e.feed_id, e.entry_key).in_(keys), e.state == "pending"]
        with self.nw.ledger.begin() as connection:
            rows = ENTRIES.claim(connection, wanted, lease, self.nw.clock(), (e.feed_id, e.entry_key))
            return {(row.feed_id, row.entry_key) for row in rows}

    def _fresh(self, pages: Sequence[ArchivedPage]) -> list[ArchivedPage]:
        names = [names_of(canonical_url(page.response.url)) for page in pages]
        with self.nw.ledger.begin() as connection:
            known = stories.known_urls(connection, [name for of_page in names for name in of_page])
        fresh: dict[str, ArchivedPage] = {}
        for page, of_page in zip(pages, names, strict=True):
            if any(name in known for name in of_page) or of_page[-1] in fresh:
                self.report.passed_over["known"] += 1
            else:
                fresh[of_page[-1]] = page
        return list(fresh.values())

    async def _read(self, pages: Sequence[ArchivedPage]) -> list[FetchResult]:
        return list(await asyncio.gather(*map(self._read_one, pages)))

    async def _read_one(self, page: ArchivedPage) -> FetchResult:
        response = page.response
        feed = self.of_sites.feed_of(response.url)
        assert feed is not None
        past = PastEntry(
            response.url, title=page.title, published_at=page.published_at, published_day=page.published_day
        )
        seen = SeenEntry(entry_of(feed, Listed(past, ARCHIVE), self.nw.clock()), self.nw.clock(), ARCHIVE)
        job = PageJob(canonical_url(response.url), (seen,), 0)
        content_type = sanitise.line(response.header("Content-Type") or "")
        try:
            parsed = await self.nw.parsers.page(response.body, url=response.url, content_type=content_type)
        except ParseFailed as error:
            return FetchResult(job, error.reason, error.detail, response)
        return FetchResult(job, "ok", answer=response, page=parsed)

    def _is_wanted(self, result: FetchResult) -> bool:
        """Whether the page is a story of the days, and of a topic where only such are asked for; else it is counted."""
        story = self._story(result)
        if story is None:
            reason = result.outcome if result.outcome and result.outcome != "ok" else "undated"
        elif not self.span.first <= story.day <= self.span.last:
            reason = "of other days"
        elif self.wanted.is_matching and not self.nw.matcher.find(story.title, story.text, story.language, story.zones):
            reason = "of no topic"
        else:
            return True
        self.report.passed_over[reason] += 1
        return False

    def _story(self, result: FetchResult) -> Story | None:
        if result.page is None or result.answer is None:
            return None
        seen = result.job.entries[0]
        fetched = FetchedPage(result.answer.url, result.page, _NOWHERE)
        story = assemble(seen, self.nw.feed_of(seen.entry.feed_id), fetched, self.nw.settings.tz)
        return story if story and story.published_at else None


def _listed(entry: Entry) -> Listed:
    assert entry.url is not None
    past = PastEntry(entry.url, entry.title, published_at=entry.published_at, published_day=entry.published_day)
    return Listed(past, ARCHIVE)
