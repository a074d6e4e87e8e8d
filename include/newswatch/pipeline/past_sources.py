"""What a feed's site lists of its past: asks its sitemaps, WordPress' interface and the pages of the feed itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from newswatch.config.catalogue import Feed
from newswatch.errors import ParseFailed
from newswatch.feeds import autodiscovery
from newswatch.history.model import MAX_BYTES, MAX_ENTRIES, Form, PastDocument, PastEntry, Span
from newswatch.history.selection import Days, covered_by_pages, covered_by_sitemaps, merged
from newswatch.history.site import Site
from newswatch.net.client import MAX_ROBOTS_BYTES, Client, Request
from newswatch.net.messages import Failure, Response
from newswatch.pipeline.credentials import credentials
from newswatch.pipeline.installation import Newswatch
from newswatch.text import sanitise
from newswatch.urls.canonical import host_of, resolve, twin_key

KINDS = ("sitemap", "wordpress", "paged_feed")
MAX_DOCUMENTS = 1_000  # of one source
MAX_LISTED = 500_000  # entries of one source: some 400 MB of memory
POSTS_A_PAGE = 100  # WordPress gives no more
LONGEST_REST = 300.0  # seconds that a host may ask for before it is asked again in the same run
ATTEMPTS = 2  # fewer than the failures in a row after which the client leaves the host alone, for one bad document
SITEMAP_GUESSES = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml", "/sitemap-index.xml", "/news-sitemap.xml")
NOT_THERE = frozenset({"http_404", "http_410", "http_400", "unreadable", "not_a_feed"})


@dataclass(frozen=True, slots=True)
class PastSource:
    """What one source lists. `covered`: days of the span of which it lists all; `faults`: what could not be had of it.

    `address`: where it begins. `document_count`: requests that it took. `newest`: what it lists of other days,
    by which it is told whether it has what the feed had.
    """

    kind: str
    address: str
    entries: tuple[PastEntry, ...]
    covered: tuple[Days, ...]
    document_count: int
    faults: tuple[str, ...] = ()
    newest: tuple[PastEntry, ...] = ()


@dataclass
class PastSearch:
    """A search of one feed's site for the days of a span, one request at a time.

    `had`: documents that an earlier search of the same site has read, by form and address.
    """

    nw: Newswatch
    client: Client
    feed: Feed
    span: Span
    site: Site
    had: dict[tuple[str, str], PastDocument | Failure] = field(default_factory=dict)
    _faults: list[str] = field(default_factory=list)
    _count: int = 0

    async def run(self, kinds: Sequence[str] = KINDS) -> list[PastSource]:
        """The sources of these kinds that the site has, in the order of KINDS."""
        asks: dict[str, Callable[[], Awaitable[PastSource | None]]] = {
            "sitemap": self._sitemaps,
            "wordpress": self._wordpress,
            "paged_feed": self._pages,
        }
        found = []
        for kind in (kind for kind in KINDS if kind in kinds):
            self._faults, self._count = [], 0
            if source := await asks[kind]():
                found.append(replace(source, document_count=self._count, faults=tuple(self._faults)))
        return found

    async def _sitemaps(self) -> PastSource | None:
        stated = [url for site in self.site.origins for url in await self._stated_in_robots(site)]
        guesses = [url for site in self.site.origins for place in SITEMAP_GUESSES if (url := resolve(site, place))]
        had, missing = await self._read_sitemaps(stated or guesses, frozenset() if stated else frozenset(guesses))
        if not had:
            return None
        entries = tuple(entry for _, document in had for entry in document.entries)
        own = [(url, replace(d, entries=tuple(e for e in d.entries if self.site.holds(e.url)))) for url, d in had]
        covered = covered_by_sitemaps(own, missing, self.span, self.nw.day_of(self.nw.clock()))
        return PastSource("sitemap", had[0][0], entries, covered, 0)

    async def _read_sitemaps(
        self, roots: Sequence[str], guesses: frozenset[str]
    ) -> tuple[list[tuple[str, PastDocument]], list[str]]:
        """The sitemaps that may list the span, from `roots` down, and the addresses of those that could not be had.

        They may be on another host, if robots.txt names that (https://www.sitemaps.org/protocol.html, "Sitemaps & Cross
        Submits").
        """
        waiting: deque[tuple[str, datetime | None]] = deque((url, None) for url in roots)
        hosts = {host_of(url) for url in roots}
        seen: set[str] = set()
        had: list[tuple[str, PastDocument]] = []
        missing: list[str] = []
        document: PastDocument | Failure
        while waiting:
            url, changed_at = waiting.popleft()
            if twin_key(url) in seen or not self.span.may_hold(url, changed_at):
                continue
            seen.add(twin_key(url))
            if not (self._is_ours(url) or host_of(url) in hosts):
                document = _not_asked(url, "it is on another site")
            elif len(had) >= MAX_DOCUMENTS or sum(len(d.entries) for _, d in had) >= MAX_LISTED:
                document = _not_asked(url, f"a search reads {MAX_DOCUMENTS} documents and {MAX_LISTED} pages at most")
            else:
                document = await self._document(url, "sitemap")
            if isinstance(document, Failure):
                if self._note(document, is_guess=url in guesses):
                    missing.append(url)
                continue
            if document.is_cut or document.left_out_count:
                self._faults.append(f"{url} is cut" if document.is_cut else f"{url} lists more than {MAX_ENTRIES}")
            had.append((url, document))
            waiting.extend(document.children)
        return had, missing

    async def _stated_in_robots(self, site: str) -> list[str]:
        robots = resolve(site, "/robots.txt")
        answer = await self._get(robots, MAX_ROBOTS_BYTES, obeys_robots=False) if robots else None
        is_had = isinstance(answer, Response) and answer.status == 200
        return autodiscovery.sitemaps(answer.body, answer.url) if is_had and isinstance(answer, Response) else []

    async def _wordpress(self) -> PastSource | None:
        """Its posts by date; a day more on each side, for the interface counts in the site's own zone."""
        form = {"per_page": POSTS_A_PAGE, "orderby": "date", "_fields": "link,date_gmt,title,excerpt"}
        asked = form | {
            "order": "asc",
            "after": f"{self.span.begins - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
            "before": f"{self.span.ends + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip
        backwards = {"order": "desc", "page": 1}
        for site in self.site.origins:
            address = resolve(site, "/wp-json/wp/v2/posts")
            entries, known, is_whole, is_there = list[PastEntry](), set[str](), False, False
            for number in range(1, MAX_DOCUMENTS + 1):
                document = await self._document(f"{address}?{urlencode(asked | {'page': number})}", "wordpress")
                if isinstance(document, Failure):
                    # A page past the last one is a 400.
                    is_whole = not self._note(document, is_guess=not is_there or document.outcome == "http_400")
                    break
                is_there = True
                fresh = [entry for entry in document.entries if entry.url not in known]
                if not fresh:  # how many a page has says nothing: some sites give fewer than they are asked for
                    is_whole = not document.entries
                    break
                known |= {entry.url for entry in fresh}
                entries += fresh
            if is_there and address:
                has_any = any(self.span.holds(entry) for entry in entries)
                covered = merged([(self.span.first, self.span.last)], self.span) if is_whole and has_any else ()
                # Posts are one kind of what a site may publish: where stories are of another, the newest ones lack.
                newest = await self._document(f"{address}?{urlencode(form | backwards)}", "wordpress")
                looked_at = newest.entries if isinstance(newest, PastDocument) else ()
                return PastSource("wordpress", address, tuple(entries), covered, 0, newest=looked_at)
        return None

    async def _pages(self) -> PastSource | None:
        """The feed itself and the pages that follow it: those it names, else WordPress' `paged`."""
        if self.feed.kind == "page":
            return None
        url: str | None = self.feed.url
        pages: list[list[PastEntry]] = []
        seen: set[str] = set()
        known: set[str] = set()
        is_unbroken = True
        for number in range(2, MAX_DOCUMENTS + 2):
            if url is None or url in seen:
                break
            seen.add(url)
            document = await self._document(url, "feed")
            if isinstance(document, Failure):
                # WordPress' page past the last one is a 404.
                self._note(document, is_guess=number > 2 and document.outcome in NOT_THERE)
                break
            fresh = [entry for entry in document.entries if entry.url not in known]
            is_unbroken = is_unbroken and not (document.is_cut or document.left_out_count)
            if not fresh:
                break
            known |= {entry.url for entry in fresh}
            pages.append(fresh)
            if self._is_past(fresh):
                break
            url = document.next_url or (_paged(self.feed.url, number) if document.is_wordpress else None)
        if len(seen) < 2:
            return None
        covered = covered_by_pages(pages, self.span) if is_unbroken else ()
        return PastSource("paged_feed", self.feed.url, tuple(entry for page in pages for entry in page), covered, 0)

    def _is_past(self, page: Sequence[PastEntry]) -> bool:
        """Whether all of the page is of before the span; one old story may be pinned to the top of a feed."""
        dates = [entry.published_at for entry in page if entry.published_at]
        return bool(dates) and max(dates) < self.span.begins

    def _is_ours(self, url: str) -> bool:
        return self.site.holds_host(url)

    def _note(self, failure: Failure, *, is_guess: bool) -> bool:
        """Note what could not be had, unless it was a guess that is not there; returns whether it was noted."""
        if is_guess and failure.outcome in NOT_THERE:
            return False
        self._faults.append(f"{failure.url}: {failure.outcome} {failure.detail}".strip())
        return True

    async def _document(self, url: str, form: Form) -> PastDocument | Failure:
        if (form, url) not in self.had:
            self.had[form, url] = await self._read(url, form)
        return self.had[form, url]

    async def _read(self, url: str, form: Form) -> PastDocument | Failure:
        answer = await self._get(url, MAX_BYTES, obeys_robots=form != "feed")
        if isinstance(answer, Failure):
            return answer
        arguments: dict[str, Any] = {
            "form": form,
            "url": answer.url,
            "content_type": sanitise.line(answer.header("Content-Type") or ""),
            "timezone": self.feed.timezone,
            "language": self.feed.language,
        }
        try:
            with self.client.backlog.holding(answer):
                return await self.nw.parsers.past(answer.body, **arguments)
        except ParseFailed as error:
            return Failure(url, error.reason, error.detail, is_transient=False)

    async def _get(self, url: str, max_bytes: int, *, obeys_robots: bool) -> Response | Failure:
        """The answer, if it is a 200. A host that asks for some rest gets it, and is then asked again."""
        agreed = credentials(url, [self.feed])
        if isinstance(agreed, Failure):
            return agreed
        is_private = self.feed.allow_private and self._is_ours(url)
        request = Request(url, max_bytes, {}, is_private, self.feed.ports, obeys_robots=obeys_robots)
        request = replace(request, credentials=agreed)
        for attempt in range(1, ATTEMPTS + 1):
            answer = await self.client.get(request)
            self._count += 1
            self.nw.progress(f"documents of {host_of(url)} read", self._count, None)
            failure = answer if isinstance(answer, Failure) else answer.failure(self.nw.clock())
            if failure is None:
                return answer
            rest = failure.retry_after_seconds or 0.0
            is_left_alone = failure.outcome == "host_paused" and not rest
            if not failure.is_transient or is_left_alone or attempt == ATTEMPTS or rest > LONGEST_REST:
                return failure
            await asyncio.sleep(rest + self.nw.settings.host_delay_seconds)
        raise AssertionError("the last attempt returns")


def _paged(url: str, number: int) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}paged={number}"


def _not_asked(url: str, reason: str) -> Failure:
    return Failure(url, "not_asked", reason, is_transient=False)
