"""Whether a day costs the same in January and in December: built in a ledger of a year's million stories.

    python benchmarks/year.py [--stories 1000000]

Three days at the year's beginning and three at its end have stories of the make-believe newsroom, stored as fetch tasks
store them; for all days between the ledger has as many rows, whose files nobody reads. Built, in turn, is the last of
each three: stories read and tagged, compared with those of the two days before, counted and written.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog
import yaml
from retag import FEED, store

from newswatch.ledger import stories as ledger_stories
from newswatch.local_days import LOOK_BACK
from newswatch.pipeline import Newswatch, build_day, open_newswatch, tag_new
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings

DAYS = 365
LAST = date(2026, 11, 22)
FIRST = LAST - timedelta(days=DAYS - 1)
OF_A_DAY = 1 + len(LOOK_BACK)
ROUNDS = 3
ROWS = """
    INSERT INTO stories
        (story_id, canonical_url, day, published_at_source, first_seen_at, batch_id, path, revision_number)
    SELECT md5(d || '/' || n), 'https://paper.example/' || d || '/' || n, CAST(:first AS date) + d, 'json_ld',
        CAST(:first AS timestamptz) + d * interval '1 day', 'none', 'batches/none/' || d, 1
    FROM generate_series(0, :days - 1) AS d, generate_series(1, :of_a_day) AS n
"""


def filled(folder: Path, wanted: int) -> Newswatch:
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": [FEED]}))
    (folder / "topics.yaml").write_bytes((SHIPPED_CONFIG_DIR / "topics.yaml").read_bytes())
    nw = open_newswatch(Settings(config_dir=folder, home=folder, data_url=str(folder / "data")))
    of_a_day = wanted // DAYS
    store(nw, of_a_day * 2 * OF_A_DAY, 2 * OF_A_DAY, LAST)
    with nw.ledger.begin() as connection:
        for back in range(OF_A_DAY):  # the first three of those six days are those of the year's beginning
            of_day = ledger_stories.of_day(connection, LAST - timedelta(days=OF_A_DAY + back))
            ids = [story_id for found in of_day.values() for story_id in found]
            ledger_stories.move(connection, {FIRST + timedelta(days=OF_A_DAY - 1 - back): ids})
    tag_new(nw, "benchmark")
    between = {"first": FIRST + timedelta(days=OF_A_DAY), "days": DAYS - 2 * OF_A_DAY, "of_a_day": of_a_day}
    with nw.ledger.begin() as connection:
        connection.execute(sa.text(ROWS), between)
    with nw.ledger.begin() as connection:
        connection.execute(sa.text("ANALYZE stories"))
        print(f"{connection.scalar(sa.text('SELECT count(*) FROM stories')):,} stories in the ledger", flush=True)
    return nw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=1_000_000)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as name:
        nw = filled(Path(name), given.stories)
        for _ in range(ROUNDS):
            for day in (FIRST + timedelta(days=OF_A_DAY - 1), LAST):
                wall, cpu = time.perf_counter(), time.process_time()
                report = build_day(nw, day)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                print(f"{day}: {report.story_count:,} stories, {wall:.1f} s, {cpu:.1f} s of CPU", flush=True)
        nw.close()


if __name__ == "__main__":
    main()
