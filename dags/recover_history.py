"""Fetch what feeds published before they were polled, from what their sites still list. By hand."""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from newswatch_airflow import tasks
from newswatch_airflow.assets import STORIES
from newswatch_airflow.defaults import DEFAULT_ARGS, START
from newswatch_airflow.ids import RECOVER_HISTORY

SOURCES = ("all", "sitemap", "wordpress", "paged_feed")
DOC = """
### Recover the history of a feed

A feed lists days; its site often lists years. *Trigger* it with the feeds and the days: **with *Dry run* first**, which
says in the run's note what there is, how many pages are new and how long it takes to fetch them politely. Then again
without it.

| task | what it does |
| --- | --- |
| `find` | asks sitemaps, WordPress' interface and the pages that follow the feed; notes pages that are new |
| `fetch` | gets them, one request at a time for each host, for as long as it takes (six hours a try) |
| `tag` | says what the new stories mention |
| `announce` | names the touched days; `refresh_day` rebuilds them |

A run that was killed goes on when it is cleared or triggered again: nothing is fetched twice. The stories' column `via`
says what listed them. Digests that were issued stay as they are. Which source helps with which publisher, and what this
means for coverage: docs/history.md.
"""


def _day(title: str, description: str) -> Param:
    return Param(type="string", format="date", title=title, description=description)


@dag(
    dag_id=RECOVER_HISTORY,
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only say in the note what is found."),
        "feeds": Param(
            type="array",
            items={"type": "string"},
            minItems=1,
            title="Feeds or outlets",
            description="Ids of feeds or names of outlets, as feeds.yaml has them, one a line.",
        ),
        "first": _day("From", "The first day."),
        "last": _day("To", "The last day."),
        "source": Param("all", type="string", enum=list(SOURCES), title="Source", description="What to ask."),
        "limit": Param(
            None, type=["null", "integer"], minimum=1, title="Limit", description="At most so many new pages."
        ),
        "list_file": Param(
            None,
            type=["null", "string"],
            title="List of pages",
            description="A file on this machine that names pages, one a line, or CSV: url,date,title. Asks no source.",
        ),
    },
    doc_md=DOC,
    tags=["newswatch"],
)
def recover_history():
    @task(execution_timeout=timedelta(hours=2))
    def find() -> None:
        tasks.find_past(dict(get_current_context()["params"]))

    @task(execution_timeout=timedelta(hours=7))
    def fetch() -> None:
        if get_current_context()["params"]["dry_run"]:
            raise AirflowSkipException("nothing is fetched: this is a dry run")
        tasks.fetch_past(timedelta(hours=6))

    @task
    def tag() -> None:
        tasks.tag()

    @task(outlets=[STORIES], trigger_rule="all_done")
    def announce(*, outlet_events) -> None:
        tasks.announce(outlet_events[STORIES])

    fetched = fetch()
    find() >> fetched
    fetched >> tag()
    fetched >> announce()


recover_history()
