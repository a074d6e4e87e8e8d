"""The phrase index: one automaton (Aho-Corasick) finds all phrases, overlapping ones too; then edges and capitals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from newswatch.topics import inflection
from newswatch.topics.folding import Folded, fold, is_boundary, is_end, word_end
from newswatch.topics.inflection import WordForms

LONGEST_WORD = 60  # characters of a word that may have a stem
_DFA_UP_TO = 500  # forms: twice as fast until its table leaves the processor's cache (benchmarks/tagging.py)


class Phrase(NamedTuple):
    """One phrase of one owner. `case`: any, exact or exact_unless_caps; `is_alike`: accents do not count."""

    owner: int
    text: str
    case: str = "any"
    is_alike: bool = False
    language: str | None = None  # of its inflection


@dataclass(frozen=True, slots=True)
class _Form:
    """One spelling of a phrase, ready to compare with a text that was folded alike."""

    phrase: Phrase
    wanted: str  # as `Folded.plain`, `low` or `bare` has it, by the phrase's case and letters
    is_open: bool = False  # ended with *
    stems: tuple[str, ...] = ()  # of each word, where words are compared by stem

    @property
    def key(self) -> str:
        """What the automaton looks for. Of a stem only the letters that a text can show."""
        return _shown(self.wanted, self.stems[0]) if self.stems else _key(self.wanted)


@lru_cache(maxsize=20_000)
def _folded(phrase: str) -> Folded:
    """Phrases and their forms are folded again for each index that they stand in; texts are not."""
    return fold(phrase)


def _key(phrase: str) -> str:
    return _folded(phrase).bare.replace("-", " ")


def _shown(phrase: str, stem: str) -> str:
    """What the phrase's first word and its stem begin with alike: "treat" of "treaty" and "treati"."""
    first = _key(phrase).split(" ")[0]
    pairs = zip(first, _key(stem), strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(stem)))
    return first[: max(same, 1)]


def _forms(phrase: Phrase, word_forms: WordForms) -> Iterable[_Form]:
    is_open = phrase.text.endswith("*")
    text, language = phrase.text.removesuffix("*").strip(), None if is_open else phrase.language
    if language and not inflection.is_generated(language):
        folded = _folded(text)
        words = (folded.bare if phrase.is_alike else folded.low).replace("-", " ").split()
        yield _Form(phrase, folded.plain, stems=tuple(inflection.stem(w, language) for w in words))
        return
    for spelling in word_forms.of(text, language) if language else (text,):
        folded = _folded(spelling)
        if phrase.case == "any":
            wanted = folded.bare if phrase.is_alike else folded.low
        else:
            wanted = _accents_off(folded.plain, folded.bare) if phrase.is_alike else folded.plain
        yield _Form(phrase, wanted, is_open)


def spellings(phrase: str, language: str | None) -> tuple[str, ...]:
    """What a phrase matches, for people to read: its forms, or "treati…" for words of one stem. Raises as `forms`."""
    forms = list(_forms(Phrase(0, phrase, "exact", language=language), WordForms()))
    if forms[0].stems:
        return (" ".join(f"{stem}…" for stem in forms[0].stems),)
    return tuple(form.wanted + ("*" if form.is_open else "") for form in forms)


class PhraseIndex:
    """All phrases of all owners. Build once, use for many texts; it holds no state between them."""

    def __init__(self, phrases: Iterable[Phrase], word_forms: WordForms) -> None:
        self._forms: list[list[_Form]] = []
        index: dict[str, int] = {}
        for phrase in phrases:
            for form in _forms(phrase, word_forms):
                at = index.setdefault(form.key, len(self._forms))
                if at == len(self._forms):
                    self._forms.append([])
                self._forms[at].append(form)
        implementation = Implementation.DFA if len(index) <= _DFA_UP_TO else None
        self._automaton = AhoCorasick(list(index), implementation=implementation)

    def find(
        self, text: Folded, is_caps: Callable[[int], bool], start: int = 0, end: int | None = None
    ) -> list[tuple[int, int, int]]:
        """Owner, start and end of every match between `start` and `end`, all in offsets of the folded text.

        `is_caps` says of an offset whether its whole line is in capitals.
        """
        bare = text.bare if start == 0 and end is None else text.bare[start:end]
        matches: list[tuple[int, int, int]] = []
        low = text.low
        for index, left, right in self._automaton.find_matches_as_indexes(bare.replace("-", " "), overlapping=True):
            left += start
            if not (is_boundary(low, left) or left in text.joints):
                continue
            for form in self._forms[index]:
                stop = _stop(form, text, left, right + start, is_caps)
                if stop:
                    matches.append((form.phrase.owner, left, stop))
        return matches


def _stop(form: _Form, text: Folded, start: int, end: int, is_caps: Callable[[int], bool]) -> int:
    """Where the match ends, or 0 where it is none."""
    if form.stems:
        return _stop_of_stems(form, text, start, is_caps)
    stop = word_end(text.low, end) if form.is_open else end
    if not (is_end(text.low, stop) or stop in text.joints):
        return 0
    phrase = form.phrase
    if phrase.case == "any":
        shown = (text.bare if phrase.is_alike else text.low)[start:end]
        return stop if _is_same(shown, form.wanted) else 0
    shown = text.plain[start:end]
    if phrase.is_alike:
        shown = _accents_off(shown, text.bare[start:end])
    if _is_same(shown, form.wanted):
        return stop
    is_allowed = phrase.case == "exact_unless_caps" and _is_same(shown.lower(), form.wanted.lower())
    return stop if is_allowed and is_caps(start) else 0


def _is_same(shown: str, wanted: str) -> bool:
    """A space of the wording stands for a hyphen too, a hyphen for itself alone."""
    if shown == wanted or "-" not in shown or len(shown) != len(wanted):
        return shown == wanted
    return all(s == w or (s, w) == ("-", " ") for s, w in zip(shown, wanted, strict=True))


def _accents_off(plain: str, bare: str) -> str:
    return "".join(b.upper() if p.isupper() else b for p, b in zip(plain, bare, strict=True))


def _stop_of_stems(form: _Form, text: Folded, start: int, is_caps: Callable[[int], bool]) -> int:
    """Word by word: each has to have the stem of the form's; capitals, where they count, as the form's words begin."""
    phrase = form.phrase
    assert phrase.language
    low = text.bare if phrase.is_alike else text.low
    at, place = start, 0
    for wanted, word in zip(form.stems, form.wanted.replace("-", " ").split(), strict=True):
        if at > start:
            if not _is_same(low[at : at + 1], form.wanted[place : place + 1]):
                return 0
            at, place = at + 1, place + 1
        stop = word_end(low, at + 1)
        if stop - at > LONGEST_WORD or inflection.stem(low[at:stop], phrase.language) != wanted:
            return 0
        is_as_written = phrase.case == "any" or _has_capitals_of(text.plain[at:stop], word)
        if not (is_as_written or (phrase.case == "exact_unless_caps" and is_caps(start))):
            return 0
        at, place = stop, place + len(word)
    return at


def _has_capitals_of(shown: str, word: str) -> bool:
    if len(word) > 1 and word.isupper():
        return shown.isupper()
    return shown[:1].isupper() == word[:1].isupper() and not (len(shown) > 1 and shown.isupper())
