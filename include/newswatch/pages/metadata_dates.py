"""Dates on a page outside its metadata, as claims: microdata, `<time>` elements, dates in words near the headline.

A page shows the dates of many stories: in its ticker, on its cards, beside what is most read. Its own stands below the
headline, and in no link and no list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import dropwhile, islice, takewhile

from htmldate import find_date
from lxml import etree
from lxml.html import HtmlElement

from newswatch.pages import boilerplate_markup
from newswatch.pages.html_tree import INLINE, line_of, select, size_of
from newswatch.pages.model import Claim
from newswatch.text import date_parsing, sanitise

_DATED = etree.XPath(".//*[@itemprop='datePublished' or @itemprop='dateModified']")
_OF_OTHERS = frozenset({"a", "li", "nav", "aside", "footer"})  # what stands in these belongs to another story
_UPDATED = re.compile(
    r"(?i)updat|modif|обновл|оновл|изменен|змінен|aktuali|actuali|mis à jour|atualiz|aggiornat|更新|수정"
)
_LABEL = re.compile(r"^[^\d:]{2,40}:\s+|^[^\w]+")
_BARS = re.compile(r"\s*[|•·/]\s+|\s+[–—-]\s+")
MAX_NODES = 500
MAX_LINE_CHARS = 120  # of a line that may hold the date
NEAR = 80  # elements after the headline
RUNNING_CHARS = 150  # of a paragraph with which the story begins
# No relative dates: the same bytes must give the same day tomorrow.
_NAME = re.compile(r"[^\W\d_]+")
_FULL_DATE = ("day", "month", "year")
MAX_DATE_CHARS, MAX_DATE_WORDS = 60, 10
_THAI_YEARS = 543  # Buddhist years are ahead of the common era's by so many


def marked(tree: HtmlElement) -> Iterator[Claim]:
    """Claims of dates by microdata and `<time>`, the likeliest to be the story's first."""
    with_itemprop = select(_DATED, tree)
    seen = set(with_itemprop)
    nodes = [*with_itemprop, *(e for e in tree.iter("time") if e.get("datetime") and e not in seen)][:MAX_NODES]
    order = {e: number for number, e in enumerate(tree.iter("h1", *{node.tag for node in nodes}))} if nodes else {}
    headline = next((number for e, number in order.items() if e.tag == "h1"), 0)
    for node in sorted(nodes, key=lambda e: (_is_of_another(e), order[e] < headline)):
        stated = node.get("datetime") or node.get("content") or line_of(node)
        names = f"{node.get('class') or ''} {node.get('itemprop') or ''}"
        field = "updated_at" if _UPDATED.search(names) else "published_at"
        if node.get("itemprop"):
            yield Claim(field, "microdata", stated[:60])
        else:
            is_marked = node.get("pubdate") is not None or "publish" in names.lower()
            yield Claim(field, "marked_time" if is_marked else "time", stated)


def _is_of_another(node: HtmlElement) -> bool:
    return any(e.tag in _OF_OTHERS or boilerplate_markup.reason_by_markup(e) == "related" for e in node.iterancestors())


def in_words(tree: HtmlElement, url: str, code: str | None) -> Iterator[Claim]:
    """A claim of the day that the page says in words, if any; slow, so only for pages that state none for machines.

    `code`: the page's language, ISO 639-1. The value is the day alone, ISO 8601.
    """
    if shown := _near_headline(tree, code):
        yield Claim("published_at", "shown", shown)
    elif in_text := find_date(tree, url=url, original_date=True, outputformat="%Y-%m-%d"):
        yield Claim("published_at", "text", in_text)


def _near_headline(tree: HtmlElement, code: str | None) -> str | None:
    """The first date in a short line between the headline and the story's first paragraph."""
    below = islice(dropwhile(lambda e: e.tag != "h1", tree.iter(etree.Element)), 1, NEAR)
    for element in takewhile(lambda e: e.tag != "p" or size_of(e) < RUNNING_CHARS, below):
        if element.tag in ("script", "style", "a") or any(e.tag not in INLINE and e.tag != "br" for e in element):
            continue
        text = line_of(element)
        if len(text) <= MAX_LINE_CHARS and sum(c.isdigit() for c in text) >= 5:
            for part in _BARS.split(text):
                if not _UPDATED.search(part) and (day := _day(part, code)):
                    return day
    return None


def is_date_line(text: str, code: str | None) -> bool:
    """Whether a short line is a date and nothing else, with a year or without, in the language `code` (ISO 639-1)."""
    words = _words_of_date(text)
    if len(words) > MAX_DATE_CHARS or not any(c.isdigit() for c in words) or len(words.split()) > MAX_DATE_WORDS:
        return False
    if len(_NAME.findall(words)) <= 3 and date_parsing.moment(words, None):  # in more words it finds a date anywhere
        return True
    return _in_language(words, code, _FULL_DATE[:2]) is not None


def _words_of_date(text: str) -> str:
    return _LABEL.sub("", sanitise.line(text)).strip()


def _in_language(words: str, code: str | None, needed: Sequence[str]) -> datetime | None:
    """The moment that the words name, by dateparser, where they name the parts that are needed."""
    if not code:
        return None
    from dateparser import parse  # 0.1 s: not before it is needed

    try:
        settings = {"REQUIRE_PARTS": list(needed), "PARSERS": ["absolute-time"]}
        moment: datetime | None = parse(words, languages=[code], settings=settings)
    except (ValueError, OverflowError):  # a language that it does not know
        return None
    return moment


def _day(text: str, code: str | None) -> str | None:
    """The date in a few words, in the page's language."""
    words = _words_of_date(text)
    if sum(c.isdigit() for c in words) < 5 or len(words.split()) > MAX_DATE_WORDS:
        return None
    parsed = date_parsing.moment(words, None) or _in_language(words, code, _FULL_DATE)
    if parsed and code == "th" and parsed.year > 2400:
        parsed = parsed.replace(year=parsed.year - _THAI_YEARS)
    return str(parsed.date()) if parsed else None
