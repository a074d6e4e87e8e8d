"""An entry and its page → a story: which witness is believed for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newswatch import calendar, clean, urls
from newswatch.config import Feed
from newswatch.model import DateSource, ExtractedPage


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page that was had, and where its bytes are."""

    url: str  # the last hop's
    page: ExtractedPage
    raw_offset: int
    raw_bytes: int


def canonical_url(entry: dict[str, Any], feed: Feed, fetched: Fetched | None) -> str:
    """The page's credible canonical link, else the address that answered, else the entry's link.

    An entry without a link gets an address of its own below its feed's.
    """
    if fetched:
        return fetched.page.canonical_url or urls.canonical(fetched.url)
    if entry["url"]:
        return urls.canonical(entry["url"])
    return f"{urls.canonical(feed.url)}#entry-{urls.story_id(entry['entry_key'])}"


def dated(
    entry: dict[str, Any], page: ExtractedPage | None, first_seen_at: datetime, zone: ZoneInfo
) -> tuple[datetime | None, DateSource, date]:
    """Publication time, who says so, and the story's day. The feed's date comes first: it has a time and a zone."""
    if entry["published_at"]:
        published: datetime = entry["published_at"]
        return published, "feed", calendar.day_of(published, zone)
    stated = clean.credible(page.published_at, first_seen_at) if page else None
    if stated and page and page.is_day_only:
        return stated, "page_day", stated.date()
    if stated:
        return stated, "page", calendar.day_of(stated, zone)
    return None, "first_seen", calendar.day_of(first_seen_at, zone)


def story_row(
    entry: dict[str, Any], feed: Feed, fetched: Fetched | None, raw_path: str | None, zone: ZoneInfo
) -> dict[str, Any] | None:
    """A row of the table `story_texts`, or None where neither page nor feed has any text."""
    page = fetched.page if fetched else None
    stated = page.title if page and page.is_title_stated else ""
    title = stated or entry["title"] or (page.title if page else "")
    text = page.text if page else clean.paragraphs(entry["summary"])
    if not (title or text):
        return None
    address = canonical_url(entry, feed, fetched)
    published_at, source, day = dated(entry, page, entry["first_seen_at"], zone)
    return {
        "day": day,
        "story_id": urls.story_id(address),
        "canonical_url": address,
        "outlet": feed.outlet,
        "feed_id": feed.id,
        "language": (page.language if page else None) or feed.language,
        "title": title,
        "authors": list(page.authors if page and page.authors else entry["authors"]),
        "published_at": published_at,
        "published_at_source": source,
        "first_seen_at": entry["first_seen_at"],
        "text_source": "page" if page else "feed",
        "text_chars": len(text),
        "removed_count": page.removed_count if page else 0,
        "text": text,
        "raw_path": raw_path if fetched else None,
        "raw_offset": fetched.raw_offset if fetched else None,
        "raw_bytes": fetched.raw_bytes if fetched else None,
    }
