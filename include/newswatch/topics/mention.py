"""A match with its proof."""

from __future__ import annotations

from typing import Literal, NamedTuple

Zone = Literal["headline", "lede", "body", "caption", "quote"]


class Mention(NamedTuple):
    """One match, with its proof. Offsets count code points of the headline or of the text, end exclusive."""

    topic: str
    term: str
    zone: Zone
    start: int
    end: int
    surface: str
    sentence: str
    sentence_start: int
    sentence_end: int
