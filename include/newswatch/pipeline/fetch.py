"""Fetch: pending entries → pages kept, stories made. What cannot be had stays pending or keeps the feed's own text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from newswatch.errors import RefusedByLedger
from newswatch.ledger import days, hosts, revisions, stories
from newswatch.ledger.batches import Batch, BatchFile, Outcomes, commit
from newswatch.net.client import Fetcher
from newswatch.net.politeness import HostMemory
from newswatch.pipeline.batching import Gathering
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import FetchResult, PageJob, end, feed_of, make_jobs
from newswatch.pipeline.story_files import ledger_row, revision, write_stories
from newswatch.sandbox.pool import Sandbox
from newswatch.storage.warc import WarcBuffer
from newswatch.stories.assemble import Fetched, story_row
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, names_of

ENTRIES_A_CLAIM = 400  # more are taken as soon as fewer than half of them run


@dataclass(slots=True)
class FetchReport:
    """What one fetch did: outcomes of its pages, stories added, days made dirty, entries left for later."""

    page_outcomes: dict[str, int] = field(default_factory=dict)
    story_count: int = 0
    dirty_days: set[date] = field(default_factory=set)
    is_out_of_time: bool = False


def fetch_pending(nw: Newswatch, owner: str, *, shard: int = 0, shards: int = 1) -> FetchReport:
    """Drain the pending entries of this shard's hosts until none is left or the budget is used up.

    Raises LeaseLost where another try of the same owner took over; TransientError where store or ledger fail.
    """
    return asyncio.run(_Fetch(nw, owner, shard, shards).run())


class _Fetch:
    """One call of the verb: its lease, its share of the hosts, and what it has done so far."""

    def __init__(self, nw: Newswatch, owner: str, shard: int, shards: int) -> None:
        self._nw = nw
        self._shard = (shard, shards)
        self._began = nw.clock()
        self._ends = time.monotonic() + nw.settings.fetch_budget_seconds
        self._lease = nw.lease(owner, nw.settings.fetch_budget_seconds)
        self._total = Outcomes()
        self._report = FetchReport()

    async def run(self) -> FetchReport:
        nw = self._nw
        with nw.ledger.begin() as connection:
            memory = hosts.remember(connection, nw.clock(), with_robots=True)
        try:
            async with nw.fetcher(memory) as fetcher, nw.sandbox() as sandbox:
                await self._drain(fetcher, sandbox)
        finally:  # after a failed commit too: what hosts asked for holds for the next try
            self._finish(memory)
        self._report.is_out_of_time = time.monotonic() >= self._ends
        self._report.page_outcomes = self._total.totals("page")
        return self._report

    async def _drain(self, fetcher: Fetcher, sandbox: Sandbox) -> None:
        gathering = Gathering[FetchResult](lambda ended: ended.byte_count)

        def start(jobs: Sequence[PageJob]) -> None:
            for job in jobs:
                gathering.start(end(self._nw, fetcher, sandbox, job))

        start(await self._claim())
        async with aclosing(gathering.batches(self._ends)) as batches:
            async for ended in batches:
                await asyncio.to_thread(self._commit, ended)  # requests go on meanwhile
                if gathering.running_count < ENTRIES_A_CLAIM // 2:
                    start(await self._claim())

    async def _claim(self) -> list[PageJob]:
        """Take pending entries until there is something to ask for. Those whose address is known end at once."""
        while time.monotonic() < self._ends:
            jobs, known = await asyncio.to_thread(self._take)
            if known:
                await asyncio.to_thread(self._commit, known)
            if jobs or not known:
                return jobs
        return []

    def _take(self) -> tuple[list[PageJob], list[FetchResult]]:
        """A claim of entries as jobs, and those that end without a request."""
        nw = self._nw
        with nw.ledger.begin() as connection:
            claimed = stories.claim_pending(connection, *self._shard, ENTRIES_A_CLAIM, self._lease, nw.clock())
            jobs = make_jobs(nw, claimed)
            names = [name for job in jobs if job.address for name in names_of(job.address)]
            story_of = stories.known_urls(connection, names)
        known, asked = [], []
        for job in jobs:
            story_id = _story_at(story_of, job.address) if job.address else None
            if story_id:
                known.append(FetchResult(job, "same_story", known_as=story_id))
            else:
                asked.append(job)
        return asked, known

    def _commit(self, ended: Sequence[FetchResult]) -> None:
        """All at once; where the ledger does not take something of it, each by itself, and the guilty one as failed."""
        try:
            self._commit_together(ended)
        except RefusedByLedger as error:
            for e in ended:
                if len(ended) > 1:
                    self._commit([e])
                else:
                    log.error("page refused by the ledger", url=e.job.address, reason=str(error))
                    self._commit_together([FetchResult(e.job, "failed", sanitise.line(str(error)))])

    def _commit_together(self, ended: Sequence[FetchResult]) -> None:
        """Files first, then one transaction that makes them count or leaves everything as it was."""
        nw = self._nw
        batch = nw.new_batch("fetch", self._lease.owner)
        fetch_day = nw.day_of(batch.committed_at)
        raw_path = f"raw/pages/{fetch_day}/{batch.batch_id}.warc.gz"
        raw = WarcBuffer()
        rows = {id(e): _row(nw, e, raw, raw_path) for e in ended}
        with nw.ledger.begin() as connection:
            stories.hold(connection, [key for e in ended for key in e.job.keys], self._lease)
            made = [row for row in rows.values() if row]
            known = stories.known_urls(connection, [n for row in made for n in names_of(row["canonical_url"])])
            fresh = _one_a_story(made, known)
            files = _write(nw, batch, raw, raw_path, fresh)
            answers = {row["story_id"]: e.answer for e in ended if e.page and (row := rows[id(e)])}
            ledger_rows = [ledger_row(row, batch, answers.get(story_id)) for story_id, row in sorted(fresh.items())]
            added = stories.add(connection, ledger_rows)
            first = [revision(i, 1, r, r["first_seen_at"]) for r in ledger_rows if (i := r["story_id"]) in added]
            revisions.add(connection, first)
            outcomes = Outcomes()
            for e in ended:
                row = rows[id(e)]
                is_first = row is not None and row["story_id"] in added and fresh[row["story_id"]] is row
                _count(outcomes, e, fetch_day, is_first=is_first)
            stories.add_aliases(connection, _aliases(ended, rows))
            stories.finish_entries(connection, [line for e in ended for line in _entry_lines(e, rows[id(e)])])
            commit(connection, batch, files, outcomes)
            dirty = {row["day"] for row in fresh.values() if row["story_id"] in added} | {fetch_day}
            days.mark_dirty(connection, dirty)
        self._total.counts.update(outcomes.counts)
        self._report.story_count += len(added)
        self._report.dirty_days |= dirty
        log.info("pages fetched", pages=len(ended), stories_new=len(added), outcomes=outcomes.totals("page"))

    def _finish(self, memory: HostMemory) -> None:
        with self._nw.ledger.begin() as connection:
            stories.release(connection, self._lease)
            hosts.save(connection, memory, self._began)


def _story_at(story_of: Mapping[str, str], address: str) -> str | None:
    return next((story_of[name] for name in names_of(address) if name in story_of), None)


def _one_a_story(made: Sequence[dict[str, Any]], known: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give each row the id under which its address, or a twin, is known; returns the rows that are new stories."""
    story_of = dict(known)
    fresh: dict[str, dict[str, Any]] = {}
    for row in made:
        before = _story_at(story_of, row["canonical_url"])
        if before:
            row["story_id"] = before
        else:
            fresh[row["story_id"]] = row
        story_of |= {name: row["story_id"] for name in names_of(row["canonical_url"]) if name not in story_of}
    return fresh


def _row(nw: Newswatch, e: FetchResult, raw: WarcBuffer, raw_path: str) -> dict[str, Any] | None:
    """The story that the job makes, its bytes put into `raw`; None where it makes none, or none yet."""
    offset, size = raw.add(e.answer) if e.answer else (0, 0)
    if e.known_as or e.retry_at:
        return None
    fetched = Fetched(e.answer.url, e.page, raw_path, offset, size) if e.answer and e.page else None
    entry = e.job.entries[0]
    return story_row(entry, feed_of(nw, entry), fetched, nw.settings.zone)


def _write(
    nw: Newswatch, batch: Batch, raw: WarcBuffer, raw_path: str, fresh: Mapping[str, dict[str, Any]]
) -> list[BatchFile]:
    """The bytes, and the stories made of them."""
    files = [nw.write_file(raw_path, raw.content(), raw.count)] if raw.count else []
    return files + write_stories(nw, batch, list(fresh.values()))


def _count(outcomes: Outcomes, e: FetchResult, day: date, *, is_first: bool) -> None:
    """One outcome an entry: the first that brought a story counts as read, the others as leading to the same one."""
    if e.outcome is None:
        return
    for number, entry in enumerate(e.job.entries):
        is_same = e.outcome == "ok" and (number > 0 or not is_first)
        outcome = "same_story" if is_same else e.outcome
        outcomes.add("page", outcome, entry["feed_id"], day, (e.detail or e.job.address or "")[:300])


def _aliases(ended: Sequence[FetchResult], rows: Mapping[int, dict[str, Any] | None]) -> dict[str, str]:
    """Every address that a story was met under, with their twin keys; the story's own come first."""
    story_of: dict[str, str] = {}
    for e in ended:
        row = rows[id(e)]
        story_id = row["story_id"] if row else e.known_as
        addresses = [row["canonical_url"] if row else None, e.job.address]
        addresses.append(canonical_url(e.answer.url) if e.answer and e.page else None)
        if story_id:
            for name in (name for address in addresses if address for name in names_of(address)):
                story_of.setdefault(name, story_id)
    return story_of


def _entry_lines(e: FetchResult, row: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [
        {
            "of_feed": feed_id,
            "of_entry": entry_key,
            "state": "pending" if e.retry_at else "done",
            "attempt_count": e.job.attempt_count + (e.outcome is not None),
            "next_attempt_at": e.retry_at,
            "story_id": row["story_id"] if row else e.known_as,
        }
        for feed_id, entry_key in e.job.keys
    ]
