"""A feed parser on lxml, for what feedparser refuses or cannot finish, and for news sitemaps.

It knows less than feedparser and holds up better: libxml2 goes on after a fault, and no text costs it more than time
in proportion. Nothing is fetched, no entity is resolved and no document type is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from newswatch.feeds import repair

# Namespaces whose elements are the feed's own, whatever prefix they have.
_OWN = re.compile(
    r"(?i)purl\.org/(?:rss/1\.0/$|atom/ns#|net/rss)|w3\.org/2005/atom|netscape\.com/rdf|backend\.userland\.com/rss"
)
_PREFIXES = {  # the usual prefix of each other namespace that is read here
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.google.com/schemas/sitemap-news/0.9": "news",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_TEXTS = ("content:encoded", "content", "description", "summary", "dc:description", "fullitem", "abstract")
_DATES = (  # what was published first, then what was changed: the order in which they are believed
    *("pubdate", "published", "issued", "dcterms:issued", "dc:date", "updated", "modified", "dcterms:modified"),
    *("created", "dcterms:created"),
)
_WITH_OWN_TITLES = frozenset(
    {"author", "contributor", "source", "image", "textinput", "cloud", "group"}
)  # have titles of their own
_FIELD = re.compile(
    r"(?i)<(?:link|guid|pubdate|description|category|enclosure|published|updated|dc:\w{1,20}|item|entry)\b"
)
LITERAL_TYPES = ("text", "text/plain")  # Atom's types of texts that are no markup
_EMAIL = re.compile(r"(?i)\s*\S{1,100}@\S{1,100}\s*")
_WEB_ADDRESS = re.compile(r"(?i)\s*(?:https?://|www\.)\S")
_MAX_AUTHOR_CHARS = 300
# Control characters that were meant as Windows-1252, and that browsers show so.
_WINDOWS_1252 = {n: bytes([n]).decode("cp1252", "ignore") for n in range(0x80, 0xA0) if n != 0x85}


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an entry, not resolved yet. `rel` is "alternate" where the feed does not say (RFC 4287, 4.2.7.2)."""

    href: str
    rel: str = "alternate"
    is_page: bool = True  # its type is a web page's, or not said


@dataclass(frozen=True, slots=True)
class Text:
    """A title or text of an entry: markup, or may be that; `is_literal`: the feed says that it is none."""

    value: str
    is_literal: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as one of the two parsers gives it: nothing is cleaned, chosen or resolved yet."""

    guid: str
    is_permalink: bool  # the guid is, or may be, the story's address
    links: tuple[Link, ...]
    original_link: str  # feedburner:origLink: where a counted link leads
    title: Text
    texts: tuple[Text, ...]  # none is empty
    authors: tuple[str, ...]
    dates: tuple[str, ...]  # as stated, none empty
    source: Text = Text("")  # the name of whose entry it is, where the feed says that it took it from another one
    source_link: str = ""

    @property
    def says_something(self) -> bool:
        """Whether it has a title, a text, a guid or a link."""
        return bool(self.title.value or self.texts or self.guid or any(link.href for link in self.links))


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as one parser understood it."""

    items: tuple[Item, ...]
    is_atom: bool
    site: str  # the address of the site that the feed names

    @property
    def worth(self) -> int:
        """How many entries say anything: two parsers' results for one document are compared by it."""
        return sum(item.says_something for item in self.items)


def link_candidates(item: Item) -> list[str]:
    """The links that may lead to the story, best first.

    Where a counted link leads, then an alternate link, then a guid that may be an address (RSS 2.0, <guid>), then
    other links (RFC 4287, section 4.2.7.2). A guid that is said to be no address comes last. Enclosures never count.
    """
    links = [link for link in item.links if link.href.strip()]
    hrefs = [item.original_link]
    hrefs += [link.href for link in links if link.rel in ("alternate", "") and link.is_page]
    hrefs += [link.href for link in links if link.rel in ("alternate", "") and not link.is_page]
    guid = item.guid if _WEB_ADDRESS.match(item.guid) else ""
    hrefs += [guid] if item.is_permalink else []
    hrefs += [link.href for rel in ("canonical", "via", "related", "self") for link in links if link.rel == rel]
    return [link for link in (*hrefs, guid) if link]


def parse(text: str, *, is_cut: bool, item_count: int) -> ParsedDocument | None:
    """The feed in a document that need not be well-formed; None if nothing of it can be read.

    `is_cut`: its end is missing. `item_count`: entries that it seems to hold.

    libxml2 puts what follows a missing end tag inside of it and gives up at a depth of 256: where entries are missing
    for that, each is read for itself.
    """
    text = text[: text.rfind(">") + 1] if is_cut else text  # half a link is worse than none
    root = parse_xml(text)
    parsed = _parsed(root) if root is not None else None
    if parsed and parsed.worth >= item_count:
        return parsed
    roots = [single for piece in repair.single_entries(text) if (single := parse_xml(piece)) is not None]
    apart = ParsedDocument(
        items=tuple(item for single in roots for item in _parsed(single).items[:1]),
        is_atom=any(_name(single) == "feed" for single in roots[:1]),
        site=parsed.site if parsed else "",
    )
    return apart if apart.worth > (parsed.worth if parsed else 0) else parsed


def _parsed(root: Any) -> ParsedDocument:
    items: list[Item] = []
    site = ""
    for element in root.iter(etree.Element):
        name = _name(element)
        if name in ("item", "entry"):
            items.append(_item(element))
        elif name == "link" and not site and not items and _name(element.getparent()) in ("channel", "feed", "rss"):
            link = _link(element)
            site = link.href if link.rel == "alternate" else ""
    return ParsedDocument(items=tuple(items), is_atom=_name(root) == "feed", site=site.strip())


def parse_xml(text: str) -> Any:
    """The root element of an XML document, its faults recovered from; None: there is none. Never raises."""
    parser = etree.XMLParser(
        recover=True, huge_tree=False, no_network=True, resolve_entities=False, load_dtd=False, remove_pis=True,
        remove_comments=True,
    )  # fmt: skip
    try:
        return etree.fromstring(repair.without_surrogates(text).encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def news_sitemap(text: str) -> ParsedDocument:
    """The stories of a news sitemap (https://www.google.com/schemas/sitemap-news/0.9); empty if it lists only pages."""
    root = parse_xml(text)
    items = []
    for url in root.iter(etree.Element) if root is not None else ():
        if _name(url) != "url":
            continue
        texts = {_name(e): "".join(e.itertext()) for e in url.iter(etree.Element) if len(e) == 0}
        location = texts.get("loc", "").strip()
        if location and ("news:title" in texts or "news:publication_date" in texts):
            title, date = texts.get("news:title", ""), texts.get("news:publication_date", "")
            items.append(Item(location, True, (Link(location),), "", Text(title), (), (), (date,) if date else ()))
    return ParsedDocument(items=tuple(items), is_atom=False, site="")


def _name(element: Any) -> str:
    """`title`, `dc:date`: small letters, the usual prefix for what is not the feed's own. "" for None."""
    if element is None or not isinstance(element.tag, str):
        return ""
    if not element.tag.startswith("{"):
        return element.tag.lower().removeprefix("rss:").removeprefix("atom:")  # a prefix never declared stays a name
    space, _, local = element.tag[1:].partition("}")
    if element.prefix is None or _OWN.search(space):
        return local.lower()
    prefix = _PREFIXES.get(space) or element.prefix
    return local.lower() if prefix in ("rss", "atom") else f"{prefix}:{local}".lower()


def _named_parts(item: Any) -> Iterator[tuple[str, Any]]:
    """The item's elements by name. Where an end tag is missing, what should be a neighbour lies within: it counts."""
    waiting = list(reversed(item))
    while waiting:
        element = waiting.pop()
        name = _name(element)
        if not name or name in ("item", "entry"):
            continue
        yield name, element
        if name.rpartition(":")[2] not in _WITH_OWN_TITLES and name not in _TEXTS:
            waiting.extend(reversed(element))


def _item(element: Any) -> Item:
    parts_by_name: dict[str, list[Any]] = {}
    for name, part in _named_parts(element):
        parts_by_name.setdefault(name, []).append(part)
    guid = _first_text(parts_by_name, "guid") or _first_text(parts_by_name, "id")
    guids = parts_by_name.get("guid", [])
    about = element.get(_ABOUT) or element.get("rdf:about") or ""
    title = parts_by_name.get("title") or parts_by_name.get("dc:title") or []
    texts = (_text_construct(part) for name in _TEXTS for part in parts_by_name.get(name, ()))
    return Item(
        guid=guid or about,
        is_permalink=not guids or guids[0].get("isPermaLink", "true").lower() != "false",
        links=tuple(map(_link, parts_by_name.get("link", ()))),
        original_link=_first_text(parts_by_name, "feedburner:origlink"),
        title=_text_construct(title[0]) if title else Text(""),
        texts=tuple(text for text in texts if text.value),
        authors=tuple(_authors(parts_by_name)),
        dates=tuple(date for name in _DATES for part in parts_by_name.get(name, ()) if (date := _text(part))),
        **_source(parts_by_name.get("source", [])),
    )


def _source(sources: list[Any]) -> dict[str, Any]:
    """Whose entry it is, by RSS 2.0's `<source url>` or Atom's `<source>` (RFC 4287, section 4.2.11)."""
    if not sources:
        return {}
    parts: dict[str, Any] = {}
    for part in sources[0]:
        parts.setdefault(_name(part), part)
    name = _text_construct(parts["title"]) if "title" in parts else Text(_text(sources[0]))
    link = _link(parts["link"]).href if "link" in parts else sources[0].get("url") or ""
    return {"source": name, "source_link": link}


def _first_text(parts_by_name: dict[str, list[Any]], name: str) -> str:
    return next((_text(part) for part in parts_by_name.get(name, ())), "")


def _text(element: Any) -> str:
    """The element's own text: what lies within it by a fault is not its."""
    return "".join([element.text or "", *(child.tail or "" for child in element)]).translate(_WINDOWS_1252).strip()


def _text_construct(element: Any) -> Text:
    """A text with its type (RFC 4287, section 3.1.1); of one that states none nobody knows whether it is markup."""
    return Text(_markup(element), element.get("type") in LITERAL_TYPES)


def _markup(element: Any) -> str:
    """Text, or where markup was not escaped the markup within the element."""
    if len(element) == 0:
        return (element.text or "").translate(_WINDOWS_1252).strip()
    whole: str = etree.tostring(element, encoding="unicode", with_tail=False)
    inner = whole[whole.index(">") + 1 : whole.rindex("<")]
    swallowed = _FIELD.search(inner)  # by an element that has no end
    return inner[: swallowed.start() if swallowed else None].translate(_WINDOWS_1252).strip()


def _link(element: Any) -> Link:
    href = element.get("href") or _text(element)
    rel = (element.get("rel") or "alternate").lower()
    kind = (element.get("type") or "text/html").lower()
    return Link(
        _joined(_base(element), href) if href else "", rel, kind in ("text/html", "application/xhtml+xml", "html")
    )


def _base(element: Any) -> str:
    """xml:base of the element and of those around it, the inner in the outer (XML Base, section 4)."""
    bases = [e.get(_BASE) for e in (element, *element.iterancestors()) if e.get(_BASE)]
    base = ""
    for part in reversed(bases[:20]):
        base = _joined(base, part)
    return base


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _authors(parts_by_name: dict[str, list[Any]]) -> Iterator[str]:
    for name in ("author", "dc:creator", "dc:author", "itunes:author"):
        for part in parts_by_name.get(name, ()):
            names = [_text(e) for e in part if _name(e) == "name"]
            yield from names or [person(_text(part))]
        if parts_by_name.get(name):
            return


def person(stated: str) -> str:
    """An author's name, without the address in `a@example.com (Ann Lee)` and `Ann Lee <a@example.com>`."""
    name = _EMAIL.sub(" ", stated[:_MAX_AUTHOR_CHARS])
    return name.strip(" ()<>\n\t") if "@" in stated else name.strip()
