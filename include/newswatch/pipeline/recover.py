"""Recover: what a feed's site lists of its past → pending entries, which are then fetched as those of polls are."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from math import inf
from pathlib import Path

import sqlalchemy as sa
from protego import Protego

from newswatch.config.catalogue import Feed
from newswatch.errors import ConfigError
from newswatch.feeds.state import Window
from newswatch.history import url_lists
from newswatch.history.model import PastDocument, Span
from newswatch.history.selection import Listed, Selection, believed, day_published, select
from newswatch.history.site import Site, site_of_feed
from newswatch.ledger import days, feeds, hosts, pending, stories
from newswatch.local_days import ONE_DAY, days_from, runs, start_of
from newswatch.net import politeness
from newswatch.net.messages import Failure
from newswatch.net.politeness import HostMemory
from newswatch.pipeline.fetch import FetchReport, fetch_pending
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.past_entries import FROM_THE_NETWORK, LIST, entry_key, in_batches, note_pages
from newswatch.pipeline.past_report import PastReport, SourceReport
from newswatch.pipeline.past_sources import KINDS, PastSearch, PastSource
from newswatch.text.counting import counted
from newswatch.urls.canonical import canonical_url, host_of, names_of, twin_key

LINKS_LOOKED_AT = 50  # of a feed, to tell the site of its stories
LEAST_WAIT, LONGEST_WAIT = 2.0, 60.0  # seconds between two looks whether a host's rest is over


@dataclass(frozen=True, slots=True)
class PastWanted:
    """What is asked for: the past of these feeds (ids, or names of outlets) in the days `first` to `last`.

    `kinds`: of sources; empty: all of KINDS. `limit`: of new pages; the newest come first. `list_file`: names pages, in
    place of all sources; see `history.url_lists`.
    """

    names: tuple[str, ...]
    first: date
    last: date
    kinds: tuple[str, ...] = ()
    limit: int | None = None
    list_file: Path | None = None


@dataclass(frozen=True, slots=True)
class CoveredDays:
    """Days of which a source of a feed's site lists every story."""

    feed_id: str
    kind: str
    first: date
    last: date


@dataclass(frozen=True)
class FoundPast:
    """What was found, and what is to be noted of it: pages that are new, with the feeds to which they come.

    `covered`: what the feeds' lists reach over, once their pages have been fetched.
    """

    report: PastReport
    pages: tuple[tuple[Feed, Listed], ...]
    covered: tuple[CoveredDays, ...]


def find_past(nw: Newswatch, wanted: PastWanted) -> FoundPast:
    """Ask the sources what they list; nothing is noted yet.

    Raises ConfigError for feeds that are not in feeds.yaml and for days that are none.
    """
    span, chosen = span_of(nw, wanted.first, wanted.last), feeds_named(nw, wanted.names, wanted.kinds)
    lists = _lists(wanted.list_file, chosen) if wanted.list_file else {}
    found, memory = asyncio.run(_ask(nw, chosen, _Search(span, wanted.kinds or KINDS, lists)))
    choice = _Choice(nw, span, wanted.limit)
    for feed, site, sources in found:
        choice.add(feed, site, sources)
    return FoundPast(choice.report(memory), tuple(choice.new), tuple(choice.covered()))


def note_past(nw: Newswatch, found: FoundPast, run_id: str) -> None:
    """Note the pages as pending. What was noted before a failure stays, and is known to the next search.

    Raises TransientError where store or ledger fail.
    """
    for chunk in in_batches(found.pages):
        note_pages(nw, chunk, run_id)
    log.info("past noted", new=found.report.new_count)


def cover_past(nw: Newswatch, covered: Sequence[CoveredDays]) -> frozenset[date]:
    """Count the days as covered, of feeds of which no page of the past is pending; returns the days that gained a feed.

    To be called after the pages have been fetched: before that a zero of such a day is no real one. Where some are
    pending the next search, which finds the same days, and its fetch have their turn. A day that is not over is not
    covered: a list says only what has been published so far.
    """
    dirty: set[date] = set()
    with nw.writing() as connection:
        now = nw.clock()
        yesterday = nw.day_of(now) - ONE_DAY
        waiting = pending.feeds_with_pending(connection, FROM_THE_NETWORK)
        for of_source in covered:
            whole = days_from(of_source.first, min(of_source.last, yesterday))
            if whole and of_source.feed_id not in waiting:
                begins, ends = (start_of(day, nw.settings.tz) for day in (whole[0], whole[-1] + ONE_DAY))
                feeds.add_past_window(connection, of_source.feed_id, Window(begins, ends, now, of_source.kind))
                of_feed = [(of_source.feed_id, day) for day in whole]
                dirty |= feeds.add_coverage(connection, of_feed, now, of_source.kind)
        days.mark_dirty(connection, dirty)
    return frozenset(dirty)


def fetch_past(nw: Newswatch, run_id: str, seconds: float = inf) -> FetchReport:
    """Fetch pages of the past that are pending, by whatever run they were noted, until none is or the time is over.

    A host that asks for rest gets it, and is then gone on with. Raises as `fetch_pending`.
    """
    ends = time.monotonic() + seconds
    outcomes: Counter[str] = Counter()
    story_count, dirty, is_out_of_time = 0, set[date](), False
    while True:
        budget = min(nw.settings.fetch_budget_seconds, max(ends - time.monotonic(), 1.0))
        of_settings = nw.settings.model_copy(update={"fetch_budget_seconds": budget})
        report = fetch_pending(replace(nw, settings=of_settings), run_id, FROM_THE_NETWORK)
        outcomes.update(report.page_outcomes)
        story_count += report.story_count
        dirty |= report.dirty_days
        with nw.ledger.begin() as connection:
            is_any_ready = pending.pending_count(connection, FROM_THE_NETWORK, nw.clock()) > 0
            next_at = FROM_THE_NETWORK.next_attempt(connection)
        left = ends - time.monotonic()
        is_out_of_time = left <= 0 and (is_any_ready or next_at is not None)
        if is_out_of_time or not (is_any_ready or next_at):
            break
        if not (is_any_ready and report.page_outcomes):  # hosts rest, or another run has these pages just now
            rest = (next_at - nw.clock()).total_seconds() if next_at and not is_any_ready else LEAST_WAIT
            time.sleep(min(max(rest, LEAST_WAIT), LONGEST_WAIT, max(left, 0.0)))
    return FetchReport(dict(sorted(outcomes.items())), story_count, frozenset(dirty), is_out_of_time)


def span_of(nw: Newswatch, first: date, last: date) -> Span:
    """The days that are asked for, up to today. Raises ConfigError where they are none."""
    today = nw.day_of(nw.clock())
    if last < first:
        raise ConfigError([f"The last day, {last}, lies before the first, {first}."])
    if first > today:
        raise ConfigError([f"The first day, {first}, is still to come: today is {today}."])
    return Span(first, min(last, today), nw.settings.tz)


def feeds_named(nw: Newswatch, names: Sequence[str], kinds: Sequence[str] = ()) -> list[Feed]:
    """The feeds with these ids or of outlets with these names. Raises ConfigError for names and sources unknown."""
    chosen: dict[str, Feed] = {}
    problems = []
    for name in names:
        of_name = [f for f in nw.catalogue.feeds if name == f.id or name.casefold() == f.outlet.casefold()]
        chosen |= {feed.id: feed for feed in of_name}
        if not of_name:
            near = get_close_matches(name, [*nw.feeds, *nw.catalogue.outlets], 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            problems.append(f"feeds.yaml has no feed and no outlet {name!r}.{meant}")
    problems += [
        f"{feed.id!r} is an aggregator, and its stories' past is on other sites: name the outlets' own feeds."
        for feed in chosen.values()
        if feed.is_by_entry
    ]
    problems += [f"{kind!r} is no source. Those are {', '.join(KINDS)}." for kind in kinds if kind not in KINDS]
    if problems or not chosen:
        raise ConfigError(problems or ["Name a feed or an outlet of feeds.yaml."])
    return list(chosen.values())


@dataclass(frozen=True)
class _Search:
    """What all feeds are searched for. `lists`: by feed id what a user's list names, in place of all sources."""

    span: Span
    kinds: Sequence[str]
    lists: Mapping[str, PastSource]


def _lists(path: Path, chosen: Sequence[Feed]) -> dict[str, PastSource]:
    """The list for each feed, in whose zone its dates are. Raises ConfigError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}. A list is a text file in UTF-8."]) from error
    return {
        feed.id: PastSource(LIST, str(path), url_lists.read(text, path.name, feed.timezone), (), 0) for feed in chosen
    }


async def _ask(
    nw: Newswatch, chosen: Sequence[Feed], search: _Search
) -> tuple[list[tuple[Feed, Site, list[PastSource]]], HostMemory]:
    """Of each feed its site and what its sources list; what hosts ask for is kept in the ledger."""
    began = nw.clock()
    with nw.ledger.begin() as connection:
        memory = hosts.remember(connection, began, with_robots=True)
        sites = {feed.id: site_of(connection, feed) for feed in chosen}
    found = []
    had: dict[tuple[str, str], PastDocument | Failure] = {}
    try:
        async with nw.client(memory) as client:
            for feed in chosen:
                if feed.id in search.lists:
                    sources = [search.lists[feed.id]]
                else:
                    sources = await PastSearch(nw, client, feed, search.span, sites[feed.id], had).run(search.kinds)
                found.append((feed, sites[feed.id], sources))
    finally:
        with nw.ledger.begin() as connection:
            hosts.save(connection, memory, began)
    return found, memory


def site_of(connection: sa.Connection, feed: Feed) -> Site:
    """The feed's site, by its newest stories."""
    return site_of_feed(feed.url, feeds.newest_links(connection, feed.id, LINKS_LOOKED_AT))


@dataclass
class _Choice:
    """Which pages of all that sources list are new. `limit`: of those, those first that were published last."""

    nw: Newswatch
    span: Span
    limit: int | None
    new: list[tuple[Feed, Listed]] = field(default_factory=list)
    known_count: int = 0
    undated_count: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    left_count: int = 0
    cut_feeds: set[str] = field(default_factory=set)
    _reports: list[SourceReport] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)  # names of pages that an earlier feed has

    def add(self, feed: Feed, site: Site, sources: Sequence[PastSource]) -> None:
        """Choose from what one feed's sources list."""
        sources = [self._believed(feed, source) for source in sources]
        self._reports += [self._report(feed, source) for source in sources]
        listed = (Listed(entry, source.kind) for source in sources for entry in source.entries)
        selection = select(listed, self.span, site)
        self.passed_over.update(selection.passed_over)
        self.undated_count += selection.undated_count
        fresh = self._fresh(feed, selection)
        self.known_count += len(selection.wanted) - len(fresh)
        # Those of which nobody says when last: with a limit they are the least certain to be of the span.
        fresh.sort(key=lambda page: page.entry.published_at or datetime.min.replace(tzinfo=self.span.tz), reverse=True)
        limit = len(fresh) if self.limit is None else max(0, self.limit - len(self.new))
        self.new += [(feed, page) for page in fresh[:limit]]
        if left := fresh[limit:]:
            self.left_count += len(left)
            self.cut_feeds.add(feed.id)

    def _fresh(self, feed: Feed, selection: Selection) -> list[Listed]:
        """Pages that no story, no entry of the feed and no feed before has."""
        names = {id(page): names_of(canonical_url(page.entry.url)) for page in selection.wanted}
        with self.nw.ledger.begin() as connection:
            known, keys = set(self._taken), set[str]()
            for chunk in in_batches(selection.wanted):
                known |= stories.known_urls(connection, [name for page in chunk for name in names[id(page)]]).keys()
                keys |= feeds.known_entries(connection, feed.id, [entry_key(page.entry.url) for page in chunk]).keys()
        fresh = [
            page
            for page in selection.wanted
            if entry_key(page.entry.url) not in keys and not known.intersection(names[id(page)])
        ]
        self._taken.update(name for page in fresh for name in names[id(page)])
        return fresh

    def _believed(self, feed: Feed, source: PastSource) -> PastSource:
        """The source without days that it does not list wholly, as what the feed is known to have had shows."""
        listed_days = {day for days_of in source.covered for day in days_from(*days_of)}
        newest = [day for entry in source.newest if (day := day_published(entry, self.span))]
        if newest:  # at both ends days are listed in part
            listed_days.update(days_from(min(newest) + ONE_DAY, max(newest) - ONE_DAY))
        with self.nw.ledger.begin() as connection:
            known = [story for run in runs(listed_days) for story in stories.polled(connection, feed.id, *run)]
        listed = {twin_key(canonical_url(entry.url)) for entry in (*source.entries, *source.newest)}
        covered, lacking = believed(source.covered, known, listed)
        if not lacking:
            return source
        fault = f"{source.address} lacks {lacking} of {counted(len(known), 'story', 'stories')} that the feed had"
        return replace(source, covered=covered, faults=(*source.faults, fault))

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

    def covered(self) -> Iterator[CoveredDays]:
        """What the sources reach over; nothing of a feed with pages beyond the limit, for any of them may be of it."""
        for source in self._reports:
            if source.feed_id not in self.cut_feeds:
                yield from (CoveredDays(source.feed_id, source.kind, *days) for days in source.covered)

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


def _delay(robots: str) -> float:
    stated = politeness.crawl_delay(Protego.parse(robots)) or 0.0
    return min(stated, politeness.MAX_CRAWL_DELAY_SECONDS)
