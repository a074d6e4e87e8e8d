"""A feed's health in a word, one of CONDITIONS. "Well" needs proof. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from newswatch.feeds.schedule import RATE_MEMORY
from newswatch.feeds.state import REFUSALS, SUCCESSES, FeedState

QUIET_AT_LEAST = timedelta(days=2)  # a weekend is no silence
QUIET_UNKNOWN = timedelta(days=14)  # where a feed has not shown how long it may be quiet
BAD_AFTER = 3  # failures in a row
# The worst first.
CONDITIONS = ("failing", "gone", "refused", "doubtful", "empty", "quiet", "with gaps", "never read", "well")
_NEW_ADDRESS = "`newswatch feeds add {site}` looks for its new address; or take it out of feeds.yaml."
_WAYS_OUT = {
    "failing": f"Where its address opens in a browser, wait: it is tried again. Else {_NEW_ADDRESS}",
    "gone": _NEW_ADDRESS,
    "refused": "Its host lets no program read it, and we never pass for anything else. Ask the publisher: what is "
    "agreed goes into feeds.yaml as `headers` or `auth`. Or take another source of the site, if it has one.",
    "doubtful": "Wait: it is tried again, and counts as failing after three times.",
    "empty": f"Nothing was ever listed there: see in a browser whether it is a feed for readers. Else {_NEW_ADDRESS}",
    "quiet": f"Has the outlet gone quiet too, wait. Else {_NEW_ADDRESS}",
    "never read": "Wait for its first poll.",
    "well": "",
}


def is_quiet(state: FeedState, now: datetime) -> bool:
    """Whether the feed answers and has listed nothing new for longer than it ever did."""
    if state.newest_at is None or state.failure_count:
        return False
    longest_seconds = state.longest_quiet_seconds
    usual = QUIET_UNKNOWN if longest_seconds is None else max(timedelta(seconds=longest_seconds), QUIET_AT_LEAST)
    return now - state.newest_at > usual


def condition(state: FeedState, now: datetime, gap_count: int = 0) -> str:
    """The feed's health, one of CONDITIONS. "Well" is one whose last poll succeeded, and lately.

    A wall is one at once where nothing was ever read behind it, else as soon as a failure is one.
    `gap_count`: of the polls that are looked at, those before which entries may have been lost.
    """
    if state.last_outcome == "gone":
        return "gone"
    is_settled = state.failure_count >= BAD_AFTER
    if state.last_outcome in REFUSALS and (is_settled or state.succeeded_at is None):
        return "refused"
    if is_settled:
        return "failing"
    if state.succeeded_at is None:
        return "never read"
    if state.failure_count:
        return "doubtful"
    if state.newest_at is None:
        return "empty"
    if is_quiet(state, now):
        return "quiet"
    return "with gaps" if gap_count else "well"


def way_out(state: FeedState, now: datetime) -> str:
    """What is to be done about the feed's condition, in one line; "": nothing."""
    found = condition(state, now)
    if found == "never read" and state.failure_count:
        found = "failing"
    return _WAYS_OUT[found].format(site=urlsplit(state.url).netloc)


def measured_rate(state: FeedState, now: datetime) -> float | None:
    """Entries a day, where that is more than a guess: of a feed without dates only what the polls of some days brought.

    None: not known yet.
    """
    is_undated = state.newest_at is None or state.newest_at == state.last_new_at
    if is_undated and (state.covered_from is None or now - state.covered_from < RATE_MEMORY):
        return None
    return state.entry_rate


def is_back(state: FeedState, now: datetime) -> bool:
    """Whether the feed is well beyond doubt: one failure, or a paused host, neither makes it bad nor proves it well."""
    return state.last_outcome in SUCCESSES and condition(state, now) == "well"
