"""Entries that a feed lists with other words: their stories are looked at again, whether they matched or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from ask import count, make_clean, rows, stories, story_at, story_lines
from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, explain, fetch_pending, poll, reextract_day, tag_new, visit_due
from newswatch.stories.edits import LISTED_VISITS_A_DAY

PLAIN = ("The envoys met in the old customs house on Tuesday.", "Their hosts asked for figures for the next week.")
NEWS = "The New START treaty is to be renewed, the envoys said after their talks."


class Paper:
    """A feed of one story at /talks and, between polls, what is written anew of it."""

    def __init__(self, nw: Newswatch, site: Site, clock: Clock) -> None:
        self.nw, self.site, self.clock = nw, site, clock
        self.stamp = f"<pubDate>{clock():%a, %d %b %Y %H:%M:%S GMT}</pubDate>"

    def page(self, title: str, *paragraphs: str) -> None:
        self.site.html("/talks", ordinary_page(title, *paragraphs), ETag='"first"')

    def lists(self, title: str, extra: str = "", guid: str = "<guid>talks-1</guid>") -> None:
        link = f"<link>{self.site.url('/talks')}</link>"
        self.site.feed(
            f"<item><title>{title}</title>{link}{guid}{self.stamp if 'pubDate' not in extra else ''}{extra}</item>"
        )

    def round(self, hours: float = 0.25) -> dict[str, int]:
        """What the scheduled run does; returns the outcomes of visits."""
        self.clock.advance(hours=hours)
        poll(self.nw, ["site"], "test")
        fetch_pending(self.nw, "test")
        outcomes = visit_due(self.nw, "test").outcomes
        self.tagged = tag_new(self.nw, "test").topic_story_counts
        return outcomes


@pytest.fixture
def paper(site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock) -> Paper:
    """One story that matches nothing, read and tagged."""
    paper = Paper(make_newswatch(site_config), site, clock)
    paper.page("Envoys meet", *PLAIN)
    paper.lists("Envoys meet")
    assert paper.round() == {}
    assert paper.tagged == {}
    make_clean(paper.nw)
    return paper


@pytest.mark.parametrize("guid", ["<guid>talks-1</guid>", ""])
def test_a_headline_that_changes_in_the_feed_has_its_page_read_again(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock, guid: str
) -> None:
    paper = Paper(make_newswatch(site_config), site, clock)
    paper.page("Envoys meet", *PLAIN)
    paper.lists("Envoys meet", guid=guid)
    paper.round()
    paper.page("Envoys: treaty is renewed", *PLAIN, NEWS)
    paper.lists("Envoys: treaty is renewed", guid=guid)
    assert paper.round() == {"edited": 1}
    assert paper.tagged == {"new-start": 1}
    told = explain(paper.nw, site.url("/talks"))
    assert told["title"] == "Envoys: treaty is renewed"
    assert [revision["number"] for revision in told["revisions"]] == [1, 2]
    assert paper.round() == {}  # once read, it is not asked for again


@pytest.mark.parametrize("extra", ["<description>More to come.</description>", "<pubDate>{}</pubDate>"])
def test_a_summary_or_a_date_that_changes_is_an_edit_too(paper: Paper, extra: str) -> None:
    at = paper.clock()
    paper.page("Envoys meet", *PLAIN, NEWS)
    paper.lists("Envoys meet", extra.format(f"{at:%a, %d %b %Y %H:%M:%S GMT}"))
    assert paper.round() == {"edited": 1}
    assert paper.tagged == {"new-start": 1}


def test_an_atom_entry_with_another_updated_is_read_again(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    paper = Paper(make_newswatch(site_config), site, clock)

    def lists(updated: str) -> None:
        dates = f"<published>2026-11-22T10:00:00Z</published><updated>{updated}</updated>"
        entry = f"<entry><title>Envoys meet</title><link href='{site.url('/talks')}'/><id>tag:1</id>{dates}</entry>"
        body = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title><id>1</id>{entry}</feed>"
        site.answers["/feed"] = (200, {"Content-Type": "application/atom+xml"}, body.encode())

    paper.page("Envoys meet", *PLAIN)
    lists("2026-11-22T10:00:00Z")
    paper.round()
    paper.page("Envoys meet", *PLAIN, NEWS)
    lists("2026-11-22T17:30:00Z")
    assert paper.round() == {"edited": 1}


def test_the_visit_is_conditional(paper: Paper) -> None:
    paper.site.answers["/talks"] = (304, {}, b"")
    paper.lists("Envoys meet", "<description>Two comments.</description>")
    assert paper.round() == {"not_modified": 1}
    assert paper.site.requests[-1]["if-none-match"] == '"first"'


def test_an_edit_moves_a_story_to_no_other_day_when_it_is_reextracted(paper: Paper) -> None:
    at = paper.clock() + timedelta(days=1)
    (before,) = stories(paper.nw)
    paper.page("Envoys meet", *PLAIN, NEWS)
    paper.lists("Envoys meet again", f"<pubDate>{at:%a, %d %b %Y %H:%M:%S GMT}</pubDate>")
    assert paper.round(24) == {"edited": 1}
    reextract_day(paper.nw, before["day"], "test")
    (after,) = stories(paper.nw)
    assert (after["day"], after["published_at"]) == (before["day"], before["published_at"])


def test_a_page_that_is_behind_its_feed_is_asked_again_in_an_hour(paper: Paper) -> None:
    paper.lists("Envoys: treaty is renewed")
    assert paper.round() == {"unchanged": 1}
    assert paper.round() == {}
    paper.page("Envoys: treaty is renewed", *PLAIN, NEWS)
    assert paper.round(1) == {"edited": 1}
    assert paper.round(0.5) == {}


def test_a_page_that_could_not_be_had_is_asked_again_in_an_hour(paper: Paper) -> None:
    paper.site.answers["/talks"] = (503, {}, b"")
    paper.lists("Envoys: treaty is renewed")
    assert paper.round() == {"http_503": 1}
    paper.page("Envoys: treaty is renewed", *PLAIN, NEWS)
    assert paper.round(1.1) == {"edited": 1}


def test_visits_for_one_story_are_capped_and_the_last_words_are_read_the_next_day(paper: Paper) -> None:
    paper.clock.now = paper.clock.now.replace(hour=1) + timedelta(days=1)
    outcomes = []
    for number in range(LISTED_VISITS_A_DAY + 4):
        paper.lists("Envoys meet", f"<description>{number} comments.</description>")
        outcomes.append(paper.round())
    assert outcomes == [{"unchanged": 1}] * LISTED_VISITS_A_DAY + [{}] * 4
    paper.page("Envoys meet", *PLAIN, NEWS)
    assert paper.round(24) == {"edited": 1}


def test_a_feed_that_dates_its_entries_by_its_own_clock_asks_for_nothing(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    paper = Paper(make_newswatch(site_config), site, clock)
    paths = [f"/story-{number}" for number in range(5)]
    for path in paths:
        site.html(path, ordinary_page(f"Story {path}", *PLAIN))
    for _ in range(3):
        stamp = f"<pubDate>{clock():%a, %d %b %Y %H:%M:%S GMT}</pubDate>"
        site.feed(*(site.item(path, stamp) for path in paths))
        assert paper.round() == {}
    assert count(paper.nw, t.visits) == 0


def test_the_feeds_new_words_are_a_new_revision_of_a_story_without_a_page(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    paper = Paper(make_newswatch(site_config), site, clock)
    site.answers["/talks"] = (404, {}, b"none")
    paper.lists("Envoys meet", "<description>More soon.</description>")
    paper.round()
    (before,) = stories(paper.nw)
    site.hits.clear()
    paper.lists("Envoys: treaty is renewed", f"<description>{NEWS}</description>")
    assert paper.round() == {"edited": 1}
    assert site.hits["/talks"] == 0
    assert paper.tagged == {"new-start": 1}
    (after,) = stories(paper.nw)
    assert (after["title"], story_lines(after)) == ("Envoys: treaty is renewed", [NEWS])
    assert {after[n] == before[n] for n in ("story_id", "day", "published_at", "first_seen_at")} == {True}
    changes = explain(paper.nw, site.url("/talks"))["revisions"][1]["changes"]
    assert changes == ["- Envoys meet", "+ Envoys: treaty is renewed", "- More soon.", f"+ {NEWS}"]


def test_an_entry_whose_page_is_waited_for_takes_its_new_words_along(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    paper = Paper(make_newswatch(site_config), site, clock)
    site.answers["/talks"] = (503, {}, b"")
    paper.lists("Envoys meet", "<description>More soon.</description>")
    paper.round()
    paper.lists("Envoys: treaty is renewed", f"<description>{NEWS}</description>")
    site.answers["/talks"] = (404, {}, b"")
    paper.round(12)
    assert story_at(paper.nw, site.url("/talks"))["title"] == "Envoys: treaty is renewed"


def test_a_story_that_matches_after_an_edit_gets_its_planned_visits(paper: Paper) -> None:
    paper.page("Envoys meet", *PLAIN, NEWS)
    paper.lists("Envoys: treaty is renewed")
    paper.round()
    (visit,) = rows(paper.nw, sa.select(t.visits))
    assert visit.due_at == paper.clock() + timedelta(hours=1)
    assert paper.round(1.1) == {"unchanged": 1}
