"""Each way in which a feed's server may fail: one named outcome, nothing lost, and all well once the server is."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from clocks import Clock
from fault import DURING, Fault
from hostile import Hostile
from matrix import SETTINGS, Matrix, Seen
from table import FAULTS, document
from warcio.archiveiterator import ArchiveIterator

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, open_newswatch
from newswatch.settings import Settings
from newswatch.tables import batch_tables

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.name)


@dataclass(frozen=True)
class Run:
    """All polls of the whole matrix, looked at by every test."""

    nw: Newswatch
    before: dict[str, Seen]
    faulty: dict[str, Seen]
    after: dict[str, Seen]


@pytest.fixture(scope="module")
def run(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder: Path = tmp_path_factory.mktemp("faults")
    clock = Clock()
    with Hostile() as hostile:
        matrix = Matrix(hostile, FAULTS, folder)
        places = {"home": folder, "data_url": str(folder / "data"), "database_url": new_database()}
        settings = Settings.model_validate({"config_dir": matrix.config(), **places, **SETTINGS})
        nw = replace(open_newswatch(settings), clock=clock)
        matrix.run(nw, clock)
    yield Run(nw, *matrix.seen)
    nw.close()


@each_fault
def test_the_poll_ends_in_its_named_outcome(fault: Fault, run: Run) -> None:
    assert run.before[fault.name].poll.outcome == "ok"
    found = run.faulty[fault.name].poll
    assert found.outcome == fault.outcome, found.detail
    assert found.detail or found.outcome in ("ok", "not_modified")


@each_fault
def test_nothing_is_lost_and_what_is_new_is_taken(fault: Fault, run: Run) -> None:
    before, faulty = run.before[fault.name], run.faulty[fault.name]
    assert before.entries <= faulty.entries
    assert faulty.poll.new_entry_count == len(faulty.entries - before.entries) == fault.new
    assert bool(faulty.poll.raw_path) == fault.keeps


@each_fault
def test_validators_move_on_only_with_a_whole_feed(fault: Fault, run: Run) -> None:
    before, faulty = run.before[fault.name].feed, run.faulty[fault.name].feed
    assert faulty.etag == fault.tag
    assert (faulty.body_sha256 != before.body_sha256) == (fault.outcome == "ok")
    assert faulty.full_at == before.full_at


@each_fault
def test_the_feed_is_asked_again_when_it_makes_sense(fault: Fault, run: Run) -> None:
    now, feed = run.faulty[fault.name].now, run.faulty[fault.name].feed
    assert feed.failure_count == (0 if fault.is_success else 1)
    assert feed.succeeded_at == (now if fault.is_success else run.before[fault.name].now)
    wait = feed.next_due_at - now
    assert wait == fault.due or (fault.is_success and fault.due < wait < timedelta(minutes=30))


@each_fault
def test_the_feed_recovers_with_all_that_it_lists(fault: Fault, run: Run) -> None:
    faulty, after = run.faulty[fault.name], run.after[fault.name]
    assert after.poll.outcome == "ok", after.poll.detail
    assert {"first", "second", "third"} <= after.entries
    assert faulty.entries <= after.entries
    assert (after.feed.failure_count, after.feed.etag) == (0, '"better"')
    assert not after.poll.is_gap


@each_fault
def test_a_request_says_no_more_than_it_should(fault: Fault, run: Run) -> None:
    for seen, last in ((run.faulty, run.before), (run.after, run.faulty)):
        for hop, call in enumerate(seen[fault.name].calls):
            assert call.head.startswith("GET /")
            assert "User-Agent: Newswatch/" in call.head
            assert not call.header("Authorization") + call.header("Referer")
            assert call.header("Cookie") in (("", "id=1") if hop else ("",))  # of the chain itself, and no other
            tag = last[fault.name].feed.etag or ""
            assert call.header("If-None-Match") == tag or not tag.isascii()


def test_one_request_is_made_for_each_hop_and_none_is_repeated(run: Run) -> None:
    for fault in FAULTS:
        paths = [call.path for call in run.faulty[fault.name].calls]
        assert len(paths) == len(set(paths)) <= 6, fault.name


def test_a_file_that_a_feed_asks_for_is_not_read(run: Run) -> None:
    with run.nw.ledger.begin() as connection:
        paths = set(connection.scalars(sa.select(t.entries.c.path).where(t.entries.c.feed_id == "external-entity")))
    kept = [e for path in sorted(paths) for e in batch_tables.ENTRIES.from_bytes(run.nw.store.read(path))]
    titles = {e["title"] for e in kept if e["feed_id"] == "external-entity"}
    assert len(titles) == 3
    assert not any("root:" in title for title in titles)


def test_the_bytes_that_are_kept_are_those_of_the_wire(run: Run) -> None:
    path = run.faulty["gzip"].poll.raw_path
    kept = {}
    for record in ArchiveIterator(BytesIO(run.nw.store.read(path))):
        kept[record.rec_headers.get_header("WARC-Target-URI")] = record.raw_stream.read()
    body = next(content for url, content in kept.items() if "//gzip.localhost" in url)
    assert gzip.decompress(body) == DURING
    assert len(kept) == sum(f.keeps for f in FAULTS if run.faulty[f.name].poll.raw_path == path)


def test_the_page_of_faults_says_what_the_table_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "faults.md"
    assert page.read_text(encoding="utf-8") == document(), "run `make docs`"
