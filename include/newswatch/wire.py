"""How the bytes of an answer reach aiohttp's parser."""

from __future__ import annotations

import asyncio
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler


class Wire(ResponseHandler):
    """One connection. aiohttp drops the whole answer where something is wrong behind its head; here the head counts."""

    def data_received(self, data: bytes) -> None:
        """Parse the head first: bytes behind the body's end would cost it otherwise.

        Servers send such where their length counts characters instead of bytes, or where a 304 has a body.
        """
        head, end, rest = data.partition(b"\r\n\r\n")
        super().data_received(head + end)
        if rest:
            super().data_received(rest)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """A fault of framing ends the body too: its reader would wait for the deadline."""
        super().set_exception(exc, *cause)
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(aiohttp.ClientPayloadError(f"the body is no HTTP: {exc}"))


def factory() -> partial[ResponseHandler]:
    """What a connector makes its connections with."""
    made: type[ResponseHandler] = Wire
    return partial(made, loop=asyncio.get_running_loop())
