"""Discover: a site's address → its feeds, each fetched and read, with what they would bring. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from newswatch import clean, urls
from newswatch import discover as finding
from newswatch.addresses import WEB_PORTS
from newswatch.catalogue_edit import known_as
from newswatch.discover import Candidate, Page, Rhythm
from newswatch.errors import ConfigError, ParseFailed
from newswatch.fetch import Fetcher, Request
from newswatch.model import Failure, ParsedFeed, Response
from newswatch.pipeline.context import Newswatch, log
from newswatch.sandbox import Sandbox

HEADLINES_SHOWN = 2
ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class Matching:
    """A topic that a feed's current entries mention: how many do, and some of their headlines."""

    topic: str
    entry_count: int
    headlines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that could be read. `known_as`: the id under which feeds.yaml has it already."""

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


@dataclass(frozen=True, slots=True)
class Tried:
    """An address that was asked and gave no feed."""

    url: str
    how: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """All feeds that were found, and all else that was tried. `left_out_count`: candidates of the page not asked."""

    found: tuple[Found, ...]
    tried: tuple[Tried, ...]
    left_out_count: int = 0


def discover(nw: Newswatch, site: str, *, allow_private: bool = False, language: str | None = None) -> Discovery:
    """Look for feeds at a site's or a feed's address, one request at a time.

    The address itself; else what its page names (or, where it names none, the site's home page) and the news sitemaps
    of robots.txt; else common places, with robots.txt obeyed, until one is a feed. `language`: that of the matching,
    where the user knows it. Raises ConfigError where `site` is no address.
    """
    addresses = finding.addresses_of(site)
    if not addresses:
        raise ConfigError([f"{site!r} is no web address. Write it like example.com or https://example.com/world."])
    return asyncio.run(_discover(nw, addresses, allow_private, language))


async def _discover(nw: Newswatch, addresses: tuple[str, ...], allow_private: bool, language: str | None) -> Discovery:
    async with nw.fetcher() as fetcher, nw.sandbox() as sandbox:
        search = _Search(nw, fetcher, sandbox, allow_private, language)
        for number, address in enumerate(addresses):
            answer = await search.ask(Candidate(address, "the address that was given"))
            if isinstance(answer, Response):
                await search.follow(answer)
            if isinstance(answer, Response) or answer.outcome == "address_refused" or number + 1 == len(addresses):
                break
    log.info("site searched", site=addresses[0], found=len(search.found), tried=len(search.tried))
    return Discovery(tuple(search.found), tuple(search.tried), search.left_out_count)


@dataclass
class _Search:
    """One search: what it has asked, found and not found."""

    nw: Newswatch
    fetcher: Fetcher
    sandbox: Sandbox
    allow_private: bool
    language: str | None
    found: list[Found] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    left_out_count: int = 0
    _asked: set[str] = field(default_factory=set)

    async def follow(self, start: Response) -> None:
        """Go on from an answer: a feed is the end of it, a page leads to others."""
        given = Candidate(start.url, "the address that was given")
        if not _is_html(start) and await self._keep(given, start, Page()):
            return
        page = self._read(start)
        if not page.candidates and (home := await self._home(start)):
            page = home
        await self._ask_all(page.candidates, page)
        await self._ask_all(await self._sitemaps(start.url), page)
        if not self.found:
            await self._guess(start.url, page)
        if not self.found and not self.tried:
            self._miss(given, "no_feed", "the page names no feed")

    def _read(self, answer: Response) -> Page:
        page = finding.read_page(answer.body, answer.url, answer.header("Content-Type") or "")
        self.left_out_count += page.left_out_count
        return page

    async def _home(self, start: Response) -> Page | None:
        """What the site's home page names, where the search began deeper in the site."""
        address = urls.resolve(start.url, "/")
        if address is None or urlsplit(start.url).path in ("", "/"):
            return None
        answer = await self.ask(Candidate(address, "the site's home page"))
        return self._read(answer) if isinstance(answer, Response) else None

    async def _ask_all(self, candidates: Iterable[Candidate], page: Page) -> None:
        for candidate in candidates:
            answer = await self.ask(candidate)
            if isinstance(answer, Response):
                await self._keep(candidate, answer, page)

    async def _sitemaps(self, url: str) -> list[Candidate]:
        robots = urls.resolve(url, "/robots.txt")
        answer = await self._get(robots, finding.MAX_HTML_BYTES) if robots else None
        is_had = isinstance(answer, Response) and answer.status == 200
        return finding.news_sitemaps(answer.body, answer.url) if is_had and isinstance(answer, Response) else []

    async def _guess(self, url: str, page: Page) -> None:
        for candidate in finding.guesses(url):
            answer = await self.ask(candidate, obeys_robots=True)
            if isinstance(answer, Response) and await self._keep(candidate, answer, page):
                return

    async def ask(self, candidate: Candidate, *, obeys_robots: bool = False) -> Response | Failure:
        """Fetch a candidate once; whatever is no 200 is noted as tried."""
        key = urls.canonical(candidate.url)
        if key in self._asked:
            return Failure(candidate.url, "asked_already", "", is_transient=False)
        self._asked.add(key)
        answer = await self._get(candidate.url, self.nw.settings.max_feed_bytes, obeys_robots=obeys_robots)
        if isinstance(answer, Response) and answer.status == 200:
            return answer
        if isinstance(answer, Response):
            detail = f"{answer.url} answered {answer.status}"
            answer = Failure(candidate.url, f"http_{answer.status}", detail, is_transient=False)
        self._miss(candidate, answer.outcome, answer.detail)
        return answer

    async def _get(self, url: str, max_bytes: int, *, obeys_robots: bool = False) -> Response | Failure:
        port = urlsplit(url).port
        ports = WEB_PORTS | ({port} if port else set())
        request = Request(url, max_bytes, {"Accept": ACCEPT}, self.allow_private, ports, obeys_robots=obeys_robots)
        return await self.fetcher.get(request)

    def _miss(self, candidate: Candidate, outcome: str, detail: str) -> None:
        self.tried.append(Tried(candidate.url, candidate.how, outcome, clean.line(detail, 200)))

    async def _keep(self, candidate: Candidate, answer: Response, page: Page) -> bool:
        """Read the answer as a feed and note what it is. False: it is none."""
        content_type = clean.line(answer.header("Content-Type") or "")
        try:
            parsed = await self.sandbox.feed(
                answer.body, feed_id="new", url=answer.url, content_type=content_type, timezone=None
            )
        except ParseFailed as error:
            self._miss(candidate, error.reason, str(error))
            return False
        address = answer.moved_to or candidate.url
        if all(urls.twin_key(found.url) != urls.twin_key(address) for found in self.found):
            self.found.append(self._describe(candidate, address, answer, page, parsed))
        return True

    def _describe(self, candidate: Candidate, address: str, answer: Response, page: Page, parsed: ParsedFeed) -> Found:
        heading = finding.read_heading(answer.body)
        title = heading.title or candidate.title
        known = known_as(self.nw.catalogue.feeds, address)
        language = heading.language or page.language
        source = "the feed" if heading.language else "the page" if page.language else ""
        return Found(
            url=address,
            how=candidate.how,
            title=title,
            outlet=self._outlet(address) or page.site_name or title or urls.host_of(address),
            language=language,
            language_source=source,
            entry_count=len(parsed.entries),
            rhythm=finding.rhythm(clean.credible(e.published_at, answer.fetched_at) for e in parsed.entries),
            topics=self._matching(parsed, self.language or language),
            known_as=known.id if known else None,
        )

    def _outlet(self, address: str) -> str | None:
        """The outlet of the feeds that feeds.yaml has from the same site; None where they are of several."""
        outlets = {feed.outlet for feed in self.nw.catalogue.feeds if urls.is_same_site(feed.url, address)}
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
