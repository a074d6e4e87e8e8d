"""Coverage: which stretch of time a feed's polls cover, and whether entries may have been missed. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from newswatch.feeds.state import FeedState, GoodPoll, Listing, Window
from newswatch.local_days import ONE_DAY, start_of, whole_days

PINNED_ENTRIES = 2  # kept in a listing by hand for weeks, they prove no unbroken listing
LONGEST_WINDOW = timedelta(days=92)  # an old entry kept at a feed's end does not make it list all since then


def is_gap(state: FeedState, listing: Listing) -> bool:
    """Whether entries may have been lost before this poll: all that is listed is new, but for a pinned one or two."""
    if state.last_new_at is None or not listing.new_count:
        return False
    known_count = len(listing.known_first_seen)
    listed_count = listing.new_count + known_count
    if known_count > PINNED_ENTRIES or 2 * known_count >= listed_count:
        return False
    is_short = listed_count <= 2 * PINNED_ENTRIES + 1  # so that one of its entries is no rare exception
    return not (is_short and any(moment >= state.last_new_at for moment in listing.known_first_seen))


def window_from(listing: Listing) -> datetime | None:
    """How far the new entries of a listing reach back (UTC); None: fewer than two are dated, which prove nothing."""
    return min(unpinned(listing.new_dates)) if len(listing.new_dates) > 1 else None


def unpinned(dates: Sequence[datetime]) -> list[datetime]:
    """The dates in ascending order, without one or two old ones far from all others: such entries are pinned."""
    kept = sorted(dates)
    for _ in range(PINNED_ENTRIES):
        if len(kept) > 1 and kept[1] - kept[0] > max(timedelta(days=1), 3 * (kept[-1] - kept[1])):
            del kept[0]
    return kept


def covered_window(
    state: FeedState, polled_at: datetime, window_from: datetime | None, *, is_unbroken: bool
) -> tuple[datetime, datetime]:
    """The unbroken stretch of time whose entries have all been listed to us, this poll included.

    A poll goes on from the last one if it shows no gap, or lists an entry older than the last poll. It makes the
    stretch longer at its end alone: an old entry that is added to a listing does not bring its neighbours.
    """
    begins = max(min(window_from or polled_at, polled_at), polled_at - LONGEST_WINDOW)
    if state.covered_from is None or state.covered_to is None:
        return begins, polled_at
    if is_unbroken or begins <= state.covered_to:
        return state.covered_from, polled_at
    return begins, polled_at


class Covered(NamedTuple):
    """Since when a covered day is known as such (None: that was not noted), and by what (`via` None: polls)."""

    known_at: datetime | None
    via: str | None = None


def covered_days(windows: Sequence[Window], polls: Sequence[GoodPoll], tz: ZoneInfo) -> dict[date, Covered]:
    """Days of the zone over which one of a feed's windows reaches wholly; polls come before what was listed later.

    `windows`, `polls`: all of the feed's, in order of time. A day is known since the commit of the first poll of that
    window after the day's end, or since its window was.
    """
    covered: dict[date, Covered] = {}
    begin = 0  # of the window's own polls: those after the window before it
    for window in windows:
        if window.via is None:
            for day in whole_days(window.covered_from, window.covered_to, tz):
                first = bisect_left(polls, start_of(day + ONE_DAY, tz), lo=begin, key=attrgetter("polled_at"))
                covered.setdefault(day, Covered(polls[first].committed_at if first < len(polls) else None))
            begin = bisect_right(polls, window.covered_to, key=attrgetter("polled_at"))
    for window in windows:
        if window.via is not None:
            for day in whole_days(window.covered_from, window.covered_to, tz):
                covered.setdefault(day, Covered(window.known_at, window.via))
    return covered
