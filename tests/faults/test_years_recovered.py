"""Seven years of an outlet recovered, and killed twice meanwhile, beside seven years in which it was polled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest
import sqlalchemy as sa
from clocks import Clock
from compared_days import tables_but_for_first_sight
from installations import faults
from shared_parsers import SharedParsers

from newsroom import past
from newsroom.config import write_config
from newsroom.server import Newsroom
from newsroom.stories import stories_between
from newswatch.ledger import schema as t
from newswatch.local_days import days_from
from newswatch.pipeline import Newswatch, build_day, fetch_pending, open_newswatch, poll, tag_new
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings

NOW = datetime.now(UTC).replace(minute=1, second=0, microsecond=0)
FEED, OUTLET = "vale-ledger", "ledger"
FIRST = past.PAST_BEGINS
LAST = past.month_before(NOW, past.MISSING) - timedelta(days=1)  # the months after that have faults
LISTED = timedelta(days=5)  # how far back the outlet's feed reaches
POLLED_EVERY = timedelta(days=2)
# A site's recurring lines are learnt from what is known of it: little in the first weeks of polls, all years at once in
# a recovery. A line more or less is cut then, of a few stories.
BY_LEARNT_LINES = ("text_chars", "removed_count")
DAYS_END = time_of_day(23, 57)  # all updates of the day are made, and the flaky feed answers

pytestmark = pytest.mark.slow


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def newsroom(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    monkeypatch.setattr("newsroom.feeds.HISTORY", LISTED)
    with Newsroom(clock=clock) as running:
        yield running


@pytest.fixture
def installation(newsroom: Newsroom, new_database: Callable[[], str], tmp_path: Path) -> Callable[[str], Settings]:
    def settings(name: str) -> Settings:
        home = tmp_path / name
        write_config(home / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        return Settings(
            config_dir=home / "config",
            home=home,
            data_url=str(home / "data"),
            database_url=new_database(),
            host_delay_seconds=0,
        )

    return settings


def test_a_recovery_of_seven_years_that_is_killed_twice_equals_seven_years_of_polls(
    installation: Callable[[str], Settings], newsroom: Newsroom, clock: Clock, parsers: SharedParsers, tmp_path: Path
) -> None:
    expected = [story.path for story in stories_between(FIRST, LAST) if story.outlet_id == OUTLET]
    assert len(expected) > 4_000
    recovered, polled = installation("recovered"), installation("polled")
    recover_and_kill(recovered, len(expected))
    with opened(recovered, clock, parsers) as new:
        assert paths(new) >= set(expected)
        assert [fault for fault in faults(new, tmp_path / "walk") if "orphan" not in fault] == []
    asked = [newsroom.hits[OUTLET, path] for path in expected]
    assert sum(asked) < 1.2 * len(expected), "what was committed is not asked for again"

    poll_all_along(polled, clock, parsers)
    clock.now = NOW
    with opened(recovered, clock, parsers) as new, opened(polled, clock, parsers) as old:
        assert paths(old) == paths(new)
        tag_new(old, "the last ones")
        read_otherwise = 0
        for day in days_from(FIRST, LAST):
            for nw in (old, new):
                build_day(nw, day)
            here, there = (tables_but_for_first_sight(nw, day, *BY_LEARNT_LINES) for nw in (old, new))
            assert here == there
            whole = zip(*(tables_but_for_first_sight(nw, day)[story_table(day)] for nw in (old, new)), strict=True)
            read_otherwise += sum(one != other for one, other in whole)
        assert read_otherwise < 0.05 * len(expected)  # 160 of 4,623 in November 2026


def story_table(day: date) -> str:
    return f"tables/stories/{day}.parquet"


@contextmanager
def opened(settings: Settings, clock: Clock, parsers: SharedParsers) -> Iterator[Newswatch]:
    with closing(open_newswatch(settings, parsers=parsers)) as nw:
        yield replace(nw, clock=clock)


def recover_and_kill(settings: Settings, expected_count: int) -> None:
    """By the command, killed at a third and at two thirds of its way, and then to its end."""
    names = ("config_dir", "home", "data_url", "database_url", "host_delay_seconds")
    environ = os.environ | {f"NEWSWATCH_{name.upper()}": str(getattr(settings, name)) for name in names}
    program = str(Path(sys.executable).parent / "newswatch")
    command = [program, "recover", FEED, "--from", str(FIRST), "--to", str(LAST), "--yes"]
    for share in (0.3, 0.7, None):
        process = subprocess.Popen(command, env=environ, start_new_session=True)
        while share and story_count(settings) < share * expected_count and process.poll() is None:
            time.sleep(0.5)
        if share:
            assert process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == (-signal.SIGKILL if share else 0)


def poll_all_along(settings: Settings, clock: Clock, parsers: SharedParsers) -> None:
    clock.now = datetime.combine(FIRST, DAYS_END, UTC)
    with opened(settings, clock, parsers) as nw:
        while clock.now.date() <= LAST + LISTED:
            clock.now += POLLED_EVERY
            run_id = f"{clock.now:%Y-%m-%d}"
            poll(nw, [FEED], run_id)
            fetch_pending(nw, run_id)
            tag_new(nw, run_id)


def paths(nw: Newswatch) -> set[str]:
    """The paths of all stories of the days, each of which is there once."""
    s = t.stories.c
    with nw.ledger.begin() as connection:
        urls = connection.scalars(sa.select(s.canonical_url).where(s.day.between(FIRST, LAST))).all()
    found = {"/" + url.split("/", 3)[3] for url in urls}
    assert len(found) == len(urls)
    return found


def story_count(settings: Settings) -> int:
    engine = sa.create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            has_table = sa.inspect(connection).has_table("stories")
            return connection.scalar(sa.select(sa.func.count()).select_from(t.stories)) or 0 if has_table else 0
    finally:
        engine.dispose()
