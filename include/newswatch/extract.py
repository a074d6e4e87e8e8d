"""HTML → what the page says of itself. Runs inside a parser child: some pages hold trafilatura for a minute."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from lxml.html import HtmlElement
from trafilatura import bare_extraction, load_html

from newswatch import boilerplate, clean, urls
from newswatch.model import ExtractedPage

_META_DATES = (
    "article:published_time",
    "og:article:published_time",
    "datePublished",
    "parsely-pub-date",
    "sailthru.date",
)
_STORY_TYPES = re.compile(r"Article$|^BlogPosting$|^Report$|^LiveBlogPosting$")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]{2,40})""", re.I)
MIN_TEXT_CHARS = 40  # less is a heading or a consent line, not a story


class NoStory(ValueError):
    """The page holds no text that could be a story's."""


def parse(body: bytes, *, url: str, content_type: str) -> ExtractedPage:
    """Read one page. Raises NoStory where there is no body text.

    The page is parsed once; text, metadata and canonical link come from that tree.
    """
    tree = load_html(_decode(body, content_type))
    if tree is None:
        raise NoStory(f"{url} holds no HTML")
    linked = list(_json_ld(tree))
    meta = _meta(tree)
    canonical = _canonical(tree, url)
    language = _language(tree)
    document = bare_extraction(tree, url=url, with_metadata=True, include_comments=False, include_tables=False)
    if document is None:
        raise NoStory(f"{url} holds no story text")
    stated_title = clean.line(_first(linked, "headline") or meta.get("og:title") or "")
    title = stated_title or clean.line(document.title or "")
    text, removed = boilerplate.remove(clean.paragraphs(document.text or ""))
    text = text.removeprefix(f"{title}\n")  # the headline has its own column
    if len(text) < MIN_TEXT_CHARS:
        raise NoStory(f"{url} holds {len(text)} characters of story text")
    published, is_day = _published(linked, meta, tree, document.date)
    return ExtractedPage(
        title=title,
        is_title_stated=bool(stated_title),
        text=text,
        authors=_authors(linked, document.author),
        published_at=published,
        is_day_only=is_day,
        language=language,
        canonical_url=canonical,
        removed_count=removed,
    )


def _decode(body: bytes, content_type: str) -> str | bytes:
    """The declared charset if it is known and holds; else the bytes, which trafilatura detects by itself."""
    stated = re.search(r"charset=[\"']?([\w-]+)", content_type, re.I)
    in_page = _CHARSET.search(body[:4096])
    for name in (stated and stated[1], in_page and in_page[1].decode("ascii"), "utf-8"):
        if name:
            try:
                return body.decode(name)
            except (LookupError, UnicodeDecodeError):
                continue
    return body


def _json_ld(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """JSON-LD objects that describe a story, in document order; broken blocks are passed over."""
    for script in tree.iterfind(".//script[@type='application/ld+json']"):
        try:
            data = json.loads(script.text_content(), strict=False)
        except (ValueError, RecursionError):
            continue
        queue = data if isinstance(data, list) else [data]
        for node in queue:
            if not isinstance(node, dict):
                continue
            queue.extend(n for n in _as_list(node.get("@graph")) if isinstance(n, dict))
            if any(_STORY_TYPES.search(str(kind)) for kind in _as_list(node.get("@type"))):
                yield node


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(nodes: list[dict[str, Any]], key: str) -> str | None:
    return next((str(node[key]) for node in nodes if isinstance(node.get(key), str) and node[key].strip()), None)


def _meta(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.iterfind(".//meta[@content]"):
        name = node.get("property") or node.get("name") or node.get("itemprop")
        if name:
            found.setdefault(name, node.get("content", "").strip())
    return found


def _canonical(tree: HtmlElement, url: str) -> str | None:
    """The page's own canonical link, if it is credible (`urls.is_credible_canonical`)."""
    for node in tree.iterfind(".//link[@rel='canonical']"):
        link = urls.resolve(url, node.get("href") or "")
        if link and urls.is_credible_canonical(url, link):
            return urls.canonical(link)
    return None


def _language(tree: HtmlElement) -> str | None:
    root = tree.getroottree().getroot()
    stated = re.match(r"[a-z]{2,3}", str(root.get("lang") or "").lower())
    return stated[0] if stated else None


def _published(
    linked: list[dict[str, Any]], meta: dict[str, str], tree: HtmlElement, fallback: str | None
) -> tuple[datetime | None, bool]:
    """Publication time, and whether only its day is stated. JSON-LD, metadata, <time>, then trafilatura's day."""
    stamps = [_first(linked, "datePublished"), *(meta.get(name) for name in _META_DATES)]
    stamps += [node.get("datetime") for node in tree.iterfind(".//time[@datetime]")][:1]
    for stamp in filter(None, stamps):
        moment = _moment(stamp)
        if moment:
            return moment, False
    day = _moment(fallback or "", is_day_enough=True)
    return day, day is not None


def _moment(stamp: str, *, is_day_enough: bool = False) -> datetime | None:
    if len(stamp.strip()) <= 10 and not is_day_enough:
        return None
    try:
        moment = datetime.fromisoformat(stamp.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _authors(linked: list[dict[str, Any]], fallback: str | None) -> tuple[str, ...]:
    names: list[Any] = [
        a.get("name") if isinstance(a, dict) else a for node in linked for a in _as_list(node.get("author"))
    ]
    if not names:
        names = (fallback or "").split("; ")
    cleaned = (clean.line(name, 120) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(filter(None, cleaned)))[:20]
