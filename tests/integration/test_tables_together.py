"""A day's tables change together: whoever reads by the ledger sees one build's, wherever its writer was killed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from told import FRIDAY, Told, at

from newswatch.pipeline import Newswatch, Reader, build_day, issue_digest, publish_staged
from newswatch.storage.files import Store
from newswatch.tables.day_tables import DAY_TABLES, TABLES

DAY = FRIDAY
LAST = len(DAY_TABLES)
NTH = [pytest.param(n, marks=[] if n in (5, LAST) else [pytest.mark.slow]) for n in range(1, LAST + 1)]


class Killed(BaseException):
    """As the end of the process: nothing of ours may catch it."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the process "end" before its nth call that moves a file, or writes one below this folder."""

    def arm(nth: int, call: str, below: str) -> None:
        untouched, calls = getattr(Store, call), []

        def counted(store: Store, path: str, *more: Any) -> Any:
            if path.startswith(below):
                calls.append(path)
                if len(calls) == nth:
                    raise Killed
            return untouched(store, path, *more)

        monkeypatch.setattr(Store, call, counted)

    return arm


def shown(nw: Newswatch) -> dict[str, list[dict[str, Any]]]:
    with closing(Reader(nw.settings)) as reader:
        return {table.name: reader.table(table.name, DAY) for table in DAY_TABLES}


def in_place(nw: Newswatch) -> dict[str, bytes]:
    return {table.name: Path(nw.store.locate(f"tables/{table.name}/{DAY}.parquet")).read_bytes() for table in TABLES}


@pytest.fixture
def touched(told: Told) -> tuple[Newswatch, dict[str, list[dict[str, Any]]]]:
    """A day built with one story, to which another has come; and what pages show of the first build."""
    nw, tell = told
    tell("/one", at(20, 9))
    build_day(nw, DAY)
    before = shown(nw)
    tell("/two", at(20, 10))
    return nw, before


@pytest.mark.parametrize("nth", NTH)
def test_a_build_that_is_killed_while_it_writes_leaves_the_old_tables_whole(
    touched: tuple[Newswatch, Any], kill: Any, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nw, before = touched
    files = in_place(nw)
    kill(nth, "write", "tables/")
    with pytest.raises(Killed):
        build_day(nw, DAY)
    monkeypatch.undo()
    publish_staged(nw)
    assert in_place(nw) == files
    assert shown(nw) == before
    assert len({row["story_id"] for row in _built(nw)["stories"]}) == 2


def _built(nw: Newswatch) -> dict[str, list[dict[str, Any]]]:
    build_day(nw, DAY)
    return shown(nw)


@pytest.mark.parametrize("nth", NTH)
def test_a_build_that_is_killed_while_it_publishes_is_shown_whole_and_finished_by_the_next_command(
    touched: tuple[Newswatch, Any], kill: Any, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nw, before = touched
    kill(nth, "move", "tables/")
    with pytest.raises(Killed):
        build_day(nw, DAY)
    monkeypatch.undo()
    after = shown(nw)
    assert len(after["stories"]) == 2 != len(before["stories"])
    publish_staged(nw)
    files = in_place(nw)
    assert shown(nw) == after
    assert not list(Path(nw.store.locate("tables/_staged")).rglob("*.parquet"))
    build_day(nw, DAY)
    assert in_place(nw) == files


def test_a_digest_of_a_day_whose_build_was_cut_off_is_of_one_build(
    touched: tuple[Newswatch, Any], kill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nw, _ = touched
    kill(4, "move", "tables/")
    with pytest.raises(Killed):
        build_day(nw, DAY)
    monkeypatch.undo()
    assert issue_digest(nw, DAY, "test").topic_story_counts == issue_digest(nw, DAY, "again").topic_story_counts
