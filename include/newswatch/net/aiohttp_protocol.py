"""aiohttp's protocol, made lenient with faulty answers, and the outcome that each of its errors is counted as."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler

from newswatch.net.content_coding import BadEncoding, CutShort, TooLarge
from newswatch.net.messages import Failure


class Refused(OSError):
    """An address, port or cloud service to which no connection is made (`ip_policy.refusal` says why).

    Raised where the socket would be made; aiohttp hands it on inside its own error.
    """


class Connection(ResponseHandler):
    """One connection. aiohttp drops the whole answer where something is wrong after its head; here the head counts."""

    def data_received(self, data: bytes) -> None:
        """Parse the head first: bytes after the body's end would cost it otherwise.

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


def connection_factory() -> partial[ResponseHandler]:
    """What a connector makes its connections with; called in the event loop that they will run in."""
    protocol: type[ResponseHandler] = Connection
    return partial(protocol, loop=asyncio.get_running_loop())


# Errors → the outcome by which they are counted, and whether the failure is transient. The first that fits counts.
KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, bool], ...] = (
    (Refused, "address_refused", False),
    (TooLarge, "too_large", False),
    (BadEncoding, "bad_encoding", False),
    ((aiohttp.ClientPayloadError, CutShort), "truncated", True),
    ((aiohttp.ClientSSLError, ssl.SSLError), "tls_failed", True),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), "name_unknown", True),
    (aiohttp.ClientOSError, "connection_failed", True),
    (aiohttp.ServerDisconnectedError, "connection_failed", True),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError), "bad_url", False),
    (aiohttp.ClientError, "bad_answer", True),
    (OSError, "connection_failed", True),
)


def failure_of(url: str, error: BaseException) -> Failure | None:
    """The failure that an error on the wire is counted as; None for any other error, which is a fault of ours."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return Failure(url, "address_refused", str(cause), is_transient=False)
        cause = getattr(cause, "os_error", None) or cause.__cause__
    for kinds, outcome, is_transient in KINDS:
        if isinstance(error, kinds):
            return Failure(url, outcome, f"{type(error).__name__}: {error}"[:300], is_transient)
    return None
