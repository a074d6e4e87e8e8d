"""Airflow's environment must stand before anything imports airflow: everything below one short temporary folder."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from installed import ANONYMOUS, close_pages, installation, log_in
from receivers import Connect, Hook, Mails, StartMails

from newswatch.storage import embedded_postgres
from newswatch_airflow.local.environment import airflow_environment, free_port

_HOME = Path(tempfile.mkdtemp(prefix="nw-airflow-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
atexit.register(embedded_postgres.stop, _HOME / "postgres")  # first: what is registered last
_ENV = airflow_environment(_HOME, free_port())
os.environ.update({name: value for name, value in _ENV.items() if name.startswith("AIRFLOW_")})


def pytest_configure(config: pytest.Config) -> None:
    # Airflow's and its libraries' own deprecations are not ours to mend.
    for kind in ("DeprecationWarning", "PendingDeprecationWarning", "ResourceWarning", "UserWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::{kind}")


@pytest.fixture(scope="session")
def airflow_database() -> str:
    """Airflow's own database in an embedded server, migrated."""
    from airflow.utils.db import initdb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        initdb()
    return _ENV["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


@pytest.fixture
def newswatch_environment(
    monkeypatch: pytest.MonkeyPatch, new_database: Callable[[], str], tmp_path: Path, config_dir: Path
) -> Path:
    """`NEWSWATCH_*` for an empty installation on the newsroom; returns its home."""
    for name, value in installation(tmp_path, config_dir, new_database()).items():
        monkeypatch.setenv(name, value)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def web_application(airflow_database: str) -> Iterator[Any]:
    """Airflow's own web application with the plugin mounted."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(apps="core"), base_url="http://testserver") as client:
        yield client
    purge_cached_app()


@pytest.fixture
def client(web_application: Any) -> Iterator[Any]:
    """The application as an anonymous visitor sees it, on the installation of the test's environment."""
    log_in(web_application, ANONYMOUS)
    yield web_application
    close_pages()


@pytest.fixture
def start_mails() -> Iterator[StartMails]:
    """Starts a mail server on loopback; with a password, one that wants it."""
    started: list[Mails] = []

    def start(password: str | None = None) -> Mails:
        server = Mails(password)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A web hook: what it got, and the status that it answers with, by path."""
    got: list[tuple[str, dict[str, str]]] = []
    status: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield got, status, server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Sets a connection as Airflow reads it from the environment."""

    def set_one(conn_id: str, **fields: object) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return set_one
