"""Maintenance: what killed writers left goes after its time, what the ledger counts on stays, whatever the policy."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from installations import faults, ledger, stored
from kept_newsroom import ISSUED

from newswatch.cli.main import main
from newswatch.errors import ConfigError
from newswatch.ledger import days, retention
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, backup, build_as_known, build_day, maintain, reextract_day
from newswatch.storage.files import Store

NOW = datetime.now(UTC)
Later = Callable[..., Newswatch]


@pytest.fixture
def later(kept: Newswatch) -> Later:
    """The same installation so many days from now, with this policy."""

    def make(count: float, **policy: object) -> Newswatch:
        settings = kept.settings.model_copy(update=policy)
        return replace(kept, settings=settings, clock=lambda: NOW + timedelta(days=count))

    return make


def put(nw: Newswatch, path: str) -> Path:
    place = Path(nw.store.locate(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"left by a killed writer")
    return place


def done(nw: Newswatch, *, is_dry_run: bool = False) -> dict[str, int]:
    return {sweep.done: sweep.count for sweep in maintain(nw, is_dry_run=is_dry_run).sweeps}


ORPHANS = ("raw/pages/2026-11-21/20261121T000000-x.warc.gz", "batches/entries/2026-11-21/20261121T000000-x.parquet")
UNISSUED = f"digests/{ISSUED}/issue-9/digest.html"
TEMPORARY = ("raw/feeds/2026-11-21/_ab.tmp", f"tables/_staged/{ISSUED}/_cd.tmp", "_ef.tmp")
STAGED = f"tables/_staged/{ISSUED}/stories.parquet"


def test_a_whole_installation_has_nothing_to_be_done_for_years(later: Later) -> None:
    nw = later(1000)
    before = stored(nw), ledger(nw)
    assert done(nw) == {}
    assert (stored(nw), ledger(nw)) == before


def test_what_killed_writers_left_goes_after_its_time(later: Later, kept: Newswatch, tmp_path: Path) -> None:
    before = stored(kept)
    for path in (*TEMPORARY, STAGED, *ORPHANS, UNISSUED):
        put(kept, path)
    assert done(later(0.5)) == {}, "they may be at work"
    assert sorted(done(later(2)).values()) == [1, 3]
    assert list(kept.store.leftovers()) == []
    moved = done(later(8))
    assert moved == {
        "put into quarantine/: files that the ledger does not name": 2,
        "put into quarantine/: digests that were never issued": 1,
    }
    assert faults(kept, tmp_path) == []
    assert done(later(9)) == {}
    assert done(later(16)) == {"taken away: files that were long in quarantine/": 3}
    assert stored(kept) == before


def test_a_dry_run_says_the_same_and_changes_nothing(later: Later, kept: Newswatch) -> None:
    build_as_known(kept, ISSUED, datetime(2026, 11, 22, tzinfo=UTC))
    for path in (
        *TEMPORARY,
        STAGED,
        *ORPHANS,
        UNISSUED,
        "quarantine/orphans/2026-11-01/raw/pages/2026-11-01/x.warc.gz",
    ):
        put(kept, path)
    nw = later(100, raw_limit_bytes=1, keep_rows="robots=30")
    before = stored(kept), list(kept.store.leftovers()), ledger(kept)
    said = maintain(nw, is_dry_run=True)
    assert (stored(kept), list(kept.store.leftovers()), ledger(kept)) == before
    assert maintain(nw, is_dry_run=False) == said
    assert len(said.sweeps) == 8
    assert all(sweep.byte_count or sweep.byte_count is None for sweep in said.sweeps)


def test_tables_as_they_were_known_go_when_they_are_old(later: Later, kept: Newswatch) -> None:
    build_as_known(kept, ISSUED, datetime(2026, 11, 22, tzinfo=UTC))
    assert done(later(89)) == {}
    assert done(later(91, as_known_days=0)) == {}
    assert list(done(later(91))) == ["taken away: tables as they were known (as-known/)"]
    assert kept.store.names("as-known") == []


def test_a_batch_that_is_committed_after_all_gets_its_file_back(later: Later, kept: Newswatch, tmp_path: Path) -> None:
    """As of a machine that was put to sleep between the file and the commit."""
    path = sorted(kept.store.walk("batches/mentions"))[0]
    with kept.ledger.begin() as connection:
        row = connection.execute(sa.delete(t.batch_files).where(t.batch_files.c.path == path).returning(t.batch_files))
        committed = dict(row.one()._mapping)
    assert list(done(later(8)).values()) == [1]
    assert not kept.store.exists(path)
    with kept.ledger.begin() as connection:
        connection.execute(sa.insert(t.batch_files).values(**committed))
    assert done(later(9)) == {"put back: files that the ledger names by now": 1}
    assert faults(kept, tmp_path) == []


def test_a_file_that_is_committed_just_now_is_not_moved(later: Later, kept: Newswatch) -> None:
    path = put(kept, ORPHANS[0]).relative_to(kept.store.locate(""))
    row = {"path": str(path), "batch_id": "x", "row_count": 0, "byte_count": 1, "sha256": "x"}
    ended = threading.Event()
    with kept.ledger.begin() as connection:
        connection.execute(sa.insert(t.batch_files).values(**row))

        def tidy() -> None:
            done(later(8))
            ended.set()

        thread = threading.Thread(target=tidy)
        thread.start()
        assert not ended.wait(0.5), "it waits for the commit"
    thread.join()
    assert kept.store.exists(str(path))


def test_a_day_that_is_written_just_now_is_left_alone(later: Later, kept: Newswatch) -> None:
    put(kept, STAGED)
    put(kept, UNISSUED)
    with kept.ledger.begin() as connection:
        days.lock(connection, ISSUED)
        assert done(later(8)) == {}
    assert len(done(later(8))) == 2


def test_what_lies_at_a_days_own_address_is_touched_under_its_lock(
    later: Later, kept: Newswatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a build that begins meanwhile would lose what it stages."""
    is_free: list[bool] = []

    def watched(call: str) -> Callable[..., None]:
        untouched = getattr(Store, call)

        def touch(store: Store, path: str, *more: str) -> None:
            with kept.ledger.begin() as connection:
                is_free.append(days.try_lock(connection, ISSUED))
            untouched(store, path, *more)

        return touch

    put(kept, STAGED)
    put(kept, UNISSUED)
    for call in ("remove", "move"):
        monkeypatch.setattr(Store, call, watched(call))
    assert len(done(later(8))) == 2
    assert is_free == [False, False]


def test_tables_that_await_their_place_stay(later: Later, kept: Newswatch) -> None:
    put(kept, STAGED)
    with kept.ledger.begin() as connection:
        connection.execute(sa.update(t.builds).where(t.builds.c.day == ISSUED).values(is_staged=True))
    assert done(later(8)) == {}


def test_nothing_is_taken_away_while_a_backup_is_made(later: Later, kept: Newswatch, tmp_path: Path) -> None:
    put(kept, ORPHANS[0])
    said = []

    def meanwhile(what: str, *_: object) -> None:
        said.append(maintain(later(8), is_dry_run=False))

    backup(kept.settings, str(tmp_path / "copies"), meanwhile)
    assert said
    assert all(not report.sweeps and "backup" in report.warnings[0] for report in said)
    assert len(done(later(8))) == 1


def test_raw_bytes_stay_under_their_limit_but_for_what_stories_were_read_from(
    later: Later, kept: Newswatch, tmp_path: Path
) -> None:
    with kept.ledger.begin() as connection:
        files = retention.raw_files(connection)
    feeds = [file for file in files if file.is_of_feeds]
    pages = [file for file in files if not file.is_of_feeds]
    assert feeds
    assert pages
    total = sum(file.byte_count for file in files)
    assert done(later(1, raw_limit_bytes=total)) == {}
    assert done(later(1, raw_limit_bytes=total - 1)) == {"taken away: bytes as they came (raw/)": 1}
    report = maintain(later(1, raw_limit_bytes=1), is_dry_run=False)
    assert "over its limit" in report.warnings[0]
    assert list(kept.store.walk("raw/feeds")) == []
    assert sorted(kept.store.walk("raw/pages")) == [file.path for file in pages]
    assert faults(kept, tmp_path) == []
    assert not build_day(kept, ISSUED).is_changed
    assert reextract_day(kept, ISSUED, "test").failed_count == 0


def test_pages_without_a_story_go_when_feeds_do_not_suffice(later: Later, kept: Newswatch, tmp_path: Path) -> None:
    path = "raw/pages/2026-11-20/20261120T000000-unread.warc.gz"
    put(kept, path)
    row = {"path": path, "batch_id": "unread", "row_count": 1, "byte_count": 23, "sha256": "x"}
    with kept.ledger.begin() as connection:
        connection.execute(sa.insert(t.batch_files).values(**row))
    maintain(later(1, raw_limit_bytes=1), is_dry_run=False)
    assert not kept.store.exists(path)
    assert faults(kept, tmp_path) == []


def test_bytes_of_feeds_go_by_age(later: Later, kept: Newswatch, tmp_path: Path) -> None:
    with kept.ledger.begin() as connection:
        day = retention.raw_files(connection)[0].day
    age = (NOW.date() - day).days
    assert done(later(0, raw_feed_days=max(age, 1))) == {}
    assert list(done(later(31, raw_feed_days=max(age, 1) + 30))) == ["taken away: bytes as they came (raw/)"]
    assert faults(kept, tmp_path) == []


def test_rows_go_by_table_and_age_where_the_policy_says_so(later: Later, kept: Newswatch) -> None:
    before = ledger(kept)
    assert before["robots"]
    assert before["visits"], "some are still to be made"
    assert done(later(100)) == {}
    done(later(100, keep_rows="robots=30 visits=30"))
    after = ledger(kept)
    assert after["robots"] == []
    assert after["visits"] == before["visits"]
    with kept.ledger.begin() as connection:
        connection.execute(sa.update(t.visits).values(due_at=None, listed_due_at=None))
    done(later(100, keep_rows="visits=30"))
    assert ledger(kept)["visits"] == []
    assert not build_day(kept, ISSUED).is_changed


@pytest.mark.parametrize("policy", ["polls=30", "robots", "robots=x", "robots=1", "stories=365"])
def test_rows_that_something_counts_on_cannot_be_named(later: Later, policy: str) -> None:
    with pytest.raises(ConfigError, match="host_pauses, robots, visits"):
        done(later(1, keep_rows=policy))


def test_a_full_disk_is_told_of(later: Later) -> None:
    report = maintain(later(0, low_disk_bytes=1 << 60), is_dry_run=True)
    assert "GB left" in report.warnings[0]


def test_the_command(kept: Newswatch, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("config_dir", "home", "data_url", "database_url"):
        monkeypatch.setenv(f"NEWSWATCH_{name.upper()}", str(getattr(kept.settings, name)))
    monkeypatch.setenv("NEWSWATCH_LOW_DISK_BYTES", "1")
    old = put(kept, TEMPORARY[0])
    os.utime(old, (0, 0))
    for arguments, expected in (
        (["--dry-run"], "would be taken away: temporary files of killed writers: 1, 23 bytes\n"),
        ([], "taken away: temporary files of killed writers: 1, 23 bytes\n"),
        ([], "nothing to be done\n"),
    ):
        ran = CliRunner().invoke(main, ["maintain", *arguments])
        assert (ran.exit_code, ran.stdout) == (0, expected), ran.output
