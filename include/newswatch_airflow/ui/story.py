"""The page *Story*: where its bytes are, who says what of it, what was cut, what it mentions, who else prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; `topics` names what is mentioned there."""

    text: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of the text as it was read."""

    zone: str
    reason: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a term found in a zone: the same letters once, with all places (characters of headline or text)."""

    topic: str
    term: str
    surface: str
    zone: str
    starts: tuple[int, ...]


def of_story(found: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """What the template shows of a story that `Reader.story` found."""
    spans = [(m["start"], m["end"], names.get(m["topic"], m["topic"])) for m in found["mentions"]]
    in_headline = [span for span, m in zip(spans, found["mentions"], strict=True) if m["zone"] == "headline"]
    in_text = [span for span, m in zip(spans, found["mentions"], strict=True) if m["zone"] != "headline"]
    lines, start = [], 0
    for line in found["lines"]:
        end = start + len(line["text"])
        here = [(s - start, e - start, name) for s, e, name in in_text if start <= s < end]
        lines.append(ShownLine(line["zone"], line.get("reason", ""), pieces(line["text"], here)))
        start = end + 1
    return {
        "story": found,
        "headline": pieces(found["title"], in_headline),
        "lines": lines,
        "mentions": _words(found["mentions"], names),
        "topics": sorted({(m["topic"], names.get(m["topic"], m["topic"]), m["is_about"]) for m in found["mentions"]}),
    }


def _words(mentions: Sequence[Row], names: Mapping[str, str]) -> list[Words]:
    starts: dict[tuple[str, str, str, str], list[int]] = {}
    for m in mentions:
        key = names.get(m["topic"], m["topic"]), m["term"], m["surface"], m["zone"]
        starts.setdefault(key, []).append(m["start"])
    return [Words(*key, tuple(places)) for key, places in starts.items()]


def pieces(text: str, spans: Sequence[tuple[int, int, str]]) -> tuple[Piece, ...]:
    """The text cut at the spans' ends; spans may overlap."""
    cuts = sorted({0, len(text), *(min(place, len(text)) for s, e, _ in spans for place in (s, e))})
    return tuple(
        Piece(text[a:b], tuple(sorted({name for s, e, name in spans if s <= a and b <= e}))) for a, b in pairwise(cuts)
    )
