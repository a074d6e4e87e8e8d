"""Faults of pages and of robots.txt: what becomes of an entry whose link leads to such a host."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import brotli
from hostile import Answer, dripped, plain, raw, raw_then_reset, raw_then_silence, redirect
from made_pages import HTML, ordinary_page

MAX_PAGE_BYTES = 100_000


def story() -> Answer:
    return plain(ordinary_page().encode(), Content_Type=HTML)


@dataclass(frozen=True)
class PageFault:
    """A host to which an entry's link leads (`/story`). `asked`: how often the page itself is asked for in the end."""

    name: str
    does: str
    outcome: str
    answers: Mapping[str, Answer]
    asked: int = 1
    is_passing: bool = False  # tried three times before the feed's own text is taken

    @property
    def text_source(self) -> str:
        return "page" if self.outcome == "ok" else "feed"

    @property
    def kept(self) -> str:
        if self.outcome == "ok":
            return "the page's text"
        return "the feed's own text" + (", after three tries" if self.is_passing else "")


def _robots(name: str, does: str, outcome: str, robots: Answer, asked: int, **more: Answer) -> PageFault:
    answers = {"/robots.txt": robots, "/story": story()} | {f"/{path}": answer for path, answer in more.items()}
    return PageFault(name, does, outcome, answers, asked, is_passing=outcome == "robots_unreachable")


def _page(name: str, does: str, outcome: str, answer: Answer, *, asked: int = 1, **more: Answer) -> PageFault:
    answers = {"/story": answer} | {f"/{path}": other for path, other in more.items()}
    return PageFault(name, does, outcome, answers, asked, is_passing=asked > 1)


def _rules(text: str) -> Answer:
    return plain(text.encode(), Content_Type="text/plain")


_NO = "User-agent: *\nDisallow: /story\n"
_FILLING = "# the same line again and again\n" * 20_000  # 640 KB: more than a robots.txt is read of
_HOPS = {f"hop{n}": redirect(f"/hop{n + 1}") for n in range(1, 6)} | {"hop6": _rules(_NO)}
ROBOTS = [
    _robots("robots-404", "has no robots.txt.", "ok", plain(_NO.encode(), "404 Not Found"), 1),
    _robots("robots-403", "forbids its robots.txt itself.", "ok", plain(_NO.encode(), "403 Forbidden"), 1),
    _robots("robots-500", "answers 500 to robots.txt.", "robots_unreachable", plain(b"", "500 No"), 0),
    _robots("robots-429", "answers 429 to robots.txt.", "robots_unreachable", plain(b"", "429 Wait"), 0),
    _robots("robots-reset", "resets when asked for robots.txt.", "robots_unreachable", raw_then_reset(b""), 0),
    _robots(
        "robots-silence", "says nothing when asked for robots.txt.", "robots_unreachable", raw_then_silence(b""), 0
    ),
    _robots("robots-no-http", "answers robots.txt in no HTTP.", "robots_unreachable", raw(_NO.encode()), 0),
    _robots(
        "robots-elsewhere",
        "redirects robots.txt to another host, whose rules forbid.",
        "robots_disallowed",
        redirect("http://rules.localhost:{port}/robots.txt"),
        0,
    ),
    _robots(
        "robots-6-hops", "redirects robots.txt six times, to rules that forbid.", "ok", redirect("/hop1"), 1, **_HOPS
    ),
    _robots(
        "robots-long",
        "has 640 KB of comments in robots.txt, behind rules that forbid.",
        "robots_disallowed",
        _rules(_NO + _FILLING),
        0,
    ),
    _robots("robots-too-late", "forbids only behind 640 KB of comments.", "ok", _rules(_FILLING + _NO), 1),
    _robots(
        "robots-far",
        "forbids behind 500 KB of comments, just within what is to be read.",
        "robots_disallowed",
        _rules(_FILLING[:500_000] + "\n" + _NO),
        0,
    ),
    _robots(
        "robots-bomb",
        "has 20 MB in 20 KB of robots.txt, behind rules that forbid.",
        "robots_disallowed",
        plain(gzip.compress(_NO.encode() + bytes(20_000_000)), Content_Encoding="gzip"),
        0,
    ),
    _robots(
        "robots-html",
        "sends an HTML page as robots.txt.",
        "ok",
        plain(b"<html><p>Disallow: /</p>", Content_Type=HTML),
        1,
    ),
    _robots("robots-all", "forbids everything.", "robots_disallowed", _rules("User-agent: *\nDisallow: /\n"), 0),
    _robots(
        "robots-us",
        "forbids Newswatch alone.",
        "robots_disallowed",
        _rules("User-agent: newswatch\nDisallow: /\n\nUser-agent: *\nAllow: /\n"),
        0,
    ),
    _robots("robots-mark", "begins robots.txt with a byte order mark.", "robots_disallowed", _rules("\ufeff" + _NO), 0),
    _robots(
        "robots-delay", "asks for an hour between two requests.", "ok", _rules("User-agent: *\nCrawl-delay: 3600\n"), 1
    ),
    PageFault(
        "robots-hop",
        "redirects its page to a place that its robots.txt forbids.",
        "robots_disallowed",
        {
            "/robots.txt": _rules("User-agent: *\nDisallow: /private"),
            "/story": redirect("/private/story"),
            "/private/story": story(),
        },
    ),
    PageFault(
        "robots-other-hop",
        "redirects its page to a host whose robots.txt forbids it.",
        "robots_disallowed",
        {"/story": redirect("http://rules.localhost:{port}/story")},
    ),
]

PAGES = [
    _page("page-good", "sends the story.", "ok", story()),
    _page("page-404", "answers 404.", "http_404", plain(b"<p>none</p>", "404 Not Found", Content_Type=HTML)),
    _page(
        "page-bot-check",
        "answers with a script and a refresh in the page's place.",
        "bot_check",
        plain(
            b"<html><meta http-equiv=refresh content=5><p>One moment.</p><script>go()</script></html>",
            Content_Type=HTML,
        ),
    ),
    _page("page-403", "answers 403.", "http_403", plain(b"<p>no</p>", "403 Forbidden", Content_Type=HTML)),
    _page("page-410", "answers 410.", "http_410", plain(b"", "410 Gone")),
    _page("page-304", "answers 304 to a request without validators.", "http_304", raw(b"HTTP/1.1 304 No\r\n\r\n")),
    _page(
        "page-503",
        "answers 503 and asks for ten minutes.",
        "http_503",
        plain(b"", "503 Later", Retry_After="600"),
        asked=3,
    ),
    _page("page-429", "answers 429 and names no time.", "http_429", plain(b"", "429 Wait"), asked=3),
    _page("page-silence", "says nothing.", "timeout", raw_then_silence(b""), asked=3),
    _page(
        "page-drip",
        "sends its page a byte at a time.",
        "timeout",
        dripped(b"HTTP/1.1 200 OK\r\n\r\n<html>", lambda: iter(lambda: b"x", b"")),
        asked=3,
    ),
    _page(
        "page-reset",
        "resets within its page.",
        "truncated",
        raw_then_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<html>"),
        asked=3,
    ),
    _page("page-closed", "closes the connection.", "connection_failed", raw(b""), asked=3),
    _page("page-cut", "cuts its page off.", "truncated", plain(b"<html>", length=9999), asked=3),
    _page("page-no-http", "answers in no HTTP.", "bad_answer", raw(b"220 mail.localhost ESMTP\r\n"), asked=3),
    _page("page-too-large", "sends more than the limit.", "too_large", plain(b"x" * (MAX_PAGE_BYTES + 1))),
    _page(
        "page-bomb",
        "sends 20 MB of zeros in brotli.",
        "too_large",
        plain(brotli.compress(bytes(20_000_000), quality=5), Content_Encoding="br"),
    ),
    _page(
        "page-encoding",
        "compresses in a way that was not asked for.",
        "bad_encoding",
        plain(b"x", Content_Encoding="lzma"),
    ),
    _page("page-circle", "redirects in a circle.", "redirect_loop", redirect("/again"), again=redirect("/story")),
    _page("page-file", "redirects to a file.", "bad_redirect", redirect("file:///etc/passwd")),
    _page("page-metadata", "redirects to a cloud's metadata.", "address_refused", redirect("http://169.254.169.254/")),
    _page(
        "page-login",
        "sends a login page.",
        "no_story",
        plain(b"<html><body><form><input name='password'></form></body></html>", Content_Type=HTML),
    ),
    _page("page-pdf", "sends a PDF.", "no_story", plain(b"%PDF-1.7\n%\xe2\xe3", Content_Type="application/pdf")),
    _page("page-empty", "sends nothing.", "no_story", plain(b"", Content_Type=HTML)),
]

PAGE_FAULTS = [*ROBOTS, *PAGES]
