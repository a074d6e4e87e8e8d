"""The matcher: every term of every topic in one automaton, then the conditions, then the sentence that proves it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from ahocorasick_rs import AhoCorasick
from sentencex import get_sentence_boundaries

from newswatch.model import Mention, Zone
from newswatch.topics import Term, Topic

_SPACES = "\t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_APOSTROPHES = "\u2018\u2019\u201b\u02bc\u02b9\u0060\u00b4\uff07"
# One character for one, so that offsets hold. "İ" alone grows when lower-cased.
_ONE_FOR_ONE = str.maketrans(dict.fromkeys(_SPACES + _HYPHENS, " ") | dict.fromkeys(_APOSTROPHES, "'") | {"İ": "I"})
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_STRESS = "\u0300\u0301"  # stress marks of Cyrillic dictionaries
_INITIALS = re.compile(r"(?:^|\W)(?:[A-Z]\.){2,}\s*$")
_UNEVEN = re.compile(f"  |[{_INVISIBLE}\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Normal:
    """A text made comparable. Character i came from `starts[i]:ends[i]`; None: each stands where it stood."""

    plain: str
    low: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets of a non-empty span in the text that was normalised."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normal:
    """Fold spaces, hyphens and apostrophes, drop invisible characters and Cyrillic stress marks, keep offsets."""
    plain = text.translate(_ONE_FOR_ONE)
    if not _UNEVEN.search(plain):
        return Normal(plain, plain.lower())
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for i, char in enumerate(plain):
        if char in _INVISIBLE or (char == " " and out and out[-1] == " "):
            continue
        if unicodedata.combining(char) and out:
            is_stress = char in _STRESS and "\u0400" <= out[-1] <= "\u04ff"
            joined = out[-1] if is_stress else unicodedata.normalize("NFC", out[-1] + char)
            if len(joined) == 1:
                out[-1], ends[-1] = joined, i + 1
                continue
        out.append(char)
        starts.append(i)
        ends.append(i + 1)
    folded = "".join(out)
    return Normal(folded, folded.lower(), starts, ends)


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def _word_end(text: str, at: int) -> int:
    """Where the word that goes on at `at` ends; an apostrophe between letters belongs to it."""
    while at < len(text) and (
        _is_word(text[at]) or (text[at] == "'" and at + 1 < len(text) and text[at + 1].isalpha())
    ):
        at += 1
    return at


@dataclass(frozen=True, slots=True)
class _Form:
    """One spelling of one term, ready to compare."""

    topic: str
    term: Term
    plain: str
    is_open: bool  # ended with *


@dataclass(frozen=True)
class _Conditions:
    """A term's three conditions as linear regular expressions over lower-cased normal text."""

    not_in: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    near: re.Pattern[str] | None

    @classmethod
    def of(cls, term: Term) -> _Conditions:
        return cls(_pattern(term.not_in), _pattern(term.unless), _pattern(term.near))


def _pattern(phrases: Iterable[str]) -> re.Pattern[str] | None:
    parts = [
        re.escape(normalise(p.removesuffix("*")).low.strip()) + (r"[^\W_]*" if p.endswith("*") else "") for p in phrases
    ]
    # A lookahead: one phrase cannot use up the beginning of another. Longest first, so that it reaches furthest.
    parts.sort(key=len, reverse=True)
    return re.compile(rf"(?<![^\W_])(?=((?:{'|'.join(parts)})(?![^\W_])))") if parts else None


class Matcher:
    """Finds the mentions of all given topics. Build once, use for many stories; it holds no state between them."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._forms: list[list[_Form]] = []
        self._conditions: dict[Term, _Conditions] = {}
        index: dict[str, int] = {}
        for topic in topics:
            for term in topic.terms:
                self._conditions[term] = _Conditions.of(term)
                for form in term.forms:
                    plain = normalise(form.removesuffix("*")).plain.strip()
                    at = index.setdefault(plain.lower(), len(self._forms))
                    if at == len(self._forms):
                        self._forms.append([])
                    self._forms[at].append(_Form(topic.id, term, plain, form.endswith("*")))
        self._automaton = AhoCorasick(list(index))

    def find(self, title: str, text: str, language: str | None, zones: Sequence[str] | None = None) -> list[Mention]:
        """Mentions in reading order, the headline's first. `language` None: terms of every language apply.

        `zones`: that of each line of the text; in a line that was cut nothing is looked for. None: the first paragraph
        is the lede. Of overlapping matches of one topic the longest counts, so that "Donetsk region" is one mention.
        """
        return self._in(title, language, ("headline",)) + self._in(text, language, zones)

    def _in(self, text: str, language: str | None, zones: Sequence[str] | None) -> list[Mention]:
        normal = normalise(text)
        hits = self._automaton.find_matches_as_indexes(normal.low, overlapping=True)
        if not hits:
            return []
        scene = _Scene(text, normal, language, zones)
        found: list[tuple[int, int, _Form]] = []
        for index, start, end in hits:
            for form in self._forms[index]:
                stop = scene.stop_of(form, start, end)
                if stop is None or scene.is_outside(start, stop):
                    continue
                if scene.allows(self._conditions[form.term], start, stop):
                    found.append((start, stop, form))
        return [scene.mention(start, end, form) for start, end, form in _longest(found)]


def _longest(found: list[tuple[int, int, _Form]]) -> list[tuple[int, int, _Form]]:
    """Of each topic's overlapping spans the longest, the first of equals; in order of place and topic."""
    kept: list[tuple[int, int, _Form]] = []
    taken: dict[str, list[tuple[int, int]]] = {}
    for start, end, form in sorted(found, key=lambda f: (f[0] - f[1], f[0], f[2].topic, f[2].term.text, f[2].plain)):
        spans = taken.setdefault(form.topic, [])
        if all(end <= s or start >= e for s, e in spans):
            spans.append((start, end))
            kept.append((start, end, form))
    return sorted(kept, key=lambda f: (f[0], f[1], f[2].topic))


def _sentences(text: str, base: int, limit: int, language: str | None) -> list[tuple[int, int]]:
    """Spans of the paragraph's sentences. A break right after letters with points ("U.S. ") is taken back."""
    paragraph = text[base:limit]
    spans: list[tuple[int, int]] = []
    for boundary in get_sentence_boundaries(language or _script_language(paragraph), paragraph):
        start, end = base + int(boundary["start_index"]), base + int(boundary["end_index"])
        if spans and _INITIALS.search(text[spans[-1][0] : spans[-1][1]]):
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _script_language(text: str) -> str:
    """Whose abbreviations to expect where nobody says what the language is."""
    if re.search("[іїєґІЇЄҐ]", text):
        return "uk"
    return "ru" if re.search("[\u0400-\u04ff]", text) else "en"


class _Scene:
    """One text with candidate matches; paragraphs and sentences are looked at only where a match asks."""

    def __init__(self, text: str, normal: Normal, language: str | None, zones: Sequence[str] | None) -> None:
        self.text, self.normal, self.language, self._zones = text, normal, language, zones
        # Stored text has a paragraph a line; wrapped text, as people paste it, parts paragraphs by empty lines.
        self._break = "\n\n" if zones is None and "\n\n" in text else "\n"
        self._starts: list[int] = []
        if zones is not None and len(zones) > 1:
            self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._sentences: dict[int, list[tuple[int, int]]] = {}

    def stop_of(self, form: _Form, start: int, end: int) -> int | None:
        """The match's end, or None where boundaries, case or language say that it is none."""
        low = self.normal.low
        if form.term.language and self.language and form.term.language != self.language:
            return None
        if start > 0 and _is_word(low[start - 1]):
            return None
        stop = _word_end(low, end) if form.is_open else end
        if stop < len(low) and _is_word(low[stop]):
            return None
        if form.term.case == "any" or self.normal.plain[start:end] == form.plain:
            return stop
        is_allowed = form.term.case == "exact_unless_caps" and self.text[slice(*self._paragraph(start, end))].isupper()
        return stop if is_allowed else None

    def allows(self, conditions: _Conditions, start: int, end: int) -> bool:
        if conditions.not_in is None and conditions.unless is None and conditions.near is None:
            return True
        left, right = self.sentence(start, end)
        sentence = normalise(self.text[left:right])
        if conditions.unless and conditions.unless.search(sentence.low):
            return False
        if conditions.near and not conditions.near.search(sentence.low):
            return False
        if conditions.not_in is None:
            return True
        first, last = self.normal.original(start, end)
        spans = (sentence.original(*m.span(1)) for m in conditions.not_in.finditer(sentence.low))
        return not any(left + s <= first and left + e >= last for s, e in spans)

    def _paragraph(self, start: int, end: int) -> tuple[int, int]:
        first, last = self.normal.original(start, end)
        left = self.text.rfind(self._break, 0, first)
        right = self.text.find(self._break, last)
        return (0 if left < 0 else left + len(self._break)), (len(self.text) if right < 0 else right)

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the text of the sentence that holds the span, white space at its ends left out."""
        first, last = self.normal.original(start, end)
        base, limit = self._paragraph(start, end)
        if base not in self._sentences:
            self._sentences[base] = _sentences(self.text, base, limit, self.language)
        left = max((s for s, _ in self._sentences[base] if s <= first), default=base)
        right = min((e for _, e in self._sentences[base] if e >= last), default=limit)
        piece = self.text[left:right]
        return left + len(piece) - len(piece.lstrip()), left + len(piece.rstrip())

    def mention(self, start: int, end: int, form: _Form) -> Mention:
        first, last = self.normal.original(start, end)
        left, right = self.sentence(start, end)
        return Mention(
            topic=form.topic,
            term=form.term.text,
            zone=self._zone(first),
            start=first,
            end=last,
            surface=self.text[first:last],
            sentence=self.text[left:right],
            sentence_start=left,
        )

    def is_outside(self, start: int, end: int) -> bool:
        """Whether the span of the normal text is in a line that is not the story's, or goes from one to the next."""
        if self._zones is None:
            return False
        first, last = self.normal.original(start, end)
        return self._zone_at(first) == "cut" or "\n" in self.text[first:last]

    def _zone_at(self, first: int) -> str:
        assert self._zones is not None
        return self._zones[bisect_right(self._starts, first) - 1 if self._starts else 0]

    def _zone(self, first: int) -> Zone:
        if self._zones is not None:
            return cast(Zone, self._zone_at(first))
        return "body" if self.text[:first].lstrip().find(self._break) >= 0 else "lede"


def failed_examples(topics: Sequence[Topic]) -> Iterator[str]:
    """One line for each example that the topic's own terms get wrong."""
    for topic in topics:
        matcher = Matcher([topic])
        for text in topic.examples.match:
            if not matcher.find("", text, None):
                yield (
                    f"topic {topic.id!r}: no term matches the example {text!r}. "
                    "Add a term or variant for it, or move it to no_match."
                )
        for text in topic.examples.no_match:
            for mention in matcher.find("", text, None)[:1]:
                yield (
                    f"topic {topic.id!r}: the term {mention.term!r} matches {mention.surface!r} in {text!r}, "
                    "which must not match. Narrow the term with case, not_in, unless or near."
                )
