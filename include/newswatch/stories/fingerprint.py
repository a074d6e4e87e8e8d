"""Fingerprints of stories, by which reprints are found: a MinHash of the text, figures, names, credits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from newswatch.pages.model import STORY_ZONES, StoryLine
from newswatch.stories.agencies import agencies_in
from newswatch.text.language import UNSPACED

SKETCH_SIZE = 24  # hashes
SHINGLE = 4  # words
FEWEST_SHINGLES = 12  # of a text that can be compared at all
KEPT = 24  # figures, and names
CREDIT_CHARS = 120  # a longer line credits nobody
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|\w+")
_SENTENCE_END = re.compile(r"[.!?…:]\W*\s+|\n")
_DATELINE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared of a text: a bottom-k MinHash (63 bits) of its word shingles, CRC-32 of figures and of names."""

    # The smallest hashes of its word shingles, ascending: a set of them would take ten times the memory.
    sketch: tuple[int, ...]  # empty of a text too short to compare
    figures: frozenset[int]
    names: frozenset[int]
    credits: frozenset[str]  # authors, and agencies named, case-folded


def fingerprint(lines: Sequence[StoryLine], authors: Sequence[str]) -> Fingerprint:
    """The fingerprint of a story with these lines."""
    texts = [line.text for line in lines if line.zone in STORY_ZONES]
    words: list[int] = []
    figures: set[int] = set()
    names: set[int] = set()
    for sentence in (part for text in texts for part in _SENTENCE_END.split(text)):
        for place, token in enumerate(_tokens(sentence)):
            key = crc32(token.casefold().encode())
            words.append(key)
            if token[0].isdigit():
                if len(token) > 1:
                    figures.add(key)
            elif place and token[0].isupper():  # the first word of a sentence has its capital from there
                names.add(key)
    return Fingerprint(
        sketch=tuple(_sketch(words)),
        figures=frozenset(sorted(figures)[:KEPT]),
        names=frozenset(sorted(names)[:KEPT]),
        credits=frozenset(name.casefold() for name in [*_credit_names(authors), *_credited_agencies(lines, texts)]),
    )


def fingerprint_columns(fingerprint: Fingerprint) -> dict[str, Any]:
    """The columns of `story_texts` that hold a fingerprint, each in ascending order."""
    return {
        "sketch": list(fingerprint.sketch),
        "figure_keys": sorted(fingerprint.figures),
        "name_keys": sorted(fingerprint.names),
        "credits": sorted(fingerprint.credits),
    }


def from_columns(row: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint of a row of `story_texts`."""
    others = (frozenset(row[name]) for name in ("figure_keys", "name_keys", "credits"))
    return Fingerprint(tuple(row["sketch"]), *others)


def _tokens(sentence: str) -> Iterator[str]:
    """Words and figures; of a script without spaces, letters."""
    for token in _TOKEN.findall(sentence):
        if UNSPACED.search(token):
            yield from token
        else:
            yield token


def _sketch(words: Sequence[int]) -> list[int]:
    """The SKETCH_SIZE smallest hashes of the shingles, 63 bits each; none of a text that is too short."""
    if len(words) < FEWEST_SHINGLES + SHINGLE - 1:
        return []
    import numpy as np  # late: most tasks compare nothing

    keys = np.array(words, dtype=np.uint64)
    hashes = np.zeros(len(keys) - SHINGLE + 1, dtype=np.uint64)
    for place in range(SHINGLE):
        hashes = hashes * np.uint64(0x100000001B3) + keys[place : place + len(hashes)]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):  # splitmix64's finish
        hashes = (hashes ^ (hashes >> np.uint64(shift))) * np.uint64(factor)
    smallest = np.unique(hashes >> np.uint64(1))
    return [int(h) for h in smallest[:SKETCH_SIZE]] if len(smallest) >= FEWEST_SHINGLES else []


def _credit_names(authors: Sequence[str]) -> Iterator[str]:
    """Agencies that authors name, under one name each; another author as it is, who may be an outlet."""
    for author in authors:
        yield from list(agencies_in(author)) or [author]


def _credited_agencies(lines: Sequence[StoryLine], texts: Sequence[str]) -> Iterator[str]:
    """Agencies named where texts are credited: bylines and credits, before the first sentence, in a short last line."""
    places = [line.text for line in lines if line.reason in ("byline", "credit")]
    if texts:
        places += [texts[0][:_DATELINE_CHARS], texts[-1]]
    for place in places:
        if len(place) <= CREDIT_CHARS:
            yield from agencies_in(place)
