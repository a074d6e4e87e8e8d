"""Fetch: pending entries → pages kept, stories made. What cannot be had stays pending or keeps the feed's own text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from newswatch import clean, decide, tables, urls
from newswatch.compose import Fetched, story_row
from newswatch.config import Feed
from newswatch.errors import ParseFailed
from newswatch.fetch import Fetcher, Request
from newswatch.ledger import days, stories
from newswatch.ledger.batches import Batch, BatchFile, Outcomes, commit
from newswatch.ledger.feeds import Lease
from newswatch.model import ExtractedPage, Failure, Response
from newswatch.pipeline.context import Newswatch, log
from newswatch.sandbox import Sandbox
from newswatch.warc import WarcBuffer

ENTRIES_A_BATCH = 400
PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses worth another try (RFC 9110, RFC 6585, RFC 8470)

Key = tuple[str, str]  # feed_id, entry_key


@dataclass(slots=True)
class FetchReport:
    """What one fetch did: outcomes of its pages, stories added, days made dirty, entries left for later."""

    page_outcomes: dict[str, int] = field(default_factory=dict)
    story_count: int = 0
    dirty_days: set[date] = field(default_factory=set)
    is_out_of_time: bool = False


@dataclass(frozen=True, slots=True)
class _Job:
    """All pending entries that lead to one address: one request serves them."""

    address: str | None  # canonical; None: an entry without a link
    entries: tuple[dict[str, Any], ...]
    attempt_count: int

    @property
    def keys(self) -> list[Key]:
        return [(e["feed_id"], e["entry_key"]) for e in self.entries]


@dataclass(frozen=True, slots=True)
class _Ended:
    """A job after its request. `outcome` None: no request was made (no link, or its host is paused)."""

    job: _Job
    outcome: str | None
    detail: str = ""
    fetched: Fetched | None = None
    known_as: str | None = None  # story id, where the address was known before
    retry_at: datetime | None = None


def fetch_pending(nw: Newswatch, owner: str, *, shard: int = 0, shards: int = 1) -> FetchReport:
    """Drain the pending entries of this shard's hosts until none is left or the budget is used up.

    Raises LeaseLost where another try of the same owner took over; TransientError where store or ledger fail.
    """
    return asyncio.run(_fetch(nw, owner, shard, shards))


async def _fetch(nw: Newswatch, owner: str, shard: int, shards: int) -> FetchReport:
    settings = nw.settings
    ends = time.monotonic() + settings.fetch_budget_seconds
    report, total = FetchReport(), Outcomes()
    async with nw.fetcher() as fetcher, nw.sandbox() as sandbox:
        while not report.is_out_of_time:
            lease = nw.lease(owner, settings.fetch_budget_seconds)
            with nw.ledger.begin() as connection:
                claimed = stories.claim_pending(connection, shard, shards, ENTRIES_A_BATCH, lease, nw.clock())
            if not claimed:
                break
            raw = WarcBuffer()
            ended, jobs = _known(nw, _jobs(nw, claimed))
            tasks = [asyncio.create_task(_end(nw, fetcher, sandbox, raw, job)) for job in jobs]
            late = await _wait(tasks, max(1.0, ends - time.monotonic()))
            report.is_out_of_time = bool(late) or time.monotonic() >= ends
            ended += [task.result() for task in tasks if not task.cancelled()]
            _commit(nw, ended, raw, lease, report, total)
    report.page_outcomes = total.totals("page")
    return report


async def _wait(tasks: Sequence[asyncio.Task[_Ended]], seconds: float) -> set[asyncio.Task[_Ended]]:
    """Wait for the tasks; returns those that were not done in time, cancelled."""
    if not tasks:
        return set()
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return late


def _known(nw: Newswatch, jobs: Sequence[_Job]) -> tuple[list[_Ended], list[_Job]]:
    """Jobs that end without a request, their address being known, and the rest."""
    with nw.ledger.begin() as connection:
        story_of = stories.known_urls(connection, [job.address for job in jobs if job.address])
    ended = [
        _Ended(job, "same_story", known_as=story_of[job.address])
        for job in jobs
        if job.address and job.address in story_of
    ]
    return ended, [job for job in jobs if job.address not in story_of]


def _jobs(nw: Newswatch, claimed: Sequence[Mapping[str, Any]]) -> list[_Job]:
    """Entries with what their poll kept of them, grouped by address."""
    texts: dict[str, dict[Key, dict[str, Any]]] = {}
    groups: dict[str, list[tuple[dict[str, Any], int]]] = {}
    # In one order everywhere: the first entry of an address decides whose story it is.
    for row in sorted(claimed, key=lambda r: (r["first_seen_at"], r["feed_id"], r["entry_key"])):
        path, key = row["path"], (row["feed_id"], row["entry_key"])
        if path not in texts:
            stored = tables.ENTRIES.from_bytes(nw.store.read(path))
            texts[path] = {(e["feed_id"], e["entry_key"]): e for e in stored}
        address = urls.canonical(row["url"]) if row["url"] else f"no link: {key}"
        groups.setdefault(address, []).append((texts[path][key], row["attempt_count"]))
    return [
        _Job(
            address=address if members[0][0]["url"] else None,
            entries=tuple(entry for entry, _ in members),
            attempt_count=max(count for _, count in members),
        )
        for address, members in groups.items()
    ]


def _feed_of(nw: Newswatch, entry: Mapping[str, Any]) -> Feed:
    """The entry's feed; one that has left feeds.yaml meanwhile goes under its id."""
    known = nw.feeds.get(entry["feed_id"])
    return known or Feed(id=entry["feed_id"], outlet=entry["feed_id"], url="http://unlisted.invalid/", language="und")


async def _end(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, raw: WarcBuffer, job: _Job) -> _Ended:
    """Bring one job to its end: at most one page request. A fault of ours costs this page, not its neighbours."""
    try:
        return await _request(nw, fetcher, sandbox, raw, job)
    except Exception as error:
        log.exception("page failed", url=job.address)
        return _failed(nw, job, "failed", clean.line(f"{type(error).__name__}: {error}"), is_passing=False)


async def _request(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, raw: WarcBuffer, job: _Job) -> _Ended:
    if job.address is None:
        return _Ended(job, None)
    entry = job.entries[0]
    is_private = all(_feed_of(nw, e).allow_private for e in job.entries)
    request = Request(entry["url"], nw.settings.max_page_bytes, {"Accept": PAGE_TYPES}, is_private, obeys_robots=True)
    answer = await fetcher.get(request)
    if isinstance(answer, Failure):
        if answer.outcome == "host_paused":
            return _Ended(job, None, retry_at=decide.next_attempt_at(1, nw.clock()))
        return _failed(nw, job, answer.outcome, answer.detail, is_passing=answer.is_transient)
    offset, size = raw.add(answer)
    if answer.status != 200:
        detail = f"{answer.url} answered {answer.status}"
        return _failed(nw, job, f"http_{answer.status}", detail, is_passing=answer.status in _PASSING)
    try:
        page = await _page(sandbox, answer)
    except ParseFailed as error:
        return _failed(nw, job, error.reason, f"{answer.url}: {error}", is_passing=False)
    return _Ended(job, "ok", fetched=Fetched(answer.url, page, offset, size))


async def _page(sandbox: Sandbox, answer: Response) -> ExtractedPage:
    return await sandbox.page(answer.body, url=answer.url, content_type=clean.line(answer.header("Content-Type") or ""))


def _failed(nw: Newswatch, job: _Job, outcome: str, detail: str, *, is_passing: bool) -> _Ended:
    retry_at = decide.next_attempt_at(job.attempt_count + 1, nw.clock()) if is_passing else None
    return _Ended(job, outcome, detail, retry_at=retry_at)


def _commit(
    nw: Newswatch, ended: list[_Ended], raw: WarcBuffer, lease: Lease, report: FetchReport, total: Outcomes
) -> None:
    batch = nw.new_batch("fetch", lease.owner)
    fetch_day = nw.day_of(batch.committed_at)
    raw_path = f"raw/pages/{fetch_day}/{batch.batch_id}.warc.gz"
    rows = {id(e): _row(nw, e, raw_path) for e in ended}
    with nw.ledger.begin() as connection:
        stories.hold(connection, [key for e in ended for key in e.job.keys], lease)
        made = [row for row in rows.values() if row]
        known = stories.known_urls(connection, [row["canonical_url"] for row in made])
        for story in made:
            story["story_id"] = known.get(story["canonical_url"], story["story_id"])
        fresh = {row["story_id"]: row for row in reversed(made) if row["canonical_url"] not in known}
        files = _write(nw, batch, raw, raw_path, fresh)
        added = stories.add(connection, [_ledger_row(row, batch) for _, row in sorted(fresh.items())])
        outcomes = Outcomes()
        first_of = {row["story_id"]: row for row in reversed(made)}
        for e in ended:
            row = rows[id(e)]
            is_first = row is not None and row["story_id"] in added and first_of[row["story_id"]] is row
            _count(outcomes, e, fetch_day, is_first=is_first)
        stories.add_aliases(connection, _aliases(ended, rows))
        stories.finish_entries(connection, [line for e in ended for line in _entry_lines(e, rows[id(e)])])
        stories.release(connection, lease)
        commit(connection, batch, files, outcomes)
        dirty = {row["day"] for row in fresh.values() if row["story_id"] in added} | {fetch_day}
        days.mark_dirty(connection, dirty)
    total.counts.update(outcomes.counts)
    report.story_count += len(added)
    report.dirty_days |= dirty
    log.info("pages fetched", pages=len(ended), stories_new=len(added), outcomes=outcomes.totals("page"))


def _row(nw: Newswatch, e: _Ended, raw_path: str) -> dict[str, Any] | None:
    if e.known_as or e.retry_at:
        return None
    entry = e.job.entries[0]
    return story_row(entry, _feed_of(nw, entry), e.fetched, raw_path, nw.settings.zone)


def _write(
    nw: Newswatch, batch: Batch, raw: WarcBuffer, raw_path: str, fresh: Mapping[str, dict[str, Any]]
) -> list[BatchFile]:
    """The bytes, and one file of stories for each of their days, so that a rebuild reads its own day alone."""
    files = [nw.write_file(raw_path, raw.content(), raw.count)] if raw.count else []
    by_day: dict[date, list[dict[str, Any]]] = {}
    for row in fresh.values():
        by_day.setdefault(row["day"], []).append(row)
    for day, day_rows in sorted(by_day.items()):
        files.append(nw.write_rows(_story_path(day, batch), tables.STORY_TEXTS, day_rows))
    return files


def _story_path(day: date, batch: Batch) -> str:
    return f"batches/story_texts/{day}/{batch.batch_id}.parquet"


def _ledger_row(row: Mapping[str, Any], batch: Batch) -> dict[str, Any]:
    names = ("story_id", "canonical_url", "day", "published_at_source", "first_seen_at")
    return {n: row[n] for n in names} | {"batch_id": batch.batch_id, "path": _story_path(row["day"], batch)}


def _count(outcomes: Outcomes, e: _Ended, day: date, *, is_first: bool) -> None:
    """One outcome an entry: the first that brought a story counts as read, the others as leading to the same one."""
    if e.outcome is None:
        return
    for number, entry in enumerate(e.job.entries):
        is_same = e.outcome == "ok" and (number > 0 or not is_first)
        outcome = "same_story" if is_same else e.outcome
        outcomes.add("page", outcome, entry["feed_id"], day, (e.detail or e.job.address or "")[:300])


def _aliases(ended: Sequence[_Ended], rows: Mapping[int, dict[str, Any] | None]) -> dict[str, str]:
    story_of: dict[str, str] = {}
    for e in ended:
        row = rows[id(e)]
        if row:
            addresses = [row["canonical_url"], e.job.address, urls.canonical(e.fetched.url) if e.fetched else None]
            story_of |= {address: row["story_id"] for address in addresses if address}
    return story_of


def _entry_lines(e: _Ended, row: dict[str, Any] | None) -> list[dict[str, Any]]:
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
