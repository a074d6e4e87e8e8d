"""One element of a feed that keeps to its format: its text, link or person, and what in it is outside of that.

What `strict_reader` counts on: feedparser would make the same of it, without a way of its own.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from newswatch.feeds.lxml_reader import LITERAL_TYPES, Link, Text

MAX_AUTHOR_CHARS = 1000  # feedparser looks for addresses in an author with a regular expression of quadratic cost
PAGE_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "html"})
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NO_ATTRIBUTES = frozenset({LANG})
_TYPES = frozenset({None, "text", "html", "text/plain", "text/html"})
_OF_TEXT = frozenset({LANG, "type"})
_OF_LINK = frozenset({LANG, "href", "rel", "type", "title", "hreflang", "length"})
_ADDRESS = re.compile(
    r"[\w.+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,4}(?: \(([^@()<>&]*[^@()<>&\s][^@()<>&]*)\))?", re.ASCII
)


class Outside(Exception):
    """The document holds what only feedparser knows how to take."""


def check_attributes(element: Element, *refused: str) -> None:
    """No base and no mode, which feedparser looks for in whatever namespace; nor what is refused."""
    for key in element.keys():  # noqa: SIM118 (an element is no mapping)
        name = key.rpartition("}")[2].lower()
        if name in ("base", "mode") or name in refused:
            raise Outside


def check_leaf(element: Element) -> None:
    """No elements in it, and it is no base64."""
    if len(element) or element.get("type") not in _TYPES:
        raise Outside
    check_attributes(element)


def check_plain(element: Element, allowed: frozenset[str]) -> None:
    """No elements in it, and no other attributes than these."""
    if len(element) or not allowed.issuperset(element.keys()):
        raise Outside


def is_mixed(element: Element) -> bool:
    """Whether text stands beside its elements."""
    return bool((element.text or "").strip() or any((part.tail or "").strip() for part in element))


def text_of(element: Element) -> str:
    if len(element):
        raise Outside
    text = (element.text or "").strip()
    if not text.isascii() and _is_encoded_twice(text):
        raise Outside
    return text


def _is_encoded_twice(text: str) -> bool:
    """Whether its characters are the bytes of UTF-8, which feedparser decodes once more."""
    try:
        text.encode("latin-1").decode()
    except UnicodeError:
        return False
    return True


def text_construct(element: Element) -> Text:
    kind = None
    if keys := element.keys():
        kind = element.get("type")
        if kind not in _TYPES or not _OF_TEXT.issuperset(keys):
            raise Outside
    return Text(text_of(element), kind in LITERAL_TYPES)


def address_of(element: Element) -> str:
    """A text that feedparser resolves: it takes out slashes that are too many."""
    address = text_of(element)
    if ":///" in address:
        raise Outside
    return address


def link_of(element: Element) -> Link:
    """Of RSS as text, of Atom as an attribute. feedparser mends what it takes for faults in one."""
    href = element.get("href")
    if href is None:
        check_plain(element, NO_ATTRIBUTES)
        href = address_of(element)
        if "&" in href and ";" in href:
            raise Outside
        return Link(href)
    check_plain(element, _OF_LINK)
    if ":///" in href:
        raise Outside
    rel = element.get("rel", "alternate").lower()
    kind = element.get("type", "application/atom+xml" if rel == "self" else "text/html").lower()
    return Link(href, rel, kind in PAGE_TYPES)


def is_alternate(element: Element) -> bool:
    """Whether feedparser takes it for the address of what it stands in."""
    rel, kind = element.get("rel", "alternate").lower(), element.get("type", "text/html").lower()
    return rel == "alternate" and kind in ("text/html", "application/xhtml+xml", "html", "xhtml")


def name_of_person(stated: str) -> str:
    """The name in `a@example.com (Ann Lee)`, else all that is stated."""
    if len(stated) > MAX_AUTHOR_CHARS:
        raise Outside
    if "@" not in stated:
        return stated
    match = _ADDRESS.fullmatch(stated)
    if match is None:
        raise Outside
    return (match[1] or "").strip()
