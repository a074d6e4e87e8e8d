"""A searched text: its lines, zones, sentences and words, each worked out only where a match asks for it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import cast

from sentencex import get_sentence_boundaries

from newswatch.topics.folding import Folded
from newswatch.topics.mention import Zone
from newswatch.topics.phrase_index import PhraseIndex

MAX_EVIDENCE = 1000  # characters: of a longer sentence the part around the match is kept
LONG_LINE = 20_000  # characters: the splitter takes ever longer for quotation marks that nobody closes
_MARKS = "".join(c for c in map(chr, range(0x300, 0x1D00)) if unicodedata.category(c)[0] == "M")  # \w has none
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}]|'(?=[^\W_]))*")
_BREAK = re.compile("\n")
_ENDS = frozenset('.!?…"”»)')
_BLANKS = " \t\r\xa0"
_ADDRESS = re.compile(
    r"(?i:https?://|www\.)[^\s<>«»“”\"]+|[\w.+-]*@[\w.-]+|(?<![\w@])(?:[a-z\d-]+\.)+[a-z]{2,}/[^\s<>«»“”\"]*", re.ASCII
)
LONGEST_ADDRESS = 300  # characters before a match and behind it

Span = tuple[int, int]


class Document:
    """One text that is searched. Offsets in and out are those of the folded text, but of `proof`: of the stored one."""

    def __init__(self, text: str, folded: Folded, language: str | None, zones: Sequence[str] | None) -> None:
        """`zones`: that of each line of the text. None: the first paragraph is the lede, the rest the body."""
        self.text, self.folded, self.language, self._zones = text, folded, language, zones
        self._sentences: dict[int, list[Span]] = {}
        self._caps: dict[int, bool] = {}
        self._words: dict[Span, list[int]] = {}
        self._beside: dict[Span, dict[int, list[Span]]] = {}
        self.story: tuple[Document, ...] = (self,)  # headline and text of the story, this one too

    @cached_property
    def _line_starts(self) -> list[int]:
        """Where lines begin. Stored text has a paragraph a line.

        In text that people paste a line may go on in the next one, unless an empty line or a full stop is between them.
        """
        text = self.text
        if self._zones is not None:
            return [0, *(m.end() for m in _BREAK.finditer(text))]
        starts = [0]
        for match in _BREAK.finditer(text):
            at = match.end()
            before = text[max(0, at - 21) : at - 1].rstrip(_BLANKS)[-1:]
            if before in _ENDS or before == "\n" or text[at : at + 20].lstrip(_BLANKS)[:1] == "\n":
                starts.append(at)
        return starts

    def _line(self, first: int) -> int:
        return bisect_right(self._line_starts, first) - 1

    def _line_span(self, number: int) -> Span:
        starts = self._line_starts
        end = starts[number + 1] if number + 1 < len(starts) else len(self.text)
        return starts[number], end

    def is_caps(self, start: int) -> bool:
        """Whether the line around it is all in capitals, as headlines are."""
        number = self._line(self.folded.original(start, start + 1)[0])
        if number not in self._caps:
            self._caps[number] = self.text[slice(*self._line_span(number))].isupper()
        return self._caps[number]

    def zone(self, start: int) -> str:
        """The zone of the line around `start`, or `cut`: it is not the story's."""
        number = self._line(self.folded.original(start, start + 1)[0])
        if self._zones is not None:
            return self._zones[number]
        return "body" if number > self._lede else "lede"

    @cached_property
    def _lede(self) -> int:
        """Number of the first line that says anything."""
        spans = (self._line_span(number) for number in range(len(self._line_starts)))
        return next((n for n, span in enumerate(spans) if not self.text[slice(*span)].isspace()), 0)

    def is_outside(self, start: int, end: int) -> bool:
        """Whether the match lies in a line that is not the story's, or goes from one line to the next."""
        if self._zones is None:
            return False
        first, last = self.folded.original(start, end)
        return self.zone(start) == "cut" or "\n" in self.text[first:last]

    def is_in_address(self, start: int, end: int) -> bool:
        """Whether the match is part of an address: of the web, of mail, of an account. A hashtag is none."""
        first, last = self.folded.original(start, end)
        left, right = first, last
        while left > 0 and not self.text[left - 1].isspace() and first - left < LONGEST_ADDRESS:
            left -= 1
        while right < len(self.text) and not self.text[right].isspace() and right - last < LONGEST_ADDRESS:
            right += 1
        return any(m.start() + left < last and m.end() + left > first for m in _ADDRESS.finditer(self.text[left:right]))

    def paragraph(self, start: int) -> Span:
        """The line around it, in offsets of the folded text."""
        return self.folded.folded(*self._line_span(self._line(self.folded.original(start, start + 1)[0])))

    def sentence(self, start: int, end: int) -> Span:
        """The sentence around the match, in offsets of the folded text."""
        return self.folded.folded(*self._sentence(*self.folded.original(start, end)))

    def _sentence(self, first: int, last: int) -> Span:
        base, limit = self._line_span(self._line(first))
        spans = self._sentences.get(base)
        if spans is None:
            spans = self._sentences[base] = self._split(base, limit)
        at = bisect_right(spans, (first, len(self.text))) - 1
        left = spans[at][0] if at >= 0 else base
        while at + 1 < len(spans) and (at < 0 or spans[at][1] < last):
            at += 1
        return left, max(spans[at][1] if at >= 0 else limit, last)

    def proof(self, start: int, end: int) -> tuple[Zone, int, int, int, int]:
        """Zone, start and end of the match, start and end of the sentence that proves it: offsets of the stored text.

        The sentence is without white space at its ends, and of one over MAX_EVIDENCE the part around the match.
        """
        first, last = self.folded.original(start, end)
        left, right = self._sentence(first, last)
        if right - left > MAX_EVIDENCE:
            left, right = self._around(left, right, first, last)
        piece = self.text[left:right]
        left, right = left + len(piece) - len(piece.lstrip()), left + len(piece.rstrip())
        return cast(Zone, self.zone(start)), first, last, left, right

    def _around(self, left: int, right: int, first: int, last: int) -> Span:
        """Part of an endless sentence, cut at spaces where there are any."""
        margin = max(0, (MAX_EVIDENCE - (last - first)) // 2)
        if first - left > margin:
            space = self.text.find(" ", first - margin, first)
            left = space + 1 if space >= 0 else first - margin
        if right - last > margin:
            space = self.text.rfind(" ", last, last + margin)
            right = space if space >= 0 else last + margin
        return left, right

    def beside(self, index: PhraseIndex, span: Span) -> dict[int, list[Span]]:
        """Matches of the index in the span, by owner, in order of place. Kept: always call it with the same index."""
        if span not in self._beside:
            spans_by_owner: dict[int, list[Span]] = {}
            for owner, start, end in index.find(self.folded, self.is_caps, *span):
                spans_by_owner.setdefault(owner, []).append((start, end))
            for spans in spans_by_owner.values():
                spans.sort()
            self._beside[span] = spans_by_owner
        return self._beside[span]

    def words_between(self, sentence: Span, end: int, start: int) -> int:
        """How many words begin after `end` and before `start`."""
        if sentence not in self._words:
            self._words[sentence] = [m.start() for m in _WORD.finditer(self.folded.low, *sentence)]
        words = self._words[sentence]
        return bisect_left(words, start) - bisect_left(words, end)

    def _split(self, base: int, limit: int) -> list[Span]:
        """Spans of the paragraph's sentences. A break right after letters with points ("U.S. ") is taken back."""
        spans: list[Span] = []
        text, begin = self.text, base
        while begin < limit:
            end = limit
            if limit - begin > LONG_LINE:
                end = text.rfind(" ", begin + 1, begin + LONG_LINE) + 1 or begin + LONG_LINE
            for boundary in get_sentence_boundaries(self._language, text[begin:end]):
                first, last = begin + boundary["start_index"], begin + boundary["end_index"]
                if spans and self._goes_on(spans[-1], is_cut=first == begin > base):
                    first = spans.pop()[0]
                spans.append((first, last))
            begin = end
        return spans

    def _goes_on(self, span: Span, *, is_cut: bool) -> bool:
        """Whether the sentence is not at its end: it ends in initials, or was cut for the splitter's sake."""
        end = self.text[max(span[0], span[1] - 8) : span[1]].rstrip()
        return _ends_in_initials(end) or (is_cut and end[-1:] not in _ENDS)

    @cached_property
    def _language(self) -> str:
        """Whose abbreviations to expect; where nobody says what the language is, its script does."""
        if self.language:
            return self.language
        if re.search("[іїєґІЇЄҐ]", self.text):
            return "uk"
        return "ru" if re.search("[\u0400-\u04ff]", self.text) else "en"


def _ends_in_initials(text: str) -> bool:
    last = text[-4:]
    return len(last) == 4 and last[1] == last[3] == "." and last[0].isupper() and last[2].isupper()
