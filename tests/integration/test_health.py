"""Feed health: what the polls show of each feed, and notices that come once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ask import feed_row, last_poll, rows
from clocks import Clock
from web_site import Site

from newsroom.server import Newsroom
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    FeedHealth,
    Newswatch,
    Notice,
    Reader,
    build_day,
    fetch_pending,
    outcome_words,
    poll,
    watch_feeds,
)


def health(nw: Newswatch) -> dict[str, FeedHealth]:
    reader = Reader(nw.settings)
    try:
        return {feed.feed_id: feed for feed in reader.health(nw.clock())}
    finally:
        reader.close()


def item(site: Site, number: int) -> str:
    return str(site.item(f"/{number}", f"<guid>{number}</guid>"))


def test_every_feed_of_the_list_is_shown_those_in_trouble_first(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    newsroom.fail("ledger", 500)
    for _ in range(3):
        poll(nw, list(nw.feeds), "test")
        clock.advance(hours=1)
    shown = health(nw)

    assert set(shown) == set(nw.feeds)
    assert [f for f, h in shown.items() if h.condition == "failing"] == ["vale-ledger", "svodka-culture"]
    assert next(iter(shown.values())).condition == "failing"
    assert shown["tidewater-archive"].condition == "gone"
    assert shown["vale-ledger"].failures == {"http_500": 3}
    assert "answered 500" in shown["vale-ledger"].detail
    good = shown["northgate-wire"]
    assert (good.condition, good.failures, good.poll_count) == ("well", {}, 3)
    assert sum(count for _, count in good.new_entries) == 9
    assert good.new_entries[-1][0] == clock().date()


def test_a_feed_that_was_never_polled_is_never_read(nw: Newswatch) -> None:
    assert {h.condition for h in health(nw).values()} == {"never read"}


def test_a_gap_is_recorded_polled_sooner_and_shown(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    site.feed(*(item(site, n) for n in range(1, 5)))
    poll(nw, ["site"], "test")
    clock.advance(days=3)
    site.feed(*(item(site, n) for n in range(3, 7)))
    poll(nw, ["site"], "test")
    assert not last_poll(nw, "site").is_gap
    clock.advance(days=3)
    site.feed(*(item(site, n) for n in range(20, 24)))
    poll(nw, ["site"], "test")

    assert last_poll(nw, "site").is_gap
    assert feed_row(nw, "site").next_due_at == clock() + timedelta(minutes=13)
    assert (health(nw)["site"].gap_count, health(nw)["site"].condition) == (1, "with gaps")
    built = build_day(nw, clock().date())
    assert built.story_count == 0
    reader = Reader(nw.settings)
    (day,) = reader.table("feed_days", clock().date())
    reader.close()
    assert (day["gap_count"], day["poll_count"], day["last_success_at"]) == (1, 1, clock())


def test_a_feed_that_lists_nothing_is_empty_until_it_does(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    nw = make_newswatch(site_config)
    site.feed()
    poll(nw, ["site"], "test")
    assert health(nw)["site"].condition == "empty"
    site.feed(item(site, 1))
    poll(nw, ["site"], "test")
    assert health(nw)["site"].condition == "well"


def test_far_dates_of_a_feeds_first_listing_are_no_fault_of_it(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    far = '<meta property="article:published_time" content="2024-01-05T10:00:00Z">'
    for first, expected in ((1, 0), (3, 0), (5, 2)):  # on the first two days, and after them
        for number in (first, first + 1):
            site.page(f"/{number}", far, title=f"Story {number}")
        site.feed(*(item(site, n) for n in range(1, first + 2)))
        poll(nw, ["site"], "test")
        assert fetch_pending(nw, "test").page_outcomes == {"far_date": 2}
        assert health(nw)["site"].far_date_count == expected
        clock.advance(days=1)


def test_a_feed_that_is_back_with_a_gap_is_told_of_once(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    nw, told = make_newswatch(site_config), []
    site.feed(*(item(site, n) for n in range(1, 5)))
    poll(nw, ["site"], "test")
    site.answers["/feed"] = (500, {}, b"")
    for _ in range(3):
        clock.advance(hours=3)
        poll(nw, ["site"], "test")
    watch_feeds(nw, told.extend)
    site.feed(*(item(site, n) for n in range(20, 24)))
    for _ in range(3):
        clock.advance(hours=3)
        poll(nw, ["site"], "test")
        watch_feeds(nw, told.extend)
    assert health(nw)["site"].condition == "with gaps"
    assert [notice.condition for notice in told] == ["failing", "well"]


def test_one_who_watches_is_told_once_when_a_feed_turns_bad_and_once_when_it_is_back(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    told: list[tuple[str, str]] = []

    def tell(notices: Any) -> None:
        told.extend((n.feed_id, n.condition) for n in notices)

    def hours(count: int) -> list[tuple[str, str]]:
        told.clear()
        for _ in range(count):
            poll(nw, ["khvylia", "tidewater-archive"], "test")
            watch_feeds(nw, tell)
            clock.advance(hours=1)
        return list(told)

    assert hours(1) == [("tidewater-archive", "gone")]
    newsroom.fail("khvylia", 500)
    assert hours(2) == []
    assert hours(4) == [("khvylia", "failing")]
    newsroom.fail("khvylia", None)
    assert hours(3) == [("khvylia", "well")]


def test_a_gone_feed_is_not_back_because_it_fails_in_another_way(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    told: list[Notice] = []
    for status in (None, 500, None, 503):
        newsroom.fail("tidewater", status, "/old/rss.xml")
        poll(nw, ["tidewater-archive"], "test")
        watch_feeds(nw, told.extend)
        clock.advance(days=8)
    assert [n.condition for n in told] == ["gone"]


def test_a_notice_that_did_not_get_through_is_told_again(nw: Newswatch) -> None:
    def fails(_: Any) -> None:
        raise RuntimeError("no mail today")

    poll(nw, ["tidewater-archive"], "test")
    with pytest.raises(RuntimeError):
        watch_feeds(nw, fails)
    told: list[Notice] = []
    assert [n.feed_id for n in watch_feeds(nw, told.extend)] == ["tidewater-archive"]
    assert [n.condition for n in told] == ["gone"]
    assert rows(nw, sa.select(t.feeds.c.told_condition).where(t.feeds.c.feed_id == "tidewater-archive")) == [("gone",)]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("not_a_feed", "a 200 that is no feed"),
        ("http_503", "the server's status 503"),
        ("unreadable", "no reader, ours included, made anything of it"),
        ("of_tomorrow", "of_tomorrow"),  # another version's
    ],
)
def test_an_outcome_is_said_in_the_dictionarys_words(outcome: str, words: str) -> None:
    assert outcome_words(outcome) == words
