"""Stories of one installation in another that has some of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from ask import rows, values
from clocks import NOW
from installations import faults
from shared_parsers import SharedParsers

from newswatch.errors import ConfigError
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    build_day,
    export_stories,
    fetch_pending,
    import_stories,
    open_newswatch,
    poll,
    tag_new,
)
from newswatch.settings import Settings
from newswatch.tables import day_tables

DAYS = [NOW.date() - timedelta(days=n) for n in (2, 1)]
TABLES = (day_tables.STORIES, day_tables.MENTIONS, day_tables.TOPIC_DAYS, day_tables.OUTLET_DAYS)


@pytest.fixture
def other(nw: Newswatch, empty: Callable[[Newswatch], Settings], parsers: SharedParsers) -> Newswatch:
    """An installation of the same feeds and topics that holds nothing."""
    return replace(open_newswatch(empty(nw), parsers=parsers), clock=nw.clock)


@pytest.fixture
def read(nw: Newswatch) -> Newswatch:
    """One that has read the newsroom."""
    poll(nw, list(nw.feeds), "read")
    fetch_pending(nw, "read")
    tag_new(nw, "read")
    return nw


def tables(nw: Newswatch) -> dict[str, list[dict[str, object]]]:
    """The days' tables, built now."""
    tag_new(nw, "build")
    found = {}
    for day in DAYS:
        build_day(nw, day)
        for table in TABLES:
            path = f"tables/{table.name}/{day}.parquet"
            rows_of_table = table.from_bytes(nw.store.read(path))
            # By what a day is covered is the one thing that differs: there it were polls.
            found[path] = [{k: v for k, v in row.items() if k != "listed_feed_count"} for row in rows_of_table]
    return found


def test_stories_bytes_counts_and_coverage_are_the_same_there(
    read: Newswatch, other: Newswatch, tmp_path: Path
) -> None:
    with closing(other):
        exported = export_stories(read, str(tmp_path / "out"), DAYS)
        imported = import_stories(other, str(tmp_path / "out"), "import")
        assert imported.story_count == exported.story_count > 20
        assert imported.page_count == exported.page_count > 20
        assert set(DAYS) <= imported.dirty_days
        assert tables(other) == tables(read)
        assert faults(other, tmp_path) == []


def test_what_is_known_stays_and_a_second_import_changes_nothing(
    read: Newswatch, other: Newswatch, tmp_path: Path
) -> None:
    with closing(other):
        poll(other, ["vale-ledger"], "own")
        fetch_pending(other, "own")
        own = dict(rows(other, sa.select(t.stories.c.story_id, t.stories.c.batch_id)))
        export_stories(read, str(tmp_path / "out"), DAYS)
        first = import_stories(other, str(tmp_path / "out"), "import")
        assert first.known_count > 0
        after = dict(rows(other, sa.select(t.stories.c.story_id, t.stories.c.batch_id)))
        assert own.items() <= after.items()
        again = import_stories(other, str(tmp_path / "out"), "import")
        assert (again.story_count, again.known_count) == (0, first.story_count + first.known_count)
        assert dict(rows(other, sa.select(t.stories.c.story_id, t.stories.c.batch_id))) == after


def test_a_poll_after_an_import_asks_for_no_page_of_it_again(
    read: Newswatch, other: Newswatch, newsroom: object, tmp_path: Path
) -> None:
    with closing(other):
        export_stories(read, str(tmp_path / "out"), [*DAYS, NOW.date(), DAYS[0] - timedelta(days=1)])
        import_stories(other, str(tmp_path / "out"), "import")
        before = values(other, sa.select(sa.func.count()).select_from(t.stories))[0]
        poll(other, ["vale-ledger", "ranok", "khvylia"], "own")
        report = fetch_pending(other, "own")
        assert report.page_outcomes.keys() == {"same_story"}
        assert values(other, sa.select(sa.func.count()).select_from(t.stories))[0] == before


def test_a_damaged_part_is_left_out_and_named_and_a_mended_one_follows(
    read: Newswatch, other: Newswatch, tmp_path: Path
) -> None:
    with closing(other):
        exported = export_stories(read, str(tmp_path / "out"), DAYS)
        page = sorted((tmp_path / "out" / "pages").iterdir())[-1]
        whole = page.read_bytes()
        page.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        report = import_stories(other, str(tmp_path / "out"), "import")
        assert len(report.damaged) == 1
        assert page.name in report.damaged[0]
        assert values(other, sa.select(t.coverage.c.day)) == []  # nobody knows what the day lacks
        page.write_bytes(whole)
        assert import_stories(other, str(tmp_path / "out"), "import").damaged == []
        assert set(values(other, sa.select(t.coverage.c.day))) == {DAYS[1]}
        assert values(other, sa.select(sa.func.count()).select_from(t.stories))[0] == exported.story_count


def test_a_page_that_is_lost_is_named_and_its_story_goes_without(read: Newswatch, tmp_path: Path) -> None:
    for path in values(read, sa.select(t.batch_files.c.path).where(t.batch_files.c.path.like("raw/pages/%"))):
        content = read.store.read(path)
        read.store.write(path, content[: len(content) // 2])
    report = export_stories(read, str(tmp_path / "out"), DAYS)
    assert report.lost
    assert len(report.lost) + report.page_count == report.story_count
    assert report.page_count > 0


def test_a_folder_that_holds_something_and_one_that_is_no_export_are_refused(read: Newswatch, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    with pytest.raises(ConfigError, match="is not empty"):
        export_stories(read, str(tmp_path / "full"), DAYS)
    with pytest.raises(ConfigError, match="no export"):
        import_stories(read, str(tmp_path / "full"), "import")
    (tmp_path / "full" / "export.json").write_text(json.dumps({"format": 9}))
    with pytest.raises(ConfigError, match="format: Input should be 1"):
        import_stories(read, str(tmp_path / "full"), "import")


@pytest.mark.parametrize("change", [{"covered": [["ranok", "May"]]}, {"parts": [{"day": 1}]}, {"timezone": None}])
def test_an_export_that_was_edited_wrongly_is_refused_with_the_place(
    read: Newswatch, tmp_path: Path, change: dict[str, object]
) -> None:
    export_stories(read, str(tmp_path / "out"), DAYS)
    manifest = tmp_path / "out" / "export.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with pytest.raises(ConfigError, match=next(iter(change))):
        import_stories(read, str(tmp_path / "out"), "import")


def test_another_feed_of_the_same_id_covers_nothing(read: Newswatch, other: Newswatch, tmp_path: Path) -> None:
    export_stories(read, str(tmp_path / "out"), DAYS)
    elsewhere = [feed.model_copy(update={"url": f"{feed.url}?other"}) for feed in other.catalogue.feeds]
    import_stories(
        replace(other, catalogue=other.catalogue.model_copy(update={"feeds": tuple(elsewhere)})),
        str(tmp_path / "out"),
        "import",
    )
    assert values(other, sa.select(t.coverage.c.feed_id)) == []
