"""An entry and its page → a story: both make claims, and each `*_source` of the story says whose is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newswatch import local_days
from newswatch.config.catalogue import Feed
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.pages import metadata_precedence, page_kinds
from newswatch.pages.line_zones import without_metadata
from newswatch.pages.model import Claim, ExtractedPage, StoryLine, story_text
from newswatch.stories.boilerplate_recurring import sample_of
from newswatch.stories.fingerprint import fingerprint
from newswatch.stories.story import RawRecord, Story
from newswatch.text import language, sanitise
from newswatch.urls.canonical import canonical_url, site_of, story_id_of


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page that was had, and where its bytes are. `url`: the last hop's."""

    url: str
    page: ExtractedPage
    raw: RawRecord


def story_address(entry: Entry, feed: Feed, fetched: FetchedPage | None) -> str:
    """The page's credible canonical link, else the address that answered, else the entry's link.

    An entry without a link gets an address of its own below its feed's.
    """
    if fetched:
        return fetched.page.canonical_url or canonical_url(fetched.url)
    if entry.url:
        return canonical_url(entry.url)
    return f"{canonical_url(feed.url)}#entry-{story_id_of(entry.key)}"


def assemble(seen: SeenEntry, feed: Feed, fetched: FetchedPage | None, tz: ZoneInfo) -> Story | None:
    """The story of an entry and, where it was had, its page; None where neither has any text."""
    entry = seen.entry
    address = story_address(entry, feed, fetched)
    lines = fetched.page.lines if fetched else _feed_lines(entry.summary)
    claims = (*(fetched.page.claims if fetched else ()), *_feed_claims(entry))
    believed = _believed(claims, address, seen.first_seen_at, feed, tz)
    if not (believed["title"] or story_text(lines)):
        return None
    return Story(
        story_id=story_id_of(address),
        canonical_url=address,
        outlet=feed.outlet,
        feed_id=feed.id,
        first_seen_at=seen.first_seen_at,
        **believed,
        **_of_lines(lines, address, believed["title"], believed["authors"]),
        **_of_page(fetched, feed),
        claims=claims,
    )


def reassemble(story: Story, fetched: FetchedPage, feed: Feed, tz: ZoneInfo) -> Story:
    """The story as its page reads now, by today's code; who it is and what its feed claimed stay.

    Its date, and so its day, may be another one.
    """
    assert story.claims is not None
    claims = (*fetched.page.claims, *(claim for claim in story.claims if claim.source == "feed"))
    address = story.canonical_url
    believed = _believed(claims, address, story.first_seen_at, feed, tz)
    of_lines = _of_lines(fetched.page.lines, address, believed["title"], believed["authors"])
    return replace(story, **believed, **of_lines, **_of_page(fetched, feed), claims=claims)


def _feed_claims(entry: Entry) -> list[Claim]:
    claims = [Claim("title", "feed", entry.title)] if entry.title else []
    if entry.published_at:
        claims.append(Claim("published_at", "feed", entry.published_at.isoformat()))
    return claims + [Claim("author", "feed", name) for name in entry.authors]


def _feed_lines(summary: str) -> tuple[StoryLine, ...]:
    texts = sanitise.paragraphs(summary).split("\n") if summary else []
    return tuple(StoryLine(text, "body" if number else "lede") for number, text in enumerate(filter(None, texts)))


def _believed(claims: Sequence[Claim], address: str, seen_at: datetime, feed: Feed, tz: ZoneInfo) -> dict[str, Any]:
    """The story's fields that claims decide, each with the source that is believed."""
    feed_tz = ZoneInfo(feed.timezone) if feed.timezone else None
    title, title_source = metadata_precedence.headline(claims, address)
    time = metadata_precedence.published(claims, seen_at, feed_tz)
    names, authors_source = metadata_precedence.authors(claims)
    published_at = time.moment if time else None
    return {
        "title": title,
        "title_source": title_source,
        "authors": names,
        "authors_source": authors_source,
        "section": metadata_precedence.section(claims),
        "published_at": published_at,
        "published_at_source": time.source if time else "first_seen",
        "is_day_only": time is not None and time.is_day_only,
        "updated_at": metadata_precedence.updated(claims, published_at, seen_at, feed_tz),
        "day": _day(time, seen_at, tz),
        "is_paywalled": page_kinds.is_paywalled(claims),
    }


def _day(time: metadata_precedence.Time | None, seen_at: datetime, tz: ZoneInfo) -> date:
    """The story's day. A day that is stated without a time is that day, in whatever zone."""
    if time is None:
        return local_days.day_of(seen_at, tz)
    return time.moment.date() if time.is_day_only else local_days.day_of(time.moment, tz)


def _of_lines(lines: Sequence[StoryLine], address: str, title: str, authors: Sequence[str]) -> dict[str, Any]:
    """The lines without those that only say title and authors, and what tells them from other stories' lines."""
    kept = tuple(without_metadata(lines, title, authors))
    return {
        "lines": kept,
        "sample": sample_of(kept, title, site_of(address)),
        "fingerprint": fingerprint(kept, authors),
    }


def _of_page(fetched: FetchedPage | None, feed: Feed) -> dict[str, Any]:
    if fetched is None:
        of_feed = {"text_source": "feed", "language": feed.language, "language_source": "feed"}
        return {**of_feed, "is_partial": True, "raw": None}
    page = fetched.page
    code, source = language.believed(metadata_precedence.language_claim(page.claims), page.language)
    return {
        "text_source": "page",
        "language": code or feed.language,
        "language_source": source or "feed",
        "is_partial": page.is_partial,
        "raw": fetched.raw,
    }
