"""One slow or dead host delays no other: what has ended is committed while the slow one is still at it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fault import BEFORE, FEED_TYPE
from hostile import Answer, Call, Hostile, plain
from matrix import catalogue
from pages import story

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, fetch_pending, poll

HOSTS = 50
SLOW = 7  # neither the first nor the last to be asked
PATIENCE = 40.0  # seconds; only a fault makes the tests wait so long


def dripping(go_on: threading.Event, good: Answer) -> Answer:
    """Says again and again that it is still at it, until it is told to go on; then answers well."""

    async def answer(call: Call) -> None:
        while not go_on.is_set():
            await call.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.02)
        await good(call)

    return answer


def count(nw: Newswatch, *conditions: sa.ColumnElement[bool]) -> int:
    with nw.ledger.begin() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).where(*conditions)) or 0)


def run_beside(work: Callable[[], Any], is_reached: Callable[[], bool], go_on: threading.Event) -> bool:
    """Run `work` in a thread; returns whether the ledger came to hold what it should while the slow host went on."""
    thread = threading.Thread(target=work)
    thread.start()
    ends = time.monotonic() + PATIENCE
    while not (reached := is_reached()) and thread.is_alive() and time.monotonic() < ends:
        time.sleep(0.05)
    was_running = thread.is_alive()
    go_on.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return reached and was_running


@pytest.fixture(autouse=True)
def _short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newswatch.pipeline.batching.BATCH_SECONDS", 0.5)


def test_forty_nine_feeds_are_committed_while_the_fiftieth_drips(
    make_newswatch: Callable[..., Newswatch], tmp_path: Path
) -> None:
    go_on, good = threading.Event(), plain(BEFORE, Content_Type=FEED_TYPE)
    with Hostile() as hostile:
        hostile.answers |= {f"host{n}": good for n in range(HOSTS)} | {f"host{SLOW}": dripping(go_on, good)}
        urls = {f"feed-{n}": f"http://host{n}.localhost:{hostile.port}/" for n in range(HOSTS)}
        feeds = [{"id": feed_id, "url": url, "allow_private": True} for feed_id, url in urls.items()]
        nw = make_newswatch(catalogue(tmp_path / "config", feeds), request_deadline_seconds=PATIENCE)
        ended = t.polls.c.outcome == "ok"

        assert run_beside(lambda: poll(nw, list(urls), "test"), lambda: count(nw, ended) == HOSTS - 1, go_on)
        assert count(nw, ended) == HOSTS  # once it went on, the slow one counted too


def test_forty_nine_pages_are_stories_while_the_fiftieth_drips(
    make_newswatch: Callable[..., Newswatch], tmp_path: Path
) -> None:
    go_on = threading.Event()
    with Hostile() as hostile:
        hosts = {f"host{n}/story": story() for n in range(HOSTS)}
        hostile.answers |= hosts | {f"host{SLOW}/story": dripping(go_on, story())}
        links = (f"<item><link>http://host{n}.localhost:{hostile.port}/story</link></item>" for n in range(HOSTS))
        body = f'<rss version="2.0"><channel><title>Good</title>{"".join(links)}</channel></rss>'.encode()
        hostile.answers["good"] = plain(body, Content_Type=FEED_TYPE)
        feed = {"id": "good", "url": f"http://good.localhost:{hostile.port}/", "allow_private": True}
        nw = make_newswatch(catalogue(tmp_path / "config", [feed]), request_deadline_seconds=PATIENCE)
        poll(nw, ["good"], "test")
        ended = t.entries.c.state == "done"

        assert run_beside(lambda: fetch_pending(nw, "test"), lambda: count(nw, ended) == HOSTS - 1, go_on)
        assert count(nw, ended) == HOSTS
