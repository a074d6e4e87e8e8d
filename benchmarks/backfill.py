"""A backfill of many days, beside Airflow's own floor: as many runs of three empty tasks, in the same Airflow.

    python benchmarks/backfill.py [--days 60] [--rounds 1]
    python benchmarks/backfill.py --days 365 --stories 300 [--cancel-after 0.5]

`make run` is started on the make-believe newsroom in a folder of its own, its DAGs are paused, and then the two DAGs
are backfilled in turn: `daily_digest`, and `floor`, whose runs have the same shape, limits and timetable and do
nothing. Wall time is from the request until the last run has ended; processor time is of Airflow's whole process tree
and of PostgreSQL. Last, what one day costs at the beginning and at the end of the backfill.

With `--stories`, a filled store is replayed instead: so many stories a day are stored as fetch tasks store them, each
day is built, and then, with a poll of all feeds a minute, a topic is added and all days are backfilled, cancelled after
that share of them and looked at (each day whole, old or new), and with another topic backfilled to the end: what a day
costs in each tenth, polls included, and how many runs failed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import measuring
from replay import replay

from newswatch_airflow.ids import DAG_IDS, DAILY_DIGEST
from newswatch_airflow.local.api import AirflowApi
from newswatch_airflow.local.environment import PROJECT, free_port

REPLAY_NEWSROOM_DAYS = 8  # what is polled meanwhile
FLOOR = """
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException
from newswatch_airflow.defaults import DEFAULT_ARGS, START, TIMEZONE
from newswatch_airflow.timetables import DayAfterTimetable

@dag(dag_id="floor", schedule=DayAfterTimetable(timezone=TIMEZONE, hour=6), start_date=START, catchup=False,
     max_active_runs=4, default_args=DEFAULT_ARGS)
def floor():
    @task
    def tables(): pass
    @task
    def digest(): return 1
    @task
    def deliver(number): raise AirflowSkipException("empty")
    issued = digest()
    tables() >> issued
    deliver(issued)

floor()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--stories", type=int, help="replay a store of so many a day")
    parser.add_argument("--cancel-after", type=float, default=0.5, help="share of the days (with --stories)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nwb-") as name:
        home = Path(name)
        process, api = start(home, REPLAY_NEWSROOM_DAYS if options.stories else options.days)
        try:
            if options.stories:
                replay(home, process.pid, api, options.days, options.stories, options.cancel_after)
            else:
                compare(home, process.pid, api, options.days, options.rounds)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)


def start(home: Path, days: int) -> tuple[subprocess.Popen[str], AirflowApi]:
    """`make run` with one DAG more; returns when it is ready."""
    (home / "airflow").mkdir()
    (home / "floor").mkdir()
    (home / "floor" / "floor.py").write_text(FLOOR)
    bundles = [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(path)},
        }
        for name, path in (("dags-folder", PROJECT / "dags"), ("floor", home / "floor"))
    ]
    listed = str(bundles).replace("'", '"')
    (home / "airflow" / "airflow.cfg").write_text(f"[dag_processor]\ndag_bundle_config_list = {listed}\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "NEWSWATCH_"))}
    env |= {"NEWSWATCH_HOME": str(home), "NEWSWATCH_PORT": str(free_port()), "NEWSROOM_HISTORY_DAYS": str(days + 1)}
    process = subprocess.Popen(
        [sys.executable, "-m", "newswatch_airflow.local.make_run"],
        env=env, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("Ready after"):
            print(line.strip(), flush=True)
            break
    address, user, password = re.search(r"Airflow\s+(http\S+)\s+login (\S+) / (\S+)", printed).groups()  # type: ignore[union-attr]
    api = AirflowApi(address, user, password)
    api.__enter__()
    api.log_in()
    return process, api


def compare(home: Path, pid: int, api: AirflowApi, days: int, rounds: int) -> None:
    until(lambda: api.knows("floor"))
    for dag_id in sorted(set(DAG_IDS) - {DAILY_DIGEST}):
        api.call("PATCH", f"/dags/{dag_id}", json={"is_paused": True})
    api.unpause("floor")
    until(lambda: not any(is_open(run) for dag_id in DAG_IDS for run in api.runs(dag_id, limit=100)))
    database = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    print(f"\n{days} days\n{'':14} {'wall s':>8} {'CPU s':>8} {'of it PostgreSQL':>17}   failed runs")
    for _ in range(rounds):
        costs = [backfilled(pid, database, api, dag_id, days) for dag_id in (DAILY_DIGEST, "floor")]
        (wall, cpu), (floor_wall, floor_cpu) = costs
        print(f"{'ratio':14} {wall / floor_wall:8.2f} {cpu / floor_cpu:8.2f}", flush=True)
    lengths = [length(run) for run in sorted(runs_of(api, DAILY_DIGEST, days), key=lambda r: str(r["start_date"]))]
    tenth = max(1, days // 10)
    first, last = statistics.median(lengths[:tenth]), statistics.median(lengths[-tenth:])
    print(f"a run takes {first:.1f} s among the first tenth and {last:.1f} s among the last (medians)")


def backfilled(pid: int, database: int, api: AirflowApi, dag_id: str, days: int) -> tuple[float, float]:
    until(lambda: not api.has_open_backfill(dag_id))
    last = datetime.now(UTC).date() - timedelta(days=1)
    before = {run["dag_run_id"] for run in runs_of(api, dag_id, 10 * days)}
    cpu, own = measuring.cpu_of_tree(pid), measuring.cpu_of_tree(database)
    began = time.monotonic()
    api.backfill(dag_id, last - timedelta(days=days - 1), last, reprocess="completed")
    runs: list[dict[str, object]] = []
    while len(runs) < days or any(is_open(run) for run in runs):
        time.sleep(1)
        runs = [run for run in runs_of(api, dag_id, 10 * days) if run["dag_run_id"] not in before]
    wall = time.monotonic() - began
    own = measuring.cpu_of_tree(database) - own
    cpu = measuring.cpu_of_tree(pid) - cpu + own
    failed = sum(run["state"] == "failed" for run in runs)
    print(f"{dag_id:14} {wall:8.1f} {cpu:8.1f} {own:17.1f}   {failed}", flush=True)
    return wall, cpu


def runs_of(api: AirflowApi, dag_id: str, count: int) -> list[dict[str, object]]:
    """The newest runs of a DAG, by pages of 100."""
    found: list[dict[str, object]] = []
    for offset in range(0, count, 100):
        page = api.runs(dag_id, order_by="-run_after", limit=100, offset=offset)
        found += page
        if len(page) < 100:
            break
    return found


def is_open(run: dict[str, object]) -> bool:
    return run["state"] not in ("success", "failed")


def length(run: dict[str, object]) -> float:
    began, ended = (datetime.fromisoformat(str(run[key]).replace("Z", "+00:00")) for key in ("start_date", "end_date"))
    return (ended - began).total_seconds()


def until(is_so: object) -> None:
    assert callable(is_so)
    while not is_so():
        time.sleep(1)


if __name__ == "__main__":
    main()
