"""Zones of lines (lede, body, quote, caption): what in the main text is not the story is cut, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile

from lxml.html import HtmlElement

from newswatch.pages import boilerplate_phrases, title_precedence
from newswatch.pages.html_tree import line_of, names_of
from newswatch.pages.model import STORY_ZONES, Claim, LineZone, StoryLine
from newswatch.text import date_parsing, sanitise
from newswatch.text.language import UNSPACED
from newswatch.text.sanitise import letters_key

MAX_LINE_CHARS = 100_000
EDGE = 6  # lines from the beginning, or the end, where bylines, dates and keywords stand
MAX_EDGE_CHARS = 500  # a longer line is none of these
MAX_DATELINE_CHARS = 90
MIN_STANDFIRST_CHARS, MAX_STANDFIRST_CHARS = 40, 600
MAX_NAMED = 200  # elements with a standfirst's name that are looked at
_BYLINE = re.compile(
    r"(?i:by|von|par|por|di|door|af|av)(?: (?:[^\W\d_a-zа-яіїєґ][\w.'’-]+|and|und|et|y|e|de|von|van|&)){2,7}"
)  # "By Ann Lee and Bo Kim", a line of its own
_NUMERIC_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")  # of day and month nobody knows which is which
_BARS = re.compile(r"\s[|·•]\s")
_STANDFIRST = re.compile(
    r"(?i)(?:^|[\s_-])(?:stand-?first|lede|lead|dek|deck|strapline|sub-?head(?:line|er|ing)?|sub-?title|preamble|chapo|"
    r"bajada|sommario|vorspann|(?:teaser|lead|intro)-?text|abstract|excerpt|summary|description|desc|intro|introduction|linha-?fina|"
    r"entradilla|copete|ingress)(?:$|[\s_-])"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_STORYS = re.compile(r"(?i)site|photo|image|picture|figure|video|author")  # whose description that is


@dataclass(frozen=True, slots=True)
class Block:
    """One line of trafilatura's output, with the element that it stood in: p, head, quote, list, table …"""

    text: str
    tag: str
    reason: str = ""  # why it is cut, where that is known already


def standfirst(tree: HtmlElement, claims: Sequence[Claim], box: HtmlElement | None) -> str:
    """The standfirst (the summary below a headline) that the page shows, or "".

    It is an element that says what the metadata give as description; else one that is named so, between the headline
    and `box`, the element that holds the story.
    """
    descriptions = [letters_key(claim.value)[:60] for claim in claims if claim.field == "description"]
    descriptions = [key for key in descriptions if len(key) >= _min_standfirst_chars(key)]
    by_description, by_name, named_count = "", "", 0
    is_above = is_below = False
    for element in tree.iter("h1", "h2", "h3", "h4", "p", "div", "section", "header", "strong", "b", "span", "ul"):
        if element.tag == "h1":
            is_above, by_name = box is not None, ""  # a site's name may be the first of them
        is_below = is_below or element is box
        is_named = is_named_standfirst(element)
        if not is_named and (element.tag not in ("h2", "h3", "h4", "p") or not descriptions):
            continue
        named_count += is_named
        if named_count > MAX_NAMED:
            break
        text = line_of(element)
        if not _min_standfirst_chars(text) <= len(text) <= MAX_STANDFIRST_CHARS:
            continue
        key = letters_key(text) if descriptions else ""
        if any(description in key for description in descriptions) and (
            not by_description or len(text) < len(by_description)
        ):
            by_description = text
        if is_named and is_above and not is_below and not by_name and element.tag != "header":
            by_name = text
    return by_description or by_name


def is_named_standfirst(element: HtmlElement) -> bool:
    """Whether class or id say that the element is a standfirst."""
    return _is_standfirsts(names_of(element))


@lru_cache(maxsize=8192)
def _is_standfirsts(names: str) -> bool:
    hyphenated = _CAMEL.sub("-", names)
    return bool(_STANDFIRST.search(hyphenated)) and not _NOT_STORYS.search(hyphenated)


def _min_standfirst_chars(text: str) -> int:
    """Characters that a standfirst has at least."""
    return MIN_STANDFIRST_CHARS // 3 if UNSPACED.search(text) else MIN_STANDFIRST_CHARS


def unread_standfirst(standfirst: str, blocks: Sequence[Block]) -> list[Block]:
    """The standfirst as a block, where it is none of the blocks and no part of one."""
    first = letters_key(standfirst)[:60]
    is_read = not first or any(first in letters_key(block.text[:1000]) for block in blocks)
    return [] if is_read else [Block(standfirst, "p")]


def zoned(blocks: Sequence[Block], removed: Sequence[StoryLine], claims: Sequence[Claim]) -> list[StoryLine]:
    """Every line with its zone: the text in reading order, then `removed`: captions, and what was cut by its markup."""
    written = [replace(b, text=text) for b in blocks if (text := sanitise.line(b.text, MAX_LINE_CHARS))]
    stated = _StatedKeys.from_claims(claims)
    reasons = iter(_reasons([(b.text, b.tag) for b in written if not b.reason], stated))
    lines: list[StoryLine] = []
    is_first = True
    for block in written:
        reason = _unread_reason(block, stated) if block.reason else next(reasons)
        if reason:
            lines.append(StoryLine(block.text, "cut", reason))
            continue
        zone: LineZone = "quote" if block.tag == "quote" else "lede" if is_first else "body"
        is_first = False
        lines.append(StoryLine(block.text, zone))
    taken = (replace(line, text=sanitise.line(line.text, MAX_LINE_CHARS)) for line in removed)
    return lines + [line for line in taken if line.text]


def without_date_lines(lines: Sequence[StoryLine], is_date: Callable[[str], bool]) -> list[StoryLine]:
    """The lines; those above the first running one that are a date and nothing else are cut.

    Dates that head the parts of a story stay: there are more of them below.
    """
    mine = [n for n, line in enumerate(lines) if line.zone in STORY_ZONES]
    short = [n for n in mine if len(lines[n].text) <= MAX_DATELINE_CHARS]
    above = list(takewhile(lambda n: n in short, mine[:EDGE]))
    dates = [n for n in above if is_date(lines[n].text)]
    if not dates or any(is_date(lines[n].text) for n in short[len(above) :]):
        return list(lines)
    kept = [StoryLine(line.text, "cut", "byline") if n in dates else line for n, line in enumerate(lines)]
    first = next((n for n, line in enumerate(kept) if line.zone in STORY_ZONES), None)
    if first is None:  # a story of nothing else keeps them
        return list(lines)
    if kept[first].zone == "body":
        kept[first] = replace(kept[first], zone="lede")
    return kept


def without_metadata(lines: Sequence[StoryLine], headline: str, authors: Sequence[str]) -> list[StoryLine]:
    """The lines; first and last ones that are the headline or the authors' names, be it by the feed alone, are cut."""
    mine = [number for number, line in enumerate(lines) if line.zone in STORY_ZONES]
    names = set(map(letters_key, authors))
    reasons: dict[int, str] = {}
    for number in (*mine[:EDGE], *mine[-EDGE:]):
        text = lines[number].text
        if number in mine[:EDGE] and letters_key(text) == letters_key(headline) != "":
            reasons[number] = "headline"
        elif len(text) <= MAX_DATELINE_CHARS and names.issuperset(map(letters_key, text.split(","))):
            reasons[number] = "byline"
    if len(reasons) == len(mine):  # a story of nothing else keeps them
        return list(lines)
    first = next(number for number in mine if number not in reasons)
    kept = [StoryLine(x.text, "cut", reasons[n]) if n in reasons else x for n, x in enumerate(lines)]
    if kept[first].zone == "body" and reasons:
        kept[first] = StoryLine(kept[first].text, "lede")
    return kept


@dataclass(frozen=True, slots=True)
class _StatedKeys:
    """What the page states that may stand in its text once more, as keys."""

    titles: frozenset[str]
    authors: frozenset[str]
    keywords: frozenset[str]

    @classmethod
    def from_claims(cls, claims: Sequence[Claim]) -> _StatedKeys:
        stated = {
            field: [claim.value for claim in claims if claim.field == field]
            for field in ("title", "author", "keywords")
        }
        keywords = (letters_key(part) for text in stated["keywords"] for part in re.split(r"[,;|]", text))
        return cls(
            titles=frozenset(map(letters_key, title_precedence.titles(claims))),
            authors=frozenset(filter(None, map(letters_key, stated["author"]))),
            keywords=frozenset(k for k in keywords if len(k) > 2),
        )


def _reasons(pairs: Sequence[tuple[str, str]], stated: _StatedKeys) -> list[str]:
    """For each line why it is cut; empty: it stays."""
    last = len(pairs) - EDGE
    is_timeline = sum(tag == "head" and _is_date(text) for text, tag in pairs) > 1
    reasons: list[str] = []
    for number, (text, tag) in enumerate(pairs):
        is_edge = (number < EDGE or number >= last) and len(text) <= MAX_EDGE_CHARS
        reason = _edge_reason(text, stated, is_top=number < EDGE) if is_edge else ""
        if not reason and is_edge and _is_date(text) and not (is_timeline and tag == "head"):
            reason = "byline"
        reasons.append(reason or boilerplate_phrases.reason_by_wording(text) or "")
    for number in _empty_headings(pairs, reasons):
        reasons[number] = "heading"
    return reasons


def _unread_reason(block: Block, stated: _StatedKeys) -> str:
    """Why a line that was not read is cut: what it says tells more than that it was not read."""
    if len(block.text) > MAX_EDGE_CHARS:
        return block.reason
    said = _edge_reason(block.text, stated, is_top=True) or ("byline" if _is_date(block.text) else "")
    return said or boilerplate_phrases.reason_by_wording(block.text) or block.reason


def _edge_reason(text: str, stated: _StatedKeys, *, is_top: bool) -> str:
    """Why a line at the beginning or end is cut: it repeats what the page states of itself elsewhere."""
    key = letters_key(text)
    if is_top and key in stated.titles:
        return "headline"
    if boilerplate_phrases.is_speech(text):
        return ""
    is_name = key in stated.authors or key.removeprefix("by") in stated.authors or _BYLINE.fullmatch(text)
    if is_name and len(text) <= MAX_DATELINE_CHARS:
        return "byline"
    parts = [letters_key(part) for part in re.split(r"[,;|#/]", text) if letters_key(part)]
    if (
        parts
        and sum(part in stated.keywords for part in parts) > 0.7 * len(parts)
        and (len(parts) > 1 or len(text) < 40)
    ):
        return "tags"
    return ""


def _is_date(text: str) -> bool:
    """Whether the line, or a part of it between bars, is a date and little else."""
    if len(text) > MAX_DATELINE_CHARS or boilerplate_phrases.is_speech(text) or not any(map(str.isdigit, text)):
        return False
    parts = [part for part in (text, *_BARS.split(text)) if len(part.split()) <= 8]
    return any(_NUMERIC_DATE.fullmatch(part) or date_parsing.moment(part, None) for part in parts)


def _empty_headings(pairs: Sequence[tuple[str, str]], reasons: Sequence[str]) -> Iterator[int]:
    """Numbers of headings after which, up to the text's end, nothing of the story comes but such headings."""
    is_empty = True
    for number in range(len(pairs) - 1, -1, -1):
        is_heading = pairs[number][1] == "head"
        if reasons[number]:
            continue
        if is_heading and is_empty:
            yield number
        elif not is_heading:
            is_empty = False
