"""Another user of the machine: gets in nowhere, reads nothing of ours, and is not shut out from a run of his own."""

from __future__ import annotations

import json
import os
import pwd
import re
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from newswatch_airflow.local.environment import PROJECT

from .conftest import Run, processes_of, start

NOBODY = pwd.getpwnam("nobody")
AS_NOBODY: dict[str, Any] = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(os.geteuid() != 0, reason="acts as several users"),
]


def as_nobody(code: str, *arguments: str) -> Any:
    """What a small program of another user prints, as JSON."""
    command = ["/usr/bin/env", "python3", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", **AS_NOBODY)
    return json.loads(done.stdout)


@pytest.fixture
def opened_above(running: Run) -> Iterator[None]:
    """The folders above the home let everybody pass, as /srv does: what keeps others out must be the home's own."""
    modes = {folder: folder.stat().st_mode for folder in running.home.parents}
    for folder, mode in modes.items():
        folder.chmod(stat.S_IMODE(mode) | 0o055)
    yield
    for folder, mode in modes.items():
        folder.chmod(stat.S_IMODE(mode))


@pytest.mark.usefixtures("opened_above")
def test_another_user_opens_no_file_of_ours(running: Run) -> None:
    paths = [str(running.home), *(str(path) for path in running.home.rglob("*") if path.is_file())]
    assert len(paths) > 500
    code = "import json, os, sys; print(json.dumps([p for p in json.load(open(sys.argv[1])) if os.access(p, os.R_OK)]))"
    with tempfile.NamedTemporaryFile("w", suffix=".json") as listed:
        json.dump(paths, listed)
        listed.flush()
        Path(listed.name).chmod(0o644)
        assert as_nobody(code, listed.name) == []


def test_what_every_user_sees_of_our_processes_holds_no_secret(running: Run) -> None:
    secrets = set(json.loads((running.home / "airflow" / "secrets.json").read_text()).values())
    assert running.login[1] in secrets
    code = """
import glob, json
def read(path):
    try:
        return open(path, errors="replace").read()
    except OSError:
        return ""
print(json.dumps([read(f"{p}/cmdline") + read(f"{p}/environ") for p in glob.glob("/proc/[0-9]*")]))
"""
    seen = "\n".join(as_nobody(code))
    assert str(running.home) in seen  # the command lines were read
    assert [secret for secret in secrets if secret in seen] == []


def is_open(process: psutil.Process) -> list[tuple[str, int]]:
    return [tuple(c.laddr) for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]


def answer(url: str) -> int:
    try:
        with urllib.request.build_opener(NoRedirect).open(url, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect to the login is an answer of its own."""

    def redirect_request(self, *_: Any) -> None:
        return None


def test_no_port_of_ours_tells_a_stranger_anything(running: Run) -> None:
    found = re.search(r"newsroom listens on http://[^:]+:(\d+)", running.printed)
    assert found, running.printed
    newsroom = "127.0.0.1", int(found[1])
    listening = {address for process in processes_of(running.home) for address in is_open(process)}
    assert {host for host, _ in listening} == {"127.0.0.1"}
    assert newsroom in listening  # whose stories are for everybody
    said = {
        (port, path): answer(f"http://127.0.0.1:{port}{path}")
        for _, port in listening - {newsroom}
        for path in ("/newswatch/", "/api/v2/dags", "/log/dag_id=poll_feeds/", "/newswatch/files/")
    }
    assert set(said.values()) <= {302, 303, 307, 401, 403, 404}, said


@pytest.mark.slow
def test_another_user_starts_a_run_of_his_own_beside_ours(running: Run, make_home: Callable[[int], Path]) -> None:
    try:
        subprocess.run([sys.executable, "-c", "import newswatch"], cwd=PROJECT, check=True, **AS_NOBODY)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("Python or the project lies in a folder that is closed to other users")
    home = make_home(NOBODY.pw_uid)
    theirs = start(home, **AS_NOBODY)
    try:
        assert theirs.url != running.url
        assert {process.uids().effective for process in processes_of(home)} == {NOBODY.pw_uid}
        assert running.process.poll() is None
        assert running.command("newswatch", "verify").returncode == 0
        assert theirs.command("newswatch", "verify").returncode == 0
    finally:
        theirs.stop()
    assert processes_of(home) == []
    assert running.command("newswatch", "verify").returncode == 0


@pytest.fixture
def make_home() -> Iterator[Callable[[int], Path]]:
    """Makes folders that are theirs to whom the number belongs."""
    with tempfile.TemporaryDirectory(prefix="nw-other-") as name:
        Path(name).chmod(0o755)

        def make(uid: int) -> Path:
            folder = Path(name) / str(uid)
            folder.mkdir(0o700)
            os.chown(folder, uid, -1)
            return folder

        yield make
