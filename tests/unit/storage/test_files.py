"""The store: a file is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from newswatch.errors import MissingFile, TransientError
from newswatch.storage.files import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "data"))


def test_what_is_written_is_read_and_named_by_its_hash(store: Store) -> None:
    assert store.write("raw/day/a.bin", b"one") == hashlib.sha256(b"one").hexdigest()
    assert store.read("raw/day/a.bin") == b"one"
    assert store.read("raw/day/a.bin", 1, 2) == b"n"
    assert store.exists("raw/day/a.bin")
    assert not store.exists("raw/day/b.bin")


def test_a_write_that_fails_leaves_the_old_file_and_no_trace(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("tables/t/a.parquet", b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(TransientError, match="No space left"):
        store.write("tables/t/a.parquet", b"new and longer")
    monkeypatch.undo()

    assert store.read("tables/t/a.parquet") == b"old"
    assert os.listdir(tmp_path / "data/tables/t") == ["a.parquet"]


def test_names_hides_temporary_files_and_an_unknown_folder_is_empty(store: Store, tmp_path: Path) -> None:
    store.write("tables/t/b.parquet", b"1")
    store.write("tables/t/a.parquet", b"1")
    (tmp_path / "data/tables/t/_deadbeef.tmp").write_bytes(b"half")

    assert store.names("tables/t") == ["a.parquet", "b.parquet"]
    assert store.names("tables/none") == []


def test_a_missing_file_is_said_to_be_missing(store: Store) -> None:
    with pytest.raises(MissingFile):
        store.read("none")


def test_a_place_that_cannot_be_written_is_a_fault_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file where a folder is needed")
    with pytest.raises(TransientError, match="cannot write"):
        Store(str(tmp_path / "data")).write("a/b", b"1")


def test_a_remote_store_behaves_alike() -> None:
    store = Store("memory://newswatch-test")
    digest = store.write("a/b.bin", b"one")
    store.write("a/_c.tmp", b"half")

    assert digest == hashlib.sha256(b"one").hexdigest()
    assert store.read("a/b.bin", 0, 2) == b"on"
    assert store.names("a") == ["b.bin"]
    with pytest.raises(MissingFile):
        store.read("a/none")
