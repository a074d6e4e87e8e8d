"""What a poll makes of a feed's state: interval, back-off, validators, learnt moves; and which feeds are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from feed_states import DAY, HOUR, NEW, NOW, PLAN, URL, after, listing, polled, wait
from hypothesis import given
from hypothesis import strategies as st

from newswatch.feeds import schedule
from newswatch.feeds.state import Listing, PollFacts, PollPlan
from newswatch.net.headers import retry_after_seconds

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


def test_that_we_are_too_busy_is_no_failure_of_the_feed() -> None:
    state = after(polled(failure_count=2), "busy")
    assert (state.failure_count, wait(state)) == (2, timedelta(minutes=13))


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


# Who is due, and in whose hands


def test_a_feed_that_was_never_polled_is_due() -> None:
    assert schedule.is_due(None, NOW)
    assert schedule.is_due(NOW, NOW)
    assert not schedule.is_due(NOW + timedelta(seconds=1), NOW)


@given(st.lists(st.lists(st.integers(0, 999).map(str), min_size=1, max_size=5), max_size=12), st.integers(1, 6))
def test_shards_hold_every_group_whole_and_none_is_empty(groups: list[list[str]], shards: int) -> None:
    groups = [[f"{n}-{item}" for item in group] for n, group in enumerate(groups)]
    lists = schedule.share_out(groups, shards)
    assert sorted(item for shard in lists for item in shard) == sorted(item for group in groups for item in group)
    assert len(lists) <= shards
    assert all(lists)
    for group in groups:
        assert sum(set(group) <= set(shard) for shard in lists) == 1


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([timedelta(days=n) for n in range(8, 78, 2)], 35 / 90),  # nothing in the last week: by its last months
        ([timedelta(days=400)], 1 / 90),
        ([timedelta(days=1), timedelta(days=40)], 2 / 90),
        ([timedelta(hours=h) for h in (12, 24, 36, 48)], 2.0),
        ([], schedule.UNKNOWN_RATE),
    ],
)
def test_a_feeds_first_rate_is_what_its_listing_shows(ages: list[timedelta], expected: float) -> None:
    listed = replace(listing(), dates=[NOW - age for age in ages])
    assert after(NEW, listing=listed).entry_rate == pytest.approx(expected)
