"""The only module that opens a socket: one polite, bounded GET at a time for each host."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from protego import Protego

from newswatch import __version__, addresses, clean, urls
from newswatch.model import Failure, Response

MAX_REDIRECTS = 5
MAX_ROBOTS_BYTES = 512_000  # RFC 9309, section 2.5: at least 500 KiB
MAX_CRAWL_DELAY_SECONDS = 10.0
HOST_PATIENCE = 3
MAX_RATIO = 200  # decoded to encoded; deflate's own bound is 1032
ACCEPT_ENCODING = "gzip, deflate"
PRODUCT = "Newswatch"


def user_agent(contact: str) -> str:
    return f"{PRODUCT}/{__version__}" + (f" (+{contact})" if contact else "")


class _Refused(OSError):
    """Raised where the socket would be made; aiohttp hands it on inside its own error."""


class _TooLarge(Exception):
    pass


class _BadEncoding(Exception):
    pass


class _Resolver(AbstractResolver):
    """The system's resolver; names under `localhost` are loopback without asking it (RFC 6761, section 6.3)."""

    def __init__(self) -> None:
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host == "localhost" or host.endswith(".localhost"):
            host = "127.0.0.1"
        return await self._system.resolve(host, port, family)

    async def close(self) -> None:
        await self._system.close()


def _public_socket(info: tuple[Any, ...]) -> socket.socket:
    family, kind, proto, _, address = info
    reason = addresses.refusal(address[0], address[1])
    if reason:
        raise _Refused(reason)
    return socket.socket(family, kind, proto)


def _any_socket(info: tuple[Any, ...]) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])


@dataclass(slots=True)
class _Gate:
    """One host: one request at a time, a pause after each, and none once it has failed three times in a row."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0
    delay: float | None = None
    failure_count: int = 0  # in a row, of the kind that may pass


@dataclass(frozen=True, slots=True)
class Request:
    """What to get. `obeys_robots`: pages do, feeds that a user subscribed to do not."""

    url: str
    max_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    obeys_robots: bool = False


class Fetcher:
    """Gets URLs, for use as an async context. `get` never raises for what a server does: it returns a Failure."""

    def __init__(
        self, *, contact: str, delay_seconds: float, deadline_seconds: float, clock: Callable[[], datetime]
    ) -> None:
        self._agent = user_agent(contact)
        self._clock = clock
        self._delay = delay_seconds
        self._deadline = deadline_seconds
        self._gates: defaultdict[str, _Gate] = defaultdict(_Gate)
        self._robots: dict[str, asyncio.Task[Protego | Failure]] = {}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Fetcher:
        for allow_private, factory in ((False, _public_socket), (True, _any_socket)):
            connector = aiohttp.TCPConnector(
                resolver=_Resolver(), socket_factory=factory, force_close=True, use_dns_cache=False, limit=50
            )
            session = await self._stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=connector,
                    auto_decompress=False,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                    timeout=aiohttp.ClientTimeout(total=None),
                    headers={"User-Agent": self._agent, "Accept-Encoding": ACCEPT_ENCODING},
                )
            )
            session._retry_connection = False  # a server that hangs up is not asked twice in a row
            self._sessions[allow_private] = session
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._robots.values():
            task.cancel()
        await self._stack.aclose()

    async def get(self, request: Request) -> Response | Failure:
        """Follow at most five redirects within one deadline. The pause before the host's turn is not part of it."""
        answer = await self._take_turn(request)
        return replace(answer, detail=clean.line(answer.detail)) if isinstance(answer, Failure) else answer

    async def _take_turn(self, request: Request) -> Response | Failure:
        gate = self._gates[urls.host_of(request.url)]
        if request.obeys_robots and (refused := await self._disallowed(request, request.url)):
            return refused
        async with gate.lock:
            if gate.failure_count >= HOST_PATIENCE:
                return Failure(request.url, "host_paused", "the host failed three times in a row", is_transient=True)
            await asyncio.sleep(max(0.0, gate.free_at - time.monotonic()))
            answer = await self._in_time(request)
            gate.failure_count = gate.failure_count + 1 if isinstance(answer, Failure) and answer.is_transient else 0
            gate.free_at = time.monotonic() + (self._delay if gate.delay is None else gate.delay)
            return answer

    async def _in_time(self, request: Request) -> Response | Failure:
        """Follow redirects under the deadline; whatever goes wrong on the wire becomes a Failure."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._follow(request)
        except TimeoutError:
            return Failure(request.url, "timeout", f"no answer within {self._deadline:g} s", is_transient=True)
        except Exception as error:
            if failure := _failure_of(request.url, error):
                return failure
            raise

    async def _follow(self, request: Request) -> Response | Failure:
        url, seen = request.url, {request.url}
        started = time.monotonic()
        for hop in range(MAX_REDIRECTS + 1):
            if hop and request.obeys_robots and (refused := await self._disallowed(request, url)):
                return refused
            async with self._sessions[request.allow_private].get(
                url, headers=dict(request.headers), allow_redirects=False
            ) as answer:
                target = answer.headers.get("Location") if answer.status in (301, 302, 303, 307, 308) else None
                if target is None:
                    return await self._read(answer, url, request.max_bytes, started)
            next_url = urls.resolve(url, _ascii(target))
            if next_url is None:
                return Failure(request.url, "bad_redirect", f"redirected to {target[:200]!r}", is_transient=False)
            if next_url in seen:
                return Failure(request.url, "redirect_loop", f"{next_url} comes round again", is_transient=False)
            seen.add(next_url)
            url = next_url
        return Failure(request.url, "redirect_loop", f"more than {MAX_REDIRECTS} redirects", is_transient=False)

    async def _read(self, answer: aiohttp.ClientResponse, url: str, max_bytes: int, started: float) -> Response:
        encoding = answer.headers.get("Content-Encoding", "").strip().lower()
        raw, size = [], 0
        async for chunk in answer.content.iter_chunked(1 << 16):
            size += len(chunk)
            if size > max_bytes:
                raise _TooLarge(f"more than {max_bytes:,} bytes")
            raw.append(chunk)
        raw_body = b"".join(raw)
        return Response(
            url=url,
            status=answer.status,
            headers=tuple((_latin(k), _latin(v)) for k, v in answer.headers.items()),
            raw_body=raw_body,
            body=decode(raw_body, encoding, max_bytes),
            fetched_at=self._clock(),
            seconds=time.monotonic() - started,
        )

    async def _disallowed(self, request: Request, url: str) -> Failure | None:
        """RFC 9309: a missing robots.txt allows, one that cannot be had forbids."""
        origin = "/".join(url.split("/", 3)[:3])
        if origin not in self._robots:
            self._robots[origin] = asyncio.create_task(self._load_robots(origin, request.allow_private))
        robots = await asyncio.shield(self._robots[origin])
        if isinstance(robots, Failure) and robots.outcome == "address_refused":
            return replace(robots, url=url)
        if isinstance(robots, Failure):
            return Failure(url, "robots_unreachable", robots.detail, is_transient=True)
        if delay := robots.crawl_delay(PRODUCT):
            self._gates[urls.host_of(url)].delay = min(float(delay), MAX_CRAWL_DELAY_SECONDS)
        if robots.can_fetch(url, PRODUCT):
            return None
        return Failure(url, "robots_disallowed", f"{origin}/robots.txt asks us not to", is_transient=False)

    async def _load_robots(self, origin: str, allow_private: bool) -> Protego | Failure:
        request = Request(f"{origin}/robots.txt", MAX_ROBOTS_BYTES, allow_private=allow_private)
        answer = await self._in_time(request)
        if isinstance(answer, Failure):
            return answer
        if answer.status >= 500:
            return Failure(request.url, f"http_{answer.status}", f"{request.url}: {answer.status}", is_transient=True)
        return Protego.parse(answer.body.decode("utf-8", "replace") if answer.status < 300 else "")


def _wire(value: str) -> bytes:
    """The bytes of a header as they came: aiohttp hides those that are not UTF-8 in surrogates."""
    return value.encode("utf-8", "surrogateescape")


def _latin(value: str) -> str:
    return _wire(value).decode("latin-1")


def _ascii(location: str) -> str:
    """A Location header with its non-ASCII bytes percent-encoded, as browsers send them."""
    return "".join(chr(b) if b < 0x80 else f"%{b:02X}" for b in _wire(location))


def decode(raw: bytes, encoding: str, max_bytes: int) -> bytes:
    """Undo a Content-Encoding of gzip or deflate, never beyond `max_bytes` or 200 times the size."""
    if encoding in ("", "identity") or not raw:
        return raw
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise _BadEncoding(f"content encoding {encoding!r} was not asked for")
    limit = min(max_bytes, max(len(raw) * MAX_RATIO, 1 << 16))
    # 47: a gzip or zlib header, whichever is there; -15: neither, as some servers send deflate
    for bits in (47, -15) if encoding == "deflate" else (47,):
        try:
            return _inflate(raw, bits, limit)
        except zlib.error as error:
            failed = error
    raise _BadEncoding(str(failed))


def _inflate(raw: bytes, bits: int, limit: int) -> bytes:
    """All gzip members or the one zlib stream in `raw`; zeros after the last member are padding (RFC 1952)."""
    body = bytearray()
    while raw.strip(b"\0") or not body:
        engine = zlib.decompressobj(bits)
        body += engine.decompress(raw, limit + 1 - len(body))
        if len(body) > limit:
            raise _TooLarge(f"decodes to more than {limit:,} bytes")
        if not engine.eof:
            raise aiohttp.ClientPayloadError("the compressed body is cut short")
        raw = engine.unused_data
        if not raw:
            break
    return bytes(body)


_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, bool], ...] = (
    (_Refused, "address_refused", False),
    (_TooLarge, "too_large", False),
    (_BadEncoding, "bad_encoding", False),
    (aiohttp.ClientPayloadError, "truncated", True),
    ((aiohttp.ClientSSLError, ssl.SSLError), "tls_failed", True),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), "name_unknown", True),
    (aiohttp.ClientOSError, "connection_failed", True),
    (aiohttp.ServerDisconnectedError, "connection_failed", True),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError), "bad_url", False),
    (aiohttp.ClientError, "bad_answer", True),
    (OSError, "connection_failed", True),
)


def _failure_of(url: str, error: BaseException) -> Failure | None:
    """The named outcome of what went wrong on the wire, or None where the fault is ours."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _Refused):
            return Failure(url, "address_refused", str(cause), is_transient=False)
        cause = getattr(cause, "os_error", None) or cause.__cause__
    for kinds, outcome, is_transient in _KINDS:
        if isinstance(error, kinds):
            return Failure(url, outcome, f"{type(error).__name__}: {error}"[:300], is_transient)
    return None


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header in either form (RFC 9110, section 10.2.3); None where it says nothing usable."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        wait = (parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait)
