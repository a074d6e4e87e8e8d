"""A run a day, for the day before, some hours after it has ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from airflow._shared.timezones.timezone import parse_timezone
from airflow.timetables.base import TimeRestriction

from newswatch_airflow.timetables import DayAfterTimetable


def keys(zone: str, first: datetime, last: datetime) -> list[str | None]:
    table = DayAfterTimetable(timezone=parse_timezone(zone), hour=6)
    return [info.partition_key for info in table.iter_partition_dagrun_infos(earliest=first, latest=last)]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv", "America/New_York", "Asia/Tokyo"])
def test_a_backfill_takes_both_its_first_and_its_last_day(zone: str) -> None:
    found = keys(zone, datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
    assert found == [f"2026-11-{day}" for day in range(16, 23)]


def test_days_are_whole_across_a_change_of_the_clocks() -> None:
    found = keys("Europe/Kyiv", datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))
    assert found == ["2026-10-24", "2026-10-25", "2026-10-26"]


def test_a_scheduled_run_comes_at_the_hour_and_is_named_by_the_day_before(time_machine_at_noon: None) -> None:
    table = DayAfterTimetable(timezone=parse_timezone("UTC"), hour=6)
    restriction = TimeRestriction(earliest=datetime(2026, 1, 1, tzinfo=UTC), latest=None, catchup=False)
    first = table.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert first is not None
    assert (first.run_after, first.partition_key) == (datetime(2026, 11, 22, 6, tzinfo=UTC), "2026-11-21")
    second = table.next_dagrun_info_v2(last_dagrun_info=first, restriction=restriction)
    assert second is not None
    assert (second.run_after, second.partition_key) == (datetime(2026, 11, 23, 6, tzinfo=UTC), "2026-11-22")


def test_it_survives_serialisation() -> None:
    table = DayAfterTimetable(timezone=parse_timezone("Europe/Kyiv"), hour=7)
    again = DayAfterTimetable.deserialize(table.serialize())
    assert again.serialize() == table.serialize()
    assert again.summary == "daily at 07:00, for the day before"


@pytest.fixture
def time_machine_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: noon)
