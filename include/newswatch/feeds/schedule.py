"""The polling schedule: from a feed's state and how a poll ended to the next request and its time (UTC). Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from newswatch.feeds.coverage import covered_window, is_gap, unpinned, window_from
from newswatch.feeds.state import SUCCESSES, FeedState, Listing, PollFacts, PollPlan

POLL_INTERVAL = timedelta(minutes=15)
SLACK = timedelta(minutes=2)  # the scheduler's tick may come a little before the interval is over
LONGEST_INTERVAL = timedelta(days=1)
GONE_INTERVAL = timedelta(days=7)
FULL_EVERY = timedelta(days=1)  # some servers answer 304 whatever has changed
POLLS_AN_ENTRY = 4  # so that an entry waits a quarter of the usual time between two of them at most
SLOW_SPAN = timedelta(days=90)  # by which a feed is judged that listed no two entries in a week
UNKNOWN_RATE = 24.0  # entries a day, until a feed has shown its own: the shortest interval
SHORTEST_LISTING = 10  # entries that nearly every feed lists
RATE_MEMORY = timedelta(days=3)
MOVES_TO_LEARN = 3


def is_due(next_due_at: datetime | None, now: datetime) -> bool:
    """Whether a feed is to be polled now; one that never was (None) is."""
    return next_due_at is None or next_due_at <= now


def plan_poll(state: FeedState, now: datetime) -> PollPlan:
    """The next request: with the last good poll's validators (RFC 9110, section 13.1), once a day without.

    It goes to the address that permanent redirects taught; without validators, to the one that feeds.yaml states.
    """
    is_full = state.full_at is None or now - state.full_at >= FULL_EVERY - SLACK
    headers = {}
    if not is_full and state.etag:
        headers["If-None-Match"] = state.etag
    if not is_full and state.last_modified:
        headers["If-Modified-Since"] = state.last_modified
    is_learnt = state.moved_count >= MOVES_TO_LEARN and not is_full
    return PollPlan(state.moved_to if is_learnt and state.moved_to else state.url, headers, is_full)


def after_poll(state: FeedState, facts: PollFacts, longest: timedelta = LONGEST_INTERVAL) -> FeedState:
    """The feed's state once a poll has ended. Validators change only with a whole body that was understood."""
    after = replace(state, polled_at=facts.moment, last_outcome=facts.outcome, last_detail=facts.detail)
    if facts.outcome not in SUCCESSES:
        return _after_failure(after, facts)
    after = replace(after, succeeded_at=facts.moment, failure_count=0)
    moved_to, moved_count = _learnt_redirect(state, facts)
    after = replace(after, moved_to=moved_to, moved_count=moved_count)
    if facts.plan.is_full:
        after = replace(after, full_at=facts.moment)
    is_unbroken = facts.listing is None or not is_gap(state, facts.listing)
    begins_at = window_from(facts.listing) if facts.listing else None
    begin, end = covered_window(state, facts.moment, begins_at, is_unbroken=is_unbroken)
    after = replace(after, covered_from=begin, covered_to=end, entry_rate=_entry_rate(state, facts))
    if facts.listing:
        after = _after_listing(after, facts, facts.listing)
    if facts.body_sha256 == after.body_sha256:  # the whole document, this time or when it was read
        after = replace(after, etag=facts.etag, last_modified=facts.last_modified)
    wait = _at_publishers_pace(after, facts, interval(after.entry_rate, longest)) if is_unbroken else POLL_INTERVAL
    return replace(after, next_due_at=_not_skipped(after, facts.moment + wait - SLACK))


def _after_failure(state: FeedState, facts: PollFacts) -> FeedState:
    """A failure doubles the interval up to a day, never for good. A learnt address that fails is forgotten."""
    now = facts.moment
    asked = timedelta(seconds=min(facts.retry_after_seconds or 0.0, LONGEST_INTERVAL.total_seconds()))
    if facts.outcome in ("host_paused", "busy"):  # the feed was not asked, or we were too slow to read it
        return replace(state, next_due_at=now + max(asked, POLL_INTERVAL) - SLACK)
    failures = state.failure_count + 1
    state = replace(state, failure_count=failures, moved_to=None, moved_count=0)
    if facts.plan.url != state.url:
        return replace(state, next_due_at=now + POLL_INTERVAL - SLACK)
    if facts.outcome == "gone":
        return replace(state, next_due_at=now + GONE_INTERVAL)
    wait = min(POLL_INTERVAL * (1 << min(failures - 1, 7)), LONGEST_INTERVAL)
    return replace(state, next_due_at=now + max(wait, asked) - SLACK)


def _after_listing(state: FeedState, facts: PollFacts, listing: Listing) -> FeedState:
    """What a parsed document teaches: its hash if it is whole, the publisher's floor, how long it may be quiet."""
    newest = max(listing.dates, default=facts.moment if listing.new_count else None)
    quiet = state.longest_quiet_seconds
    if state.newest_at is None:
        gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(unpinned(listing.dates))]
        quiet = max(gaps, default=None)
    elif newest and newest > state.newest_at:
        quiet = max(quiet or 0.0, (newest - state.newest_at).total_seconds())
    return replace(
        state,
        body_sha256=state.body_sha256 if listing.is_damaged else facts.body_sha256,
        last_new_at=facts.moment if listing.new_count else state.last_new_at,
        newest_at=max(filter(None, (state.newest_at, newest)), default=None),
        longest_quiet_seconds=quiet,
        ttl_minutes=listing.ttl_minutes,
        skip_hours=list(listing.skip_hours),
        skip_days=list(listing.skip_days),
    )


def _learnt_redirect(state: FeedState, facts: PollFacts) -> tuple[str | None, int]:
    """A permanent redirect is learnt once it has been met several times in a row (RFC 9110, section 15.4.2)."""
    if facts.moved_to is None:
        is_learnt = facts.plan.url != state.url  # the learnt address answered by itself
        return (state.moved_to, state.moved_count) if is_learnt else (None, 0)
    return facts.moved_to, state.moved_count + 1 if facts.moved_to == state.moved_to else 1


def _entry_rate(state: FeedState, facts: PollFacts) -> float | None:
    """Entries a day: at first by the dates that the feed lists, then by what each poll brought, older ones fading."""
    new = facts.listing.new_count if facts.listing else 0
    if state.succeeded_at is None or state.entry_rate is None:
        return _listed_rate(facts.listing.dates if facts.listing else (), facts.moment)
    days = max((facts.moment - state.succeeded_at) / timedelta(days=1), 1e-4)
    weight = math.exp(-days / (RATE_MEMORY / timedelta(days=1)))
    return weight * state.entry_rate + (1 - weight) * new / days


def _listed_rate(dates: Sequence[datetime], now: datetime) -> float:
    """Entries a day by the dates of a listing: of its last week, else of its last months; undated, UNKNOWN_RATE."""
    week = [date for date in dates if date > now - timedelta(days=7)]
    days = (now - min(week)) / timedelta(days=1) if week else 0.0
    if len(week) > 1:
        return len(week) / days if days > 0.04 else UNKNOWN_RATE
    if not dates:
        return UNKNOWN_RATE
    return max(1, sum(date > now - SLOW_SPAN for date in dates)) / (SLOW_SPAN / timedelta(days=1))


def interval(entry_rate: float | None, longest: timedelta = LONGEST_INTERVAL) -> timedelta:
    """Between two polls: a quarter of the usual time between two entries, from 15 minutes to `longest`.

    `entry_rate`: entries a day; None: not known yet.
    """
    rate = UNKNOWN_RATE if entry_rate is None else max(entry_rate, 1e-6)
    days = 1 / (rate * POLLS_AN_ENTRY)
    return max(POLL_INTERVAL, min(timedelta(days=min(days, 400.0)), longest))


def _at_publishers_pace(state: FeedState, facts: PollFacts, wait: timedelta) -> timedelta:
    """Not before the publisher's max-age or ttl; but a day at most, and no longer than ten entries take to come.

    Some servers state a month for a feed that lists twenty entries and brings them in three hours.
    """
    asked = timedelta(seconds=max(facts.max_age_seconds, (state.ttl_minutes or 0) * 60.0))
    safe = interval(state.entry_rate, LONGEST_INTERVAL) * POLLS_AN_ENTRY * SHORTEST_LISTING
    return max(wait, min(asked, LONGEST_INTERVAL, safe))


def _not_skipped(state: FeedState, due: datetime) -> datetime:
    """The moment, or the first one after it in an hour and on a day that the feed does not skip."""
    hour = due.replace(minute=0, second=0, microsecond=0)
    for _ in range(24 * 7):
        if hour.hour not in (state.skip_hours or ()) and hour.weekday() not in (state.skip_days or ()):
            return max(due, hour)
        hour += timedelta(hours=1)
    return due  # a feed that skips every hour of the week says nothing


def share_out(groups: list[list[str]], shards: int) -> list[list[str]]:
    """Distribute whole groups over at most `shards` lists of like length, the largest group first; no list is empty."""
    lists: list[list[str]] = [[] for _ in range(shards)]
    for group in sorted(groups, key=lambda g: (-len(g), g)):
        min(lists, key=len).extend(group)
    return [items for items in lists if items]
