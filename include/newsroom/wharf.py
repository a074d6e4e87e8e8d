"""The wharf: small outlets that are no ordinary RSS, each on a host of its own.  Off unless asked for.

A JSON Feed, a page without a feed, an outlet whose wall leaves WordPress' interface open, one whose feed wants a token,
and an aggregator that lists stories of the first three, some of them behind addresses that redirect.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web
from markupsafe import escape

from newsroom.notes import PREFIX, Note, note_at, note_page, notes_before
from newsroom.pages import LABEL, Site

LABEL_OF_ALL = "wharf"  # their hosts end in it
NOWHERE = "/r/nowhere"  # a redirect that only a browser could follow, and not even that one
TOKEN_NAME = "NEWSROOM_TOKEN"  # noqa: S105 - of the environment variable that holds the token
STEP = timedelta(hours=6)
LISTED = 12
POSTS = "/wp-json/wp/v2/posts"
RSS_TYPE = "application/rss+xml; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Source:
    """One outlet, or the aggregator.  ``answer``: what it lists; ``more``: keys of its entry in feeds.yaml."""

    name: str
    outlet: str
    path: str
    answer: Callable[[web.Request, Site, datetime], web.Response]
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def id(self) -> str:
        return f"wharf-{self.name}"

    def entry(self, site: Site) -> dict[str, Any]:
        """The source in feeds.yaml."""
        address = {"id": self.id, "outlet": self.outlet, "url": site.base(label_of(self.name)) + self.path}
        return address | {"language": "en", "timezone": "UTC", "allow_private": True} | dict(self.more)


def label_of(name: str) -> str:
    return f"{name}.{LABEL_OF_ALL}"


def is_wharf(label: str) -> bool:
    """Whether a host of this label is one of these."""
    return label.endswith(f".{LABEL_OF_ALL}") and label.removesuffix(f".{LABEL_OF_ALL}") in BY_NAME


def answer(label: str, request: web.Request, site: Site, now: datetime) -> web.Response:
    """What a host of the wharf answers at ``now``."""
    source = BY_NAME[label.removesuffix(f".{LABEL_OF_ALL}")]
    if request.path == "/robots.txt":
        return web.Response(text="User-agent: *\nAllow: /\n")
    if request.path == source.path:
        return source.answer(request, site, now)
    if source.name == "wall" and request.path == POSTS:
        return _posts(request, site, now)
    if source.name == "many" and request.path.startswith("/r/"):
        return _redirect(request.path, site, now)
    shown = _note_at(source, request.path, now)
    if shown:
        page = note_page(shown, site.base(label), outlet=source.outlet, path=path_of(source.name, shown))
        return web.Response(body=page, headers={"Content-Type": HTML_TYPE})
    if request.path == "/":
        return _html(source.outlet, f"<h1>{source.outlet}</h1><p>{LABEL}</p>")
    return _plain(404)


def notes_of(name: str, now: datetime, count: int = LISTED) -> list[Note]:
    """The newest notes of an outlet, newest first."""
    return notes_before(label_of(name), now, STEP, count)


def path_of(name: str, note: Note) -> str:
    """A note's path.  The outlet without a feed has the day in it."""
    return f"/{note.published_at:%Y/%m/%d}/{note.minute}" if name == "page" else note.path


def _note_at(source: Source, path: str, now: datetime) -> Note | None:
    if source.name == "many":
        return None
    found = note_at(label_of(source.name), PREFIX + path.rpartition("/")[2], now)
    return found if found and path == path_of(source.name, found) else None


def _json_feed(_: web.Request, site: Site, now: datetime) -> web.Response:
    base = site.base(label_of("json"))
    items = [
        {
            "id": str(note.minute),
            "url": base + note.path,
            "title": note.title,
            "summary": note.paragraphs[0],
            "date_published": note.published_at.isoformat(),
        }
        for note in notes_of("json", now)
    ]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "The Wharf Almanac",
        "home_page_url": f"{base}/",
    }
    return web.Response(text=json.dumps(document | {"items": items}), content_type="application/feed+json")


def _listing(_: web.Request, site: Site, now: datetime) -> web.Response:
    rows = "".join(
        f'<li class="note"><a href="{path_of("page", note)}">{escape(note.title)}</a></li>\n'
        for note in notes_of("page", now)
    )
    others = f'<p class="ad"><a href="{site.base(label_of("json"))}/">Read the Almanac</a></p>'
    return _html("News", f'<nav><a href="/about">About</a></nav>\n<ul>\n{rows}</ul>\n{others}')


def _refuse(*_: Any) -> web.Response:
    return _plain(403)


def _posts(request: web.Request, site: Site, now: datetime) -> web.Response:
    size = request.query.get("per_page", "10")
    posts = [
        {
            "guid": {"rendered": f"{site.base(note.label)}/?p={note.minute}"},
            "link": site.base(note.label) + note.path,
            "date_gmt": f"{note.published_at:%Y-%m-%dT%H:%M:%S}",
            "modified_gmt": f"{note.published_at:%Y-%m-%dT%H:%M:%S}",
            "title": {"rendered": note.title.replace("'", "&#8217;")},
            "excerpt": {"rendered": f"<p>{note.paragraphs[0]}</p>\n", "protected": False},
        }
        for note in notes_of("wall", now, min(int(size), 100) if size.isdecimal() else 10)
    ]
    return web.Response(text=json.dumps(posts), content_type="application/json")


def _with_token(request: web.Request, site: Site, now: datetime) -> web.Response:
    token = os.environ.get(TOKEN_NAME)
    if not token or request.headers.get("Authorization") != f"Bearer {token}":
        return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"}, text="401\n")
    return _rss(((note, site.base(note.label) + note.path, "") for note in notes_of("key", now)), "Tide Clock Letter")


def _headlines(_: web.Request, site: Site, now: datetime) -> web.Response:
    """Stories of three outlets: of one at their own addresses, of two behind redirects; and one that leads nowhere."""
    base = site.base(label_of("many"))
    listed = []
    for name in ("json", "page", "wall"):
        whose = f'<source url="{site.base(label_of(name))}/">{BY_NAME[name].outlet}</source>'
        for note in notes_of(name, now, 3):
            own = site.base(note.label) + path_of(name, note)
            listed.append((note, own if name == "json" else f"{base}/r/{name}/{note.minute}", whose))
    lost = notes_of("many", now, 1)[0]
    listed.append((lost, f"{base}{NOWHERE}/{lost.minute}", '<source url="http://gone.invalid/">Gone Gazette</source>'))
    return _rss(listed, "Harbour Headlines")


def _redirect(path: str, site: Site, now: datetime) -> web.Response:
    name, _, minute = path.removeprefix("/r/").partition("/")
    if path.startswith(NOWHERE):
        return _html("Harbour Headlines", "<script>location.replace(atob(document.title))</script>")
    found = note_at(label_of(name), PREFIX + minute, now) if name in BY_NAME else None
    if found is None:
        return _plain(404)
    return web.Response(status=302, headers={"Location": site.base(found.label) + path_of(name, found)})


def _rss(listed: Iterable[tuple[Note, str, str]], title: str) -> web.Response:
    items = "".join(
        f"<item><title>{escape(note.title)}</title><link>{link}</link>"
        f'<guid isPermaLink="false">{note.label}-{note.minute}</guid>{whose}'
        f"<description>{escape(note.paragraphs[0])}</description>"
        f"<pubDate>{format_datetime(note.published_at, usegmt=True)}</pubDate></item>\n"
        for note, link, whose in listed
    )
    head = f"<title>{title}</title><description>{LABEL}</description><language>en</language>"
    body = f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>{head}\n{items}</channel></rss>\n'
    return web.Response(body=body.encode(), headers={"Content-Type": RSS_TYPE})


def _html(title: str, body: str) -> web.Response:
    head = f'<meta charset="utf-8"><title>{title}</title>'
    text = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'
    return web.Response(body=text.encode(), headers={"Content-Type": HTML_TYPE})


def _plain(status: int) -> web.Response:
    return web.Response(status=status, text=f"{status}\n")


SOURCES: tuple[Source, ...] = (
    Source("json", "The Wharf Almanac", "/feed.json", _json_feed),
    Source("page", "Pilot Lane Bulletin", "/news", _listing, (("kind", "page"), ("links", ".note a"))),
    Source("wall", "Marrow Slip Times", "/feed.xml", _refuse),
    Source("key", "Tide Clock Letter", "/feed.xml", _with_token, (("auth", {"bearer": f"${{{TOKEN_NAME}}}"}),)),
    Source("many", "by entry", "/feed.xml", _headlines),
)
BY_NAME: dict[str, Source] = {source.name: source for source in SOURCES}
