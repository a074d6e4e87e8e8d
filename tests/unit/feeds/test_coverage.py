"""The window that a feed's listings cover, and the gaps in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from feed_states import DAY, HOUR, NEW, NOW, after, listing, polled, wait
from hypothesis import given
from hypothesis import strategies as st

from newswatch.feeds import coverage
from newswatch.feeds.coverage import Covered
from newswatch.feeds.state import FeedState, GoodPoll, Window


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


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_days_of_a_zone_are_covered_by_one_window_alone_since_the_first_of_its_polls_after_their_end() -> None:
    windows = [Window(at(1, 22), at(4, 12)), Window(at(4, 20), at(7, 3))]  # between them entries may be missing
    polls = [GoodPoll(moment, moment + timedelta(minutes=1)) for moment in (at(4, 9), at(4, 12), at(7, 1), at(7, 3))]
    found = coverage.covered_days(windows, polls, ZoneInfo("UTC"))
    assert found == {
        date(2026, 11, 2): Covered(at(4, 9, 1)),
        date(2026, 11, 3): Covered(at(4, 9, 1)),
        date(2026, 11, 5): Covered(at(7, 1, 1)),
        date(2026, 11, 6): Covered(at(7, 1, 1)),
    }
    kyiv = coverage.covered_days(windows, polls, ZoneInfo("Europe/Kyiv"))
    assert sorted(day.day for day in kyiv) == [2, 3, 5, 6]
    auckland = coverage.covered_days(windows, polls, ZoneInfo("Pacific/Auckland"))  # thirteen hours before UTC
    assert sorted(day.day for day in auckland) == [3, 4, 6]
    unnoted = Covered(None)
    without_polls = coverage.covered_days(windows[:1], [], ZoneInfo("UTC"))
    assert without_polls == {date(2026, 11, 2): unnoted, date(2026, 11, 3): unnoted}
    assert coverage.covered_days([], polls, ZoneInfo("UTC")) == {}


def test_what_a_list_of_the_past_covers_comes_after_what_polls_cover_and_ends_no_window_of_theirs() -> None:
    windows = [
        Window(at(1, 0), at(3, 0), at(20, 9), "sitemap"),
        Window(at(2, 0), at(6, 0)),
        Window(at(3, 0), at(4, 0), at(21, 9), "wordpress"),
    ]
    polls = [GoodPoll(at(3, 1), at(3, 1)), GoodPoll(at(5, 1), at(5, 1)), GoodPoll(at(6, 0), at(6, 0))]
    assert coverage.covered_days(windows, polls, ZoneInfo("UTC")) == {
        date(2026, 11, 1): Covered(at(20, 9), "sitemap"),
        date(2026, 11, 2): Covered(at(3, 1)),
        date(2026, 11, 3): Covered(at(5, 1)),
        date(2026, 11, 4): Covered(at(5, 1)),
        date(2026, 11, 5): Covered(at(6, 0)),
    }
