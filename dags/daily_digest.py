"""Build a day's tables, issue its digest and deliver it. The DAG that users backfill by hand."""

from airflow.sdk import DeadlineAlert, DeadlineReference, Param, SyncCallback, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from newswatch_airflow import tasks
from newswatch_airflow.assets import DAY_TABLES, DIGESTS
from newswatch_airflow.defaults import DEFAULT_ARGS, DIGEST_DEADLINE, DIGEST_HOUR, START, TIMEZONE, day_of, switch
from newswatch_airflow.ids import DAILY_DIGEST, NETWORK
from newswatch_airflow.notify.notices import FailureNotice, tell_of_late_digest
from newswatch_airflow.timetables import DayAfterTimetable

DOC = f"""
### The daily digest

Each day at {DIGEST_HOUR:02d}:00 ({TIMEZONE}), for the day before: `tables` ▸ `digest` ▸ `deliver`.

#### Rebuild days by hand

A backfill replays the chosen days from what is stored, with **today's topics**, and needs no network. Nothing is
delivered again unless you set the param `deliver`; `extract` reads the pages' stored bytes again first. Each digest
gets a new number; earlier issues stay.

| where | how |
| --- | --- |
| here | *Trigger* ▸ *Backfill*, choose the days, set *Reprocess behavior* to **All runs** |
| command line | `airflow backfill create --dag-id daily_digest --from-date 2026-11-16 --to-date 2026-11-22` \
`--reprocess-behavior completed` |
| REST API | `POST /api/v2/backfills` with `"reprocess_behavior": "completed"` |

Airflow's own default, *Missing runs* (`none`), skips the days that have a run already: that is right for filling gaps,
not for new topics. The dates are those of the days themselves. One backfill of a DAG can be open at a time.
"""


@dag(
    dag_id=DAILY_DIGEST,
    schedule=DayAfterTimetable(timezone=TIMEZONE, hour=DIGEST_HOUR),
    start_date=START,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    on_failure_callback=[FailureNotice()],
    deadline=DeadlineAlert(
        DeadlineReference.DAGRUN_QUEUED_AT, DIGEST_DEADLINE, SyncCallback(tell_of_late_digest), "digest not out"
    ),
    params={
        "deliver": switch("Deliver", "Deliver a backfill's or manual run's digest too; a scheduled one always is."),
        "extract": switch("Extract again", "First read the stories' stored bytes anew, with today's cleaning."),
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day of a manual run; empty: yesterday. A backfill takes its days from its own dates.",
        ),
    },
    doc_md=DOC,
    tags=["newswatch"],
)
def daily_digest():
    @task(outlets=[DAY_TABLES])
    def tables(*, outlet_events) -> None:
        context = get_current_context()
        tasks.build_tables(day_of(context), outlet_events[DAY_TABLES], is_reextract=context["params"]["extract"])

    @task(outlets=[DIGESTS])
    def digest(*, outlet_events) -> int:
        return tasks.issue(day_of(get_current_context()), outlet_events[DIGESTS])

    @task(pool=NETWORK)
    def deliver(number: int) -> None:
        context = get_current_context()
        if context["dag_run"].run_type != "scheduled" and not context["params"]["deliver"]:
            raise AirflowSkipException("not delivered: this run is a backfill or was started by hand without `deliver`")
        tasks.deliver(day_of(context), number)

    issued = digest()
    tables() >> issued
    deliver(issued)


daily_digest()
