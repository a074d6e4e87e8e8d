"""What every verb that asks the network does alike: lease, hosts, requests side by side, commits meanwhile, release.

A verb says what it works on, how it asks for one thing, and what a batch of results writes; see `NetworkVerb`.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

from newswatch.errors import RefusedByLedger
from newswatch.ledger import hosts
from newswatch.ledger.batches import Outcomes
from newswatch.ledger.leases import Lease, LeasedTable
from newswatch.net.client import Client
from newswatch.pipeline.batching import Batching
from newswatch.pipeline.installation import Newswatch, log

J = TypeVar("J")
R = TypeVar("R")


class NetworkVerb(ABC, Generic[J, R]):
    """What differs between polling feeds, fetching pages and revisiting them."""

    what: str  # it works on, for those who wait
    total: int | None = None  # of those, as far as it is known
    leased: LeasedTable
    seconds: float  # for all requests of one call
    obeys_robots: bool
    top_up: int  # while fewer requests than this run, more is claimed; 0: what one claim gives is all

    @abstractmethod
    def claim(self, lease: Lease) -> tuple[Sequence[J], Sequence[R]]:
        """Take work under the lease: what is to be asked for, and results that need no request.

        Runs in a thread.
        """

    @abstractmethod
    async def request(self, client: Client, job: J) -> R:
        """Bring one job to its result. Never raises for what a server does, nor for a fault of ours."""

    @abstractmethod
    def commit(self, results: Sequence[R], lease: Lease) -> Outcomes:
        """Write files, then one transaction, fenced by the lease, that makes them count. Runs in a thread.

        Raises RefusedByLedger where the ledger does not take something of it: nothing counts then.
        """

    @abstractmethod
    def failed(self, result: R, error: Exception) -> R:
        """The result as a fault of ours, without what the ledger does not take."""

    def work_count(self, result: R) -> int:
        """How many of `what` the result ends."""
        return 1

    @abstractmethod
    def byte_count(self, result: R) -> int:
        """What the result holds of memory, about, bytes."""


class NetworkSession:
    """One call of a verb: its lease, and the outcomes of all that it has committed."""

    def __init__(self, nw: Newswatch, run_id: str) -> None:
        self._nw = nw
        self._run_id = run_id
        self.outcomes = Outcomes()
        self.committed_count = self._done_count = 0
        self.is_out_of_time = False

    def run(self, verb: NetworkVerb[J, R]) -> None:
        """Work until nothing is left or the verb's time is over.

        Raises LeaseLost where another try of the same run took over; TransientError where store or ledger fail.
        """
        asyncio.run(self._run(verb))

    async def _run(self, verb: NetworkVerb[J, R]) -> None:
        nw, began, ends = self._nw, self._nw.clock(), time.monotonic() + verb.seconds
        lease = nw.lease(self._run_id, verb.seconds)
        with nw.ledger.begin() as connection:
            memory = hosts.remember(connection, began, with_robots=verb.obeys_robots)
        try:
            async with nw.client(memory) as client:
                await self._drain(verb, client, lease, ends)
        finally:  # after a failed commit too: what hosts asked for holds for the next try
            with nw.ledger.begin() as connection:
                verb.leased.release(connection, lease)
                hosts.save(connection, memory, began)
        self.is_out_of_time = time.monotonic() >= ends

    async def _drain(self, verb: NetworkVerb[J, R], client: Client, lease: Lease, ends: float) -> None:
        batching = Batching[R](verb.byte_count)

        async def start_more() -> None:
            for job in await self._claim(verb, lease, ends):
                batching.start(verb.request(client, job))

        await start_more()
        async with aclosing(batching.batches(ends)) as batches:
            async for results in batches:
                await asyncio.to_thread(self._commit, verb, results, lease)  # requests go on meanwhile
                if batching.running_count < verb.top_up:
                    await start_more()

    async def _claim(self, verb: NetworkVerb[J, R], lease: Lease, ends: float) -> Sequence[J]:
        """Claim until there is something to ask for; what needs no request is committed at once."""
        while time.monotonic() < ends:
            jobs, ended = await asyncio.to_thread(verb.claim, lease)
            if ended:
                await asyncio.to_thread(self._commit, verb, ended, lease)
            if jobs or not ended:
                return jobs
        return []

    def _commit(self, verb: NetworkVerb[J, R], results: Sequence[R], lease: Lease) -> None:
        """All at once; where the ledger does not take something of it, each by itself, and the guilty one as failed."""
        try:
            outcomes = verb.commit(results, lease)
        except RefusedByLedger as error:
            if len(results) > 1:
                for result in results:
                    self._commit(verb, [result], lease)
                return
            log.error("result refused by the ledger", reason=str(error))
            outcomes = verb.commit([verb.failed(results[0], error)], lease)
        self.outcomes.counts.update(outcomes.counts)
        self.outcomes.examples.update(outcomes.examples)
        self.committed_count += len(results)
        self._done_count += sum(map(verb.work_count, results))
        self._nw.progress(verb.what, self._done_count, verb.total)
