"""Take away what nothing needs any more: of the store, of the ledger, of Airflow itself."""

from datetime import timedelta

from airflow.sdk import dag, get_current_context, task

from newswatch_airflow import tasks
from newswatch_airflow.defaults import DEFAULT_ARGS, START, switch
from newswatch_airflow.ids import MAINTAIN_STORE

DOC = """
### Maintain the store

Once a day, beside polls and builds. **By itself it keeps all that the ledger names**; what else may go says the policy
in the settings (`newswatch settings`). Started by hand with `dry_run` it only says what it would do, in the run's note.

| task | what it does |
| --- | --- |
| `store` | temporary files of killed writers, staged tables, old folders of `as-known/` |
| | files that the ledger does not name go to `quarantine/`, and are deleted after as many days again |
| | the bytes of feeds by age, and of `raw/` what is over its limit; never what a story was read from |
| | rows by table and age, `ANALYZE`, a warning where a disk has little room |
| `airflow` | Airflow's own runs, logs and XComs that are older than `NEWSWATCH_AIRFLOW_DAYS`, by `airflow db clean` |

The same by hand, without Airflow's part: `newswatch maintain --dry-run`.
"""


@dag(
    dag_id=MAINTAIN_STORE,
    schedule="40 4 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=2)},
    params={
        "dry_run": switch("Dry run", "Only say what would be done."),
    },
    doc_md=DOC,
    tags=["newswatch"],
)
def maintain_store():
    @task
    def store() -> None:
        tasks.maintain(is_dry_run=get_current_context()["params"]["dry_run"])

    @task
    def airflow() -> None:
        tasks.clean_airflow(is_dry_run=get_current_context()["params"]["dry_run"])

    store()
    airflow()


maintain_store()
