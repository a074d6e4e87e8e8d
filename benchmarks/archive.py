"""What it costs to take the feeds' pages out of an archive of the web's: `newswatch recover --archive`, in full.

    python benchmarks/archive.py [--days 220] [--others 4] [--made-up]

An archive (WARC) is written of so many days of the make-believe newsroom, with so many pages of other sites after each
of its own, some 20,000 answers; the pages' bytes are those of real ones (NEWSWATCH_CORPORA, fundus-half), unless they
are to be made up or the set is not there. One command then imports it into an empty installation: wall time, CPU of
all its processes, peak memory; and a second one, which finds all of it known.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import measuring
from extraction_sets import body_of, fundus_half

from newsroom.archive import write_archive
from newsroom.config import write_config
from newswatch.settings import SHIPPED_CONFIG_DIR

LAST = date(2026, 10, 31)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=220)
    parser.add_argument("--others", type=int, default=4)
    parser.add_argument("--made-up", action="store_true")
    given = parser.parse_args()
    bodies = [] if given.made_up else [body_of(page.path) for page in fundus_half()]
    first = LAST - timedelta(days=given.days - 1)
    with tempfile.TemporaryDirectory(prefix="nwa-") as name:
        home, archive = Path(name), Path(name) / "crawl.warc.gz"
        count = write_archive(archive, first, LAST, port=80, others=given.others, bodies=bodies)
        print(f"{count} answers, {archive.stat().st_size / 1e6:.0f} MB packed", flush=True)
        write_config(home / "config", port=80, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        env = {k: v for k, v in os.environ.items() if not k.startswith("NEWSWATCH_")}
        env |= {"NEWSWATCH_HOME": name, "NEWSWATCH_CONFIG_DIR": str(home / "config")}
        command = [str(Path(sys.executable).parent / "newswatch"), "recover", "--archive", str(archive)]
        command += ["--from", "2000-01-01", "--to", str(datetime.now(UTC).date())]
        for when in ("first", "again"):
            cost = measuring.run(command, env)
            print(cost.output)
            print(f"{when}: {cost.wall_s:.0f} s, {cost.cpu_s:.0f} s of CPU, {cost.peak_mb:.0f} MB at most", flush=True)


if __name__ == "__main__":
    main()
