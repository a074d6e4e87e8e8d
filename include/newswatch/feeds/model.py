"""What a feed document says: its entries and what its publisher asks of those who poll it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

FeedKind = Literal["xml", "json_feed", "wordpress", "page"]  # xml: RSS, RDF, Atom, a news sitemap


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
    published_day: date | None = None  # the day, where no time is stated
    # The latest date that it states, UTC. Its table does not keep it, and it tells no entry from another.
    updated_at: datetime | None = field(default=None, compare=False)
    source_name: str = ""  # whose entry it is, where the feed says that it took it from another one …
    source_url: str | None = None  # … and that one's address


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry, first seen at `first_seen_at` (UTC), with the words in which it was found."""

    entry: Entry
    first_seen_at: datetime
    via: str | None = None  # what of the site's past listed it; None: a poll of its feed


def to_row(seen: SeenEntry) -> dict[str, Any]:
    """The entry as a row of the table `entries`."""
    entry = seen.entry
    return {
        "feed_id": entry.feed_id,
        "entry_key": entry.key,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "authors": list(entry.authors),
        "published_at": entry.published_at,
        "published_day": entry.published_day,
        "source_name": entry.source_name or None,
        "source_url": entry.source_url,
        "first_seen_at": seen.first_seen_at,
        "via": seen.via,
    }


def from_row(row: Mapping[str, Any]) -> SeenEntry:
    """The entry of a row of the table `entries`."""
    entry = Entry(
        feed_id=row["feed_id"],
        key=row["entry_key"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        authors=tuple(row["authors"]),
        published_at=row["published_at"],
        published_day=row["published_day"],
        source_name=row["source_name"] or "",
        source_url=row["source_url"],
    )
    return SeenEntry(entry, row["first_seen_at"], row["via"])


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document that was understood."""

    entries: tuple[Entry, ...]
    repair: str = ""  # what it took to read it: "" nothing, "cleaned", "lxml"
    is_cut: bool = False  # the document's end, or some of its entries, are missing
    left_out_count: int = 0  # entries beyond parser.MAX_ENTRIES
    ttl_minutes: int | None = None  # RSS 2.0 <ttl>: not worth asking again before
    skip_hours: tuple[int, ...] = ()  # RSS 2.0 <skipHours>, GMT, 0 to 23
    skip_days: tuple[int, ...] = ()  # RSS 2.0 <skipDays>, Monday 0
    kind: FeedKind = "xml"

    @property
    def window_from(self) -> datetime | None:
        """Publication time (UTC) of the oldest dated entry; None: none is dated."""
        return min((e.published_at for e in self.entries if e.published_at), default=None)

    @property
    def is_damaged(self) -> bool:
        """Whether entries may be missing; a document that needed no more than cleaning is whole."""
        return self.is_cut or self.repair == "lxml"
