"""compose.s3.yaml: data and task logs in a bucket, and no volume that two services share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from newswatch_airflow.ids import DAG_IDS, DAILY_DIGEST, POLL_FEEDS

from .conftest import BUCKET
from .server import Server, ended_runs, task_instances, until

pytestmark = pytest.mark.compose

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
KEYS = {"AWS_ACCESS_KEY_ID": "of-a-test", "AWS_SECRET_ACCESS_KEY": "of-a-test-alone"}


@pytest.fixture(scope="module")
def server(start: Callable[..., Server]) -> Server:
    return start("newswatch-test-s3", BUCKET, "--scale", "worker=2", NEWSWATCH_HOST_DELAY_SECONDS="0", **KEYS)


def test_no_two_services_share_a_volume(server: Server) -> None:
    shared: Counter[str] = Counter()
    for container in server.containers().values():
        shared.update(mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume")
    several = [name for name, count in shared.items() if count > 1]
    assert several == [f"{server.project}_demo-config"]  # the make-believe newsroom's lists, of the demo alone


def test_from_nothing_to_a_digest_whose_files_lie_in_the_bucket(server: Server) -> None:
    with server.api() as api:
        until(lambda: api.knows(*DAG_IDS), "Airflow's DAG processor")
        api.unpause(*DAG_IDS)
        (poll, *_) = ended_runs(api, POLL_FEEDS)
        assert poll["state"] == "success"
        before = frozenset(run["dag_run_id"] for run in ended_runs(api, DAILY_DIGEST))
        until(lambda: api.close_backfill(DAILY_DIGEST), "the backfill before")
        api.backfill(DAILY_DIGEST, YESTERDAY - timedelta(days=1), YESTERDAY, reprocess="completed")
        runs = ended_runs(api, DAILY_DIGEST, 2, since=before)
        assert {run["state"] for run in runs} == {"success"}
        assert any("s3://newswatch/data/digests/" in (run["note"] or "") for run in runs)
    headers = {"Authorization": f"Bearer {server.token('reader')}"}
    page = httpx.get(f"{server.url}/newswatch/digest/{YESTERDAY}", headers=headers, timeout=60, trust_env=False)
    assert "New START" in page.text
    assert "nothing wrong" in server.execute("worker", "newswatch", "verify")


def test_a_task_s_log_outlives_its_worker(server: Server) -> None:
    server.compose("rm", "--stop", "--force", "--volumes", "worker")
    with server.api("editor") as api:
        (poll, *_) = ended_runs(api, POLL_FEEDS)
        for task in task_instances(api, poll):
            path = f"/dags/{POLL_FEEDS}/dagRuns/{poll['dag_run_id']}/taskInstances/{task['task_id']}/logs/1"
            log = str(api.call("GET", path, params={"map_index": task["map_index"]}))
            assert "s3://newswatch/logs/" in log
            assert "Could not read served logs" not in log
