"""The environment of an Airflow that `make run` and the tests start: everything below one folder, every port given."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from newswatch.settings import SHIPPED_CONFIG_DIR
from newswatch.storage import embedded_postgres
from newswatch_airflow.ids import PAGES

PROJECT = SHIPPED_CONFIG_DIR.parent
AIRFLOW_DATABASE = "airflow"
USER = "admin"


def free_port() -> int:
    """A port that is free now, chosen by the system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_LEFT_TO_USERS = "AIRFLOW__METRICS__"  # all others are this run's: a shell may be set for another installation


def airflow_environment(home: Path, port: int, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for all Airflow processes and for `newswatch`; the embedded server is started, its databases made.

    `port` is that of Airflow's pages, on loopback. No other is opened: scheduler and triggerer would serve the logs of
    their tasks on all of the machine's addresses, and are to be started with `--skip-serve-logs`. Secrets are made once
    and kept in `home/airflow`, mode 0600.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    airflow_home = home / "airflow"
    airflow_home.mkdir(mode=0o700, exist_ok=True)
    server = embedded_postgres.start(home / "postgres")
    kept = _secrets(airflow_home / "secrets.json")
    api = f"http://127.0.0.1:{port}"
    given = os.environ if base is None else base
    env = {k: v for k, v in given.items() if not k.startswith("AIRFLOW__") or k.startswith(_LEFT_TO_USERS)}
    env |= {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__API__BASE_URL": api,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": kept["api"],
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt"],
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "newswatch_airflow.executor.PreloadedLocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": kept["fernet"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow_home / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (own := embedded_postgres.database(server, AIRFLOW_DATABASE)),
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "AIRFLOW__LOGGING__JSON_LOGS": env.get("NEWSWATCH_JSON_LOGS") or "False",
        # What a scheduler or a worker that was killed has left is found within a minute, not within five.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "NEWSWATCH_AIRFLOW_DATABASE_URL": own,
        "NEWSWATCH_HOME": str(home),
        "NEWSWATCH_PAGES_URL": env.get("NEWSWATCH_PAGES_URL") or f"{api}{PAGES}",
        "NEWSWATCH_DATABASE_URL": env.get("NEWSWATCH_DATABASE_URL")
        or embedded_postgres.database(server, embedded_postgres.LEDGER_DATABASE),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }
    _write_private(airflow_home / "passwords.json", json.dumps({USER: kept["password"]}))
    return env


def _secrets(path: Path) -> dict[str, str]:
    if not path.exists():
        made = {name: secrets.token_urlsafe(64) for name in ("api", "jwt")}
        made["fernet"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made["password"] = secrets.token_urlsafe(9)
        _write_private(path, json.dumps(made))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
