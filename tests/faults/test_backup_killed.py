"""kill -9 of backup, restore and maintenance at their writes: what was there stays, and the next try is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from installations import faults, ledger, opened, silent, stored
from killed_runs import NEVER, points, run
from shared_parsers import SharedParsers

from newswatch.pipeline import Newswatch, backup, backups_in, maintain, restore
from newswatch.settings import Settings


@pytest.mark.parametrize("nth", points(50, last=57))
def test_a_backup_that_is_killed(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers, nth: int
) -> None:
    copies = str(tmp_path / "copies")
    is_killed = run(kept.settings, nth, "backup", copies)[0] != 0
    assert backups_in(copies) == [] if is_killed else nth > 50
    backup(kept.settings, copies, silent)
    settings = empty(kept)
    restore(settings, copies, silent)
    with closing(opened(settings, parsers)) as again:
        assert (stored(again), ledger(again)) == (stored(kept), ledger(kept))


@pytest.mark.parametrize("nth", points(30, 48, last=52))
def test_a_restore_that_is_killed(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers, nth: int
) -> None:
    copies, settings = str(tmp_path / "copies"), empty(kept)
    backup(kept.settings, copies, silent)
    is_killed = run(settings, nth, "restore", copies)[0] != 0
    assert is_killed or nth > 48
    if is_killed:
        restore(settings, copies, silent)
    with closing(opened(settings, parsers)) as again:
        assert (stored(again), ledger(again)) == (stored(kept), ledger(kept))
        assert faults(again, tmp_path) == []


@pytest.mark.parametrize("nth", points(4, last=9))
def test_a_maintenance_that_is_killed(kept: Newswatch, tmp_path: Path, nth: int) -> None:
    feeds = sorted(kept.store.walk("raw/feeds"))
    before = {path: content for path, content in stored(kept).items() if path not in feeds}
    old = (
        "raw/_a.tmp",
        "tables/_staged/2026-11-21/stories.parquet",
        "raw/pages/2026-11-01/x",
        "digests/2026-11-01/issue-1/x",
    )
    for path in old:
        kept.store.write(path, b"left")
        os.utime(kept.store.locate(path), (0, 0))
    assert run(kept.settings, nth, "maintain", NEWSWATCH_RAW_LIMIT_BYTES="1")[0] != 0 or nth > 4 + len(feeds)
    settings = kept.settings.model_copy(update={"raw_limit_bytes": 1})
    nw = Newswatch(settings, kept.catalogue, kept.store, kept.ledger, kept.parsers)
    maintain(nw, is_dry_run=False)
    left = {path: content for path, content in stored(kept).items() if not path.startswith("quarantine/")}
    orphans = set(left.keys() - before.keys())
    assert before == {path: content for path, content in left.items() if path not in orphans}
    assert orphans <= set(feeds), "named no more, and swept when they are old"
    assert list(kept.store.leftovers()) == []
    assert [f for f in faults(kept, tmp_path) if "orphan" not in f] == []


def test_without_a_kill_all_ends(kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings]) -> None:
    """The control: the points above are within what the commands do."""
    copies = str(tmp_path / "copies")
    assert run(kept.settings, NEVER, "backup", copies)[0] == 0
    assert run(empty(kept), NEVER, "restore", copies)[0] == 0
    assert run(kept.settings, NEVER, "maintain")[0] == 0
