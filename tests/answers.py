"""A stand-in for the network, put where a session's client stands: what is made of answers, without a server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from newswatch.net.client import Request
from newswatch.net.messages import Failure, Response
from newswatch.net.politeness import Backlog, HostMemory
from newswatch.pipeline import Newswatch
from newswatch.settings import Settings

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Answers(AbstractAsyncContextManager["Answers"]):
    """Gives the answer that stands under an address, a 404 where none does. `asked`: all requests, in order.

    `meanwhile`: what happens somewhere else before each answer comes.
    """

    pages: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None
    asked: list[Request] = field(default_factory=list)
    backlog: Backlog = field(default_factory=Backlog)
    now: Callable[[], datetime] = lambda: LONG_AGO

    def of(self, nw: Newswatch) -> Newswatch:
        """The installation, asking here instead of the network."""

        def open_client(_: Settings, clock: Callable[[], datetime], __: HostMemory | None) -> Self:
            self.now = clock
            return self

        return replace(nw, open_client=open_client)

    async def get(self, request: Request) -> Response | Failure:
        self.asked.append(request)
        self.meanwhile()
        if request.url in self.failures:
            return self.failures[request.url]
        body = self.pages.get(request.url)
        headers = (("Content-Type", "text/html; charset=utf-8"),)
        return Response(request.url, 404 if body is None else 200, headers, body or b"", body or b"", self.now(), 0.1)

    async def __aexit__(self, *_: object) -> None:
        return None
