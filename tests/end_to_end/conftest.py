"""One `make run` for all tests of this folder: real PostgreSQL, real scheduler, LocalExecutor, real newsroom."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from newswatch_airflow.local.api import AirflowApi
from newswatch_airflow.local.environment import PROJECT, free_port

HISTORY_DAYS = 28  # four weeks show what ten do, and are read and built in less than half of the time


@dataclass
class Run:
    """A started `make run`. `printed` is its output up to "Ready after"."""

    process: subprocess.Popen[str]
    home: Path
    printed: str

    @property
    def env(self) -> dict[str, str]:
        """What its env file gives a terminal that sources it."""
        command = ["sh", "-c", f". {self.home}/env; env -0"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return dict(line.split("=", 1) for line in listed.split("\0") if "=" in line)

    @property
    def login(self) -> tuple[str, str]:
        found = re.search(r"login (\S+) / (\S+)", self.printed)
        assert found, self.printed
        return found[1], found[2]

    @property
    def url(self) -> str:
        found = re.search(r"Airflow\s+(http\S+)", self.printed)
        assert found, self.printed
        return found[1]

    def command(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`newswatch` or `airflow` in a terminal that means this run."""
        program = str(Path(sys.executable).parent / command[0])
        return subprocess.run([program, *command[1:]], env=self.env, capture_output=True, text=True, check=False)

    def stop(self) -> str:
        """Ctrl-C; returns the last words. Raises TimeoutExpired where it does not end."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        return rest


def start(home: Path, **as_user: Any) -> Run:
    """Start it on free ports, the newsroom's broken feeds among the others, and wait until it says that it is ready.

    `as_user`: Popen's `user`, `group` and `extra_groups`, for somebody else than who runs the tests.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "NEWSWATCH_"))}
    env |= {"NEWSWATCH_HOME": str(home), "NEWSWATCH_PORT": str(free_port())}
    env |= {"NEWSROOM_BROKEN": "1", "NEWSROOM_HISTORY_DAYS": str(HISTORY_DAYS)}
    env |= {"NEWSWATCH_REQUEST_DEADLINE_SECONDS": "2"}
    process = subprocess.Popen(
        [sys.executable, "-m", "newswatch_airflow.local.make_run"],
        env=env,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **as_user,
    )
    assert process.stdout is not None
    printed = ""
    ends = time.monotonic() + 420
    for line in process.stdout:
        printed += line
        if line.startswith("Ready after"):
            return Run(process, home, printed)
        if time.monotonic() > ends:
            break
    process.send_signal(signal.SIGINT)
    logs = "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-3000:]}" for p in (home / "logs").glob("*.log"))
    raise AssertionError(f"make run did not get ready:\n{printed}\n{logs}")


def processes_of(home: Path) -> list[psutil.Process]:
    """Live processes that were started for this home: its path stands in their environment or command line."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = str(home) in " ".join(process.cmdline()) or process.environ().get("NEWSWATCH_HOME") == str(home)
            if is_ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nw-run-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def running(home: Path) -> Iterator[Run]:
    run = start(home)
    yield run
    if run.process.poll() is None:
        run.stop()


@pytest.fixture(scope="session")
def api(running: Run) -> Iterator[AirflowApi]:
    with AirflowApi(running.url, *running.login) as client:
        client.log_in()
        yield client
