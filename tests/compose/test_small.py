"""docker-compose.yaml from nothing to a digest; who gets what; nobody is root; what restarts keep."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from newswatch_airflow.ids import DAG_IDS, DAILY_DIGEST, POLL_FEEDS

from .conftest import SMALL
from .server import Server, ended_runs, until

pytestmark = pytest.mark.compose

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
DAYS = (YESTERDAY - timedelta(days=2), YESTERDAY)
ROUTES = """
import json
from newswatch_airflow.ui.app import create_app
print("routes", json.dumps([[sorted(getattr(r, "methods", None) or ["GET"]), r.path] for r in create_app().routes]))
"""
PARAMETERS = {"day": str(YESTERDAY), "number": "1", "topic": "donetsk", "story_id": "0" * 16, "dag_id": "d"}
BACKFILL = {"dag_id": DAILY_DIGEST, "from_date": f"{DAYS[0]}T00:00:00Z", "to_date": f"{DAYS[0]}T00:00:00Z"}
# Method, path, body, and what each login is answered: a Reader has the pages alone, an Editor runs and no more.
ACTIONS: list[tuple[str, str, Any, dict[str | None, int]]] = [
    ("GET", "/api/v2/dags", None, {None: 401, "nobody": 403, "reader": 403, "editor": 200, "admin": 200}),
    ("GET", "/api/v2/plugins", None, {None: 401, "nobody": 403, "reader": 200, "editor": 200, "admin": 200}),
    ("GET", "/api/v2/connections", None, {None: 401, "nobody": 403, "reader": 403, "editor": 403, "admin": 200}),
    ("GET", "/api/v2/variables", None, {None: 401, "nobody": 403, "reader": 403, "editor": 403, "admin": 200}),
    ("GET", "/api/v2/config", None, {None: 401, "nobody": 403, "reader": 403, "editor": 403, "admin": 403}),
    ("GET", "/auth/fab/v1/users", None, {None: 401, "nobody": 403, "reader": 403, "editor": 403, "admin": 200}),
    (
        "PATCH",
        f"/api/v2/dags/{POLL_FEEDS}",
        {"is_paused": False},
        {None: 401, "nobody": 403, "reader": 403, "editor": 200, "admin": 200},
    ),
    (
        "POST",
        f"/api/v2/dags/{POLL_FEEDS}/dagRuns",
        {"logical_date": None},
        {None: 401, "nobody": 403, "reader": 403, "editor": 200},
    ),
    (
        "POST",
        "/api/v2/backfills/dry_run",
        BACKFILL,
        {None: 401, "nobody": 403, "reader": 403, "editor": 200, "admin": 200},
    ),
    ("DELETE", f"/api/v2/dags/{POLL_FEEDS}", None, {None: 401, "nobody": 403, "reader": 403, "editor": 403}),
]


@pytest.fixture(scope="module")
def server(start: Callable[..., Server]) -> Server:
    return start("newswatch-test-small", SMALL, NEWSWATCH_HOST_DELAY_SECONDS="0")


def test_from_nothing_to_a_digest(server: Server) -> None:
    with server.api() as api:
        until(lambda: api.knows(*DAG_IDS), "Airflow's DAG processor")
        api.unpause(*DAG_IDS)
        (poll, *_) = ended_runs(api, POLL_FEEDS)
        assert poll["state"] == "success"
        before = frozenset(run["dag_run_id"] for run in ended_runs(api, DAILY_DIGEST))
        until(lambda: api.close_backfill(DAILY_DIGEST), "the backfill before")
    with server.api("editor") as api:
        api.backfill(DAILY_DIGEST, *DAYS, reprocess="completed")
        runs = ended_runs(api, DAILY_DIGEST, 3, since=before)
        assert {run["state"] for run in runs} == {"success"}
    page = httpx.get(
        f"{server.url}/newswatch/digest/{YESTERDAY}",
        headers={"Authorization": f"Bearer {server.token('reader')}"},
        trust_env=False,
    )
    assert page.status_code == 200
    assert "New START" in page.text
    assert "nothing wrong" in server.execute("scheduler", "newswatch", "verify")


def routes(server: Server) -> list[tuple[str, str]]:
    """Every route of the pages as the image has them."""
    told = server.execute("api-server", "python", "-W", "ignore", "-c", ROUTES)
    (found,) = re.findall(r"^routes (.*)$", told, re.MULTILINE)
    filled = PARAMETERS | {"run_id:path": "r"}
    return [
        (method, re.sub(r"\{([^}]+)\}", lambda one: filled[one[1]], path))
        for methods, path in json.loads(found)
        for method in methods
    ]


def test_every_route_of_the_pages_is_for_readers_and_up(server: Server) -> None:
    found = routes(server)
    assert len(found) >= 12
    tokens = {user: server.token(user) for user in ("nobody", "reader", "editor", "admin")}
    for method, path in found:
        url = f"{server.url}/newswatch{path}"
        assert httpx.request(method, url, trust_env=False).status_code == 401, path
        for user, token in tokens.items():
            answer = httpx.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
            assert (answer.status_code == 403) == (user == "nobody"), (user, method, path)
            assert answer.status_code not in (401, 500), (user, method, path)


@pytest.mark.parametrize(("method", "path", "body", "answers"), ACTIONS, ids=lambda value: str(value)[:40])
def test_of_airflow_itself_each_role_gets_its_part(
    server: Server, method: str, path: str, body: Any, answers: dict[str | None, int]
) -> None:
    assert {user: server.status(method, path, user, body) for user in answers} == answers


def test_no_container_is_root_and_none_has_a_secret_in_its_environment(server: Server) -> None:
    secrets = set(server.secrets().values())
    for name, container in server.containers().items():
        assert not [secret for secret in secrets if secret in json.dumps(container["Config"])], name
        assert container["HostConfig"]["ReadonlyRootfs"], name
        if container["State"]["Running"]:
            users = server.execute(container["Config"]["Labels"]["com.docker.compose.service"], "sh", "-c", OF_EACH)
            assert users.split(), name
            assert "0" not in users.split(), name


OF_EACH = "for p in /proc/[0-9]*; do sed -n 's/^Uid:\\t\\([0-9]*\\).*/\\1/p' $p/status 2>/dev/null; done | sort -u"


def kept(server: Server) -> dict[str, Any]:
    """What no restart may change."""
    token = {"Authorization": f"Bearer {server.token('reader')}"}
    with server.api() as api:
        runs = {run["dag_run_id"]: run["state"] for run in api.runs(DAILY_DIGEST)}
    digest = httpx.get(f"{server.url}/newswatch/digest/{DAYS[0]}/1", headers=token, trust_env=False).text
    return {"runs": runs, "digest": digest}


@pytest.mark.parametrize(
    "how", [("restart",), ("up", "--detach", "--wait", "--force-recreate")], ids=lambda how: how[0]
)
def test_every_container_restarted_keeps_everything(server: Server, how: tuple[str, ...]) -> None:
    before = kept(server)
    assert before["digest"]
    server.compose(*how)
    server.up()
    assert kept(server) == before
    assert "nothing wrong" in server.execute("scheduler", "newswatch", "verify")
    assert server.status("GET", "/api/v2/dags", "reader") == 403  # the roles were put anew
