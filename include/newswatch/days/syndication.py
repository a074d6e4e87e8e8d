"""Syndication: stories that print one text form a cluster, whose original is the earliest of them. Pure.

Of a story are kept a sketch of the word shingles of its text, the figures and names in it, and who is credited with
it. Two stories share a text if their shingles do and their figures and names agree: reports made from one template
(markets, results, daily counts) share the words around the figures and names alone. A credit that both give, or that
names the other's outlet, is evidence of its own, with which fewer shingles are enough.

A sketch is the smallest SKETCH_SIZE hashes of a set. Among the smallest of two sets together the share of those that
are in both estimates the sets' Jaccard similarity (Broder, "On the resemblance and containment of documents", 1997).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

from newswatch.stories.agencies import AGENCY_KEYS
from newswatch.stories.fingerprint import KEPT, SKETCH_SIZE
from newswatch.stories.story import PrintedStory

ENOUGH = 0.35  # similarity of two texts that are one
ENOUGH_WITH_CREDIT = 0.15
ENOUGH_APART = 0.55  # of texts more than APART apart: templates come back
ENOUGH_IN_ONE = 0.75  # of texts of one outlet
APART = timedelta(hours=14)  # an evening's report is reprinted in the morning
AGREE = 0.6  # of the fewer figures, or names, that the other text has too
MAX_CANDIDATES = 8  # earliest stories with a hash that others are compared with: of a template's there are thousands
BLOCK_SIZE = 8192  # stories whose candidates are counted together: 13 MB of pairs


def originals(stories: Iterable[PrintedStory]) -> dict[str, PrintedStory]:
    """Story id → its cluster's original; a story without reprints is its own. `stories`: in any order."""
    ordered = sorted(stories, key=lambda s: s.order)
    cluster_of = _clusters(ordered)
    members: dict[int, list[PrintedStory]] = {}
    for place, story in enumerate(ordered):
        members.setdefault(cluster_of[place], []).append(story)
    original_of: dict[str, PrintedStory] = {}
    for group in members.values():
        original = _original(group)
        original_of |= {story.story_id: original for story in group}
    return original_of


def _original(group: Sequence[PrintedStory]) -> PrintedStory:
    """The earliest of the outlet that others credit with the text, else the earliest. The group is in order of time."""
    credited = Counter(name for story in group for name in story.credits)
    of_credited = [story for story in group if credited[story.outlet_key]]
    return (of_credited or group)[0]


def _clusters(ordered: Sequence[PrintedStory]) -> list[int]:
    """For each story the place of the first one of its cluster: it joins the earlier story that it is most like."""
    creditable = AGENCY_KEYS | {
        story.outlet_key for story in ordered
    }  # two outlets may have a reporter of the same name
    credited = frozenset().union(*(story.credits for story in ordered))
    has_credit = [story.outlet_key in credited or not creditable.isdisjoint(story.credits) for story in ordered]
    enough = [ENOUGH_WITH_CREDIT if has else ENOUGH for has in has_credit]
    cluster_of = list(range(len(ordered)))
    for place, candidates in groupby(
        _candidate_pairs([story.fingerprint.sketch for story in ordered], enough), key=itemgetter(0)
    ):
        story = ordered[place]
        best, most = place, 0.0
        for _, other, count in candidates:
            if count <= most * len(story.fingerprint.sketch):
                break  # nobody left can be more like it
            if (likeness := _likeness(ordered[other], story, count, creditable)) > most:
                best, most = other, likeness
        cluster_of[place] = cluster_of[best]
    return cluster_of


def _candidate_pairs(sketches: Sequence[Sequence[int]], enough: Sequence[float]) -> Iterator[tuple[int, int, int]]:
    """Place of a sketch, of an earlier one, and how many hashes they share, where that may be `enough` of the sketch.

    By place, most shared first. A hash gives the first MAX_CANDIDATES sketches that hold it as candidates.
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
    for begin in range(0, len(sketches), BLOCK_SIZE):
        in_block = np.flatnonzero((places >= begin) & (places < begin + BLOCK_SIZE))
        pairs_by_rank = []
        for number in range(MAX_CANDIDATES):
            later = in_block[rank[in_block] > number]
            pairs_by_rank.append(places[later] * len(sketches) + places[first[later] + number])
        pairs = np.concatenate(pairs_by_rank)
        pairs, shared = np.unique(pairs, return_counts=True)
        place, other = np.divmod(pairs, len(sketches))
        kept = shared >= least[place]
        place, other, shared = place[kept], other[kept], shared[kept]
        order = np.lexsort((other, -shared, place))
        yield from zip(place[order].tolist(), other[order].tolist(), shared[order].tolist(), strict=True)


def _likeness(one: PrintedStory, other: PrintedStory, shared_count: int, creditable: AbstractSet[str]) -> float:
    """Similarity of two texts, 0 to 1; 0 where they are not one text. `shared_count`: at most so many hashes shared."""
    enough = _enough(one, other, creditable)
    a, b = one.fingerprint, other.fingerprint
    size = max(len(a.sketch), len(b.sketch))
    if shared_count < enough * size or not (_agree(a.figures, b.figures) and _agree(a.names, b.names)):
        return 0.0
    is_cut = size == SKETCH_SIZE  # else both sets are known whole
    smallest = sorted({*a.sketch, *b.sketch})[: size if is_cut else None]
    shared = set(a.sketch).intersection(b.sketch)
    likeness = sum(key in shared for key in smallest) / len(smallest)
    return likeness if likeness >= enough else 0.0


def _enough(one: PrintedStory, other: PrintedStory, creditable: AbstractSet[str]) -> float:
    """The least similarity at which two stories count as one text."""
    if one.outlet == other.outlet:
        return ENOUGH_IN_ONE
    is_near = abs(one.printed_at - other.printed_at) <= APART
    if one.credits & other.credits & creditable or one.outlet_key in other.credits or other.outlet_key in one.credits:
        return ENOUGH_WITH_CREDIT if is_near else ENOUGH
    return ENOUGH if is_near else ENOUGH_APART


def _agree(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether the text that has fewer of them shares most with the other. Of a text with many the smallest are kept:
    they are compared as far as both go."""
    last = min((max(keys) for keys in (one, other) if len(keys) == KEPT), default=None)
    if last is not None:
        one, other = (frozenset(key for key in keys if key <= last) for keys in (one, other))
    return len(one & other) >= AGREE * min(len(one), len(other))
