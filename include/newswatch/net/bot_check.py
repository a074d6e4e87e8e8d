"""Bot checks: answers that a wall gives in a page's place, told by what they are and not by whose they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_BYTES = 200_000  # a larger answer has a page in it
MAX_TEXT_CHARS = 300  # of what the check says to a reader; a story says more
CHECKS = frozenset({"challenge", "captcha"})  # as whole values of a header, whatever it is called
_UNSHOWN = ("script", "style", "noscript", "template", "title", "svg")
_REFRESH = re.compile(rb"<meta\b[^<>]{0,200}http-equiv\s{0,9}=\s{0,9}[\"']?refresh\b[^<>]{0,2000}>", re.I)
_TARGET = re.compile(rb"url\s{0,9}=\s{0,9}[\"']?([^\"'>\s]+)", re.I)
_TAG = re.compile(rb"<[^<>]*>?")


def is_bot_check(url: str, headers: Iterable[tuple[str, str]], body: bytes) -> bool:
    """Whether an answer is a check for bots and nothing else.

    Either a header says so, as `cf-mitigated: challenge` does; or it is a page without any story, of a script and a
    meta refresh that leads back to the same page: another page is a redirect.
    """
    if any(value.strip().lower() in CHECKS for _, value in headers):
        return True
    if len(body) > MAX_BYTES or b"<script" not in body[:MAX_BYTES].lower():
        return False
    refresh = _REFRESH.search(body)
    return refresh is not None and _leads_back(refresh[0], url) and len(_shown(body)) <= MAX_TEXT_CHARS


def _leads_back(refresh: bytes, url: str) -> bool:
    target = _TARGET.search(refresh)
    if target is None:
        return True
    address = target[1].decode("latin-1").partition("#")[0].partition("?")[0]
    page = url.partition("#")[0].partition("?")[0]
    return address in ("", page, "/" + page.partition("//")[2].partition("/")[2])


def _shown(body: bytes) -> bytes:
    """What a reader without scripts sees of the page, about."""
    for name in _UNSHOWN:
        body = _without(body, name.encode())
    return b" ".join(_TAG.sub(b" ", body).split())


def _without(body: bytes, name: bytes) -> bytes:
    """The page without these elements; one that has no end reaches to the page's."""
    lower, kept, at = body.lower(), [], 0
    while (start := lower.find(b"<" + name, at)) >= 0:
        kept.append(body[at:start])
        end = lower.find(b"</" + name, start)
        if end < 0:
            return b"".join(kept)
        at = end + len(name) + 2
    return b"".join([*kept, body[at:]])
