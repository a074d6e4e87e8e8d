"""Poll: feeds → bytes kept, entries known, everything about them in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa

from newswatch import local_days
from newswatch.config.catalogue import Feed
from newswatch.feeds import schedule, volatile, wording
from newswatch.feeds.state import SUCCESSES, FeedState
from newswatch.ledger import days, feeds, revisions
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.feeds import KnownEntry
from newswatch.ledger.leases import FEEDS, Lease
from newswatch.ledger.revisions import Today
from newswatch.net.client import Client
from newswatch.pipeline.feed_request import Polled, ask, failed
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.poll_batch import PollBatch
from newswatch.pipeline.session import NetworkSession, NetworkVerb
from newswatch.stories import edits
from newswatch.text.counting import counted
from newswatch.urls.canonical import host_of


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll did: outcomes of its feeds and entries, and the days that it made dirty."""

    feed_outcomes: dict[str, int]
    entry_outcomes: dict[str, int]
    dirty_days: tuple[date, ...]
    held_count: int = 0  # feeds left to somebody else who polls them just now
    late_count: int = 0  # feeds that the time was not enough for; they stay due
    failures: tuple[tuple[str, str, str], ...] = ()  # id, outcome and detail of each feed that was not read

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
        PollShard(counted(len(feed_ids), "feed"), tuple(feed_ids))
        for feed_ids in schedule.share_out(list(by_host.values()), shards)
    ]


def poll(nw: Newswatch, feed_ids: Sequence[str], run_id: str) -> PollReport:
    """Poll the given feeds. A feed that somebody else polls just now is left to them.

    Raises LeaseLost where another try of the same run took over; TransientError where store or ledger fail.
    """
    chosen = [nw.feeds[feed_id] for feed_id in feed_ids if feed_id in nw.feeds]
    session, verb = NetworkSession(nw, run_id), _Poll(nw, chosen)
    session.run(verb)
    return PollReport(
        session.outcomes.totals("feed"),
        session.outcomes.totals("entry"),
        tuple(sorted(verb.dirty)),
        held_count=len(chosen) - verb.claimed_count,
        late_count=verb.claimed_count - session.committed_count,
        failures=tuple(
            (feed_id, outcome, detail)
            for (kind, outcome, feed_id, _), detail in sorted(session.outcomes.examples.items())
            if kind == "feed" and outcome not in SUCCESSES
        ),
    )


class _Poll(NetworkVerb[tuple[Feed, FeedState], Polled]):
    """What is particular to polling; the session does the rest."""

    what = "feeds polled"
    leased = FEEDS
    obeys_robots = False
    top_up = 0

    def __init__(self, nw: Newswatch, chosen: Sequence[Feed]) -> None:
        self._nw = nw
        self._chosen = chosen
        self.seconds = nw.settings.poll_budget_seconds
        self.claimed_count = 0
        self.dirty: set[date] = set()

    def claim(self, lease: Lease) -> tuple[list[tuple[Feed, FeedState]], list[Polled]]:
        with self._nw.ledger.begin() as connection:
            states = {s.feed_id: s for s in feeds.claim(connection, self._chosen, lease, self._nw.clock())}
        self.claimed_count = self.total = len(states)
        return [(feed, states[feed.id]) for feed in self._chosen if feed.id in states], []

    async def request(self, client: Client, job: tuple[Feed, FeedState]) -> Polled:
        return await ask(self._nw, client, *job)

    def commit(self, results: Sequence[Polled], lease: Lease) -> Outcomes:
        nw = self._nw
        draft = PollBatch(nw, nw.new_batch("poll", lease.run_id))
        with nw.writing() as connection:
            FEEDS.hold(connection, [p.feed.id for p in results], lease)
            covered: list[tuple[str, date]] = []
            after: list[FeedState] = []
            for p in results:
                polled, known = _compared(connection, p)
                after.append(draft.add(polled, known))
                covered += [(p.feed.id, day) for day in _newly_covered(nw, p.state, after[-1])]
            draft.dirty |= feeds.add_coverage(connection, covered, draft.batch.committed_at)
            commit(connection, draft.batch, draft.write_files(), draft.outcomes)
            feeds.save_states(connection, after)
            feeds.add_polls(connection, draft.batch.batch_id, draft.polls)
            feeds.add_entries(connection, draft.pending)
            feeds.set_wordings(connection, draft.fingerprints, draft.entries_path)
            revisions.ask_for_visits(connection, draft.edited, draft.batch.committed_at, _today(nw, draft.day))
            days.mark_dirty(connection, draft.dirty)
        self.dirty |= draft.dirty
        log.info("feeds polled", feeds=len(results), entries_new=len(draft.new), outcomes=draft.outcomes.totals("feed"))
        return draft.outcomes

    def failed(self, result: Polled, error: Exception) -> Polled:
        return failed(result, error)

    def byte_count(self, result: Polled) -> int:
        return result.byte_count


def _compared(connection: sa.Connection, p: Polled) -> tuple[Polled, dict[str, KnownEntry]]:
    """The poll, and which of its entries were known; those with an address that is new each time by their first one."""
    if p.parsed is None or not p.parsed.entries:
        return p, {}
    entries = p.parsed.entries
    known = feeds.known_entries(connection, p.feed.id, [e.key for e in entries])
    wanted = {wording.fingerprint(entry) for entry in volatile.candidates(entries, known.keys())}
    same = feeds.with_fingerprints(connection, p.feed.id, wanted)
    addresses = {said: [(key, e.url) for key, e in of_key.items() if e.url] for said, of_key in same.items()}
    recognised = volatile.recognised(entries, known.keys(), addresses)
    before = {key: entry for of_key in same.values() for key, entry in of_key.items()}
    known |= {entry.key: before[entry.key] for entry in recognised if entry.key in before}
    return replace(p, parsed=replace(p.parsed, entries=recognised)), known


def _today(nw: Newswatch, day: date) -> Today:
    return Today(day, local_days.start_of(day + timedelta(days=1), nw.settings.tz), edits.LISTED_VISITS_A_DAY)


def _newly_covered(nw: Newswatch, before: FeedState, after: FeedState) -> list[date]:
    """Whole days that the feed's windows reach over since this poll."""
    if after.covered_from is None or after.covered_to is None:
        return []
    whole = local_days.whole_days(after.covered_from, after.covered_to, nw.settings.tz)
    if before.covered_from is None or before.covered_to is None or before.covered_from != after.covered_from:
        return whole
    since = nw.day_of(before.covered_to)  # days before it were noted then
    return [day for day in whole if day >= since]
