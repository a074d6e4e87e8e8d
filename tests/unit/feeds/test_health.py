"""A feed's silence and its condition in one word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from feed_states import DAY, HOUR, NEW, NOW, PLAN, after, listing, polled

from newswatch.feeds import health, schedule
from newswatch.feeds.state import PollFacts


def test_a_feed_is_quiet_when_nothing_came_for_longer_than_ever() -> None:
    state = polled(newest_at=NOW - 3 * DAY, longest_quiet_seconds=timedelta(days=4).total_seconds())
    assert not health.is_quiet(state, NOW)
    assert health.is_quiet(state, NOW + 2 * DAY)
    assert health.condition(state, NOW + 2 * DAY) == "quiet"


def test_a_weekend_is_no_silence_and_a_feed_with_one_entry_gets_two_weeks() -> None:
    assert not health.is_quiet(polled(newest_at=NOW - 2 * DAY, longest_quiet_seconds=60.0), NOW)
    assert not health.is_quiet(polled(newest_at=NOW - 13 * DAY, longest_quiet_seconds=None), NOW)
    assert health.is_quiet(polled(newest_at=NOW - 15 * DAY, longest_quiet_seconds=None), NOW)


def test_the_first_listing_shows_how_long_a_feed_may_be_quiet_and_later_ones_add_to_it() -> None:
    state = after(NEW, listing=listing(1, 2, 74, 75, 2000))
    assert (state.newest_at, state.longest_quiet_seconds) == (NOW - HOUR, 72 * 3600)  # the oldest is pinned
    later = NOW + 5 * DAY
    found = listing(1, known=3, now=later)
    state = schedule.after_poll(state, PollFacts("ok", later, PLAN, listing=found))
    assert state.longest_quiet_seconds == 5 * 24 * 3600


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "well"),
        ({"failure_count": 2, "last_outcome": "timeout"}, "doubtful"),
        ({"failure_count": 1, "last_outcome": "not_a_feed", "succeeded_at": None}, "never read"),
        ({"failure_count": 3, "last_outcome": "timeout", "succeeded_at": None}, "failing"),
        ({"failure_count": 3, "last_outcome": "timeout"}, "failing"),
        ({"failure_count": 1, "last_outcome": "gone"}, "gone"),
        ({"failure_count": 3, "last_outcome": "http_403"}, "refused"),
        ({"failure_count": 2, "last_outcome": "http_403"}, "doubtful"),
        ({"failure_count": 1, "last_outcome": "bot_check", "succeeded_at": None}, "refused"),
        ({"failure_count": 1, "last_outcome": "http_401", "succeeded_at": None}, "refused"),
        ({"polled_at": None, "succeeded_at": None}, "never read"),
        ({"newest_at": None, "last_new_at": None}, "empty"),
        ({"newest_at": None, "last_new_at": None, "failure_count": 1, "last_outcome": "timeout"}, "doubtful"),
    ],
)
def test_a_feeds_condition_is_one_word(changes: dict[str, Any], expected: str) -> None:
    assert health.condition(polled(**changes), NOW) == expected


def test_a_well_feed_with_a_hole_in_what_was_read_says_so() -> None:
    assert health.condition(polled(), NOW, gap_count=1) == "with gaps"
    assert health.condition(polled(failure_count=1, last_outcome="timeout"), NOW, gap_count=1) == "doubtful"


def test_a_feed_is_back_only_when_a_poll_has_proved_it() -> None:
    assert health.is_back(polled(last_outcome="ok"), NOW)
    assert not health.is_back(polled(last_outcome="host_paused"), NOW)
    assert not health.is_back(polled(last_outcome="http_500", failure_count=1), NOW)


def test_a_guess_is_no_measured_rate() -> None:
    undated = after(NEW, listing=listing(new=0))
    assert (undated.entry_rate, health.measured_rate(undated, NOW)) == (schedule.UNKNOWN_RATE, None)
    brought = after(NEW, listing=replace(listing(), new_count=12))
    assert health.measured_rate(brought, NOW + 2 * DAY) is None
    assert health.measured_rate(brought, NOW + 3 * DAY) == brought.entry_rate
    dated = after(NEW, listing=listing(5, 30, 80))
    assert health.measured_rate(dated, NOW) == dated.entry_rate == pytest.approx(0.9, abs=0.01)
    assert health.measured_rate(NEW, NOW) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"last_outcome": "gone"}, "feeds add example.com"),
        ({"failure_count": 3}, "feeds add example.com"),
        ({"failure_count": 1}, "Wait"),
        ({"succeeded_at": None, "failure_count": 1}, "feeds add example.com"),
        ({"succeeded_at": None}, "Wait for its first poll"),
        ({"newest_at": NOW - 40 * DAY}, "feeds add example.com"),
        ({"newest_at": None}, "feeds add example.com"),
    ],
)
def test_each_bad_condition_says_what_to_do(changes: dict[str, Any], words: str) -> None:
    assert words in health.way_out(replace(polled(), url="https://example.com/feed.xml", **changes), NOW)


def test_a_feed_that_is_well_asks_for_nothing() -> None:
    assert health.way_out(polled(), NOW) == ""
