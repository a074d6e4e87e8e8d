"""What a newsroom in a bucket costs: requests a story, by the kinds that storages charge for.

    python benchmarks/object_store.py [--days 28] [--delay-ms 0]

The make-believe newsroom is read, built day by day and issued, in a folder and in a bucket of moto's S3 server on
loopback; the tables of both must be the same, byte by byte. Each step's requests are counted as S3 bills them: PUT,
COPY and LIST are dear, GET and HEAD a twelfth of that, DELETE is free. `--delay-ms`: so late is each answer, as from
another machine. The seconds are those of a server in Python, in the same process: only the counts carry over.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

import newsroom.feeds
from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch import pipeline
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, Reader, open_newswatch
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.storage import embedded_postgres

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bucket_server import BucketServer

NOW = datetime(2026, 11, 22, 18, 1, tzinfo=UTC)
DAY = NOW.date() - timedelta(days=1)
KINDS = ("PUT", "COPY", "LIST", "GET", "HEAD", "DELETE")


class Meter:
    """Tells what a step asked the server, and how long it took; without a server how long it took."""

    def __init__(self, server: BucketServer | None) -> None:
        self._server = server
        self.total: Counter[str] = Counter()

    def step(self, what: str, stories: int, work: Callable[[], object]) -> None:
        if self._server:
            self._server.requests.clear()
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        if self._server is None:
            print(f"  {what:34}{seconds:8.1f} s", flush=True)
            return
        counts = self._server.requests
        self.total += counts
        each = f"{sum(counts.values()) / stories:8.2f}" if stories else " " * 8
        print(f"  {what:34}{seconds:8.1f} s" + "".join(f"{counts[kind]:8}" for kind in KINDS) + each, flush=True)


def work(nw: Newswatch, meter: Meter, wanted: list[date], home: Path) -> dict[str, bytes]:
    """A newsroom's life; returns its tables."""

    def read() -> None:
        pipeline.poll(nw, list(nw.feeds), "read")
        pipeline.fetch_pending(nw, "read")
        pipeline.tag_new(nw, "read")

    def page() -> None:
        with closing(Reader(nw.settings)) as reader:
            reader.story(reader.table("mentions", DAY, ["story_id"])[0]["story_id"])

    def topic_page() -> None:
        with closing(Reader(nw.settings)) as reader:
            reader.topic_rows("new-start", wanted[-28:])

    meter.step("poll, fetch, tag", 0, read)
    with nw.ledger.begin() as connection:
        connection.execute(sa.update(t.polls).values(seconds=0.5))
        count = connection.scalar(sa.select(sa.func.count()).select_from(t.stories)) or 0
    built = pipeline.never_built(nw, wanted)
    meter.step(f"{len(built)} days built, the first time", count, lambda: [pipeline.build_day(nw, d) for d in built])
    meter.step("a day built again, nothing new", 0, lambda: pipeline.build_day(nw, DAY))
    meter.step(
        "digest issued and delivered", 0, lambda: pipeline.deliver(nw, DAY, pipeline.issue_digest(nw, DAY, "r").number)
    )
    meter.step("page of a story", 0, page)
    meter.step("page of a topic, 28 days", 0, topic_page)
    meter.step("verify", count, lambda: pipeline.verify(nw, home / "walk.json", lambda _: None))
    meter.step("maintain", count, lambda: pipeline.maintain(nw, is_dry_run=False))
    later = replace(nw, clock=lambda: NOW + timedelta(days=9))
    meter.step("maintain, small files put together", count, lambda: pipeline.maintain(later, is_dry_run=False))
    tables = {path: nw.store.read(path) for path in sorted(nw.store.walk("tables"))}
    print(f"  {count} stories, {len(tables)} tables", flush=True)
    if meter.total:
        print("  requests a story: " + ", ".join(f"{k} {meter.total[k] / count:.2f}" for k in KINDS), flush=True)
    return tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--delay-ms", type=float, default=0)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    newsroom.feeds.HISTORY = timedelta(days=given.days)
    wanted = [DAY + timedelta(days=n) for n in range(-given.days - 2, 2)]
    with tempfile.TemporaryDirectory() as name, BucketServer() as server, Newsroom(clock=lambda: NOW) as running:
        os.environ |= server.environ
        server.delay_seconds = given.delay_ms / 1000
        root = Path(name)
        write_config(root / "config", port=running.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        made = []
        for home, url, meter in (
            (root / "folder", "", Meter(None)),
            (root / "bucket", server.new_bucket(), Meter(server)),
        ):
            print(f"{home.name}" + "".join(f"{kind:>8}" for kind in KINDS).rjust(96 - 8) + " a story", flush=True)
            values = {"config_dir": root / "config", "home": home, "data_url": url or str(home / "data")}
            nw = open_newswatch(Settings.model_validate(values | {"host_delay_seconds": 0}))
            with closing(replace(nw, clock=lambda: NOW)) as opened:
                made.append(work(opened, meter, wanted, home))
            embedded_postgres.stop(home / "postgres")
        assert made[0] == made[1], "the tables differ"
        print("tables: the same bytes")


if __name__ == "__main__":
    main()
