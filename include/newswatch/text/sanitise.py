"""Sanitising: text, markup and dates from outside, made fit to be stored.

Parquet refuses lone surrogates, PostgreSQL refuses NUL, and readers refuse control characters.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import nh3
from lxml.html import defs

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BLOCK = re.compile(r"(?i)<(?:/?(?:p|div|li|h\d|tr)|br)\b[^<>]{0,200}>")
_ANGLE = re.compile(r"<(/?)([A-Za-z][\w:-]{0,60})([^<>]{0,4000})")
# Tags that every parser of HTML takes for the same, of elements that move and hide no text.
_BLOCKS, _INLINES = (
    "p|div|li|h[1-6]",
    "a|abbr|b|big|blockquote|center|cite|code|dd|del|dfn|dl|dt|em|figcaption|figure|font|hr|i|img|ins|kbd|mark|ol|q|s|samp"
    "|small|span|strike|strong|sub|sup|time|tt|u|ul|var|wbr",
)
_ATTRIBUTES = r"""(?:[ \t\n]+[A-Za-z][\w:.-]{0,59}=(?:"[^"<>]*"|'[^'<>]*'))*[ \t\n]*/?>"""
_PLAIN_BLOCK = re.compile(rf"(?a)<(?:/(?i:{_BLOCKS})[ \t\n]*>|(?i:{_BLOCKS}|br)(?=[^<>]{{0,200}}>){_ATTRIBUTES})")
_PLAIN_INLINE = re.compile(rf"(?a)<(?:/(?i:{_INLINES})[ \t\n]*>|(?i:{_INLINES}){_ATTRIBUTES})")
# References that a tag cuts off, and numbers that browsers and Python may take for different things.
_DIFFERING = re.compile(
    r"(?ia)&(?:[#\w]{0,40}<|#(?!(?:3[2-9]|[4-9]\d|1(?!27)\d\d|[2-9]\d\d|[1-9]\d{3})(?!\d)"
    r"|x(?:20[\da-f]{2}|[2-6a-f][\da-f])(?![\da-f])))"
)
_END_TAG = re.compile(r"</([A-Za-z][\w:-]{0,60})")
_ATTRIBUTE = re.compile(r"(?:^|\s)[\w:@.-]{1,60}\s{0,9}=")
_BLANKS = re.compile(r"[ \t\xa0]+")
_NO_LETTERS = re.compile(r"[\W_]+")
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # before it the web had no news feeds: such a date is a fault
MAX_TITLE_CHARS = 500
MAX_SUMMARY_CHARS = 4000
MAX_MARKUP_CHARS = 100_000  # of one value that are looked at: a summary keeps MAX_SUMMARY_CHARS of them


def text(value: str) -> str:
    """Plain storable text with its line breaks as `\\n`; runs of blanks become one."""
    value = _UNWANTED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in value.split("\n")).strip("\n")


def line(value: str, limit: int = MAX_TITLE_CHARS) -> str:
    """The text (see `text`) as one line of at most `limit` characters."""
    spaced = value.replace("\n", " ").replace("\t", " ").replace("\xa0", " ")
    if not spaced.isprintable():
        return " ".join(_UNWANTED.sub("", value).split())[:limit]
    while "  " in spaced:  # the only blank that is printable
        spaced = spaced.replace("  ", " ")
    return spaced.strip()[:limit]


def paragraphs(value: str) -> str:
    """Text with its empty lines taken out: a paragraph a line."""
    return "\n".join(part for part in text(value).split("\n") if part)


def letters_key(value: str) -> str:
    """A text's letters and digits, case-folded: lines with one key count as the same."""
    return _NO_LETTERS.sub("", value.casefold())


def plain(markup: str, *, between_blocks: str = " ") -> str:
    """The text of an HTML fragment: no tags, character references resolved, `between_blocks` between blocks.

    What stands in angle brackets and is no tag, as in `if a<b and c>d`, is text: see `_is_tag`. Of markup past
    MAX_MARKUP_CHARS nothing is read. Not sanitised yet: see `text` and `line`.
    """
    if "<" not in markup:
        return html.unescape(markup)
    markup = markup[:MAX_MARKUP_CHARS]
    bare = _PLAIN_INLINE.sub("", _PLAIN_BLOCK.sub(between_blocks, markup))
    if "<" not in bare and not ("\r" in markup or "\0" in markup or markup[0] == "\ufeff" or _DIFFERING.search(markup)):
        return html.unescape(bare)
    closed = frozenset(name.lower() for name in _END_TAG.findall(markup))
    markup = _ANGLE.sub(lambda m: m[0] if _is_tag(m, closed) else f"&lt;{m[0][1:]}", markup)
    spaced = _BLOCK.sub(between_blocks, markup)
    return html.unescape(nh3.clean(spaced, tags=set(), attributes={}))


def _is_tag(match: re.Match[str], closed: frozenset[str]) -> bool:
    """Whether it is a tag: its name is HTML's with nothing after it, or it has attributes, or it is closed.

    `closed`: names of the end tags of the whole text.
    """
    slash, name, rest = match[1], match[2].lower(), match[3].strip(" \t\r\n/")
    is_html = name in defs.tags
    if slash:
        return is_html or not rest
    return name in closed or (is_html and not rest) or bool(_ATTRIBUTE.search(rest))


def credible(published_at: datetime | None, first_seen_at: datetime) -> datetime | None:
    """The date if it makes sense, else None: not before EARLIEST, not later than an hour after it was seen. In UTC."""
    if published_at is None or not EARLIEST <= published_at <= first_seen_at + timedelta(hours=1):
        return None
    return published_at
