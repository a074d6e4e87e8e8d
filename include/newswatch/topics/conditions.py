"""Context conditions of a match: the words of `near` and `unless`, the longer phrases of `not_in`, in one automaton."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from newswatch.topics.document import Document, Span
from newswatch.topics.inflection import WordForms
from newswatch.topics.phrase_index import Phrase, PhraseIndex
from newswatch.topics.schema import Around

LONGEST_PHRASE = 400  # characters of a phrase of `not_in` as it may stand in a text, open end included
NEIGHBOURS = 4  # places of a word before a match that are asked how far away they are: they may overlap


class Condition(NamedTuple):
    """A condition, compiled: numbers of the words, any of which will do, how far away they may be, on which side."""

    words: frozenset[int]
    within: Literal["sentence", "paragraph", "story"] | int = "sentence"
    side: Literal["before", "after"] | None = None


class Conditions:
    """The words of all conditions of a catalogue. Words that several conditions share are looked for once."""

    def __init__(self, word_forms: WordForms) -> None:
        self._word_forms = word_forms
        self._numbers: dict[Phrase, int] = {}
        self._index: PhraseIndex | None = None

    def around(self, around: Around) -> Condition:
        """Add a `near` or `unless`; the condition can be given to `beside` once `compile` was called."""
        words = self._add(Phrase(0, w, around.case, True, around.inflection) for w in around.words)
        return Condition(words, around.within, around.side)

    def longer(self, phrases: tuple[str, ...], *, is_alike: bool) -> Condition:
        """Add a `not_in`; the condition can be given to `holds` once `compile` was called."""
        return Condition(self._add(Phrase(0, phrase, is_alike=is_alike) for phrase in phrases), "paragraph")

    def _add(self, phrases: Iterable[Phrase]) -> frozenset[int]:
        return frozenset(self._numbers.setdefault(phrase, len(self._numbers)) for phrase in phrases)

    def compile(self) -> None:
        """Build the automaton, after the last condition was added."""
        phrases = (phrase._replace(owner=number) for phrase, number in self._numbers.items())
        self._index = PhraseIndex(phrases, self._word_forms)

    def holds(self, document: Document, match: Span, condition: Condition) -> bool:
        """Whether the match (a span of the folded text) lies inside one of the condition's phrases."""
        for spans in self._word_spans(document, document.paragraph(match[0]), condition):
            for at in range(bisect_left(spans, (match[0] + 1,)) - 1, -1, -1):
                if spans[at][0] < match[0] - LONGEST_PHRASE:
                    break
                if spans[at][1] >= match[1]:
                    return True
        return False

    def is_near(self, document: Document, match: Span, condition: Condition) -> bool:
        """Whether one of the condition's words is near enough to the match, and not inside it."""
        outside = (start < match[0] or end > match[1] for start, end in self.beside(document, match, condition))
        return any(outside) or self._is_elsewhere(document, condition)

    def is_beside(self, document: Document, match: Span, condition: Condition) -> bool:
        """Whether one of the condition's words is near enough to the match, or inside it."""
        return any(True for _ in self.beside(document, match, condition)) or self._is_elsewhere(document, condition)

    def _is_elsewhere(self, document: Document, condition: Condition) -> bool:
        """Whether a condition on the whole story has a word in another document of it."""
        others = (other for other in document.story if other is not document) if condition.within == "story" else ()
        return any(True for other in others for _ in self._in_all(other, condition))

    def _in_all(self, document: Document, condition: Condition) -> Iterator[Span]:
        """Spans of the condition's words in the story's lines of the document."""
        for spans in self._word_spans(document, (0, len(document.folded.low)), condition):
            yield from (span for span in spans if not document.is_outside(*span))

    def beside(self, document: Document, match: Span, condition: Condition) -> Iterator[Span]:
        """Spans of the condition's words in this document that are near enough to the match, those inside it too."""
        within = condition.within
        if within == "story":
            yield from self._in_all(document, condition)
            return
        span = document.paragraph(match[0]) if within == "paragraph" else document.sentence(*match)
        for spans in self._word_spans(document, span, condition):
            first, after = bisect_left(spans, (match[0],)), bisect_left(spans, (match[1],))
            for start, end in spans[max(0, first - NEIGHBOURS) : after + 1]:
                if condition.side and (start >= match[0] if condition.side == "before" else end <= match[1]):
                    continue
                if (
                    not isinstance(within, int)
                    or document.words_between(span, min(match[1], end), max(match[0], start)) < within
                ):
                    yield start, end

    def _word_spans(self, document: Document, span: Span, condition: Condition) -> Iterator[list[Span]]:
        assert self._index is not None
        spans_by_owner = document.beside(self._index, span)
        for number in spans_by_owner.keys() & condition.words:
            yield spans_by_owner[number]
