"""Days in a time zone: where they begin, how long they are, which lie whole between two moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from newswatch import local_days

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(days=-600), timedelta(days=600)).map(lambda offset: NOW + offset)
ZONES = st.sampled_from(["UTC", "Europe/Kyiv", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]).map(ZoneInfo)


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


def test_days_are_written_as_build_takes_them() -> None:
    days = [date(2026, 11, n) for n in (7, 1, 2, 3, 9)]
    assert local_days.spans(days) == "2026-11-01..2026-11-03 2026-11-07 2026-11-09"
