"""kill -9 of a recovery of the past and of an import of an archive: run again, each story is there once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from clocks import Clock
from installations import faults
from killed_runs import NEVER, points, run
from shared_parsers import SharedParsers

from newsroom.archive import write_archive
from newsroom.config import write_config
from newsroom.server import Newsroom
from newsroom.stories import stories_between
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, open_newswatch
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings

NOW = datetime.now(UTC).replace(minute=1, second=0, microsecond=0)  # in which the flaky feed answers
LAST = NOW.date() - timedelta(days=14)
FIRST = LAST - timedelta(days=6)
OUTLETS = {"ledger": "vale-ledger", "meridian": "meridian-latest", "ranok": "ranok"}
NO_PAUSE = {"NEWSWATCH_HOST_DELAY_SECONDS": "0"}


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=2))
        with Newsroom(clock=Clock(NOW)) as running:
            yield running


@pytest.fixture
def settings(newsroom: Newsroom, new_database: Callable[[], str], tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    write_config(home / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
    return Settings(config_dir=home / "config", home=home, data_url=str(home / "data"), database_url=new_database())


def found(settings: Settings, parsers: SharedParsers, tmp_path: Path) -> tuple[list[str], list[str], int]:
    """The stories' paths, what `verify` finds, and how many entries are still pending."""
    nw: Newswatch = open_newswatch(settings, parsers=parsers)
    with closing(nw):
        with nw.ledger.begin() as connection:
            urls = connection.scalars(sa.select(t.stories.c.canonical_url)).all()
            pending = sa.select(sa.func.count()).where(t.entries.c.state == "pending")
            pending_count = connection.scalar(pending) or 0
        wrong = [fault for fault in faults(nw, tmp_path) if "orphan" not in fault]
    return sorted("/" + url.split("/", 3)[3] for url in urls), wrong, pending_count


def printed(first: date, last: date, *outlets: str) -> list[str]:
    return sorted(s.path for s in stories_between(first, last) if s.outlet_id in outlets or not outlets)


@pytest.mark.parametrize("nth", points(7, last=24))
def test_a_recovery_that_is_killed(settings: Settings, parsers: SharedParsers, tmp_path: Path, nth: int) -> None:
    command = ("recover", *OUTLETS.values(), "--from", str(FIRST), "--to", str(LAST), "--yes")
    code, _ = run(settings, nth, *command, with_commits=True, **NO_PAUSE)
    assert code != 0 or nth > 10
    assert run(settings, NEVER, *command, with_commits=True, **NO_PAUSE)[0] == 0
    paths, wrong, pending_count = found(settings, parsers, tmp_path)
    assert len(set(paths)) == len(paths)
    assert set(printed(FIRST, LAST, *OUTLETS)) <= set(paths)
    assert (wrong, pending_count) == ([], 0)


@pytest.mark.parametrize("nth", points(5, last=16))
def test_an_import_that_is_killed(
    settings: Settings, newsroom: Newsroom, parsers: SharedParsers, tmp_path: Path, nth: int
) -> None:
    archive = tmp_path / "crawl.warc.gz"
    write_archive(archive, FIRST, LAST, port=newsroom.port, others=1)
    command = ("recover", "--archive", str(archive), "--from", str(FIRST), "--to", str(LAST))
    code, _ = run(settings, nth, *command, with_commits=True)
    assert code != 0 or nth > 5
    assert run(settings, NEVER, *command, with_commits=True)[0] == 0
    assert found(settings, parsers, tmp_path) == (printed(FIRST, LAST), [], 0)
