"""The type of a mention: a match of a topic's term in a story, with the sentence that proves it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Zone = Literal["headline", "lede", "body", "caption", "quote"]


class Mention(NamedTuple):
    """One match and its sentence. Offsets count code points of the headline or text (by `zone`), end exclusive."""

    topic: str
    term: str
    zone: Zone
    start: int
    end: int
    surface: str
    sentence: str
    sentence_start: int
    sentence_end: int
