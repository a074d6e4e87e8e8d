"""Poll the feeds, fetch new pages, tag the stories, and ask for a refresh of every day that was touched."""

from datetime import timedelta

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from newswatch_airflow import tasks
from newswatch_airflow.assets import STORIES
from newswatch_airflow.defaults import DEFAULT_ARGS, START, switch
from newswatch_airflow.ids import NETWORK, POLL_FEEDS

DOC = """
### Poll the feeds

Every 15 minutes, one run at a time. A run of this DAG never fails because a feed does: that is a row in `feed_days`.

| task | what it does |
| --- | --- |
| `plan` | picks the feeds whose turn it is and shares them out by host, to as many tasks as the workers take |
| `poll` | gets the feeds, keeps their bytes, notes new entries |
| `fetch` | gets the pages of pending entries, those of earlier runs too, and makes stories of them |
| | then looks again at stories that match a topic, after 1, 6 and 24 hours, and at those listed with other words |
| `tag` | says what the new stories mention |
| `announce` | names the touched days as partitions of the asset `stories`; `refresh_day` rebuilds exactly those |

The counts stand in each run's note. If `feeds.yaml` or `topics.yaml` is wrong, the last good one stays in force and the
note says what to mend.
"""


@dag(
    dag_id=POLL_FEEDS,
    schedule="*/15 * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    dagrun_timeout=timedelta(hours=1),
    params={
        "all_feeds": switch("All feeds", "Poll every feed now, also those that are not due."),
    },
    doc_md=DOC,
    tags=["newswatch"],
)
def poll_feeds():
    @task(pool=NETWORK)
    def plan() -> list[dict]:
        return tasks.plan(only_due=not get_current_context()["params"]["all_feeds"])

    @task(pool=NETWORK, map_index_template="{{ shard_name }}")
    def poll(shard: dict) -> None:
        if not shard["feed_ids"]:
            raise AirflowSkipException("no feed is left for this one")
        tasks.poll(shard)

    @task(pool=NETWORK, map_index_template="{{ shard_name }}", trigger_rule="all_done")
    def fetch(shard: dict) -> None:
        tasks.fetch(shard)

    # `tag` is a leaf that fails with the shards, so that the run ends red; `announce` runs whatever happened before it.
    @task(trigger_rule="none_failed")
    def tag() -> None:
        tasks.tag()

    @task(pool=NETWORK, outlets=[STORIES], trigger_rule="all_done")
    def announce(*, outlet_events) -> None:
        tasks.announce(outlet_events[STORIES])

    shards = plan()
    polled = poll.expand(shard=shards)
    fetched = fetch.expand(shard=shards)
    polled >> fetched
    [polled, fetched] >> tag()
    [polled, fetched] >> announce()


poll_feeds()
