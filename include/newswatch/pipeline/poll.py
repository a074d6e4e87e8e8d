"""Poll: feeds → bytes kept, entries known, everything about them in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from newswatch import clean, decide, tables, urls
from newswatch.config import Feed
from newswatch.decide import FeedState
from newswatch.errors import ParseFailed
from newswatch.fetch import Fetcher, Request, retry_after_seconds
from newswatch.ledger import days, feeds
from newswatch.ledger.batches import Batch, BatchFile, Outcomes, commit
from newswatch.model import Entry, Failure, ParsedFeed, Response
from newswatch.pipeline.context import Newswatch, log
from newswatch.sandbox import Sandbox
from newswatch.warc import WarcBuffer

FEEDS_A_BATCH = 50
FEED_TYPES = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll did: outcomes of its feeds and entries, and the days that it made dirty."""

    feed_outcomes: dict[str, int]
    entry_outcomes: dict[str, int]
    dirty_days: tuple[date, ...]
    held_count: int = 0  # feeds left to somebody else who polls them just now

    @property
    def is_any_read(self) -> bool:
        """Whether any feed answered with a feed, or said that nothing had changed."""
        return any(self.feed_outcomes.get(outcome) for outcome in decide.SUCCESSES)


@dataclass(frozen=True, slots=True)
class _Polled:
    """One feed's answer, classified."""

    feed: Feed
    state: FeedState
    answer: Response | Failure
    outcome: str
    detail: str
    parsed: ParsedFeed | None = None

    @property
    def seconds(self) -> float:
        return self.answer.seconds if isinstance(self.answer, Response) else 0.0


@dataclass(frozen=True, slots=True)
class PollShard:
    """Feeds that one task polls. A host's feeds are all in one shard, so that the pause between requests holds."""

    name: str
    feed_ids: tuple[str, ...]


def plan_poll(nw: Newswatch, shards: int, *, only_due: bool = True) -> list[PollShard]:
    """Share out the feeds whose turn it is (or all of them) over at most `shards` shards of like size."""
    with nw.ledger.begin() as connection:
        wanted = set(feeds.due(connection, nw.catalogue.feeds, nw.clock()) if only_due else nw.feeds)
    by_host: dict[str, list[str]] = {}
    for feed in nw.catalogue.feeds:
        if feed.id in wanted:
            by_host.setdefault(urls.host_of(feed.url), []).append(feed.id)
    return [
        PollShard(f"{len(feed_ids)} feeds", tuple(feed_ids))
        for feed_ids in decide.share_out(list(by_host.values()), shards)
    ]


def poll(nw: Newswatch, feed_ids: Sequence[str], owner: str) -> PollReport:
    """Poll the given feeds. A feed that somebody else polls just now is left to them.

    Raises LeaseLost where another try of the same owner took over; TransientError where store or ledger fail.
    """
    return asyncio.run(_poll(nw, [nw.feeds[feed_id] for feed_id in feed_ids if feed_id in nw.feeds], owner))


async def _poll(nw: Newswatch, chosen: list[Feed], owner: str) -> PollReport:
    settings = nw.settings
    total = Outcomes()
    dirty: set[date] = set()
    held = 0
    async with nw.fetcher() as fetcher, nw.sandbox() as sandbox:
        for at in range(0, len(chosen), FEEDS_A_BATCH):
            group = chosen[at : at + FEEDS_A_BATCH]
            most_on_a_host = max(Counter(urls.host_of(feed.url) for feed in group).values())
            lease = nw.lease(owner, settings.request_deadline_seconds * most_on_a_host)
            with nw.ledger.begin() as connection:
                states = feeds.claim(connection, group, lease, nw.clock())
            by_id = {feed.id: feed for feed in group}
            polled = await asyncio.gather(*(_poll_one(nw, fetcher, sandbox, by_id[s.feed_id], s) for s in states))
            held += len(group) - len(states)
            dirty |= _commit(nw, polled, lease, total)
    return PollReport(total.totals("feed"), total.totals("entry"), tuple(sorted(dirty)), held)


async def _poll_one(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, feed: Feed, state: FeedState) -> _Polled:
    """Poll one feed. A fault of ours costs this feed, not its neighbours."""
    try:
        return await _request(nw, fetcher, sandbox, feed, state)
    except Exception as error:
        log.exception("feed failed", feed=feed.id)
        detail = clean.line(f"{type(error).__name__}: {error}")
        return _Polled(feed, state, Failure(feed.url, "failed", detail, is_transient=False), "failed", detail)


async def _request(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, feed: Feed, state: FeedState) -> _Polled:
    headers = {"Accept": FEED_TYPES, **decide.conditional_headers(state)}
    answer = await fetcher.get(Request(feed.url, nw.settings.max_feed_bytes, headers, feed.allow_private))
    if isinstance(answer, Failure):
        return _Polled(feed, state, answer, answer.outcome, answer.detail)
    if answer.status == 304 or (answer.status == 200 and _sha256(answer.body) == state.body_sha256):
        return _Polled(feed, state, answer, "not_modified", "")
    if answer.status == 410:
        return _Polled(feed, state, answer, "gone", f"{feed.url} says that it is gone for good")
    if answer.status != 200:
        return _Polled(feed, state, answer, f"http_{answer.status}", f"{answer.url} answered {answer.status}")
    content_type = clean.line(answer.header("Content-Type") or "")
    try:
        parsed = await sandbox.feed(
            answer.body, feed_id=feed.id, url=answer.url, content_type=content_type, timezone=feed.timezone
        )
    except ParseFailed as error:
        return _Polled(feed, state, answer, error.reason, str(error))
    return _Polled(feed, state, answer, "ok", "", parsed)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _commit(nw: Newswatch, polled: Sequence[_Polled], lease: feeds.Lease, total: Outcomes) -> set[date]:
    """Files first, then one transaction that makes them count or leaves everything as it was."""
    if not polled:
        return set()
    draft = _Draft(nw, nw.new_batch("poll", lease.owner))
    with nw.ledger.begin() as connection:
        feeds.hold(connection, [p.feed.id for p in polled], lease)
        for p in polled:
            listed = [e.key for e in p.parsed.entries] if p.parsed else []
            known = feeds.known_entries(connection, p.feed.id, listed)
            draft.add(p, known)
            changes = _state_changes(p, draft.moment_of(p), knew_an_entry=bool(known))
            if "covered_to" in changes:
                whole = decide.whole_days(changes["covered_from"], changes["covered_to"], nw.settings.zone)
                draft.dirty |= set(feeds.add_coverage(connection, p.feed.id, whole))
            feeds.save_state(connection, p.feed.id, changes)
        commit(connection, draft.batch, draft.write_files(), draft.outcomes)
        feeds.add_polls(connection, draft.polls)
        feeds.add_entries(connection, draft.pending)
        days.mark_dirty(connection, draft.dirty)
    total.counts.update(draft.outcomes.counts)
    log.info("feeds polled", feeds=len(polled), entries_new=len(draft.rows), outcomes=draft.outcomes.totals("feed"))
    return draft.dirty


class _Draft:
    """What one batch of polls will write: bytes, entries, ledger rows, outcomes."""

    def __init__(self, nw: Newswatch, batch: Batch) -> None:
        self._nw = nw
        self._raw = WarcBuffer()
        self.batch = batch
        self.day = nw.day_of(batch.committed_at)
        self.dirty = {self.day}
        self.outcomes = Outcomes()
        self.rows: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self.polls: list[dict[str, Any]] = []

    @property
    def _raw_path(self) -> str:
        return f"raw/feeds/{self.day}/{self.batch.batch_id}.warc.gz"

    @property
    def _entries_path(self) -> str:
        return f"batches/entries/{self.day}/{self.batch.batch_id}.parquet"

    def moment_of(self, p: _Polled) -> datetime:
        """When the feed answered, or when its failure was noted."""
        return p.answer.fetched_at if isinstance(p.answer, Response) else self.batch.committed_at

    def add(self, p: _Polled, known: set[str]) -> None:
        """One feed's answer: its bytes unless they are those of last time, its entries that are new, its outcome."""
        raw_path = None
        if isinstance(p.answer, Response) and p.outcome != "not_modified" and p.answer.raw_body:
            self._raw.add(p.answer)
            raw_path = self._raw_path
        entries = p.parsed.entries if p.parsed else ()
        fresh = {e.key: e for e in reversed(entries) if e.key not in known}
        moment = self.moment_of(p)
        for entry in fresh.values():
            state, outcome = _entry_state(entry)
            self.rows.append(_entry_row(entry, moment))
            self.pending.append(_pending_row(p.feed, entry, state, self._entries_path, moment))
            self.outcomes.add("entry", outcome, p.feed.id, self.day, entry.key[:300])
        self.outcomes.add("entry", "known", p.feed.id, self.day, "", len(entries) - len(fresh))
        self.outcomes.add("feed", p.outcome, p.feed.id, self.day, p.detail[:300])
        self.polls.append(
            {
                "batch_id": self.batch.batch_id,
                "feed_id": p.feed.id,
                "day": self.day,
                "polled_at": moment,
                "outcome": p.outcome,
                "detail": p.detail[:500],
                "entry_count": len(entries),
                "new_entry_count": len(fresh),
                "seconds": p.seconds,
                "raw_path": raw_path,
            }
        )

    def write_files(self) -> list[BatchFile]:
        files = []
        if self._raw.count:
            files.append(self._nw.write_file(self._raw_path, self._raw.content(), self._raw.count))
        if self.rows:
            files.append(self._nw.write_rows(self._entries_path, tables.ENTRIES, self.rows))
        return files


def _entry_state(entry: Entry) -> tuple[str, str]:
    """The entry's state in the ledger, and its outcome."""
    if entry.url:
        return "pending", "new"
    return ("pending", "no_link") if entry.title or entry.summary else ("done", "empty")


def _entry_row(entry: Entry, moment: datetime) -> dict[str, Any]:
    return {
        "feed_id": entry.feed_id,
        "entry_key": entry.key,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "authors": list(entry.authors),
        "published_at": clean.credible(entry.published_at, moment),
        "first_seen_at": moment,
    }


def _pending_row(feed: Feed, entry: Entry, state: str, path: str, moment: datetime) -> dict[str, Any]:
    return {
        "feed_id": feed.id,
        "entry_key": entry.key,
        "url": entry.url,
        "host": urls.host_of(entry.url or feed.url),
        "path": path,
        "first_seen_at": moment,
        "state": state,
    }


def _window_from(parsed: ParsedFeed, moment: datetime) -> datetime | None:
    """Publication time of the oldest entry with a date that makes sense."""
    dates = (clean.credible(entry.published_at, moment) for entry in parsed.entries)
    return min(filter(None, dates), default=None)


def _state_changes(p: _Polled, moment: datetime, *, knew_an_entry: bool) -> dict[str, Any]:
    """The feed's new state. Validators change only with a body that was understood."""
    failures = 0 if p.outcome in decide.SUCCESSES else p.state.failure_count + 1
    wait = retry_after_seconds(p.answer.header("Retry-After"), moment) if isinstance(p.answer, Response) else None
    changes: dict[str, Any] = {
        "polled_at": moment,
        "last_outcome": p.outcome,
        "failure_count": failures,
        "next_due_at": decide.next_due_at(p.outcome, failures, moment, wait),
    }
    if p.outcome not in decide.SUCCESSES or not isinstance(p.answer, Response):
        return changes
    window_from = _window_from(p.parsed, moment) if p.parsed else p.state.covered_to
    is_joined = knew_an_entry or p.parsed is None
    begin, end = decide.covered_window(p.state, moment, window_from, knew_an_entry=is_joined)
    changes |= {"succeeded_at": moment, "covered_from": begin, "covered_to": end}
    if p.parsed:
        changes |= {
            "etag": p.answer.header("ETag"),
            "last_modified": p.answer.header("Last-Modified"),
            "body_sha256": _sha256(p.answer.body),
        }
    return changes
