"""A run a day, named by the day before it, that starts some hours after that day has ended.

Airflow's CronPartitionTimetable ties both to one cron expression: at "0 6 * * *" a partition's date is 06:00, so that a
backfill from the 16th to the 22nd, which the form and the command line read as midnights, would leave out the 22nd.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.timetables.base import DagRunInfo, TimeRestriction
from airflow.timetables.trigger import CronPartitionTimetable


class DayAfterTimetable(CronPartitionTimetable):
    """Partitions are days (keys like 2026-11-22) of `timezone`; each is run `hour` hours after its end."""

    def __init__(self, *, timezone: Any, hour: int) -> None:
        super().__init__("0 0 * * *", timezone=timezone, run_offset=-1, key_format="%Y-%m-%d")
        self._hour = hour

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        return f"daily at {self._hour:02d}:00, for the day before"

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> DayAfterTimetable:
        from airflow._shared.timezones.timezone import parse_timezone

        return cls(timezone=parse_timezone(data["timezone"]), hour=data["hour"])

    def serialize(self) -> dict[str, Any]:
        from airflow.serialization.encoders import encode_timezone

        return {"timezone": encode_timezone(self._timezone), "hour": self._hour}

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        info = super().next_dagrun_info_v2(last_dagrun_info=last_dagrun_info, restriction=restriction)
        return info and info._replace(run_after=info.run_after + timedelta(hours=self._hour))
