"""Runs the fault matrix: every behaviour a feed of one feeds.yaml, polled well, at fault, and well again."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from certificates import client_context, server_context
from clocks import Clock
from fault import AFTER, DEADLINE_SECONDS, FEED_TYPE, MAX_FEED_BYTES, Fault
from hostile import Call, Hostile, plain

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, poll
from newswatch.settings import SHIPPED_CONFIG_DIR

FAULTY_AFTER = timedelta(hours=1)
WELL_AFTER = timedelta(hours=3)
PARSE_SECONDS = 2.0
# Stands in for the documents that hold feedparser up: which those are changes with every repair of it.
_HOLDING = """
import time
import feedparser
whole = feedparser.parse
def parse(file, *args, **kwargs):
    if b"hold the reader" in file.getvalue():
        while time.process_time() < 60:
            pass
    return whole(file, *args, **kwargs)
feedparser.parse = parse
"""


@dataclass(frozen=True)
class Seen:
    """One feed after one poll: its row, the poll's row, the keys of its entries, and what its server was asked."""

    now: datetime
    feed: Any
    poll: Any
    entries: frozenset[str]
    calls: tuple[Call, ...]


def catalogue(folder: Path, feeds: Sequence[dict[str, Any]]) -> Path:
    """A configuration folder with these feeds, and the shipped topics."""
    folder.mkdir()
    lines = [{"outlet": feed["id"], "language": "en", **feed} for feed in feeds]
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": lines}), encoding="utf-8")
    (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return folder


@contextmanager
def names(answer: Callable[[str], list[str]]) -> Iterator[None]:
    """Let `answer` be the name server: addresses of a name, or OSError. Names that are numbers are the system's."""
    system = socket.getaddrinfo

    def look_up(host: Any, port: Any, family: int = 0, kind: int = 0, proto: int = 0, flags: int = 0) -> Any:
        try:
            return system(host, port, family, kind, proto, flags | socket.AI_NUMERICHOST)
        except OSError:
            found = answer(host.decode() if isinstance(host, bytes) else host)
        return [one for a in found for one in system(a, port, family, kind, proto, flags | socket.AI_NUMERICHOST)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield


def unknown(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, f"{host}: Name or service not known")


class Matrix:
    """The hostile server in its three moods, and Newswatch polling it."""

    def __init__(self, hostile: Hostile, faults: Sequence[Fault], folder: Path) -> None:
        self.hostile, self.faults, self.folder = hostile, faults, folder
        self._ports = {f.name: hostile.port if f.place == "shared" else hostile.open() for f in faults}
        self.seen: list[dict[str, Seen]] = []
        self._is_faulty = False

    def host(self, fault: Fault) -> str:
        if fault.place == "literal":
            return "127.0.0.1"
        return f"{fault.name}.test" if fault.place == "nameless" else f"{fault.name}.localhost"

    def config(self) -> Path:
        feeds = []
        for f in self.faults:
            scheme = "https" if f.place == "tls" else "http"
            url = f"{scheme}://{self.host(f)}:{self._ports[f.name]}/feed"
            feeds.append({"id": f.name, "url": url, "allow_private": True})
        return catalogue(self.folder / "config", feeds)

    def run(self, nw: Newswatch, clock: Clock) -> None:
        """Three polls of all feeds, side by side."""
        holding = self.folder / "holding"
        holding.mkdir()
        (holding / "sitecustomize.py").write_text(_HOLDING)
        with pytest.MonkeyPatch.context() as patch, names(self._addresses):
            patch.setenv("PYTHONPATH", f"{holding}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
            patch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", client_context())
            for mood, wait in (("before", timedelta()), ("faulty", FAULTY_AFTER), ("after", WELL_AFTER)):
                clock.now += wait
                self._turn(mood)
                poll(nw, list(nw.feeds), "test")
                self.seen.append(self._look(nw, clock.now))

    def _addresses(self, host: str) -> list[str]:
        return unknown(host) if self._is_faulty or not host.endswith(".test") else ["127.0.0.1"]

    def _turn(self, mood: str) -> None:
        self._is_faulty = mood == "faulty"
        self.hostile.calls.clear()
        for fault in self.faults:
            label = "127" if fault.place == "literal" else fault.name
            well = plain(AFTER, ETag='"better"', Content_Type=FEED_TYPE)
            answer = {"before": fault.before, "faulty": fault.answer, "after": well}[mood]
            self.hostile.answers |= {f"{label}/feed": answer}
            self.hostile.answers |= {f"{label}{path}": answer for path, answer in fault.extra.items()}
            self._turn_port(fault, self._ports[fault.name])

    def _turn_port(self, fault: Fault, port: int) -> None:
        hostile = self.hostile
        hostile.greetings.pop(port, None)
        hostile.contexts.pop(port, None)
        kind = fault.certificate if self._is_faulty else "good"
        if fault.place == "closed":
            hostile.close(port)
            if not self._is_faulty:
                hostile.open(port)
        if self._is_faulty and (fault.place == "at accept" or kind == "none"):
            hostile.greetings[port] = fault.answer
        elif fault.place == "tls":
            hostile.contexts[port] = server_context(kind, self.host(fault))

    def _look(self, nw: Newswatch, now: datetime) -> dict[str, Seen]:
        with nw.ledger.begin() as connection:
            feeds = {row.feed_id: row for row in connection.execute(sa.select(t.feeds))}
            polls = {r.feed_id: r for r in connection.execute(sa.select(t.polls).where(t.polls.c.polled_at == now))}
            keys = connection.execute(sa.select(t.entries.c.feed_id, t.entries.c.entry_key)).all()
        calls: dict[str, list[Call]] = {}
        for call in self.hostile.calls:
            calls.setdefault(call.label, []).append(call)
        return {
            f.name: Seen(
                now,
                feeds[f.name],
                polls[f.name],
                frozenset(key for feed_id, key in keys if feed_id == f.name),
                tuple(calls.get("127" if f.place == "literal" else f.name, ())),
            )
            for f in self.faults
        }


SETTINGS: dict[str, Any] = {
    "request_deadline_seconds": DEADLINE_SECONDS,
    "max_feed_bytes": MAX_FEED_BYTES,
    "parse_deadline_seconds": PARSE_SECONDS,
    "host_delay_seconds": 0.0,
}
