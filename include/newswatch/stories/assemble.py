"""Assembling a story of a feed's entry and its page: both make claims, each `*_source` says whose is believed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from newswatch.config.catalogue import Feed
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.pages import metadata_precedence, page_kinds, time_precedence, title_precedence
from newswatch.pages.line_zones import without_metadata
from newswatch.pages.model import Claim, ExtractedPage, StoryLine, story_text
from newswatch.stories.boilerplate_recurring import sample_of
from newswatch.stories.fingerprint import fingerprint
from newswatch.stories.story import RawRecord, Story, story_day
from newswatch.text import language, sanitise
from newswatch.urls.canonical import canonical_url, site_of, story_id_of


class _FirstSight(NamedTuple):
    """When a story was first seen, UTC, and what of its site's past listed it (None: a poll of its feed)."""

    at: datetime
    via: str | None


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page that was fetched and extracted, and where its bytes are. `url`: the last hop's."""

    url: str
    page: ExtractedPage
    raw: RawRecord


def own_address(entry: Entry) -> str:
    """The address of an entry whose link is not its own: that of the link, and behind it what the entry says."""
    assert entry.url is not None
    said = f"{entry.title}\0{entry.summary}"
    return f"{canonical_url(entry.url)}#entry-{story_id_of(said)}"


def story_address(entry: Entry, feed: Feed, fetched: FetchedPage | None, *, shares_link: bool) -> str:
    """The story's canonical URL: the page's credible canonical link, else the address that answered, else the entry's.

    An entry without a link gets an address of its own below its feed's; one that `shares_link` with others below that.
    """
    if shares_link:
        return own_address(entry)
    if fetched:
        return fetched.page.canonical_url or canonical_url(fetched.url)
    if entry.url:
        return canonical_url(entry.url)
    return f"{canonical_url(feed.url)}#entry-{story_id_of(entry.key)}"


def assemble(
    seen: SeenEntry, feed: Feed, fetched: FetchedPage | None, tz: ZoneInfo, *, shares_link: bool = False
) -> Story | None:
    """The story of an entry and, where it could be fetched, its page; None where neither has a title or text.

    `feed`: with the outlet whose story it is, see `attribution.Outlets`. `tz`: the configured zone, of the story's day.
    Times without a zone are in that of the feed. `shares_link`: the entry's link is no story's page, and another
    story's address already.
    """
    entry = seen.entry
    address = story_address(entry, feed, fetched, shares_link=shares_link)
    lines = fetched.page.lines if fetched else _feed_lines(entry.summary)
    claims = (*(fetched.page.claims if fetched else ()), *_feed_claims(entry))
    of_claims = _fields_of_claims(claims, address, _FirstSight(seen.first_seen_at, seen.via), feed, tz)
    if not (of_claims["title"] or story_text(lines)):
        return None
    return Story(
        story_id=story_id_of(address),
        canonical_url=address,
        outlet=feed.outlet,
        feed_id=feed.id,
        first_seen_at=seen.first_seen_at,
        via=seen.via,
        **of_claims,
        **_fields_of_lines(lines, address, of_claims["title"], of_claims["authors"]),
        **_fields_of_page(fetched, feed),
        claims=claims,
    )


def reassemble(
    story: Story, fetched: FetchedPage, feed: Feed, tz: ZoneInfo, *, read_at: datetime | None = None
) -> Story:
    """The story extracted anew from its page; its identity, first sight and the feed's claims stay.

    `story` must have its claims. Its date, and so its day, may become another one. `tz`: as in `assemble`. `read_at`:
    when the page was fetched, UTC; None: the bytes are those of `story`, and no later change is in them.
    """
    assert story.claims is not None
    claims = (*fetched.page.claims, *(claim for claim in story.claims if claim.source == "feed"))
    address = story.canonical_url
    of_claims = _fields_of_claims(claims, address, _FirstSight(story.first_seen_at, story.via), feed, tz)
    of_claims["updated_at"] = _updated(claims, of_claims["published_at"], read_at or _read_at(story), feed)
    of_lines = _fields_of_lines(fetched.page.lines, address, of_claims["title"], of_claims["authors"])
    return replace(story, **of_claims, **of_lines, **_fields_of_page(fetched, feed), claims=claims)


def relist(story: Story, entry: Entry, feed: Feed, tz: ZoneInfo) -> Story:
    """The story with what its feed says of it now, for what it said before; its page's words and claims stay.

    `story` must have its claims. Its identity and first sight stay, and so do its day, its time and what the feed said
    of that first: another date is that of the edit.
    """
    assert story.claims is not None
    kept = [claim for claim in story.claims if claim.source != "feed" or claim.field == "published_at"]
    claims = (*kept, *(claim for claim in _feed_claims(entry) if claim.field != "published_at"))
    address = story.canonical_url
    of_claims = _fields_of_claims(claims, address, _FirstSight(story.first_seen_at, story.via), feed, tz)
    listed = replace(story, **of_claims, claims=claims)
    listed = replace(listed, updated_at=_updated(claims, listed.published_at, _read_at(story), feed))
    if story.text_source == "feed":
        lines = _feed_lines(entry.summary)
        listed = replace(listed, **_fields_of_lines(lines, address, listed.title, listed.authors))
    return with_time_of(listed, story)


def with_time_of(story: Story, before: Story) -> Story:
    """The story with the day and time of publication that it had before it was edited."""
    return replace(
        story,
        day=before.day,
        published_at=before.published_at,
        published_at_source=before.published_at_source,
        is_day_only=before.is_day_only,
    )


def _feed_claims(entry: Entry) -> list[Claim]:
    claims = [Claim("title", "feed", entry.title)] if entry.title else []
    if entry.published_at:
        stated = entry.published_day or entry.published_at
        claims.append(Claim("published_at", "feed", stated.isoformat()))
    return claims + [Claim("author", "feed", name) for name in entry.authors]


def _feed_lines(summary: str) -> tuple[StoryLine, ...]:
    texts = sanitise.paragraphs(summary).split("\n") if summary else []
    return tuple(StoryLine(text, "body" if number else "lede") for number, text in enumerate(filter(None, texts)))


def _fields_of_claims(
    claims: Sequence[Claim], address: str, first_sight: _FirstSight, feed: Feed, tz: ZoneInfo
) -> dict[str, Any]:
    """The story's fields that claims decide, each with the source that is believed."""
    seen_at, via = first_sight
    title, title_source = title_precedence.headline(claims, address)
    time = time_precedence.published(_with_language(claims, feed), seen_at, _tz(feed), is_archived=via is not None)
    names, authors_source = metadata_precedence.authors(claims)
    published_at = time.moment if time else None
    is_day_only = time is not None and time.is_day_only
    return {
        "title": title,
        "title_source": title_source,
        "authors": names,
        "authors_source": authors_source,
        "section": metadata_precedence.section(claims),
        "published_at": published_at,
        "published_at_source": time.source if time else "first_seen",
        "is_day_only": is_day_only,
        "updated_at": _updated(claims, published_at, seen_at, feed),
        "day": story_day(published_at, seen_at, tz, is_day_only=is_day_only),
        "is_paywalled": page_kinds.is_paywalled(claims),
    }


def _updated(claims: Sequence[Claim], published_at: datetime | None, read_at: datetime, feed: Feed) -> datetime | None:
    return time_precedence.updated(_with_language(claims, feed), published_at, read_at, _tz(feed))


def _read_at(story: Story) -> datetime:
    """A time before which the story was not read last."""
    return max(story.first_seen_at, story.updated_at or story.first_seen_at)


def _with_language(claims: Sequence[Claim], feed: Feed) -> tuple[Claim, ...]:
    return (*claims, Claim("language", "feed", feed.language))


def _tz(feed: Feed) -> ZoneInfo | None:
    return ZoneInfo(feed.timezone) if feed.timezone else None


def _fields_of_lines(lines: Sequence[StoryLine], address: str, title: str, authors: Sequence[str]) -> dict[str, Any]:
    """The fields that the lines decide: those lines but title and authors, the line sample, the fingerprint."""
    kept = tuple(without_metadata(lines, title, authors))
    return {
        "lines": kept,
        "sample": sample_of(kept, title, site_of(address)),
        "fingerprint": fingerprint(kept, authors),
    }


def _fields_of_page(fetched: FetchedPage | None, feed: Feed) -> dict[str, Any]:
    """The fields that the page decides, or the feed where there is no page."""
    if fetched is None:
        fields = {"text_source": "feed", "language": feed.language, "language_source": "feed"}
        return {**fields, "is_partial": True, "raw": None}
    page = fetched.page
    code, source = language.believed(metadata_precedence.language_claim(page.claims), page.language)
    return {
        "text_source": "page",
        "language": code or feed.language,
        "language_source": source or "feed",
        "is_partial": page.is_partial,
        "raw": fetched.raw,
    }
