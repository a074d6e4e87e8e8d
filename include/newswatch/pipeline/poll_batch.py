"""What a batch of polls writes: bytes, entries, the ledger's rows, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from newswatch.config.catalogue import Feed
from newswatch.feeds import schedule, wording
from newswatch.feeds.coverage import PINNED_ENTRIES, is_gap
from newswatch.feeds.model import Entry, ParsedFeed, SeenEntry, to_row
from newswatch.feeds.state import FeedState, Listing, PollFacts, PollRecord
from newswatch.ledger.batches import Batch, BatchFile, Outcomes
from newswatch.ledger.feeds import EntryKey, KnownEntry, NewEntry
from newswatch.ledger.revisions import ListedEdit
from newswatch.net.headers import max_age_seconds, retry_after_seconds
from newswatch.net.messages import Failure, Response
from newswatch.pipeline.feed_request import Polled
from newswatch.pipeline.installation import Newswatch
from newswatch.storage import paths
from newswatch.storage.warc import WarcBuffer
from newswatch.tables.batch_tables import ENTRIES
from newswatch.text import sanitise
from newswatch.urls.canonical import host_of, twin_key


class PollBatch:
    """What one batch of polls will write: bytes, entries, the ledger's rows, outcomes."""

    def __init__(self, nw: Newswatch, batch: Batch) -> None:
        self._nw = nw
        self._raw = WarcBuffer()
        self.batch = batch
        self.day = nw.day_of(batch.committed_at)
        self.dirty = {self.day}
        self.outcomes = Outcomes()
        self.new: list[SeenEntry] = []
        self.pending: list[NewEntry] = []
        self.relisted: list[SeenEntry] = []  # known entries that read otherwise now …
        self.fingerprints: dict[EntryKey, str] = {}  # … theirs …
        self.edited: list[ListedEdit] = []  # … and the stories to which they led
        self.polls: list[PollRecord] = []

    @property
    def _raw_path(self) -> str:
        return paths.raw_feeds(self.day, self.batch.batch_id)

    @property
    def entries_path(self) -> str:
        """The file of the entries that are new or read otherwise now."""
        return paths.batch(ENTRIES.name, self.day, self.batch.batch_id)

    def add(self, p: Polled, known: Mapping[str, KnownEntry]) -> FeedState:
        """One feed's answer: its bytes unless they are those of last time, its new entries, its outcome, its state."""
        raw_path = None
        if isinstance(p.answer, Response) and p.outcome != "not_modified" and p.answer.raw_body:
            self._raw.add(p.answer)
            raw_path = self._raw_path
        moment = p.answer.fetched_at if isinstance(p.answer, Response) else self.batch.committed_at
        new = self._add_entries(p, known, moment)
        fresh = {e.key for e in new}
        seen = [k.first_seen_at for key, k in known.items() if key not in fresh]
        facts = _facts(p, moment, _listing(p.parsed, new, seen, moment) if p.parsed else None)
        after = schedule.after_poll(p.state, facts, timedelta(hours=self._nw.settings.longest_interval_hours))
        self.outcomes.add("feed", p.outcome, p.feed.id, self.day, p.detail[:300])
        self.polls.append(
            PollRecord(
                feed_id=p.feed.id,
                day=self.day,
                polled_at=moment,
                outcome=p.outcome,
                detail=p.detail[:500],
                entry_count=len(p.parsed.entries) if p.parsed else 0,
                new_entry_count=len(new),
                seconds=p.seconds,
                raw_path=raw_path,
                is_gap=facts.listing is not None and is_gap(p.state, facts.listing),
            )
        )
        return after

    def _add_entries(self, p: Polled, known: Mapping[str, KnownEntry], moment: datetime) -> list[Entry]:
        """Count each listed entry once; returns the new ones. Of a key listed twice, the first place counts."""
        entries = p.parsed.entries if p.parsed else ()
        first = {e.key: e for e in reversed(entries)}
        is_clock = _is_feeds_clock(first, known)
        new = []
        for key, entry in first.items():
            before = known.get(key)
            state, outcome = _entry_state(entry, before, is_clock=is_clock)
            credible_at = sanitise.credible(entry.published_at, moment)
            if before is None or outcome == "reused":
                new.append(entry)
                self.new.append(SeenEntry(replace(entry, published_at=credible_at), moment))
                self.pending.append(self._pending(p.feed, entry, state, moment))
            elif outcome == "changed" or not wording.is_whole(before.fingerprint):
                self.relisted.append(SeenEntry(replace(entry, published_at=credible_at), before.first_seen_at))
                self.fingerprints[p.feed.id, key] = wording.fingerprint(entry)
                if outcome == "changed" and before.story_id:
                    self.edited.append(ListedEdit(before.story_id, p.feed.id, key, before.host))
            self.outcomes.add("entry", outcome, p.feed.id, self.day, key[:300])
        self.outcomes.add("entry", "known", p.feed.id, self.day, "", len(entries) - len(first))
        self.outcomes.add("entry", "left_out", p.feed.id, self.day, "", p.parsed.left_out_count if p.parsed else 0)
        return new

    def _pending(self, feed: Feed, entry: Entry, state: str, moment: datetime) -> NewEntry:
        return NewEntry(
            feed_id=feed.id,
            entry_key=entry.key,
            url=entry.url,
            host=host_of(entry.url or feed.url),
            path=self.entries_path,
            first_seen_at=moment,
            state=state,
            fingerprint=wording.fingerprint(entry),
        )

    def write_files(self) -> list[BatchFile]:
        files = []
        if self._raw.count:
            files.append(self._nw.write_file(self._raw_path, self._raw.content(), self._raw.count))
        if rows := [to_row(seen) for seen in (*self.new, *self.relisted)]:
            files.append(self._nw.write_rows(self.entries_path, ENTRIES, rows))
        return files


def _is_feeds_clock(listed: Mapping[str, Entry], known: Mapping[str, KnownEntry]) -> bool:
    """Whether the feed dates what it lists by its own clock: every known entry has another date, and nothing else."""
    before = [(known[key].fingerprint, wording.fingerprint(entry)) for key, entry in listed.items() if key in known]
    return len(before) > PINNED_ENTRIES and all(was and wording.is_dated_anew(was, now) for was, now in before)


def _entry_state(entry: Entry, before: KnownEntry | None, *, is_clock: bool) -> tuple[str, str]:
    """The entry's state in the ledger, if it is to be written, and its outcome.

    A key with another title at another address is another story: some feeds use their numbers again. With only one of
    the two changed it is the same story, edited, or one whose link differs from poll to poll.
    """
    state, outcome = "pending", "new"
    if not entry.url:
        state, outcome = ("pending", "no_link") if entry.title or entry.summary else ("done", "empty")
    if before is None:
        return state, outcome
    now = wording.fingerprint(entry)
    if is_clock or before.fingerprint is None or not wording.is_edited(before.fingerprint, now):
        return state, "known"
    is_moved = bool(entry.url and before.url and twin_key(entry.url) != twin_key(before.url))
    is_reused = is_moved and wording.title_of(before.fingerprint) != wording.title_of(now)
    return state, "reused" if is_reused else "changed"


def _dates(entries: list[Entry] | tuple[Entry, ...], moment: datetime) -> list[datetime]:
    return [d for e in entries if (d := sanitise.credible(e.published_at, moment))]


def _listing(parsed: ParsedFeed, new: list[Entry], seen: list[datetime], moment: datetime) -> Listing:
    return Listing(
        dates=_dates(parsed.entries, moment),
        new_dates=_dates(new, moment),
        new_count=len(new),
        known_first_seen=seen,
        is_damaged=parsed.is_damaged,
        ttl_minutes=parsed.ttl_minutes,
        skip_hours=parsed.skip_hours,
        skip_days=parsed.skip_days,
    )


def _facts(p: Polled, moment: datetime, listing: Listing | None) -> PollFacts:
    if isinstance(p.answer, Failure):
        wait = p.answer.retry_after_seconds
        return PollFacts(p.outcome, moment, p.plan, retry_after_seconds=wait, detail=p.detail[:500])
    return PollFacts(
        outcome=p.outcome,
        moment=moment,
        plan=p.plan,
        retry_after_seconds=retry_after_seconds(p.answer.header("Retry-After"), moment),
        max_age_seconds=max_age_seconds(p.answer.header("Cache-Control")),
        moved_to=p.answer.moved_to,
        etag=p.answer.header("ETag"),
        last_modified=p.answer.header("Last-Modified"),
        body_sha256=p.answer.body_sha256,
        listing=listing,
        detail=p.detail[:500],
    )
