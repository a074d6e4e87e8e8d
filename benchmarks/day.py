"""How long a day's tables take: 50,000 stories of 80 outlets, 200 topics, every table; and a year of `topic_days`.

    python benchmarks/day.py [--stories 50000] [--topics 200]

The make-believe newsroom's stories are stored as one day's, a third of them as the two days' before, as fetch tasks
store them, and tagged as they arrive. They are made of some thousand sentences, so that far more of them are alike than
on any real day: the hardest case for finding reprints. The shipped topics are joined by made-up ones whose terms are
pairs of words of those stories. Timed is `newswatch build --no-digest` for the day, whole process, with the peak of its
memory and of each child's: first as every build of a running day is, with the mentions that were found at arrival, then
after topics.yaml was changed, so that every story is tagged anew. Then the day's `topic_days` is written as a year of
days and opened by `pandas.read_parquet`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import structlog
import yaml
from retag import FEED, LAST, generated, stored_story

from newsroom.stories import Story
from newswatch.ledger import revisions
from newswatch.ledger import stories as ledger_stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.net.messages import Response
from newswatch.pipeline import Newswatch, open_newswatch, tag_new
from newswatch.pipeline.story_files import first_revision, new_story, write_stories
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.stories.story import Story as StoredStory
from newswatch.tables import day_tables

STORIES_A_BATCH = 2500
OUTLETS = 80
_WORD = re.compile(r"\b[a-zа-яіїєґ]{4,}\b")  # no names: another topic may claim them


def made_up_topics(stories: list[Story], wanted: int) -> list[dict[str, Any]]:
    """Topics of three terms each: pairs of words that stand in about one story of a hundred."""
    rng = Random(6)
    pairs = Counter[str]()
    for story in stories[:2000]:
        words = _WORD.findall(" ".join(story.paragraphs))
        pairs.update({f"{a} {b}" for a, b in pairwise(words)})
    usual = sorted(pair for pair, count in pairs.items() if 8 <= count <= 40)
    terms = rng.sample(usual, 3 * wanted)
    return [
        {
            "id": f"made-up-{number}",
            "name": f"Made up {number}",
            "description": "Made up for this benchmark.",
            "terms": [{"text": term} for term in terms[3 * number : 3 * number + 3]],
            "examples": {"match": [f"They said {terms[3 * number]} twice."], "no_match": ["Nothing of it."]},
        }
        for number in range(wanted)
    ]


def of_outlets(nw: Newswatch, stories: list[Story], day: date) -> list[StoredStory]:
    """The stories as the pipeline has them, shared out to the outlets."""
    shared = []
    for story in stories:
        feed = nw.catalogue.feeds[crc32(story.id.encode()) % OUTLETS]
        shared.append(replace(stored_story(nw, story, day), feed_id=feed.id, outlet=feed.outlet))
    return shared


def store(nw: Newswatch, stories: list[Story], day: date) -> None:
    """The stories as batches of fetch tasks."""
    left = iter(stories)
    while chosen := list(islice(left, STORIES_A_BATCH)):
        made = of_outlets(nw, chosen, day)
        batch = nw.new_batch("fetch", "benchmark")
        files = write_stories(nw, batch, made)
        answer = Response("https://newsroom.example/", 200, (), b"", b"", datetime.now(UTC), 0.0)
        with nw.ledger.begin() as connection:
            new = [new_story(story, batch, answer) for story in made]
            commit(connection, batch, files, Outcomes())
            ledger_stories.add(connection, new)
            revisions.add(connection, [first_revision(story) for story in new])


def build(name: str, environment: dict[str, str]) -> None:
    """Time the day's build."""
    command = [sys.executable, "-m", "newswatch.cli", "build", "--no-digest", str(LAST)]
    code = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    seconds = time.perf_counter() - began
    peak = int(done.stdout.split()[-1]) / 1e6
    print(f"{name}: {seconds:.1f} s, largest process {peak:.2f} GB", flush=True)


def year_of_topic_days(folder: Path, day: date) -> None:
    """The day's file as each day of a year, and how long pandas takes for the folder."""
    rows = day_tables.TOPIC_DAYS.from_bytes((folder / f"{day}.parquet").read_bytes())
    for back in range(1, 365):
        other = day - timedelta(days=back)
        content = day_tables.TOPIC_DAYS.to_bytes([{**row, "day": other} for row in rows])
        (folder / f"{other}.parquet").write_bytes(content)
    code = (
        "import pandas, time; pandas.read_parquet\nbegan = time.perf_counter()\n"
        f"frame = pandas.read_parquet({str(folder)!r})\nprint(len(frame), time.perf_counter() - began)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, seconds = done.stdout.split()
    print(f"a year of topic_days, {count} rows in 365 files: {float(seconds):.2f} s in pandas.read_parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=50_000)
    parser.add_argument("--topics", type=int, default=200)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        feeds = [
            FEED | {"id": f"feed-{n}", "outlet": f"Outlet {n}", "url": f"https://newsroom.example/{n}"}
            for n in range(OUTLETS - 1)
        ]
        (home / "feeds.yaml").write_text(yaml.safe_dump({"feeds": [*feeds, FEED]}))
        made = list(generated(given.stories * 4 // 3))
        shipped = yaml.safe_load((SHIPPED_CONFIG_DIR / "topics.yaml").read_text(encoding="utf-8"))["topics"]
        topics = shipped + made_up_topics(made, given.topics - len(shipped))
        (home / "topics.yaml").write_text(yaml.safe_dump({"topics": topics}, allow_unicode=True), encoding="utf-8")
        nw = open_newswatch(Settings(config_dir=home, home=home, data_url=str(home / "data")))
        before = given.stories // 6
        store(nw, made[: given.stories], LAST)
        store(nw, made[given.stories : given.stories + before], LAST - timedelta(days=1))
        store(nw, made[given.stories + before :], LAST - timedelta(days=2))
        began = time.perf_counter()
        tag_new(nw, "benchmark")
        nw.close()
        print(f"{len(made)} stories stored, tagged at arrival in {time.perf_counter() - began:.0f} s", flush=True)
        environment = os.environ | {f"NEWSWATCH_{n}": name for n in ("CONFIG_DIR", "HOME")}
        environment["NEWSWATCH_DATA_URL"] = str(home / "data")
        build("mentions of arrival", environment)
        topics[0]["description"] += " Changed."
        (home / "topics.yaml").write_text(yaml.safe_dump({"topics": topics}, allow_unicode=True), encoding="utf-8")
        build("every story tagged anew", environment)
        counts = {
            t.name: len(t.from_bytes((home / "data" / "tables" / t.name / f"{LAST}.parquet").read_bytes()))
            for t in day_tables.DAY_TABLES
        }
        print(json.dumps(counts))
        year_of_topic_days(home / "data" / "tables" / "topic_days", LAST)


if __name__ == "__main__":
    main()
