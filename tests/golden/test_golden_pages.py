"""Pages that we made up, one for each kind of trouble, with what must come out of them.

A page is `pages/NAME.html`, what is expected of it `pages/NAME.yaml`: every key that stands there is compared.

    url, content_type          how the page was met; content_type may be left out
    entry                      what the feed says: title, summary, published_at, authors; all may be left out
    kind                       the page is no story, and this is the outcome
    lines                      the story's own lines, in order, each whole
    zones                      their zones, in order
    captions                   each whole
    cut                        reason → beginnings of the lines that are cut for it; no other line may be cut, save that
                               the headline once more need not stand here
    title, title_source, authors, section, published_at, published_at_source, is_day_only, updated_at, language,
    language_source, is_partial, is_paywalled, canonical_url
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from newswatch.config.catalogue import Feed
from newswatch.errors import NoStory
from newswatch.pages import extractor
from newswatch.pages.model import STORY_ZONES
from newswatch.stories.assemble import Fetched, story_row

PAGES = Path(__file__).parent / "pages"
SEEN_AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NAMES = sorted(path.stem for path in PAGES.glob("*.yaml"))


def expected_of(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = yaml.safe_load((PAGES / f"{name}.yaml").read_text(encoding="utf-8"))
    return expected


def story_of(name: str) -> dict[str, Any]:
    """The page's row of story_texts, as the pipeline would store it. Raises NoStory."""
    expected = expected_of(name)
    body = (PAGES / f"{name}.html").read_bytes()
    page = extractor.parse(body, url=expected["url"], content_type=expected.get("content_type", ""))
    entry = {"url": expected["url"], "title": "", "summary": "", "authors": [], "published_at": None}
    entry |= {"first_seen_at": SEEN_AT} | expected.get("entry", {})
    feed = Feed(id="golden", outlet="The Golden Gazette", url="https://gazette.example/feed", language="en")
    row = story_row(entry, feed, Fetched(expected["url"], page, "raw", 0, len(body)), feed_zone(expected))
    assert row is not None
    return row


def feed_zone(expected: dict[str, Any]) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(expected.get("timezone", "UTC"))


def lines_of(row: dict[str, Any]) -> list[tuple[str, str, str]]:
    return list(zip(row["text"].split("\n"), row["zones"], row["reasons"], strict=True))


@pytest.mark.parametrize("name", [n for n in NAMES if "kind" not in expected_of(n)])
def test_a_page_gives_its_story_and_nothing_else(name: str) -> None:
    expected, row = expected_of(name), story_of(name)
    lines = lines_of(row)
    found = {
        **row,
        "lines": [text for text, zone, _ in lines if zone in STORY_ZONES],
        "zones": [zone for _, zone, _ in lines if zone in STORY_ZONES],
        "captions": [text for text, zone, _ in lines if zone == "caption"],
    }
    for key in expected.keys() - {"url", "content_type", "entry", "cut", "timezone"}:
        assert found[key] == expected[key], key
    if "cut" in expected:
        wanted = [(reason, text) for reason, texts in expected["cut"].items() for text in texts]
        was_cut = [(reason, text) for text, zone, reason in lines if zone == "cut" and reason != "headline"]
        for reason, beginning in wanted:
            assert any(r == reason and text.startswith(beginning) for r, text in was_cut), (reason, beginning, was_cut)
        assert len(was_cut) == len(wanted), was_cut


@pytest.mark.parametrize("name", [n for n in NAMES if "kind" in expected_of(n)])
def test_a_page_that_is_no_story_is_named_for_what_it_is(name: str) -> None:
    with pytest.raises(NoStory) as refused:
        story_of(name)
    assert refused.value.kind == expected_of(name)["kind"]


def test_every_page_has_its_expectation_and_every_kind_its_page() -> None:
    assert {path.stem for path in PAGES.glob("*.html")} == set(NAMES)
    kinds = {expected_of(name)["kind"] for name in NAMES if "kind" in expected_of(name)}
    assert kinds >= {"index_page", "video_page", "gallery_page", "live_blog", "consent_wall", "soft_404", "no_story"}
