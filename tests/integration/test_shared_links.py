"""Entries behind one link: stories of their own where the link is no story's page, and one story where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ask import page_outcomes, stories, story_lines
from clocks import Clock
from made_pages import HTML, ordinary_page
from web_site import Site

from newswatch.pipeline import Newswatch, explain, fetch_pending, poll
from newswatch.settings import SHIPPED_CONFIG_DIR

TEXTS = {
    "Quay is shut": "The quay was shut after the survey.",
    "Ferry is late": "The ferry came in two hours late on Tuesday.",
    "Mayor resigns": "The mayor has resigned, her office said.",
}
FRONT = "<html><head><title>Harbour paper</title></head><body>" + "".join(
    f"<p><a href='/{n}'>Story number {n} of the day</a></p>" for n in range(30)
)


def entry(site: Site, title: str, text: str, link: str, guid: str = "") -> str:
    stated = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    return f"<item><title>{title}</title><link>{site.url(link)}</link>{stated}<description>{text}</description></item>"


def read(nw: Newswatch, clock: Clock, *feed_ids: str) -> dict[str, list[str]]:
    """Poll and fetch; returns title → lines of every story."""
    poll(nw, feed_ids or ["site"], "test")
    fetch_pending(nw, "test")
    clock.advance(hours=1)
    return {s["title"]: story_lines(s) for s in stories(nw)}


@pytest.fixture
def nw(make_newswatch: Callable[..., Newswatch], site: Site, tmp_path: Path) -> Newswatch:
    """Two feeds of one outlet: `site` at /feed, `other` at /other."""
    folder = tmp_path / "two-feeds"
    folder.mkdir()
    feeds = [
        {"id": feed_id, "outlet": "The Site", "url": site.url(path), "language": "en", "allow_private": True}
        for feed_id, path in (("site", "/feed"), ("other", "/other"))
    ]
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
    (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return make_newswatch(folder)


@pytest.mark.parametrize(
    ("answer", "link", "has_guids"),
    [
        ((404, {}, b"none"), "/nowhere", True),
        ((404, {}, b"none"), "/nowhere", False),
        ((404, {}, b"none"), "/nowhere#item-{}", True),
        ((403, {}, b"no"), "/nowhere", True),
        ((200, {"Content-Type": HTML}, FRONT.encode()), "/", True),
        ((302, {"Location": "/"}, b""), "/ticker", True),
    ],
)
def test_each_text_behind_a_link_that_is_no_storys_page_is_a_story(
    nw: Newswatch, site: Site, clock: Clock, answer: Any, link: str, has_guids: bool
) -> None:
    site.answers["/"] = (200, {"Content-Type": HTML}, FRONT.encode())
    site.answers[link.partition("#")[0]] = answer
    items = [entry(site, *text, link.format(n), f"g{n}" * has_guids) for n, text in enumerate(TEXTS.items())]
    site.feed(*items)
    assert read(nw, clock) == {title: [text] for title, text in TEXTS.items()}
    assert sum(page_outcomes(nw).values()) == 3
    for story in stories(nw):
        assert explain(nw, story["canonical_url"])["story_id"] == story["story_id"]


def test_texts_that_come_one_by_one_are_stories_and_the_link_is_asked_for_once(
    nw: Newswatch, site: Site, clock: Clock
) -> None:
    items: list[str] = []
    for number, text in enumerate(TEXTS.items()):
        items.append(entry(site, *text, "/nowhere", f"g{number}"))
        site.feed(*items)
        found = read(nw, clock)
    assert found == {title: [text] for title, text in TEXTS.items()}
    assert site.hits["/nowhere"] == 1
    assert page_outcomes(nw) == {"http_404": 1, "shared_link": 2}


def test_the_same_text_with_another_guid_is_the_same_story(nw: Newswatch, site: Site, clock: Clock) -> None:
    items = [entry(site, *text, "/nowhere", f"g{n}") for n, text in enumerate(TEXTS.items())]
    site.feed(*items)
    read(nw, clock)
    site.feed(*items, *(item.replace("'>g", "'>again-") for item in items))
    read(nw, clock)
    assert len(stories(nw)) == 3
    assert page_outcomes(nw) == {"http_404": 3, "same_story": 3}


def test_two_feeds_that_list_one_story_with_a_shorter_text_have_one_story(
    nw: Newswatch, site: Site, clock: Clock
) -> None:
    site.feed(*(entry(site, *text, "/nowhere", f"g{n}") for n, text in enumerate(TEXTS.items())))
    site.feed(entry(site, "Mayor resigns", "She has resigned.", "/nowhere", "x"), path="/other")
    assert len(read(nw, clock, "site", "other")) == 3
    site.feed(entry(site, "Quay is shut", "Shut.", "/nowhere", "y"), path="/other")
    assert len(read(nw, clock, "site", "other")) == 3
    assert len(stories(nw)) == 3


def test_entries_behind_a_storys_page_are_that_story(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.html("/story", ordinary_page("The board met", *TEXTS.values()))
    site.feed(*(entry(site, *text, f"/story#part-{n}", f"g{n}") for n, text in enumerate(TEXTS.items())))
    assert list(read(nw, clock)) == ["The board met"]
    site.feed(entry(site, "A fourth part", "More of it.", "/story#part-4", "g4"))
    assert list(read(nw, clock)) == ["The board met"]
    assert page_outcomes(nw) == {"ok": 1, "same_story": 3}


def test_an_entry_that_says_nothing_makes_no_story_of_its_own(nw: Newswatch, site: Site, clock: Clock) -> None:
    first, second, _ = TEXTS.items()
    site.feed(entry(site, "", "", "/nowhere", "empty"), entry(site, *first, "/nowhere", "a"))
    site.feed(entry(site, "", "", "/nowhere", "empty"), entry(site, *first, "/nowhere", "a"))
    assert list(read(nw, clock)) == [first[0]]
    site.feed(entry(site, "", "", "/nowhere", "too"), entry(site, *second, "/nowhere", "b"))
    assert sorted(read(nw, clock)) == sorted((first[0], second[0]))
