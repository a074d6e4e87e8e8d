"""Types of pages: lines of text with zones, and the claims that a page makes about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LineZone = Literal["lede", "body", "quote", "caption", "cut"]
STORY_ZONES = frozenset({"lede", "body", "quote"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of one field of a story: `Claim("title", "json_ld", "Talks resume")`."""

    field: str
    source: str
    value: str


def in_order(claims: Sequence[Claim], field: str, sources: Sequence[str]) -> list[Claim]:
    """The claims of a field by these sources, the first source's first."""
    chosen = [claim for claim in claims if claim.field == field and claim.source in sources]
    return sorted(chosen, key=lambda claim: sources.index(claim.source))


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of a page's text. `reason`: why it was cut, where `zone` is `cut`."""

    text: str
    zone: LineZone
    reason: str = ""


def story_text(lines: Sequence[StoryLine]) -> str:
    """The story's own lines, a paragraph a line: captions and what was cut left out."""
    return "\n".join(line.text for line in lines if line.zone in STORY_ZONES)


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """What one HTML page says, in its text and of itself. Not yet a story: the feed's source is not in it."""

    claims: tuple[Claim, ...]
    lines: tuple[StoryLine, ...]  # in reading order, then captions, then what was cut by its mark-up
    language: str | None  # ISO 639-1, of the text itself; None: too short or too odd to tell
    canonical_url: str | None
    is_partial: bool  # the page gives the beginning alone

    @property
    def text(self) -> str:
        """The story's own lines, as `story_text`."""
        return story_text(self.lines)
