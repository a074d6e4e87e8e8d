"""Poll: feeds → bytes kept, entries known, everything about them in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from newswatch import clean, decide, tables, urls
from newswatch.config import Feed
from newswatch.decide import FeedState
from newswatch.errors import ParseFailed
from newswatch.fetch import Fetcher, Request, retry_after_seconds
from newswatch.ledger import days, feeds
from newswatch.ledger.batches import Outcomes, commit
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

    @property
    def new_entry_count(self) -> int:
        return self.entry_outcomes.get("new", 0) + self.entry_outcomes.get("no_link", 0)


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
    fetcher = Fetcher(
        contact=settings.contact,
        delay_seconds=settings.host_delay_seconds,
        deadline_seconds=settings.request_deadline_seconds,
    )
    sandbox = Sandbox(
        size=2, deadline_seconds=settings.parse_deadline_seconds, memory_bytes=settings.parse_memory_bytes
    )
    async with fetcher, sandbox:
        for at in range(0, len(chosen), FEEDS_A_BATCH):
            group = chosen[at : at + FEEDS_A_BATCH]
            lease = nw.lease(owner, settings.request_deadline_seconds * len(group))
            with nw.ledger.begin() as connection:
                states = feeds.claim(connection, group, lease, nw.clock())
            by_id = {feed.id: feed for feed in group}
            polled = await asyncio.gather(*(_poll_one(nw, fetcher, sandbox, by_id[s.feed_id], s) for s in states))
            dirty |= _commit(nw, polled, lease, total)
    return PollReport(total.totals("feed"), total.totals("entry"), tuple(sorted(dirty)))


async def _poll_one(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, feed: Feed, state: FeedState) -> _Polled:
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
    batch = nw.new_batch("poll", lease.owner)
    poll_day = nw.day_of(batch.committed_at)
    raw_path = f"raw/feeds/{poll_day}/{batch.batch_id}.warc.gz"
    entries_path = f"batches/entries/{poll_day}/{batch.batch_id}.parquet"
    raw, rows, pending, dirty = WarcBuffer(), [], [], {poll_day}
    with nw.ledger.begin() as connection:
        feeds.hold(connection, [p.feed.id for p in polled], lease)
        outcomes, polls = Outcomes(), []
        for p in polled:
            is_kept = isinstance(p.answer, Response) and p.outcome != "not_modified" and bool(p.answer.raw_body)
            if is_kept and isinstance(p.answer, Response):
                raw.add(p.answer)
            listed = {e.key: e for e in reversed(p.parsed.entries)} if p.parsed else {}
            known = feeds.known_entries(connection, p.feed.id, list(listed))
            fresh = [e for key, e in listed.items() if key not in known]
            moment = p.answer.fetched_at if isinstance(p.answer, Response) else nw.clock()
            for entry in fresh:
                state, outcome = _entry_state(entry)
                rows.append(_entry_row(entry, moment))
                pending.append(_pending_row(p.feed, entry, state, entries_path, moment))
                outcomes.add("entry", outcome, p.feed.id, poll_day, entry.key[:300])
            outcomes.add(
                "entry", "known", p.feed.id, poll_day, "", len(p.parsed.entries if p.parsed else ()) - len(fresh)
            )
            outcomes.add("feed", p.outcome, p.feed.id, poll_day, p.detail[:300])
            polls.append(_poll_row(p, batch.batch_id, poll_day, len(fresh), raw_path if is_kept else None, moment))
            changes = _state_changes(p, moment, knew_an_entry=bool(known))
            if "covered_to" in changes:
                whole = decide.whole_days(changes["covered_from"], changes["covered_to"], nw.settings.zone)
                dirty |= set(feeds.add_coverage(connection, p.feed.id, whole))
            feeds.save_state(connection, p.feed.id, changes)
        files = []
        if raw.count:
            files.append(nw.write_file(raw_path, raw.content(), raw.count))
        if rows:
            files.append(nw.write_rows(entries_path, tables.ENTRIES, rows))
        commit(connection, batch, files, outcomes)
        feeds.add_polls(connection, polls)
        feeds.add_entries(connection, pending)
        days.mark_dirty(connection, dirty)
    total.counts.update(outcomes.counts)
    log.info("feeds polled", feeds=len(polled), entries_new=len(rows), outcomes=outcomes.totals("feed"))
    return dirty


def _entry_state(entry: Entry) -> tuple[str, str]:
    if entry.url:
        return "pending", "new"
    return ("pending", "no_link") if entry.title or entry.summary else ("done", "empty")


def _entry_row(entry: Entry, moment: Any) -> dict[str, Any]:
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


def _pending_row(feed: Feed, entry: Entry, state: str, path: str, moment: Any) -> dict[str, Any]:
    return {
        "feed_id": feed.id,
        "entry_key": entry.key,
        "url": entry.url,
        "host": urls.host_of(entry.url or feed.url),
        "path": path,
        "first_seen_at": moment,
        "state": state,
    }


def _poll_row(p: _Polled, batch_id: str, day: date, new: int, raw_path: str | None, moment: Any) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "feed_id": p.feed.id,
        "day": day,
        "polled_at": moment,
        "outcome": p.outcome,
        "detail": p.detail[:500],
        "entry_count": len(p.parsed.entries) if p.parsed else 0,
        "new_entry_count": new,
        "seconds": p.seconds,
        "raw_path": raw_path,
    }


def _state_changes(p: _Polled, moment: Any, *, knew_an_entry: bool) -> dict[str, Any]:
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
    window_from = p.parsed.window_from if p.parsed else p.state.covered_to
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
