"""What a poll makes of a feed's state: interval, back-off, validators, learnt moves, gaps, silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch.feeds import coverage, health, schedule
from newswatch.feeds.state import FeedState, Listing, PollFacts, PollPlan
from newswatch.net import retry
from newswatch.net.headers import retry_after_seconds

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)  # a Sunday
URL = "https://news.example/rss"
NEW = FeedState("a", URL)
PLAN = PollPlan(URL, {}, is_full=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def listing(*ages_hours: float, new: int | None = None, known: int = 0, now: datetime = NOW, **extra: Any) -> Listing:
    """Entries of these ages; the first `new` of them are new, `known` were known from a week ago."""
    dates = [now - timedelta(hours=age) for age in ages_hours]
    count = len(dates) if new is None else new
    return Listing(dates, new_dates=dates[:count], new_count=count, known_first_seen=[NOW - 7 * DAY] * known, **extra)


def after(state: FeedState, outcome: str = "ok", **facts: Any) -> FeedState:
    return schedule.after_poll(state, PollFacts(outcome, **{"moment": NOW, "plan": PLAN} | facts))


def polled(**changes: Any) -> FeedState:
    """A feed that was polled well an hour ago, with two entries an hour."""
    known = {
        "etag": '"old"', "last_modified": "then", "body_sha256": "old", "full_at": NOW - HOUR, "polled_at": NOW - HOUR,
        "succeeded_at": NOW - HOUR, "entry_rate": 48.0, "last_new_at": NOW - HOUR, "newest_at": NOW - HOUR,
        "longest_quiet_seconds": 7200.0, "covered_from": NOW - 3 * DAY, "covered_to": NOW - HOUR,
    }  # fmt: skip
    return replace(NEW, **known | changes)


def wait(state: FeedState) -> timedelta:
    assert state.next_due_at
    return state.next_due_at - NOW


# Intervals


@pytest.mark.parametrize(
    ("entries_a_day", "expected"),
    [(400, timedelta(minutes=15)), (24, timedelta(minutes=15)), (6, HOUR), (1, 6 * HOUR), (0.25, DAY), (0.0, DAY)],
)
def test_a_feed_is_polled_four_times_as_often_as_it_publishes(entries_a_day: float, expected: timedelta) -> None:
    assert schedule.interval(entries_a_day) == expected


def test_a_feed_of_unknown_habits_is_polled_at_every_run() -> None:
    assert wait(after(NEW)) == timedelta(minutes=13)
    assert wait(after(NEW, listing=listing())) == timedelta(minutes=13)


def test_the_first_listing_shows_how_much_a_feed_publishes() -> None:
    state = after(NEW, listing=listing(*range(0, 24 * 10, 24)))
    assert state.entry_rate == pytest.approx(1.17, abs=0.01)  # seven entries in the last six days
    assert timedelta(hours=4) < wait(state) < timedelta(hours=6)


def test_an_installation_may_poll_more_often_than_once_a_day() -> None:
    facts = PollFacts("not_modified", NOW, PLAN)
    assert wait(schedule.after_poll(polled(entry_rate=0.01), facts, 2 * HOUR)) == timedelta(minutes=118)


def test_a_feed_that_falls_silent_is_polled_less_and_one_that_wakes_up_more() -> None:
    silent = after(polled(entry_rate=20.0, succeeded_at=NOW - 2 * DAY), "not_modified")
    assert wait(silent) > timedelta(minutes=13)
    awake = after(polled(entry_rate=0.5, succeeded_at=NOW - DAY), listing=listing(1, 2, 3, 4, known=9))
    assert wait(awake) < wait(after(polled(entry_rate=0.5, succeeded_at=NOW - DAY), "not_modified"))


@given(st.lists(st.tuples(st.floats(0.001, 40), st.integers(0, 5000)), min_size=1, max_size=20))
def test_no_history_makes_a_feed_wait_less_than_a_tick_or_more_than_a_day(polls: list[tuple[float, int]]) -> None:
    state, now = NEW, NOW
    for days, count in polls:
        now += timedelta(days=days)
        found = Listing([now] * min(count, 9), [now] * min(count, 9), count, [NOW] * 5)
        state = schedule.after_poll(state, PollFacts("ok", now, PLAN, listing=found))
        assert state.next_due_at
        assert timedelta(minutes=13) <= state.next_due_at - now <= DAY


# What the publisher asks for


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"max_age_seconds": 3600.0}, timedelta(minutes=58)),
        ({"max_age_seconds": 60.0}, timedelta(minutes=13)),
        ({"max_age_seconds": 31536000.0}, timedelta(minutes=598)),  # ten hours: forty times the interval
        ({"listing": listing(1, known=9, ttl_minutes=120)}, timedelta(minutes=118)),
        ({"listing": listing(1, known=9, ttl_minutes=10**6)}, timedelta(minutes=598)),
    ],
)
def test_max_age_and_ttl_are_a_floor_of_the_interval_but_not_while_a_listing_runs_over(
    asked: dict[str, Any], expected: timedelta
) -> None:
    assert wait(after(polled(), **asked)) == expected


def test_no_max_age_or_ttl_is_longer_than_a_day_or_holds_after_a_gap() -> None:
    slow = after(polled(entry_rate=0.3), "not_modified", max_age_seconds=31536000.0)
    assert wait(slow) == DAY - timedelta(minutes=2)
    lost = after(polled(), listing=listing(*range(1, 20)), max_age_seconds=31536000.0)
    assert wait(lost) == timedelta(minutes=13)


def test_a_ttl_holds_for_polls_that_bring_no_document_too() -> None:
    assert wait(after(polled(ttl_minutes=120), "not_modified")) == timedelta(minutes=118)


def test_a_feed_is_not_polled_in_hours_or_on_days_that_it_skips() -> None:
    state = after(polled(), listing=listing(1, known=9, skip_hours=(18, 19, 20)))
    assert state.next_due_at == datetime(2026, 11, 22, 21, tzinfo=UTC)
    state = after(polled(), listing=listing(1, known=9, skip_days=(6,)))
    assert state.next_due_at == datetime(2026, 11, 23, 0, tzinfo=UTC)


def test_a_feed_that_skips_every_hour_is_polled_all_the_same() -> None:
    assert wait(after(polled(), listing=listing(1, known=9, skip_hours=tuple(range(24))))) == timedelta(minutes=13)


# Failures


def test_a_failing_feed_waits_twice_as_long_each_time_up_to_a_day() -> None:
    state, waits = polled(), []
    for _ in range(9):
        state = after(state, "http_500")
        waits.append(round(wait(state) / timedelta(minutes=1)) + 2)
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


@given(st.integers(0, 10_000), st.none() | st.floats(0, 1e300))
def test_no_retry_after_makes_a_feed_wait_longer_than_a_day(failures: int, retry_after: float | None) -> None:
    state = after(polled(failure_count=failures), "http_503", retry_after_seconds=retry_after)
    assert timedelta(minutes=13) <= wait(state) <= DAY


@pytest.mark.parametrize("header", ["9" * 30, "9" * 400, "120", "Sun, 22 Nov 2026 19:00:00 GMT", "soon", "-5", ""])
def test_no_retry_after_that_a_server_can_send_breaks_the_decision(header: str) -> None:
    state = after(polled(), "http_429", retry_after_seconds=retry_after_seconds(header, NOW))
    assert timedelta(minutes=13) <= wait(state) <= DAY


def test_a_retry_after_is_honoured() -> None:
    assert wait(after(polled(), "http_429", retry_after_seconds=7200.0)) == timedelta(minutes=118)


def test_a_gone_feed_is_asked_again_after_a_week() -> None:
    assert wait(after(polled(), "gone")) == timedelta(days=7)


def test_a_paused_host_is_no_failure_of_the_feed() -> None:
    state = after(polled(failure_count=1), "host_paused", retry_after_seconds=3600.0)
    assert (state.failure_count, wait(state)) == (1, timedelta(minutes=58))


@pytest.mark.parametrize("outcome", ["http_404", "not_a_feed", "truncated", "timeout", "gone", "host_paused"])
def test_a_failure_keeps_validators_coverage_and_rate(outcome: str) -> None:
    before = polled()
    state = after(before, outcome, etag='"new"', last_modified="now", body_sha256="new")
    kept = ("etag", "last_modified", "body_sha256", "covered_from", "covered_to", "entry_rate", "last_new_at")
    assert [getattr(state, n) for n in kept] == [getattr(before, n) for n in kept]


# Validators


def test_a_feed_is_asked_with_its_validators_and_once_a_day_without() -> None:
    both = {"If-None-Match": '"old"', "If-Modified-Since": "then"}
    assert schedule.plan_poll(NEW, NOW) == PollPlan(URL, {}, is_full=True)
    assert schedule.plan_poll(polled(), NOW) == PollPlan(URL, both, is_full=False)
    assert schedule.plan_poll(polled(), NOW + 22 * HOUR).headers == both
    assert schedule.plan_poll(polled(), NOW + 23 * HOUR) == PollPlan(URL, {}, is_full=True)
    assert after(polled(full_at=NOW - DAY)).full_at == NOW


def test_a_whole_document_brings_new_validators_and_a_damaged_one_none() -> None:
    fresh = {"etag": '"new"', "last_modified": "now", "body_sha256": "new"}
    whole = after(polled(), listing=listing(1, known=9), **fresh)
    assert (whole.etag, whole.last_modified, whole.body_sha256) == ('"new"', "now", "new")
    damaged = after(polled(), "damaged", listing=listing(1, known=9, is_damaged=True), **fresh)
    assert (damaged.etag, damaged.last_modified, damaged.body_sha256) == ('"old"', "then", "old")


def test_the_same_bytes_under_a_new_tag_bring_that_tag_and_a_304_none() -> None:
    same = after(polled(), "not_modified", etag='"new"', last_modified="now", body_sha256="old")
    assert (same.etag, same.last_modified) == ('"new"', "now")
    assert after(polled(), "not_modified", etag='"new"', body_sha256="hash of nothing").etag == '"old"'


# Moves


def test_a_permanent_redirect_is_learnt_when_it_was_met_three_times_in_a_row() -> None:
    state = polled()
    for _ in range(2):
        state = after(state, "not_modified", moved_to="https://new.example/rss", plan=schedule.plan_poll(state, NOW))
        assert schedule.plan_poll(state, NOW).url == URL
    state = after(state, "not_modified", moved_to="https://new.example/rss", plan=schedule.plan_poll(state, NOW))
    assert schedule.plan_poll(state, NOW).url == "https://new.example/rss"
    assert schedule.plan_poll(state, NOW + DAY).url == URL  # once a day feeds.yaml is believed again


def test_another_goal_or_none_begins_the_count_anew() -> None:
    state = polled(moved_to="https://new.example/rss", moved_count=2)
    assert after(state, "not_modified", moved_to="https://other.example/").moved_count == 1
    assert after(state, "not_modified").moved_to is None


def test_a_learnt_address_stays_while_it_answers_and_is_forgotten_when_it_fails() -> None:
    state = polled(moved_to="https://new.example/rss", moved_count=3)
    plan = schedule.plan_poll(state, NOW)
    assert after(state, "not_modified", plan=plan).moved_count == 3
    failed = after(state, "gone", plan=plan)
    assert (failed.moved_to, wait(failed)) == (None, timedelta(minutes=13))
    assert schedule.plan_poll(failed, NOW).url == URL


# Gaps


def test_a_listing_of_which_nothing_was_known_is_a_gap_and_polled_soon() -> None:
    state = polled(entry_rate=1.0)
    assert coverage.is_gap(state, listing(1, 2, 3))
    assert wait(after(state, listing=listing(1, 2, 3))) == timedelta(minutes=13)
    assert wait(after(state, listing=listing(1, 2, 3, known=3))) > HOUR


def test_a_new_feed_an_empty_one_and_one_with_nothing_new_have_no_gap() -> None:
    assert not coverage.is_gap(NEW, listing(1, 2, 3))
    assert not coverage.is_gap(polled(), listing())
    assert not coverage.is_gap(polled(), listing(1, 2, new=0, known=2))


def test_an_entry_pinned_for_weeks_hides_no_gap() -> None:
    state = polled()
    assert coverage.is_gap(state, listing(1, 2, 3, known=1))
    assert not coverage.is_gap(state, listing(1, 2, 3, known=3))
    assert coverage.is_gap(
        state, replace(listing(*range(20)), known_first_seen=[NOW - HOUR])
    )  # pinned since the last poll


def test_a_listing_of_few_entries_goes_on_where_one_of_the_last_poll_is_left() -> None:
    assert not coverage.is_gap(polled(), replace(listing(1, 2, 3), known_first_seen=[NOW - HOUR]))
    assert not coverage.is_gap(polled(), listing(1, 2, known=2))


def test_an_old_entry_in_a_listing_covers_none_of_the_days_after_it() -> None:
    first = after(NEW, listing=listing(1, 2, 3, 4, 24 * 60))
    assert (first.covered_from, first.covered_to) == (NOW - 4 * HOUR, NOW)
    before = polled()
    pinned = after(before, listing=listing(24 * 60, 1, 2, new=1, known=9))
    assert (pinned.covered_from, pinned.covered_to) == (before.covered_from, NOW)
    only = after(NEW, listing=listing(24 * 30))
    assert (only.covered_from, only.covered_to) == (NOW, NOW)


def test_after_a_gap_the_window_begins_anew_even_where_an_old_entry_is_pinned() -> None:
    old = polled(covered_to=NOW - DAY, last_new_at=NOW - DAY)
    state = after(old, listing=listing(1, 2, 3, 4, 5, 900, new=5, known=1))
    assert (state.covered_from, state.covered_to) == (NOW - 5 * HOUR, NOW)
    later = after(state, listing=listing(0.5, 1, 2, 3, 4, 5, 900, new=1, known=6))
    assert later.covered_from == NOW - 5 * HOUR


# Silence and health


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
        ({"failure_count": 2, "last_outcome": "timeout"}, "well"),
        ({"failure_count": 3, "last_outcome": "timeout"}, "failing"),
        ({"failure_count": 1, "last_outcome": "gone"}, "gone"),
        ({"polled_at": None}, "new"),
    ],
)
def test_a_feeds_condition_is_one_word(changes: dict[str, Any], expected: str) -> None:
    assert health.condition(polled(**changes), NOW) == expected


def test_a_feed_is_back_only_when_a_poll_has_proved_it() -> None:
    assert health.is_back(polled(last_outcome="ok"), NOW)
    assert not health.is_back(polled(last_outcome="host_paused"), NOW)
    assert not health.is_back(polled(last_outcome="http_500", failure_count=1), NOW)


def test_a_page_of_a_host_that_wants_rest_waits_six_hours_at_most() -> None:
    assert retry.paused_until(NOW - HOUR, NOW, None) == NOW + timedelta(minutes=10)
    assert retry.paused_until(NOW - HOUR, NOW, 3600.0) == NOW + HOUR
    assert retry.paused_until(NOW - HOUR, NOW, 1e9) == NOW + 5 * HOUR
    assert retry.paused_until(NOW - 6 * HOUR, NOW, None) is None
