"""Days that are none: one to come is not built, an empty one not by a slip, and one that was can be forgotten."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from ask import count, make_clean
from click.testing import CliRunner
from told import FRIDAY, Told, at

from newswatch.cli.main import main
from newswatch.errors import DayToCome
from newswatch.ledger import days
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    Reader,
    build_day,
    deliver,
    forget_day,
    issue_digest,
    refuse_days_to_come,
    without_anything,
)
from newswatch.tables.day_tables import TABLES


@pytest.fixture
def issued(told: Told) -> Newswatch:
    """Friday, with one story, and the Sunday after it, each built, its digest issued and delivered."""
    nw, tell = told
    tell("/one", at(20, 9))
    tell("/two", at(22, 9))
    for day in (FRIDAY, FRIDAY + timedelta(days=2)):
        build_day(nw, day)
        deliver(nw, day, issue_digest(nw, day, "test").number)
    return nw


def files(nw: Newswatch, day: object) -> list[str]:
    root = Path(nw.store.locate(""))
    return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and str(day) in str(path)]


def test_a_day_to_come_is_not_built(told: Told) -> None:
    nw, tell = told
    tell("/one", at(20, 9))
    with pytest.raises(DayToCome, match=r"2030-01-01 is yet to come \(today is 2026-11-20, UTC\)"):
        refuse_days_to_come(nw, [FRIDAY, FRIDAY.replace(year=2030, month=1, day=1)])
    with nw.ledger.begin() as connection:
        assert days.builds(connection) == []


def test_a_day_of_which_nothing_is_stored_is_told_apart(told: Told) -> None:
    nw, tell = told
    tell("/one", at(20, 9))
    long_ago = FRIDAY - timedelta(days=400)
    assert without_anything(nw, [long_ago, FRIDAY]) == [long_ago]


def test_a_forgotten_day_leaves_nothing_behind_but_its_stories(issued: Newswatch) -> None:
    sunday = FRIDAY + timedelta(days=2)
    before, stories = files(issued, FRIDAY), count(issued, t.stories)
    done = forget_day(issued, sunday)
    assert (done.had_tables, done.issue_count) == (True, 1)
    assert [name for name in files(issued, sunday) if name.startswith(("tables", "digests"))] == []
    assert count(issued, t.stories) == stories
    assert files(issued, FRIDAY) == before
    with closing(Reader(issued.settings)) as reader:
        assert [issue.day for issue in reader.digests()] == [FRIDAY]
        assert sunday not in reader.builds()
    assert "20 November" in issued.store.read("digests/latest.md").decode()
    assert str(sunday) not in issued.store.read("digests/feed.xml").decode()
    assert (forget_day(issued, sunday).had_tables, issue_digest(issued, sunday, "again").number) == (False, 1)


def test_the_last_digest_that_is_forgotten_leaves_no_latest_one(issued: Newswatch) -> None:
    for days_later in (0, 2):
        forget_day(issued, FRIDAY + timedelta(days=days_later))
    assert not issued.store.exists("digests/latest.html")
    assert "<item>" not in issued.store.read("digests/feed.xml").decode()
    with issued.ledger.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(t.deliveries)) == 0


def test_a_day_forgotten_halfway_is_forgotten_the_next_time(issued: Newswatch, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(path: str) -> None:
        raise Killed(path)

    with monkeypatch.context() as patch:
        patch.setattr(issued.store, "remove", killed)
        with pytest.raises(Killed):
            forget_day(issued, FRIDAY)
    forget_day(issued, FRIDAY)
    assert all(not issued.store.exists(f"tables/{table.name}/{FRIDAY}.parquet") for table in TABLES)
    make_clean(issued)


def test_the_command_line_wants_a_word_for_an_empty_day(issued: Newswatch, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = issued.settings
    for name in ("config_dir", "data_url", "database_url", "home"):
        monkeypatch.setenv(f"NEWSWATCH_{name.upper()}", str(getattr(settings, name)))
    refused = CliRunner().invoke(main, ["build", "2020-02-01..2020-02-03"])
    assert refused.exit_code == 1
    assert "Nothing is stored of 2020-02-01..2020-02-03" in refused.output
    assert "--empty" in refused.output
    assert files(issued, "2020-02-01") == []
    built = CliRunner().invoke(main, ["build", "--empty", "--no-digest", "2020-02-01"])
    assert (built.exit_code, built.stdout.strip()) == (0, "2020-02-01  0 stories; none")
    gone = CliRunner().invoke(main, ["days", "forget", "2020-02-01"])
    assert (gone.exit_code, gone.stdout.split("  ")[0]) == (0, "2020-02-01")
    assert files(issued, "2020-02-01") == []
