"""A server on loopback that does what no server should: every byte, pause and reset of it is the test's own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """One connection, and what was asked on it; `head` is empty where the server speaks first."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    port: int
    head: str = ""

    @property
    def path(self) -> str:
        return self.head.split(" ")[1] if self.head else ""

    @property
    def label(self) -> str:
        """The first label of the host that was asked for."""
        return self.header("Host").partition(".")[0].partition(":")[0]

    def header(self, name: str) -> str:
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return next((value.strip() for n, _, value in lines if n.lower() == name.lower()), "")

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def drip(self, pieces: Iterable[bytes], pause: float = 0.02) -> None:
        for piece in pieces:
            await self.send(piece)
            await asyncio.sleep(pause)

    async def hang(self) -> None:
        """Say nothing until the other side gives up."""
        await self.reader.read()

    async def reset(self) -> None:
        """Break off with a RST instead of a FIN, once what was sent has had time to arrive."""
        await asyncio.sleep(0.2)
        wire = self.writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Answer = Callable[[Call], Awaitable[None]]


@dataclass
class Hostile:
    """Runs in a thread of its own, for use as a context.

    `answers`: by host label and path (`a/feed`), by host label, or by path; anything else is a 404.
    `greetings`: by port, for those that speak or break off before they are asked.
    `contexts`: by port, where TLS is spoken. `calls`: all that was asked; `count`: connections.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    greetings: dict[int, Answer] = field(default_factory=dict)
    contexts: dict[int, ssl.SSLContext] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    count: int = 0
    port: int = 0

    def __enter__(self) -> Hostile:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # broken connections are its trade
        self._servers: dict[int, list[asyncio.Server]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def paths(self) -> list[str]:
        return [call.path for call in self.calls]

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def open(self, port: int = 0, hosts: tuple[str, ...] = ("127.0.0.1",)) -> int:
        """Listen on one more port (0: the system's choice) of each of the addresses; returns it."""
        return self._run(self._open(port, hosts))

    def close(self, port: int) -> None:
        self._run(self._close(port))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self, port: int, hosts: tuple[str, ...]) -> int:
        for host in hosts:
            server = await asyncio.start_server(self._accept, host, port, backlog=256, reuse_address=True)
            port = server.sockets[0].getsockname()[1]
            self._servers.setdefault(port, []).append(server)
        return port

    async def _close(self, port: int) -> None:
        for server in self._servers.pop(port, ()):
            server.close()

    async def _end(self) -> None:
        for port in list(self._servers):
            await self._close(port)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.count += 1
        call = Call(reader, writer, writer.get_extra_info("sockname")[1])
        try:
            if call.port in self.contexts:
                await writer.start_tls(self.contexts[call.port])
            await self._serve(call)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, call: Call) -> None:
        if call.port in self.greetings:
            await self.greetings[call.port](call)
            return
        call.head = (await call.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.calls.append(call)
        path = call.path.partition("?")[0]
        known = (self.answers.get(key) for key in (call.label + path, call.label, path))
        await next(filter(None, known), plain(b"none", "404 Not Found"))(call)


def plain(body: bytes, status: str = "200 OK", length: int | None = None, **headers: str) -> Answer:
    """A whole answer. `headers`: with an underscore for each hyphen; `length`: what to lie about the body's."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    size = len(body) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *lines])
    return raw(head.encode("latin-1") + b"\r\n\r\n" + body)


def redirect(target: str, status: str = "302 Found", **headers: str) -> Answer:
    """`{port}` in the target: the port that was asked on."""

    async def answer(call: Call) -> None:
        await plain(b"", status, Location=target.replace("{port}", str(call.port)), **headers)(call)

    return answer


def raw(content: bytes) -> Answer:
    """These bytes, then the end of the connection."""

    async def answer(call: Call) -> None:
        await call.send(content)

    return answer


def raw_then_reset(content: bytes) -> Answer:
    async def answer(call: Call) -> None:
        await call.send(content)
        await call.reset()

    return answer


def raw_then_silence(content: bytes) -> Answer:
    async def answer(call: Call) -> None:
        await call.send(content)
        await call.hang()

    return answer


def dripped(begin: bytes, pieces: Callable[[], Iterable[bytes]], pause: float = 0.02) -> Answer:
    """`begin` at once, then a piece at a time."""

    async def answer(call: Call) -> None:
        await call.send(begin)
        await call.drip(pieces(), pause)

    return answer


def flooded(begin: bytes, piece: bytes) -> Answer:
    """`begin`, then the piece again and again, as fast as it is taken."""

    async def answer(call: Call) -> None:
        await call.send(begin)
        while True:
            await call.send(piece)
            await asyncio.sleep(0)

    return answer
