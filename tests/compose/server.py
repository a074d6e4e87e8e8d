"""A server that docker compose starts from the repository's own files, on the newsroom, and what users do with it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from newswatch_airflow.local.api import AirflowApi
from newswatch_airflow.local.environment import PROJECT, free_port
from newswatch_airflow.local.make_env import write

HERE = Path(__file__).parent
READY_SECONDS = 900
PASSWORD = "of-a-test-alone"
FAB_ROLES = {"editor": "Editor", "reader": "Reader", "nobody": "Public"}


@dataclass
class Server:
    """Containers of one project. `files`: those of the repository, then those of the tests laid over them."""

    project: str
    files: tuple[Path, ...]
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        write(self.folder / ".env")
        self.port = free_port()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "NEWSWATCH_", "COMPOSE_"))}
        self._env = kept | {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_PROFILES": "demo",
            "NEWSWATCH_CONFIG_DIR": "/opt/newswatch/demo-config",
            "NEWSWATCH_PORT": str(self.port),
            "SECRETS_DIR": str(self.folder / "secrets"),
            **self.settings,
        }

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def secrets(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.folder / "secrets").iterdir()}

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run docker compose on this project; returns standard output. Raises AssertionError with what it said."""
        files = [part for file in self.files for part in ("--file", str(file))]
        command = ["docker", "compose", "--project-directory", str(PROJECT), *files, *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def up(self, *arguments: str) -> None:
        try:
            self.compose("up", "--detach", "--wait", "--wait-timeout", str(READY_SECONDS), *arguments)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.compose('logs', '--tail', '30', check=False)}") from None

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "20")

    def execute(self, service: str, *command: str, index: int = 1) -> str:
        return self.compose("exec", "-T", "--index", str(index), service, *command)

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine says of each container, by its name, those that have ended too."""
        ids = self.compose("ps", "--all", "--quiet").split()
        done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True)
        return {one["Name"].lstrip("/"): one for one in json.loads(done.stdout)}

    def kill_container(self, name: str) -> None:
        subprocess.run(["docker", "kill", name], capture_output=True, check=True)

    def add_logins(self) -> None:
        """One for each role, as docs/production.md says."""
        for name, role in FAB_ROLES.items():
            who = ["--username", name, "--firstname", name, "--lastname", "Test", "--email", f"{name}@localhost"]
            self.execute("api-server", "airflow", "users", "create", *who, "--role", role, "--password", PASSWORD)

    def api(self, user: str = "admin") -> AirflowApi:
        password = self.secrets()["admin_password"] if user == "admin" else PASSWORD
        client = AirflowApi(self.url, user, password)
        client.log_in()
        return client

    def status(self, method: str, path: str, user: str | None, body: Any = None) -> int:
        """What a login is answered; None: an anonymous visitor."""
        headers = {} if user is None else {"Authorization": f"Bearer {self.token(user)}"}
        answer = httpx.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=60, trust_env=False)
        return answer.status_code

    def token(self, user: str) -> str:
        password = self.secrets()["admin_password"] if user == "admin" else PASSWORD
        login = {"username": user, "password": password}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=60, trust_env=False)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


def until(is_so: Callable[[], bool], what: str, seconds: float = 600) -> None:
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, f"{what}: not within {seconds} s"
        time.sleep(2)


def ended_runs(api: AirflowApi, dag_id: str, wanted: int = 1, *, since: frozenset[str] = frozenset()) -> list[Any]:
    """The runs of a DAG that are not in `since`, once so many have ended and none goes on."""

    def found() -> list[Any]:
        try:
            runs = [run for run in api.runs(dag_id, order_by="-run_after") if run["dag_run_id"] not in since]
        except httpx.TransportError:
            return []
        return runs if all(run["state"] in ("success", "failed") for run in runs) else []

    until(lambda: len(found()) >= wanted, f"{wanted} runs of {dag_id}")
    return found()


def task_instances(api: AirflowApi, run: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
    listed: list[dict[str, Any]] = api.call("GET", path, params={"limit": 100})["task_instances"]
    return listed
