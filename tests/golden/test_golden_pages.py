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
from zoneinfo import ZoneInfo

import pytest
import yaml

from newswatch.config.catalogue import Feed
from newswatch.errors import NoStory
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.pages import extractor
from newswatch.pages.model import STORY_ZONES
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord, Story, to_row

PAGES = Path(__file__).parent / "pages"
SEEN_AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NAMES = sorted(path.stem for path in PAGES.glob("*.yaml"))


def expected_of(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = yaml.safe_load((PAGES / f"{name}.yaml").read_text(encoding="utf-8"))
    return expected


def story_of(name: str) -> Story:
    """The page's story, as the pipeline would store it. Raises NoStory."""
    expected = expected_of(name)
    url, said = expected["url"], expected.get("entry", {})
    body = (PAGES / f"{name}.html").read_bytes()
    page = extractor.parse(body, url=url, content_type=expected.get("content_type", ""))
    entry = Entry(
        feed_id="golden",
        key=url,
        url=url,
        title=said.get("title", ""),
        summary=said.get("summary", ""),
        authors=tuple(said.get("authors", ())),
        published_at=said.get("published_at"),
    )
    feed = Feed(id="golden", outlet="The Golden Gazette", url="https://gazette.example/feed", language="en")
    fetched = FetchedPage(url, page, RawRecord("raw", 0, len(body)))
    story = assemble(SeenEntry(entry, SEEN_AT), feed, fetched, ZoneInfo(expected.get("timezone", "UTC")))
    assert story is not None
    return story


@pytest.mark.parametrize("name", [n for n in NAMES if "kind" not in expected_of(n)])
def test_a_page_gives_its_story_and_nothing_else(name: str) -> None:
    expected, story = expected_of(name), story_of(name)
    found = {
        **to_row(story),
        "lines": [line.text for line in story.lines if line.zone in STORY_ZONES],
        "zones": [line.zone for line in story.lines if line.zone in STORY_ZONES],
        "captions": [line.text for line in story.lines if line.zone == "caption"],
    }
    for key in expected.keys() - {"url", "content_type", "entry", "cut", "timezone"}:
        assert found[key] == expected[key], key
    if "cut" in expected:
        wanted = [(reason, text) for reason, texts in expected["cut"].items() for text in texts]
        lines = [line for line in story.lines if line.zone == "cut" and line.reason != "headline"]
        was_cut = [(line.reason, line.text) for line in lines]
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
    assert kinds >= {"index_page", "video_page", "gallery_page", "consent_wall", "soft_404", "no_story"}
