"""Children of `make run`: watched, started again, none left behind."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from newswatch_airflow.local import processes as processes_module
from newswatch_airflow.local.processes import Processes


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_child_that_was_killed_is_started_again_as_before(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "logs", tmp_path / "processes.json")
    try:
        first = processes.start("part", ["sh", "-c", "echo $WORD; exec sleep 60"], os.environ | {"WORD": "hello"})
        until(lambda: processes.log("part").read_text() == "hello\n")
        assert processes.ended() is None
        first.kill()
        until(lambda: processes.ended() == "part")
        processes.start_again("part")
        until(lambda: processes.log("part").read_text() == "hello\nhello\n")
        assert processes.ended() is None
    finally:
        processes.stop()


def test_what_a_dead_child_had_started_does_not_outlive_its_follower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes_module, "PATIENCE_SECONDS", 0.5)
    processes = Processes(tmp_path / "logs", tmp_path / "processes.json")
    command = ["sh", "-c", f"sleep 61 & echo $! >> {tmp_path}/pids; wait"]
    try:
        first = processes.start("part", command, os.environ)
        until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().endswith("\n"))
        orphan = psutil.Process(int((tmp_path / "pids").read_text()))
        first.kill()
        until(lambda: processes.ended() == "part")
        processes.start_again("part")
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    finally:
        processes.stop()


def test_logs_are_their_owners_alone(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "logs", tmp_path / "processes.json")
    processes.start("part", ["true"], os.environ)
    processes.stop()
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
