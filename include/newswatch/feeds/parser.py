"""The feed parser: bytes → entries. Runs in a parser child: a hostile feed can hold feedparser for half a minute."""

from __future__ import annotations

import hashlib
import io
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import feedparser

from newswatch.feeds import json_documents, links, lxml_reader, strict_reader
from newswatch.feeds.lxml_reader import Item, Link, ParsedDocument, Text
from newswatch.feeds.model import Entry, FeedKind, ParsedFeed
from newswatch.feeds.repair import Outline, cleaned, outline
from newswatch.feeds.strict_elements import MAX_AUTHOR_CHARS, PAGE_TYPES
from newswatch.text import date_parsing, date_words, mojibake, sanitise
from newswatch.text.charset import decoded
from newswatch.text.date_parsing import DateContext, StatedDate
from newswatch.urls.canonical import MAX_URL_CHARS, resolve

MAX_ENTRIES = 5000  # of one document, the newest: what is older than these no reader keeps
MAX_OUTLET_CHARS = 120  # of a source's name
_ROOTS = frozenset({"rss", "feed", "rdf"})
STATED_TYPE = "stated_type"  # under which a text of feedparser has the type that its feed states


class NotAFeed(ValueError):
    """The body is no feed in any of the forms that `parse` reads, or not of the kind that was asked for."""


class Unreadable(ValueError):
    """The body is a feed, and no reader finds an entry in it; or a page on which a selector finds no link."""


def parse(
    body: bytes,
    *,
    feed_id: str,
    url: str,
    content_type: str,
    timezone: str | None = None,
    language: str | None = None,
    is_plain: bool = False,
    kind: FeedKind | None = None,
    selector: str = "",
) -> ParsedFeed:
    """The entries of a feed document, in its order.

    `timezone`: IANA zone of dates that state none (default UTC). `language`: ISO 639-1, of months in words.
    `url`: the address that answered; RSS links are resolved against the site that the feed names, else against it.
    `content_type`: the HTTP header as it came.

    RSS 0.9x and 2.0, RDF, Atom, sitemaps of Google News, JSON Feed and WordPress' posts, which are told apart by the
    document itself, unless `kind` says which it must be; and pages, of which `selector` (CSS) finds the links. XML that
    is not well-formed is cleaned first; if feedparser then raises or finds fewer entries than the document holds, a
    reader on lxml has its turn. `is_plain`: only that reader, for a document at which feedparser was killed.

    Raises NotAFeed, Unreadable. An entry without a link is kept: its own text may be all that there is.
    """
    text, has_faults = decoded(body, content_type)
    of_feed = _OfFeed(feed_id, url, ZoneInfo(timezone) if timezone else None, language)
    if kind == "page":
        read = _of_page(text, of_feed, selector)
    elif kind in ("json_feed", "wordpress") or (kind is None and text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")):
        read = _of_json(text, of_feed, kind)
    else:
        read = _of_xml(text, of_feed, content_type, is_plain)
    return replace(read, repair=read.repair or ("cleaned" if has_faults else ""))


def _of_xml(text: str, of_feed: _OfFeed, content_type: str, is_plain: bool) -> ParsedFeed:
    document = outline(text, MAX_ENTRIES)
    if document.kind in ("urlset", "sitemapindex"):
        parsed, repair = _parsed_sitemap(document, of_feed.url)
    else:
        parsed, repair = _parsed(document, of_feed.url, content_type, is_plain)
    return ParsedFeed(
        entries=_entries(parsed, of_feed),
        repair=repair,
        is_cut=document.is_cut or (bool(repair) and parsed.worth < min(document.item_count, MAX_ENTRIES)),
        left_out_count=document.left_out_count,
        ttl_minutes=document.ttl_minutes,
        skip_hours=document.skip_hours,
        skip_days=document.skip_days,
    )


def _of_json(text: str, of_feed: _OfFeed, kind: FeedKind | None) -> ParsedFeed:
    """`kind`: which it must be; None: either."""
    try:
        document = json_documents.load(text.lstrip("\ufeff"))
    except json_documents.NoJson as error:
        raise NotAFeed(f"{of_feed.url} is no JSON: {error}") from error
    is_empty_list = kind == "wordpress" and document == []
    found: FeedKind | None = "wordpress" if is_empty_list else json_documents.kind_of(document)
    if found is None or kind not in (None, found):
        wanted = {"json_feed": "JSON Feed", "wordpress": "list of WordPress' posts"}.get(kind or "", "feed")
        raise NotAFeed(f"{of_feed.url} answered with JSON that is no {wanted}")
    read = json_documents.json_feed if found == "json_feed" else json_documents.wordpress
    parsed, left_out_count = read(document, MAX_ENTRIES)
    return ParsedFeed(_entries(parsed, of_feed), left_out_count=left_out_count, kind=found)


def _of_page(text: str, of_feed: _OfFeed, selector: str) -> ParsedFeed:
    from newswatch.feeds import listing_page  # late: few feeds need what it loads

    parsed, left_out_count = listing_page.parse(text, url=of_feed.url, selector=selector, max_items=MAX_ENTRIES)
    if not parsed.items:
        raise Unreadable(
            f"{of_feed.url}: `links: {selector}` finds no link there to another page of the site. Is it another page "
            "than before? Correct the selector in feeds.yaml"
        )
    return ParsedFeed(_entries(parsed, of_feed), left_out_count=left_out_count, kind="page")


def _entries(parsed: ParsedDocument, of_feed: _OfFeed) -> tuple[Entry, ...]:
    # RSS names no base; Atom's is RFC 3986's.
    base = of_feed.url if parsed.is_atom else resolve(of_feed.url, parsed.site) or of_feed.url
    dates = _date_context(parsed.items, of_feed.tz, of_feed.language)
    of_document = _OfDocument(of_feed.feed_id, base, parsed.is_atom, dates)
    return _with_distinct_keys([_entry(item, of_document) for item in parsed.items[:MAX_ENTRIES]])


def _parsed(document: Outline, url: str, content_type: str, is_plain: bool) -> tuple[ParsedDocument, str]:
    """The document by the parser that finds most in it, and what repair it took (`ParsedFeed.repair`)."""
    no_feed = NotAFeed(f"{url} answered with {content_type or 'no type'}, which is no feed")
    if document.kind in ("", "html") or not (document.item_count or document.kind in _ROOTS):
        raise no_feed
    text = document.text
    is_wellformed, parsed = (False, None) if is_plain else _strictly(text)
    if not is_wellformed:
        text = cleaned(text)
    if not (parsed or is_plain):
        parsed = (None if is_wellformed else _strictly(text)[1]) or _by_feedparser(text)
    worth = parsed.worth if parsed else 0
    repair = "cleaned" if text != document.text else ""
    if parsed is None or (worth < document.item_count and (not worth or not is_wellformed)):
        other = lxml_reader.parse(text, is_cut=document.is_cut, item_count=document.item_count)
        if other and (parsed is None or other.worth > worth):
            # What lists too many entries took feedparser too long for its size, and not for a fault.
            is_intact = bool(document.left_out_count) and not document.is_cut and other.worth >= document.item_count
            parsed, repair = other, "" if is_intact and strict_reader.tree_of(text) else "lxml"
    if (parsed is None or not parsed.items) and document.kind not in _ROOTS:
        raise no_feed
    if parsed is None or not (parsed.items or is_wellformed or document.is_cut or not document.item_count):
        raise Unreadable(f"{url}: a {document.root} document of which neither reader understands an entry")
    return parsed, repair


def _strictly(text: str) -> tuple[bool, ParsedDocument | None]:
    """Whether the document is well-formed, and what it says if it is one for the strict reader."""
    tree = strict_reader.tree_of(text)
    return tree is not None, strict_reader.read(tree) if tree else None


def _parsed_sitemap(document: Outline, url: str) -> tuple[ParsedDocument, str]:
    if document.kind == "sitemapindex":
        raise NotAFeed(f"{url} is a sitemap index, which is no feed: it lists sitemaps, not stories")
    is_wellformed = strict_reader.tree_of(document.text) is not None
    text = document.text if is_wellformed else cleaned(document.text)
    parsed = lxml_reader.news_sitemap(text)
    if not parsed.items:
        raise NotAFeed(f"{url} is a sitemap without news (no news:news in it), which is no feed")
    return parsed, "" if is_wellformed else "lxml"


def _by_feedparser(text: str) -> ParsedDocument | None:
    """What feedparser makes of the document; None where it raises, which it does for many faults."""
    try:
        document = _whole_by_feedparser(text)
        is_atom = str(document.get("version", "")).startswith("atom")
        return ParsedDocument(
            items=tuple(map(_item, document.entries)), is_atom=is_atom, site=str(document.feed.get("link", "")).strip()
        )
    except MemoryError:
        raise
    except Exception:  # an AttributeError deep inside as well as an error that it means to raise
        return None


def _whole_by_feedparser(text: str) -> Any:
    # BytesIO, never bytes: feedparser opens a body that looks like a path or an address. It is not told the feed's
    # own address: links are resolved here, against the site that the feed names.
    return feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _item(raw: Any) -> Item:
    """Dates are read by dict's own get: feedparser's mixes them up and warns."""
    links = [
        Link(str(link.get("href", "")), str(link.get("rel", "alternate")), str(link.get("type", "")) in PAGE_TYPES)
        for link in raw.get("links", ())
    ]
    texts = (*raw.get("content", ()), raw.get("summary_detail", {}))
    names = ("published", "updated", "created")
    source = raw.get("source") or {}
    return Item(
        guid=str(raw.get("id", "")),
        is_permalink=bool(raw.get("guidislink", True)),
        links=tuple(links),
        original_link=str(raw.get("feedburner_origlink", "")),
        title=_text(raw.get("title_detail", {})),
        texts=tuple(text for text in map(_text, texts) if text.value),
        authors=tuple(str(author.get("name", "")) for author in raw.get("authors", ())),
        dates=tuple(str(dict.get(raw, name)) for name in names if dict.get(raw, name)),
        source=Text(str(source.get("title", ""))),
        source_link=str(source.get("href") or source.get("link") or ""),
    )


def _text(detail: Any) -> Text:
    """A text with its type as feedparser hands them out."""
    return Text(str(detail.get("value", "")), detail.get(STATED_TYPE) in lxml_reader.LITERAL_TYPES)


@dataclass(frozen=True, slots=True)
class _OfFeed:
    """What is known of a feed before its document is read. `url`: the address that answered."""

    feed_id: str
    url: str
    tz: ZoneInfo | None
    language: str | None


@dataclass(frozen=True, slots=True)
class _OfDocument:
    """What all entries of a document have in common. `dates`: what is known of its dates."""

    feed_id: str
    base: str
    is_atom: bool
    dates: DateContext


def _entry(item: Item, document: _OfDocument) -> Entry:
    resolved = (_resolved(link, document) for link in lxml_reader.link_candidates(item))
    url = next(filter(None, resolved), None)
    source_name = sanitise.line(_plain(item.source), MAX_OUTLET_CHARS)
    title = sanitise.line(_plain(item.title))
    title = title.removesuffix(f" - {source_name}") or title  # as aggregators write it
    longest = max(item.texts, key=lambda text: len(text.value), default=Text(""))
    summary = sanitise.line(_plain(longest), sanitise.MAX_SUMMARY_CHARS)
    guid = sanitise.line(item.guid, len(item.guid))
    dates = list(_dates(item, document.dates))
    return Entry(
        feed_id=document.feed_id,
        key=_entry_key(guid) or (url and _entry_key(url)) or f"sha256:{_content_hash(title, summary)}",
        url=url,
        title=title,
        summary=summary,
        authors=tuple(filter(None, (sanitise.line(mojibake.mended(author), 120) for author in item.authors))),
        published_at=dates[0].moment if dates else None,
        published_day=dates[0].day if dates and dates[0].is_day_only else None,
        updated_at=max((date.moment for date in dates), default=None),
        source_name=source_name,
        source_url=_resolved(item.source_link, document) if item.source_link else None,
    )


def _plain(text: Text) -> str:
    """The text without markup; what was encoded or escaped twice on its way is set right."""
    return mojibake.mended(text.value if text.is_literal else mojibake.unescaped(sanitise.plain(text.value)))


def _resolved(link: str, document: _OfDocument) -> str | None:
    if len(link) > 4 * MAX_URL_CHARS:
        return None
    reference = links.reference(sanitise.line(link, len(link)), document.base, is_atom=document.is_atom)
    return resolve(document.base, reference) if reference else None


def _entry_key(stated: str) -> str:
    """The guid or link, as long as an index of the ledger takes it; the end of a longer one as its hash."""
    return stated if len(stated) <= sanitise.MAX_TITLE_CHARS else f"{stated[:400]}#{_hash(stated)}"


def _content_hash(title: str, summary: str) -> str:
    return hashlib.sha256(f"{title}\0{summary}".encode()).hexdigest()[:32]


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _with_distinct_keys(entries: list[Entry]) -> tuple[Entry, ...]:
    """Entries with one guid or link between them, told apart by their links, else by their titles or what they say.

    All of them get another key, the first too: which of them is listed first changes from poll to poll.
    """
    if len({e.key for e in entries}) == len(entries):
        return tuple(entries)
    said = {id(e): (e.url and e.title) or _content_hash(e.title, e.summary) for e in entries}
    texts = Counter((key, url) for key, url, _ in {(e.key, e.url, said[id(e)]) for e in entries})
    identity = {id(e): _identity(e, said[id(e)], texts[e.key, e.url]) for e in entries}
    shared = Counter(key for key, _ in {(e.key, identity[id(e)]) for e in entries})
    return tuple(replace(e, key=f"{e.key[:400]}#{_hash(identity[id(e)])}") if shared[e.key] > 1 else e for e in entries)


def _identity(entry: Entry, said: str, text_count: int) -> str:
    """What tells an entry from those with its key: its link, and where that has several texts what it says."""
    if not entry.url:
        return said
    return entry.url if text_count == 1 else f"{entry.url}\0{said}"


def _date_context(items: Sequence[Item], tz: ZoneInfo | None, language: str | None) -> DateContext:
    """What the feed's dates say of each other: where one is 25/11/2026, in 5/11/2026 too the day comes first."""
    stated = (stated for item in items for stated in item.dates if "/" in stated or stated.count("-") == 2)
    orders = set(map(date_parsing.order_of, stated)) - {None}
    is_day_first = orders.pop() if len(orders) == 1 else date_words.is_day_first(language, tz)
    return DateContext(tz, language, is_day_first)


def _dates(item: Item, context: DateContext) -> Iterator[StatedDate]:
    """The entry's dates that can be parsed: by `date_parsing`, else feedparser (2026-11-22T25:00 …)."""
    for stated in item.dates:
        readings = date_parsing.readings(stated, context)
        is_whole = 8 < len(stated) <= date_parsing.MAX_DATE_CHARS  # shorter: a year or month, and no day
        if len(readings) == 1:
            yield readings[0]
        elif not readings and is_whole and (moment := _date_by_feedparser(stated)):
            yield StatedDate(moment, moment.date(), is_day_only=False, has_zone=True)


def _date_by_feedparser(stated: str) -> datetime | None:
    """The date in UTC. feedparser says so only of a whole document."""
    text = f"<rss><channel><item><created>{escape(stated)}</created></item></channel></rss>"
    try:
        moment = datetime.fromtimestamp(timegm(_whole_by_feedparser(text).entries[0].created_parsed), UTC)
    except MemoryError:
        raise
    except Exception:  # it is none, or none that it can reckon with
        return None
    return moment if date_parsing.FIRST_YEAR <= moment.year <= date_parsing.LAST_YEAR else None


def _cap_author_length() -> None:
    """Let feedparser see no more of an author than a name takes: 31 KB without a blank held it for 24 seconds.

    It has no setting for that, and the text may come to it in many shapes (CDATA, references, either parser), so the
    one method that holds the expression is given less.
    """
    mixin = feedparser.mixin._FeedParserMixin
    original = mixin._sync_author_detail

    def sync(self: Any, key: str = "author") -> None:
        context = self._get_context()
        if len(str(context.get(key) or "")) > MAX_AUTHOR_CHARS:
            context[key] = context[key][:MAX_AUTHOR_CHARS]
        original(self, key)

    mixin._sync_author_detail = sync


def _note_stated_types() -> None:
    """Let feedparser say of a text which type its feed states: it has the same default for what states none."""
    mixin = feedparser.mixin._FeedParserMixin
    original = mixin.push_content

    def push_content(self: Any, tag: str, attrs: Any, *arguments: Any) -> None:
        original(self, tag, attrs, *arguments)
        self.contentparams[STATED_TYPE] = attrs.get("type")

    mixin.push_content = push_content


_cap_author_length()
_note_stated_types()
