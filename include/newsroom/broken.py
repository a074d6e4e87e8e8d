"""The Broken Buoy: an outlet whose every feed has one fault, each on a host of its own.  Off unless asked for."""

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from hashlib import shake_256
from itertools import chain, repeat

from aiohttp import web
from markupsafe import escape

from newsroom.notes import OUTLET, PREFIX, Note, note_at, note_page, notes_before
from newsroom.pages import LABEL, Site

LABEL_OF_ALL = "buoy"  # the host that lists the others; theirs end in it
FEED_PATH = "/feed.xml"
NEW_PATH = "/feeds/notes.xml"  # where the moved feed is now
INSIDE = "http://169.254.169.254/"  # where clouds keep a machine's secrets
DRIP_SECONDS = 1.0
BOMB_BYTES = 100_000_000
BUSY_SECONDS = 3600
QUIET_DAYS = 40
QUIET_STEP_DAYS = 30  # else a note of forty days ago would come in every day
DAY = timedelta(days=1)
XML_TYPE = "application/rss+xml; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
LOST = {"missing.lost": 404, "gone.lost": 410, "busy.lost": 503, "drip.lost": None}  # hosts of lost pages; None drips


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a host of the outlet.  ``name`` is the host's label without the outlet's."""

    name: str
    request: web.Request
    site: Site
    now: datetime
    stopping: asyncio.Event

    @property
    def label(self) -> str:
        return label_of(self.name)

    async def goes_on(self, seconds: float) -> bool:
        """Wait; returns whether the client is still there then and the server still serves."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
        transport = self.request.transport
        return not (self.stopping.is_set() or transport is None or transport.is_closing())


@dataclass(frozen=True, slots=True)
class BrokenFeed:
    """One feed.  ``outcome`` is what Newswatch calls its first poll."""

    name: str
    fault: str
    outcome: str
    answer: Callable[[Visit], Awaitable[web.StreamResponse]]

    @property
    def id(self) -> str:
        return f"buoy-{self.name}"

    def url(self, site: Site) -> str:
        return site.base(label_of(self.name)) + FEED_PATH


def label_of(name: str) -> str:
    return f"{name}.{LABEL_OF_ALL}"


def is_broken(label: str) -> bool:
    """Whether a host of this label is the outlet's."""
    return label == LABEL_OF_ALL or label.endswith(f".{LABEL_OF_ALL}")


async def answer(
    label: str, request: web.Request, site: Site, now: datetime, stopping: asyncio.Event
) -> web.StreamResponse:
    """What a host of the outlet answers at ``now``.  Never lasts longer than the client or, by much, the server."""
    name = label.removesuffix(LABEL_OF_ALL).removesuffix(".")
    visit = Visit(name, request, site, now, stopping)
    if request.path == "/robots.txt":
        return web.Response(text="User-agent: *\nAllow: /\n")
    if request.path == "/" and (not name or name in BY_NAME):
        return web.Response(body=_index(site), headers={"Content-Type": HTML_TYPE})
    if name in BY_NAME and request.path == FEED_PATH:
        return await BY_NAME[name].answer(visit)
    if name == "moved" and request.path == NEW_PATH:
        return _document(_rss(_recent(visit), visit))
    if name == "loop" and request.path == FEED_PATH + "/":
        return _redirect(302, site.base(label) + FEED_PATH)
    if name in LOST and request.path.startswith(PREFIX):
        status = LOST[name]
        return _plain(status) if status else await _drip(visit)
    shown = note_at(label, request.path, now) if name in BY_NAME else None
    return _page(shown, site) if shown else _plain(404)


async def _drip(visit: Visit) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": XML_TYPE})
    await response.prepare(visit.request)
    with contextlib.suppress(ConnectionError):  # the client has gone
        for byte in chain(_rss(_recent(visit), visit).removesuffix("</channel></rss>\n").encode(), repeat(32)):
            await response.write(bytes([byte]))
            if not await visit.goes_on(DRIP_SECONDS):
                break
    return response


async def _silent(visit: Visit) -> web.StreamResponse:
    while await visit.goes_on(DRIP_SECONDS):
        pass
    if visit.request.transport:
        visit.request.transport.abort()  # even the end of the server is no answer
    return web.Response()


async def _bomb(_: Visit) -> web.StreamResponse:
    body = await asyncio.to_thread(_bomb_bytes)
    return web.Response(body=body, headers={"Content-Type": XML_TYPE, "Content-Encoding": "gzip"})


@lru_cache(maxsize=1)
def _bomb_bytes() -> bytes:
    """A feed's beginning and then blanks, a thousandth of its size when packed."""
    engine = zlib.compressobj(wbits=31)
    block = b" " * 1_000_000
    packed = [engine.compress(b'<?xml version="1.0"?><rss version="2.0"><channel>')]
    packed += [engine.compress(block) for _ in range(BOMB_BYTES // len(block))]
    return b"".join((*packed, engine.flush()))


async def _cut(visit: Visit) -> web.StreamResponse:
    document = _rss(_recent(visit), visit).encode()
    response = web.StreamResponse(headers={"Content-Type": XML_TYPE})  # streamed, so that no length is stated
    await response.prepare(visit.request)
    await response.write(document[: document.rindex(b"<pubDate>")])
    return response


async def _busy(_: Visit) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": str(BUSY_SECONDS)}, text="429\n")


async def _loop(visit: Visit) -> web.StreamResponse:
    return _redirect(302, visit.site.base(visit.label) + FEED_PATH + "/")


async def _inside(_: Visit) -> web.StreamResponse:
    return _redirect(302, INSIDE)


async def _login(_: Visit) -> web.StreamResponse:
    form = '<form method="post"><input name="name"><input name="password" type="password"><button>Go</button></form>'
    text = f'<!doctype html>\n<html lang="en"><title>Log in</title><h1>Log in to read on</h1>{form}</html>\n'
    return web.Response(body=text.encode(), headers={"Content-Type": HTML_TYPE})


async def _garbage(_: Visit) -> web.StreamResponse:
    return web.Response(body=shake_256(b"buoy").digest(20_000), headers={"Content-Type": XML_TYPE})


async def _empty(visit: Visit) -> web.StreamResponse:
    return _document(_rss([], visit))


async def _gap(visit: Visit) -> web.StreamResponse:
    return _document(_rss(notes_before(visit.label, visit.now, timedelta(minutes=1), 3), visit))


async def _quiet(visit: Visit) -> web.StreamResponse:
    day = (visit.now - QUIET_DAYS * DAY).date().toordinal()
    last = datetime.fromordinal(day - day % QUIET_STEP_DAYS).replace(tzinfo=UTC)
    return _document(_rss(notes_before(visit.label, last, DAY, 10), visit))


async def _dates(visit: Visit) -> web.StreamResponse:
    """Moscow's time by its name, the years 1, 9999 and 1970, a number of seconds, and no date at all."""
    last = notes_before(visit.label, visit.now, DAY, 1)[0].published_at - timedelta(minutes=1)  # of the day before
    notes = notes_before(visit.label, last, timedelta(minutes=1), 6)
    moscow = format_datetime(notes[0].published_at.astimezone(timezone(timedelta(hours=3))))
    dates = (
        moscow.replace("+0300", "MSK"),
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        str(int(notes[4].published_at.timestamp())),
        None,
    )
    return _document(_rss(notes, visit, dates))


async def _surrogate(visit: Visit) -> web.StreamResponse:
    notes = _recent(visit)
    title = str(escape(notes[0].title))
    return _document(_rss(notes, visit).replace(f"<item><title>{title}", f"<item><title>{title} &#xD800;", 1))


async def _moved(visit: Visit) -> web.StreamResponse:
    return _redirect(308, visit.site.base(visit.label) + NEW_PATH)


async def _lost(visit: Visit) -> web.StreamResponse:
    """A note a day on each host of lost pages; the feed's own text is all that there is of it."""
    notes = [note for name in LOST for note in notes_before(label_of(name), visit.now, DAY, 1)]
    return _document(_rss(notes, visit))


def _recent(visit: Visit) -> list[Note]:
    return notes_before(visit.label, visit.now, timedelta(hours=6), 4)


def _rss(notes: Sequence[Note], visit: Visit, dates: Sequence[str | None] | None = None) -> str:
    """The feed as text, so that it may be spoilt.  ``dates``: what stands there instead of the true ones."""
    stated = [format_datetime(note.published_at, usegmt=True) for note in notes] if dates is None else dates
    items = (
        f"<item><title>{escape(note.title)}</title><link>{visit.site.base(note.label)}{note.path}</link>"
        f'<guid isPermaLink="false">{note.label}-{note.minute}</guid>'
        f"<description>{escape(note.paragraphs[0])}</description>{f'<pubDate>{day}</pubDate>' if day else ''}</item>\n"
        for note, day in zip(notes, stated, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>{OUTLET}</title><link>{visit.site.base(visit.label)}/</link><description>{LABEL}</description>"
        f"<language>en</language>\n{''.join(items)}</channel></rss>\n"
    )


def _document(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": XML_TYPE})


def _page(shown: Note, site: Site) -> web.Response:
    return web.Response(body=note_page(shown, site.base(shown.label)), headers={"Content-Type": HTML_TYPE})


def _redirect(status: int, target: str) -> web.Response:
    return web.Response(status=status, headers={"Location": target})


def _plain(status: int) -> web.Response:
    return web.Response(status=status, text=f"{status}\n")


def _index(site: Site) -> bytes:
    """The outlet's front page: every feed with its fault."""
    rows = "".join(
        f'<tr><td><a href="{feed.url(site)}">{feed.id}</a></td><td>{escape(feed.fault)}</td>'
        f"<td>{feed.outcome}</td></tr>\n"
        for feed in FEEDS
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{OUTLET}</title></head><body>\n'
        f"<h1>{OUTLET}</h1>\n<table><tr><th>feed</th><th>fault</th><th>outcome</th></tr>\n{rows}</table>\n"
        f"<footer>{LABEL}</footer></body></html>\n"
    ).encode()


FEEDS: tuple[BrokenFeed, ...] = (
    BrokenFeed("drip", "comes a byte a second, for ever", "timeout", _drip),
    BrokenFeed("silent", "takes the request and never answers", "timeout", _silent),
    BrokenFeed("bomb", "100 MB of blanks, packed into 100 KB", "too_large", _bomb),
    BrokenFeed("cut", "its end is missing, and no length is stated", "damaged", _cut),
    BrokenFeed("busy", "429: come back in an hour", "http_429", _busy),
    BrokenFeed("loop", "redirects in a circle", "redirect_loop", _loop),
    BrokenFeed("inside", "redirects to a cloud's metadata service", "address_refused", _inside),
    BrokenFeed("login", "a login page, with status 200", "not_a_feed", _login),
    BrokenFeed("garbage", "random bytes under a feed's type", "not_a_feed", _garbage),
    BrokenFeed("empty", "a feed without entries", "ok", _empty),
    BrokenFeed("gap", "a note a minute, of which it lists the newest three", "ok", _gap),
    BrokenFeed("quiet", "a note a day, and none for forty days or more", "ok", _quiet),
    BrokenFeed("dates", "dates of the years 1, 1970 and 9999, in MSK, in seconds, and none", "ok", _dates),
    BrokenFeed("surrogate", "a title with a reference to half a character", "ok", _surrogate),
    BrokenFeed("moved", "308: moved for good", "ok", _moved),
    BrokenFeed("lost", "links to pages that are missing, gone, busy or slow without end", "ok", _lost),
)
BY_NAME: dict[str, BrokenFeed] = {feed.name: feed for feed in FEEDS}
