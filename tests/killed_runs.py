"""Runs of the command line that kill themselves at one of their calls which change something."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from newswatch.settings import Settings

# Kills its process before the nth call that changes the store, or with `commits` the ledger; NEVER: counts them.
SCRIPT = """
import os, signal, sys
from newswatch.cli.main import main
from newswatch.storage.files import Store

nth, calls, with_commits = int(sys.argv.pop(1)), [], sys.argv.pop(1) == "commits"

def killing(untouched):
    def call(*arguments):
        calls.append(arguments)
        if len(calls) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return untouched(*arguments)
    return call

for name in ("write", "move", "remove", "remove_folder"):
    setattr(Store, name, killing(getattr(Store, name)))
if with_commits:
    from sqlalchemy.engine.default import DefaultDialect
    DefaultDialect.do_commit = killing(DefaultDialect.do_commit)
try:
    main()
finally:
    print(f"calls: {len(calls)}", file=sys.stderr)
"""
NEVER = 1_000_000


def run(settings: Settings, nth: int, *arguments: str, with_commits: bool = False, **policy: str) -> tuple[int, int]:
    """The exit code, and of a run that was not killed how many calls it made. It must end well, or be killed."""
    names = ("config_dir", "home", "data_url", "database_url")
    environ = {f"NEWSWATCH_{name.upper()}": str(getattr(settings, name)) for name in names}
    command = [sys.executable, "-c", SCRIPT, str(nth), "commits" if with_commits else "files", *arguments]
    done = subprocess.run(command, env=os.environ | environ | policy, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode, 0 if done.returncode else int(done.stderr.rpartition("calls: ")[2])


def points(*quick: int, last: int) -> list[object]:
    """Every call in the long form of the suite."""
    return [pytest.param(n, marks=[] if n in quick else [pytest.mark.slow]) for n in range(1, last + 1)]
