"""What stands beside a match: the words of `near` and `unless`, the longer phrases of `not_in`, in one automaton."""

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
    """Numbers of the words, any of which will do, how far away they may be, and on which side."""

    words: frozenset[int]
    within: Literal["sentence", "paragraph"] | int = "sentence"
    side: Literal["before", "after"] | None = None


class Conditions:
    """The words of all conditions of a catalogue. Words that several conditions share are looked for once."""

    def __init__(self, word_forms: WordForms) -> None:
        self._word_forms = word_forms
        self._numbers: dict[Phrase, int] = {}
        self._index: PhraseIndex | None = None

    def around(self, around: Around) -> Condition:
        """To be asked of `beside` once `compile` was called."""
        words = self._add(Phrase(0, w, around.case, True, around.inflection) for w in around.words)
        return Condition(words, around.within, around.side)

    def longer(self, phrases: tuple[str, ...], *, is_alike: bool) -> Condition:
        """To be asked of `holds` once `compile` was called."""
        return Condition(self._add(Phrase(0, phrase, is_alike=is_alike) for phrase in phrases), "paragraph")

    def _add(self, phrases: Iterable[Phrase]) -> frozenset[int]:
        return frozenset(self._numbers.setdefault(phrase, len(self._numbers)) for phrase in phrases)

    def compile(self) -> None:
        phrases = (phrase._replace(owner=number) for phrase, number in self._numbers.items())
        self._index = PhraseIndex(phrases, self._word_forms)

    def holds(self, document: Document, match: Span, condition: Condition) -> bool:
        """Whether the match lies inside one of the phrases."""
        for spans in self._found(document, document.paragraph(match[0]), condition):
            for at in range(bisect_left(spans, (match[0] + 1,)) - 1, -1, -1):
                if spans[at][0] < match[0] - LONGEST_PHRASE:
                    break
                if spans[at][1] >= match[1]:
                    return True
        return False

    def beside(self, document: Document, match: Span, condition: Condition) -> Iterator[Span]:
        """Places of the words that are near enough, those inside the match too."""
        within = condition.within
        span = document.paragraph(match[0]) if within == "paragraph" else document.sentence(*match)
        for spans in self._found(document, span, condition):
            first, after = bisect_left(spans, (match[0],)), bisect_left(spans, (match[1],))
            for start, end in spans[max(0, first - NEIGHBOURS) : after + 1]:
                if condition.side and (start >= match[0] if condition.side == "before" else end <= match[1]):
                    continue
                if (
                    not isinstance(within, int)
                    or document.words_between(span, min(match[1], end), max(match[0], start)) < within
                ):
                    yield start, end

    def _found(self, document: Document, span: Span, condition: Condition) -> Iterator[list[Span]]:
        assert self._index is not None
        found = document.beside(self._index, span)
        for number in found.keys() & condition.words:
            yield found[number]
