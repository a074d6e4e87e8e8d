"""Days of a time zone: which one a moment lies in, and which lie between two moments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
LOOK_BACK = (ONE_DAY, 2 * ONE_DAY)  # of syndication: a day's tables read the stories of two days before


def whole_days(begin: datetime, end: datetime, tz: ZoneInfo) -> list[date]:
    """Days of the zone that lie wholly between the two moments."""
    day = begin.astimezone(tz).date()
    if start_of(day, tz) < begin:
        day += ONE_DAY
    days = []
    while start_of(day + ONE_DAY, tz) <= end:
        days.append(day)
        day += ONE_DAY
    return days


def start_of(day: date, tz: ZoneInfo) -> datetime:
    """The first moment of the day in the zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def day_of(moment: datetime, tz: ZoneInfo) -> date:
    return moment.astimezone(tz).date()


def days_from(first: date, last: date) -> list[date]:
    """The days from the first to the last; none where that lies before it."""
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]


def runs(days: Collection[date], longest_gap: timedelta = ONE_DAY) -> list[tuple[date, date]]:
    """First and last day of each run of days, in order: from one to the next it is `longest_gap` at most."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] <= longest_gap:
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found


def spans(days: Collection[date]) -> str:
    """Days in order as `newswatch build` takes them: runs of them as ranges."""
    return " ".join(f"{first}..{last}" if first != last else f"{first}" for first, last in runs(days))
