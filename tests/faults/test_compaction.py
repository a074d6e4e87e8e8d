"""Small files of batches that become one: the same rows and tables, and at every moment all that is counted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from installations import faults, ledger, opened, silent, stored
from kept_newsroom import CRUMBLED
from killed_runs import NEVER, points, run
from shared_parsers import SharedParsers

from newswatch.ledger import compaction, days, stories
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    backup,
    build_as_known,
    build_day,
    ensure_built,
    maintain,
    reextract_day,
    repair,
    restore,
    tag_new,
    verify,
)  # fmt: skip
from newswatch.pipeline.compact import FEWEST_FILES
from newswatch.pipeline.story_files import of_one_day, read_stories
from newswatch.settings import Settings
from newswatch.stories.story import Story
from newswatch.tables.day_tables import DAY_TABLES

PUT_TOGETHER = "put together: small files of past days' batches"
TAKEN = "taken away: small files that were put together"


def later(nw: Newswatch, count: float) -> Newswatch:
    """The same installation so many days later."""
    return replace(nw, clock=lambda: nw.clock() + timedelta(days=count))


def done(nw: Newswatch) -> dict[str, int]:
    report = maintain(nw, is_dry_run=False)
    assert report.warnings == ()
    return {sweep.done: sweep.count for sweep in report.sweeps}


def folders(nw: Newswatch) -> Counter[str]:
    """How many files the ledger counts on in each folder of batches, but for those of recurring lines."""
    with nw.ledger.begin() as connection:
        f = t.batch_files.c
        found = connection.scalars(sa.select(f.path).where(f.path.startswith("batches/"), f.replaced_at.is_(None)))
        return Counter(path.rpartition("/")[0] for path in found if "/known_lines/" not in path)


def tables(nw: Newswatch) -> dict[str, bytes]:
    """Every day's tables, built from the batches as they are now."""
    with nw.ledger.begin() as connection:
        wanted = [build.day for build in days.builds(connection)]
    reports = [build_day(nw, day) for day in wanted]
    assert [report.day for report in reports if report.is_changed] == []
    return {path: nw.store.read(path) for path in sorted(nw.store.walk("tables"))}


def rows(nw: Newswatch) -> dict[str, list[tuple[object, ...]]]:
    """What the ledger says, but for the files in which it is found."""
    said = ledger(nw)
    return {name: said[name] for name in ("feeds", "aliases", "polls", "outcomes", "coverage", "digests", "dirty_days")}


def texts(nw: Newswatch, day: date = CRUMBLED) -> list[Story]:
    with nw.ledger.begin() as connection:
        wanted = stories.of_day(connection, day)
    return read_stories(nw, of_one_day(day, wanted))


def crowded(nw: Newswatch) -> set[str]:
    return {folder for folder, count in folders(nw).items() if count >= FEWEST_FILES}


def test_many_files_become_one_and_nothing_else_changes(crumbs: Newswatch, tmp_path: Path) -> None:
    before, said, many = tables(crumbs), rows(crumbs), folders(crumbs)
    assert {folder.split("/")[1] for folder in crowded(crumbs)} == {"entries", "mentions", "story_texts"}
    known = {path: crumbs.store.read(path) for path in _as_known(crumbs)}
    put_together = sum(count for count in many.values() if count >= FEWEST_FILES)
    assert done(later(crumbs, 5)) == {PUT_TOGETHER: put_together}
    assert folders(crumbs) == {folder: 1 if count >= FEWEST_FILES else count for folder, count in many.items()}
    assert rows(crumbs) == said
    assert faults(crumbs, tmp_path) == []
    assert ensure_built(crumbs, [CRUMBLED]) == [], "its tables are made of the same texts"
    assert tables(crumbs) == before
    assert {path: crumbs.store.read(path) for path in _as_known(crumbs)} == known
    assert done(later(crumbs, 5.5)) == {}, "old files stay for those who began to read before"
    assert done(later(crumbs, 7)) == {TAKEN: put_together}
    assert faults(crumbs, tmp_path) == []
    assert tables(crumbs) == before
    assert done(later(crumbs, 9)) == {}


def _as_known(nw: Newswatch) -> list[str]:
    folder = build_as_known(nw, CRUMBLED, nw.clock())
    return [f"{folder}/{table.name}/{CRUMBLED}.parquet" for table in DAY_TABLES]


def test_mentions_of_arrival_are_still_those_of_arrival(crumbs: Newswatch, monkeypatch: pytest.MonkeyPatch) -> None:
    done(later(crumbs, 5))
    tagged: list[str] = []
    monkeypatch.setattr(
        "newswatch.pipeline.tag.find_mentions",
        lambda nw, found: tagged.extend(story.story_id for story in found) or list,
    )
    assert not build_day(crumbs, CRUMBLED).is_changed
    assert tagged == []


def test_days_that_are_young_stay_as_they_are(crumbs: Newswatch) -> None:
    assert done(later(crumbs, 2)) == {}
    assert crowded(crumbs)


def test_what_comes_late_to_a_day_is_put_to_the_rest(crumbs: Newswatch, tmp_path: Path) -> None:
    done(later(crumbs, 5))
    before, old = texts(crumbs), _replaced(crumbs)
    for number in range(10):  # as ten reextractions that read one story otherwise
        _read_otherwise(later(crumbs, 5 + number / 100), before[number % 2], number)
    assert folders(crumbs)[f"batches/story_texts/{CRUMBLED}"] == 11
    assert done(later(crumbs, 9)) == {PUT_TOGETHER: 10, TAKEN: len(old)}
    # The file of before has a text of every story, and of two stories there are five more.
    assert folders(crumbs)[f"batches/story_texts/{CRUMBLED}"] == 6
    assert [story.title for story in texts(crumbs)][:2] == ["title 8", "title 9"]
    assert texts(crumbs)[2:] == before[2:]
    assert faults(crumbs, tmp_path) == []
    assert done(later(crumbs, 12)) == {TAKEN: 10}
    assert done(later(crumbs, 14)) == {}, "one that cannot be put to others is not looked at again"


def _replaced(nw: Newswatch) -> list[str]:
    with nw.ledger.begin() as connection:
        return compaction.replaced(connection, nw.clock() + timedelta(days=365))


def _read_otherwise(nw: Newswatch, story: Story, number: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "newswatch.pipeline.reextract.reassemble",
            lambda was, *_: replace(was, title=f"title {number}") if was.story_id == story.story_id else was,
        )
        assert reextract_day(nw, CRUMBLED, "late").changed_count == 1


def test_a_dry_run_says_the_same_and_changes_nothing(crumbs: Newswatch) -> None:
    nw = later(crumbs, 5)
    before = stored(crumbs), ledger(crumbs)
    said = maintain(nw, is_dry_run=True)
    assert (stored(crumbs), ledger(crumbs)) == before
    assert said.sweeps
    assert maintain(nw, is_dry_run=False) == said


@pytest.mark.parametrize("kind", ["entries", "mentions", "story_texts"])
def test_a_damaged_file_is_named_and_stays(crumbs: Newswatch, tmp_path: Path, kind: str) -> None:
    folder = next(folder for folder in sorted(crowded(crumbs)) if folder.split("/")[1] == kind)
    path = sorted(crumbs.store.walk(folder))[3]
    place = Path(crumbs.store.locate(path))
    place.write_bytes(place.read_bytes()[:-50])
    report = maintain(later(crumbs, 5), is_dry_run=False)
    assert [warning for warning in report.warnings if path in warning and "newswatch verify --repair" in warning]
    assert len(report.warnings) == 1
    assert folders(crumbs)[folder] == 2
    walk = verify(crumbs, tmp_path / "walk.json", silent)
    assert [(fault.kind, fault.path) for fault in walk.faults] == [("damaged", path)]
    assert path in [mended.path for mended in repair(crumbs, walk.faults, "repair")]
    tag_new(crumbs, "after")
    assert faults(crumbs, tmp_path) == []
    assert maintain(later(crumbs, 9), is_dry_run=False).warnings == ()


def test_a_file_without_a_story_that_counts_on_it_stays_as_it_is(crumbs: Newswatch) -> None:
    with crumbs.ledger.begin() as connection:
        path = connection.scalar(sa.select(t.stories.c.path).where(t.stories.c.day == CRUMBLED))
        row = {"story_id": "feed", "number": 1, "seen_at": crumbs.clock(), "batch_id": "x", "path": path}
        connection.execute(sa.insert(t.revisions).values(**row))
    (warning,) = maintain(later(crumbs, 5), is_dry_run=False).warnings
    assert path in warning
    assert "it lacks story feed" in warning
    assert path not in _replaced(crumbs)


def test_what_is_changed_just_now_is_left_for_the_next_time(crumbs: Newswatch, tmp_path: Path) -> None:
    before = folders(crumbs)
    folder = f"batches/story_texts/{CRUMBLED}"
    with crumbs.ledger.begin() as connection:
        connection.execute(
            sa.select(t.stories.c.story_id).where(t.stories.c.path.startswith(folder)).limit(1).with_for_update()
        )
        done(later(crumbs, 5))
        assert folders(crumbs)[folder] == before[folder]
    assert len(crowded(crumbs)) in (1, 2), "and its mentions, if it has any"
    done(later(crumbs, 5))
    assert crowded(crumbs) == set()
    assert faults(crumbs, tmp_path) == []


def test_who_began_to_read_before_reads_on_and_writes_what_was_read(crumbs: Newswatch, tmp_path: Path) -> None:
    with crumbs.ledger.begin() as connection:
        wanted = stories.of_day(connection, CRUMBLED)
    before = texts(crumbs)
    with pytest.MonkeyPatch.context() as patch:

        def meanwhile(was: Story, *_: object) -> Story:
            done(later(crumbs, 5))
            return replace(was, title=f"{was.title}, read anew")

        patch.setattr("newswatch.pipeline.reextract.reassemble", meanwhile)
        assert reextract_day(crumbs, CRUMBLED, "late").changed_count == len(before)
    assert read_stories(crumbs, of_one_day(CRUMBLED, wanted)) == before
    assert {story.title for story in texts(crumbs)} == {f"{story.title}, read anew" for story in before}
    assert faults(crumbs, tmp_path) == []


def test_a_backup_of_files_that_were_put_together(
    crumbs: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    copies, said = str(tmp_path / "copies"), []

    def meanwhile(what: str, *_: object) -> None:
        said.append(maintain(later(crumbs, 5), is_dry_run=False))

    backup(crumbs.settings, copies, meanwhile)
    assert said
    assert all(not report.sweeps and "backup" in report.warnings[0] for report in said)
    before = tables(crumbs)
    done(later(crumbs, 5))
    backup(crumbs.settings, copies, silent)
    settings = empty(crumbs)
    restore(settings, copies, silent)
    with closing(opened(settings, parsers)) as again:
        assert stored(again) == {path: c for path, c in stored(crumbs).items() if path not in _replaced(crumbs)}
        assert faults(again, tmp_path) == []
        assert tables(again) == before
        moved = replace(again, clock=crumbs.clock)
        assert done(later(moved, 7)) == {TAKEN: len(_replaced(crumbs))}
        assert faults(again, tmp_path) == []


def test_a_file_that_reads_otherwise_than_it_was_written_counts_for_nothing(
    crumbs: Newswatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untouched = type(crumbs.store).write

    def torn(store: object, path: str, content: bytes) -> str:
        sha256: str = untouched(crumbs.store, path, content)
        if "compacted-" in path:
            untouched(crumbs.store, path, content[:-1])
        return sha256

    before = ledger(crumbs)
    with monkeypatch.context() as patch:
        patch.setattr(type(crumbs.store), "write", torn)
        with pytest.raises(Exception, match="is damaged"):
            maintain(later(crumbs, 5), is_dry_run=False)
    assert ledger(crumbs) == before
    done(later(crumbs, 5))
    assert faults(crumbs, tmp_path) == []


LAST = 28  # calls of such a maintenance that write or commit, at least: later points are past its end


@pytest.mark.parametrize("nth", points(15, last=32))
def test_a_compaction_that_is_killed(crumbs: Newswatch, tmp_path: Path, nth: int) -> None:
    before, said = tables(crumbs), rows(crumbs)
    is_killed = run(crumbs.settings, nth, "maintain", with_commits=True)[0] != 0
    assert is_killed or nth > LAST
    assert [fault for fault in faults(crumbs, tmp_path) if "orphan" not in fault] == []
    assert tables(crumbs) == before, "also before it is run again"
    done(later(crumbs, 1000))
    assert crowded(crumbs) == set()
    assert (tables(crumbs), rows(crumbs)) == (before, said)
    assert faults(crumbs, tmp_path) == []


@pytest.mark.parametrize("nth", points(41, last=101)[::20])
def test_taking_the_old_files_away_that_is_killed(crumbs: Newswatch, tmp_path: Path, nth: int) -> None:
    done(later(crumbs, 5))
    before, old = tables(crumbs), _replaced(crumbs)
    is_killed = run(crumbs.settings, nth, "maintain")[0] != 0
    assert is_killed or nth > len(old)
    assert faults(crumbs, tmp_path) == []
    run(crumbs.settings, NEVER, "maintain")
    assert _replaced(crumbs) == []
    assert not [path for path in old if crumbs.store.exists(path)]
    assert tables(crumbs) == before
    assert faults(crumbs, tmp_path) == []
