"""The same newsroom kept in a folder and in a bucket: the same tables, and every command works on both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sa
from bucket_server import KEY_ID, SECRET, BucketServer, answer_lost, busy, cut_while_it_is_sent
from click.testing import CliRunner
from clocks import Clock
from installations import faults, ledger, opened, silent, stored
from of_buckets import LASTING, SHORT
from pyarrow.dataset import dataset
from shared_parsers import SharedParsers

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.cli.main import main
from newswatch.digest.formats import FORMATS
from newswatch.errors import TransientError
from newswatch.ledger import days
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    Reader,
    backup,
    build_day,
    deliver,
    export_stories,
    fetch_pending,
    import_stories,
    issue_digest,
    maintain,
    never_built,
    poll,
    publish_staged,
    repair,
    restore,
    tag_new,
    verify,
)
from newswatch.pipeline.tables_in_force import TablesInForce
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.storage import buckets, paths
from newswatch.storage.files import Store
from newswatch.tables.day_tables import DAY_TABLES, TABLES, TOPIC_DAYS
from newswatch_airflow.ui.story import of_story

DAY = date(2026, 11, 21)
DAYS = [DAY - timedelta(days=back) for back in range(4, -2, -1)]
PLACES = ("config_dir", "home", "data_url", "database_url")


@pytest.fixture(scope="module")
def both(
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    parsers: SharedParsers,
    bucket_server: BucketServer,
) -> Iterator[tuple[Newswatch, Newswatch]]:
    """One newsroom, read, built and issued twice: in a folder, and in a bucket whose server is none of the best."""
    folder = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch, Newsroom(clock=Clock()) as newsroom:
        for name, value in bucket_server.environ.items():
            patch.setenv(name, value)
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=2))
        patch.setitem(buckets._RETRIES, "backoff", SHORT)
        patch.setattr("newswatch.pipeline.batching.BATCH_COUNT", 8)
        write_config(folder / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        kept = []
        for home, url in ((folder / "a", str(folder / "a" / "data")), (folder / "b", bucket_server.new_bucket())):
            values = {"config_dir": folder / "config", "home": home, "data_url": url, "database_url": new_database()}
            nw = opened(Settings.model_validate(values | {"host_delay_seconds": 0}), parsers)
            if url.startswith("s3://"):
                for trouble in (busy, answer_lost, cut_while_it_is_sent):
                    bucket_server.misbehave("PUT", trouble, 2)
            _work(nw)
            kept.append(nw)
    bucket_server.behave()
    yield kept[0], kept[1]
    for nw in kept:
        nw.close()


def _work(nw: Newswatch) -> None:
    poll(nw, list(nw.feeds), "read")
    fetch_pending(nw, "read")
    tag_new(nw, "read")
    with nw.ledger.begin() as connection:
        connection.execute(sa.update(t.polls).values(seconds=0.5))  # how long a poll took is no two times the same
    for day in never_built(nw, DAYS):
        build_day(nw, day)
    deliver(nw, DAY, issue_digest(nw, DAY, "issuer").number)


@pytest.fixture
def local(both: tuple[Newswatch, Newswatch], bucket: str) -> Newswatch:
    return both[0]


@pytest.fixture
def remote(both: tuple[Newswatch, Newswatch], bucket: str) -> Newswatch:
    """Not to be changed: see `changed`."""
    return both[1]


@pytest.fixture
def changed(
    remote: Newswatch, tmp_path: Path, empty: Callable[[Newswatch], Settings], bucket: str, parsers: SharedParsers
) -> Iterator[Newswatch]:
    """A copy of the newsroom in a bucket of its own, by way of a backup in another."""
    copies = f"{bucket}-copies"
    backup(remote.settings, copies, silent)
    settings = empty(remote).model_copy(update={"data_url": bucket})
    restore(settings, copies, silent)
    with closing(opened(settings, parsers)) as nw:
        yield nw


def published(nw: Newswatch) -> dict[str, bytes]:
    return {path: nw.store.read(path) for folder in ("tables", "digests") for path in nw.store.walk(folder)}


def test_tables_and_digests_are_the_same_bytes(
    local: Newswatch, remote: Newswatch, bucket_server: BucketServer, tmp_path: Path
) -> None:
    assert {path.split("/")[1] for path in published(remote) if path.startswith("tables")} == {t.name for t in TABLES}
    assert published(remote) == published(local)
    assert faults(remote, tmp_path) == []
    assert bucket_server.uploads_in_parts(remote.settings.data_url) == 0
    assert list(remote.store.leftovers()) == []


def test_neither_listings_nor_second_looks_are_asked_for(changed: Newswatch, bucket_server: BucketServer) -> None:
    """What a build and a digest count on is in the ledger; benchmarks/object_store.py prints what all of it costs."""
    bucket_server.requests.clear()
    build_day(changed, DAY)
    assert bucket_server.requests.keys() == {"GET"}
    issue_digest(changed, DAY, "another")
    assert bucket_server.requests["PUT"] == 2 * len(FORMATS)
    changed.store.remove(paths.table("mentions", DAY))
    bucket_server.requests.clear()
    build_day(changed, DAY)
    made = len(DAY_TABLES)
    assert bucket_server.requests - Counter(GET=1000) == {"PUT": made, "COPY": made, "DELETE": 1}


def test_a_story_from_its_bytes_to_its_page(remote: Newswatch) -> None:
    with closing(Reader(remote.settings)) as reader:
        mentions = reader.table("mentions", DAY)
        found = reader.story(mentions[0]["story_id"])
    assert found is not None
    raw = found["bytes"]
    assert b"WARC-Target-URI" not in remote.store.read(raw["file"], raw["offset"], raw["offset"] + raw["length"])
    page = of_story(found, {})
    assert [piece.topics for line in page["lines"] for piece in line.pieces if piece.topics]
    assert mentions[0]["surface"] in {words.surface for words in page["mentions"]}


def test_a_copy_by_way_of_a_backup_is_the_same_and_what_was_lost_is_made_again(
    remote: Newswatch, changed: Newswatch, tmp_path: Path
) -> None:
    assert stored(changed) == stored(remote)
    before = published(changed)
    texts = sorted(changed.store.walk("batches/story_texts"))[0]
    table = paths.table("topic_days", DAY)
    changed.store.remove(texts)
    changed.store.write(table, before[table][:-9])
    walk = verify(changed, tmp_path / "walk.json", silent)
    assert {fault.path for fault in walk.faults} >= {texts, table}
    assert all(not mended.lost for mended in repair(changed, walk.faults, "repair"))
    assert {path: content for path, content in published(changed).items() if "mentions" in path} == {
        path: content for path, content in before.items() if "mentions" in path
    }
    assert faults(changed, tmp_path) == []


def test_maintenance_sweeps_a_bucket_and_puts_its_small_files_together(
    changed: Newswatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newswatch.pipeline.compact.FEWEST_FILES", 2)
    changed.store.write("raw/pages/2026-11-20/nobody.warc.gz", b"of a writer that was killed")
    before = published(changed)
    sums = []
    for days_ahead in (8, 10, 20):
        later = replace(changed, clock=Clock(datetime.now(UTC) + timedelta(days=days_ahead)))
        sums.append({sweep.done: sweep.count for sweep in maintain(later, is_dry_run=False).sweeps})
    assert sums[0]["put together: small files of past days' batches"] > 0
    assert sums[1]["taken away: small files that were put together"] > 0
    assert sums[0]["put into quarantine/: files that the ledger does not name"] == 1
    assert sums[2]["taken away: files that were long in quarantine/"] == 1
    assert not [path for path in stored(changed) if "nobody" in path]
    assert published(changed) == before


def test_stories_are_exported_to_a_bucket_and_imported_from_it(
    remote: Newswatch, bucket: str, empty: Callable[[Newswatch], Settings], parsers: SharedParsers
) -> None:
    report = export_stories(remote, f"{bucket}/export", [DAY])
    settings = empty(remote)
    with closing(opened(settings, parsers)) as other:
        taken = import_stories(other, f"{bucket}/export", "import")
    assert (taken.story_count, taken.damaged) == (report.story_count, [])
    assert taken.story_count > 0


def test_a_day_built_anew_through_a_bad_hour_is_the_same_bytes(changed: Newswatch, bucket_server: BucketServer) -> None:
    before, rows = published(changed), ledger(changed)["stories"]
    for table in TABLES:
        changed.store.remove(paths.table(table.name, DAY))
    for kind in ("PUT", "GET", "COPY"):
        for trouble in (busy, answer_lost, cut_while_it_is_sent):
            bucket_server.misbehave(kind, trouble, 1)
    build_day(changed, DAY)
    assert (published(changed), ledger(changed)["stories"]) == (before, rows)


def test_a_publication_that_the_storage_cuts_off_is_finished_by_the_next_command(
    changed: Newswatch, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(buckets._RETRIES, "max_retries", 0)
    nw = replace(changed, store=Store(changed.settings.data_url))
    before = published(nw)
    for kind in ("PUT", "COPY", "DELETE"):
        nw.store.remove(paths.table("mentions", DAY))
        if kind == "COPY":
            bucket_server.misbehave(kind, answer_lost, 1)  # of the first table
        bucket_server.misbehave(kind, busy, LASTING)
        with pytest.raises(TransientError):
            build_day(nw, DAY)
        bucket_server.behave()
        if kind != "PUT":  # the ledger names the new tables: they can be read, and are put in their place
            with nw.ledger.begin() as connection:
                in_force = TablesInForce(nw.store, days.builds_of(connection, [DAY]))
            assert in_force.rows("mentions", DAY)
            publish_staged(nw)
            assert published(nw) == before
        build_day(nw, DAY)
        assert (published(nw), list(nw.store.leftovers())) == (before, [])


def test_the_command_line(remote: Newswatch, monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    for name in PLACES:
        monkeypatch.setenv(f"NEWSWATCH_{name.upper()}", str(getattr(remote.settings, name)))
    for arguments in (["verify", "--from-start"], ["maintain", "--dry-run"], ["build", str(DAY), "--no-digest"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-else")
    done = CliRunner().invoke(main, ["build", str(DAY)])
    assert (done.exit_code, "the storage refuses us" in done.output) == (1, True), done.output
    assert "AWS_SECRET_ACCESS_KEY" in done.output  # the setting's name, for the way out
    assert not any(secret in done.output for secret in (KEY_ID, SECRET, "Signature"))
    monkeypatch.setenv("NEWSWATCH_DATA_URL", "s3://none-of-that-name/desk")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    done = CliRunner().invoke(main, ["poll"])
    assert (done.exit_code, "there is no such bucket" in done.output) == (1, True), done.output


def test_pandas_and_duckdb_read_the_tables_as_they_lie(remote: Newswatch) -> None:
    """The lines that docs/object-storage.md shows; the address and the keys are those of the environment."""
    place = f"{remote.settings.data_url}/tables/topic_days"
    by_pandas = pd.read_parquet(place)
    topic_days = dataset(place)
    ((by_duckdb,),) = duckdb.sql("SELECT sum(story_count) FROM topic_days").fetchall()
    stored_files = [remote.store.read(path) for path in remote.store.walk("tables/topic_days")]
    assert len(topic_days.files) == len(stored_files)
    own = sum(row["story_count"] for content in stored_files for row in TOPIC_DAYS.from_bytes(content))
    assert by_pandas["story_count"].sum() == by_duckdb == own > 0
