"""Types of polling: what is remembered of a feed, how it is polled next, how a poll ended. Times are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

SUCCESSES = frozenset({"ok", "not_modified", "damaged"})
REFUSALS = frozenset({"http_401", "http_403", "bot_check"})  # a wall: it wants no client like us, or a key


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
class Window:
    """An unbroken stretch of time that a feed's polls reach over; see `feeds.coverage.covered_window`.

    `via`: what of the site's past listed all of it instead, as is known since `known_at`.
    """

    covered_from: datetime
    covered_to: datetime
    known_at: datetime | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class GoodPoll:
    """A poll that made its feed's window longer, and when it was committed."""

    polled_at: datetime
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """What a parsed feed document lists, compared with the entries that were known before."""

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
    """The next request: to the learnt address or the configured one, with or without validators (`is_full`)."""

    url: str
    headers: dict[str, str]
    is_full: bool


@dataclass(frozen=True, slots=True)
class PollFacts:
    """How one poll ended, at `moment`, for the schedule. `listing` None: nothing was parsed."""

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


@dataclass(frozen=True, slots=True)
class PollRecord:
    """How one poll of a feed ended, as the ledger keeps it."""

    feed_id: str
    day: date
    polled_at: datetime
    outcome: str
    detail: str
    entry_count: int  # entries that the document lists
    new_entry_count: int
    seconds: float  # on the wire
    raw_path: str | None  # the WARC file that holds its bytes; None: there were none, or those of last time
    is_gap: bool  # entries may have been missed before it
