"""Discover: a site's address → its feeds, each fetched and read, with what they would bring. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import urlsplit

from newswatch.config.catalogue import BY_ENTRY, Feed
from newswatch.config.edit_feeds import by_twin_key
from newswatch.errors import ConfigError, ParseFailed
from newswatch.feeds import autodiscovery as finding
from newswatch.feeds.autodiscovery import Candidate, Heading, Page, Rhythm
from newswatch.feeds.model import FeedKind, ParsedFeed
from newswatch.feeds.state import REFUSALS
from newswatch.ledger import stories
from newswatch.net.client import Client, Request
from newswatch.net.ip_policy import WEB_PORTS
from newswatch.net.messages import Failure, Response
from newswatch.pipeline.installation import Newswatch, log
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, host_of, is_same_site, resolve, twin_key

HEADLINES_SHOWN = 2
GIVEN = "the address that was given"
SECOND_LISTING_SHARE = 0.8  # of a feed's stories; the rest may be newer than the other's last poll
NOT_THERE = frozenset({"http_404", "http_410"})  # the site is well, the address is none of it
ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class Matching:
    """A topic that a feed's current entries mention: how many do, and some of their headlines."""

    topic: str
    entry_count: int
    headlines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SameStories:
    """Another feed that lists the same links. `feed`: its id in feeds.yaml, or the address of one found before."""

    feed: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that could be read.

    `known_as`: the id under which feeds.yaml has it already. `story_keys`: twin keys of the pages that it links to.
    `same`: the feed that lists most of those too; None: no other does, or it is known itself.
    """

    url: str
    how: str
    title: str
    outlet: str
    language: str | None
    language_source: str  # who says so: "the feed", "the page" or nobody
    entry_count: int
    rhythm: Rhythm
    topics: tuple[Matching, ...]
    known_as: str | None
    story_keys: frozenset[str]
    same: SameStories | None = None
    kind: FeedKind | None = None  # as feeds.yaml should state it; None: the document tells
    links: str | None = None

    @property
    def is_second_listing(self) -> bool:
        """Whether another feed brings next to all that this one would."""
        return self.same is not None and self.same.count >= SECOND_LISTING_SHARE * self.entry_count


@dataclass(frozen=True, slots=True)
class Tried:
    """An address that was asked and gave no feed. `is_transient`: whether it may well give one another time."""

    url: str
    how: str
    outcome: str
    detail: str
    is_transient: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """All feeds that were found, and all else that was tried. `left_out_count`: candidates of the page not asked.

    `sitemaps`: those that robots.txt names, of news or not; none was asked for its past.
    """

    found: tuple[Found, ...]
    tried: tuple[Tried, ...]
    left_out_count: int = 0
    sitemaps: tuple[str, ...] = ()

    @property
    def passing(self) -> tuple[Tried, ...]:
        """Addresses that may well give a feed another time; where feeds were found, not those that led to them."""
        return tuple(t for t in self.tried if t.is_transient and not (self.found and t.how == GIVEN))

    @property
    def is_refused(self) -> bool:
        """Whether the user's own address, not one that a page names, leads where only `allow_private` goes."""
        return any(tried.how == GIVEN and tried.outcome == "address_refused" for tried in self.tried)


def discover(
    nw: Newswatch, site: str, *, allow_private: bool = False, language: str | None = None, links: str | None = None
) -> Discovery:
    """Look for feeds at a site's or a feed's address, one request at a time.

    The address itself; else what its page names (or, where it names none or is not there, the site's home page) and
    the news sitemaps of robots.txt; else common places, with robots.txt obeyed, until one is a feed. `language`: that
    of the matching, where the user knows it. `links`: the address is a listing page's, and the links that this CSS
    selector finds there are the feed. Raises ConfigError where `site` is no address.
    """
    addresses = finding.addresses_of(site)
    if not addresses:
        raise ConfigError([f"{site!r} is no web address. Write it like example.com or https://example.com/world."])
    wanted = _Wanted(addresses, allow_private=allow_private, language=language, links=links)
    return asyncio.run(_discover(nw, wanted))


@dataclass(frozen=True)
class _Wanted:
    """What the user asks for."""

    addresses: tuple[str, ...]
    allow_private: bool
    language: str | None
    links: str | None


async def _discover(nw: Newswatch, wanted: _Wanted) -> Discovery:
    addresses = wanted.addresses
    async with nw.client() as client:
        hosts = frozenset(map(host_of, addresses))
        search = _Search(nw, client, wanted.allow_private, wanted.language, hosts, wanted.links)
        await search.run(addresses)
    log.info("site searched", site=addresses[0], found=len(search.found), tried=len(search.tried))
    return Discovery(_compared(nw, search.found), tuple(search.tried), search.left_out_count, search.sitemaps)


def _compared(nw: Newswatch, found: Sequence[Found]) -> tuple[Found, ...]:
    """The feeds, those that are new each beside the feeds in use and those found before it.

    Not beside an aggregator: it proves nothing of an outlet's coverage, as the outlet's own feed does.
    """
    with nw.ledger.begin() as connection:
        lists = stories.listed_by(connection, frozenset().union(*(f.story_keys for f in found)))
    own = {feed.id for feed in nw.catalogue.feeds if not feed.is_by_entry}
    keys_of = {feed_id: keys for feed_id, keys in lists.items() if feed_id in own}
    for known in found:
        if known.known_as and known.outlet != BY_ENTRY:
            keys_of[known.known_as] = keys_of.get(known.known_as, frozenset()) | known.story_keys
    compared = []
    for feed in found:
        compared.append(feed if feed.known_as else replace(feed, same=_most_alike(feed.story_keys, keys_of)))
        if feed.outlet != BY_ENTRY:
            keys_of.setdefault(feed.known_as or feed.url, feed.story_keys)
    return tuple(compared)


def _most_alike(keys: frozenset[str], keys_of: Mapping[str, frozenset[str]]) -> SameStories | None:
    """The feed that lists most of these links; of several the first. None: no feed lists any."""
    feed = max(keys_of, key=lambda f: len(keys_of[f] & keys), default=None)
    count = len(keys_of[feed] & keys) if feed else 0
    return SameStories(feed, count) if feed and count else None


@dataclass
class _Search:
    """One search: what it has asked, found and not found."""

    nw: Newswatch
    client: Client
    allow_private: bool
    language: str | None
    typed_hosts: frozenset[str]  # with their ports: those of the address that the user typed
    links: str | None = None  # the page's own, by this selector, are the feed
    found: list[Found] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    left_out_count: int = 0
    sitemaps: tuple[str, ...] = ()
    _asked: set[str] = field(default_factory=set)

    async def run(self, addresses: tuple[str, ...]) -> None:
        """Begin at the first of the addresses that answers, else at a home page of those where nothing is."""
        not_there: list[str] = []
        for address in addresses:
            answer = await self.ask(Candidate(address, GIVEN))
            if isinstance(answer, Response):
                return await self._follow(Candidate(answer.url, GIVEN), answer)
            if answer.outcome == "address_refused":
                return None
            if answer.outcome in REFUSALS:
                return await self._beside_the_wall(address)
            if answer.outcome in NOT_THERE:
                not_there.append(address)
        for address in not_there:
            if home := await self._home(address):
                return await self._follow(*home)
        return None

    async def _beside_the_wall(self, address: str) -> None:
        """What a site that refuses its page may leave open: its news sitemaps, else WordPress' interface."""
        await self._ask_all(await self._sitemaps(address), Page())
        if not self.found:
            await self._guess(finding.wordpress(address), Page())

    async def _follow(self, given: Candidate, start: Response) -> None:
        """Go on from an answer: a feed is the end of it, and so is a listing page; another page leads to others."""
        if self.links:
            await self._keep(given, start, await self._read(given, start, is_listing=True))
            return
        if not _is_html(start) and await self._keep(given, start, Page()):
            return
        page = await self._read(given, start)
        if not page.candidates and (home := await self._home(start.url)):
            page = await self._read(*home)
        await self._ask_all(page.candidates, page)
        await self._ask_all(await self._sitemaps(start.url), page)
        if not self.found:
            await self._guess(finding.guesses(start.url), page)

    async def _read(self, candidate: Candidate, answer: Response, *, is_listing: bool = False) -> Page:
        """What a page names. One that cannot be read, or names no feed, is noted as tried."""
        body, content_type = answer.body[: finding.MAX_HTML_BYTES], answer.header("Content-Type") or ""
        try:
            page = await self.nw.parsers.site(body, url=answer.url, content_type=content_type)
        except ParseFailed as error:
            self._miss(candidate, error.reason, str(error))
            return Page()
        self.left_out_count += page.left_out_count
        if not (page.candidates or is_listing) and all(tried.url != candidate.url for tried in self.tried):
            self._miss(candidate, "no_feed", "the page names no feed")
        return page

    async def _home(self, url: str) -> tuple[Candidate, Response] | None:
        """The site's home page, where the search began deeper in the site."""
        address = resolve(url, "/")
        if address is None or urlsplit(url).path in ("", "/"):
            return None
        home = Candidate(address, "the site's home page")
        answer = await self.ask(home)
        return (home, answer) if isinstance(answer, Response) else None

    async def _ask_all(self, candidates: Iterable[Candidate], page: Page) -> None:
        for candidate in candidates:
            answer = await self.ask(candidate)
            if isinstance(answer, Response):
                await self._keep(candidate, answer, page)

    async def _sitemaps(self, url: str) -> list[Candidate]:
        robots = resolve(url, "/robots.txt")
        answer = await self._get(robots, finding.MAX_HTML_BYTES) if robots else None
        is_had = isinstance(answer, Response) and answer.status == 200
        if not (is_had and isinstance(answer, Response)):
            return []
        self.sitemaps = tuple(finding.sitemaps(answer.body, answer.url))
        return finding.news_sitemaps(answer.body, answer.url)

    async def _guess(self, candidates: Iterable[Candidate], page: Page) -> None:
        for candidate in candidates:
            answer = await self.ask(candidate, obeys_robots=True)
            if isinstance(answer, Response) and await self._keep(candidate, answer, page):
                return

    async def ask(self, candidate: Candidate, *, obeys_robots: bool = False) -> Response | Failure:
        """Fetch a candidate once; whatever is no 200 is noted as tried."""
        key = canonical_url(candidate.url)
        if key in self._asked:
            return Failure(candidate.url, "asked_already", "", is_transient=False)
        self._asked.add(key)
        answer = await self._get(candidate.url, self.nw.settings.max_feed_bytes, obeys_robots=obeys_robots)
        failure = answer if isinstance(answer, Failure) else answer.failure(self.nw.clock())
        if failure:
            may_pass = failure.is_transient and failure.outcome != "name_unknown"  # which is rather a slip of the pen
            self._miss(candidate, failure.outcome, failure.detail, is_transient=may_pass)
        return failure or answer

    async def _get(self, url: str, max_bytes: int, *, obeys_robots: bool = False) -> Response | Failure:
        # A port that is none of the web's is the user's to name, never a page's or a robots.txt's.
        port = urlsplit(url).port if host_of(url) in self.typed_hosts else None
        ports = WEB_PORTS | ({port} if port else set())
        request = Request(url, max_bytes, {"Accept": ACCEPT}, self.allow_private, ports, obeys_robots=obeys_robots)
        return await self.client.get(request)

    def _miss(self, candidate: Candidate, outcome: str, detail: str, *, is_transient: bool = False) -> None:
        self.tried.append(Tried(candidate.url, candidate.how, outcome, sanitise.line(detail, 200), is_transient))

    async def _keep(self, candidate: Candidate, answer: Response, page: Page) -> bool:
        """Read the answer as a feed and note what it is. False: it is none."""
        content_type = sanitise.line(answer.header("Content-Type") or "")
        try:
            parsed = await self.nw.parsers.feed(
                answer.body,
                feed_id="new",
                url=answer.url,
                content_type=content_type,
                kind="page" if self.links else None,
                selector=self.links or "",
            )
        except ParseFailed as error:
            self._miss(candidate, error.reason, str(error))
            return False
        address = answer.moved_to or candidate.url
        if all(twin_key(found.url) != twin_key(address) for found in self.found):
            heading = await self._heading(answer)
            self.found.append(self._describe(candidate, address, answer, page, parsed, heading))
        return True

    async def _heading(self, answer: Response) -> Heading:
        """What the feed says of itself; nothing where that cannot be read: its entries could."""
        try:
            return await self.nw.parsers.heading(answer.body[: finding.MAX_HEAD_BYTES])
        except ParseFailed:
            return Heading()

    def _describe(
        self, candidate: Candidate, address: str, answer: Response, page: Page, parsed: ParsedFeed, heading: Heading
    ) -> Found:
        title = heading.title or candidate.title
        known = self._known.get(twin_key(address))
        language = heading.language or page.language
        source = "the feed" if heading.language else "the page" if page.language else ""
        return Found(
            url=address,
            how=candidate.how,
            title=title,
            outlet=self._outlet(parsed, address) or page.site_name or title or host_of(address),
            language=language,
            language_source=source,
            entry_count=len(parsed.entries),
            rhythm=finding.rhythm(sanitise.credible(e.published_at, answer.fetched_at) for e in parsed.entries),
            topics=self._matching(parsed, self.language or language),
            known_as=known.id if known else None,
            story_keys=frozenset(twin_key(e.url) for e in parsed.entries if e.url),
            kind=parsed.kind if parsed.kind in ("wordpress", "page") else None,  # what an empty answer would not tell
            links=self.links if parsed.kind == "page" else None,
        )

    @cached_property
    def _known(self) -> dict[str, Feed]:
        return by_twin_key(self.nw.catalogue.feeds)

    def _outlet(self, parsed: ParsedFeed, address: str) -> str | None:
        """BY_ENTRY for entries of several; else the one of the site's feeds in feeds.yaml; None: those have several."""
        if len({entry.source_name for entry in parsed.entries if entry.source_name}) > 1:
            return BY_ENTRY
        feeds = (feed for feed in self.nw.catalogue.feeds if not feed.is_by_entry)
        outlets = {feed.outlet for feed in feeds if is_same_site(feed.url, address)}
        return outlets.pop() if len(outlets) == 1 else None

    def _matching(self, parsed: ParsedFeed, language: str | None) -> tuple[Matching, ...]:
        headlines: dict[str, list[str]] = {}
        for entry in parsed.entries:
            mentions = self.nw.matcher.find(entry.title, entry.summary, language)
            for topic in dict.fromkeys(mention.topic for mention in mentions):
                headlines.setdefault(topic, []).append(entry.title)
        return tuple(
            Matching(topic.id, len(matched), tuple(filter(None, matched))[:HEADLINES_SHOWN])
            for topic in self.nw.catalogue.topics
            if (matched := headlines.get(topic.id))
        )


def _is_html(answer: Response) -> bool:
    """Whether the body is a web page by its own beginning, whatever it is declared as."""
    return answer.body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))
