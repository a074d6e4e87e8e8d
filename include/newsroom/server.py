"""Serves the newsroom over HTTP on loopback: virtual hosts, feeds with their faults, story pages, robots.txt."""

import asyncio
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from types import TracebackType
from typing import Self

from aiohttp import web

from newsroom import broken, past, wharf
from newsroom.feeds import entries_of, fails_at, feed_bytes, last_change
from newsroom.outlets import BY_ID, Feed, Outlet
from newsroom.pages import Site, front_page, index_page, story_page
from newsroom.stories import Story, stories_of

DOMAIN = "newsroom.localhost"
START_SECONDS = 10.0  # the server must be up by then
ANY_PATH = "*"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><rect width="640" height="360"/></svg>'

_DATE = re.compile(r"(20\d\d)/?([01]\d)/?([0-3]\d)")
log = logging.getLogger("newsroom")


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


class Newsroom:
    """The newsroom's server, in a thread of its own.

    ``clock`` tells the newsroom's time and may be replaced while it runs.  ``faults`` forces statuses:
    ``faults["courier", "/rss.xml"] = 503``, or ``faults["courier", "*"]`` for all of an outlet.  ``hits`` counts
    requests by (outlet id, path); for a host that is no outlet's, by (host, path).  ``is_broken_on``: The Broken Buoy
    is served too (see newsroom.broken), ``is_wharf_on``: the wharf is (newsroom.wharf); their hosts count by (host,
    path).  ``rests["ranok"] = 12``: the twelfth request from now on, feeds and pages alike, is answered with 429 and a
    second's rest.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        domain: str = DOMAIN,
        clock: Callable[[], datetime] = utc_now,
        host: str = "127.0.0.1",
        is_broken_on: bool = False,
        is_wharf_on: bool = False,
    ) -> None:
        self.port = port  # the port in fact, once started
        self.domain = domain
        self.clock = clock
        self.host = host
        self.is_broken_on = is_broken_on
        self.is_wharf_on = is_wharf_on
        self.hits: Counter[tuple[str, str]] = Counter()
        self.faults: dict[tuple[str, str], int] = {}
        self.rests: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Serve in the background.  Raises OSError if the address cannot be had."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="newsroom", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError("the newsroom did not start")
        if self._error:
            raise self._error
        return self

    def stop(self) -> None:
        """Stop serving; nothing happens if it does not serve."""
        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def base_url(self, outlet_id: str) -> str:
        """An outlet's base URL, e.g. ``http://courier.newsroom.localhost:41231``.  Raises KeyError if unknown."""
        return Site(self.domain, self.port).base(BY_ID[outlet_id].id)

    def fail(self, outlet_id: str, status: int | None, path: str = ANY_PATH) -> None:
        """Answer an outlet's path (or all of it) with ``status`` from now on; None ends it."""
        if status is None:
            self.faults.pop((outlet_id, path), None)
        else:
            self.faults[outlet_id, path] = status

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # handed to start(), which raises it
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        application = web.Application()
        application.router.add_route("GET", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
            self.port = int(runner.addresses[0][1])
            self._ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        host, _, port = request.headers.get("Host", "").lower().partition(":")
        site = Site(self.domain, int(port) if port.isdigit() else None)
        label = host.removesuffix(f".{self.domain}")
        outlet = BY_ID.get(label)
        self.hits[outlet.id if outlet else host, request.path] += 1
        answer: web.StreamResponse
        if self.is_broken_on and broken.is_broken(label):
            answer = await broken.answer(label, request, site, self.clock(), self._stopping)
        elif self.is_wharf_on and wharf.is_wharf(label):
            answer = wharf.answer(label, request, site, self.clock())
        elif outlet is None:
            answer = _html(index_page(site))
        else:
            fault = self.faults.get((outlet.id, request.path)) or self.faults.get((outlet.id, ANY_PATH))
            if self._wants_rest(outlet.id):
                answer = web.Response(status=429, headers={"Retry-After": "1"})
            else:
                answer = _plain(fault) if fault else answer_for(outlet, site, request, self.clock())
        log.info("%s %s%s %d %.3f s", request.method, host, request.path, answer.status, time.monotonic() - began)
        return answer

    def _wants_rest(self, outlet_id: str) -> bool:
        if outlet_id not in self.rests:
            return False
        self.rests[outlet_id] -= 1
        return self.rests[outlet_id] == 0 and self.rests.pop(outlet_id) == 0


def answer_for(outlet: Outlet, site: Site, request: web.Request, now: datetime) -> web.Response:
    """What an outlet answers to a request at ``now``."""
    path = request.path
    if path == "/":
        return _html(front_page(outlet, site, now), outlet.encoding)
    if path == "/robots.txt":
        return _plain(404) if outlet.robots is None else web.Response(text=outlet.robots + past.robots(outlet, site))
    if path == "/picture.svg":
        return web.Response(body=PICTURE, content_type="image/svg+xml")
    for feed in outlet.feeds:
        if path == feed.path:
            return _feed(outlet, feed, site, request, now)
        if path == feed.moved_to:  # the feed as it is at its new address
            return _document(outlet, feed, feed_bytes(outlet, feed, site, now))
    if (of_the_past := past.answer(outlet, site, request, now)) is not None:
        return of_the_past
    story = find_story(outlet.id, path)
    if story is None or story.published_at > now:
        return _plain(404)
    with_update = story.updated_at is not None and story.updated_at <= now
    return _html(story_page(story, site, with_update), outlet.encoding)


def find_story(outlet_id: str, path: str) -> Story | None:
    """The story at an outlet's path, published or not yet; None if there is none.  Every path holds its date."""
    found = _DATE.search(path)
    if not found:
        return None
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
    return _by_path(day).get((outlet_id, path))


@lru_cache(maxsize=512)
def _by_path(day: date) -> dict[tuple[str, str], Story]:
    return {(story.outlet_id, story.path): story for story in stories_of(day)}


def _feed(outlet: Outlet, feed: Feed, site: Site, request: web.Request, now: datetime) -> web.Response:
    if feed.form == "gone":
        return _plain(410)
    if feed.form == "html":
        return _html(front_page(outlet, site, now), outlet.encoding)
    if feed.form == "moved":
        return web.Response(status=301, headers={"Location": site.base(outlet.id) + feed.moved_to})
    if feed.flaky and fails_at(now):
        return _plain(500)
    if not feed.validators:
        page = request.query.get("page", "")
        number = int(page) if feed.has_pages and page.isdecimal() else 1
        return _document(outlet, feed, feed_bytes(outlet, feed, site, now, number))
    changed = last_change(entries_of(outlet, feed, now), feed, now)
    # The port is part of the document (in its links), so it is part of the tag.
    tag = f'"{sha256(f"{feed.id} {site} {changed}".encode()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Last-Modified": format_datetime(changed, usegmt=True)}
    if _unchanged(request, tag, changed):
        return web.Response(status=304, headers=headers)
    return _document(outlet, feed, feed_bytes(outlet, feed, site, now), headers)


def _unchanged(request: web.Request, tag: str, changed: datetime) -> bool:
    """Whether the client's copy is good; If-None-Match, where given, decides alone (RFC 9110)."""
    if tags := request.headers.get("If-None-Match"):
        return tag in tags or tags.strip() == "*"
    try:
        return changed <= parsedate_to_datetime(request.headers.get("If-Modified-Since", ""))
    except (TypeError, ValueError):
        return False


def _document(outlet: Outlet, feed: Feed, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    kind = "application/atom+xml" if feed.form == "atom" else "application/rss+xml"
    return web.Response(body=body, headers={"Content-Type": f"{kind}; charset={outlet.encoding}"} | (headers or {}))


def _html(body: bytes, encoding: str = "utf-8") -> web.Response:
    return web.Response(body=body, headers={"Content-Type": f"text/html; charset={encoding}"})


def _plain(status: int) -> web.Response:
    return web.Response(status=status, text=f"{status}\n")
