"""Two tries at the same work, and tries that are killed: what was committed once is there once, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from ask import count, page_outcomes, rows, stories, values
from clocks import Clock

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.errors import LeaseLost
from newswatch.ledger import feeds
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, fetch_pending, open_newswatch, poll
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings

FEEDS = ["khvylia", "golos-okrainy", "harbour-courier-front", "harbour-courier-world"]
# A process that has imported everything and forks a try for each line: the same verbs and the same owner again, as a
# task's second try has them. "ready" when the work itself begins.
NURSERY = f"""
import json, os, sys
import alembic.command, aiohttp, pandas, psycopg2
from newswatch.pipeline import fetch_pending, open_newswatch, poll
from newswatch.settings import load_settings
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.environ.update(json.loads(line))
        nw = open_newswatch(load_settings())
        print("ready", os.getpid(), flush=True)
        poll(nw, {FEEDS!r}, "run-1")
        fetch_pending(nw, "run-1")
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    print("ended", os.waitstatus_to_exitcode(status), flush=True)
"""


def overtaken(nw: Newswatch, work: Callable[[Newswatch], Any]) -> Newswatch:
    """The same Newswatch, but just before its first commit another try does the whole work."""
    calls: list[str] = []

    def batch_id() -> str:
        if not calls:
            calls.append("overtaken")
            thread = threading.Thread(target=work, args=(nw,))
            thread.start()
            thread.join()
            calls.append("done")
        return f"late{len(calls):08d}"

    return replace(nw, batch_ids=batch_id)


def test_a_poll_that_a_second_try_overtook_commits_nothing(nw: Newswatch) -> None:
    with pytest.raises(LeaseLost):
        poll(overtaken(nw, lambda same: poll(same, FEEDS, "run-1")), FEEDS, "run-1")

    assert len(set(values(nw, sa.select(t.batches.c.batch_id)))) == 1
    assert count(nw, t.polls) == len(FEEDS)
    assert not any("late" in path for path in values(nw, sa.select(t.entries.c.path)))


def test_a_fetch_that_a_second_try_overtook_commits_nothing(nw: Newswatch) -> None:
    poll(nw, ["khvylia"], "run-1")
    with pytest.raises(LeaseLost):
        fetch_pending(overtaken(nw, lambda same: fetch_pending(same, "run-1")), "run-1")

    entries = count(nw, t.entries)
    assert count(nw, t.stories) == entries
    assert page_outcomes(nw) == {"ok": entries}
    assert not any("late" in path for path in values(nw, sa.select(t.stories.c.path)))


def test_a_feed_that_another_run_polls_just_now_is_left_to_it(nw: Newswatch) -> None:
    seen: list[Any] = []
    poll(overtaken(nw, lambda same: seen.append(poll(same, FEEDS, "run-2"))), FEEDS, "run-1")

    assert seen[0].feed_outcomes == {}
    assert count(nw, t.polls) == len(FEEDS)


def test_what_a_failed_run_had_taken_is_free_at_once(nw: Newswatch) -> None:
    def broken() -> str:
        raise RuntimeError("no batch today")

    with pytest.raises(RuntimeError):
        poll(replace(nw, batch_ids=broken), FEEDS, "run-1")
    assert poll(nw, FEEDS, "run-2").feed_outcomes == {"ok": len(FEEDS)}


def test_what_a_dead_run_had_taken_is_free_after_its_lease(nw: Newswatch, clock: Clock) -> None:
    with nw.ledger.begin() as connection:  # a run that dies here
        taken = feeds.claim(connection, [nw.feeds[id_] for id_ in FEEDS], nw.lease("run-1", 60), clock())
    assert len(taken) == len(FEEDS)
    assert poll(nw, FEEDS, "run-2").held_count == len(FEEDS)
    clock.advance(hours=1)
    assert poll(nw, FEEDS, "run-2").feed_outcomes == {"ok": len(FEEDS)}


class World:
    """One ledger and store for tries in processes of their own."""

    def __init__(self, nursery: subprocess.Popen[str], folder: Path, config_dir: Path, database_url: str) -> None:
        self.nursery = nursery
        self.data = folder / "data"
        self.settings = Settings(
            config_dir=config_dir, home=folder, data_url=str(self.data), database_url=database_url, host_delay_seconds=0
        )
        self.environ = {
            "NEWSWATCH_CONFIG_DIR": str(config_dir),
            "NEWSWATCH_HOME": str(folder),
            "NEWSWATCH_DATA_URL": str(self.data),
            "NEWSWATCH_DATABASE_URL": database_url,
            "NEWSWATCH_HOST_DELAY_SECONDS": "0",
            "NEWSWATCH_PARSE_WORKERS": "1",
        }

    def _next(self, word: str) -> int:
        """The number that the nursery says next after this word; what is logged in between is passed over."""
        assert self.nursery.stdout
        for line in self.nursery.stdout:
            if line.startswith(word):
                return int(line.split()[1])
        raise AssertionError("the nursery ended")

    def start(self) -> int:
        """Start a try, in a process group of its own, and wait until it is ready to work; returns its id."""
        assert self.nursery.stdin
        print(json.dumps(self.environ), file=self.nursery.stdin, flush=True)
        return self._next("ready")

    def finish(self) -> float:
        """A try that nothing disturbs; returns its seconds."""
        self.start()
        started = time.monotonic()
        assert self._next("ended") == 0
        return time.monotonic() - started

    def kill(self, is_time: Callable[[float], bool]) -> bool:
        """Start a try and kill it, its children too, as soon as it is time. False: it had ended before."""
        pid = self.start()
        started = time.monotonic()
        while not is_time(time.monotonic() - started) and psutil.pid_exists(pid):
            time.sleep(0.001)
        with suppress(ProcessLookupError):  # it had ended before
            os.killpg(pid, signal.SIGKILL)
        return self._next("ended") == -signal.SIGKILL

    def facts(self) -> dict[str, Any]:
        """What a user would see: stories with their texts, and how entries and pages ended."""
        nw = open_newswatch(self.settings)
        entry_outcomes = rows(
            nw,
            sa.select(t.outcomes.c.feed_id, sa.func.sum(t.outcomes.c.outcome_count))
            .where(t.outcomes.c.kind == "entry", t.outcomes.c.outcome == "new")
            .group_by(t.outcomes.c.feed_id),
        )
        facts = {
            "stories": sorted((s["canonical_url"], s["title"], s["text"], str(s["day"])) for s in stories(nw)),
            "entries": sorted(map(tuple, rows(nw, sa.select(t.entries.c.feed_id, t.entries.c.entry_key)))),
            "states": sorted(set(values(nw, sa.select(t.entries.c.state)))),
            "entry_outcomes": sorted((feed, int(total)) for feed, total in entry_outcomes),
            "page_outcomes": page_outcomes(nw),
        }
        nw.close()
        return facts


def test_tries_killed_at_any_moment_lose_nothing_and_store_nothing_twice(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr("newsroom.feeds.HISTORY", timedelta(days=2))
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    with nursery, Newsroom(clock=Clock(now)) as newsroom:
        config = tmp_path / "config"
        write_config(config, port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        quiet = World(nursery, tmp_path / "quiet", config, new_database())
        seconds = quiet.finish()
        disturbed = World(nursery, tmp_path / "disturbed", config, new_database())

        def appears(pattern: str) -> Callable[[float], bool]:
            """A new file of this kind is written: the commit that makes it count has not come yet."""
            before = len(list(disturbed.data.glob(pattern)))
            return lambda _: len(list(disturbed.data.glob(pattern))) > before

        # Those that wait for a file come first: they hit for certain, and leave all the work to the next.
        files = ("raw/feeds/*/*", "batches/entries/*/*", "raw/pages/*/*", "batches/story_texts/*/*")
        kills = [disturbed.kill(appears(pattern)) for pattern in files]
        kills += [disturbed.kill(lambda passed, share=share: passed > share * seconds) for share in (0.3, 0.6, 0.8)]
        disturbed.finish()

        expected, found = quiet.facts(), disturbed.facts()
        assert sum(kills) >= 4
        assert expected["stories"]
        assert found == expected
        assert found["states"] == ["done"]
        assert nursery.stdin
        nursery.stdin.close()
