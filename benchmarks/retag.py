"""How long a changed topic takes to be found in all that is stored: 100,000 stories, two processes, no network.

    python benchmarks/retag.py [--stories 100000] [--days 100]

The make-believe newsroom's stories are stored as a fetch task stores them, tagged on arrival and built into day tables
with the shipped topics. Then the days are built with a topic less, and again with all of them: that is timed, by two
processes `newswatch build`, each with half of the days, in a network of their own where the machine allows it. In the
end every table has to be the same, byte by byte, as the one that was built at arrival.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count, cycle, islice
from pathlib import Path

import structlog
import yaml

from newsroom.pages import Site
from newsroom.stories import Story, stories_between
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.ledger import revisions
from newswatch.ledger import stories as ledger_stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.net.messages import Response
from newswatch.pages.model import Claim, ExtractedPage, StoryLine
from newswatch.pipeline import Newswatch, open_newswatch, tag_new
from newswatch.pipeline.story_files import first_revision, new_story, write_stories
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord
from newswatch.stories.story import Story as StoredStory
from newswatch.tables import day_tables

LAST = date(2026, 11, 22)
SITE = Site("newsroom.localhost", None)
FEED = {"id": "newsroom", "outlet": "Newsroom", "url": "https://newsroom.example/feed", "language": "en"}
_ALONE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]


def generated(wanted: int) -> Iterator[Story]:
    """The newsroom's stories, the newest day first."""
    days = (LAST - timedelta(days=back) for back in count())
    return islice((story for day in days for story in stories_between(day, day)), wanted)


def stored_story(nw: Newswatch, story: Story, day: date, feed_id: str = FEED["id"]) -> StoredStory:
    """The story as its page would have been read, published on the given day and listed by that feed."""
    moment = story.published_at.astimezone(UTC).replace(year=day.year, month=day.month, day=day.day)
    lines = [StoryLine(story.standfirst, "lede"), *(StoryLine(p, "body") for p in story.paragraphs)]
    url = f"https://{story.outlet_id}.newsroom.example{story.path}"
    page = ExtractedPage(
        claims=(
            Claim("title", "h1", story.headline),
            Claim("published_at", "json_ld", moment.isoformat()),
            Claim("language", "html", story.language),
        ),
        lines=tuple(lines),
        language=story.language,
        canonical_url=url,
        is_partial=False,
    )
    seen = SeenEntry(Entry(feed_id, url, url, story.headline, "", (), moment), moment + timedelta(minutes=7))
    fetched = FetchedPage(url, page, RawRecord("raw/none.warc.gz", 0, 0))
    made = assemble(seen, nw.feeds[feed_id], fetched, nw.settings.tz)
    assert made is not None
    return made


def store(
    nw: Newswatch, wanted: int, day_count: int, last: date = LAST, feed_ids: Sequence[str] = (FEED["id"],)
) -> None:
    """A day's stories as one batch, shared out to the feeds; the days end with `last`."""
    made, turns = generated(wanted), cycle(feed_ids)
    for number in range(day_count):
        day = last - timedelta(days=number)
        stories = [stored_story(nw, story, day, next(turns)) for story in islice(made, wanted // day_count)]
        batch = nw.new_batch("fetch", "benchmark")
        files = write_stories(nw, batch, stories)
        answer = Response("https://newsroom.example/", 200, (), b"", b"", datetime.now(UTC), 0.0)
        with nw.ledger.begin() as connection:
            new = [new_story(story, batch, answer) for story in stories]
            commit(connection, batch, files, Outcomes())
            ledger_stories.add(connection, new)
            revisions.add(connection, [first_revision(story) for story in new])


def build(environment: dict[str, str], day_count: int) -> float:
    """Seconds that two processes take for all days."""
    half = day_count // 2
    spans = [
        (LAST - timedelta(days=half - 1), LAST),
        (LAST - timedelta(days=day_count - 1), LAST - timedelta(days=half)),
    ]
    alone = _ALONE if _can_be_alone() else []
    command = [*alone, sys.executable, "-m", "newswatch.cli", "build", "--no-digest"]
    began = time.perf_counter()
    running = [
        subprocess.Popen([*command, f"{first}..{last}"], env=environment, stdout=subprocess.DEVNULL)
        for first, last in spans
    ]
    failed = [process for process in running if process.wait()]
    if failed:
        sys.exit("a build failed")
    return time.perf_counter() - began


def _can_be_alone() -> bool:
    """Whether a process may be put into a network of its own."""
    return bool(shutil.which("unshare")) and subprocess.run([*_ALONE, "true"], capture_output=True).returncode == 0


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for table in day_tables.DAY_TABLES
        for path in sorted((folder / table.name).glob("*.parquet"))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=100)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "feeds.yaml").write_text(yaml.safe_dump({"feeds": [FEED]}))
        text = (SHIPPED_CONFIG_DIR / "topics.yaml").read_text(encoding="utf-8")
        (home / "topics.yaml").write_text(text, encoding="utf-8")
        settings = Settings(config_dir=home, home=home, data_url=str(home / "data"))
        nw = open_newswatch(settings)
        environment = os.environ | {
            "NEWSWATCH_CONFIG_DIR": name,
            "NEWSWATCH_HOME": name,
            "NEWSWATCH_DATA_URL": str(home / "data"),
        }
        began = time.perf_counter()
        store(nw, given.stories, given.days)
        print(f"{given.stories} stories stored in {time.perf_counter() - began:.0f} s", flush=True)
        began = time.perf_counter()
        tagged = tag_new(nw, "benchmark")
        print(
            f"tagged on arrival, one process: {time.perf_counter() - began:.0f} s; {tagged.topic_story_counts}",
            flush=True,
        )
        print(f"built at arrival, two processes: {build(environment, given.days):.0f} s", flush=True)
        at_arrival = hashes(home / "data" / "tables")
        (home / "topics.yaml").write_text(without_one(text), encoding="utf-8")
        print(f"with a topic less: {build(environment, given.days):.0f} s", flush=True)
        less = hashes(home / "data" / "tables")
        (home / "topics.yaml").write_text(text, encoding="utf-8")
        seconds = build(environment, given.days)
        again = hashes(home / "data" / "tables")
        nw.close()
    is_alone = "no network" if _can_be_alone() else "the machine allows no network of their own"
    print(f"with all topics again: {seconds:.0f} s for {given.stories} stories, two processes, {is_alone}")
    differ = sum(less[path] != at_arrival[path] for path in at_arrival)
    changed = sum(again[path] != at_arrival[path] for path in at_arrival)
    print(f"{len(at_arrival)} tables: {differ} changed with a topic less, {changed} differ from those at arrival now")


def without_one(text: str) -> str:
    """The topics without Donetsk."""
    begin, end = text.index("  - id: donetsk"), text.index("  - id: luhansk")
    return text[:begin] + text[end:]


if __name__ == "__main__":
    main()
