"""The HTTP client, the only module that opens a socket: one polite, bounded GET at a time for each host."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from protego import Protego
from yarl import URL

from newswatch.net import aiohttp_protocol, headers, ip_policy, politeness
from newswatch.net.aiohttp_protocol import Refused, failure_of
from newswatch.net.content_coding import ACCEPT_ENCODING, Body, TooLarge
from newswatch.net.messages import Failure, Response
from newswatch.net.politeness import Backlog, Gate, HostMemory, RobotsText
from newswatch.text import sanitise
from newswatch.urls.canonical import host_of, resolve

MAX_REDIRECTS = 5
MAX_ROBOTS_BYTES = 512_000  # RFC 9309, section 2.5: at least 500 KiB
MAX_CONNECTIONS = 100
CONNECT_SECONDS = 10.0  # for one address of a host
LOOKUP_THREADS = 32  # the default here would be six: a dead name server would hold up everybody
_MOVED = frozenset({301, 302, 303, 307, 308})
_MOVED_FOR_GOOD = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers that a publisher has agreed on, some of them secret, for the host of `url` alone."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Those to be sent to an address: none to another host or port, nor in clear what was meant for https."""
        is_safe = url.startswith("https:") or not self.url.startswith("https:")
        return self.headers if is_safe and host_of(url) == host_of(self.url) else {}


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: its address, the headers to add, and what is allowed.

    `max_bytes`: of the body, on the wire and decoded. `obeys_robots`: pages do, feeds that a user subscribed to do not.
    `allow_private`: addresses of a private network, on any port; for feeds that are marked so. `credentials`: what is
    sent along to one host, on whichever hop.
    """

    url: str
    max_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    ports: frozenset[int] = ip_policy.WEB_PORTS
    obeys_robots: bool = False
    is_cut_to_size: bool = False  # a body that is too long is cut, not refused
    credentials: Credentials | None = None


class Client(Protocol):
    """The interface of an HTTP client: `Fetcher` is the one, and tests have a fake."""

    backlog: Backlog

    async def get(self, request: Request) -> Response | Failure:
        """The answer, whatever its status, or the failure in its place; never raises for what a server does."""
        ...


_STRICT = Request("", 0)
_current_request: ContextVar[Request] = ContextVar(
    "_current_request", default=_STRICT
)  # whose connection is being made in this task


def _refusal(address: str, port: int) -> str | None:
    request = _current_request.get()
    return ip_policy.refusal(address, port, allow_private=request.allow_private, ports=request.ports)


def _checked_socket(info: tuple[Any, ...]) -> socket.socket:
    """Every connect passes here, with the literal address that it would go to."""
    family, kind, proto, _, address = info
    if reason := _refusal(address[0], address[1]):
        raise Refused(reason)
    return socket.socket(family, kind, proto)


class _Resolver(AbstractResolver):
    """The system's resolver; names under `localhost` are loopback without asking it (RFC 6761, section 6.3).

    Addresses that would be refused are left out, so that a name with a good one beside them is still reached.
    """

    def __init__(self) -> None:
        # Threads of its own: a dead name server must hold up neither other hosts nor the commits.
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        name = host.rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            addresses = {("127.0.0.1", socket.AF_INET): None}
        else:
            ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
            rows = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
            addresses = {(str(row[4][0]), row[0]): None for row in rows}
        reasons = {place: _refusal(place[0], port) for place in addresses}
        if addresses and all(reasons.values()):
            raise Refused(next(iter(reasons.values())))
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for (address, kind), reason in reasons.items()
            if reason is None
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Chain:
    """One request with its redirects: the wire time that is left, waiting for turns not counted, and its cookies.

    Some servers set a cookie and redirect to the same address. Nothing of it outlives the chain.
    """

    total: float
    used: float = 0.0
    cookies: aiohttp.CookieJar = field(default_factory=partial(aiohttp.CookieJar, unsafe=True))  # numbers as hosts too

    @property
    def left(self) -> float:
        return max(0.0, self.total - self.used)

    def cookie_header(self, url: str) -> str:
        """What is sent along to this address; empty: nothing."""
        return "; ".join(f"{c.key}={c.coded_value}" for c in self.cookies.filter_cookies(URL(url)).values())


class Fetcher:
    """Gets URLs, for use as an async context. `get` never raises for what a server does: it returns a Failure.

    `contact`: a web or mail address for the User-Agent, or "". `delay_seconds`: the least pause between two requests to
    a host. `deadline_seconds`: for one request with its redirects. `clock`: the time in UTC. `memory`: pauses and
    robots.txt of earlier runs; what is learnt is added to it.
    """

    def __init__(
        self,
        *,
        contact: str,
        delay_seconds: float,
        deadline_seconds: float,
        clock: Callable[[], datetime],
        memory: HostMemory | None = None,
    ) -> None:
        self._agent = politeness.user_agent(contact)
        self._clock = clock
        self._delay = delay_seconds
        self._deadline = deadline_seconds
        self.memory = memory or HostMemory()
        self._turns = self.memory.turns
        self.backlog = Backlog()
        self._gates: dict[str, Gate] = {}
        self._robots: dict[tuple[str, bool, frozenset[int]], asyncio.Task[Protego | Failure]] = {}
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Fetcher:
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(), socket_factory=_checked_socket, force_close=True, use_dns_cache=False, limit=0
        )
        connector._factory = aiohttp_protocol.connection_factory()
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                headers={"User-Agent": self._agent, "Accept-Encoding": ACCEPT_ENCODING},
            )
        )
        self._session._retry_connection = False  # a server that hangs up is not asked twice in a row
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._robots.values():
            task.cancel()
        await asyncio.gather(*self._robots.values(), return_exceptions=True)
        await self._stack.aclose()
        if self._turns:
            await self._turns.close()

    async def get(self, request: Request) -> Response | Failure:
        """Follow at most five redirects within one deadline. The pause before a host's turn is not part of it."""
        answer = await self._follow(request)
        return replace(answer, detail=sanitise.line(answer.detail)) if isinstance(answer, Failure) else answer

    async def _follow(self, request: Request) -> Response | Failure:
        url, moved_to = request.url, request.url
        chain = _Chain(self._deadline)
        seen = {(url, "")}  # addresses with the cookies that they were asked with
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._hop(request, url, chain)
            if isinstance(answer, Failure):
                return replace(answer, url=request.url)
            target = answer.header("Location") if answer.status in _MOVED else None
            if target is None:
                return replace(answer, seconds=chain.used, moved_to=moved_to if moved_to != request.url else None)
            next_url = resolve(url, headers.location(target))
            if next_url is None:
                return Failure(request.url, "bad_redirect", f"redirected to {target[:200]!r}", is_transient=False)
            asked = (next_url, chain.cookie_header(next_url))
            if asked in seen:
                return Failure(request.url, "redirect_loop", f"{next_url} comes round again", is_transient=False)
            if moved_to == url and answer.status in _MOVED_FOR_GOOD:
                moved_to = next_url  # for good so far: a temporary hop ends the chain that may be learnt
            seen.add(asked)
            url = next_url
        return Failure(request.url, "redirect_loop", f"more than {MAX_REDIRECTS} redirects", is_transient=False)

    async def _hop(self, request: Request, url: str, chain: _Chain) -> Response | Failure:
        """One request to one host, when it is its turn."""
        if request.obeys_robots and (refused := await self._disallowed(request, url)):
            return refused
        try:
            gate = self._gate(url)
        except ValueError as error:
            return Failure(url, "bad_url", str(error), is_transient=False)
        async with gate.lock:
            if paused := gate.refusal(url, self._clock()):
                return paused
            await asyncio.sleep(max(0.0, gate.free_at - time.monotonic()))
            async with self._slots:
                await self.backlog.room()
                async with self._turn(gate, url, chain.left):
                    began = time.monotonic()
                    answer = await self._in_time(request, url, chain)
                    seconds = time.monotonic() - began
                    gate.note(answer, seconds, self._clock(), time.monotonic())
            chain.used += seconds
            if gate.paused_until:
                self.memory.paused_until[host_of(url)] = gate.paused_until
            return answer

    @asynccontextmanager
    async def _turn(self, gate: Gate, url: str, seconds: float) -> AsyncIterator[None]:
        """The host's turn among all processes, for one request; after it the host rests as the gate says."""
        if self._turns is None or not gate.delay:
            yield
            return
        await self._turns.take(host_of(url), seconds + CONNECT_SECONDS)
        try:
            yield
        finally:
            await self._turns.give_back(host_of(url), max(gate.delay, gate.free_at - time.monotonic()))

    def _gate(self, url: str) -> Gate:
        host = host_of(url)
        if host not in self._gates:
            self._gates[host] = Gate(self._delay, paused_until=self.memory.paused_until.get(host))
        return self._gates[host]

    async def _in_time(self, request: Request, url: str, chain: _Chain) -> Response | Failure:
        """One exchange under the deadline; whatever goes wrong on the wire becomes a Failure."""
        try:
            async with asyncio.timeout(chain.left):
                return await self._exchange(request, url, chain)
        except TimeoutError as error:
            is_connect = isinstance(error, aiohttp.ServerTimeoutError)
            what = (
                f"no connection within {CONNECT_SECONDS:g} s"
                if is_connect
                else f"no answer within {self._deadline:g} s"
            )
            return Failure(url, "timeout", what, is_transient=True)
        except Exception as error:
            if failure := failure_of(url, error):
                return failure
            raise

    async def _exchange(self, request: Request, url: str, chain: _Chain) -> Response:
        if urlsplit(url).username is not None:
            raise aiohttp.InvalidURL(url, "a user name or password stands in it")
        token = _current_request.set(request)
        try:
            cookie = chain.cookie_header(url)
            agreed = request.credentials.headers_for(url) if request.credentials else {}
            sent = {**request.headers, **agreed} | ({"Cookie": cookie} if cookie else {})
            async with self._session.get(url, headers=sent, allow_redirects=False) as answer:
                chain.cookies.update_cookies(answer.cookies, answer.url)
                raw, body = b"", b""
                if answer.status not in _MOVED or "Location" not in answer.headers:
                    raw, body = await _read_body(answer, request)
                return Response(
                    url=url,
                    status=answer.status,
                    headers=tuple((headers.latin(k), headers.latin(v)) for k, v in answer.headers.items()),
                    raw_body=raw,
                    body=body,
                    fetched_at=self._clock(),
                    seconds=0.0,
                )
        finally:
            _current_request.reset(token)

    async def _disallowed(self, request: Request, url: str) -> Failure | None:
        """RFC 9309: a missing robots.txt allows, one that cannot be had forbids."""
        key = ("/".join(url.split("/", 3)[:3]), request.allow_private, request.ports)
        if key not in self._robots:
            self._robots[key] = asyncio.create_task(self._load_robots(key[0], request))
        robots = await asyncio.shield(self._robots[key])
        if isinstance(robots, Failure):
            if robots.outcome in ("address_refused", "bad_url", "host_paused"):
                return replace(robots, url=url)
            return Failure(url, "robots_unreachable", f"{robots.url}: {robots.detail}", is_transient=True)
        self._gate(url).slow_down(politeness.crawl_delay(robots))
        if politeness.allows(robots, url):
            return None
        return Failure(url, "robots_disallowed", f"{key[0]}/robots.txt asks us not to", is_transient=False)

    async def _load_robots(self, origin: str, page: Request) -> Protego | Failure:
        text = self.memory.fresh_robots(origin, self._clock())
        if text is None:
            # Of a text that is too long its beginning counts: section 2.5.
            request = replace(page, url=f"{origin}/robots.txt", max_bytes=MAX_ROBOTS_BYTES, headers={})
            request = replace(request, obeys_robots=False, is_cut_to_size=True)
            answer = await self._follow(request)
            if isinstance(answer, Failure) and answer.outcome != "redirect_loop":  # section 2.3.1.2: none to be had
                return answer
            if isinstance(answer, Response) and (answer.status >= 500 or answer.status == 429):
                return Failure(request.url, f"http_{answer.status}", f"answered {answer.status}", is_transient=True)
            is_there = isinstance(answer, Response) and answer.status < 300
            text = answer.body.decode("utf-8-sig", "replace") if isinstance(answer, Response) and is_there else ""
            self.memory.robots[origin] = RobotsText(sanitise.text(text), self._clock())
        return Protego.parse(text)


async def _read_body(answer: aiohttp.ClientResponse, request: Request) -> tuple[bytes, bytes]:
    """The body as it came and decoded, under its caps."""
    body = Body(answer.headers.get("Content-Encoding", ""), request.max_bytes)
    announced = answer.content_length or 0
    try:
        if announced > request.max_bytes and not request.is_cut_to_size:
            raise TooLarge(f"{announced:,} bytes are announced, {request.max_bytes:,} are allowed")
        async for chunk in answer.content.iter_chunked(1 << 16):
            body.add(chunk)
    except TooLarge:
        if not request.is_cut_to_size:
            raise
        return b"", body.beginning()
    return body.finish()
