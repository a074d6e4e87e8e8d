"""Decisions: due feeds, waits, windows, days, shards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch import local_days
from newswatch.feeds import coverage, schedule
from newswatch.feeds.state import FeedState
from newswatch.net import retry
from newswatch.net.headers import max_age_seconds, retry_after_seconds

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(days=-600), timedelta(days=600)).map(lambda offset: NOW + offset)
ZONES = st.sampled_from(["UTC", "Europe/Kyiv", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]).map(ZoneInfo)


def test_a_feed_that_was_never_polled_is_due() -> None:
    assert schedule.is_due(None, NOW)
    assert schedule.is_due(NOW, NOW)
    assert not schedule.is_due(NOW + timedelta(seconds=1), NOW)


def test_retry_after_is_understood_in_both_forms() -> None:
    assert retry_after_seconds("120", NOW) == 120
    assert retry_after_seconds("Sun, 22 Nov 2026 19:00:00 GMT", NOW) == 3600
    assert retry_after_seconds("Sun, 22 Nov 2026 17:00:00 GMT", NOW) == 0
    assert retry_after_seconds("soon", NOW) is None
    assert retry_after_seconds(None, NOW) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("max-age=600", 600), ("public, Max-Age=60, x", 60), ('max-age="5"', 5), ("no-cache", 0), ("s-maxage=9", 0)],
)
def test_the_age_that_a_server_states_is_read(header: str, seconds: float) -> None:
    assert max_age_seconds(header) == seconds
    assert max_age_seconds(None) == 0


def test_a_page_gets_three_attempts() -> None:
    assert retry.next_attempt_at(1, NOW) == NOW + timedelta(minutes=10)
    assert retry.next_attempt_at(2, NOW) == NOW + timedelta(minutes=40)
    assert retry.next_attempt_at(3, NOW) is None
    assert retry.next_attempt_at(1, NOW, 3600.0) == NOW + timedelta(hours=1)
    assert retry.next_attempt_at(1, NOW, float("inf")) == NOW + timedelta(days=1)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)), ZONES)
def test_whole_days_are_exactly_those_that_lie_between(begin: datetime, span: timedelta, zone: ZoneInfo) -> None:
    end = begin + span
    days = local_days.whole_days(begin, end, zone)
    near = [begin.astimezone(zone).date() + timedelta(days=n) for n in range(-1, 12)]
    next_day = timedelta(days=1)
    assert days == [
        d for d in near if local_days.start_of(d, zone) >= begin and local_days.start_of(d + next_day, zone) <= end
    ]


@given(MOMENTS, ZONES)
def test_a_moment_lies_in_its_day(moment: datetime, zone: ZoneInfo) -> None:
    day = local_days.day_of(moment, zone)
    assert local_days.start_of(day, zone) <= moment < local_days.start_of(day + timedelta(days=1), zone)


def test_a_day_of_summer_times_end_has_25_hours() -> None:
    zone = ZoneInfo("Europe/Kyiv")
    day = date(2026, 10, 25)
    assert local_days.start_of(day + timedelta(days=1), zone) - local_days.start_of(day, zone) == timedelta(hours=25)


def covered(begin_hours: float, end_hours: float) -> FeedState:
    return FeedState(
        "a", "http://a/", covered_from=NOW - timedelta(hours=begin_hours), covered_to=NOW - timedelta(hours=end_hours)
    )


def test_a_first_poll_covers_from_its_oldest_entry() -> None:
    oldest = NOW - timedelta(hours=30)
    assert coverage.covered_window(FeedState("a", "u"), NOW, oldest, is_unbroken=False) == (oldest, NOW)
    assert coverage.covered_window(FeedState("a", "u"), NOW, None, is_unbroken=False) == (NOW, NOW)


def test_a_poll_without_a_gap_goes_on_from_the_last_one() -> None:
    window = coverage.covered_window(covered(50, 20), NOW, NOW - timedelta(hours=3), is_unbroken=True)
    assert window == (NOW - timedelta(hours=50), NOW)


def test_a_poll_that_reaches_back_before_the_last_one_goes_on_from_it() -> None:
    window = coverage.covered_window(covered(50, 20), NOW, NOW - timedelta(hours=21), is_unbroken=False)
    assert window == (NOW - timedelta(hours=50), NOW)


def test_a_poll_after_a_gap_begins_anew() -> None:
    window = coverage.covered_window(covered(50, 20), NOW, NOW - timedelta(hours=3), is_unbroken=False)
    assert window == (NOW - timedelta(hours=3), NOW)


@given(st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=400)), st.booleans())
def test_a_window_ends_with_the_poll_and_never_begins_after_it(offset: timedelta | None, knew: bool) -> None:
    window_from = None if offset is None else NOW + offset
    begin, end = coverage.covered_window(covered(50, 20), NOW, window_from, is_unbroken=knew)
    assert begin <= end == NOW


@given(st.lists(st.lists(st.integers(0, 999).map(str), min_size=1, max_size=5), max_size=12), st.integers(1, 6))
def test_shards_hold_every_group_whole_and_none_is_empty(groups: list[list[str]], shards: int) -> None:
    groups = [[f"{n}-{item}" for item in group] for n, group in enumerate(groups)]
    lists = schedule.share_out(groups, shards)
    assert sorted(item for shard in lists for item in shard) == sorted(item for group in groups for item in group)
    assert len(lists) <= shards
    assert all(lists)
    for group in groups:
        assert sum(set(group) <= set(shard) for shard in lists) == 1
