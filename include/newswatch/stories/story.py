"""The type of a story, in which it travels from its page to the day's tables, and its rows of `story_texts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from newswatch import local_days
from newswatch.pages.model import Claim, StoryLine, story_text
from newswatch.stories.fingerprint import Fingerprint, fingerprint_columns, from_columns
from newswatch.urls.canonical import site_of

TextSource = Literal["page", "feed"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """Where the page's bytes are: a record of a WARC file. `offset` and `length` in bytes."""

    path: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class LineSample:
    """What recurring lines are learnt from: `line_hash` (signed, 64 bits) of a story's headline and of some lines."""

    host: str
    headline: int
    edges: tuple[int, ...]  # of the first and last lines, in reading order; 0: a line that cannot be the host's
    inner: tuple[int, ...]  # of the longest inner lines


@dataclass(frozen=True)
class PrintedStory:
    """What syndication compares of a story. `printed_at`: publication; first sight where no time is stated (UTC)."""

    story_id: str
    outlet: str
    feed_id: str
    printed_at: datetime
    fingerprint: Fingerprint

    @cached_property
    def outlet_key(self) -> str:
        """The outlet's name, case-folded, as credits are."""
        return self.outlet.casefold()

    @cached_property
    def credits(self) -> frozenset[str]:
        """Whom it credits, case-folded, but its own outlet."""
        return self.fingerprint.credits - {self.outlet_key}

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts stories from the earliest on."""
        return self.printed_at, self.story_id


@dataclass(frozen=True, slots=True)
class Story:
    """One canonical URL's story, as one extraction of its page (or the feed's own words) made it.

    Times are UTC; `day` is that of the configured time zone. `*_source` names whose claim is believed. `claims` and
    `sample` are None where the reader of a file had no use for them.
    """

    story_id: str
    canonical_url: str
    outlet: str
    feed_id: str
    day: date
    first_seen_at: datetime
    title: str
    title_source: str
    authors: tuple[str, ...]
    authors_source: str
    section: str
    language: str  # ISO 639-1, or `und`
    language_source: str
    published_at: datetime | None
    published_at_source: str
    is_day_only: bool
    updated_at: datetime | None
    text_source: TextSource
    is_paywalled: bool
    is_partial: bool
    lines: tuple[StoryLine, ...]  # every line of the page's text, those that were cut too
    fingerprint: Fingerprint
    via: str | None = None  # what of a site's past listed it; None: a poll of its feed
    claims: tuple[Claim, ...] | None = None
    sample: LineSample | None = None
    raw: RawRecord | None = None

    @property
    def text(self) -> str:
        """Every line, a paragraph a line: what the offsets of mentions count in."""
        return "\n".join(line.text for line in self.lines)

    @property
    def zones(self) -> list[str]:
        """The zone of each line."""
        return [line.zone for line in self.lines]

    @property
    def own_text(self) -> str:
        """The story's own lines: captions and what was cut left out."""
        return story_text(self.lines)

    @property
    def as_printed(self) -> PrintedStory:
        """What syndication compares of it."""
        return PrintedStory(
            self.story_id,
            self.outlet,
            self.feed_id,
            _printed_at(self.published_at, self.first_seen_at, is_day_only=self.is_day_only),
            self.fingerprint,
        )


def story_day(published_at: datetime | None, first_seen_at: datetime, tz: ZoneInfo, *, is_day_only: bool) -> date:
    """The story's day in the zone. A day that is stated without a time is that day, in whatever zone."""
    if published_at is None:
        return local_days.day_of(first_seen_at, tz)
    return published_at.date() if is_day_only else local_days.day_of(published_at, tz)


# Columns of story_texts that have the name and the value of the story's field; not `day`, which may change.
_SAME_COLUMNS = (
    "story_id", "canonical_url", "outlet", "feed_id", "first_seen_at", "title", "title_source", "authors_source",
    "section", "language", "language_source", "published_at", "published_at_source", "is_day_only", "updated_at",
    "text_source", "is_paywalled", "is_partial", "via",
)  # fmt: skip
CLAIMS_AND_KEYS = ("claims", "headline_key", "edge_keys", "inner_keys", "raw_path", "raw_offset", "raw_bytes")
OF_A_DAY = ("story_id", "published_at", "is_day_only", "first_seen_at")
OF_PRINTED = (
    "story_id", "outlet", "feed_id", "published_at", "is_day_only", "first_seen_at",
    "sketch", "figure_keys", "name_keys", "credits",
)  # fmt: skip


def to_row(story: Story) -> dict[str, Any]:
    """The story as a row of `story_texts`; it must have its claims and sample."""
    assert story.claims is not None
    assert story.sample is not None
    raw = story.raw
    return {
        **{name: getattr(story, name) for name in _SAME_COLUMNS},
        "day": story.day,
        "authors": list(story.authors),
        "text": story.text,
        "zones": story.zones,
        "reasons": [line.reason for line in story.lines],
        "claims": [{"field": c.field, "source": c.source, "value": c.value} for c in story.claims],
        "headline_key": story.sample.headline,
        "edge_keys": list(story.sample.edges),
        "inner_keys": list(story.sample.inner),
        **fingerprint_columns(story.fingerprint),
        "raw_path": raw.path if raw else None,
        "raw_offset": raw.offset if raw else None,
        "raw_bytes": raw.length if raw else None,
    }


def from_row(row: Mapping[str, Any], day: date) -> Story:
    """The story of a row of `story_texts`. Where the row lacks CLAIMS_AND_KEYS, so does the story.

    `day`: to which it belongs now; the row says to which it did when it was written.
    """
    texts = row["text"].split("\n") if row["zones"] else []
    is_whole = "claims" in row
    return Story(
        **{name: row[name] for name in _SAME_COLUMNS},
        day=day,
        authors=tuple(row["authors"]),
        lines=tuple(StoryLine(*parts) for parts in zip(texts, row["zones"], row["reasons"], strict=True)),
        fingerprint=from_columns(row),
        claims=tuple(Claim(c["field"], c["source"], c["value"]) for c in row["claims"]) if is_whole else None,
        sample=_sample(row) if is_whole else None,
        raw=RawRecord(row["raw_path"], row["raw_offset"], row["raw_bytes"]) if row.get("raw_path") else None,
    )


def _sample(row: Mapping[str, Any]) -> LineSample:
    host = site_of(row["canonical_url"])
    return LineSample(host, row["headline_key"], tuple(row["edge_keys"]), tuple(row["inner_keys"]))


def printed_from_row(row: Mapping[str, Any]) -> PrintedStory:
    """From the columns OF_PRINTED of a row of `story_texts`."""
    printed_at = _printed_at(row["published_at"], row["first_seen_at"], is_day_only=row["is_day_only"])
    return PrintedStory(row["story_id"], row["outlet"], row["feed_id"], printed_at, from_columns(row))


def _printed_at(published_at: datetime | None, first_seen_at: datetime, *, is_day_only: bool) -> datetime:
    return first_seen_at if is_day_only or published_at is None else published_at
