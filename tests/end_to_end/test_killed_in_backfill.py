"""Parts of Airflow, and the database, are killed amid a backfill: its days end green without a hand."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator

import psutil
import pytest
import sqlalchemy as sa

from newswatch.tables import day_tables
from newswatch_airflow.ids import DAILY_DIGEST, POLL_FEEDS
from newswatch_airflow.local.api import AirflowApi

from .backfills import DAYS, close_backfill, finished, run_ids, table_hashes, wait_until_days_are_refreshed
from .conftest import Run

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

WORKER, IDLE = "airflow worker -- LocalExecutor: ", "<idle>"  # titles of an executor's workers; else the task's id
PATIENCE_SECONDS = 400


def children(running: Run) -> list[psutil.Process]:
    return psutil.Process(running.process.pid).children(recursive=True)


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()  # a title is padded
    except psutil.Error:
        return ""


def at_work(running: Run, api: AirflowApi, since: set[str]) -> psutil.Process:
    """A worker amid one of the tasks of the backfill: the task's process is stopped before it can end."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        for worker in children(running):
            name = title(worker)
            if not name.startswith(WORKER) or name == WORKER + IDLE:
                continue
            with contextlib.suppress(psutil.Error):
                for task in worker.children():
                    task.suspend()
                    if is_running(api, since, name.removeprefix(WORKER)):
                        return worker
                    task.resume()
    raise AssertionError("no task was seen at work")


def is_running(api: AirflowApi, since: set[str], task_instance: str) -> bool:
    """Whether the task belongs to a fresh run and has begun and not said how it ended."""
    fresh = [run["dag_run_id"] for run in api.runs(DAILY_DIGEST, order_by="-run_after")]
    pages = [
        api.call("GET", f"/dags/{DAILY_DIGEST}/dagRuns/{run_id}/taskInstances")["task_instances"]
        for run_id in fresh
        if run_id not in since
    ]
    return any(task["id"] == task_instance and task["state"] == "running" for page in pages for task in page)


def kill_task(running: Run, api: AirflowApi, since: set[str]) -> None:
    at_work(running, api, since).children()[0].kill()


def kill_worker(running: Run, api: AirflowApi, since: set[str]) -> None:
    worker = at_work(running, api, since)
    (task,) = worker.children()
    worker.kill()
    task.resume()  # it goes on without a worker, to which it would say how it ends


def kill_scheduler(running: Run, api: AirflowApi, since: set[str]) -> None:
    worker = at_work(running, api, since)
    scheduler = worker.parent()
    assert scheduler is not None
    assert "scheduler" in title(scheduler)
    scheduler.kill()
    worker.children()[0].resume()  # workers and tasks outlive it


def kill_database(running: Run, api: AirflowApi, since: set[str]) -> None:
    number = (running.home / "postgres" / "postmaster.pid").read_text().split()[0]
    worker = at_work(running, api, since)
    psutil.Process(int(number)).kill()
    worker.children()[0].resume()


@pytest.fixture(scope="module")
def undisturbed(running: Run, api: AirflowApi) -> Iterator[dict[str, str]]:
    """Hashes of the days' tables after a backfill that nothing disturbs; no poll touches them meanwhile."""
    api.call("PATCH", f"/dags/{POLL_FEEDS}", json={"is_paused": True})
    wait_until_days_are_refreshed(api)
    close_backfill(api)
    before = run_ids(api)
    api.backfill(DAILY_DIGEST, DAYS[0], DAYS[-1], reprocess="completed")
    assert {run["state"] for run in finished(api, before, len(DAYS))} == {"success"}
    yield table_hashes(running.home, DAYS)
    api.unpause(POLL_FEEDS)


def patiently(api: AirflowApi, since: set[str]) -> list[dict[str, object]]:
    """The backfill's runs once they have ended, though Airflow's API itself is away for a while."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not api.is_healthy():
        assert time.monotonic() < ends, "Airflow did not come back"
        time.sleep(1)
    return finished(api, since, len(DAYS), PATIENCE_SECONDS)


@pytest.mark.parametrize("kill", [kill_task, kill_worker, kill_scheduler, kill_database])
def test_days_end_green_and_are_the_same_bytes(
    running: Run, api: AirflowApi, undisturbed: dict[str, str], kill: Callable[[Run, AirflowApi, set[str]], None]
) -> None:
    assert len(undisturbed) == len(DAYS) * len(day_tables.TABLES)
    close_backfill(api)
    before = run_ids(api)
    api.backfill(DAILY_DIGEST, DAYS[0], DAYS[-1], reprocess="completed")
    kill(running, api, before)
    runs = patiently(api, before)
    assert {str(run["partition_key"]): run["state"] for run in runs} == {str(day): "success" for day in DAYS}
    if kill in (kill_task, kill_worker):  # else the task itself may have come through
        assert tries(api, runs) > 3 * len(DAYS)
    assert table_hashes(running.home, DAYS) == undisturbed
    assert issues_by_run(running, runs) == {f"{DAILY_DIGEST}/{run['dag_run_id']}": 1 for run in runs}
    verified = running.command("newswatch", "verify", "--from-start")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def tries(api: AirflowApi, runs: list[dict[str, object]]) -> int:
    """How many tries the runs' tasks took together."""
    listed = [api.call("GET", f"/dags/{DAILY_DIGEST}/dagRuns/{run['dag_run_id']}/taskInstances") for run in runs]
    return sum(int(task["try_number"]) for page in listed for task in page["task_instances"])


def issues_by_run(running: Run, runs: list[dict[str, object]]) -> Counter[str]:
    """How many digests each of the runs has issued, by the ledger."""
    engine = sa.create_engine(running.env["NEWSWATCH_DATABASE_URL"])
    with engine.connect() as connection:
        issued = list(connection.execute(sa.text("SELECT issued_by FROM digests")).scalars())
    engine.dispose()
    wanted = {f"{DAILY_DIGEST}/{run['dag_run_id']}" for run in runs}
    return Counter(run_id for run_id in issued if run_id in wanted)


def test_idle_workers_that_are_killed_are_replaced(running: Run, api: AirflowApi, undisturbed: dict[str, str]) -> None:
    """As the system does where memory is short: whoever waited for work holds no lock that others need."""
    close_backfill(api)
    for process in children(running):
        if title(process).startswith(WORKER + IDLE):
            process.kill()
    before = run_ids(api)
    api.backfill(DAILY_DIGEST, DAYS[0], DAYS[-1], reprocess="completed")
    assert {run["state"] for run in finished(api, before, len(DAYS))} == {"success"}
    assert table_hashes(running.home, DAYS) == undisturbed
