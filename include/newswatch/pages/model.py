"""What a page says: its lines of text, and the claims it makes about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

LineZone = Literal["lede", "body", "quote", "caption", "cut"]
STORY_ZONES = frozenset({"lede", "body", "quote"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What one witness says of one fact: `Claim("title", "json_ld", "Talks resume")`."""

    fact: str
    witness: str
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page's text. `reason`: why it was cut, where `zone` is `cut`."""

    text: str
    zone: LineZone
    reason: str = ""


def lines_of(row: Mapping[str, Any]) -> list[Line]:
    """The lines of a row of `story_texts`; none where neither page nor feed had a text."""
    texts = row["text"].split("\n") if row["zones"] else []
    return [Line(*parts) for parts in zip(texts, row["zones"], row["reasons"], strict=True)]


def story_text(lines: Sequence[Line]) -> str:
    """The story's own lines, a paragraph a line: captions and what was cut left out."""
    return "\n".join(line.text for line in lines if line.zone in STORY_ZONES)


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """What one HTML page says, in its text and of itself. Not yet a story: the feed's witness is not in it."""

    statements: tuple[Claim, ...]
    lines: tuple[Line, ...]  # in reading order, then captions, then what was cut by its mark-up
    language: str | None  # ISO 639-1, of the text itself; None: too short or too odd to tell
    canonical_url: str | None
    is_partial: bool  # the page gives the beginning alone

    @property
    def text(self) -> str:
        return story_text(self.lines)
