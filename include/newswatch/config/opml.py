"""OPML 2.0 in and out: the list of feeds as other readers keep it. Bytes in, bytes out; no file is opened here."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html.entities import html5

import listparser
from lxml import etree

from newswatch.config.catalogue import Feed
from newswatch.errors import NewswatchError
from newswatch.text import sanitise

MAX_BYTES = 5_000_000  # ten thousand feeds take two
# What OPML has no word for. Another reader passes over it; an import takes it back.
_OWN = "urn:newswatch:feed"
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_AMPERSAND = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|\w{1,32};)?")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class NotOpml(NewswatchError):
    """The bytes are no OPML, or of a kind that is not read."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One subscription as the file states it. `refusal`: why it can be no feed; empty: it can."""

    url: str
    title: str
    id: str = ""
    outlet: str = ""
    language: str = ""
    timezone: str = ""
    kind: str = ""
    links: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """All outlines of a file, folders unfolded. `problem`: the first fault that was read over; empty: none."""

    outlines: tuple[Outline, ...]
    problem: str = ""


def read(body: bytes) -> Subscriptions:
    """The subscriptions of an OPML file, each address once. Raises NotOpml.

    Common slips are mended: a bare `&`, entities of HTML, a wrong end. A document type is refused: OPML has none, and
    entities that it declares could grow without end or name a file of this machine.
    """
    if len(body) > MAX_BYTES:
        raise NotOpml(f"it is longer than {MAX_BYTES:,} bytes. Split it.")
    text = _decode(body)
    if re.search(r"<!\s*(?:DOCTYPE|ENTITY)", text, re.I):
        raise NotOpml("it declares a document type, which OPML has none of. Take the line out if you trust the file.")
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_AMPERSAND.sub(_mended, text).encode(), parser)
    except etree.XMLSyntaxError as error:
        raise NotOpml(f"it is no OPML: {error}.") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise NotOpml("it is no OPML: its first element is not <opml>.")
    problem = f"line {parser.error_log[0].line}: {parser.error_log[0].message}" if len(parser.error_log) else ""
    stated: dict[str, dict[str, str]] = {}
    for node in root.iter("{*}outline"):
        attributes = {etree.QName(k).localname.lower(): str(v).strip() for k, v in node.attrib.items()}
        stated.setdefault(attributes.get("xmlurl", ""), attributes)
    # In ASCII: the library reads it as HTML, which knows nothing of XML's encodings.
    found = listparser.parse(etree.tostring(root, encoding="us-ascii"))
    outlines = [_outline(item, stated.get(item["url"], {})) for item in found["feeds"]]
    outlines += [_refused(item, "it is a list of feeds, not a feed") for item in found["lists"]]
    outlines += [
        _refused(item, "it names a site and no feed: try `newswatch feeds add` with it")
        for item in found["opportunities"]
    ]
    return Subscriptions(tuple(outlines), sanitise.line(problem, 300))


def _decode(body: bytes) -> str:
    """The text without its XML declaration, in the encoding that it states (default UTF-8)."""
    stated = re.match(rb"""\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([\w-]{2,40})["']""", body)
    by_default = (b"", stated[1].decode("ascii") if stated else "utf-8")
    bom, encoding = next((known for known in _BOMS if body.startswith(known[0])), by_default)
    try:
        text = body[len(bom) :].decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise NotOpml(f"it cannot be read as {encoding}: {error}") from error
    return re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text).lstrip()


def _mended(match: re.Match[str]) -> str:
    """An ampersand that XML takes: entities of HTML by their number, a bare one escaped."""
    name = match[1] or ""
    if name.startswith("#") or name in _XML_ENTITIES:
        return match[0]
    return "".join(f"&#{ord(char)};" for char in html5[name]) if name in html5 else f"&amp;{name}"


def _outline(item: dict[str, str], stated: dict[str, str]) -> Outline:
    return Outline(
        url=sanitise.line(item["url"], 4000),
        title=sanitise.line(item["title"] or stated.get("title", ""), 120),
        id=sanitise.line(stated.get("id", ""), 63),
        outlet=sanitise.line(stated.get("outlet", ""), 120),
        language=sanitise.line(stated.get("language", ""), 20),
        timezone=sanitise.line(stated.get("timezone", ""), 60),
        kind=sanitise.line(stated.get("kind", ""), 20),
        links=sanitise.line(stated.get("links", ""), 500),
    )


def _refused(item: dict[str, str], why: str) -> Outline:
    return Outline(sanitise.line(item["url"], 4000), sanitise.line(item["title"], 120), refusal=why)


def write(feeds: Iterable[Feed], now: datetime) -> bytes:
    """The feeds as OPML 2.0. What OPML has no word for (id, outlet, time zone, kind, links) has attributes of our own.

    `allow_private` is not written: whoever imports a list must say for himself that it may reach into his network. Nor
    are `headers` and `auth`: they were agreed with one client.
    """
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"newswatch": _OWN})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "Feeds of Newswatch"
    etree.SubElement(head, "dateCreated").text = format_datetime(now)
    body = etree.SubElement(root, "body")
    for feed in feeds:
        outline = etree.SubElement(body, "outline", {"type": "rss", "text": feed.id, "title": feed.publisher})
        outline.set("xmlUrl", feed.url)
        outline.set("language", feed.language)
        outline.set("category", feed.publisher)
        outline.set(f"{{{_OWN}}}id", feed.id)
        outline.set(f"{{{_OWN}}}outlet", feed.outlet)
        for name in ("timezone", "kind", "links"):
            if value := getattr(feed, name):
                outline.set(f"{{{_OWN}}}{name}", value)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return content
