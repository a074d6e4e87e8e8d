"""Airflow's environment must stand before anything imports airflow: everything below one short temporary folder."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import pytest

from newswatch_airflow.environment import Ports, airflow_environment, free_port

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
    monkeypatch: pytest.MonkeyPatch, new_database: object, tmp_path: Path, config_dir: Path
) -> Path:
    """`NEWSWATCH_*` for an empty installation on the newsroom; returns its home."""
    assert callable(new_database)
    values = {
        "CONFIG_DIR": str(config_dir),
        "HOME": str(tmp_path / "home"),
        "DATA_URL": str(tmp_path / "data"),
        "DATABASE_URL": new_database(),
        "HOST_DELAY_SECONDS": "0",
        "PARSE_DEADLINE_SECONDS": "60",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"NEWSWATCH_{name}", value)
    return tmp_path / "home"
