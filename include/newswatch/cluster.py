"""Syndication: stories that print one text form a cluster, whose original is the earliest of them. Pure.

Of a story are kept a sketch of the word shingles of its text, the figures and names in it, and who is credited with
it. Two stories share a text if their shingles do and their figures and names agree: reports made from one template
(markets, results, daily counts) share the words around the figures and names alone. A credit that both give, or that
names the other's outlet, is a second witness, with which fewer shingles are enough.

A sketch is the smallest SKETCH_SIZE hashes of a set. Among the smallest of two sets together the share of those that
are in both estimates the sets' Jaccard similarity (Broder, "On the resemblance and containment of documents", 1997).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any
from zlib import crc32

from newswatch.agencies import AGENCY_KEYS, agencies_in
from newswatch.language import UNSPACED
from newswatch.model import STORY_ZONES, Line

SKETCH_SIZE = 24  # hashes
SHINGLE = 4  # words
FEWEST_SHINGLES = 12  # of a text that can be compared at all
ENOUGH = 0.35  # similarity of two texts that are one
ENOUGH_WITH_CREDIT = 0.15
ENOUGH_APART = 0.55  # of texts more than APART apart: templates come back
ENOUGH_IN_ONE = 0.75  # of texts of one outlet
APART = timedelta(hours=14)  # an evening's report is reprinted in the morning
AGREE = 0.6  # of the fewer figures, or names, that the other text has too
MOST_CALLED = 8  # stories that one hash calls up, the earliest: of a template's there are thousands
AT_ONCE = 8192  # stories whose calls are counted together: 13 MB of pairs
KEPT = 24  # figures, and names
CREDIT_CHARS = 120  # a longer line credits nobody
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|\w+")
_SENTENCE_END = re.compile(r"[.!?…:]\W*\s+|\n")
_DATELINE_CHARS = 80


@dataclass(frozen=True)
class Printed:
    """What is compared of a story. Names in `credits` are in small letters."""

    story_id: str
    outlet: str
    moment: datetime
    credits: frozenset[str]
    sketch: frozenset[int]
    figures: frozenset[int]
    names: frozenset[int]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Printed:
        """From a row of `story_texts`."""
        return cls(
            story_id=row["story_id"],
            outlet=row["outlet"],
            moment=row["first_seen_at"] if row["is_day_only"] or not row["published_at"] else row["published_at"],
            credits=frozenset(row["credits"]) - {row["outlet"].casefold()},
            sketch=frozenset(row["sketch"]),
            figures=frozenset(row["figure_keys"]),
            names=frozenset(row["name_keys"]),
        )

    @cached_property
    def outlet_key(self) -> str:
        return self.outlet.casefold()

    @cached_property
    def order(self) -> tuple[datetime, str]:
        return self.moment, self.story_id


def prints_of(lines: Sequence[Line], authors: Sequence[str]) -> dict[str, Any]:
    """The columns `sketch`, `figure_keys`, `name_keys` and `credits` of a story with these lines."""
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
    return {
        "sketch": _sketch(words),
        "figure_keys": sorted(figures)[:KEPT],
        "name_keys": sorted(names)[:KEPT],
        "credits": sorted({name.casefold() for name in [*_houses(authors), *_credited(lines, texts)]}),
    }


def _tokens(sentence: str) -> Iterator[str]:
    """Words and figures; of a script without spaces, letters."""
    for token in _TOKEN.findall(sentence):
        if UNSPACED.search(token):
            yield from token
        else:
            yield token


def _sketch(words: Sequence[int]) -> list[int]:
    """The smallest hashes of the shingles, 63 bits each; none of a text that is too short."""
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


def _houses(authors: Sequence[str]) -> Iterator[str]:
    """Agencies that authors name, under one name each; another author as it is, who may be an outlet."""
    for author in authors:
        yield from list(agencies_in(author)) or [author]


def _credited(lines: Sequence[Line], texts: Sequence[str]) -> Iterator[str]:
    """Agencies named where texts are credited: bylines and credits, before the first sentence, in a short last line."""
    places = [line.text for line in lines if line.reason in ("byline", "credit")]
    if texts:
        places += [texts[0][:_DATELINE_CHARS], texts[-1]]
    for place in places:
        if len(place) <= CREDIT_CHARS:
            yield from agencies_in(place)


def originals(stories: Iterable[Printed]) -> dict[str, str]:
    """Story id → story id of its cluster's original; a story that nobody else prints is its own."""
    ordered = sorted(stories, key=lambda s: s.order)
    cluster_of = _joined(ordered)
    members: dict[int, list[Printed]] = {}
    for place, story in enumerate(ordered):
        members.setdefault(cluster_of[place], []).append(story)
    found: dict[str, str] = {}
    for group in members.values():
        original = _original(group)
        found |= {story.story_id: original.story_id for story in group}
    return found


def _original(group: Sequence[Printed]) -> Printed:
    """The earliest of the outlet that others credit with the text, else the earliest. The group is in order of time."""
    credited = Counter(name for story in group for name in story.credits)
    of_credited = [story for story in group if credited[story.outlet_key]]
    return (of_credited or group)[0]


def _joined(ordered: Sequence[Printed]) -> list[int]:
    """For each story the place of the first one of its cluster: it joins the earlier story that it is most like."""
    houses = AGENCY_KEYS | {story.outlet_key for story in ordered}  # two outlets may have a reporter of the same name
    credited = frozenset().union(*(story.credits for story in ordered))
    has_credit = [story.outlet_key in credited or not houses.isdisjoint(story.credits) for story in ordered]
    enough = [ENOUGH_WITH_CREDIT if has else ENOUGH for has in has_credit]
    cluster_of = list(range(len(ordered)))
    for place, called in groupby(_calls([story.sketch for story in ordered], enough), key=itemgetter(0)):
        story = ordered[place]
        best, most = place, 0.0
        for _, other, count in called:
            if count <= most * len(story.sketch):
                break  # nobody left can be more like it
            if (likeness := _likeness(ordered[other], story, count, houses)) > most:
                best, most = other, likeness
        cluster_of[place] = cluster_of[best]
    return cluster_of


def _calls(sketches: Sequence[AbstractSet[int]], enough: Sequence[float]) -> Iterator[tuple[int, int, int]]:
    """Place of a sketch, of an earlier one, and how many hashes they share, where that may be `enough` of the sketch.

    By place, most shared first. A hash calls up the first MOST_CALLED sketches that hold it.
    """
    import numpy as np

    sizes = np.fromiter(map(len, sketches), dtype=np.int64, count=len(sketches))
    keys = np.fromiter((key for sketch in sketches for key in sketch), dtype=np.int64, count=int(sizes.sum()))
    by_key = np.argsort(keys, kind="stable")
    keys, places = keys[by_key], np.repeat(np.arange(len(sketches)), sizes)[by_key]
    is_first = np.diff(keys, prepend=-1) != 0  # hashes are not negative
    first = np.maximum.accumulate(np.where(is_first, np.arange(len(keys)), 0))
    rank = np.arange(len(keys)) - first
    least = np.array(enough) * sizes
    for begin in range(0, len(sketches), AT_ONCE):
        mine = np.flatnonzero((places >= begin) & (places < begin + AT_ONCE))
        called = []
        for number in range(MOST_CALLED):
            later = mine[rank[mine] > number]
            called.append(places[later] * len(sketches) + places[first[later] + number])
        pairs = np.concatenate(called)
        pairs, shared = np.unique(pairs, return_counts=True)
        place, other = np.divmod(pairs, len(sketches))
        kept = shared >= least[place]
        place, other, shared = place[kept], other[kept], shared[kept]
        order = np.lexsort((other, -shared, place))
        yield from zip(place[order].tolist(), other[order].tolist(), shared[order].tolist(), strict=True)


def _likeness(one: Printed, other: Printed, shared_count: int, houses: AbstractSet[str]) -> float:
    """How like the two texts are, 0 to 1; 0 where they are not one text. `shared_count`: at most so many hashes are."""
    enough = _enough(one, other, houses)
    size = max(len(one.sketch), len(other.sketch))
    if shared_count < enough * size or not (_agree(one.figures, other.figures) and _agree(one.names, other.names)):
        return 0.0
    is_cut = size == SKETCH_SIZE  # else both sets are known whole
    smallest = sorted(one.sketch | other.sketch)[: size if is_cut else None]
    shared = one.sketch & other.sketch
    likeness = sum(key in shared for key in smallest) / len(smallest)
    return likeness if likeness >= enough else 0.0


def _enough(one: Printed, other: Printed, houses: AbstractSet[str]) -> float:
    if one.outlet == other.outlet:
        return ENOUGH_IN_ONE
    is_near = abs(one.moment - other.moment) <= APART
    if one.credits & other.credits & houses or one.outlet_key in other.credits or other.outlet_key in one.credits:
        return ENOUGH_WITH_CREDIT if is_near else ENOUGH
    return ENOUGH if is_near else ENOUGH_APART


def _agree(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether the text that has fewer of them shares most with the other. Of a text with many the smallest are kept:
    they are compared as far as both go."""
    last = min((max(keys) for keys in (one, other) if len(keys) == KEPT), default=None)
    if last is not None:
        one, other = (frozenset(key for key in keys if key <= last) for keys in (one, other))
    return len(one & other) >= AGREE * min(len(one), len(other))
