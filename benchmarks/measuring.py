"""What a command costs: wall time, processor time of its whole tree, and the tree's peak memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """`cpu_s`: user and system, of the command and of every child that it waited for; `peak_mb`: PSS of the tree.

    PSS: memory that processes share counts once.
    """

    output: str
    wall_s: float
    cpu_s: float
    peak_mb: float


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run the command to its end. Raises SystemExit where it fails."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    peaks, done = [0], threading.Event()
    sampler = threading.Thread(target=_sample, args=(child.pid, peaks, done))
    sampler.start()
    output = child.stdout.read() if child.stdout else ""
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    done.set()
    sampler.join()
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(output, wall, usage.ru_utime + usage.ru_stime, max(peaks) / 1e6)


def cpu_of_tree(pid: int) -> float:
    """Seconds of user and system time of a process that runs on, its children that have ended, and those that run."""
    import psutil

    seconds = 0.0
    for process in (root := psutil.Process(pid), *root.children(recursive=True)):
        try:
            seconds += sum(process.cpu_times()[:4])  # own and waited for, user and system
        except psutil.Error:
            continue
    return seconds


def _sample(pid: int, peaks: list[int], done: threading.Event) -> None:
    import psutil

    while not done.wait(0.1):
        try:
            tree = psutil.Process(pid)
            peaks.append(sum(p.memory_full_info().pss for p in [tree, *tree.children(recursive=True)]))
        except psutil.Error:
            continue
