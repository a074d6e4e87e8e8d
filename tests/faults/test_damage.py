"""Stored files that are damaged: each is named, costs what it holds and no more, and is made again where it can be."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from kept_newsroom import ISSUED

from newswatch.cli.main import main
from newswatch.errors import DamagedFile
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    Reader,
    Walk,
    build_day,
    ensure_built,
    fetch_pending,
    issue_digest,
    message_of,
    poll,
    reextract_day,
    repair,
    tag_new,
    verify,
)  # fmt: skip
from newswatch.storage import paths
from newswatch.tables.batch_tables import BATCH_TABLES, ENTRIES
from newswatch.tables.day_tables import MENTIONS, STORIES, TABLES, TOPIC_TRENDS
from newswatch.tables.parquet import Table, sealed


def flip(content: bytes, at: int | None = None) -> bytes:
    place = len(content) // 2 if at is None else at
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def damage(nw: Newswatch, path: str, change: Callable[[bytes], bytes]) -> None:
    place = Path(nw.store.locate(path))
    place.write_bytes(change(place.read_bytes()))


def files(nw: Newswatch, folder: str) -> list[str]:
    """The largest first."""
    return sorted(nw.store.walk(folder), key=lambda path: -len(nw.store.read(path)))


def tables(nw: Newswatch) -> dict[str, bytes]:
    return {path: nw.store.read(path) for path in sorted(nw.store.walk("tables"))}


def walked(nw: Newswatch) -> Walk:
    return verify(nw, nw.settings.home / "verify.json", lambda _: None)


def faults(nw: Newswatch) -> set[tuple[str, str]]:
    return {(fault.kind, fault.path) for fault in walked(nw).faults}


def mend(nw: Newswatch) -> list[str]:
    """Files with which something is lost, after a repair and the tag of a next poll."""
    lost = [done.path for done in repair(nw, walked(nw).faults, "repair") if done.lost]
    tag_new(nw, "after")
    return lost


@pytest.mark.parametrize("change", [flip, cut, lambda content: b""])
def test_a_damaged_warc_file_makes_no_shorter_stories(kept: Newswatch, change: Callable[[bytes], bytes]) -> None:
    (path, *_) = files(kept, "raw/pages")
    damage(kept, path, change)
    with kept.ledger.begin() as connection:
        days = sorted(set(connection.scalars(sa.select(t.stories.c.day))))
    reports = [reextract_day(kept, day, "test") for day in days]
    assert sum(report.failed_count for report in reports) > 0
    assert sum(report.changed_count for report in reports) == 0
    assert {lost for report in reports for lost in report.lost_files} == {path}
    assert faults(kept) == {("damaged", path)}


@pytest.mark.parametrize("table", ["story_texts", "known_lines", "entries", "mentions"])
@pytest.mark.parametrize("place", [0.02, 0.5, 0.98])
def test_a_flipped_bit_of_a_batch_is_found_and_named(kept: Newswatch, table: str, place: float) -> None:
    (path, *_) = files(kept, f"batches/{table}")
    damage(kept, path, lambda content: flip(content, int(len(content) * place)))
    assert faults(kept) == {("damaged", path)}
    if table in ("story_texts", "known_lines"):
        day = date.fromisoformat(path.split("/")[2]) if table == "story_texts" else ISSUED
        with pytest.raises(DamagedFile, match=f"{path} is damaged.*newswatch verify --repair"):
            build_day(kept, day)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_flipped_bit_of_a_days_table_gives_other_rows(kept: Newswatch, table: Table) -> None:
    path = paths.table(table.name, ISSUED)
    whole = kept.store.read(path)
    rows = table.from_bytes(whole)
    rolls = random.Random(7)
    for at in sorted({rolls.randrange(len(whole)) for _ in range(60)} | set(range(len(whole) - 40, len(whole)))):
        kept.store.write(path, flip(whole, at))
        try:
            assert kept.store.load(path, table.from_bytes) == rows
        except DamagedFile as error:
            assert path in str(error)  # noqa: PT017


def test_a_table_of_before_there_were_seals_is_read() -> None:
    content = STORIES.to_bytes([])
    seal = content.index(b"newswatch sha256")
    old = content[:seal] + content[seal + 48 :]
    assert sealed(old) == content
    assert STORIES.from_bytes(old) == []


def test_damaged_tables_are_made_again_before_a_digest_is_issued(kept: Newswatch) -> None:
    before = tables(kept)
    for table in (STORIES, MENTIONS, TOPIC_TRENDS):
        damage(kept, paths.table(table.name, ISSUED), flip)
    assert ensure_built(kept, [ISSUED]) == [ISSUED]
    assert tables(kept) == before


def test_a_damaged_table_of_a_neighbour_stops_no_build_and_is_built_again(kept: Newswatch) -> None:
    neighbour = ISSUED.replace(day=20)
    before = tables(kept)
    damage(kept, paths.table("topic_days", neighbour), flip)
    damage(kept, paths.table("topic_trends", ISSUED), flip)
    build_day(kept, ISSUED)
    with kept.ledger.begin() as connection:
        assert neighbour in set(connection.scalars(sa.select(t.dirty_days.c.day)))
    build_day(kept, neighbour)
    assert tables(kept) == before


def test_damaged_mentions_of_arrival_are_found_again(kept: Newswatch) -> None:
    before = tables(kept)
    for path in files(kept, "batches/mentions"):
        damage(kept, path, flip)
    assert not build_day(kept, ISSUED).is_changed
    assert tables(kept) == before


@pytest.mark.parametrize("content", [b"", b"<p>Another digest</p>"])
def test_an_altered_digest_is_neither_shown_nor_sent(kept: Newswatch, content: bytes) -> None:
    damage(kept, paths.issue(ISSUED, 1, "digest.html"), lambda _: content)
    reader = Reader(kept.settings)
    with pytest.raises(DamagedFile, match=r"digest.html is damaged.*--repair"):
        reader.digest(ISSUED, 1)
    with pytest.raises(DamagedFile):
        message_of(kept, ISSUED, 1)
    reader.close()
    assert faults(kept) == {("damaged", paths.issue(ISSUED, 1, "digest.html"))}
    assert mend(kept) == []
    assert faults(kept) == set()


def test_a_digest_without_a_sound_copy_is_issued_anew(kept: Newswatch) -> None:
    for path in (
        paths.issue(ISSUED, 1, "digest.html"),
        paths.digest(ISSUED, "digest.html"),
        paths.latest("digest.html"),
    ):
        damage(kept, path, cut)
    assert mend(kept) == [paths.issue(ISSUED, 1, "digest.html")]
    assert faults(kept) == set()


def test_a_damaged_entries_file_costs_its_own_words_alone(nw: Newswatch) -> None:
    first, *others = nw.feeds
    poll(nw, [first], "one")
    (path,) = files(nw, "batches/entries")
    lost = len(ENTRIES.from_bytes(nw.store.read(path)))
    damage(nw, path, flip)
    poll(nw, others, "two")
    fetched = fetch_pending(nw, "test")
    assert fetched.page_outcomes["ok"] > lost
    with nw.ledger.begin() as connection:
        assert not connection.scalar(sa.select(sa.func.count()).where(t.entries.c.state == "pending"))
        outcomes = connection.execute(sa.select(t.outcomes).where(t.outcomes.c.kind == "file")).all()
    assert {(o.outcome, o.feed_id) for o in outcomes} == {("file_damaged", first)}
    assert sum(o.outcome_count for o in outcomes) == lost
    assert all(path in o.example for o in outcomes)


def test_verify_finds_nothing_wrong_with_what_is_not(kept: Newswatch) -> None:
    walk = walked(kept)
    assert walk.faults == []
    assert walk.story_count > 10
    assert set(walk.counts) == {"files", "days", "digests", "ledger", "store"}


def test_verify_looks_both_ways(kept: Newswatch) -> None:
    (lost, *_) = files(kept, "batches/story_texts")
    Path(kept.store.locate(lost)).unlink()
    kept.store.write("raw/pages/2026-11-20/stray.warc.gz", b"stray")
    os.utime(kept.store.locate("raw/pages/2026-11-20/stray.warc.gz"), (0, 0))
    kept.store.write("raw/pages/2026-11-20/on-its-way.warc.gz", b"young")
    with kept.ledger.begin() as connection:
        story = connection.execute(sa.select(t.stories).where(t.stories.c.path != lost).limit(1)).one()
        connection.execute(
            sa.update(t.entries).where(t.entries.c.story_id == story.story_id).values(path="batches/entries/x.parquet")
        )
        connection.execute(sa.update(t.batch_files).where(t.batch_files.c.path == story.path).values(row_count=0))
    assert faults(kept) == {
        ("missing", lost),
        ("orphan", "raw/pages/2026-11-20/stray.warc.gz"),
        ("missing", "batches/entries/x.parquet"),
        ("uncounted", story.path),
    }


def test_verify_goes_on_where_it_was_cut_off(kept: Newswatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("newswatch.pipeline.verify"), "SAVED_EVERY", 1)
    (path, *_) = sorted(kept.store.walk("batches"))
    damage(kept, path, flip)
    state = kept.settings.home / "verify.json"
    heard: list[int] = []

    def cut_off(walk: Walk) -> None:
        heard.append(sum(walk.counts.values()))
        if len(heard) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(kept, state, cut_off)
    again: list[int] = []
    walk = verify(kept, state, lambda walk: again.append(sum(walk.counts.values())))
    assert again[0] == 4
    assert [fault.path for fault in walk.faults] == [path]
    assert not state.exists()


def test_verify_beside_builds_and_issues_finds_nothing_wrong(kept: Newswatch) -> None:
    is_over = threading.Event()

    def work() -> int:
        issued = 0
        while not is_over.is_set():
            build_day(kept, ISSUED, f"build {issued}")
            issue_digest(kept, ISSUED, f"issue {issued}")
            issued += 1
        return issued

    with ThreadPoolExecutor(1) as workers:
        working = workers.submit(work)
        found = [faults(kept) for _ in range(8)]
        is_over.set()
        assert working.result() > 2
    assert found == [set()] * 8


@pytest.mark.parametrize("change", [flip, cut, lambda content: b""])
def test_repaired_texts_give_the_tables_of_an_undisturbed_installation(
    kept: Newswatch, change: Callable[[bytes], bytes]
) -> None:
    before = tables(kept)
    for path in (*files(kept, "batches/story_texts"), *files(kept, "batches/mentions"), *before):
        damage(kept, path, change)
    assert mend(kept) == []
    assert tables(kept) == before
    assert faults(kept) == set()


def test_a_repair_that_is_cut_off_before_the_build_is_finished_by_the_next(
    kept: Newswatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(kept)
    for path in before:
        damage(kept, path, cut)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_module("newswatch.pipeline.repair"), "build_day", cut_off)
        with pytest.raises(KeyboardInterrupt):
            mend(kept)
    assert len(faults(kept)) >= len(before), "what was set apart is no known loss"
    assert mend(kept) == []
    assert tables(kept) == before
    assert faults(kept) == set()


def test_the_command_lists_repairs_and_is_content(kept: Newswatch) -> None:
    settings = kept.settings
    environment = {
        "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
        "NEWSWATCH_HOME": str(settings.home),
        "NEWSWATCH_DATA_URL": settings.data_url,
        "NEWSWATCH_DATABASE_URL": settings.database_url,
    }
    (path, *_) = files(kept, "batches/story_texts")
    damage(kept, path, flip)

    def run(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["verify", *options], env=environment)
        return result.exit_code, result.stdout

    code, said = run()
    assert (code, said.splitlines()[0].split()[:2]) == (1, ["damaged", path])
    code, said = run("--repair")
    assert code == 0
    assert f"repaired  {path}" in said
    code, said = run()
    assert code == 0
    assert re.fullmatch(
        r"nothing wrong: \d+ stories; looked at \d+ files of batches, 3 built days, \d+ stored files\n", said
    )
    assert kept.store.exists(paths.quarantined(path))


FOLDERS = ("raw/feeds", "raw/pages", "tables", "digests", *(f"batches/{b.name}" for b in (*BATCH_TABLES, MENTIONS)))


def test_lost_words_of_feeds_cost_no_story_its_page(kept: Newswatch) -> None:
    (entries, *_), texts = files(kept, "batches/entries"), files(kept, "batches/story_texts")
    count = walked(kept).story_count
    for path in (entries, *texts):
        damage(kept, path, flip)
    mend(kept)
    with kept.ledger.begin() as connection:
        had_page = connection.scalar(sa.select(sa.func.count()).where(t.stories.c.page_url.is_not(None)))
    assert 0 < had_page <= walked(kept).story_count <= count
    assert faults(kept) == set()


def rot(nw: Newswatch, rolls: random.Random, count: int) -> dict[str, bytes]:
    """Flips a bit of so many files of every kind, or cuts them; returns what they held before."""
    before: dict[str, bytes] = {}
    while len(before) < count:
        choice = sorted(set(nw.store.walk(rolls.choice(FOLDERS))) - before.keys() - {paths.DIGEST_FEED})
        if choice:
            path = rolls.choice(choice)
            content = before[path] = nw.store.read(path)
            at, bit, is_cut = rolls.randrange(len(content)), 1 << rolls.randrange(8), rolls.random() < 0.3
            rotten = content[:at] if is_cut else content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
            nw.store.write(path, rotten)
    return before


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_no_bit_rots_silently(kept: Newswatch, rounds: int) -> None:
    rolls = random.Random(17)
    for _ in range(rounds):
        before = rot(kept, rolls, 20)
        unseen = before.keys() - {path for _, path in faults(kept)}
        for path in unseen:  # trends have no hash in the ledger: a bit of their seal changes nothing that is read
            assert path.startswith("tables/topic_trends/")
            assert TOPIC_TRENDS.from_bytes(kept.store.read(path)) == TOPIC_TRENDS.from_bytes(before[path])
        for path, content in before.items():
            kept.store.write(path, content)
    assert faults(kept) == set()


def test_after_much_rot_a_repair_loses_only_what_it_lists(kept: Newswatch) -> None:
    before = tables(kept)
    rotten = rot(kept, random.Random(23), 25)
    lost = mend(kept)
    assert faults(kept) == set()
    assert tables(kept).keys() == before.keys()
    assert set(lost) <= set(rotten)
    assert kept.store.exists(paths.loss_note(lost[0]))
