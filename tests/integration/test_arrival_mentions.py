"""Mentions found at arrival stand in the tables as if the day had been tagged anew, and only as long as they would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ask import Read
from clocks import NOW

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, build_day, open_newswatch, tag
from newswatch.storage import paths
from newswatch.tables import day_tables

DAY = NOW.date() - timedelta(days=2)


@pytest.fixture
def tagged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many stories each build tagged itself."""
    counts: list[int] = []
    found = tag.find_mentions

    def counting(nw: Newswatch, rows: Any) -> Any:
        counts.append(len(rows))
        return found(nw, rows)

    monkeypatch.setattr(tag, "find_mentions", counting)
    return counts


@pytest.fixture(autouse=True)
def _in_force(read: Read, tmp_path: Path) -> Iterator[None]:
    """Other tests open the same ledger with topics of their own, and look at what they built."""
    read.with_topics(read.nw.catalogue.topics_text, tmp_path / "in-force").close()
    yield
    read.with_topics(read.nw.catalogue.topics_text, tmp_path / "in-force-again").close()


def built(nw: Newswatch) -> dict[str, bytes]:
    build_day(nw, DAY)
    return {table.name: nw.store.read(paths.table(table.name, DAY)) for table in day_tables.DAY_TABLES}


def rows(files: dict[str, bytes], table: Any) -> list[dict[str, Any]]:
    return table.from_bytes(files[table.name])


def story_count(files: dict[str, bytes]) -> int:
    return len(rows(files, day_tables.STORIES))


@pytest.mark.parametrize("of", ["code_version", "dictionaries"])
def test_a_build_tags_nothing_again_and_gives_the_bytes_of_tagging_anew(
    read: Read, tagged: list[int], monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    from_arrival = built(read.nw)
    assert len(rows(from_arrival, day_tables.MENTIONS)) > 20
    monkeypatch.setattr(tag, of, lambda: "another")
    anew = built(read.nw)
    assert tagged == [0, story_count(anew)]
    assert from_arrival == anew


def test_mentions_whose_file_is_lost_are_found_again(read: Read, tagged: list[int]) -> None:
    before = built(read.nw)
    query = sa.select(t.batch_files.c.path).where(t.batch_files.c.path.startswith("batches/mentions/"))
    with read.nw.ledger.begin() as connection:
        files = [Path(read.nw.store.locate(path)) for path in connection.scalars(query)]
    for file in files:
        file.rename(file.with_suffix(".lost"))
    after = built(read.nw)
    for file in files:
        file.with_suffix(".lost").rename(file)
    assert tagged[0] == 0
    assert tagged[1] > 5
    assert before == after


def test_an_outlet_goes_by_its_name_of_today(read: Read, tagged: list[int], tmp_path: Path) -> None:
    outlet = rows(built(read.nw), day_tables.MENTIONS)[0]["outlet"]
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    feeds = read.nw.catalogue.feeds_text
    assert feeds.count(outlet) >= 1
    (renamed / "feeds.yaml").write_text(feeds.replace(outlet, "The Renamed"), encoding="utf-8")
    (renamed / "topics.yaml").write_text(read.nw.catalogue.topics_text, encoding="utf-8")
    nw = replace(open_newswatch(read.nw.settings.model_copy(update={"config_dir": renamed})), clock=read.nw.clock)
    outlets = {row["outlet"] for row in rows(built(nw), day_tables.MENTIONS)}
    nw.close()
    assert tagged == [0, 0]
    assert "The Renamed" in outlets
    assert outlet not in outlets


def test_changed_topics_are_looked_for_in_every_story(read: Read, tagged: list[int], tmp_path: Path) -> None:
    text = read.nw.catalogue.topics_text.replace("name: Donetsk\n", "name: Donetsk City\n")
    assert text != read.nw.catalogue.topics_text
    nw = read.with_topics(text, tmp_path / "changed")
    files = built(nw)
    nw.close()
    assert tagged == [story_count(files)]


def test_a_story_with_another_text_than_was_tagged_is_tagged_anew(read: Read, tagged: list[int]) -> None:
    before = built(read.nw)
    story_id = rows(before, day_tables.MENTIONS)[0]["story_id"]
    s = t.stories.c
    with read.nw.ledger.begin() as connection:
        batch = connection.scalar(sa.select(s.tagged_batch_id).where(s.story_id == story_id))
        connection.execute(sa.update(t.stories).where(s.story_id == story_id).values(tagged_batch_id=None))
    after = built(read.nw)
    with read.nw.ledger.begin() as connection:
        connection.execute(sa.update(t.stories).where(s.story_id == story_id).values(tagged_batch_id=batch))
    assert tagged == [0, 1]
    assert before == after


def test_other_recurring_lines_than_were_cut_make_it_void(read: Read, tagged: list[int]) -> None:
    lines = t.frozen_lines.c
    of_day = sa.update(t.frozen_lines).where(lines.day == DAY)
    with read.nw.ledger.begin() as connection:
        path = connection.scalar(sa.select(lines.path).where(lines.day == DAY))
        read.nw.store.write("recurring/others.json", read.nw.store.read(path))
        connection.execute(of_day.values(path="recurring/others.json"))
    files = built(read.nw)
    with read.nw.ledger.begin() as connection:
        connection.execute(of_day.values(path=path))
    assert tagged == [story_count(files)]
