"""The pages in Airflow's UI: behind its login, every route, and showing the digest as it was issued."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from newswatch.pipeline import build_day, issue_digest, open_newswatch, poll
from newswatch.settings import load_settings

DAY, DAY_BEFORE = date(2026, 11, 21), date(2026, 11, 20)


@pytest.fixture
def client(airflow_database, newswatch_environment: Path):
    """Airflow's own web application with the plugin mounted, as an anonymous visitor sees it."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from fastapi.testclient import TestClient

    from newswatch_airflow import pages

    pages._reader.cache_clear()
    purge_cached_app()
    with TestClient(create_app(apps="core"), base_url="http://testserver") as client:
        yield client
    purge_cached_app()
    if pages._reader.cache_info().currsize:
        pages._reader().close()
        pages._reader.cache_clear()


def log_in(client, role: str) -> None:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="someone", role=role))
    client.headers["Authorization"] = f"Bearer {token}"


def plugin_paths(client) -> list[str]:
    mount = next(r for r in client.app.routes if getattr(r, "path", None) == "/newswatch")
    return [f"/newswatch{route.path}" for route in mount.app.routes]


def test_an_anonymous_visitor_gets_nothing_from_any_route(client):
    paths = plugin_paths(client)
    assert "/newswatch/" in paths
    for path in [*paths, "/newswatch/docs", "/newswatch/openapi.json", "/newswatch/redoc", "/newswatch/static/x.js"]:
        assert client.get(path).status_code in (401, 403, 404), path
    assert client.get("/newswatch/").status_code == 401
    assert client.get("/newswatch/links.js").status_code == 401


def test_a_viewer_reads_the_latest_digest_and_chooses_a_day(client):
    nw = open_newswatch(load_settings())
    for day in (DAY_BEFORE, DAY):
        build_day(nw, day)
        issue_digest(nw, day, "test")
    issue_digest(nw, DAY, "another")
    nw.close()
    log_in(client, "VIEWER")
    latest = client.get("/newswatch/")
    assert latest.status_code == 200
    assert "Saturday 21 November 2026" in latest.text
    assert "Re-issue 2" in latest.text
    assert f'<option value="{DAY_BEFORE}">' in latest.text
    earlier = client.get(f"/newswatch/?day={DAY_BEFORE}")
    assert "Friday 20 November 2026" in earlier.text


def test_a_page_allows_no_foreign_script_and_no_frame_tricks(client):
    log_in(client, "VIEWER")
    policy = client.get("/newswatch/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy


def test_before_the_first_digest_the_page_says_how_to_get_one(client):
    log_in(client, "VIEWER")
    assert "daily_digest" in client.get("/newswatch/").text


@pytest.mark.parametrize("day", ["2031-01-01", "yesterday", "<script>alert(1)</script>", "../../etc/passwd"])
def test_a_day_without_a_digest_is_named_and_nothing_of_it_is_run(client, day: str):
    nw = open_newswatch(load_settings())
    build_day(nw, DAY)
    issue_digest(nw, DAY, "test")
    nw.close()
    log_in(client, "VIEWER")
    answer = client.get("/newswatch/", params={"day": day})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_the_page_of_feeds_shows_each_with_its_state(client, newsroom):
    nw = open_newswatch(load_settings())
    newsroom.fail("ledger", 500)
    for _ in range(3):
        poll(nw, list(nw.feeds), "test")
    nw.close()
    assert client.get("/newswatch/feeds").status_code == 401
    log_in(client, "VIEWER")
    page = client.get("/newswatch/feeds")
    assert page.status_code == 200
    for feed_id in nw.feeds:
        assert f'id="{feed_id}"' in page.text
    assert "2 failing" in page.text
    assert "1 gone" in page.text
    assert "3 http_500" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_before_the_first_poll_the_page_of_feeds_says_what_to_do(client):
    log_in(client, "VIEWER")
    assert "poll_feeds" in client.get("/newswatch/feeds").text
