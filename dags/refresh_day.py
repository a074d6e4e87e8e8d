"""Rebuild the tables of one day that a poll touched."""

from airflow.sdk import PartitionedAssetTimetable, StartOfDayMapper, dag, get_current_context, task

from newswatch_airflow import tasks
from newswatch_airflow.assets import DAY_TABLES, STORIES
from newswatch_airflow.defaults import DEFAULT_ARGS, START, day_of
from newswatch_airflow.ids import REFRESH_DAY

DOC = """
### Refresh a day

Runs once for each day that `poll_feeds` announces as a partition of the asset `stories`. It rebuilds the day's tables
from what is stored; a digest that was issued stays as it is.

This DAG takes no backfills, since it follows an asset. To rebuild days by hand, backfill `daily_digest`.
"""


@dag(
    dag_id=REFRESH_DAY,
    schedule=PartitionedAssetTimetable(
        assets=STORIES, default_partition_mapper=StartOfDayMapper(input_format="%Y-%m-%d")
    ),
    start_date=START,
    max_active_runs=2,
    default_args=DEFAULT_ARGS,
    doc_md=DOC,
    tags=["newswatch"],
)
def refresh_day():
    @task(outlets=[DAY_TABLES])
    def tables(*, outlet_events) -> None:
        tasks.build_tables(day_of(get_current_context()), outlet_events[DAY_TABLES])

    tables()


refresh_day()
