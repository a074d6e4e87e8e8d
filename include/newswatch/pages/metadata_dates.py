"""Dates on a page outside its metadata, as claims: microdata, `<time>`, dates in words near the headline, the address.

A page shows the dates of many stories: in its ticker, on its cards, below its comments; and its text tells of other
days. Its own date stands by the headline, before the story begins, and in no link and no list; or in a line of its own
that says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile, islice, takewhile

from lxml import etree
from lxml.html import HtmlElement

from newswatch.pages import boilerplate_markup
from newswatch.pages.html_tree import INLINE, headline_of, line_of, select, size_of
from newswatch.pages.model import Claim
from newswatch.text import date_parsing, date_words, sanitise
from newswatch.text.date_parsing import DateContext
from newswatch.urls.days import day_in_path

_DATED = etree.XPath(".//*[@itemprop='datePublished' or @itemprop='dateModified']")
_OF_OTHERS = frozenset({"a", "li", "nav", "aside", "footer"})  # what stands in these belongs to another story
_UPDATED = re.compile(
    r"(?i)updat|modif|обновл|оновл|изменен|змінен|aktuali|actuali|mis à jour|atualiz|aggiornat|更新|수정"
)
_LABEL = re.compile(r"^[^\d:]{2,40}:\s+|^[^\w]+")
_BARS = re.compile(r"\s*[|•·/]\s+|\s+[–—-]\s+")
MAX_NODES = 500
MAX_LINE_CHARS = 120  # of a line that may hold the date
NEAR, NEAR_ABOVE = 80, 5  # elements after the headline, boxes before it
RUNNING_CHARS = 150  # of a paragraph with which the story begins
MAX_DATE_CHARS, MAX_DATE_WORDS = 60, 10


def marked(tree: HtmlElement) -> Iterator[Claim]:
    """Claims of dates by microdata and by the `<time>` elements that are this story's, in document order."""
    with_itemprop = select(_DATED, tree)
    seen = set(with_itemprop)
    times = [e for e in islice(tree.iter("time"), MAX_NODES) if e.get("datetime") and e not in seen]
    near = {*_by_headline(tree), *_above_headline(tree)} if times else set()
    for node in sorted(with_itemprop[:MAX_NODES], key=_is_of_another):
        yield Claim(_field(node), "microdata", (node.get("datetime") or node.get("content") or line_of(node))[:60])
    for node in times:
        is_marked = node.get("pubdate") is not None or "publish" in (node.get("class") or "").lower()
        if not _is_of_another(node) and (is_marked or node in near):
            yield Claim(_field(node), "marked_time" if is_marked else "time", node.get("datetime") or "")


def _field(node: HtmlElement) -> str:
    names = f"{node.get('class') or ''} {node.get('itemprop') or ''}"
    return "updated_at" if _UPDATED.search(names) else "published_at"


def in_address(url: str) -> Iterator[Claim]:
    """A claim of the day that the path of the address has, if any: /2026/11/05/, /20261105-…"""
    if day := day_in_path(url):
        yield Claim("published_at", "address", day)


def _is_of_another(node: HtmlElement) -> bool:
    return any(e.tag in _OF_OTHERS or boilerplate_markup.reason_by_markup(e) == "related" for e in node.iterancestors())


def in_words(tree: HtmlElement, code: str | None) -> Iterator[Claim]:
    """A claim of the date that the page says in words by its headline, if any.

    `code`: the page's language, ISO 639-1. The value is as the page has it, for 5/11/2026 may be two dates; in words it
    is the day alone, ISO 8601.
    """
    context = DateContext(language=code)
    for element in _by_headline(tree):
        if element.tag in ("script", "style", "a") or any(e.tag not in INLINE and e.tag != "br" for e in element):
            continue
        text = line_of(element)
        if len(text) > MAX_LINE_CHARS or sum(c.isdigit() for c in text) < 5 or _is_of_another(element):
            continue
        for stated in _BARS.split(text):
            part = _words_of_date(stated)
            if _UPDATED.search(stated) or len(part.split()) > MAX_DATE_WORDS:
                continue
            if claim := _shown(part, context):
                yield claim
                return


def in_title(claims: Sequence[Claim]) -> Iterator[Claim]:
    """A claim of the date that is the last part of the page's title, if any: "Talks resume | Ledger | 28.04.2026"."""
    for title in (claim.value for claim in claims if claim.field == "title"):
        *before, last = _BARS.split(title)
        if before and any(map(str.isdigit, last)) and (claim := _shown(last, DateContext())):
            yield claim
            return


def _shown(text: str, context: DateContext) -> Claim | None:
    readings = date_parsing.readings(text, context)
    return Claim("published_at", "shown", str(readings[0].day) if len(readings) == 1 else text) if readings else None


def _by_headline(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The elements between the headline and the story's first paragraph."""
    headline = headline_of(tree)
    below = islice(dropwhile(lambda e: e is not headline, tree.iter(etree.Element)), 1, NEAR)
    return takewhile(lambda e: e.tag != "p" or size_of(e) < RUNNING_CHARS, below)


def _above_headline(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The elements before the headline in its own box, and in the box around that."""
    headline = headline_of(tree)
    if headline is None:
        return
    for element in (headline, *islice(headline.iterancestors(), 1)):
        siblings = list(islice(element.itersiblings(preceding=True), NEAR_ABOVE))
        if any(next(sibling.iter("h2", "h3", "h4"), None) is not None for sibling in siblings):
            return  # it may be the other heading's
        for sibling in siblings:
            yield from islice(sibling.iter(etree.Element), NEAR)


def is_date_line(text: str, code: str | None) -> bool:
    """Whether a short line is a date and nothing else, with a year or without, in whatever language.

    `code`: the page's, ISO 639-1.
    """
    words = _words_of_date(text)
    if len(words) > MAX_DATE_CHARS or not any(map(str.isdigit, words)) or len(words.split()) > MAX_DATE_WORDS:
        return False
    return date_words.is_made_of(words, code)


def _words_of_date(text: str) -> str:
    return _LABEL.sub("", sanitise.line(text)).strip()
