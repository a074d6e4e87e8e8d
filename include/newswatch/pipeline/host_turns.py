"""Turns of hosts by the ledger: a poll and a recovery of the past ask a host one after the other, with its pauses."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog

from newswatch.errors import TransientError
from newswatch.ledger import Ledger, hosts

log = structlog.get_logger("newswatch")
LOOK_SECONDS = 0.25  # between two looks whether a host is free

T = TypeVar("T")


class LedgerTurns:
    """`net.politeness.Turns` by a row for each host. While the ledger is away each process has its own pauses alone."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._token = uuid.uuid4().hex
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="turns")  # so that one connection is enough

    async def take(self, host: str, seconds: float) -> None:
        is_mine = await self._ask(partial(self._take, host, seconds), if_away=True)
        while not is_mine:
            await asyncio.sleep(LOOK_SECONDS)
            is_mine = await self._ask(partial(self._take, host, seconds), if_away=True)

    async def give_back(self, host: str, rest_seconds: float) -> None:
        await self._ask(partial(self._give_back, host, rest_seconds), if_away=None)

    async def close(self) -> None:
        self._thread.shutdown(wait=False)

    def _take(self, host: str, seconds: float) -> bool:
        with self._ledger.begin() as connection:
            return hosts.take_turn(connection, host, self._token, seconds)

    def _give_back(self, host: str, rest_seconds: float) -> None:
        with self._ledger.begin() as connection:
            hosts.end_turn(connection, host, self._token, rest_seconds)

    async def _ask(self, work: Callable[[], T], *, if_away: T) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TransientError as error:
            log.warning("turns of hosts are not kept", reason=str(error))
            return if_away
