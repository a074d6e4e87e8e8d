"""Lines that recur in different stories of one host are the host's, not the stories': what is learnt, and its use.

Pure. A line is known by a hash of its letters, digits being all alike, so that "12 comments" is "7 comments". Looked at
are a story's first and last lines alone; a line that holds a word of the headline is never taken for the host's.

Two stories are different if their headlines differ and none of their longest inner paragraphs is the same, or, where
one is too short to have any, if they share no more than a third of their lines: a story that is printed twice, or
updated, must not lose its own beginning.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TypeVar

from newswatch.pages.model import STORY_ZONES, StoryLine
from newswatch.stories.story import LineSample, Story
from newswatch.text.language import UNSPACED

T = TypeVar("T")
TOP, BOTTOM = 2, 6  # lines from the beginning and the end that may be the host's
INNER = 3  # longest inner paragraphs by which a story is recognised
FEWEST, MANY = 2, 4  # stories that hold the line; of a host with as many as MANY one more
SHARE = 0.2  # of a host's many stories that hold it
SAME_PLACE = 0.75  # of them that hold it as their n-th line, or n-th from the end
MAX_CHARS = 600  # of a line that recurs; a longer one is a paragraph
MIN_WORD_CHARS = 5
_DIGITS = re.compile(r"\d+")
_NO_LETTERS = re.compile(r"[\W_]+")
_WORD = re.compile(r"\w+")


def line_hash(line: str) -> int:
    """The line's hash: the first eight bytes of a SHA-256, as PostgreSQL's bigint holds them."""
    letters = _NO_LETTERS.sub("", _DIGITS.sub("0", line.casefold()))
    return int.from_bytes(hashlib.sha256(letters.encode()).digest()[:8], "big", signed=True)


def sample_of(lines: Sequence[StoryLine], headline: str, host: str) -> LineSample:
    """What is learnt from a story with these lines."""
    texts = [line.text for line in lines if line.zone in STORY_ZONES]
    edges = [line_hash(text) if len(text) <= MAX_CHARS and _NO_LETTERS.sub("", text) else 0 for text in _edges(texts)]
    inner = sorted(texts[TOP:-BOTTOM], key=len, reverse=True)[:INNER]
    return LineSample(host, line_hash(headline), tuple(edges), tuple(sorted(map(line_hash, inner))))


def _edges(lines: Sequence[T]) -> Sequence[T]:
    return lines if len(lines) <= TOP + BOTTOM else [*lines[:TOP], *lines[-BOTTOM:]]


def learn(samples: Iterable[LineSample]) -> dict[str, frozenset[int]]:
    """Host → hashes of its recurring lines.

    Such a line stands in two different stories, of a host with many in three and in a fifth of all, and in most of them
    at the same place. Reports of markets and weather repeat a sentence now and then, prompts stand in every story.
    """
    of_host: dict[str, list[LineSample]] = {}
    for sample in samples:
        of_host.setdefault(sample.host, []).append(sample)
    found = {host: _recurring(stories) for host, stories in of_host.items() if len(stories) > 1}
    return {host: keys for host, keys in found.items() if keys}


def _recurring(stories: Sequence[LineSample]) -> frozenset[int]:
    holders: dict[int, list[tuple[LineSample, int]]] = {}
    for story in stories:
        for place, key in enumerate(story.edges):
            if key and key not in story.edges[:place]:
                holders.setdefault(key, []).append((story, place))
    enough = FEWEST if len(stories) < MANY else max(FEWEST + 1, SHARE * len(stories))
    return frozenset(key for key, held in holders.items() if len(held) >= enough and _is_of_host(held))


def _is_of_host(held: Sequence[tuple[LineSample, int]]) -> bool:
    """Whether the stories differ, and most hold the line at the same place from the beginning or the end."""
    first, _ = held[0]
    if not any(_are_different(first, other) for other, _ in held[1:]):
        return False
    from_start = Counter(place for _, place in held)
    from_end = Counter(len(story.edges) - place for story, place in held)
    return max(*from_start.values(), *from_end.values()) >= SAME_PLACE * len(held)


def _are_different(one: LineSample, other: LineSample) -> bool:
    if one.headline == other.headline:
        return False
    if one.inner and other.inner:
        return set(one.inner).isdisjoint(other.inner)
    shared = len(set(one.edges).intersection(other.edges) - {0})
    return 3 * shared <= min(len(one.edges), len(other.edges))


def cut(story: Story, known: frozenset[int]) -> Story:
    """The story with its host's lines cut: of the first TOP any, at the end an unbroken run."""
    if not known:
        return story
    lines = story.lines
    mine = [number for number, line in enumerate(lines) if line.zone in STORY_ZONES]
    words = _words(story.title)

    def is_hosts(number: int) -> bool:
        text = lines[number].text
        return len(text) <= MAX_CHARS and line_hash(text) in known and words.isdisjoint(_words(text))

    last = list(takewhile(is_hosts, reversed(mine[-BOTTOM:])))
    chosen = {*filter(is_hosts, mine[:TOP]), *last}
    if not chosen or len(chosen) == len(mine):  # a story of nothing but such lines keeps them
        return story
    kept = [StoryLine(line.text, "cut", "recurring") if n in chosen else line for n, line in enumerate(lines)]
    first = next(number for number in mine if number not in chosen)
    if kept[first].zone == "body":
        kept[first] = replace(kept[first], zone="lede")
    return replace(story, lines=tuple(kept))


def _words(text: str) -> set[str]:
    """Words that tell; of a script without spaces, every three letters in a row."""
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if UNSPACED.search(word):
            found.update(word[at : at + 3] for at in range(len(word) - 2))
        elif len(word) >= MIN_WORD_CHARS:
            found.add(word)
    return found
