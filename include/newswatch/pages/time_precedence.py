"""Precedence of times: which of a story's stated dates is believed, and why. Pure: claims in, a time out.

In the order of `_SOURCES`: what publishers state for machines comes first, since it is the first publication and has a
zone; then the feed, whose date may be that of an update; then what is read off the page, and the address.

- A date before 1995 or more than an hour after the story was first seen is a fault and passed over.
- A date that may be two (5/11/2026) is the one that another claim agrees with; else the one that the page's country
  writes; where nobody can tell it is passed over.
- What is read off the page is a guess. It must not lie long before the story was first seen.
- A day without a time gives way to a later source that knows the time on that day; a time without a zone to one that
  states the same moment with its zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newswatch.pages.model import Claim, in_order
from newswatch.text import date_parsing, date_words, language, sanitise
from newswatch.text.date_parsing import DateContext, StatedDate

_SOURCES = ("json_ld", "opengraph", "meta", "microdata", "marked_time", "feed", "time", "shown", "address")
_GUESSED = frozenset({"time", "shown", "address"})
_LANGUAGE_SOURCES = ("html", "json_ld", "opengraph", "meta", "feed")
MAX_GUESS_AGE = timedelta(days=92)  # before first sight: feeds list weeks, and archives state dates for machines
FAR = timedelta(days=31)  # from the feed's date and from the first sight
_QUARTER, _MAX_OFFSET = timedelta(minutes=15), timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Time:
    """A time of publication in UTC, with its source. `is_day_only`: midnight (UTC) of a day stated without a time."""

    moment: datetime
    is_day_only: bool
    source: str
    stated_day: date  # where it was stated
    has_zone: bool = True


def published(
    claims: Sequence[Claim], seen_at: datetime, tz: ZoneInfo | None, *, is_archived: bool = False
) -> Time | None:
    """When the story was published; None where no source gives a credible time.

    `seen_at`: when the story was first seen, UTC. `tz`: of times that state no zone; None: UTC. `is_archived`: the page
    was saved, or is listed as one of the past, who knows when, so that a guess may be of any age.
    """
    times = _times(claims, "published_at", seen_at, tz)
    if not is_archived:
        times = [t for t in times if t.source not in _GUESSED or t.moment >= seen_at - MAX_GUESS_AGE]
    if not times:
        return None
    first = times[0]
    if first.is_day_only:
        first = next((t for t in times if not t.is_day_only and _is_on(t, first.stated_day)), first)
    if not first.has_zone and tz is None:
        first = next((t for t in times if t.has_zone and _is_same_moment(first, t)), first)
    return first


def updated(
    claims: Sequence[Claim], published_at: datetime | None, read_at: datetime, tz: ZoneInfo | None
) -> datetime | None:
    """The last change that the page states, in UTC; None: none later than publication with a time of day.

    `published_at`: UTC. `read_at`: when the page was read, UTC. `tz`: as in `published`.
    """
    times = [t for t in _times(claims, "updated_at", read_at, tz) if not t.is_day_only]
    return next((t.moment for t in times if published_at is None or t.moment > published_at), None)


def is_far(published_at: datetime | None, by_feed: datetime | None, seen_at: datetime | None) -> bool:
    """Whether a believed date lies far from all else that is known of the story, and so may be another's. In UTC.

    `seen_at` None: the first sight says nothing of it, as it is one of the past.
    """
    known = [moment for moment in (by_feed, seen_at) if moment]
    return published_at is not None and bool(known) and all(abs(published_at - moment) > FAR for moment in known)


def _is_on(time: Time, day: date) -> bool:
    """Whether the time is one of that day. The feed's is this story's, but in UTC: it may seem to be one beside it."""
    return abs(time.stated_day - day) <= timedelta(days=1 if time.source == "feed" else 0)


def _is_same_moment(one: Time, other: Time) -> bool:
    """Whether two times are an offset of some zone apart, to the minute."""
    apart = abs(one.moment - other.moment)
    return not other.is_day_only and apart <= _MAX_OFFSET and apart % _QUARTER < timedelta(minutes=1)


def _times(claims: Sequence[Claim], field: str, seen_at: datetime, tz: ZoneInfo | None) -> list[Time]:
    context = _context(claims, tz)
    stated = [
        (claim, _credible(date_parsing.readings(claim.value, context), seen_at))
        for claim in in_order(claims, field, _SOURCES)
    ]
    known = {readings[0].day for _, readings in stated if len(readings) == 1}
    locale = next((claim.value for claim in in_order(claims, "language", _LANGUAGE_SOURCES)), None)
    times = []
    for claim, readings in stated:
        reading = readings[0] if len(readings) == 1 else _decided(readings, known, locale, tz)
        if reading:
            times.append(Time(_moment(reading), reading.is_day_only, claim.source, reading.day, reading.has_zone))
    return times


def _context(claims: Sequence[Claim], tz: ZoneInfo | None) -> DateContext:
    codes = (language.code_of(claim.value) for claim in in_order(claims, "language", _LANGUAGE_SOURCES))
    return DateContext(tz, next(filter(None, codes), None))


def _credible(readings: Sequence[StatedDate], seen_at: datetime) -> list[StatedDate]:
    return [r for r in readings if sanitise.credible(_moment(r), seen_at)]


def _decided(
    readings: Sequence[StatedDate], known: set[date], locale: str | None, tz: ZoneInfo | None
) -> StatedDate | None:
    """The one of two readings (day first, month first) that something else speaks for; None: nothing does."""
    if not readings:
        return None
    agreeing = [r for r in readings if any(abs(r.day - day) <= timedelta(days=1) for day in known)]
    if len(agreeing) == 1:
        return agreeing[0]
    is_day_first = date_words.is_day_first(locale, tz)
    return None if is_day_first is None else readings[0 if is_day_first else 1]


def _moment(reading: StatedDate) -> datetime:
    return datetime.combine(reading.day, time(), UTC) if reading.is_day_only else reading.moment
