"""Parsers in children that can be killed: one bad page costs its deadline, nothing else.

A child is a fresh interpreter (never a fork of the task) that runs `sandbox.worker` and answers in JSON, so that
whatever took it over can hand back text and nothing that runs. A signal inside the parser's own process does not stop lxml or a
regular expression; killing the process does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from pydantic import TypeAdapter

from newswatch.errors import ParseFailed
from newswatch.feeds.autodiscovery import Heading, Page
from newswatch.feeds.model import ParsedFeed
from newswatch.pages.model import ExtractedPage
from newswatch.sandbox.worker import SIZES

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "feed": TypeAdapter(ParsedFeed),
    "page": TypeAdapter(ExtractedPage),
    "site": TypeAdapter(Page),
    "heading": TypeAdapter(Heading),
}


class Sandbox:
    """A pool of parser children, for use as an async context. Children start when first needed."""

    def __init__(self, *, size: int, deadline_seconds: float, memory_bytes: int) -> None:
        self._deadline = deadline_seconds
        self._memory = memory_bytes
        self._idle: asyncio.Queue[asyncio.subprocess.Process | None] = asyncio.Queue()
        for _ in range(size):
            self._idle.put_nowait(None)
        self._size = size

    async def __aenter__(self) -> Sandbox:
        return self

    async def __aexit__(self, *error: object) -> None:
        for _ in range(self._size):
            child = await self._idle.get()
            if child:
                await _end(child)

    async def feed(self, body: bytes, **arguments: Any) -> ParsedFeed:
        """`feeds.parse` in a child. Raises ParseFailed (timeout, crashed, failed, not_a_feed, unreadable)."""
        parsed: ParsedFeed = await self._run("feed", body, arguments)
        return parsed

    async def page(self, body: bytes, **arguments: Any) -> ExtractedPage:
        """`extract.parse` in a child. Raises ParseFailed (timeout, crashed, failed, or a kind of `NoStory`)."""
        page: ExtractedPage = await self._run("page", body, arguments)
        return page

    async def site(self, body: bytes, **arguments: Any) -> Page:
        """`discover.read_page` in a child. Raises ParseFailed (timeout, crashed, failed)."""
        page: Page = await self._run("site", body, arguments)
        return page

    async def heading(self, body: bytes) -> Heading:
        """`discover.read_heading` in a child. Raises ParseFailed (timeout, crashed, failed)."""
        heading: Heading = await self._run("heading", body, {})
        return heading

    async def _run(self, kind: str, body: bytes, arguments: dict[str, Any]) -> Any:
        child, is_well = await self._idle.get(), False
        try:
            if child is None:
                child = await self._start()
            async with asyncio.timeout(self._deadline):
                answer = await _ask(child, json.dumps({"kind": kind, "arguments": arguments}).encode(), body)
            is_well = True
        except TimeoutError:
            raise ParseFailed("timeout", f"no result within {self._deadline:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            raise ParseFailed("crashed", "the parser's process ended or spoke nonsense") from None
        finally:  # whatever happened, the place in the pool is given back
            if child and not is_well:
                await asyncio.shield(_end(child))
            self._idle.put_nowait(child if is_well else None)
        if "failed" in answer:
            raise ParseFailed(answer["failed"], answer["detail"])
        return _ADAPTERS[kind].validate_python(answer["result"], strict=False)

    async def _start(self) -> asyncio.subprocess.Process:
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "newswatch.sandbox.worker",
            str(self._memory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=keep,
            limit=64 << 20,
        )


async def _ask(child: asyncio.subprocess.Process, head: bytes, body: bytes) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(SIZES.pack(len(head), len(body)) + head)
    child.stdin.write(body)
    await child.stdin.drain()
    size, _ = SIZES.unpack(await child.stdout.readexactly(SIZES.size))
    answer: dict[str, Any] = json.loads(await child.stdout.readexactly(size))
    return answer


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()
