"""The tasks of recover_history on an archive: counted by a dry run, then taken; the note says what was in it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsroom.archive import write_archive
from newsroom.server import Newsroom
from newsroom.stories import stories_between
from newswatch.errors import ConfigError
from newswatch.ledger import schema as t
from newswatch.pipeline import open_newswatch
from newswatch.settings import load_settings

FIRST, LAST = date(2026, 8, 3), date(2026, 8, 4)


@pytest.fixture
def notes(newswatch_environment: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from newswatch_airflow import tasks

    found: list[str] = []
    monkeypatch.setattr(tasks, "_note", found.append)
    return found


def form(archive: Path | None, feeds: tuple[str, ...] = (), **filled: object) -> dict[str, object]:
    """As Airflow hands it to the tasks."""
    blank = {"dry_run": False, "source": "all", "limit": None, "list_file": None, "matching": False}
    of_archive = {"archive": str(archive) if archive else None, "feeds": list(feeds)}
    return blank | of_archive | {"first": str(FIRST), "last": str(LAST)} | filled


def run(asked: dict[str, object]) -> None:
    from newswatch_airflow import tasks

    tasks.fetch_past(asked, tasks.find_past(asked), timedelta(minutes=1))


def story_count() -> int:
    nw = open_newswatch(load_settings())
    try:
        with nw.ledger.begin() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(t.stories)) or 0
    finally:
        nw.close()


def test_an_archive_is_counted_and_then_taken(notes: list[str], tmp_path: Path, newsroom: Newsroom) -> None:
    from newswatch_airflow import tasks

    archive = tmp_path / "crawl.warc.gz"
    write_archive(archive, FIRST, LAST, port=newsroom.port, others=1)
    expected = len(list(stories_between(FIRST, LAST)))
    assert tasks.find_past(form(archive)) == []
    assert "damaged" not in notes[0]
    assert f"{expected} to be read; nothing is read yet" in notes[0]
    assert story_count() == 0
    run(form(archive))
    assert f"{expected} new stories" in notes[-1]
    assert story_count() == expected
    archive.write_bytes(archive.read_bytes()[:-2000])
    run(form(archive, ("ranok",)))
    assert "0 new stories" in notes[-1]
    assert "damaged" in notes[-1]


def test_without_an_archive_a_feed_must_be_named(notes: list[str]) -> None:
    with pytest.raises(ConfigError, match="Name a feed or an outlet"):
        run(form(None))
