"""Airflow's environment must stand before anything imports airflow: everything below one short temporary folder."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installed import ANONYMOUS, close_pages, installation, log_in

from newswatch_airflow.local.environment import Ports, airflow_environment, free_port

_HOME = Path(tempfile.mkdtemp(prefix="nw-airflow-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
_ENV = airflow_environment(_HOME, Ports(free_port(), free_port(), free_port()))
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
