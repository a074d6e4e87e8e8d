"""Child processes of `make run`: each in a session of its own, ended by pid, none left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

PATIENCE_SECONDS = 15.0


class Lines:
    """What a process writes to one of its pipes, read by a thread as it comes, so that the process never waits."""

    def __init__(self, pipe: IO[str] | None) -> None:
        assert pipe is not None
        self._lines: list[str] = []
        self._given = 0
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[str]) -> None:
        for line in pipe:
            self._lines.append(line)

    @property
    def is_open(self) -> bool:
        return self._thread.is_alive()

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def fresh(self) -> list[str]:
        """Lines that came since the last call, without their ends."""
        lines = self._lines[self._given :]
        self._given += len(lines)
        return [line.rstrip("\n") for line in lines]


@dataclass
class Processes:
    """Starts, watches and ends children. What runs is written to `record`, so that a killed parent's can be found."""

    folder: Path  # one log file a child
    record: Path
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _commands: dict[str, tuple[Sequence[str], Mapping[str, str]]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start `command` with its output in `<folder>/<name>.log`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.log(name), "ab") as log:
            child = subprocess.Popen(
                command, env=dict(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._children[name] = child
        self._commands[name] = command, env
        self._save()
        return child

    def start_again(self, name: str) -> None:
        """Start one that has ended as it was started before. What it had started itself, and left, is ended first."""
        _end_sessions([self._children[name].pid])
        self._children[name].wait()
        self.start(name, *self._commands[name])

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def ended(self) -> str | None:
        """The name of a child that has ended by itself, if any."""
        return next((name for name, child in self._children.items() if _has_ended(child)), None)

    def stop(self) -> None:
        """End all children and what they started: first asked, then killed."""
        sessions = [child.pid for child in reversed(self._children.values())]
        _end_sessions(sessions)
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(1)
        self._children.clear()
        self.record.unlink(missing_ok=True)

    def end_leftovers(self) -> int:
        """End children of a parent that was killed before it could; returns how many there were."""
        try:
            known = json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        alive = [pid for pid, started in known if _started(pid) == started]
        _end_sessions(alive)
        self.record.unlink(missing_ok=True)
        return len(alive)

    def _save(self) -> None:
        pids = [(child.pid, _started(child.pid)) for child in self._children.values()]
        self.record.write_text(json.dumps(pids))


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Without taking note of it, so that its number stays its own until what it left is ended too."""
    state = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return child.returncode is not None or os.waitid(os.P_PID, child.pid, state) is not None


def _started(pid: int) -> float | None:
    """When the process was started; tells it from a later one under the same number."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def _members(session: int) -> list[psutil.Process]:
    """Live processes of the session that the child leads. Airflow's workers have process groups of their own in it."""
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def _end_sessions(sessions: Sequence[int]) -> None:
    for pid in sessions:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    remaining = [p for session in sessions for p in _members(session)]
    while remaining and time.monotonic() < deadline:
        _, remaining = psutil.wait_procs(remaining, timeout=0.5)
    for process in [p for session in sessions for p in _members(session)]:
        with contextlib.suppress(psutil.Error):
            process.kill()
