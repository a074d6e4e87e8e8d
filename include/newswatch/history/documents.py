"""The documents in which a site lists its past, from bytes to `PastDocument`. Runs in a parser child. Pure.

Sitemaps and their indexes by https://www.sitemaps.org/protocol.html (texts and feeds are sitemaps too: "Other Sitemap
formats") with Google's news extension; posts by WordPress'
REST interface (https://developer.wordpress.org/rest-api/reference/posts/); feeds in pages by RFC 5005, sections 3, 4.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from xml.parsers import expat
from zoneinfo import ZoneInfo

from lxml import etree

from newswatch.feeds import lxml_reader
from newswatch.feeds import parser as feed_parser
from newswatch.feeds.model import Entry
from newswatch.feeds.repair import cleaned
from newswatch.history.model import MAX_ENTRIES, Form, PastDocument, PastEntry
from newswatch.pages.metadata_dates import in_address
from newswatch.text import date_parsing, mojibake, sanitise
from newswatch.text.charset import decoded
from newswatch.text.date_parsing import DateContext, StatedDate
from newswatch.urls.canonical import resolve

# Of an element that lists something, or of the whole: </url>, </s:urlset>, <urlset/>.
_END = re.compile(rb"</(?:\w+:)?(?:url|sitemap|(urlset|sitemapindex))\s*>|<(?:\w+:)?(urlset|sitemapindex)\b[^<>]*/>")
_FEED = re.compile(rb"\s*(?:<[?!][^>]*>\s*)*<(?:\w+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NEXT = ("prev-archive", "next")  # RFC 5005: archives go back in time, and so does a feed's next page


class UnreadablePast(Exception):
    """The document is not of the form that was expected. Its message says what it seems to be."""


def parse(
    body: bytes, *, form: Form, url: str, content_type: str, timezone: str | None = None, language: str | None = None
) -> PastDocument:
    """What the document lists. `url`: the address that answered; `timezone`, `language`: as in `feeds.parser.parse`.

    Raises UnreadablePast, and of a feed NotAFeed and Unreadable.
    """
    if form == "sitemap":
        body = _with_ascii(body, content_type)
        if addresses := _as_addresses(body, url):
            return _of_addresses(addresses, DateContext(None))
        if _FEED.match(body):
            return replace(_feed(body, url, content_type, timezone, language), next_url=None)
        return _sitemap(body, url, content_type, DateContext(ZoneInfo(timezone) if timezone else None))
    if form == "wordpress":
        return _posts(body, url, content_type)
    return _feed(body, url, content_type, timezone, language)


def _with_ascii(content: bytes, content_type: str) -> bytes:
    """The content in UTF-8, if it is in UTF-16 or UTF-32, in which no byte by itself is a `<`."""
    return _in_utf8(content, content_type) if b"\0" in content[:4] or content[:2] in _MARKS else content


def _in_utf8(content: bytes, content_type: str) -> bytes:
    """The content mended as a feed's is, without the declaration of the encoding that it had."""
    text = cleaned(decoded(content, content_type)[0])
    return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def _as_addresses(content: bytes, url: str) -> list[str]:
    """The addresses of a sitemap that is a text, one on each line; none, where a line is something else."""
    lines = [line.strip() for line in content.removeprefix(codecs.BOM_UTF8).splitlines()]
    stated = [line.decode("utf-8", "replace") for line in lines if line]
    if not all(line.startswith(("http://", "https://")) for line in stated):
        return []
    return [address for line in stated if (address := resolve(url, line))]


def _of_addresses(addresses: Sequence[str], context: DateContext) -> PastDocument:
    entries = tuple(_dated(PastEntry(address), "", context) for address in addresses[:MAX_ENTRIES])
    return PastDocument(entries, left_out_count=max(0, len(addresses) - MAX_ENTRIES))


def _sitemap(content: bytes, url: str, content_type: str, context: DateContext) -> PastDocument:
    """`content`: unpacked, as the client does whatever the server calls it."""
    content, is_whole = _whole_part(content)
    content = _mended(content, content_type)
    left_out, entries, children = 0, list[PastEntry](), list[tuple[str, datetime | None]]()
    for element in _elements(content):
        name = etree.QName(element).localname.lower()
        if name == "sitemap" and (location := _location(element, url)):
            changed = _moment(_fields(element).get("lastmod", ""), context)
            children.append((location, changed.moment if changed else None))
        elif name == "url" and (location := _location(element, url)):
            if len(entries) < MAX_ENTRIES:
                entries.append(_listed(location, _fields(element), context))
            else:
                left_out += 1
        if name in ("url", "sitemap"):
            element.clear()
    if not (is_whole or entries or children):
        raise UnreadablePast(f"{url} is no sitemap")
    return PastDocument(tuple(entries), tuple(children), is_cut=not is_whole, left_out_count=left_out)


def _whole_part(content: bytes) -> tuple[bytes, bool]:
    """The content up to the last element that has its end, and whether that is the document's."""
    last = next(iter(deque(_END.finditer(content), maxlen=1)), None)
    return (content[: last.end()], bool(last[1] or last[2])) if last else (b"", False)


def _mended(content: bytes, content_type: str) -> bytes:
    """The content, its faults mended as a feed's are where it has any: an `&` by itself would cut an address short."""
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError:
        return _in_utf8(content, content_type)
    return content


def _elements(content: bytes) -> Iterator[Any]:
    """Its elements as they end; what a fault has left of one is one too."""
    options: dict[str, Any] = {"recover": True, "resolve_entities": False, "no_network": True, "load_dtd": False}
    try:
        for _, element in etree.iterparse(io.BytesIO(content), events=("end",), huge_tree=False, **options):
            if isinstance(element.tag, str):
                yield element
    except etree.XMLSyntaxError:
        return  # nothing of it is XML, or no more is


def _fields(element: Any) -> dict[str, str]:
    """The texts of the element's leaves, by local name; of two the first."""
    fields: dict[str, str] = {}
    for leaf in element.iter(etree.Element):
        if len(leaf) == 0:
            fields.setdefault(etree.QName(leaf).localname.lower(), (leaf.text or "").strip())
    return fields


def _location(element: Any, base: str) -> str | None:
    stated = _fields(element).get("loc", "")
    return resolve(base, sanitise.line(stated, len(stated))) if stated else None


def _listed(url: str, fields: dict[str, str], context: DateContext) -> PastEntry:
    changed = _moment(fields.get("lastmod", ""), context)
    entry = PastEntry(
        url,
        title=sanitise.line(mojibake.mended(fields.get("title", "")) if "publication_date" in fields else ""),
        changed_at=changed.moment if changed else None,
    )
    return _dated(entry, fields.get("publication_date", ""), context)


def _dated(entry: PastEntry, stated: str, context: DateContext) -> PastEntry:
    """The entry with its publication as stated, else with the day that its address has."""
    if published := _moment(stated, context):
        return replace(
            entry,
            published_at=published.moment,
            published_day=published.day if published.is_day_only else None,
        )
    if claim := next(in_address(entry.url), None):
        day = _moment(claim.value, context)
        if day:
            return replace(entry, published_at=day.moment, published_day=day.day, is_day_by_address=True)
    return entry


def _moment(stated: str, context: DateContext) -> StatedDate | None:
    readings = date_parsing.readings(stated, context) if stated else ()
    return readings[0] if len(readings) == 1 else None


def _posts(body: bytes, url: str, content_type: str) -> PastDocument:
    try:
        parsed = feed_parser.parse(body, feed_id="", url=url, content_type=content_type, kind="wordpress")
    except feed_parser.NotAFeed as error:
        raise UnreadablePast(str(error)) from error
    return PastDocument(
        tuple(past for entry in parsed.entries if (past := _of_feed(entry))), left_out_count=parsed.left_out_count
    )


def _feed(body: bytes, url: str, content_type: str, timezone: str | None, language: str | None) -> PastDocument:
    parsed = feed_parser.parse(
        body, feed_id="", url=url, content_type=content_type, timezone=timezone, language=language
    )
    text, _ = decoded(body, content_type)
    root = lxml_reader.parse_xml(cleaned(text))
    return PastDocument(
        tuple(past for entry in parsed.entries if (past := _of_feed(entry))),
        next_url=_next_page(root, url),
        is_cut=parsed.is_damaged,
        left_out_count=parsed.left_out_count,
        is_wordpress=_is_wordpress(root),
    )


def _of_feed(entry: Entry) -> PastEntry | None:
    if entry.url is None:
        return None
    day: date | None = entry.published_day
    return PastEntry(
        entry.url, entry.title, entry.summary, entry.authors, entry.published_at, day, changed_at=entry.updated_at
    )


def _next_page(root: Any, url: str) -> str | None:
    links = [] if root is None else [e for e in root.iter("{*}link") if e.get("href") and not _is_in_entry(e)]
    stated = {(e.get("rel") or "").strip().lower(): e.get("href") for e in reversed(links)}
    return next((found for rel in _NEXT if rel in stated and (found := resolve(url, stated[rel]))), None)


def _is_in_entry(element: Any) -> bool:
    return any(etree.QName(e).localname in ("item", "entry") for e in element.iterancestors() if isinstance(e.tag, str))


def _is_wordpress(root: Any) -> bool:
    generators = [] if root is None else root.iter("{*}generator")
    return any("wordpress" in f"{e.text} {e.get('uri')}".lower() for e in generators)
