"""Who gets what: every route of the pages, and what else a login may do in Airflow, for each role."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from installed import ANONYMOUS, log_in

from newswatch_airflow.ids import DAILY_DIGEST

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Airflow's and its libraries' own, as in conftest.py, which tests alone count on
    from newswatch_airflow.ui.app import create_app

PARAMETERS = {
    "day": str(date(2026, 11, 21)),
    "number": "1",
    "topic": "donetsk",
    "story_id": "0" * 16,
    "dag_id": "d",
    "run_id:path": "r",
}
REFUSED = {ANONYMOUS: 401, None: 403}  # None: a login that may do nothing
READERS = ("VIEWER", "USER", "OP", "ADMIN")
EDITORS = READERS[1:]


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and address of every route that the app has, with a value for each parameter."""
    return [
        (method, re.sub(r"\{([^}]+)\}", lambda found: PARAMETERS[found[1]], route.path))
        for route in app.routes
        for method in sorted(getattr(route, "methods", None) or {"GET"})
    ]


ROUTES = routes(create_app())


@pytest.fixture
def pages(client: Any) -> Any:
    """The pages as Airflow has mounted them."""
    mount = next(r for r in client.app.routes if getattr(r, "path", None) == "/newswatch")
    assert routes(mount.app) == ROUTES
    return client


@pytest.mark.usefixtures("newswatch_environment")
@pytest.mark.parametrize("role", [*REFUSED, *READERS])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_is_for_those_who_may_read(pages: Any, role: str | None, method: str, path: str) -> None:
    log_in(pages, role)
    status = pages.request(method, f"/newswatch{path}").status_code
    if role in REFUSED:
        assert status == REFUSED[role]
    else:
        assert status not in (401, 403)


def test_there_are_as_many_routes_as_there_are_pages() -> None:
    assert len(ROUTES) >= 12
    assert {method for method, _ in ROUTES} <= {"GET", "HEAD"}  # the pages change nothing


def test_nothing_stands_beside_the_routes(client: Any, newswatch_environment: Path) -> None:
    for path in ("docs", "openapi.json", "redoc", "static/x.js", "day/"):
        assert client.get(f"/newswatch/{path}").status_code in (401, 404), path


def test_an_anonymous_visitor_is_led_to_the_login_and_back(client: Any, newswatch_environment: Path) -> None:
    page = client.get("/newswatch/feeds?x=1").text
    assert 'href="/api/v2/auth/login?next=%2Fnewswatch%2Ffeeds%3Fx%3D1"' in page


@pytest.fixture
def changing(web_application: Any) -> Iterator[Any]:
    """The pages with a route beside them that changes something."""
    from fastapi.testclient import TestClient

    def change() -> str:
        return "changed"

    app = create_app()
    app.add_api_route("/change", change, methods=["POST", "PUT", "PATCH", "DELETE"])
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("role", [*REFUSED, *READERS])
def test_a_route_that_changes_something_is_for_those_who_may_start_runs(changing: Any, role: str | None) -> None:
    log_in(changing, role)
    expected = 200 if role in EDITORS else REFUSED.get(role, 403)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert changing.request(method, "/change").status_code == expected, method


DAYS = {"from_date": "2026-11-20T00:00:00Z", "to_date": "2026-11-21T00:00:00Z"}
ACTIONS = [
    ("POST", f"/dags/{DAILY_DIGEST}/dagRuns", {"logical_date": None}),
    ("POST", "/backfills", {"dag_id": DAILY_DIGEST, **DAYS}),
    ("PATCH", f"/dags/{DAILY_DIGEST}", {"is_paused": False}),
    ("POST", f"/dags/{DAILY_DIGEST}/clearTaskInstances", {"dry_run": True}),
]


@pytest.mark.parametrize("role", [*REFUSED, *READERS])
@pytest.mark.parametrize(("method", "path", "body"), ACTIONS, ids=lambda value: str(value)[:30])
def test_runs_are_for_those_who_may_start_them(
    client: Any, role: str | None, method: str, path: str, body: dict[str, Any]
) -> None:
    log_in(client, role)
    status = client.request(method, f"/api/v2{path}", json=body).status_code
    if role in EDITORS:
        assert status == 404  # no DAG is known here, which nobody else is told
    else:
        assert status == REFUSED.get(role, 403)
