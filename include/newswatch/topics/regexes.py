"""Regular expressions of topics: RE2 alone, whose time is linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import re2

from newswatch.topics.folding import is_boundary, is_end, straight

# RE2's own \w, \d and \b know ASCII alone: on "Донецк" they would silently find nothing.
_ASCII_ONLY = {
    "\\w": "write [\\pL\\pN] for a letter or digit of any script",
    "\\W": "write [^\\pL\\pN]",
    "\\d": "write \\pN for a digit",
    "\\D": "write \\PN",
    "\\C": "write . for a character",
    "\\b": "leave it out, a match always begins and ends at the edge of a word",
    "\\B": "leave it out, a match always begins and ends at the edge of a word",
}
MOST_REPEATED, MOST_IN_ALL = 100, 300  # of one repetition, of all of a pattern: a match stays short
_TOKEN = re.compile(r"\\Q.*?\\E|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|[*+]|\{\d+,?\d*\}", re.DOTALL)


def check_pattern(pattern: str) -> None:
    """Raises ValueError, with the way out, where the pattern cannot be used.

    Repetition without an end is refused: with it one search may read the whole text, and each match searches anew.
    """
    in_all = 0
    for token in _TOKEN.findall(pattern):
        if token in ("*", "+") or token.endswith(",}"):
            raise ValueError(f"pattern '{pattern}': {token} repeats without end. Give it one: {{0,20}}, {{1,20}}")
        if token.startswith("{"):
            most = int(token.strip("{}").rpartition(",")[2])
            in_all += most
            if most > MOST_REPEATED or in_all > MOST_IN_ALL:
                raise ValueError(
                    f"pattern '{pattern}': {token} is more than can be looked for quickly; {MOST_REPEATED} is the most "
                    f"for one repetition, {MOST_IN_ALL} for all together. Use near for words that stand apart"
                )
        for escape, instead in _ASCII_ONLY.items():
            if escape in token.replace("\\\\", ""):
                raise ValueError(f"pattern '{pattern}': {escape} knows only the letters a to z here; {instead}")
    compiled = _compile(pattern, True)
    if compiled.search(""):
        raise ValueError(f"pattern '{pattern}' also matches nothing at all. Make it ask for at least one letter")


# A match ends where a word ends; in scripts without spaces that is anywhere. `is_end` has the last word.
_END = (
    r"(?:$|[^\pL\pN\pM]|[⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]"
    r"|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
)


def _options(is_exact: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = is_exact
    options.longest_match = True
    options.log_errors = False
    options.max_mem = 256 << 20
    return options


@lru_cache(maxsize=1024)
def _compile(pattern: str, is_exact: bool) -> Any:
    try:
        re2.compile(pattern, _options(is_exact))
        return re2.compile(f"({straight(pattern)}){_END}", _options(is_exact))
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        is_missed = reason.startswith(("invalid perl operator", "invalid escape"))  # look-around, back-references
        way_out = "Nothing that backtracks is offered: use near, unless or not_in" if is_missed else "Mend it"
        raise ValueError(f"pattern '{pattern}' cannot be read: {reason}. {way_out}") from None


class PatternSet:
    """All patterns of a catalogue: one pass over a text tells which of them are in it at all."""

    def __init__(self, patterns: Sequence[tuple[str, bool]]) -> None:
        """Each pattern with whether capitals count. Raises ValueError as `check_pattern`."""
        self._compiled = [_compile(*pattern) for pattern in patterns]
        self._any: Any = re2.Set.SearchSet(_options(is_exact=True))
        for pattern, is_exact in patterns:
            self._any.Add(straight(pattern) if is_exact else f"(?i:{straight(pattern)})")
        try:
            self._any.Compile()
        except re2.error:  # together they are too large: each is looked for by itself
            self._any = None

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Number of the pattern, start and end (code points) of each match.

        By pattern; of one leftmost first, the longest there, none overlapping. Raises UnicodeEncodeError where the text
        has a lone surrogate.
        """
        content = text.encode()
        for number in sorted(self._any.Match(content) or ()) if self._any else range(len(self._compiled)):
            at = chars = counted = 0
            while match := self._compiled[number].search(content, at):
                start, end = match.span(1)
                chars, counted = chars + len(content[counted:start].decode()), start
                width = len(content[start:end].decode())
                if width and is_boundary(text, chars) and is_end(text, chars + width):
                    yield number, chars, chars + width
                    at = end
                else:
                    at = start + len(text[chars].encode()) if chars < len(text) else len(content) + 1
                if at >= len(content):
                    break
