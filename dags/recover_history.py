"""Fetch what feeds published before they were polled, from what their sites still list. By hand."""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from newswatch_airflow import tasks
from newswatch_airflow.assets import STORIES
from newswatch_airflow.defaults import DEFAULT_ARGS, START, day_param
from newswatch_airflow.ids import NETWORK, PAST_SOURCES, RECOVER_HISTORY

DOC = """
### Recover the history of a feed

A feed lists days, its site often years. *Trigger* it **with *Dry run* first**: the run's note then says what there is,
how many pages are new and how long it takes to fetch them politely. Then again without it.

| task | what it does |
| --- | --- |
| `find` | asks sitemaps, WordPress' interface and the pages that follow the feed; notes pages that are new |
| `fetch` | gets them, one request at a time for each host, for as long as it takes (six hours a try) |
| `tag` | says what the new stories mention |
| `announce` | names the touched days; `refresh_day` rebuilds them |

Where an archive of saved pages is named, `find` counts its pages and `fetch` reads them; nobody is asked.
Cut off, it goes on when it is cleared or triggered again. Digests that were issued stay as they are. More, and what it
means for coverage: docs/history.md.
"""


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
            [],
            type="array",
            items={"type": "string"},
            title="Feeds or outlets",
            description="Ids of feeds or names of outlets, as feeds.yaml has them, one a line.",
        ),
        "first": day_param("From", "The first day."),
        "last": day_param("To", "The last day."),
        "source": Param("all", type="string", enum=["all", *PAST_SOURCES], title="Source", description="What to ask."),
        "limit": Param(None, type=["null", "integer"], minimum=1, title="Limit", description="Of new pages."),
        "list_file": Param(None, type=["null", "string"], title="List", description="File that names pages instead."),
        "archive": Param(None, type=["null", "string"], title="Archive", description="Saved pages: docs/history.md."),
        "matching": Param(False, type="boolean", title="Of a topic", description="Of an archive, only such stories."),
    },
    doc_md=DOC,
    tags=["newswatch"],
)
def recover_history():
    @task(pool=NETWORK, execution_timeout=timedelta(hours=2))
    def find() -> list[list[str]]:
        return tasks.find_past(dict(get_current_context()["params"]))

    @task(pool=NETWORK, execution_timeout=timedelta(hours=7))
    def fetch(covered: list[list[str]]) -> None:
        asked = dict(get_current_context()["params"])
        if asked["dry_run"]:
            raise AirflowSkipException("nothing is fetched: this is a dry run")
        tasks.fetch_past(asked, covered, timedelta(hours=6))

    @task
    def tag() -> None:
        tasks.tag()

    @task(outlets=[STORIES], trigger_rule="all_done")
    def announce(*, outlet_events) -> None:
        tasks.announce(outlet_events[STORIES])

    fetched = fetch(find())
    fetched >> tag()
    fetched >> announce()


recover_history()
