"""Mentions found at arrival stand in the tables as if the day had been tagged anew, and only as long as they would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ask import NOW

from newswatch import tables
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, build_day, open_newswatch, tagging
from newswatch.pipeline.build import table_path

DAY = NOW.date() - timedelta(days=2)


@pytest.fixture
def tagged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many stories each build tagged itself."""
    counts: list[int] = []
    found = tagging.find_mentions

    def counting(nw: Newswatch, rows: Any) -> Any:
        counts.append(len(rows))
        return found(nw, rows)

    monkeypatch.setattr(tagging, "find_mentions", counting)
    return counts


@pytest.fixture(autouse=True)
def _in_force(read: Any, tmp_path: Path) -> Iterator[None]:
    """Other tests open the same ledger with topics of their own, and look at what they built."""
    read.with_topics(read.nw.catalogue.topics_text, tmp_path / "in-force").close()
    yield
    read.with_topics(read.nw.catalogue.topics_text, tmp_path / "in-force-again").close()


def built(nw: Newswatch) -> dict[str, bytes]:
    build_day(nw, DAY)
    return {table.name: nw.store.read(table_path(table.name, DAY)) for table in tables.DAY_TABLES}


def rows(files: dict[str, bytes], table: Any) -> list[dict[str, Any]]:
    return table.from_bytes(files[table.name])


def forget(nw: Newswatch, **changed: Any) -> None:
    """Let the batches of tag tasks be of other topics, or of other code."""
    with nw.ledger.begin() as connection:
        connection.execute(sa.update(t.batches).where(t.batches.c.topics_version.is_not(None)).values(changed))


def story_count(files: dict[str, bytes]) -> int:
    return len(rows(files, tables.STORIES))


@pytest.mark.parametrize("other", [{"topics_version": "others"}, {"code_version": "other"}])
def test_a_build_tags_nothing_again_and_gives_the_bytes_of_tagging_anew(
    read: Any, tagged: list[int], other: dict[str, str]
) -> None:
    with read.nw.ledger.begin() as connection:
        b = t.batches.c
        ((code, topics),) = connection.execute(sa.select(b.code_version, b.topics_version).where(b.kind == "tag"))
    from_arrival = built(read.nw)
    assert len(rows(from_arrival, tables.MENTIONS)) > 20
    forget(read.nw, **other)
    anew = built(read.nw)
    forget(read.nw, code_version=code, topics_version=topics)
    assert tagged == [0, story_count(anew)]
    assert from_arrival == anew


def test_an_outlet_goes_by_its_name_of_today(read: Any, tagged: list[int], tmp_path: Path) -> None:
    outlet = rows(built(read.nw), tables.MENTIONS)[0]["outlet"]
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    feeds = read.nw.catalogue.feeds_text
    assert feeds.count(outlet) >= 1
    (renamed / "feeds.yaml").write_text(feeds.replace(outlet, "The Renamed"), encoding="utf-8")
    (renamed / "topics.yaml").write_text(read.nw.catalogue.topics_text, encoding="utf-8")
    nw = replace(open_newswatch(read.nw.settings.model_copy(update={"config_dir": renamed})), clock=read.nw.clock)
    outlets = {row["outlet"] for row in rows(built(nw), tables.MENTIONS)}
    nw.close()
    assert tagged == [0, 0]
    assert "The Renamed" in outlets
    assert outlet not in outlets


def test_changed_topics_are_looked_for_in_every_story(read: Any, tagged: list[int], tmp_path: Path) -> None:
    text = read.nw.catalogue.topics_text.replace("name: Donetsk\n", "name: Donetsk City\n")
    assert text != read.nw.catalogue.topics_text
    nw = read.with_topics(text, tmp_path / "changed")
    files = built(nw)
    nw.close()
    assert tagged == [story_count(files)]


def test_a_story_with_another_text_than_was_tagged_is_tagged_anew(read: Any, tagged: list[int]) -> None:
    before = built(read.nw)
    story_id = rows(before, tables.MENTIONS)[0]["story_id"]
    s = t.stories.c
    with read.nw.ledger.begin() as connection:
        batch = connection.scalar(sa.select(s.tagged_batch_id).where(s.story_id == story_id))
        connection.execute(sa.update(t.stories).where(s.story_id == story_id).values(tagged_batch_id=None))
    after = built(read.nw)
    with read.nw.ledger.begin() as connection:
        connection.execute(sa.update(t.stories).where(s.story_id == story_id).values(tagged_batch_id=batch))
    assert tagged == [0, 1]
    assert before == after


def test_lines_that_were_learned_after_the_tagging_make_it_void(read: Any, tagged: list[int]) -> None:
    later = sa.update(t.frozen_lines).where(t.frozen_lines.c.day == DAY)
    with read.nw.ledger.begin() as connection:
        before = connection.scalar(sa.select(t.frozen_lines.c.frozen_at).where(t.frozen_lines.c.day == DAY))
        connection.execute(later.values(frozen_at=NOW + timedelta(hours=1)))
    files = built(read.nw)
    with read.nw.ledger.begin() as connection:
        connection.execute(later.values(frozen_at=before))
    assert tagged == [story_count(files)]
