"""Accounting of text: what stands in a story's box on the page, and was not read, becomes a line, kept or cut.

trafilatura knows paragraphs, lists, headings, quotations and tables, and leaves out without a word what stands in other
elements: text straight in a section, who said a quotation, definitions, labels. Nothing else compares the text before
and after.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from lxml import etree
from lxml.html import HtmlElement

from newswatch.pages.html_tree import INLINE, MIN_PARAGRAPH_CHARS, line_of, size_of
from newswatch.pages.line_zones import Block
from newswatch.text.sanitise import letters_key

MAX_UNITS = 3000  # lines of a page that are compared
END_KEY = 30  # letters, by which a line is looked for though something in it differs
SHORT_KEY = 12  # a line of fewer is known by a line that is the same
MAX_REPEATS = 20  # of a line that are looked at
_ENDS, _CLOSING = (".", "!", "?", "…", "。", "！", "？"), "»”\"'’) "
_TAGS = {"li": "list", "blockquote": "quote"} | {f"h{n}": "head" for n in range(1, 7)}


@dataclass(frozen=True, slots=True)
class Account:
    """The story's blocks with what was not read, and the box in which nothing is left out; None: nothing was found."""

    blocks: list[Block]
    box: HtmlElement | None


def completed(
    tree: HtmlElement, blocks: Sequence[Block], box: HtmlElement | None, elsewhere: Sequence[Block] = ()
) -> Account:
    """The blocks, with what the page has and they have not, each line in its place.

    That is what stands between the first and the last of them, and all of `box`, the story's; where it has none, of the
    smallest element that holds what was read. A sentence between them, in boxes without a name, and without links or
    pictures, is the story's; all else is cut as `unread`, or as `repeated` where the story says it once more.
    `tree`: cleaned, without what is no story's by its mark-up. `elsewhere`: lines read that stand apart.
    """
    body = tree.find("body")
    units = list(islice(_units(tree if body is None else body), MAX_UNITS))
    if len(units) == MAX_UNITS:  # no story's page
        return Account(list(blocks), box)
    places = _places(units, [letters_key(block.text) for block in (*blocks, *elsewhere)])
    read = [n for n, (place, is_new) in enumerate(places) if is_new and place < len(blocks)]
    if box is None:
        box = _common_box([units[n][0] for n in read])
    highest = max((places[n][0] for n in read), default=0)
    between = range(read[0], next(n for n in read if places[n][0] == highest)) if read else range(0)
    flows, in_box = _flows(tree), set(box.iter()) if box is not None else set()
    after: dict[int, list[Block]] = {}
    at = -1
    for number, ((element, text), (place, is_new)) in enumerate(zip(units, places, strict=True)):
        if is_new:
            at = max(at, place) if place < len(blocks) else at
        elif (number in between or element in in_box) and letters_key(text):
            reason = "repeated" if place >= 0 else "unread"
            if place < 0 and number in between and _is_of_story(element, text, flows):
                reason = ""
            after.setdefault(at, []).append(Block(text, _TAGS.get(str(element.tag), "p"), reason))
    whole = [part for n, block in enumerate(blocks) for part in (block, *after.get(n, ()))]
    return Account([*after.get(-1, ()), *whole], box)


def _common_box(elements: Sequence[HtmlElement]) -> HtmlElement | None:
    """The smallest element that holds them all."""
    common: HtmlElement | None = None
    for element in elements:
        if common is None:
            common = element
        while common is not None and element is not common and common not in element.iterancestors():
            common = common.getparent()
    return common


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


def _places(units: Sequence[tuple[HtmlElement, str]], keys: Sequence[str]) -> list[tuple[int, bool]]:
    """For each line of the page the number of the block (by its key) that has it, and whether no line before had it.

    -1: no block has it.
    """
    read = _ReadText(keys)
    places: list[tuple[int, bool]] = []
    for _, text in units:
        at, is_new = read.place(letters_key(text))
        places.append((bisect_right(read.starts, at) - 1 if at >= 0 else -1, is_new))
    return places


class _ReadText:
    """The keys of all blocks as one text, of which each letter is one line's of the page."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._text = "".join(keys)  # a reader may part a line, so what separates them is not in it
        self.starts = list(accumulate(map(len, keys), initial=0))[:-1]
        self._starts_by_key: dict[str, list[int]] = {}
        for start, key in zip(self.starts, keys, strict=True):
            self._starts_by_key.setdefault(key, []).append(start)
        self._is_taken = bytearray(len(self._text))
        self._end = 0  # of the line before

    def place(self, key: str) -> tuple[int, bool]:
        """Where the line stands (-1: nowhere), and whether that is no other line's place; it is taken then.

        It goes on where the line before ended, or comes later, or earlier. A reader drops words: most must be there.
        """
        if not key:
            return -1, False
        if self._text.startswith(key, self._end) and self._take(self._end, len(key)):
            return self._end - len(key), True
        if len(key) < SHORT_KEY:
            starts = self._starts_by_key.get(key, [])
            free = next((start for start in starts if self._take(start, len(key))), None)
            return (free, True) if free is not None else (starts[0] if starts else -1, False)
        first = -1
        for offset in dict.fromkeys((0, max(len(key) - END_KEY, 0), len(key) // 2)):
            at, is_new = self._search(key, offset)
            if is_new:
                return at, True
            first = at if first < 0 else first
        return first, False

    def _search(self, key: str, offset: int) -> tuple[int, bool]:
        """`place` of a key by its letters from `offset` on."""
        part = key[offset : offset + END_KEY]
        first = -1
        for begin in (self._end, 0):
            at = self._text.find(part, begin)
            for _ in range(MAX_REPEATS):
                if at < 0:
                    break
                start, size = self._common(key, offset, at)
                if 2 * size >= len(key):
                    first = start if first < 0 else first
                    if self._take(start, size):
                        return start, True
                at = self._text.find(part, at + 1)
        return first, False

    def _common(self, key: str, offset: int, at: int) -> tuple[int, int]:
        """Beginning and size of what key and text share around the key's letter `offset`, the text's letter `at`."""
        after, before = self._text[at : at + len(key) - offset], self._text[max(at - offset, 0) : at]
        left = _common_size(key[:offset][::-1], before[::-1])
        return at - left, left + _common_size(key[offset:], after)

    def _take(self, at: int, size: int) -> bool:
        if self._is_taken.find(1, at, at + size) >= 0:
            return False
        self._is_taken[at : at + size] = b"\1" * size
        self._end = at + size
        return True


def _common_size(one: str, other: str) -> int:
    """How many letters both begin with; halved until found, since some pages say one thing a thousand times."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _units(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Every line of the page in order: the text that stands in one element, or between two of its boxes."""
    walk = etree.iterwalk(tree, ("start", "end"))
    for event, element in walk:
        if element.tag in INLINE or not isinstance(element.tag, str):
            continue
        if event == "start" and element.tag == "tr" and _is_plain_row(element):
            text = line_of(element)
            walk.skip_subtree()
        elif event == "start":
            text = _run(element.text, element)
        else:
            parent = element.getparent()
            if parent is None or element is tree:
                continue
            text = _run(element.tail, element, is_after=True)
            element = parent
        if text:
            yield element, text


def _is_plain_row(row: HtmlElement) -> bool:
    """Whether a table's row holds no boxes: it is read as one line."""
    return all(e.tag in INLINE or e.tag in ("td", "th", "br") for e in row.iterdescendants())


def _run(first: str | None, element: HtmlElement, *, is_after: bool = False) -> str:
    """The text from here to the next box: inline elements and what stands between them."""
    parts = [first or ""]
    following = element.itersiblings() if is_after else iter(element)
    for child in following:
        if child.tag not in INLINE:
            break
        parts += [line_of(child), child.tail or ""]
    return " ".join("".join(parts).split())
