"""Tell once when a feed turns bad, and once when it is back."""

from airflow.sdk import dag, task

from newswatch_airflow import tasks
from newswatch_airflow.defaults import DEFAULT_ARGS, START
from newswatch_airflow.ids import NETWORK, WATCH_FEEDS

DOC = """
### Watch the feeds

Once an hour: looks at how the last polls ended, and tells of each feed **once when it turns bad** and **once when it is
back**. The page *Newswatch ▸ Feeds* shows all of them at any time.

| condition | when |
| --- | --- |
| failing | three polls in a row have failed |
| gone | the server says that the feed is gone for good (410); it is asked again weekly |
| refused | 401, 403 or a check for bots: its site is looked through once a week for sources that are open to programs |
| quiet | the feed answers, and nothing new has come for longer than it ever was quiet before (two days at least) |

The page also says *doubtful* (the last poll failed) and *never read* (no poll has succeeded yet), of which nobody is
told.

Notices go to `notices.jsonl` in `NEWSWATCH_HOME`, to the run's note and, where `NEWSWATCH_NOTIFY_URLS` holds
[apprise](https://github.com/caronc/apprise) addresses (mail, Slack, Telegram and many more), there too, in one message.
A service that does not take it is named in the run's note by its number and is not asked again: the file has it.
"""


@dag(
    dag_id=WATCH_FEEDS,
    schedule="7 * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=DOC,
    tags=["newswatch"],
)
def watch_feeds():
    @task(pool=NETWORK)
    def watch() -> None:
        tasks.watch()

    watch()


watch_feeds()
