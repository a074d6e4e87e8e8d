"""A newsroom that is read, built, issued and maintained day by day under a policy: it stays under its size, and every
check stays green. Weeks of it in `make test`, a year in `make test-all`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from clocks import Clock
from installations import faults, opened
from shared_parsers import SharedParsers

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    build_as_known,
    build_day,
    deliver,
    explain,
    fetch_pending,
    issue_digest,
    maintain,
    poll,
    reextract_day,
    tag_new,
    visit_due,
)  # fmt: skip
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.storage import paths

FIRST = datetime(2024, 1, 1, 6, 1, tzinfo=UTC)
ROW_DAYS = 7
POLICY = {
    "as_known_days": 3,
    "orphan_days": 1,
    "keep_rows": f"robots={ROW_DAYS} host_pauses={ROW_DAYS} visits={ROW_DAYS}",
}
RAW_BYTES_A_DAY = 19_000  # under what would be kept without a limit, over what stories were read from
STORE_BYTES_A_DAY = 110_000  # of tables, digests and batches, which are kept for ever
YOUNG_BYTES = 2_000_000  # files of the last days, not yet put together, or put together and not yet taken away
LEDGER_BYTES, LEDGER_BYTES_A_DAY = 11_000_000, 190_000
LEFTOVERS = ("raw/feeds/_killed.tmp", "batches/entries/2024-01-01/20240101T000000-killed.parquet")


@dataclass
class Kept:
    """A newsroom that lives on. `issued`: days that have a digest; `done`: by maintenance, by kind."""

    nw: Newswatch
    clock: Clock
    issued: list[date] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def live(self, number: int) -> None:
        """One day: polled, read, built, issued, maintained."""
        nw, run_id, day = self.nw, f"day {number}", self.clock.now.date() - timedelta(days=1)
        poll(nw, sorted(nw.feeds)[::3], run_id)
        fetch_pending(nw, run_id)
        tag_new(nw, run_id)
        visit_due(nw, run_id)
        build_day(nw, day, run_id)
        if number % 7 == 1:
            deliver(nw, day, issue_digest(nw, day, run_id).number)
            self.issued.append(day)
            self.leave_behind(day)
        report = maintain(nw, is_dry_run=False)
        assert report.warnings == ()
        self.done.update({sweep.done: sweep.count for sweep in report.sweeps})
        self.is_within_bounds(number + 1)
        self.clock.advance(days=1)

    def leave_behind(self, day: date) -> None:
        """What killed writers leave, and what somebody looked at, of now by the newsroom's clock."""
        folder = build_as_known(self.nw, day, self.clock.now)
        for path in LEFTOVERS:
            self.nw.store.write(path, b"killed")
        for path in (*LEFTOVERS, *self.nw.store.walk(folder)):
            os.utime(self.nw.store.locate(path), (self.clock.now.timestamp(),) * 2)

    def is_within_bounds(self, days: int) -> None:
        sizes = Counter[str]()
        for path in (*self.nw.store.walk(""), *self.nw.store.leftovers()):
            sizes[path.partition("/")[0]] += self.nw.store.size(path)
        assert sizes["raw"] <= self.nw.settings.raw_limit_bytes
        assert sizes.total() <= self.nw.settings.raw_limit_bytes + days * STORE_BYTES_A_DAY + YOUNG_BYTES
        with self.nw.ledger.begin() as connection:
            size = connection.scalar(sa.select(sa.func.pg_database_size(sa.func.current_database())))
            oldest = connection.scalar(sa.select(sa.func.min(t.robots.c.fetched_at)))
        assert size <= LEDGER_BYTES + days * LEDGER_BYTES_A_DAY
        assert self.clock.now - oldest <= timedelta(days=ROW_DAYS)
        first = self.clock.now.date() - timedelta(days=self.nw.settings.raw_feed_days)
        assert [path for path in self.nw.store.walk("raw/feeds") if path.split("/")[2] < str(first)] == []
        assert len(self.nw.store.names("as-known")) <= 1

    def is_proved(self, day: date, tmp_path: Path) -> None:
        """Nothing is wrong, and what the day's digest says can be made and shown again from what is kept."""
        nw = self.nw
        assert faults(nw, tmp_path) == []
        assert not build_day(nw, day).is_changed
        with nw.ledger.begin() as connection:
            urls = connection.scalars(sa.select(t.stories.c.canonical_url).where(t.stories.c.day == day)).all()
        assert urls
        assert all(explain(nw, url)["lines"] for url in urls)
        report = reextract_day(nw, day, "proof")
        assert (report.story_count, report.changed_count, report.failed_count) == (len(urls), 0, 0)
        build_day(nw, day)
        issue_digest(nw, day, f"first proof of {self.clock.now}")  # may correct it: a feed lists some stories late
        again = issue_digest(nw, day, f"second proof of {self.clock.now}")
        text = nw.store.read(paths.issue(day, again.number, "digest.md")).decode()
        assert "Re-issued, unchanged" in text
        assert faults(nw, tmp_path) == []


@pytest.fixture
def make_kept(
    new_database: Callable[[], str], parsers: SharedParsers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], Kept]]:
    """A newsroom that is to be kept for so many days, in batches of one: as small as files can be."""
    clock = Clock(FIRST)
    monkeypatch.setattr("newsroom.feeds.HISTORY", timedelta(days=1))
    monkeypatch.setattr("newswatch.pipeline.batching.BATCH_COUNT", 1)
    with Newsroom(clock=clock) as newsroom:
        write_config(tmp_path / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")

        def make(day_count: int) -> Kept:
            values = {"config_dir": tmp_path / "config", "home": tmp_path, "data_url": str(tmp_path / "data")}
            values |= {"database_url": new_database(), "host_delay_seconds": 0}
            values |= {"raw_feed_days": day_count // 2, "raw_limit_bytes": day_count * RAW_BYTES_A_DAY}
            settings = Settings.model_validate(values | POLICY)
            kept.append(Kept(replace(opened(settings, parsers), clock=clock), clock))
            return kept[-1]

        kept: list[Kept] = []
        yield make
        for one in kept:
            one.nw.close()


SWEPT = {
    "taken away: temporary files of killed writers",
    "taken away: small files that were put together",
    "taken away: tables as they were known (as-known/)",
    "put into quarantine/: files that the ledger does not name",
    "taken away: files that were long in quarantine/",
    "put together: small files of past days' batches",
    "taken away: bytes as they came (raw/)",
    "taken away: rows of visits",
}


@pytest.mark.parametrize("weeks", [2, pytest.param(53, marks=pytest.mark.slow)])
def test_it_stays_under_its_size_and_every_check_stays_green(
    make_kept: Callable[[int], Kept], tmp_path: Path, weeks: int
) -> None:
    kept = make_kept(7 * weeks)
    for number in range(7 * weeks):
        kept.live(number)
        if number % (7 * max(weeks // 4, 2)) == 6:
            kept.is_proved(kept.issued[0], tmp_path)
    for day in {kept.issued[len(kept.issued) // 2], kept.issued[-1]}:
        kept.is_proved(day, tmp_path)
    assert kept.done.keys() == SWEPT
