"""Bytes of a feed → entries. Runs inside a parser child: a hostile feed can hold feedparser for half a minute."""

from __future__ import annotations

import hashlib
import html
import io
import re
from calendar import timegm
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import nh3

from newswatch import clean, urls
from newswatch.model import Entry, ParsedFeed

_ZONE_STATED = re.compile(r"(?:[+-]\d\d:?\d\d|Z|UTC?|GMT|[ECMP][SD]T)\s*$")  # those that feedparser understands
MAX_ENTRIES = 5000  # a feed lists its newest first; what is past this is older than any reader keeps


class NotAFeed(ValueError):
    """The body is no RSS, RDF or Atom document."""


def parse(body: bytes, *, feed_id: str, url: str, content_type: str, timezone: str | None) -> ParsedFeed:
    """Understand a feed document. `timezone`: IANA zone for dates that state none (default UTC).

    Raises NotAFeed. An entry without a link is kept: its own text may be all that there is.
    """
    # BytesIO, never bytes: feedparser opens a body that looks like a path or an address. It is not told the feed's own
    # address: links are resolved here, against the site that the feed names.
    document = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": content_type},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not document.get("version") and not document.entries:
        raise NotAFeed(f"{url} answered with {content_type or 'no type'}, which is no feed")
    zone = ZoneInfo(timezone) if timezone else None
    base = urls.resolve(url, document.feed.get("link", "")) or url
    entries = tuple(_entry(e, feed_id, base, zone) for e in document.entries[:MAX_ENTRIES])
    dates = [e.published_at for e in entries if e.published_at]
    return ParsedFeed(entries=entries, window_from=min(dates, default=None))


def _entry(raw: Any, feed_id: str, base: str, zone: ZoneInfo | None) -> Entry:
    link = raw.get("link") or (raw.get("id") if str(raw.get("id", "")).startswith("http") else None)
    url = urls.resolve(base, clean.line(str(link), urls.MAX_URL_CHARS)) if link else None
    title = clean.line(plain(raw.get("title", "")))
    summary = clean.line(plain(_longest_text(raw)), clean.MAX_SUMMARY_CHARS)
    guid = clean.line(str(raw.get("id", "")))
    content = hashlib.sha256(f"{title}\0{summary}".encode()).hexdigest()[:32]
    return Entry(
        feed_id=feed_id,
        key=guid or url or f"sha256:{content}",
        url=url,
        title=title,
        summary=summary,
        authors=tuple(filter(None, (clean.line(str(a.get("name", "")), 120) for a in raw.get("authors", [])))),
        published_at=_published(raw, zone),
    )


def _longest_text(raw: Any) -> str:
    texts = [str(c.get("value", "")) for c in raw.get("content", [])] + [str(raw.get("summary", ""))]
    return max(texts, key=len)


def plain(markup: str) -> str:
    """Text of an HTML fragment: no tags, references resolved. Blocks part words."""
    spaced = re.sub(r"(?i)<(?:/?(?:p|div|li|h\d|tr)|br)\b[^>]{0,200}>", " ", markup)
    return html.unescape(nh3.clean(spaced, tags=set(), attributes={}))


def _published(raw: Any, zone: ZoneInfo | None) -> datetime | None:
    """The first readable date of the entry. Keys are read by dict's own get: feedparser's mixes them up and warns."""
    for name in ("published", "updated", "created"):
        stated = str(dict.get(raw, name, ""))
        try:
            moment = _moment(stated, dict.get(raw, f"{name}_parsed"))
            if moment and zone and not _ZONE_STATED.search(stated):
                moment = moment.replace(tzinfo=zone).astimezone(UTC)  # feedparser took local time for UTC
        except (ValueError, OverflowError, OSError):
            continue
        if moment:
            return moment
    return None


def _moment(stated: str, parsed: Any) -> datetime | None:
    """The date as UTC would have it: feedparser's reading, else, for RFC 822 without a zone, the standard library's."""
    if parsed is not None:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    return parsedate_to_datetime(stated).replace(tzinfo=UTC) if stated else None
