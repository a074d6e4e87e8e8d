"""A filled store replayed by a backfill while polls run: cancelled midway once, then to its end. See backfill.py."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import measuring
import sqlalchemy as sa
import structlog
from retag import store

from newswatch.ledger import days as ledger_days
from newswatch.pipeline import Newswatch, open_newswatch, tag_new
from newswatch.settings import load_settings
from newswatch_airflow.ids import DAILY_DIGEST, POLL_FEEDS
from newswatch_airflow.local.api import AirflowApi

POLL_SECONDS = 60.0  # between two polls of all feeds
TOPIC = """
  - id: replayed-{number}
    name: Replayed {number}
    description: Added before a replay, so that every story is read for it.
    terms:
      - text: {term}
    examples:
      match: [They spoke of the {term}.]
      no_match: [They said nothing.]
"""


@dataclass(frozen=True)
class Replay:
    """`first` to `last` are the days of the filled store; `pid` and `database`: of `make run` and its PostgreSQL."""

    home: Path
    env: dict[str, str]
    api: AirflowApi
    pid: int
    database: int
    first: date
    last: date

    @property
    def day_count(self) -> int:
        return (self.last - self.first).days + 1

    def cpu(self) -> float:
        return measuring.cpu_of_tree(self.pid) + measuring.cpu_of_tree(self.database)


def replay(home: Path, pid: int, api: AirflowApi, day_count: int, stories_a_day: int, cancelled_after: float) -> None:
    """Fill the store of this `make run`, replay it, and print what came of it."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    last = datetime.now(UTC).date() - timedelta(days=1)
    database = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    run = Replay(home, environment(home), api, pid, database, last - timedelta(days=day_count - 1), last)
    api.call("PATCH", f"/dags/{POLL_FEEDS}", json={"is_paused": True})  # its announcement would have all days built
    with opened(run.env) as nw:
        fill(run, nw, stories_a_day)
        api.unpause(POLL_FEEDS)
        with polling(api) as polls:
            wait(lambda: not api.has_open_backfill(DAILY_DIGEST))
            cancel_midway(run, nw, int(day_count * cancelled_after))
            wait(lambda: not api.has_open_backfill(DAILY_DIGEST))
            to_its_end(run, nw)
        print(f"polls meanwhile: {dict(Counter(polls))}", flush=True)
    verify(run)


def environment(home: Path) -> dict[str, str]:
    """What the run's env file gives a terminal that sources it."""
    command = ["sh", "-c", f". {home}/env; env -0"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in listed.split("\0") if "=" in line)


@contextmanager
def opened(env: dict[str, str]) -> Iterator[Newswatch]:
    nw = open_newswatch(load_settings(env))
    try:
        yield nw
    finally:
        nw.close()


def fill(run: Replay, nw: Newswatch, stories_a_day: int) -> None:
    """Stories as fetch tasks store them, tagged as they arrive, and every day's tables, by two processes."""
    began = time.monotonic()
    store(nw, run.day_count * stories_a_day, run.day_count, run.last, [feed.id for feed in nw.catalogue.feeds])
    stored = time.monotonic()
    tag_new(nw, "benchmark")
    tagged = time.monotonic()
    middle = run.first + timedelta(days=run.day_count // 2)
    spans = [(run.first, middle - timedelta(days=1)), (middle, run.last)]
    command = [sys.executable, "-m", "newswatch.cli", "build", "--no-digest"]
    builds = [subprocess.Popen([*command, f"{a}..{b}"], env=run.env, stdout=subprocess.DEVNULL) for a, b in spans]
    failed = [build for build in builds if build.wait()]
    if failed:
        sys.exit("a build failed")
    print(
        f"{run.day_count} days of {stories_a_day} stories: stored in {stored - began:.0f} s, tagged at arrival in "
        f"{tagged - stored:.0f} s, built by two processes in {time.monotonic() - tagged:.0f} s",
        flush=True,
    )


@contextmanager
def polling(api: AirflowApi) -> Iterator[list[str]]:
    """Polls of all feeds, one a minute, while the block runs; yields the states in which they ended."""
    stop, states = threading.Event(), list[str]()

    def poll() -> None:
        while not stop.wait(POLL_SECONDS):
            conf = {"logical_date": None, "conf": {"all_feeds": True}}
            run_id = api.call("POST", f"/dags/{POLL_FEEDS}/dagRuns", json=conf)["dag_run_id"]
            state = ""
            while state not in ("success", "failed"):
                time.sleep(2)
                state = api.call("GET", f"/dags/{POLL_FEEDS}/dagRuns/{run_id}")["state"]
            states.append(state)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield states
    finally:
        stop.set()
        thread.join()


def cancel_midway(run: Replay, nw: Newswatch, after: int) -> None:
    """Begin a backfill with one topic more, cancel it by the API, and see that each day is whole, old or new."""
    old = nw.catalogue.topics_version
    new = add_topic(run, 1, "harvest")
    backfill = run.api.backfill(DAILY_DIGEST, run.first, run.last, reprocess="completed")
    wait(lambda: states_of(run, backfill)["success"] >= after)
    run.api.call("PUT", f"/backfills/{backfill}/cancel")
    wait(lambda: not set(states_of(run, backfill)) & {"queued", "running"})
    done = states_of(run, backfill)["success"]
    versions = versions_of(run, nw)
    print(
        f"cancelled after {after} days: {done} runs done; tables of {versions[new]} days are of the new topics, "
        f"{versions[old]} of the old, {run.day_count - versions[new] - versions[old]} of neither",
        flush=True,
    )
    verify(run)


def to_its_end(run: Replay, nw: Newswatch) -> None:
    """Backfill all days with another topic more, and print what a day costs in each tenth of them."""
    new = add_topic(run, 2, "bridge")
    began, cpu = time.monotonic(), run.cpu()
    backfill = run.api.backfill(DAILY_DIGEST, run.first, run.last, reprocess="completed")
    print(f"\n{'days done':>10} {'wall s a day':>13} {'CPU s a day':>12}", flush=True)
    start, start_cpu, before = began, cpu, 0
    for tenth in range(1, 11):
        wait(lambda wanted=tenth * run.day_count // 10: ended(states_of(run, backfill)) >= wanted)
        done, now, now_cpu = ended(states_of(run, backfill)), time.monotonic(), run.cpu()
        if done > before:
            count = done - before
            print(f"{done:10} {(now - start) / count:13.2f} {(now_cpu - start_cpu) / count:12.2f}", flush=True)
            start, start_cpu, before = now, now_cpu, done
    states = states_of(run, backfill)
    print(
        f"{ended(states)} days in {time.monotonic() - began:.0f} s, {run.cpu() - cpu:.0f} s of CPU, polls included; "
        f"{states['failed']} failed runs; tables of {versions_of(run, nw)[new]} days are of the new topics",
        flush=True,
    )


def add_topic(run: Replay, number: int, term: str) -> str:
    """Add a topic to the list; returns the list's new version."""
    path = run.home / "config" / "topics.yaml"
    text = path.read_text(encoding="utf-8").rstrip() + "\n" + TOPIC.format(number=number, term=term)
    path.unlink()  # a link to the shipped list
    path.write_text(text, encoding="utf-8")
    with opened(run.env) as nw:
        if nw.config_warning:
            sys.exit(nw.config_warning)
        return nw.catalogue.topics_version


def states_of(run: Replay, backfill: int) -> Counter[str]:
    """The backfill's runs by state, from Airflow's database: pages of the API would cost more than the runs."""
    engine = sa.create_engine(run.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    query = sa.text("SELECT state, count(*) FROM dag_run WHERE backfill_id = :backfill GROUP BY state")
    with engine.connect() as connection:
        states = Counter({str(state): int(count) for state, count in connection.execute(query, {"backfill": backfill})})
    engine.dispose()
    return states


def ended(states: Counter[str]) -> int:
    return states["success"] + states["failed"]


def versions_of(run: Replay, nw: Newswatch) -> Counter[str]:
    """How many of the days have tables of which version of the topics."""
    with nw.ledger.begin() as connection:
        return Counter(b.topics_version for b in ledger_days.builds(connection) if run.first <= b.day <= run.last)


def verify(run: Replay) -> None:
    """Print what `newswatch verify` finds; of many faults the first."""
    command = [str(Path(sys.executable).parent / "newswatch"), "verify", "--from-start"]
    began = time.monotonic()
    lines = subprocess.run(command, env=run.env, capture_output=True, text=True).stdout.splitlines()
    more = f" and {len(lines) - 1} lines more" if lines[1:] else ""
    print(f"verify, {time.monotonic() - began:.0f} s: {lines[0] if lines else 'nothing said'}{more}", flush=True)


def wait(is_so: Callable[[], bool]) -> None:
    while not is_so():
        time.sleep(1)
