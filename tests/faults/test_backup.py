"""Backups of what two days left, cut off and damaged at every place, and brought back to the same bytes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from installations import faults, ledger, opened, silent, stored
from kept_newsroom import ISSUED
from shared_parsers import SharedParsers

from newswatch.cli.main import main
from newswatch.errors import BackupFailed, ConfigError, NewswatchError, TransientError
from newswatch.ledger import dump
from newswatch.pipeline import Newswatch, backup, backups_in, build_day, forget_day, restore
from newswatch.pipeline import manifest as backups
from newswatch.settings import Settings
from newswatch.storage import schemes
from newswatch.storage.files import Store
from newswatch.storage.objects import Objects
from newswatch.tables.day_tables import TABLES


def test_what_is_brought_back_is_what_was_there(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    report = backup(kept.settings, str(tmp_path / "copies"), silent)
    assert not report.manifest.problems
    settings = empty(kept)
    restore(settings, str(tmp_path / "copies"), silent)
    with closing(opened(settings, parsers)) as again:
        assert stored(again) == stored(kept)
        assert ledger(again) == ledger(kept)
        assert faults(again, tmp_path) == []
        assert not build_day(again, ISSUED).is_changed, "the same bytes"


@pytest.mark.parametrize("nth", [1, 7, 30])
def test_a_backup_that_is_cut_off_is_none_and_the_next_one_is_whole(
    kept: Newswatch,
    tmp_path: Path,
    empty: Callable[[Newswatch], Settings],
    parsers: SharedParsers,
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
) -> None:
    copies = str(tmp_path / "copies")
    with monkeypatch.context() as patch:
        fail_at(patch, "write", nth)
        with pytest.raises(TransientError):
            backup(kept.settings, copies, silent)
    assert backups_in(copies) == []
    backup(kept.settings, copies, silent)
    settings = empty(kept)
    restore(settings, copies, silent)
    with closing(opened(settings, parsers)) as again:
        assert stored(again) == stored(kept)


@pytest.mark.parametrize("nth", [1, 2, 20, 41, 47])
def test_a_restore_that_is_cut_off_goes_on(
    kept: Newswatch,
    tmp_path: Path,
    empty: Callable[[Newswatch], Settings],
    parsers: SharedParsers,
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
) -> None:
    copies, settings = str(tmp_path / "copies"), empty(kept)
    backup(kept.settings, copies, silent)
    with monkeypatch.context() as patch:
        fail_at(patch, "write", nth)
        with pytest.raises(TransientError):
            restore(settings, copies, silent)
    restore(settings, copies, silent)
    with closing(opened(settings, parsers)) as again:
        assert stored(again) == stored(kept)
        assert ledger(again) == ledger(kept)


def fail_at(patch: pytest.MonkeyPatch, call: str, nth: int) -> None:
    """Let the store's disk be full from the nth call on."""
    untouched, calls, lock = getattr(Store, call), [], threading.Lock()

    def counted(store: Store, path: str, *more: Any) -> Any:
        with lock:
            calls.append(path)
        if len(calls) >= nth:
            raise TransientError(f"no space for {path}")
        return untouched(store, path, *more)

    patch.setattr(Store, call, counted)


def test_nothing_is_brought_back_over_what_is_stored(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings]
) -> None:
    copies = str(tmp_path / "copies")
    backup(kept.settings, copies, silent)
    before = stored(kept)
    with pytest.raises(BackupFailed, match="is not empty"):
        restore(kept.settings, copies, silent)
    bare = kept.settings.model_copy(update={"data_url": str(tmp_path / "elsewhere")})
    with pytest.raises(BackupFailed, match="holds a ledger already"):
        restore(bare, copies, silent)
    assert stored(kept) == before
    assert list((tmp_path / "elsewhere").rglob("*")) == []


def test_a_flipped_bit_in_a_backup_is_named_and_nothing_counts(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    copies, settings = tmp_path / "copies", empty(kept)
    made = backup(kept.settings, str(copies), silent).manifest
    objects = Objects(backups.open_backups(str(copies)))
    page = next(file for file in backups.read_index(objects, made) if file.path.startswith("raw/pages"))
    flip(copies / "objects" / page.sha256[:2] / page.sha256)
    with pytest.raises(BackupFailed, match=page.path):
        restore(settings, str(copies), silent)
    report = restore(settings, str(copies), silent, leaves_damaged=True)
    assert report.damaged == (page.path,)
    with closing(opened(settings, parsers)) as again:
        assert [f for f in faults(again, tmp_path) if page.path not in f] == []


@pytest.mark.parametrize("what", ["ledger", "index", "manifest"])
def test_a_damaged_part_of_a_backup_stops_a_restore_with_its_name(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], what: str
) -> None:
    copies, settings = tmp_path / "copies", empty(kept)
    made = backup(kept.settings, str(copies), silent).manifest
    sha256 = made.index if what == "index" else made.tables["entries"].parts[0]
    path = copies / "objects" / sha256[:2] / sha256
    if what == "manifest":
        path = copies / "backups" / f"{made.name}.json"
        path.write_bytes(path.read_bytes()[:-9])
    else:
        flip(path)
    with pytest.raises(BackupFailed, match=path.name):
        restore(settings, str(copies), silent)
    engine = sa.create_engine(settings.database_url)
    with engine.begin() as connection:
        assert not dump.is_there(connection)
    engine.dispose()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def test_files_that_were_lost_or_damaged_before_are_named(kept: Newswatch, tmp_path: Path) -> None:
    pages, texts = sorted(kept.store.walk("raw/pages"))[0], sorted(kept.store.walk("batches/story_texts"))[0]
    kept.store.remove(pages)
    flip(Path(kept.store.locate(texts)))
    made = backup(kept.settings, str(tmp_path / "copies"), silent).manifest
    assert made.problems[pages] == "missing"
    assert "damaged" in made.problems[texts]
    assert len(made.problems) == 2


def test_an_earlier_backup_has_the_bytes_that_are_lost_since(kept: Newswatch, tmp_path: Path) -> None:
    backup(kept.settings, str(tmp_path / "copies"), silent)
    kept.store.remove(sorted(kept.store.walk("raw/pages"))[0])
    assert not backup(kept.settings, str(tmp_path / "copies"), silent).manifest.problems


def test_no_day_is_forgotten_while_a_backup_is_made(kept: Newswatch, tmp_path: Path) -> None:
    refused: list[str] = []

    def meanwhile(what: str, *_: object) -> None:
        with pytest.raises(NewswatchError, match="A backup is being made"):
            forget_day(kept, ISSUED)
        refused.append(what)

    assert not backup(kept.settings, str(tmp_path / "copies"), meanwhile).manifest.problems
    assert refused


def test_backups_lie_apart_from_the_data(kept: Newswatch, tmp_path: Path) -> None:
    for place in (kept.settings.data_url, f"{kept.settings.data_url}/copies", str(tmp_path)):
        with pytest.raises(ConfigError, match="must lie apart"):
            backup(kept.settings, place, silent)
    far = kept.settings.model_copy(update={"data_url": "s3://bucket/desk"})
    for place in ("s3://bucket/desk/", "s3://bucket/desk/copies", "s3://bucket"):
        with pytest.raises(ConfigError, match="must lie apart"):
            backup(far, place, silent)
    with pytest.raises(ConfigError, match="nosuch"):
        backup(kept.settings, "nosuch://copies", silent)


def test_other_storages_than_folders(
    kept: Newswatch,
    tmp_path: Path,
    empty: Callable[[Newswatch], Settings],
    parsers: SharedParsers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schemes, "check", lambda url: None)  # `memory://`, which is refused elsewhere, will do here
    copies, settings = f"memory://copies-{tmp_path.name}", empty(kept)
    elsewhere = settings.model_copy(update={"data_url": f"memory://data-{tmp_path.name}"})
    backup(kept.settings, copies, silent)
    restore(elsewhere, copies, silent)
    with closing(opened(elsewhere, parsers)) as again:
        assert stored(again) == stored(kept)


def test_the_commands(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    copies, second = str(tmp_path / "copies"), empty(kept)
    for settings, arguments, expected in (
        (kept.settings, ["backup", copies], "backup 20"),
        (second, ["restore", copies, "--list"], f"{datetime.now(UTC):%Y}"),
        (second, ["restore", copies], "restored 20"),
    ):
        for name in ("config_dir", "home", "data_url", "database_url"):
            monkeypatch.setenv(f"NEWSWATCH_{name.upper()}", str(getattr(settings, name)))
        done = CliRunner().invoke(main, arguments)
        assert (done.exit_code, expected in done.stdout) == (0, True), done.output
    done = CliRunner().invoke(main, ["restore", copies])
    assert done.exit_code == 1
    assert "is not empty" in done.stderr
    assert Path(copies).stat().st_mode & 0o077 == 0
    assert {table.name for table in TABLES} == {path.name for path in Path(second.data_url, "tables").iterdir()}


def test_what_killed_backups_left_goes_with_a_later_one(kept: Newswatch, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    backup(kept.settings, str(copies), silent)
    old, young = copies / "objects" / "00" / "_a.tmp", copies / "objects" / "00" / "_b.tmp"
    old.parent.mkdir(exist_ok=True)
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    backup(kept.settings, str(copies), silent)
    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", "raw/../../outside", "raw//x"])
def test_a_backup_writes_nothing_outside_of_the_data(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], path: str
) -> None:
    copies, settings = tmp_path / "copies", empty(kept)
    made = backup(kept.settings, str(copies), silent).manifest
    store = backups.open_backups(str(copies))
    objects = Objects(store)
    forged = backups.write_index(objects, [backups.SavedFile(path, objects.put(b"forged"), 6)])
    backups.write(store, replace(made, index=forged))
    with pytest.raises(BackupFailed, match="outside of the data folder"):
        restore(settings, str(copies), silent)
    assert not (tmp_path / "outside").exists()


def test_a_days_tables_that_the_backup_has_lost_are_left_to_be_built(
    kept: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    copies, settings = tmp_path / "copies", empty(kept)
    made = backup(kept.settings, str(copies), silent).manifest
    objects = Objects(backups.open_backups(str(copies)))
    table = next(f for f in backups.read_index(objects, made) if f.path == f"tables/stories/{ISSUED}.parquet")
    (copies / "objects" / table.sha256[:2] / table.sha256).unlink()
    report = restore(settings, str(copies), silent, leaves_damaged=True)
    assert report.unbuilt == (ISSUED,)
    with closing(opened(settings, parsers)) as again:
        build_day(again, ISSUED)
        assert faults(again, tmp_path) == []
        assert again.store.read(table.path) == kept.store.read(table.path)
