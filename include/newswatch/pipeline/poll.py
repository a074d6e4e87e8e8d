"""Poll: feeds → bytes kept, entries known, everything about them in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

from newswatch import local_days
from newswatch.config.catalogue import Feed
from newswatch.errors import RefusedByLedger
from newswatch.feeds import schedule
from newswatch.feeds.state import SUCCESSES, FeedState
from newswatch.ledger import days, feeds, hosts
from newswatch.ledger.batches import Outcomes, commit
from newswatch.net.politeness import HostMemory
from newswatch.pipeline.batching import Gathering
from newswatch.pipeline.feed_request import Polled, ask, failed
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.poll_batch import PollBatch
from newswatch.urls.canonical import host_of


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll did: outcomes of its feeds and entries, and the days that it made dirty."""

    feed_outcomes: dict[str, int]
    entry_outcomes: dict[str, int]
    dirty_days: tuple[date, ...]
    held_count: int = 0  # feeds left to somebody else who polls them just now
    late_count: int = 0  # feeds that the time was not enough for; they stay due

    @property
    def is_any_read(self) -> bool:
        """Whether any feed answered with a feed, or said that nothing had changed."""
        return any(self.feed_outcomes.get(outcome) for outcome in SUCCESSES)


@dataclass(frozen=True, slots=True)
class PollShard:
    """Feeds that one task polls. A host's feeds are all in one shard, so that the pause between requests holds."""

    name: str
    feed_ids: tuple[str, ...]


def plan_poll(nw: Newswatch, shards: int, *, only_due: bool = True) -> list[PollShard]:
    """Share out the feeds whose turn it is (or all of them) over at most `shards` shards of like size."""
    with nw.ledger.begin() as connection:
        wanted = feeds.due(connection, nw.catalogue.feeds, nw.clock(), only_due=only_due)
    by_host: dict[str, list[str]] = {}
    for feed_id in wanted:  # of a host with too many feeds for the time, those that have waited longest come first
        by_host.setdefault(host_of(nw.feeds[feed_id].url), []).append(feed_id)
    return [
        PollShard(f"{len(feed_ids)} feeds", tuple(feed_ids))
        for feed_ids in schedule.share_out(list(by_host.values()), shards)
    ]


def poll(nw: Newswatch, feed_ids: Sequence[str], owner: str) -> PollReport:
    """Poll the given feeds. A feed that somebody else polls just now is left to them.

    Raises LeaseLost where another try of the same owner took over; TransientError where store or ledger fail.
    """
    return asyncio.run(_Poll(nw, owner).run([nw.feeds[feed_id] for feed_id in feed_ids if feed_id in nw.feeds]))


class _Poll:
    """One call of the verb: its lease, and what it has counted so far."""

    def __init__(self, nw: Newswatch, owner: str) -> None:
        self._nw = nw
        self._began = nw.clock()
        self._lease = nw.lease(owner, nw.settings.poll_budget_seconds)
        self._total = Outcomes()
        self._dirty: set[date] = set()

    async def run(self, chosen: list[Feed]) -> PollReport:
        nw, ends = self._nw, time.monotonic() + self._nw.settings.poll_budget_seconds
        with nw.ledger.begin() as connection:
            states = {s.feed_id: s for s in feeds.claim(connection, chosen, self._lease, nw.clock())}
            memory = hosts.remember(connection, nw.clock(), with_robots=False)
        done = 0
        gathering = Gathering[Polled](lambda p: p.byte_count)
        try:
            async with nw.fetcher(memory) as fetcher, nw.sandbox() as sandbox:
                for feed in chosen:
                    if feed.id in states:
                        gathering.start(ask(nw, fetcher, sandbox, feed, states[feed.id]))
                async with aclosing(gathering.batches(ends)) as batches:
                    async for polled in batches:
                        done += len(polled)
                        await asyncio.to_thread(self._commit, polled)  # requests go on meanwhile
        finally:  # after a failed commit too: what hosts asked for holds for the next try
            self._finish(memory)
        return PollReport(
            self._total.totals("feed"),
            self._total.totals("entry"),
            tuple(sorted(self._dirty)),
            held_count=len(chosen) - len(states),
            late_count=len(states) - done,
        )

    def _commit(self, polled: Sequence[Polled]) -> None:
        """All at once; where the ledger does not take something of it, each by itself, and the guilty one as failed."""
        try:
            self._commit_together(polled)
        except RefusedByLedger as error:
            for p in polled:
                if len(polled) > 1:
                    self._commit([p])
                else:
                    log.error("feed refused by the ledger", feed=p.feed.id, reason=str(error))
                    self._commit_together([failed(p, error)])

    def _commit_together(self, polled: Sequence[Polled]) -> None:
        """Files first, then one transaction that makes them count or leaves everything as it was."""
        nw = self._nw
        draft = PollBatch(nw, nw.new_batch("poll", self._lease.owner))
        with nw.ledger.begin() as connection:
            feeds.hold(connection, [p.feed.id for p in polled], self._lease)
            covered: list[tuple[str, date]] = []
            after: list[FeedState] = []
            for p in polled:
                listed = [e.key for e in p.parsed.entries] if p.parsed else []
                known = feeds.known_entries(connection, p.feed.id, listed) if listed else {}
                after.append(draft.add(p, known))
                covered += [(p.feed.id, day) for day in _newly_covered(nw, p.state, after[-1])]
            draft.dirty |= feeds.add_coverage(connection, covered, draft.batch.committed_at)
            commit(connection, draft.batch, draft.write_files(), draft.outcomes)
            feeds.save_states(connection, after)
            feeds.add_polls(connection, draft.polls)
            feeds.add_entries(connection, draft.pending)
            feeds.set_fingerprints(connection, draft.changed)
            days.mark_dirty(connection, draft.dirty)
        self._total.counts.update(draft.outcomes.counts)
        self._dirty |= draft.dirty
        log.info("feeds polled", feeds=len(polled), entries_new=len(draft.rows), outcomes=draft.outcomes.totals("feed"))

    def _finish(self, memory: HostMemory) -> None:
        with self._nw.ledger.begin() as connection:
            feeds.release(connection, self._lease)
            hosts.save(connection, memory, self._began)


def _newly_covered(nw: Newswatch, before: FeedState, after: FeedState) -> list[date]:
    """Whole days that the feed's windows reach over since this poll."""
    if after.covered_from is None or after.covered_to is None:
        return []
    whole = local_days.whole_days(after.covered_from, after.covered_to, nw.settings.zone)
    if before.covered_from is None or before.covered_to is None or before.covered_from != after.covered_from:
        return whole
    since = nw.day_of(before.covered_to)  # days before it were noted then
    return [day for day in whole if day >= since]
