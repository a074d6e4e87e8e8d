"""Days of a time zone: which one a moment lies in, and which lie between two moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOOK_BACK = (timedelta(days=1), timedelta(days=2))  # of syndication: a day's tables read the stories of two days before


def whole_days(begin: datetime, end: datetime, tz: ZoneInfo) -> list[date]:
    """Days of the zone that lie wholly between the two moments."""
    day = begin.astimezone(tz).date()
    if start_of(day, tz) < begin:
        day += timedelta(days=1)
    days = []
    while start_of(day + timedelta(days=1), tz) <= end:
        days.append(day)
        day += timedelta(days=1)
    return days


def start_of(day: date, tz: ZoneInfo) -> datetime:
    """The first moment of the day in the zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def day_of(moment: datetime, tz: ZoneInfo) -> date:
    return moment.astimezone(tz).date()
