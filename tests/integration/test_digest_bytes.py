"""The same stories give the same files in another process, time zone and locale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from clocks import Clock
from desk import DAY, MARKET, NEXT, SHELLING, WATER, Desk, late_part
from told import FRIDAY, Told, at

from newswatch.ledger import schema as t
from newswatch.pipeline import issue_digest


def test_another_process_in_another_time_zone_writes_the_same_digest(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    issue_digest(nw, FRIDAY, "run")
    names = [f"digests/{FRIDAY}/issue-1/digest.{end}" for end in ("html", "md", "csv", "json")]
    before = {name: nw.store.read(name) for name in names}
    settings = nw.settings
    code = (
        "from newswatch.pipeline import issue_digest, open_newswatch; from newswatch.settings import load_settings; "
        f"from datetime import date; issue_digest(open_newswatch(load_settings()), date({FRIDAY:%Y, %-m, %-d}), 'run')"
    )
    for zone, seed in (("Pacific/Auckland", "1"), ("America/New_York", "2")):
        environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        environment |= {
            "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
            "NEWSWATCH_HOME": str(settings.home),
            "NEWSWATCH_DATA_URL": settings.data_url,
            "NEWSWATCH_DATABASE_URL": settings.database_url,
            "NEWSWATCH_PAGES_URL": settings.pages_url,
        }
        with nw.ledger.begin() as connection:  # as if it had never been issued
            connection.execute(sa.delete(t.digests))
        for name in names:
            Path(nw.store.locate(name)).unlink()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
        assert {name: nw.store.read(name) for name in names} == before


ISSUE = """
import sys
from dataclasses import replace
from datetime import date, datetime
from newswatch.pipeline import issue_digest, open_newswatch
from newswatch.settings import load_settings
nw = replace(open_newswatch(load_settings()), clock=lambda: datetime.fromisoformat(sys.argv[2]))
print(issue_digest(nw, date.fromisoformat(sys.argv[1]), sys.argv[3]).number)
nw.close()
"""


def test_two_processes_in_two_time_zones_write_the_same_files_from_the_same_stories(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(timezone="Europe/Kyiv")
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 8)
    desk.publish("/water", "Taps run again", *WATER, hour=19)
    desk.publish("/market", "Market opens", *MARKET, day=23, hour=7)
    desk.publish("/copied", "Stalls for growers", *MARKET, day=23, hour=8, by="other")
    desk.at(24, 6)
    desk.issue(NEXT)
    desk.at(25, 6)
    found = []
    for number, zone in enumerate(("Pacific/Auckland", "America/New_York")):
        shutil.rmtree(Path(desk.nw.store.locate("tables")))
        shutil.rmtree(Path(desk.nw.store.locate(f"digests/{NEXT}/issue-2")), ignore_errors=True)
        with desk.nw.ledger.begin() as connection:  # as if it had never been issued
            connection.execute(sa.delete(t.digests).where(t.digests.c.day == NEXT, t.digests.c.number == 2))
        environ = os.environ | desk.environment(TZ=zone, PYTHONHASHSEED=str(number + 1), LC_ALL="C")
        command = [sys.executable, "-c", ISSUE, str(NEXT), desk.clock.now.isoformat(), "second"]
        done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
        assert done.stdout.split()[-1] == "2"
        found.append(desk.issued(NEXT, 2))
    assert found[0] == found[1]
    for name in ("digest.html", "digest.md"):
        assert "it replaces issue 1 of 2026-11-24 08:00" in found[0][name], name
        assert "Taps run again" in late_part(found[0][name])
        assert "2 outlets, first The Site 09:00" in found[0][name].replace("\\", "")  # 07:00 UTC
