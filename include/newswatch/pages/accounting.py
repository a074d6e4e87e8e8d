"""Accounting of text: what stands between a story's lines on the page, and was not read, becomes a line, kept or cut.

trafilatura knows paragraphs, lists, headings, quotations and tables, and leaves out without a word what stands in other
elements: text straight in a section, who said a quotation, definitions, labels. Nothing else compares the text before
and after.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from lxml import etree
from lxml.html import HtmlElement

from newswatch.pages.html_tree import INLINE, MIN_PARAGRAPH_CHARS, line_of, size_of
from newswatch.pages.line_zones import Block
from newswatch.pages.metadata_precedence import letters_key

MAX_UNITS = 3000  # lines of a page that are compared
END_KEY = 30  # of a line, by which it is known though something in it differs
SHORT_KEY = 12  # a line of fewer is known by a line that is the same
MIN_KEY = 4  # letters and digits: what has fewer says nothing
_ENDS, _CLOSING = (".", "!", "?", "…", "。", "！", "？"), "»”\"'’) "
_TAGS = {"li": "list", "blockquote": "quote"} | {f"h{n}": "head" for n in range(1, 7)}


def completed(tree: HtmlElement, blocks: Sequence[Block]) -> list[Block]:
    """The blocks, and between the first and the last of them what the page has there and they have not.

    `tree`: cleaned, without what is no story's by its mark-up. A sentence in boxes without a name, and without links or
    pictures, is the story's; all else is cut as `unread`.
    """
    body = tree.find("body")
    units = list(islice(_units(tree if body is None else body), MAX_UNITS))
    if len(units) == MAX_UNITS:  # no story's page
        return list(blocks)
    places = _places(units, [letters_key(block.text) for block in blocks])
    known = [n for n, place in enumerate(places) if place is not None]
    if len(known) < 2:
        return list(blocks)
    flows = _flows(tree)
    highest = max(place for place in places if place is not None)
    after: dict[int, list[Block]] = {}
    at = 0
    for number in range(known[0], places.index(highest)):
        place = places[number]
        if place is not None:
            at = max(at, place)
            continue
        element, text = units[number]
        if len(letters_key(text)) >= MIN_KEY:
            reason = "" if _is_of_story(element, text, flows) else "unread"
            after.setdefault(at, []).append(Block(text, _TAGS.get(str(element.tag), "p"), reason))
    return [part for n, block in enumerate(blocks) for part in (block, *after.get(n, ()))]


def _flows(tree: HtmlElement) -> set[HtmlElement]:
    """The elements in which a text runs: those with two running paragraphs, and the frames of a page."""
    counts = Counter(p.getparent() for p in tree.iter("p") if size_of(p) >= MIN_PARAGRAPH_CHARS)
    return {element for element, count in counts.items() if count >= 2} | set(tree.iter("body", "article", "main"))


def _is_of_story(element: HtmlElement, text: str, flows: set[HtmlElement]) -> bool:
    """Whether a line that was not read is the story's: a sentence, in a box that nothing tells from the text around."""
    if not text.rstrip(_CLOSING).endswith(_ENDS):
        return False
    box = element
    while box not in flows and (parent := box.getparent()) is not None and parent not in flows:
        box = parent
    return box.get("class") is None and next(box.iter("a", "img", "picture", "input"), None) is None


def _places(units: Sequence[tuple[HtmlElement, str]], keys: Sequence[str]) -> list[int | None]:
    """For each line of the page the number of the block (by its key) that has it; None: none has."""
    whole = "\0".join(("", *keys, ""))
    starts = list(accumulate((len(key) + 1 for key in keys), initial=1))
    places: list[int | None] = []
    last = 0
    for _, text in units:
        at = _place(letters_key(text), whole, last)
        last = max(last, at)
        places.append(bisect_right(starts, at) - 1 if at >= 0 else None)
    return places


def _place(key: str, whole: str, last: int) -> int:
    """Where the line stands in all blocks, after `last` if it can; -1: nowhere. It may be known by one of its ends."""
    if len(key) < MIN_KEY:
        return -1
    if len(key) < SHORT_KEY:
        at = whole.find(f"\0{key}\0")
        return at + 1 if at >= 0 else -1
    parts = (key, key[:END_KEY], key[-END_KEY:], key[len(key) // 2 :][:END_KEY])
    return next((at for part in parts for begin in (last, 0) if (at := whole.find(part, begin)) >= 0), -1)


def _units(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Every line of the page in order: the text that stands in one element, or between two of its boxes."""
    for event, element in etree.iterwalk(tree, ("start", "end")):
        if element.tag in INLINE or not isinstance(element.tag, str):
            continue
        if event == "start":
            text = _run(element.text, element)
        else:
            parent = element.getparent()
            if parent is None or element is tree:
                continue
            text = _run(element.tail, element, is_after=True)
            element = parent
        if text:
            yield element, text


def _run(first: str | None, element: HtmlElement, *, is_after: bool = False) -> str:
    """The text from here to the next box: inline elements and what stands between them."""
    parts = [first or ""]
    following = element.itersiblings() if is_after else iter(element)
    for child in following:
        if child.tag not in INLINE:
            break
        parts += [line_of(child), child.tail or ""]
    return " ".join("".join(parts).split())
