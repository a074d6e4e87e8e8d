"""An installation of Newswatch for tests of what Airflow shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ANONYMOUS = "anonymous"


def installation(folder: Path, config_dir: Path, database_url: str) -> dict[str, str]:
    """`NEWSWATCH_*` for an installation below a folder."""
    values = {
        "CONFIG_DIR": str(config_dir),
        "HOME": str(folder / "home"),
        "DATA_URL": str(folder / "data"),
        "DATABASE_URL": database_url,
        "HOST_DELAY_SECONDS": "0",
        "PARSE_DEADLINE_SECONDS": "60",
    }
    return {f"NEWSWATCH_{name}": value for name, value in values.items()}


def log_in(client: Any, role: str | None) -> None:
    """Give Airflow's web application a login with this role; None: one that may do nothing."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    client.headers.pop("Authorization", None)
    if role != ANONYMOUS:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="someone", role=role))
        client.headers["Authorization"] = f"Bearer {token}"


def close_pages() -> None:
    """Let the pages open the installation of the environment anew when they are next asked."""
    from newswatch_airflow.ui import app

    if app._reader.cache_info().currsize:
        app._reader().close()
        app._reader.cache_clear()
