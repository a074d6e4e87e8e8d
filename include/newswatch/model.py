"""What is passed between the stages: frozen, plain, and free of where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

Zone = Literal["headline", "lede", "body", "caption", "quote"]
LineZone = Literal["lede", "body", "quote", "caption", "cut"]
STORY_ZONES = frozenset({"lede", "body", "quote"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as its feed states it, cleaned; nothing about it has been fetched."""

    feed_id: str
    key: str  # identity within the feed: guid, else link, else content hash
    url: str | None  # absolute; None: the feed gives no link
    title: str
    summary: str  # plain text
    authors: tuple[str, ...]
    published_at: datetime | None  # UTC; None: not stated or not readable


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document that was understood."""

    entries: tuple[Entry, ...]
    repair: str = ""  # what it took to read it: "" nothing, "cleaned", "lxml"
    is_cut: bool = False  # the document's end, or some of its entries, are missing
    left_out_count: int = 0  # entries beyond feeds.MAX_ENTRIES
    ttl_minutes: int | None = None  # RSS 2.0 <ttl>: not worth asking again before
    skip_hours: tuple[int, ...] = ()  # RSS 2.0 <skipHours>, GMT, 0 to 23
    skip_days: tuple[int, ...] = ()  # RSS 2.0 <skipDays>, Monday 0

    @property
    def window_from(self) -> datetime | None:
        """Publication time of the oldest dated entry."""
        return min((e.published_at for e in self.entries if e.published_at), default=None)


@dataclass(frozen=True, slots=True)
class Statement:
    """What one witness says of one fact: `Statement("title", "json_ld", "Talks resume")`."""

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

    statements: tuple[Statement, ...]
    lines: tuple[Line, ...]  # in reading order, then captions, then what was cut by its mark-up
    language: str | None  # ISO 639-1, of the text itself; None: too short or too odd to tell
    canonical_url: str | None
    is_partial: bool  # the page gives the beginning alone

    @property
    def text(self) -> str:
        return story_text(self.lines)


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


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer as it came. `body` is decoded; `raw_body` are the bytes that were on the wire."""

    url: str  # the last hop's
    status: int
    headers: tuple[tuple[str, str], ...]
    raw_body: bytes
    body: bytes
    fetched_at: datetime
    seconds: float  # on the wire, all hops
    moved_to: str | None = None  # where permanent redirects (301, 308) alone led from the address that was asked

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case of letters."""
        wanted = name.lower()
        return next((v for k, v in self.headers if k.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that gave no answer to use. `outcome` is the name under which it is counted."""

    url: str
    outcome: str
    detail: str
    is_transient: bool
    retry_after_seconds: float | None = None
