"""Text that was encoded or escaped twice on its way, set right; all other text stays as it is."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_VERBOSE = re.compile(r"(\[(?:\\.|[^\]\\])*\]|\\.)|#[^\n]*|\s+")  # of a pattern: what stays, or is there for its reader
_UNICODE = {r"\s": r"[\s\x{85}\p{Z}]", r"\w": r"[\p{L}\p{M}\p{N}_]"}  # RE2's own know ASCII alone


def mended(text: str) -> str:
    """The text, its UTF-8 read as UTF-8 where it was taken for another encoding (`Ð”Ð¾Ð½ÐµÑ†ÑŒÐº`)."""
    if text.isascii() or not _suspicion().search(text):
        return text
    from ftfy import fix_encoding

    return str(fix_encoding(text))  # its encoding repairs alone: no quotes, widths, ligatures or line breaks


@cache
def _suspicion() -> Any:
    """ftfy's own test of whether text looks wrong, by RE2: Python's takes 3 microseconds a Cyrillic letter."""
    import re2
    from ftfy.badness import BADNESS_RE  # a seventh of a second, for which a parser's process need not wait

    pattern = _VERBOSE.sub(lambda match: match[1] or "", BADNESS_RE.pattern)
    for ours, theirs in _UNICODE.items():
        pattern = pattern.replace(ours, theirs)
    return re2.compile(pattern)


def unescaped(text: str) -> str:
    """Text that is no markup any more, with character references that were escaped twice (`&amp;quot;`) resolved."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text
