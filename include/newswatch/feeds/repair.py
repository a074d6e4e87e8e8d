"""Repair of feed documents: an outline before parsing, and cleaned or split text where a parser refused it.

Everything here looks at the text as a string and takes time in proportion to its length, whatever it holds.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newswatch.feeds.newest import newest
from newswatch.text.charset import paired

MAX_MINUTES = 60 * 24 * 31  # of <ttl>: more is a fault
_ROOTS = frozenset({"rss", "feed", "rdf", "urlset", "sitemapindex"})
_TAG = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_KNOWN_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]{0,30}:)?(?:rss|feed|rdf|urlset|sitemapindex))[\s/>]", re.I)
# One pass finds all that is counted or read by hand. A letter must follow "<": most of what does not match ends there.
_MARKERS = re.compile(r"<(?:[A-Za-z_][\w.-]{0,30}+:)?((?i:item|entry|url|ttl|skiphours|skipdays))(?=[\s/>])")
_ENTITY = re.compile(r"""<!ENTITY\s{1,9}(\w{1,32})\s{1,9}(?:"([^"&%<]{0,64})"|'([^'&%<]{0,64})')\s{0,9}>""")
_TAIL_CHARS = 4096  # what caches and counters leave behind the end is shorter
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, section 2.2
# CDATA and comments are taken whole: an ampersand in there is one. What is not closed reaches to the end.
_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?:#(?:[xX]([0-9a-fA-F]{1,8})|(\d{1,10}));|(\w{1,32});)?", re.S
)
_NUMBER = re.compile(r"&#(?:[xX]0{0,99}([0-9a-fA-F]{1,8})|0{0,99}(\d{1,10}));")
_ENTRY_END = re.compile(r"(?i)</(?:[\w.-]{1,40}:)?(?:item|entry)\s{0,9}>")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a feed document shows without being parsed."""

    text: str  # from its root element on, with a prolog of our own
    root: str  # name of the root element as written; "" if there is none
    item_count: int  # places in `text` that look like the beginning of an entry
    is_cut: bool
    left_out_count: int
    ttl_minutes: int | None
    skip_hours: tuple[int, ...]
    skip_days: tuple[int, ...]

    @property
    def kind(self) -> str:
        """The root's name without prefix, in small letters."""
        return self.root.rpartition(":")[2].lower()


def outline(text: str, max_items: int) -> Outline:
    """Find the root, count entries, keep the `max_items` newest of them, read RSS 2.0's ttl, skipHours, skipDays."""
    start, root = _root(text)
    prolog = _prolog(text[:start])
    marks: dict[str, list[int]] = {}
    for match in _MARKERS.finditer(text, start):
        marks.setdefault(match[1].lower(), []).append(match.start())
    is_sitemap = root.rpartition(":")[2].lower() == "urlset"
    starts = marks.get("url", []) if is_sitemap else sorted(marks.get("item", []) + marks.get("entry", []))
    is_cut = bool(root) and not _is_closed(text, root)
    is_halved = is_cut and not is_sitemap and len(starts) > 1 and not _ENTRY_END.search(text, starts[-1])
    whole = starts[:-1] if is_halved else starts  # half an entry could go by another key when it is listed whole
    kept = range(len(whole)) if len(whole) <= max_items else newest(text, whole, max_items)
    left_out_count = len(starts) - len(kept)
    return Outline(
        text=prolog + (_with_entries(text, root, starts, kept) if left_out_count else text)[start:],
        root=root,
        item_count=len(kept),
        is_cut=is_cut,
        left_out_count=left_out_count,
        ttl_minutes=_ttl(_element(text, marks.get("ttl"), 100)),
        skip_hours=_skip_hours(_element(text, marks.get("skiphours"), 4000)),
        skip_days=_skip_days(_element(text, marks.get("skipdays"), 4000)),
    )


def _with_entries(text: str, root: str, starts: Sequence[int], kept: Iterable[int]) -> str:
    """The text with those of its entries that have these numbers, and with its own end where its last entry has one."""
    tag = _TAG.match(text, starts[-1])
    end_tag = text.find(f"</{tag[1]}", starts[-1]) if tag else -1
    end = text.find(">", end_tag) + 1 if end_tag >= 0 else 0
    ends = [*starts[1:], end or len(text)]
    entries = "".join(text[starts[number] : ends[number]] for number in kept)
    return text[: starts[0]] + entries + (text[end:] if end else _closing(root))


def _root(text: str) -> tuple[int, str]:
    """Where the root element begins, and its name. Warnings of a script before it are skipped, a page is not."""
    first = _first_tag(text) or _KNOWN_ROOT.search(text)  # in a comment without end, if need be
    if first is None:
        return len(text), ""
    name = first[1].rpartition(":")[2].lower()
    if name not in _ROOTS and name not in ("html", "channel"):
        known_root = _KNOWN_ROOT.search(text, first.start())
        mark = _MARKERS.search(text, first.start())
        if known_root and (mark is None or known_root.start() < mark.start()):
            first = known_root
    return first.start(), first[1]


def _first_tag(text: str) -> re.Match[str] | None:
    """The first tag that is in no comment and no instruction."""
    position = text.find("<")
    for _ in range(100_000):
        if position < 0 or (tag := _TAG.match(text, position)):
            return tag if position >= 0 else None
        end = position
        if text.startswith("<!--", position):
            end = text.find("-->", position)
            if end < 0:
                return None
        elif text.startswith("<?", position):
            end = text.find(">", position)  # not "?>", which is forgotten at times
            if end < 0:
                return None
        position = text.find("<", max(end, position + 1))
    return None


def _prolog(head: str) -> str:
    """A declaration, and of the document type only those entities that are short text: no file, nothing that grows."""
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    entities = [
        f'<!ENTITY {m[1]} "{(m[2] or m[3] or "").replace(chr(34), "&#34;")}">\n' for m in _ENTITY.finditer(head)
    ]
    # A line each: feedparser looks for them at the beginning of lines.
    return f"{declaration}<!DOCTYPE feed [\n{''.join(entities[:1000])}]>\n" if entities else declaration


def _is_closed(text: str, root: str) -> bool:
    tail = text.rstrip()[-_TAIL_CHARS:].lower()
    return f"</{root.lower()}" in tail or (
        len(text) < _TAIL_CHARS and tail.rstrip().endswith("/>") and "</" not in tail
    )


def _closing(root: str) -> str:
    prefix, colon, name = root.rpartition(":")
    return f"</{prefix}{colon}channel></{root}>" if name.lower() == "rss" else f"</{root}>"


def _element(text: str, starts: list[int] | None, limit: int) -> str:
    """What stands in the first such element, tags included; "" if there is none or it has no end."""
    if not starts:
        return ""
    inner = text.find(">", starts[0], starts[0] + 200) + 1
    name = text[starts[0] + 1 : starts[0] + 60].partition(">")[0].split()
    end = text.find(f"</{name[0]}" if name else "</", inner, inner + limit)
    return text[inner:end] if inner and end > 0 else ""


def _ttl(stated: str) -> int | None:
    match = re.match(r"\s*(\d{1,6})(?![\d])", stated)
    minutes = int(match[1]) if match else 0
    return minutes if 0 < minutes <= MAX_MINUTES else None


def _skip_hours(stated: str) -> tuple[int, ...]:
    """Hours of GMT. 24 is midnight (RSS 0.9x counted so). A feed that skips all of them means none."""
    hours = {int(h) % 24 for h in re.findall(r"(?i)<hour\s*>\s*(\d\d?)\s*<", stated) if int(h) <= 24}
    return tuple(sorted(hours)) if len(hours) < 24 else ()


def _skip_days(stated: str) -> tuple[int, ...]:
    names = [d[:3].lower() for d in re.findall(r"(?i)<day\s*>\s*([a-z]{3,9})\s*<", stated)]
    days = {_DAYS.index(name) for name in names if name in _DAYS}
    return tuple(sorted(days)) if len(days) < 7 else ()


def single_entries(text: str) -> Iterator[str]:
    """Each entry as a document of its own, so that a fault costs only the entry that it is in."""
    start, root = _root(text)
    starts = [m.start() for m in _MARKERS.finditer(text, start + 1) if m[1].lower() in ("item", "entry")]
    opening = text[start : text.find(">", start) + 1]  # repeated each time, for its namespaces
    if "<" in opening[1:] or opening.count('"') % 2 or not 0 < len(opening) <= 4000:
        opening = f"<{root}>"
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=False):
        yield f"{opening}{text[begin:end]}</{root}>"


def cleaned(text: str) -> str:
    """The text without what XML forbids, and with HTML's names as characters.

    A pair of references to surrogates becomes its character; a lone one, like any other reference to what is no
    character of XML (section 4.1), is taken out. An ampersand that begins no reference is escaped.
    """
    start = text.find("]>\n") + 3 if text.startswith("<!DOCTYPE", text.find("\n") + 1) else 0
    own = frozenset(_declared(text[:start]))
    body = _REFERENCE.sub(lambda m: _reference(m, own), text[start:])
    return text[:start] + _FORBIDDEN.sub("", paired(body))


def _declared(prolog: str) -> Iterator[str]:
    return (match[1] for match in _ENTITY.finditer(prolog))


def _reference(match: re.Match[str], own: frozenset[str]) -> str:
    whole = match[0]
    if whole[0] == "<":
        return whole
    if match[1] or match[2]:
        number = int(match[1], 16) if match[1] else int(match[2])
        if 0xD800 <= number <= 0xDFFF:
            return chr(number)
        return f"&#{number};" if _is_character(number) else ""  # XML knows no "&#X"
    name = match[3]
    if name is None:
        return "&amp;"
    if name in _XML_NAMES or name in own:
        return whole
    point = html.entities.name2codepoint.get(name)
    return chr(point) if point else f"&amp;{name};"


def without_surrogates(text: str) -> str:
    """The text without references to what is no character, in CDATA too.

    libxml2 puts them into its tree when it mends a document, and lxml then cannot hand out the text around them.
    """
    return _NUMBER.sub(
        lambda m: m[0] if _is_character(int(m[1], 16) if m[1] else int(m[2])) else "", _FORBIDDEN.sub("", text)
    )


def _is_character(number: int) -> bool:
    return (
        number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number <= 0xFFFD or 0x10000 <= number < 0x110000
    )
