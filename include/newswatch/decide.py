"""Decisions without a socket or a database: from state, clock and settings to what is to be done."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

POLL_INTERVAL = timedelta(minutes=15)
SLACK = timedelta(minutes=2)  # the scheduler's tick may come a little before the interval is over
LONGEST_INTERVAL = timedelta(days=1)
GONE_INTERVAL = timedelta(days=7)
FULL_EVERY = timedelta(days=1)  # some servers answer 304 whatever has changed
POLLS_AN_ENTRY = 4  # so that an entry waits a quarter of the usual time between two of them at most
UNKNOWN_RATE = 24.0  # entries a day, until a feed has shown its own: the shortest interval
SHORTEST_LISTING = 10  # entries that nearly every feed lists
RATE_MEMORY = timedelta(days=3)
MOVES_TO_LEARN = 3
PINNED_ENTRIES = 2  # kept in a listing by hand for weeks, they prove no unbroken listing
LONGEST_WINDOW = timedelta(days=92)  # an old entry kept at a feed's end does not make it list all since then
QUIET_AT_LEAST = timedelta(days=2)  # a weekend is no silence
QUIET_UNKNOWN = timedelta(days=14)  # where a feed has not shown how long it may be quiet
BAD_AFTER = 3  # failures in a row
MAX_PAGE_ATTEMPTS = 3
PAGE_PATIENCE = timedelta(hours=6)  # with a host that asks for rest again and again
SUCCESSES = frozenset({"ok", "not_modified", "damaged"})


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the ledger remembers of a feed; all None before its first poll."""

    feed_id: str
    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    full_at: datetime | None = None  # the last poll that sent no validators
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    next_due_at: datetime | None = None
    failure_count: int = 0  # in a row
    last_outcome: str | None = None
    covered_from: datetime | None = None
    covered_to: datetime | None = None
    entry_rate: float | None = None  # entries a day
    last_new_at: datetime | None = None  # the last poll that brought a new entry
    newest_at: datetime | None = None  # publication of the newest entry, or the poll that brought it undated
    longest_quiet_seconds: float | None = None  # between two entries
    ttl_minutes: int | None = None
    skip_hours: Sequence[int] | None = None  # GMT
    skip_days: Sequence[int] | None = None  # Monday 0
    moved_to: str | None = None  # where permanent redirects led
    moved_count: int = 0  # polls in a row that were led there
    last_detail: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a parsed feed document lists, in the light of what was known of the feed."""

    dates: Sequence[datetime]  # credible publication times, in any order
    new_dates: Sequence[datetime]  # those of the entries that are new
    new_count: int
    known_first_seen: Sequence[datetime]  # of the listed entries that were known
    is_damaged: bool = False
    ttl_minutes: int | None = None
    skip_hours: Sequence[int] = ()
    skip_days: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class PollPlan:
    """How to ask: the learnt address or the configured one, with or without the validators of the last good poll."""

    url: str
    headers: dict[str, str]
    is_full: bool


@dataclass(frozen=True, slots=True)
class PollFacts:
    """How one poll ended. `listing` None: nothing was parsed."""

    outcome: str
    moment: datetime
    plan: PollPlan
    retry_after_seconds: float | None = None
    max_age_seconds: float = 0.0
    moved_to: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    listing: Listing | None = None
    detail: str = ""


def is_due(next_due_at: datetime | None, now: datetime) -> bool:
    return next_due_at is None or next_due_at <= now


def plan_poll(state: FeedState, now: datetime) -> PollPlan:
    """Ask with the last good poll's validators (RFC 9110, section 13.1); once a day without, where feeds.yaml says."""
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
    moved_to, moved_count = _move(state, facts)
    after = replace(after, moved_to=moved_to, moved_count=moved_count)
    if facts.plan.is_full:
        after = replace(after, full_at=facts.moment)
    is_unbroken = facts.listing is None or not is_gap(state, facts.listing)
    window_from = _window_from(facts.listing) if facts.listing else None
    begin, end = covered_window(state, facts.moment, window_from, is_unbroken=is_unbroken)
    after = replace(after, covered_from=begin, covered_to=end, entry_rate=_rate(state, facts))
    if facts.listing:
        after = _after_listing(after, facts, facts.listing)
    if facts.body_sha256 == after.body_sha256:  # the whole document, this time or when it was read
        after = replace(after, etag=facts.etag, last_modified=facts.last_modified)
    wait = _publishers_wait(after, facts, interval(after.entry_rate, longest)) if is_unbroken else POLL_INTERVAL
    return replace(after, next_due_at=_not_skipped(after, facts.moment + wait - SLACK))


def _after_failure(state: FeedState, facts: PollFacts) -> FeedState:
    """A failure doubles the interval up to a day, never for good. A learnt address that fails is forgotten."""
    now = facts.moment
    asked = timedelta(seconds=min(facts.retry_after_seconds or 0.0, LONGEST_INTERVAL.total_seconds()))
    if facts.outcome == "host_paused":  # the feed itself was not asked
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
        gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(_unpinned(listing.dates))]
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


def _move(state: FeedState, facts: PollFacts) -> tuple[str | None, int]:
    """A permanent redirect is learnt once it has been met several times in a row (RFC 9110, section 15.4.2)."""
    if facts.moved_to is None:
        is_learnt = facts.plan.url != state.url  # the learnt address answered by itself
        return (state.moved_to, state.moved_count) if is_learnt else (None, 0)
    return facts.moved_to, state.moved_count + 1 if facts.moved_to == state.moved_to else 1


def is_gap(state: FeedState, listing: Listing) -> bool:
    """Whether entries may have been lost before this poll: all that is listed is new, but for a pinned one or two."""
    if state.last_new_at is None or not listing.new_count:
        return False
    known = len(listing.known_first_seen)
    listed = listing.new_count + known
    if known > PINNED_ENTRIES or 2 * known >= listed:
        return False
    is_short = listed <= 2 * PINNED_ENTRIES + 1  # so that one of its entries is no rare exception
    return not (is_short and any(moment >= state.last_new_at for moment in listing.known_first_seen))


def _window_from(listing: Listing) -> datetime | None:
    """How far the new entries of a listing reach back; a single one proves nothing."""
    return min(_unpinned(listing.new_dates)) if len(listing.new_dates) > 1 else None


def _unpinned(dates: Sequence[datetime]) -> list[datetime]:
    """The dates in order, without one or two old ones that stand far from all others: such entries are pinned."""
    kept = sorted(dates)
    for _ in range(PINNED_ENTRIES):
        if len(kept) > 1 and kept[1] - kept[0] > max(timedelta(days=1), 3 * (kept[-1] - kept[1])):
            del kept[0]
    return kept


def _rate(state: FeedState, facts: PollFacts) -> float | None:
    """Entries a day: at first by the dates that the feed lists, then by what each poll brought, older ones fading."""
    new = facts.listing.new_count if facts.listing else 0
    if state.succeeded_at is None or state.entry_rate is None:
        week = [d for d in facts.listing.dates if d > facts.moment - timedelta(days=7)] if facts.listing else []
        days = (facts.moment - min(week)) / timedelta(days=1) if week else 0.0
        return len(week) / days if len(week) > 1 and days > 0.04 else UNKNOWN_RATE
    days = max((facts.moment - state.succeeded_at) / timedelta(days=1), 1e-4)
    weight = math.exp(-days / (RATE_MEMORY / timedelta(days=1)))
    return weight * state.entry_rate + (1 - weight) * new / days


def interval(entry_rate: float | None, longest: timedelta = LONGEST_INTERVAL) -> timedelta:
    """Between two polls: a quarter of the usual time between two entries, 15 minutes to a day."""
    rate = UNKNOWN_RATE if entry_rate is None else max(entry_rate, 1e-6)
    days = 1 / (rate * POLLS_AN_ENTRY)
    return max(POLL_INTERVAL, min(timedelta(days=min(days, 400.0)), longest))


def _publishers_wait(state: FeedState, facts: PollFacts, wait: timedelta) -> timedelta:
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


def is_quiet(state: FeedState, now: datetime) -> bool:
    """Whether the feed answers and has listed nothing new for longer than it ever did."""
    if state.newest_at is None or state.failure_count:
        return False
    known = state.longest_quiet_seconds
    usual = QUIET_UNKNOWN if known is None else max(timedelta(seconds=known), QUIET_AT_LEAST)
    return now - state.newest_at > usual


def condition(state: FeedState, now: datetime) -> str:
    """One word on the feed's health: new, gone, failing, quiet or well."""
    if state.polled_at is None:
        return "new"
    if state.last_outcome == "gone":
        return "gone"
    if state.failure_count >= BAD_AFTER:
        return "failing"
    return "quiet" if is_quiet(state, now) else "well"


def is_back(state: FeedState, now: datetime) -> bool:
    """Whether the feed is well beyond doubt: one failure, or a paused host, neither makes it bad nor proves it well."""
    return state.last_outcome in SUCCESSES and condition(state, now) == "well"


def paused_until(first_seen_at: datetime, now: datetime, retry_after_seconds: float | None) -> datetime | None:
    """When to ask for a page again whose host wants rest; None: it has waited long enough, the feed's text must do."""
    patience_ends = first_seen_at + PAGE_PATIENCE
    if now >= patience_ends:
        return None
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_INTERVAL.total_seconds()))
    return min(now + max(timedelta(minutes=10), asked), max(patience_ends, now + timedelta(minutes=10)))


def next_attempt_at(attempt_count: int, now: datetime, retry_after_seconds: float | None = None) -> datetime | None:
    """When to try a page again after its n-th failure that may pass; None: not again."""
    if attempt_count >= MAX_PAGE_ATTEMPTS:
        return None
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_INTERVAL.total_seconds()))
    return now + max(timedelta(minutes=10 << 2 * (attempt_count - 1)), asked)


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


def share_out(groups: list[list[str]], shards: int) -> list[list[str]]:
    """Lay whole groups into at most `shards` lists of like length, the largest group first; none is empty."""
    lists: list[list[str]] = [[] for _ in range(shards)]
    for group in sorted(groups, key=lambda g: (-len(g), g)):
        min(lists, key=len).extend(group)
    return [items for items in lists if items]
