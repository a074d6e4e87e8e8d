"""Parsers in processes that can be killed: one bad page costs its deadline, nothing else.

A child is a fresh interpreter (never a fork of the task) that runs `sandbox.worker` and answers in JSON, so that
whatever took it over can hand back text and nothing that runs. A signal inside the parser's own process does not stop
lxml or a regular expression; killing the process does.

A document's deadline counts the processor time that its parsing takes, from the moment at which the child says that it
is ready: that a machine is busy is no document's fault. Far behind it stands a limit of wall time, whose end says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple, Self, cast

import psutil
from pydantic import TypeAdapter

from newswatch.errors import ParseFailed
from newswatch.feeds.autodiscovery import Heading, Page
from newswatch.feeds.model import ParsedFeed
from newswatch.history.model import PastDocument
from newswatch.pages.model import ExtractedPage
from newswatch.sandbox.worker import SIZES

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "feed": TypeAdapter(ParsedFeed),
    "page": TypeAdapter(ExtractedPage),
    "site": TypeAdapter(Page),
    "heading": TypeAdapter(Heading),
    "past": TypeAdapter(PastDocument),
}


PIECE_BYTES = 1 << 20  # read or written at once
PATIENCE, LEAST_PATIENCE = 15, 60.0  # times the deadline, and seconds: wall time after which the machine is too busy
LOOK_SECONDS = 0.25  # between two looks at the processor time of a child that works


class ParserPool:
    """At most `size` parser processes, started when first needed and kept for whoever asks next, from any event loop.

    A parse has `deadline_seconds` of processor time and `memory_bytes` of address space. A child's start, and then the
    parse, have `patience_seconds` of wall time (usual: PATIENCE times the deadline, a minute at least).
    """

    def __init__(
        self, *, size: int, deadline_seconds: float, memory_bytes: int, patience_seconds: float | None = None
    ) -> None:
        self._deadline = deadline_seconds
        self._patience = patience_seconds or max(LEAST_PATIENCE, PATIENCE * deadline_seconds)
        self._memory = memory_bytes
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="parser")
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()  # with the idle ones never more than there are threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def feed(self, body: bytes, **arguments: Any) -> ParsedFeed:
        """`feeds.parser.parse` in a child.

        Raises ParseFailed (timeout, busy, crashed, failed, not_a_feed, unreadable). `busy`: the machine was too slow.
        """
        return cast(ParsedFeed, await self._run("feed", body, arguments))

    async def page(self, body: bytes, **arguments: Any) -> ExtractedPage:
        """`pages.extractor.parse` in a child. Raises ParseFailed as `feed`, or with a kind of `NoStory`."""
        return cast(ExtractedPage, await self._run("page", body, arguments))

    async def past(self, body: bytes, **arguments: Any) -> PastDocument:
        """`history.documents.parse` in a child. Raises ParseFailed as `feed`."""
        return cast(PastDocument, await self._run("past", body, arguments))

    async def site(self, body: bytes, **arguments: Any) -> Page:
        """`feeds.autodiscovery.read_page` in a child. Raises ParseFailed (timeout, busy, crashed, failed)."""
        return cast(Page, await self._run("site", body, arguments))

    async def heading(self, body: bytes) -> Heading:
        """`feeds.autodiscovery.read_heading` in a child. Raises ParseFailed (timeout, busy, crashed, failed)."""
        return cast(Heading, await self._run("heading", body, {}))

    def close(self) -> None:
        """End the processes, those that work too; parses that wait are given up. Nothing can be parsed afterwards."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in list(self._busy):
            child.kill()
        self._threads.shutdown()
        while self._idle:
            self._idle.pop().end()

    async def _run(self, kind: str, body: bytes, arguments: dict[str, Any]) -> Any:
        head = json.dumps({"kind": kind, "arguments": arguments}).encode()
        answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, head, body)
        if "failed" in answer:
            raise ParseFailed(answer["failed"], answer["detail"])
        return _ADAPTERS[kind].validate_python(answer["result"], strict=False)

    def _ask(self, head: bytes, body: bytes) -> dict[str, Any]:
        """One request to one child, which goes back to the idle ones if it has answered."""
        try:
            child = self._idle.pop()
        except IndexError:
            child = _Child(self._memory)
        self._busy.add(child)
        answer = child.ask(head, body, self._deadline, self._patience)
        self._busy.discard(child)
        if answer is not None:
            self._idle.append(child)
            return answer
        child.end()
        if child.is_late:
            raise ParseFailed("timeout", f"no result within {self._deadline:g} s of processor time")
        if child.is_starved:
            raise ParseFailed("busy", f"this machine gave the parser too little time within {self._patience:g} s")
        raise ParseFailed("crashed", "the parser's process ended or spoke nonsense")


class _Limit(NamedTuple):
    """When a wait ends: monotonic seconds, and what the process may have used by then; how often one looks. Seconds."""

    ends: float
    used: float | None = None
    look_seconds: float = LOOK_SECONDS


class _Child:
    """One parser process; whether it used up its processor time (`is_late`), or got too little (`is_starved`)."""

    def __init__(self, memory_bytes: int) -> None:
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "newswatch.sandbox.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=keep,
        )
        self._requests, self._answers = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        os.set_blocking(self._requests.fileno(), False)
        self._usage = psutil.Process(self._process.pid)
        self.is_late = self.is_starved = False

    def ask(self, head: bytes, body: bytes, seconds: float, patience: float) -> dict[str, Any] | None:
        """The answer; None where there is none in time, the process ended, or it spoke nonsense.

        `seconds`: of processor time, once it is ready. `patience`: seconds to be ready, and then to answer.
        """
        try:
            start = _Limit(time.monotonic() + patience)
            self._send(SIZES.pack(len(head), len(body)) + head, start)
            self._receive(SIZES.size, start)  # it has loaded what it needs
            limit = _Limit(time.monotonic() + patience, self._seconds_used() + seconds, min(LOOK_SECONDS, seconds))
            self._send(body, limit)
            size, _ = SIZES.unpack(self._receive(SIZES.size, limit))
            answer: dict[str, Any] = json.loads(self._receive(size, limit))
        except (OSError, ValueError, psutil.Error):  # a TimeoutError is an OSError
            return None
        return answer

    def _seconds_used(self) -> float:
        """Processor time of the process so far."""
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    def _wait(self, pipe: IO[bytes], event: int, limit: _Limit) -> None:
        """Until something can be read or written. Raises TimeoutError at the limit."""
        poll = select.poll()
        poll.register(pipe, event)
        while not poll.poll(1000 * max(0.0, min(limit.look_seconds, limit.ends - time.monotonic()))):
            self.is_late = limit.used is not None and self._seconds_used() >= limit.used
            self.is_starved = not self.is_late and time.monotonic() >= limit.ends
            if self.is_late or self.is_starved:
                raise TimeoutError

    def _send(self, content: bytes, limit: _Limit) -> None:
        left = memoryview(content)
        while left:
            self._wait(self._requests, select.POLLOUT, limit)
            left = left[os.write(self._requests.fileno(), left[:PIECE_BYTES]) :]

    def _receive(self, size: int, limit: _Limit) -> bytes:
        pieces = []
        while size:
            self._wait(self._answers, select.POLLIN, limit)
            pieces.append(os.read(self._answers.fileno(), min(size, PIECE_BYTES)))
            if not pieces[-1]:
                raise ConnectionError("the parser's process has ended")
            size -= len(pieces[-1])
        return b"".join(pieces)

    def kill(self) -> None:
        """Kill the process, if it still runs: whoever waits for its answer gets none."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process and wait for its end."""
        self.kill()
        self._requests.close()
        self._answers.close()
        self._process.wait()
