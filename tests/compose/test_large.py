"""compose.celery.yaml: workers share a poll and no host is asked by two at a time; workers and scheduler are killed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from newswatch_airflow.ids import CPU, DAG_IDS, DAILY_DIGEST, NETWORK, POLL_FEEDS

from .conftest import LARGE
from .server import Server, ended_runs, task_instances, until

pytestmark = pytest.mark.compose

PAUSE_SECONDS = 0.3
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
DAYS = (YESTERDAY - timedelta(days=6), YESTERDAY - timedelta(days=1))
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) \w+ (\S+?)(?::\d+)?(/\S*) \d+ ([\d.]+) s")


@pytest.fixture(scope="module")
def server(start: Callable[..., Server]) -> Server:
    settings = {
        "NEWSWATCH_HOST_DELAY_SECONDS": str(PAUSE_SECONDS),
        "NEWSWATCH_SHARDS": "4",
    }  # more than one has room for
    return start("newswatch-test-large", LARGE, "--scale", "worker=2", **settings)


@pytest.fixture(scope="module")
def poll(server: Server) -> dict[str, Any]:
    """The first run of poll_feeds; amid it, a poll by the command line on the second worker wants the same hosts."""
    with server.api() as api:
        until(lambda: api.knows(*DAG_IDS), "Airflow's DAG processor")
        api.unpause(*DAG_IDS)
        until(lambda: fetching(api), "a task that fetches")
        beside = threading.Thread(target=server.execute, args=("worker", "newswatch", "poll"), kwargs={"index": 2})
        beside.start()
        run: dict[str, Any] = ended_runs(api, POLL_FEEDS)[-1]
        beside.join()
        return run


def fetching(api: Any) -> bool:
    runs = api.runs(POLL_FEEDS)
    return any(t["task_id"] == "fetch" and t["state"] == "running" for run in runs for t in task_instances(api, run))


def requests_by_host(server: Server) -> dict[str, list[tuple[float, float]]]:
    """When each request to a host of the newsroom began and ended, in order."""
    by_host: dict[str, list[tuple[float, float]]] = {}
    for moment, host, _, seconds in LINE.findall(server.compose("logs", "--no-log-prefix", "newsroom")):
        ended = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC).timestamp()
        if host.endswith(".newsroom"):
            by_host.setdefault(host, []).append((ended - float(seconds), ended))
    return {host: sorted(times) for host, times in by_host.items()}


def test_both_workers_take_part_in_a_poll(server: Server, poll: dict[str, Any]) -> None:
    assert poll["state"] == "success"
    with server.api() as api:
        instances = task_instances(api, poll)
    assert len({t["hostname"] for t in instances if t["task_id"] in ("poll", "fetch")}) == 2
    assert {t["pool"] for t in instances} == {NETWORK, CPU}
    assert sum(t["task_id"] == "fetch" for t in instances) == 4


def test_workers_that_live_are_counted(server: Server, poll: dict[str, Any]) -> None:
    counting = "from newswatch_airflow.capacity import task_slots; print('slots', task_slots())"
    assert "slots 4" in server.execute("worker", "python", "-W", "ignore", "-c", counting)  # two processes each


def test_a_host_is_never_asked_by_two_at_a_time_and_has_its_pauses(server: Server, poll: dict[str, Any]) -> None:
    asked = requests_by_host(server)
    assert len(asked) >= 10
    assert sum(map(len, asked.values())) > 200
    for host, times in asked.items():
        shortest = min(next_began - ended for (_, ended), (next_began, _) in pairwise(times))
        assert shortest >= PAUSE_SECONDS - 0.05, (host, shortest)
        print(f"{host}: {len(times)} requests, shortest pause {shortest:.3f} s")  # noqa: T201 - for `pytest -s`


def test_logs_of_workers_are_read_in_the_ui(server: Server, poll: dict[str, Any]) -> None:
    with server.api("editor") as api:
        for task in task_instances(api, poll):
            path = f"/dags/{POLL_FEEDS}/dagRuns/{poll['dag_run_id']}/taskInstances/{task['task_id']}/logs/1"
            log = str(api.call("GET", path, params={"map_index": task["map_index"]}))
            assert "Could not read served logs" not in log
            assert len(log) > 400, log


def running_worker(api: Any, server: Server, since: frozenset[str]) -> str:
    """The container of a worker that runs a task of the fresh backfill."""
    names = {c["Config"]["Hostname"]: name for name, c in server.containers().items() if "-worker-" in name}
    found: list[str] = []

    def look() -> bool:
        runs = [run for run in api.runs(DAILY_DIGEST) if run["dag_run_id"] not in since]
        at_work = [t["hostname"] for run in runs for t in task_instances(api, run) if t["state"] == "running"]
        found.extend(names[host] for host in at_work if host in names)
        return bool(found)

    until(look, "a task of the backfill at work")
    return found[0]


def test_a_killed_worker_and_a_killed_scheduler_leave_a_backfill_green(server: Server, poll: dict[str, Any]) -> None:
    with server.api() as api:
        ended_runs(api, "refresh_day", 7)
        before = frozenset(run["dag_run_id"] for run in ended_runs(api, DAILY_DIGEST))
        until(lambda: api.close_backfill(DAILY_DIGEST), "the backfill before")
        api.backfill(DAILY_DIGEST, *DAYS, reprocess="completed")
        killed = running_worker(api, server, before)
        server.compose("kill", "--signal", "SIGKILL", "scheduler")
        server.kill_container(killed)
        server.up("--scale", "worker=2", "--no-recreate")
        runs = ended_runs(api, DAILY_DIGEST, 6, since=before)
        assert {run["partition_key"]: run["state"] for run in runs} == {
            str(DAYS[0] + timedelta(days=n)): "success" for n in range(6)
        }
        tries = [task["try_number"] for run in runs for task in task_instances(api, run)]
        assert max(tries) > 1  # what the worker had in its hands was done again
    assert "nothing wrong" in server.execute("worker", "newswatch", "verify")


def test_every_container_restarted_keeps_everything(server: Server, poll: dict[str, Any]) -> None:
    with server.api() as api:
        before = {run["dag_run_id"]: run["state"] for run in ended_runs(api, DAILY_DIGEST)}
    server.compose("restart")
    server.up("--scale", "worker=2", "--no-recreate")
    with server.api() as api:
        after = {run["dag_run_id"]: run["state"] for run in ended_runs(api, DAILY_DIGEST)}
    assert before.items() <= after.items()
    assert "nothing wrong" in server.execute("worker", "newswatch", "verify")


def test_nobody_is_root(server: Server, poll: dict[str, Any]) -> None:
    for name, container in server.containers().items():
        if container["State"]["Running"]:
            service, index = (container["Config"]["Labels"][f"com.docker.compose.{k}"] for k in LABELS)
            assert server.execute(service, "id", "-u", index=int(index)).strip() != "0", name


LABELS = ("service", "container-number")
