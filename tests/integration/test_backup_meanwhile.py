"""Backups while stories come and days are built: each is of one moment, and those before it stay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from desk import DAY, MARKET, SCHOOLS, SHELLING, WATER, Desk
from installations import faults, ledger, opened, silent
from shared_parsers import SharedParsers

from newswatch.errors import BackupFailed
from newswatch.pipeline import Newswatch, backup, backups_in, build_day, issue_digest, poll, restore
from newswatch.settings import Settings


def test_a_backup_while_stories_come_is_of_one_moment(
    desk: Desk, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.issue(DAY)
    more = iter([("/water", WATER), ("/schools", SCHOOLS), ("/market", MARKET)])

    def meanwhile(what: str, *_: object) -> None:
        """At each step of it another story comes, and the day is built and issued again."""
        if following := next(more, None):
            path, paragraphs = following
            desk.publish(path, f"Report {path}", *paragraphs, hour=9)
            issue_digest(desk.nw, DAY, f"run {path}")

    report = backup(desk.nw.settings, str(tmp_path / "copies"), meanwhile)
    settings = empty(desk.nw)
    restore(settings, str(tmp_path / "copies"), silent)
    with closing(opened(settings, parsers)) as again:
        assert next(more, None) is None, "all came while it was made"
        assert len(ledger(again)["stories"]) == 1
        assert report.manifest.unbuilt == (str(DAY),), "its tables were made anew before they were copied"
        build_day(again, DAY)
        assert faults(again, tmp_path) == []
        assert poll(again, ["site"], "test").entry_outcomes["new"] == 3, "what came later is new there"


def test_a_second_backup_adds_what_is_new_and_changes_no_earlier_one(
    desk: Desk, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    copies = tmp_path / "copies"
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.issue(DAY)
    first = backup(desk.nw.settings, str(copies), silent)
    before = {path: path.read_bytes() for path in copies.rglob("*") if path.is_file()}
    untouched = {path: path.stat().st_mtime_ns for path in before}
    desk.publish("/water", "Taps run again", *WATER, hour=10)
    desk.issue(DAY, "another", 2)
    second = backup(desk.nw.settings, str(copies), silent)
    assert {path: path.read_bytes() for path in before} == before
    assert {path: path.stat().st_mtime_ns for path in before} == untouched
    assert backup(desk.nw.settings, str(copies), silent).new_object_count == 0, "nothing came since"
    assert backups_in(str(copies))[:2] == [first.manifest.name, second.manifest.name]
    settings = empty(desk.nw)
    restore(settings, str(copies), silent, name=first.manifest.name)
    with closing(opened(settings, parsers)) as again:
        assert len(ledger(again)["stories"]) == 1
        assert faults(again, tmp_path) == []


def test_a_backup_of_nothing_is_refused(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(BackupFailed, match="Nothing is stored yet"):
        backup(desk.nw.settings, str(tmp_path / "copies"), silent)
