"""An entry and its page → a story: the witnesses of both are heard, `witnesses` says who is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newswatch import local_days
from newswatch.config.catalogue import Feed
from newswatch.pages import metadata_precedence, page_kinds
from newswatch.pages.line_zones import without_facts
from newswatch.pages.model import Claim, ExtractedPage, Line, story_text
from newswatch.stories import boilerplate_recurring, fingerprint
from newswatch.text import language, sanitise
from newswatch.urls.canonical import canonical_url, story_id_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page that was had, and where its bytes are."""

    url: str  # the last hop's
    page: ExtractedPage
    raw_path: str
    raw_offset: int
    raw_bytes: int


def story_address(entry: Mapping[str, Any], feed: Feed, fetched: Fetched | None) -> str:
    """The page's credible canonical link, else the address that answered, else the entry's link.

    An entry without a link gets an address of its own below its feed's.
    """
    if fetched:
        return fetched.page.canonical_url or canonical_url(fetched.url)
    if entry["url"]:
        return canonical_url(entry["url"])
    return f"{canonical_url(feed.url)}#entry-{story_id_of(entry['entry_key'])}"


def story_row(entry: Mapping[str, Any], feed: Feed, fetched: Fetched | None, zone: ZoneInfo) -> Row | None:
    """A row of the table `story_texts`, or None where neither page nor feed has any text."""
    address = story_address(entry, feed, fetched)
    lines = fetched.page.lines if fetched else _feed_lines(entry["summary"])
    statements = [*(fetched.page.statements if fetched else ()), *_feed_statements(entry)]
    facts = _facts(statements, address, entry["first_seen_at"], feed, zone)
    if not (facts["title"] or story_text(lines)):
        return None
    return {
        **facts,
        **_text(lines, facts),
        **_page_facts(fetched, feed),
        "story_id": story_id_of(address),
        "canonical_url": address,
        "outlet": feed.outlet,
        "feed_id": feed.id,
        "first_seen_at": entry["first_seen_at"],
        "witnesses": [{"fact": s.fact, "witness": s.witness, "said": s.said} for s in statements],
    }


def read_again(row: Row, fetched: Fetched, feed: Feed, zone: ZoneInfo) -> Row:
    """The story's row as its page reads now, by today's code; who it is and what its feed said stay.

    Its date, and so its day, may be another one.
    """
    of_feed = [Claim(w["fact"], w["witness"], w["said"]) for w in row["witnesses"] if w["witness"] == "feed"]
    statements = [*fetched.page.statements, *of_feed]
    facts = _facts(statements, row["canonical_url"], row["first_seen_at"], feed, zone)
    kept = {n: row[n] for n in ("story_id", "canonical_url", "outlet", "feed_id", "first_seen_at")}
    heard = [{"fact": s.fact, "witness": s.witness, "said": s.said} for s in statements]
    text = _text(fetched.page.lines, facts)
    return {**facts, **text, **_page_facts(fetched, feed), **kept, "witnesses": heard}


def _feed_statements(entry: Mapping[str, Any]) -> list[Claim]:
    said = [Claim("title", "feed", entry["title"])] if entry["title"] else []
    if entry["published_at"]:
        said.append(Claim("published_at", "feed", entry["published_at"].isoformat()))
    return said + [Claim("author", "feed", name) for name in entry["authors"]]


def _feed_lines(summary: str) -> tuple[Line, ...]:
    texts = sanitise.paragraphs(summary).split("\n") if summary else []
    return tuple(Line(text, "body" if number else "lede") for number, text in enumerate(filter(None, texts)))


def _facts(statements: Sequence[Claim], address: str, seen_at: datetime, feed: Feed, zone: ZoneInfo) -> Row:
    """What is believed of the story, with the witnesses believed."""
    feed_zone = ZoneInfo(feed.timezone) if feed.timezone else None
    title, title_source = metadata_precedence.headline(statements, address)
    time = metadata_precedence.published(statements, seen_at, feed_zone)
    names, authors_source = metadata_precedence.authors(statements)
    published_at = time.moment if time else None
    return {
        "title": title,
        "title_source": title_source,
        "authors": list(names),
        "authors_source": authors_source,
        "section": metadata_precedence.section(statements),
        "published_at": published_at,
        "published_at_source": time.witness if time else "first_seen",
        "is_day_only": time is not None and time.is_day_only,
        "updated_at": metadata_precedence.updated(statements, published_at, seen_at, feed_zone),
        "day": _day(time, seen_at, zone),
        "is_paywalled": page_kinds.is_paywalled(statements),
    }


def _day(time: metadata_precedence.Time | None, seen_at: datetime, zone: ZoneInfo) -> date:
    """The story's day. A day that is stated without a time is that day, in whatever zone."""
    if time is None:
        return local_days.day_of(seen_at, zone)
    return time.moment.date() if time.is_day_only else local_days.day_of(time.moment, zone)


def _text(lines: Sequence[Line], facts: Row) -> Row:
    """The lines as columns, with what tells them from other stories' lines."""
    lines = without_facts(lines, facts["title"], facts["authors"])
    return {
        "text": "\n".join(line.text for line in lines),
        "zones": [line.zone for line in lines],
        "reasons": [line.reason for line in lines],
        **boilerplate_recurring.sample_of(lines, facts["title"]),
        **fingerprint.fingerprint_columns(lines, facts["authors"]),
    }


def _page_facts(fetched: Fetched | None, feed: Feed) -> Row:
    if fetched is None:
        return {
            "text_source": "feed", "language": feed.language, "language_source": "feed",
            "is_partial": True, "raw_path": None, "raw_offset": None, "raw_bytes": None,
        }  # fmt: skip
    page = fetched.page
    code, source = language.believed(metadata_precedence.language_claim(page.statements), page.language)
    return {
        "text_source": "page",
        "language": code or feed.language,
        "language_source": source or "feed",
        "is_partial": page.is_partial,
        "raw_path": fetched.raw_path,
        "raw_offset": fetched.raw_offset,
        "raw_bytes": fetched.raw_bytes,
    }
