"""Preloading: what a task needs is in memory before it is forked."""

from __future__ import annotations

import json
import subprocess
import sys

from desk import DAY, Desk

TASK = """
import json, sys
from datetime import date
from newswatch.pipeline import build_day, issue_digest, open_newswatch, preload
from newswatch.settings import Settings
settings = Settings.model_validate(json.loads(sys.argv[1]))
preload(settings)
before = set(sys.modules)
packages = {name.partition(".")[0] for name in before}
nw = open_newswatch(settings, keeps_last_good=True)
day = date.fromisoformat(sys.argv[2])
build_day(nw, day)
issue_digest(nw, day, "a run")
nw.close()
new = {name.partition(".")[0] for name in sys.modules} - packages - set(sys.stdlib_module_names)
ours = {name for name in set(sys.modules) - before if name.startswith("newswatch")}
print(json.dumps(sorted(new | ours)))
"""


def test_a_day_is_built_and_its_digest_issued_without_importing_another_package(late: Desk) -> None:
    command = [sys.executable, "-c", TASK, late.nw.settings.model_dump_json(), str(DAY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
