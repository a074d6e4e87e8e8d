"""Many requests at once, their results in batches: a slow one holds up neither its neighbours nor their commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")
BATCH_COUNT = 500
BATCH_BYTES = 8 << 20
BATCH_SECONDS = 5.0  # what has ended waits no longer for its commit


class Batching(Generic[T]):
    """Tasks that run side by side. `size_of`: bytes that a result holds."""

    def __init__(self, size_of: Callable[[T], int]) -> None:
        self._size_of = size_of
        self._running: set[asyncio.Task[T]] = set()
        self._ended: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()

    @property
    def running_count(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, T]) -> None:
        """Run one more; allowed between two batches too."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended.put_nowait)

    async def batches(self, ends: float) -> AsyncGenerator[list[T], None]:
        """Results as they come, a list at a time, until nothing runs any more.

        At `ends` (monotonic seconds) what still runs is cancelled and gives nothing. Raises what a task raised.
        """
        try:
            while self._running and (left := ends - time.monotonic()) > 0:
                batch = await self._batch(left)
                if batch:
                    yield batch
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _batch(self, seconds: float) -> list[T]:
        """Wait for a first result, then for more of them, within count, size and time."""
        batch: list[T] = []
        size, patience = 0, seconds
        until = time.monotonic() + seconds
        while self._running and len(batch) < BATCH_COUNT and size < BATCH_BYTES:
            try:
                async with asyncio.timeout(patience):
                    task = await self._ended.get()
            except TimeoutError:
                break
            self._running.discard(task)
            if not batch:
                until = min(until, time.monotonic() + BATCH_SECONDS)
            batch.append(task.result())
            size += self._size_of(batch[-1])
            patience = max(0.0, until - time.monotonic())
        return batch
