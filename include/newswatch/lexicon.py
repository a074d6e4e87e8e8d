"""Phrases, many at once: one automaton finds all of them, overlapping ones too; then edges, capitals and hyphens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from newswatch import inflection
from newswatch.fold import Folded, fold, is_boundary, is_end, word_end

_DFA_UP_TO = 500  # forms: twice as fast until its table leaves the processor's cache (benchmarks/tagging.py)


class Entry(NamedTuple):
    """One phrase of one owner. `case`: any, exact or exact_unless_caps; `is_alike`: accents do not count."""

    owner: int
    phrase: str
    case: str = "any"
    is_alike: bool = False
    language: str | None = None  # of its inflection


@dataclass(frozen=True, slots=True)
class _Form:
    """One spelling of an entry, ready to compare with a text that was folded alike."""

    entry: Entry
    wanted: str  # as `Folded.plain`, `low` or `bare` has it, by the entry's case and letters
    spaced: str  # the same with hyphens as spaces
    hyphens: tuple[int, ...]
    is_open: bool = False  # ended with *
    stems: tuple[str, ...] = ()  # of each word, where words are compared by stem

    @property
    def key(self) -> str:
        """What the automaton looks for. Of a stem only the letters that a text can show."""
        return _shown(self.wanted, self.stems[0]) if self.stems else _key(self.wanted)


def _key(phrase: str) -> str:
    return fold(phrase).bare.replace("-", " ")


def _shown(phrase: str, stem: str) -> str:
    """What the phrase's first word and its stem begin with alike: "treat" of "treaty" and "treati"."""
    first = _key(phrase).split(" ")[0]
    same = next(
        (i for i, (a, b) in enumerate(zip(first, _key(stem), strict=False)) if a != b), min(len(first), len(stem))
    )
    return first[: max(same, 1)]


def _forms(entry: Entry) -> Iterable[_Form]:
    is_open = entry.phrase.endswith("*")
    phrase = entry.phrase.removesuffix("*")
    if entry.language and not is_open and not inflection.is_generated(entry.language):
        stems = tuple(inflection.stem(w, entry.language) for w in fold(phrase).low.replace("-", " ").split())
        yield _Form(entry, fold(phrase).plain, "", (), stems=stems)
        return
    for spelling in inflection.forms(phrase, entry.language) if entry.language and not is_open else (phrase,):
        folded = fold(spelling)
        wanted = (folded.bare if entry.is_alike else folded.low) if entry.case == "any" else folded.plain
        wanted = wanted.strip()
        hyphens = tuple(i for i, char in enumerate(wanted) if char == "-")
        yield _Form(entry, wanted, wanted.replace("-", " "), hyphens, is_open)


def spellings(phrase: str, language: str | None) -> tuple[str, ...]:
    """What a phrase looks for, to be read by people; words that go by their stem as "treaty…"."""
    if not language or phrase.endswith("*"):
        return (phrase,)
    if inflection.is_generated(language):
        return inflection.forms(phrase, language)
    return (" ".join(f"{inflection.stem(word.lower(), language)}…" for word in phrase.split()),)


class Lexicon:
    """Build once, use for many texts; it holds no state between them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._forms: list[list[_Form]] = []
        index: dict[str, int] = {}
        for entry in entries:
            for form in _forms(entry):
                at = index.setdefault(form.key, len(self._forms))
                if at == len(self._forms):
                    self._forms.append([])
                self._forms[at].append(form)
        implementation = Implementation.DFA if len(index) <= _DFA_UP_TO else None
        self._automaton = AhoCorasick(list(index), implementation=implementation)

    def __len__(self) -> int:
        """How many different spellings it looks for."""
        return len(self._forms)

    def find(
        self, text: Folded, is_caps: Callable[[int], bool], start: int = 0, end: int | None = None
    ) -> list[tuple[int, int, int]]:
        """Owner, start and end of every match between `start` and `end`, all in offsets of the folded text.

        `is_caps` says of an offset whether its whole line is in capitals.
        """
        bare = text.bare if start == 0 and end is None else text.bare[start:end]
        found: list[tuple[int, int, int]] = []
        low = text.low
        for index, left, right in self._automaton.find_matches_as_indexes(bare.replace("-", " "), overlapping=True):
            left += start
            if not is_boundary(low, left):
                continue
            for form in self._forms[index]:
                stop = _stop(form, text, left, right + start, is_caps)
                if stop:
                    found.append((form.entry.owner, left, stop))
        return found


def _stop(form: _Form, text: Folded, start: int, end: int, is_caps: Callable[[int], bool]) -> int:
    """Where the match ends, or 0 where it is none."""
    if form.stems:
        return _stop_of_stems(form, text, start, is_caps)
    stop = word_end(text.low, end) if form.is_open else end
    if not is_end(text.low, stop):
        return 0
    entry = form.entry
    if entry.case == "any":
        shown = (text.bare if entry.is_alike else text.low)[start:end]
        return stop if _is_same(shown, form) else 0
    shown = text.plain[start:end]
    if entry.is_alike:
        shown = _accents_off(shown, text.bare[start:end])
    if _is_same(shown, form):
        return stop
    is_allowed = entry.case == "exact_unless_caps" and shown.lower().replace("-", " ") == form.spaced.lower()
    return stop if is_allowed and is_caps(start) and all(shown[i] == "-" for i in form.hyphens) else 0


def _is_same(shown: str, form: _Form) -> bool:
    """A space of the form stands for a hyphen too, a hyphen for itself alone."""
    if shown == form.wanted:
        return True
    return shown.replace("-", " ") == form.spaced and all(shown[i] == "-" for i in form.hyphens)


def _accents_off(plain: str, bare: str) -> str:
    return "".join(b.upper() if p.isupper() else b for p, b in zip(plain, bare, strict=True))


def _stop_of_stems(form: _Form, text: Folded, start: int, is_caps: Callable[[int], bool]) -> int:
    """Word by word: each has to have the stem of the form's; capitals, where they count, as the form's words begin."""
    entry = form.entry
    assert entry.language
    at = start
    for i, (wanted, word) in enumerate(zip(form.stems, form.wanted.replace("-", " ").split(), strict=True)):
        if i:
            if at >= len(text.low) or text.low[at] not in " -":
                return 0
            at += 1
        stop = word_end(text.low, at)
        shown = text.low[at:stop].removesuffix("'s")
        if inflection.stem(shown, entry.language) != wanted or not is_end(text.low, at + len(shown)):
            return 0
        is_as_written = entry.case == "any" or _has_capitals_of(text.plain[at : at + len(shown)], word)
        if not (is_as_written or (entry.case == "exact_unless_caps" and is_caps(start))):
            return 0
        at += len(shown)
    return at


def _has_capitals_of(shown: str, word: str) -> bool:
    if len(word) > 1 and word.isupper():
        return shown.isupper()
    return shown[:1].isupper() == word[:1].isupper() and not (len(shown) > 1 and shown.isupper())
