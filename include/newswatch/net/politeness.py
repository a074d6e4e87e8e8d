"""Politeness towards a host: one request at a time, a pause that follows its speed, and rest when it asks for it.

Opens nothing and reads no clock: `client` asks here before and reports here after each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from protego import Protego

from newswatch import __version__
from newswatch.net.headers import retry_after_seconds
from newswatch.net.messages import PAUSING, Failure, Response

PRODUCT = "Newswatch"
MAX_CRAWL_DELAY_SECONDS = 10.0
HOST_PATIENCE = 3  # failures in a row, after which a host is left alone
ROBOTS_TTL = timedelta(hours=24)  # RFC 9309, section 2.4
UNSTATED_PAUSE = timedelta(minutes=5)  # after a 429 or 503 that names no time
LONGEST_PAUSE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RobotsText:
    """A robots.txt as it was had; empty where the host has none."""

    text: str
    fetched_at: datetime


class Turns(Protocol):
    """Turns of hosts among processes that know nothing of each other: one has a host, all others wait."""

    async def take(self, host: str, seconds: float) -> None:
        """Wait until the host is free, then have it: until it is given back, and `seconds` at most. Never raises."""

    async def give_back(self, host: str, rest_seconds: float) -> None:
        """Let the host rest, and then others have it. Never raises."""

    async def close(self) -> None:
        """Let go of what it holds open itself."""


@dataclass(slots=True)
class HostMemory:
    """What is known of hosts from one run to the next; the ledger keeps it.

    `turns`: among all processes that ask; None: this is the only one.
    """

    paused_until: dict[str, datetime] = field(default_factory=dict)  # host → moment
    robots: dict[str, RobotsText] = field(default_factory=dict)  # origin → text
    turns: Turns | None = None

    def fresh_robots(self, origin: str, now: datetime) -> str | None:
        """The text of the origin's robots.txt; None where it is not known or older than ROBOTS_TTL."""
        robots = self.robots.get(origin)
        return robots.text if robots and now - robots.fetched_at < ROBOTS_TTL else None


@dataclass(slots=True)
class Gate:
    """The turn-taking of requests to one host.

    `delay`: least seconds between two requests; 0 asks without a pause, which is for loopback alone.
    """

    delay: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0  # monotonic seconds
    failure_count: int = 0  # in a row, of the kind that may pass
    paused_until: datetime | None = None

    def refusal(self, url: str, now: datetime) -> Failure | None:
        """Why the host is not asked just now, or None."""
        if self.paused_until and now < self.paused_until:
            wait = (self.paused_until - now).total_seconds()
            detail = f"the host asked us to come back after {self.paused_until:%Y-%m-%d %H:%M} UTC"
            return Failure(url, "host_paused", detail, is_transient=True, retry_after_seconds=wait)
        if self.failure_count >= HOST_PATIENCE:
            return Failure(url, "host_paused", "the host failed three times in a row", is_transient=True)
        return None

    def slow_down(self, crawl_delay: float | None) -> None:
        """Take the pause, in seconds, that robots.txt asks for, if it is longer; at most MAX_CRAWL_DELAY_SECONDS."""
        if crawl_delay:
            self.delay = max(self.delay, min(crawl_delay, MAX_CRAWL_DELAY_SECONDS))

    def note(self, answer: Response | Failure, seconds: float, now: datetime, moment: float) -> None:
        """Learn from an answer that took `seconds` and was complete at `moment` (monotonic)."""
        failure = answer if isinstance(answer, Failure) else answer.failure(now)
        is_failure = failure is not None and failure.is_transient
        if isinstance(answer, Response) and is_failure and answer.status in PAUSING:  # a check for bots is no rest
            self._pause(retry_after_seconds(answer.header("Retry-After"), now), now)
        self.failure_count = self.failure_count + 1 if is_failure else 0
        # A host that is slow to answer is a busy one: it gets as long a rest as it needed.
        self.free_at = moment + (max(self.delay, min(seconds, MAX_CRAWL_DELAY_SECONDS)) if self.delay else 0.0)

    def _pause(self, stated_seconds: float | None, now: datetime) -> None:
        if stated_seconds is None:
            self.paused_until = now + UNSTATED_PAUSE
        elif stated_seconds > 0:
            self.paused_until = now + timedelta(seconds=min(stated_seconds, LONGEST_PAUSE.total_seconds()))


class Backlog:
    """Back-pressure: while bodies that wait for their parser hold more than 4 MB, no new request begins.

    Parsing takes longer than fetching; without this everything that is due would lie in memory at once.
    """

    MAX_BYTES = 4 << 20

    def __init__(self) -> None:
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        """Wait until the bodies in hand are below MAX_BYTES."""
        await self._room.wait()

    @contextmanager
    def holding(self, answer: Response) -> Iterator[None]:
        """Count the answer's body as waiting while the block runs."""
        self._count(len(answer.body))
        try:
            yield
        finally:
            self._count(-len(answer.body))

    def _count(self, byte_count: int) -> None:
        self._bytes += byte_count
        (self._room.clear if self._bytes > self.MAX_BYTES else self._room.set)()


def user_agent(contact: str) -> str:
    """The User-Agent header: product, version and, where there is one, the address of who runs it."""
    return f"{PRODUCT}/{__version__}" + (f" (+{contact})" if contact else "")


def allows(robots: Protego, url: str) -> bool:
    """Whether robots.txt lets Newswatch ask for the address (RFC 9309)."""
    return bool(robots.can_fetch(url, PRODUCT))


def crawl_delay(robots: Protego) -> float | None:
    """Seconds between requests that robots.txt asks of Newswatch (Crawl-delay, no standard); None: it does not say."""
    stated = robots.crawl_delay(PRODUCT)
    return float(stated) if stated else None
