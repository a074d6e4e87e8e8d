"""Processes that know nothing of each other ask a host one after the other, with its pauses."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from newswatch.ledger import Ledger
from newswatch.net.client import Fetcher, Request
from newswatch.net.politeness import HostMemory
from newswatch.pipeline.host_turns import LedgerTurns
from newswatch.pipeline.installation import utc_now

PAUSE, ANSWER = 0.1, 0.15  # seconds


class Watched:
    """A server that notes when each request began and ended."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        watched = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                began = time.monotonic()
                time.sleep(ANSWER)
                watched.spans.append((began, time.monotonic()))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    thread = threading.Thread(target=watched.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield watched
    watched.server.shutdown()
    thread.join()
    watched.server.server_close()


async def ask(ledger: Ledger, url: str, times: int) -> None:
    """What one process does: so many requests, all at once as far as it is concerned."""
    memory = HostMemory(turns=LedgerTurns(ledger))
    client = Fetcher(contact="", delay_seconds=PAUSE, deadline_seconds=5, clock=utc_now, memory=memory)
    async with client:
        request = Request(url, 100, allow_private=True, ports=frozenset({int(url.rstrip("/").rpartition(":")[2])}))
        await asyncio.gather(*(client.get(request) for _ in range(times)))


def together(*work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_that_ask_one_host_take_turns_and_pause_between_them(database_url: str, watched: Watched) -> None:
    ledgers = [Ledger(database_url) for _ in range(2)]
    together(*(lambda ledger=ledger: asyncio.run(ask(ledger, watched.url, 4)) for ledger in ledgers))
    spans = sorted(watched.spans)
    assert len(spans) == 8
    for (_, ended), (began, _) in pairwise(spans):
        assert began >= ended + PAUSE * 0.9
    for ledger in ledgers:
        ledger.close()


def test_a_turn_whose_process_was_killed_ends_by_itself(database_url: str) -> None:
    ledger = Ledger(database_url)

    async def wait() -> float:
        killed, other = LedgerTurns(ledger), LedgerTurns(ledger)
        await killed.take("paper.example", 0.5)
        began = time.monotonic()
        await other.take("paper.example", 5)
        await killed.give_back("paper.example", 60)  # it is another's by now
        await other.give_back("paper.example", 0)
        await killed.take("paper.example", 5)
        for turns in (killed, other):
            await turns.close()
        return time.monotonic() - began

    assert 0.4 < asyncio.run(wait()) < 5
    ledger.close()


def test_without_a_ledger_requests_go_on(database_url: str, watched: Watched) -> None:
    away = Ledger("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    asyncio.run(ask(away, watched.url, 2))
    assert len(watched.spans) == 2
    away.close()
