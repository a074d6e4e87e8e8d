"""Fetching what was polled: one story for one address, one outcome for each page, else the feed's own text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from ask import count, covered_days, dirty_days, feed_row, make_clean, page_outcomes, rows, stories, story_at, values
from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newsroom.feeds import entries_of
from newsroom.outlets import BY_ID
from newsroom.pages import Site as Addresses
from newsroom.server import Newsroom
from newsroom.stories import Story
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, explain, fetch_pending, poll
from newswatch.sandbox.pool import ParserPool


def listed(outlet_id: str, now: datetime) -> list[Story]:
    outlet = BY_ID[outlet_id]
    return list({s.id: s for feed in outlet.feeds for s in entries_of(outlet, feed, now)}.values())


def address(newsroom: Newsroom, story: Story) -> str:
    return Addresses(newsroom.domain, newsroom.port).url(story)


def test_a_story_that_two_feeds_list_is_stored_and_fetched_once(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    poll(nw, ["harbour-courier-world", "harbour-courier-front"], "test")
    report = fetch_pending(nw, "test")

    expected = listed("courier", clock())
    assert sorted(s["canonical_url"] for s in stories(nw)) == sorted(address(newsroom, s) for s in expected)
    assert all(newsroom.hits["courier", s.path] == 1 for s in expected)
    assert report.page_outcomes == {"ok": len(expected), "same_story": count(nw, t.entries) - len(expected)}
    assert report.page_outcomes["same_story"] > 0


def test_every_finished_entry_ends_in_exactly_one_page_outcome(nw: Newswatch) -> None:
    feeds = ["meridian-latest", "meridian-world", "tidewater-gazette", "zarechye-khronika"]
    poll(nw, feeds, "test")
    fetch_pending(nw, "test")

    assert set(values(nw, sa.select(t.entries.c.state))) == {"done"}
    entries = Counter(values(nw, sa.select(t.entries.c.feed_id)))
    ended: Counter[str] = Counter()
    query = sa.select(t.outcomes.c.feed_id, t.outcomes.c.outcome_count).where(t.outcomes.c.kind == "page")
    for feed_id, number in rows(nw, query):
        ended[feed_id] += number
    assert ended == entries
    assert set(values(nw, sa.select(t.entries.c.story_id))) == set(values(nw, sa.select(t.stories.c.story_id)))


def test_fetching_again_asks_for_nothing(nw: Newswatch, newsroom: Newsroom) -> None:
    poll(nw, ["khvylia"], "test")
    fetch_pending(nw, "test")
    hits = newsroom.hits.copy()

    again = fetch_pending(nw, "test")

    assert again.story_count == 0
    assert newsroom.hits == hits


def test_a_page_that_fails_for_now_is_asked_again_after_its_time_and_ends_as_the_feeds_text(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    story = listed("khvylia", clock())[0]
    newsroom.fail("khvylia", 503, story.path)
    poll(nw, ["khvylia"], "test")

    fetch_pending(nw, "test")
    assert newsroom.hits["khvylia", story.path] == 1
    fetch_pending(nw, "test")
    clock.advance(minutes=9)
    fetch_pending(nw, "test")
    assert newsroom.hits["khvylia", story.path] == 1  # not before ten minutes are over
    clock.advance(minutes=1)
    fetch_pending(nw, "test")
    assert newsroom.hits["khvylia", story.path] == 2
    assert "pending" in values(nw, sa.select(t.entries.c.state))
    clock.advance(minutes=40)
    fetch_pending(nw, "test")

    assert newsroom.hits["khvylia", story.path] == 3
    clock.advance(minutes=10)
    fetch_pending(nw, "test")  # the 503 had its host paused, its neighbours have waited
    kept = story_at(nw, address(newsroom, story))
    assert (kept["text_source"], kept["text"], kept["title"]) == ("feed", story.standfirst, story.headline)
    assert set(values(nw, sa.select(t.entries.c.state))) == {"done"}
    assert page_outcomes(nw)["http_503"] == 3


def test_a_page_that_recovers_is_read_on_the_second_try(nw: Newswatch, newsroom: Newsroom, clock: Clock) -> None:
    story = listed("khvylia", clock())[0]
    newsroom.fail("khvylia", 503, story.path)
    poll(nw, ["khvylia"], "test")
    fetch_pending(nw, "test")
    newsroom.fail("khvylia", None, story.path)
    clock.advance(minutes=10)
    fetch_pending(nw, "test")

    assert story_at(nw, address(newsroom, story))["text_source"] == "page"


def test_a_page_that_is_not_there_leaves_the_feeds_text(nw: Newswatch, newsroom: Newsroom, clock: Clock) -> None:
    story = listed("khvylia", clock())[0]
    newsroom.fail("khvylia", 404, story.path)
    poll(nw, ["khvylia"], "test")
    fetch_pending(nw, "test")

    assert story_at(nw, address(newsroom, story))["text_source"] == "feed"
    assert page_outcomes(nw)["http_404"] == 1


def test_a_page_that_robots_txt_forbids_is_never_asked_for(nw: Newswatch, newsroom: Newsroom, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 17, 18, 1, tzinfo=UTC)  # a Tuesday: Monday's plain story is private
    private = next(s for s in listed("courier", clock()) if s.path.startswith("/private/"))
    poll(nw, ["harbour-courier-front"], "test")
    fetch_pending(nw, "test")

    assert newsroom.hits["courier", private.path] == 0
    assert newsroom.hits["courier", "/robots.txt"] == 1
    kept = story_at(nw, address(newsroom, private))
    assert kept["text_source"] == "feed"
    assert private.standfirst in kept["text"]
    assert page_outcomes(nw)["robots_disallowed"] == 1


def test_a_host_whose_robots_txt_cannot_be_had_is_left_alone_for_now(nw: Newswatch, newsroom: Newsroom) -> None:
    newsroom.fail("khvylia", 500, "/robots.txt")
    poll(nw, ["khvylia"], "test")
    fetch_pending(nw, "test")

    assert {path for outlet, path in newsroom.hits if outlet == "khvylia"} == {"/rss.xml", "/robots.txt"}
    assert set(values(nw, sa.select(t.entries.c.state))) == {"pending"}


def test_a_late_story_makes_its_own_day_dirty(
    nw: Newswatch, newsroom: Newsroom, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsroom.feeds.HISTORY", timedelta(days=5))
    clock.now = datetime(2026, 11, 22, 1, 1, tzinfo=UTC)
    before = {s.id for s in listed("meridian", clock())}
    poll(nw, ["meridian-latest"], "test")
    fetch_pending(nw, "test")
    make_clean(nw)
    clock.advance(hours=22)
    late = [s for s in listed("meridian", clock()) if s.id not in before and s.published_at.date() < clock().date()]
    assert late

    poll(nw, ["meridian-latest"], "test")
    report = fetch_pending(nw, "test")

    assert {s.published_at.date() for s in late} <= report.dirty_days
    assert report.dirty_days <= dirty_days(nw)


def test_stories_of_an_undated_feed_get_the_day_that_their_page_states(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    poll(nw, ["tidewater-gazette"], "test")
    fetch_pending(nw, "test")

    kept = {s["canonical_url"]: s for s in stories(nw)}
    for story in listed("tidewater", clock()):
        row = kept[address(newsroom, story)]
        assert (row["published_at_source"], row["day"]) == ("address", story.published_at.date())
        assert row["is_day_only"]


def test_an_entry_without_a_link_becomes_a_story_of_the_feeds_own_text(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    site.feed("<item><title>A note</title><description>The quay is closed today.</description></item>", "<item></item>")
    report = poll(nw, ["site"], "test")
    fetch_pending(nw, "test")

    assert report.entry_outcomes == {"no_link": 1, "empty": 1}
    (story,) = stories(nw)
    assert (story["title"], story["text"], story["text_source"]) == ("A note", "The quay is closed today.", "feed")
    assert page_outcomes(nw) == {}


def test_a_link_that_leads_to_a_known_story_by_its_old_address_finds_it(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    site.page("/old", head=f'<link rel="canonical" href="{site.url("/new")}">')
    site.feed(site.item("/old"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    # Later the site names the old address as the canonical one, as sites do after a change of their system.
    site.page("/third", head=f'<link rel="canonical" href="{site.url("/old")}">')
    site.feed(site.item("/third"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")

    assert [s["canonical_url"] for s in stories(nw)] == [site.url("/new")]
    assert set(values(nw, sa.select(t.entries.c.story_id))) == set(values(nw, sa.select(t.stories.c.story_id)))
    assert explain(nw, site.url("/third"))["canonical_url"] == site.url("/new")


def test_pages_of_a_feed_that_has_left_the_list_are_still_brought_to_an_end(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    secret = site.url("/one").replace("http://", "http://user:word@")
    site.feed(f"<item><title>One</title><link>{secret}</link></item>")
    poll(nw, ["site"], "test")
    feeds = yaml.safe_load((site_config / "feeds.yaml").read_text())
    feeds["feeds"][0]["id"] = "another"
    (site_config / "feeds.yaml").write_text(yaml.safe_dump(feeds))

    later = make_newswatch(site_config)
    for _ in range(3):
        fetch_pending(later, "test")
        clock.advance(hours=1)

    assert values(nw, sa.select(t.entries.c.state)) == ["done"]
    assert [s["title"] for s in stories(nw)] == ["One"]


def test_a_host_that_breaks_off_three_times_is_left_alone_and_the_rest_stays_pending(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    paths = [f"/{number}" for number in range(6)]
    site.feed(*(site.item(path) for path in paths))
    site.answers |= dict.fromkeys(paths, None)
    poll(nw, ["site"], "test")
    report = fetch_pending(nw, "test")

    assert sum(site.hits[path] > 0 for path in paths) == 3
    assert report.page_outcomes == {"connection_failed": 3}
    assert sorted(values(nw, sa.select(t.entries.c.attempt_count))) == [0, 0, 0, 1, 1, 1]
    assert values(nw, sa.select(t.entries.c.state)) == ["pending"] * 6


@pytest.mark.parametrize("seconds", ["99999999999999999999", "9" * 400, "3600"])
def test_a_feeds_absurd_retry_after_waits_a_day_at_most(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock, seconds: str
) -> None:
    nw = make_newswatch(site_config)
    site.answers["/feed"] = (503, {"Retry-After": seconds}, b"later")

    assert poll(nw, ["site"], "test").feed_outcomes == {"http_503": 1}

    wait = feed_row(nw, "site").next_due_at - clock()
    assert timedelta(minutes=50) < wait <= timedelta(days=1)


def test_an_entry_dated_1970_does_not_make_fifty_years_of_days_covered_and_dirty(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    site.feed(
        site.item("/1", "<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>"),
        site.item("/2", "<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>"),
    )
    assert poll(nw, ["site"], "test").entry_outcomes == {"new": 2}

    assert len(covered_days(nw, "site")) < 400
    assert len(dirty_days(nw)) < 400


def test_a_story_dated_in_the_future_belongs_to_the_day_on_which_it_was_seen(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    site.page("/1")
    site.feed(site.item("/1", "<pubDate>Sun, 22 Nov 2099 10:00:00 GMT</pubDate>"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")

    (story,) = stories(nw)
    assert (story["day"], story["published_at_source"]) == (clock().date(), "first_seen")


def test_a_link_with_tracking_is_the_same_story_as_one_without(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    site.page("/story?id=1")
    site.page("/story?id=1&utm_source=rss")
    site.feed(site.item("/story?id=1"), site.item("/story?id=1&amp;utm_source=rss"))
    poll(nw, ["site"], "test")
    report = fetch_pending(nw, "test")

    assert [s["canonical_url"] for s in stories(nw)] == [site.url("/story?id=1")]
    assert report.page_outcomes == {"ok": 1, "same_story": 1}


def test_headers_that_are_not_utf_8_cost_neither_the_feed_nor_the_page(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    site.answers["/one"] = (302, {"Location": "/caf\xe9"}, b"")
    site.page("/caf%E9")
    site.page("/two", title="The other board met")
    site.feed(site.item("/one"), site.item("/two"), ETag='"f\xe9vr"')
    assert poll(nw, ["site"], "test").feed_outcomes == {"ok": 1}
    fetch_pending(nw, "test")

    assert sorted(s["canonical_url"] for s in stories(nw)) == [site.url("/caf%E9"), site.url("/two")]


def test_an_address_too_long_for_the_ledger_costs_only_itself(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    long = site.url("/?" + "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(100)))
    site.page("/one", head=f'<link rel="canonical" href="{long}">')
    site.answers["/two"] = (302, {"Location": long}, b"")
    site.page("/three", title="A third board met")
    site.feed(site.item("/one"), site.item("/two"), site.item("/three"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")

    assert sorted(s["canonical_url"] for s in stories(nw)) == [site.url(p) for p in ("/one", "/three", "/two")]
    assert page_outcomes(nw) == {"ok": 2, "bad_redirect": 1}


def test_a_machine_that_is_too_busy_costs_neither_feed_nor_page(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    site.answers["/a"] = (200, {"Content-Type": "text/html"}, ordinary_page().encode())
    site.feed(site.item("/a"))
    with ParserPool(size=1, deadline_seconds=8, memory_bytes=1_000_000_000, patience_seconds=1e-3) as starved:
        busy = replace(nw, parsers=starved)
        assert poll(busy, ["site"], "test").feed_outcomes == {"busy": 1}
        assert feed_row(nw, "site").failure_count == 0
        clock.advance(minutes=20)
        assert poll(nw, ["site"], "test").feed_outcomes == {"ok": 1}
        assert fetch_pending(busy, "test").page_outcomes == {}
    assert values(nw, sa.select(t.entries.c.attempt_count)) == [0]
    clock.advance(minutes=20)
    assert fetch_pending(nw, "test").page_outcomes == {"ok": 1}
