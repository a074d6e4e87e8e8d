"""kill -9 of poll, build, issue, verify --repair: no story is lost or doubled, no day mixed, and the next try is whole.

The control is what an installation looks like that nothing disturbed, and that a killed one differs until it is run
again: a suite that cannot see a loss proves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clocks import Clock
from installations import faults
from killed_runs import NEVER, points, run
from shared_parsers import SharedParsers

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.pipeline import Newswatch, Reader, open_newswatch
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.tables.day_tables import DAY_TABLES

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = NOW.date() - timedelta(days=1)
SEED = 2026
MOST_CALLS = {"poll": 60, "build": 40}  # of a command, at least: later points are past its end


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=2))
        with Newsroom(clock=Clock(NOW)) as running:
            yield running


@pytest.fixture
def make_installation(newsroom: Newsroom, new_database: Callable[[], str], tmp_path: Path) -> Callable[[str], Settings]:
    """Empty ones, on the same newsroom."""

    def make(name: str) -> Settings:
        home = tmp_path / name
        write_config(home / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        return Settings(config_dir=home / "config", home=home, data_url=str(home / "data"), database_url=new_database())

    return make


def facts(settings: Settings) -> dict[str, Any]:
    """What users see: the day's tables, which story is where, and how many digests there are."""
    with closing(Reader(settings)) as reader:
        tables = {
            table.name: [
                {name: value for name, value in row.items() if name != "original_at" and "seen_at" not in name}
                for row in reader.table(table.name, DAY)
            ]
            for table in DAY_TABLES
            if table.name not in ("outcomes", "feed_days")  # of the poll's own day and time
        }
        return {"tables": tables, "digests": len(reader.digests())}


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What differs, a line each."""
    lines = [] if found["digests"] == expected["digests"] else [f"digests: {found['digests']}, {expected['digests']}"]
    for name, rows in expected["tables"].items():
        others = found["tables"][name]
        lines += [f"{name}: {len(others)} rows, {len(rows)}"] if len(others) != len(rows) else []
        for one, other in zip(others, rows, strict=False):
            lines += [f"{name}: {key}: {one[key]!r}, {other[key]!r}" for key in one if one[key] != other[key]]
    return lines


def nothing_is_wrong(settings: Settings, parsers: SharedParsers, tmp_path: Path) -> list[str]:
    nw: Newswatch = open_newswatch(settings, parsers=parsers)
    with closing(nw):
        return [fault for fault in faults(nw, tmp_path) if "orphan" not in fault]


def some(command: str, *quick: int) -> list[object]:
    """A seeded choice of the command's calls in the long form."""
    chosen = random.Random(SEED).sample(range(1, MOST_CALLS[command] + 1), MOST_CALLS[command])
    return [pytest.param(n, marks=[] if n in quick else [pytest.mark.slow]) for n in sorted({*chosen, *quick})]


@pytest.mark.parametrize("nth", some("poll"))
def test_a_poll_that_is_killed(
    make_installation: Callable[[str], Settings], parsers: SharedParsers, tmp_path: Path, nth: int
) -> None:
    quiet, killed = make_installation("quiet"), make_installation("killed")
    policy = {"NEWSWATCH_HOST_DELAY_SECONDS": "0"}
    for settings, point in ((quiet, NEVER), (killed, nth)):
        code, _ = run(settings, point, "poll", with_commits=True, **policy)
        assert (code == 0) if point == NEVER else (code != 0 or nth > 9)
    assert run(killed, NEVER, "poll", with_commits=True, **policy)[0] == 0
    for settings in (quiet, killed):
        assert run(settings, NEVER, "build", "--no-digest", str(DAY))[0] == 0
    assert facts(quiet)["tables"]["stories"]
    assert differences(facts(killed), facts(quiet)) == []
    assert nothing_is_wrong(killed, parsers, tmp_path) == []


@pytest.fixture(scope="module")
def polled(
    newsroom: Newsroom, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, dict[str, Any]]:
    """An installation that is read and built, and what it looks like."""
    home = tmp_path_factory.mktemp("polled")
    write_config(home / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
    settings = Settings(config_dir=home / "config", home=home, data_url=str(home / "data"), database_url=new_database())
    run(settings, NEVER, "poll", NEWSWATCH_HOST_DELAY_SECONDS="0")
    assert run(settings, NEVER, "build", str(DAY), with_commits=True)[1] > 9
    return settings, facts(settings)


@pytest.mark.parametrize("nth", some("build", 16))
def test_a_build_and_issue_that_is_killed(
    polled: tuple[Settings, dict[str, Any]], parsers: SharedParsers, tmp_path: Path, nth: int
) -> None:
    settings, quiet = polled
    assert run(settings, NEVER, "days", "forget", str(DAY))[0] == 0
    assert run(settings, nth, "build", str(DAY), with_commits=True)[0] != 0 or nth > 16
    assert run(settings, NEVER, "build", str(DAY), with_commits=True)[0] == 0
    found = facts(settings)
    assert differences(found, quiet | {"digests": found["digests"]}) == []
    assert found["digests"] in (1, 2), "an issue that was committed stays, and the next has the next number"
    assert nothing_is_wrong(settings, parsers, tmp_path) == []


@pytest.mark.parametrize("nth", points(last=24))
def test_a_repair_that_is_killed(
    polled: tuple[Settings, dict[str, Any]], parsers: SharedParsers, tmp_path: Path, nth: int
) -> None:
    settings, quiet = polled
    run(settings, NEVER, "build", str(DAY))
    for name in ("stories", "mentions", "topic_days"):
        path = Path(settings.data_url) / "tables" / name / f"{DAY}.parquet"
        path.write_bytes(path.read_bytes()[:-40])
    assert len(nothing_is_wrong(settings, parsers, tmp_path)) >= 3, "the control: the damage is seen"
    run(settings, nth, "verify", "--repair", with_commits=True)
    run(settings, NEVER, "verify", "--repair", "--from-start", with_commits=True)
    found = facts(settings)
    assert differences(found, quiet | {"digests": found["digests"]}) == []
    assert nothing_is_wrong(settings, parsers, tmp_path) == []
