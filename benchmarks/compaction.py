"""How long a day takes that came in thousands of small files, before and after they were put together.

    python benchmarks/compaction.py [--files 2000] [--stories 5]

The make-believe newsroom's stories are stored as so many fetch tasks store them, so many stories a file, and tagged at
arrival in as many batches. Timed are the reading of the day's stories, its build, with the mentions of arrival, and the
compaction in between; the tables of both builds have to be the same, byte by byte.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import day as bench_day
import structlog
import yaml
from retag import FEED, LAST, generated

from newswatch.ledger import stories
from newswatch.pipeline import Newswatch, build_day, open_newswatch, tag, tag_new
from newswatch.pipeline.compact import compact
from newswatch.pipeline.story_files import of_one_day, read_stories
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings


def timed(what: str, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds:.2f} s", flush=True)
    return seconds


def read(nw: Newswatch) -> None:
    with nw.ledger.begin() as connection:
        wanted = stories.of_day(connection, LAST)
    read_stories(nw, of_one_day(LAST, wanted), is_whole=False)


def measured(nw: Newswatch, when: str) -> tuple[list[float], dict[str, bytes]]:
    times = [timed(f"{when}: stories read", lambda: read(nw)), timed(f"{when}: day built", lambda: build_day(nw, LAST))]
    return times, {path: nw.store.read(path) for path in sorted(nw.store.walk("tables"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--stories", type=int, default=5)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    bench_day.STORIES_A_BATCH = bench_day.OUTLETS = tag.STORIES_A_BATCH = given.stories
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        feeds = [
            FEED | {"id": f"feed-{n}", "outlet": f"Outlet {n}", "url": f"https://newsroom.example/{n}"}
            for n in range(given.stories - 1)
        ]
        (home / "feeds.yaml").write_text(yaml.safe_dump({"feeds": [*feeds, FEED]}))
        (home / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
        nw = open_newswatch(Settings(config_dir=home, home=home, data_url=str(home / "data")))
        bench_day.store(nw, list(generated(given.files * given.stories)), LAST)
        tag_new(nw, "benchmark")
        build_day(nw, LAST)  # what is made once is made now
        before, tables = measured(nw, "small files")
        later = replace(nw, clock=lambda: nw.clock() + timedelta(days=30))
        done = compact(later, is_dry_run=False)
        left = sum(1 for path in nw.store.walk("batches") if "compacted-" in path)
        print(f"{done.file_count} files of {done.byte_count / 1e6:.1f} MB put into {left}", flush=True)
        after, again = measured(nw, "put together")
        assert again == tables
        print("ratios: " + ", ".join(f"{a / b:.1f}" for a, b in zip(before, after, strict=True)))
        nw.close()


if __name__ == "__main__":
    main()
