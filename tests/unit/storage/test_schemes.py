"""Addresses of a store: what cannot be one is said in one line, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from newswatch.errors import ConfigError
from newswatch.pipeline import open_in_force, open_newswatch
from newswatch.pipeline.reader import Reader
from newswatch.pipeline.rezone import rezone
from newswatch.settings import Settings
from newswatch.storage import embedded_postgres, schemes

REFUSED = {
    "memory://a": "ends with its process",
    "typo://bucket/a": "is no storage that fsspec knows",
    "flie:///a": "It knows file",
    "simplecache::typo://bucket": "simplecache:// can only be read",
    "http://files.example/a": "http:// can only be read",
    "zip://a.zip": "zip:// can only be read",
    "wandb://user:geheim@b": "is not installed here: Install wandbfs",
}


@pytest.mark.parametrize("url", REFUSED)
def test_a_store_that_can_be_none_is_named_in_one_line_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="NEWSWATCH_DATA_URL") as error:
        schemes.check(url)
    (line,) = error.value.problems
    assert REFUSED[url] in line
    assert "\n" not in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    "url",
    [
        "/var/data",
        "data",
        "file:///var/data",
        "local:///var/data",
        "C:/data",
        "a:b",
        "s3",
        "gs/data",
        "ftp://host/a",
        "hdfs://host/a",
    ],
)
def test_folders_and_what_fsspec_writes_to_are_taken(url: str) -> None:
    schemes.check(url)


def test_nothing_is_started_and_nothing_made_for_a_store_that_can_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(embedded_postgres, "start", started.append)
    settings = Settings(home=tmp_path / "home", data_url="typo://bucket")
    for open_ in (open_newswatch, open_in_force, Reader, lambda given: rezone(given, is_dry_run=True)):
        with pytest.raises(ConfigError, match="typo://"):
            open_(settings)
    assert started == []
    assert list(tmp_path.iterdir()) == []
