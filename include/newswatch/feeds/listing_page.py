"""A listing page as a feed: the links that a CSS selector finds on it. From bytes to items. Pure.

For publishers that have no feed. A link may be on the page's own site alone, and no page of another is ever listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from newswatch.feeds.lxml_reader import Item, Link, ParsedDocument, Text
from newswatch.text import sanitise
from newswatch.urls.canonical import is_same_site, resolve, twin_key
from newswatch.urls.days import day_in_path

MAX_SELECTOR_CHARS = 500


def is_selector(text: str) -> bool:
    """Whether the text is a CSS selector, of a length that somebody writes."""
    if len(text) > MAX_SELECTOR_CHARS:
        return False
    try:
        LexborHTMLParser("").css(text)
    except SelectolaxError:
        return False
    return True


def parse(text: str, *, url: str, selector: str, max_items: int) -> tuple[ParsedDocument, int]:
    """The first `max_items` stories that the page at `url` links to, in its order, and how many more it has.

    Of what the selector finds, links count, and the links within boxes. A story that is linked several times, as by its
    picture and its headline, stands at the first of them, with the first text that one of them has as its title.
    """
    titles: dict[str, str] = {}
    url_of: dict[str, str] = {}
    for link, title in _links(LexborHTMLParser(text), url, selector):
        key = twin_key(link)
        url_of.setdefault(key, link)
        titles[key] = titles.get(key) or title
    items = tuple(_item(url_of[key], title) for key, title in list(titles.items())[:max_items])
    return ParsedDocument(items, is_atom=False, site=""), max(0, len(titles) - max_items)


def _links(page: LexborHTMLParser, url: str, selector: str) -> Iterator[tuple[str, str]]:
    """Addresses of other pages of the site, with the link's text or what it says of itself."""
    base_node = page.css_first("base[href]")
    base = (resolve(url, _attribute(base_node, "href")) if base_node else None) or url
    for found in page.css(selector):
        for node in [found] if found.tag == "a" else found.css("a"):
            link = resolve(base, _attribute(node, "href")) if _attribute(node, "href") else None
            if link and is_same_site(link, url) and twin_key(link) != twin_key(url):
                said = (node.text(separator=" "), _attribute(node, "aria-label"), _attribute(node, "title"))
                yield link.partition("#")[0], next(filter(None, map(sanitise.line, said)), "")


def _attribute(node: Any, name: str) -> str:
    return node.attributes.get(name) or ""


def _item(link: str, title: str) -> Item:
    day = day_in_path(link)
    return Item(
        guid="",
        is_permalink=False,
        links=(Link(link),),
        original_link="",
        title=Text(title, is_literal=True),
        texts=(),
        authors=(),
        dates=(day,) if day else (),
    )
