"""Recover: what a feed's site lists of its past → pending entries, which are then fetched as those of polls are."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from protego import Protego

from newswatch.config.catalogue import Feed
from newswatch.errors import ConfigError
from newswatch.feeds import wording
from newswatch.feeds.model import Entry, SeenEntry, to_row
from newswatch.feeds.state import Window
from newswatch.history.model import PastDocument, PastEntry, Span
from newswatch.history.selection import Days, Listed, Selection, day_published, select
from newswatch.ledger import days, feeds, hosts, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.feeds import NewEntry
from newswatch.ledger.stories import Share
from newswatch.local_days import ONE_DAY, start_of
from newswatch.net import politeness
from newswatch.net.messages import Failure
from newswatch.net.politeness import HostMemory
from newswatch.pipeline.fetch import FetchReport, fetch_pending
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.past_sources import KINDS, PastSearch, PastSource
from newswatch.storage import paths
from newswatch.tables.batch_tables import ENTRIES
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, host_of, names_of, story_id_of

T = TypeVar("T")
LIST = "list"
FROM_THE_NETWORK = Share(via=(*KINDS, LIST))
ENTRIES_A_BATCH = 2_000
LINKS_LOOKED_AT = 50  # of a feed, to tell the site of its stories
WAIT_SECONDS = 5.0  # between two looks whether a host's rest is over


@dataclass(frozen=True, slots=True)
class PastWanted:
    """What is asked for: the past of these feeds in the days `first` to `last`.

    `kinds`: of sources; empty: all of KINDS. `listed`: pages that the user names, in place of all sources. `limit`: of
    new pages; the newest come first.
    """

    feed_ids: tuple[str, ...]
    first: date
    last: date
    kinds: tuple[str, ...] = ()
    listed: tuple[PastEntry, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source of a feed's site lists. `oldest`, `newest`: days of publication, as it says.

    `held_count`: of the entries, those of the days asked for. `covered`: days of which it lists all.
    """

    feed_id: str
    kind: str
    address: str
    entry_count: int
    held_count: int
    oldest: date | None
    newest: date | None
    covered: tuple[Days, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastReport:
    """What was found, and what of it is new. `seconds`: to fetch the new pages at the hosts' pace, at least.

    `undated_count`: new pages, or known ones, of which only they themselves can tell when they were published.
    `passed_over`: pages that are not fetched, by reason. `left_count`: those beyond the limit.
    """

    sources: tuple[SourceReport, ...]
    new_count: int
    known_count: int
    undated_count: int
    passed_over: dict[str, int]
    left_count: int
    seconds: float
    dirty_days: tuple[date, ...] = ()


def list_past(nw: Newswatch, wanted: PastWanted, run_id: str, *, is_dry_run: bool) -> PastReport:
    """Ask the sources; unless it is a dry run, note the pages that are new as pending, and days that are covered.

    Raises ConfigError for feeds that are not in feeds.yaml and for days that are none; TransientError where store or
    ledger fail. What was noted before a failure stays and is known to the next call.
    """
    span = _span(nw, wanted)
    chosen = _chosen(nw, wanted)
    found, memory = asyncio.run(_ask(nw, chosen, span, wanted))
    work = _Work(nw, wanted, span)
    for feed, sites, sources in found:
        work.add(feed, sites, sources)
    report = work.report(memory)
    if is_dry_run:
        return report
    dirty = work.commit(run_id)
    log.info("past listed", feeds=len(chosen), new=report.new_count, known=report.known_count)
    return replace(report, dirty_days=tuple(sorted(dirty)))


def fetch_past(nw: Newswatch, run_id: str, seconds: float) -> FetchReport:
    """Fetch pages of the past that are pending, by whatever run they were noted, until none is or the time is over.

    A host that asks for rest gets it, and is then gone on with. Raises as `fetch_pending`.
    """
    ends = time.monotonic() + seconds
    outcomes: Counter[str] = Counter()
    story_count, dirty, is_out_of_time = 0, set[date](), False
    while True:
        left = ends - time.monotonic()
        budget = min(nw.settings.fetch_budget_seconds, max(left, 1.0))
        of_settings = nw.settings.model_copy(update={"fetch_budget_seconds": budget})
        report = fetch_pending(replace(nw, settings=of_settings), run_id, FROM_THE_NETWORK)
        outcomes.update(report.page_outcomes)
        story_count += report.story_count
        dirty |= report.dirty_days
        with nw.ledger.begin() as connection:
            is_any_ready = stories.pending_count(connection, FROM_THE_NETWORK, nw.clock()) > 0
            next_at = FROM_THE_NETWORK.next_attempt(connection)
        is_out_of_time = time.monotonic() >= ends and (is_any_ready or next_at is not None)
        if is_out_of_time or not (is_any_ready or next_at):
            break
        if not is_any_ready:
            time.sleep(WAIT_SECONDS if ends - time.monotonic() > WAIT_SECONDS else 1.0)
    return FetchReport(dict(sorted(outcomes.items())), story_count, frozenset(dirty), is_out_of_time)


def _span(nw: Newswatch, wanted: PastWanted) -> Span:
    today = nw.day_of(nw.clock())
    if wanted.last < wanted.first:
        raise ConfigError([f"--to {wanted.last} lies before --from {wanted.first}."])
    if wanted.first > today:
        raise ConfigError([f"--from {wanted.first} is still to come: today is {today}."])
    return Span(wanted.first, min(wanted.last, today), nw.settings.tz)


def _chosen(nw: Newswatch, wanted: PastWanted) -> list[Feed]:
    unknown = [feed_id for feed_id in wanted.feed_ids if feed_id not in nw.feeds]
    if unknown:
        raise ConfigError([f"feeds.yaml has no feed {feed_id!r}." for feed_id in unknown])
    if odd := [kind for kind in wanted.kinds if kind not in KINDS]:
        raise ConfigError([f"{kind!r} is no source. Those are {', '.join(KINDS)}." for kind in odd])
    return [nw.feeds[feed_id] for feed_id in dict.fromkeys(wanted.feed_ids)]


async def _ask(
    nw: Newswatch, chosen: Sequence[Feed], span: Span, wanted: PastWanted
) -> tuple[list[tuple[Feed, list[str], list[PastSource]]], HostMemory]:
    """Of each feed the addresses of its site and what its sources list; what hosts ask for is kept in the ledger."""
    began = nw.clock()
    with nw.ledger.begin() as connection:
        memory = hosts.remember(connection, began, with_robots=True)
        links = {feed.id: feeds.newest_links(connection, feed.id, LINKS_LOOKED_AT) for feed in chosen}
    found = []
    had: dict[tuple[str, str], PastDocument | Failure] = {}
    try:
        async with nw.client(memory) as client:
            for feed in chosen:
                sites = _sites(feed, links[feed.id])
                if wanted.listed:
                    sources = [PastSource(LIST, "the list", wanted.listed, (), 0)]
                else:
                    sources = await PastSearch(nw, client, feed, span, sites, had).run(wanted.kinds or KINDS)
                found.append((feed, sites, sources))
    finally:
        with nw.ledger.begin() as connection:
            hosts.save(connection, memory, began)
    return found, memory


def _sites(feed: Feed, links: Sequence[str]) -> list[str]:
    """Origins of the feed's site: that of most of its stories, then its own."""
    counts = Counter(_origin(link) for link in links)
    most = [origin for origin, _ in counts.most_common(1)]
    return list(dict.fromkeys([*most, _origin(feed.url)]))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass
class _Work:
    """What the sources list of the feeds asked for: which pages are new, and what is to be noted of them."""

    nw: Newswatch
    wanted: PastWanted
    span: Span
    new: list[tuple[Feed, Listed]] = field(default_factory=list)
    known_count: int = 0
    undated_count: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    left_count: int = 0
    _reports: list[SourceReport] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)  # names of pages that an earlier feed has

    def add(self, feed: Feed, sites: Sequence[str], sources: Sequence[PastSource]) -> None:
        """Choose from what one feed's sources list."""
        self._reports += [self._report(feed, source) for source in sources]
        listed = (Listed(entry, source.kind) for source in sources for entry in source.entries)
        selection = select(listed, self.span, sites)
        self.passed_over.update(selection.passed_over)
        self.undated_count += selection.undated_count
        fresh = self._fresh(feed, selection)
        self.known_count += len(selection.wanted) - len(fresh)
        # Those of which nobody says when last: with a limit they are the least certain to be of the span.
        fresh.sort(key=lambda page: page.entry.published_at or datetime.min.replace(tzinfo=self.span.tz), reverse=True)
        limit = len(fresh) if self.wanted.limit is None else max(0, self.wanted.limit - len(self.new))
        self.new += [(feed, page) for page in fresh[:limit]]
        self.left_count += len(fresh[limit:])

    def _fresh(self, feed: Feed, selection: Selection) -> list[Listed]:
        """Pages that no story, no entry of the feed and no feed before has."""
        names = {id(page): names_of(canonical_url(page.entry.url)) for page in selection.wanted}
        with self.nw.ledger.begin() as connection:
            known: set[str] = set(self._taken)
            for chunk in _chunks(selection.wanted):
                known |= stories.known_urls(connection, [name for page in chunk for name in names[id(page)]]).keys()
            keys = feeds.known_entries(connection, feed.id, [_key(page.entry.url) for page in selection.wanted])
        fresh = [
            page
            for page in selection.wanted
            if _key(page.entry.url) not in keys and not known.intersection(names[id(page)])
        ]
        self._taken.update(name for page in fresh for name in names[id(page)])
        return fresh

    def _report(self, feed: Feed, source: PastSource) -> SourceReport:
        dated = [day for entry in source.entries if (day := day_published(entry, self.span))]
        return SourceReport(
            feed_id=feed.id,
            kind=source.kind,
            address=source.address,
            entry_count=len(source.entries),
            held_count=sum(self.span.holds(entry) is True for entry in source.entries),
            oldest=min(dated, default=None),
            newest=max(dated, default=None),
            covered=source.covered,
            faults=source.faults,
        )

    def report(self, memory: HostMemory) -> PastReport:
        return PastReport(
            sources=tuple(self._reports),
            new_count=len(self.new),
            known_count=self.known_count,
            undated_count=self.undated_count,
            passed_over=dict(sorted(self.passed_over.items())),
            left_count=self.left_count,
            seconds=self._seconds(memory),
        )

    def _seconds(self, memory: HostMemory) -> float:
        """Hosts are asked side by side: the one with the most pages, times its pause, decides."""
        counts = Counter(host_of(page.entry.url) for _, page in self.new)
        delays = {host_of(origin): _delay(known.text) for origin, known in memory.robots.items()}
        least = self.nw.settings.host_delay_seconds
        return max((count * max(least, delays.get(host, 0.0)) for host, count in counts.items()), default=0.0)

    def commit(self, run_id: str) -> set[date]:
        """Note the new pages as pending and the days that are covered; returns the days that this makes dirty."""
        for chunk in _chunks(self.new):
            self._commit_entries(chunk, run_id)
        return self._commit_coverage()

    def _commit_entries(self, chunk: Sequence[tuple[Feed, Listed]], run_id: str) -> None:
        nw = self.nw
        batch = nw.new_batch("recover", run_id)
        now, day = batch.committed_at, nw.day_of(batch.committed_at)
        path = paths.batch(ENTRIES.name, day, batch.batch_id)
        outcomes = Outcomes()
        with nw.writing() as connection:
            known = {
                (feed_id, key)
                for feed_id in {feed.id for feed, _ in chunk}
                for key in feeds.known_entries(
                    connection, feed_id, [_key(page.entry.url) for feed, page in chunk if feed.id == feed_id]
                )
            }
            seen = [
                SeenEntry(entry, now, page.via)
                for feed, page in chunk
                if ((entry := _entry(feed, page.entry, now)).feed_id, entry.key) not in known
            ]
            for one in seen:
                outcomes.add("entry", "new", one.entry.feed_id, day, one.entry.key[:300])
            if seen:
                files = [nw.write_rows(path, ENTRIES, [to_row(one) for one in seen])]
                commit(connection, batch, files, outcomes)
                feeds.add_entries(connection, [_pending(one, path) for one in seen])
                days.mark_dirty(connection, {day})
        nw.progress("pages noted", len(chunk), None)

    def _commit_coverage(self) -> set[date]:
        """Days that are over; of today a list says only what has been published so far."""
        nw = self.nw
        with nw.writing() as connection:
            now = nw.clock()
            yesterday = nw.day_of(now) - ONE_DAY
            dirty: set[date] = set()
            for source in self._reports:
                for first, last in source.covered:
                    whole = _days(first, min(last, yesterday))
                    if not whole:
                        continue
                    window = Window(
                        start_of(whole[0], self.span.tz), start_of(whole[-1] + ONE_DAY, self.span.tz), now, source.kind
                    )
                    feeds.add_past_window(connection, source.feed_id, window)
                    of_feed = [(source.feed_id, day) for day in whole]
                    dirty |= feeds.add_coverage(connection, of_feed, now, source.kind)
            days.mark_dirty(connection, dirty)
        return dirty


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[at : at + ENTRIES_A_BATCH] for at in range(0, len(items), ENTRIES_A_BATCH))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _delay(robots: str) -> float:
    stated = politeness.crawl_delay(Protego.parse(robots)) or 0.0
    return min(stated, politeness.MAX_CRAWL_DELAY_SECONDS)


def _key(url: str) -> str:
    return f"past:{story_id_of(canonical_url(url))}"


def _entry(feed: Feed, past: PastEntry, now: datetime) -> Entry:
    published_at = sanitise.credible(past.published_at, now)
    return Entry(
        feed_id=feed.id,
        key=_key(past.url),
        url=past.url,
        title=past.title,
        summary=past.summary,
        authors=past.authors,
        published_at=published_at,
        published_day=past.published_day if published_at else None,
    )


def _pending(seen: SeenEntry, path: str) -> NewEntry:
    entry = seen.entry
    assert entry.url is not None
    return NewEntry(
        feed_id=entry.feed_id,
        entry_key=entry.key,
        url=entry.url,
        host=host_of(entry.url),
        path=path,
        first_seen_at=seen.first_seen_at,
        state="pending",
        fingerprint=wording.fingerprint(entry),
        via=seen.via,
    )
