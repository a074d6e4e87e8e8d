"""Feeds and entries: what is due, who polls it, and the one transaction that ends a poll."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.config.catalogue import Feed
from newswatch.feeds.coverage import Covered
from newswatch.feeds.schedule import is_due
from newswatch.feeds.state import SUCCESSES, FeedState, GoodPoll, PollRecord, Window
from newswatch.ledger import schema as t
from newswatch.ledger.leases import FEEDS, FREE, Lease
from newswatch.ledger.rows import row_of

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
STATE = [t.feeds.c[name] for name in FeedState.__dataclass_fields__]
EntryKey = tuple[str, str]  # feed id, and the entry's key within the feed


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry as it was seen last. `fingerprint`: of `feeds.wording`. `story_id` None: it led to none, or not yet."""

    url: str | None
    host: str
    fingerprint: str | None
    first_seen_at: datetime
    story_id: str | None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry as its poll adds it. `state`: `pending` where a page or the feed's own text is to become a story."""

    feed_id: str
    entry_key: str
    url: str | None
    host: str
    path: str  # the file that holds what the feed says of it
    first_seen_at: datetime
    state: str
    fingerprint: str
    via: str | None = None  # what of the site's past lists it; None: a poll


def due(connection: sa.Connection, feeds: Sequence[Feed], now: datetime, *, only_due: bool = True) -> list[str]:
    """Ids of the given feeds that are due (or of all), those first that have waited longest; never polled is longest.

    A new address of a feed starts it afresh.
    """
    rows = connection.execute(sa.select(t.feeds.c.feed_id, t.feeds.c.url, t.feeds.c.next_due_at)).all()
    url_of = {feed.id: feed.url for feed in feeds}
    known = {row.feed_id: row.next_due_at for row in rows if url_of.get(row.feed_id) == row.url}
    wanted = [feed.id for feed in feeds if not only_due or is_due(known.get(feed.id), now)]
    return sorted(wanted, key=lambda feed_id: known.get(feed_id) or _LONG_AGO)


def claim(connection: sa.Connection, feeds: Iterable[Feed], lease: Lease, now: datetime) -> list[FeedState]:
    """Take the feeds that nobody else polls just now. The same owner takes its own again: that is a second try.

    A feed whose address has changed starts afresh: what was known belongs to the old one.
    """
    url_of = {feed.id: feed.url for feed in feeds}
    if not url_of:
        return []
    known = set(connection.scalars(sa.select(t.feeds.c.feed_id).where(t.feeds.c.feed_id.in_(url_of))))
    fresh = [{"feed_id": feed_id, "url": url_of[feed_id]} for feed_id in sorted(url_of.keys() - known)]
    if fresh:
        connection.execute(insert(t.feeds).on_conflict_do_nothing(), fresh)
    rows = FEEDS.claim(connection, [t.feeds.c.feed_id.in_(url_of)], lease, now, STATE)
    states = (FeedState(**row._asdict()) for row in rows)
    return [s if s.url == url_of[s.feed_id] else FeedState(s.feed_id, url_of[s.feed_id]) for s in states]


def known_entries(connection: sa.Connection, feed_id: str, keys: Sequence[str]) -> dict[str, KnownEntry]:
    """Those of the keys that have been seen in this feed."""
    e = t.entries.c
    query = sa.select(e.entry_key, *(e[name] for name in KnownEntry.__dataclass_fields__))
    rows = connection.execute(query.where(e.feed_id == feed_id, e.entry_key.in_(keys)))
    return {key: KnownEntry(*known) for key, *known in rows}


def newest_links(connection: sa.Connection, feed_id: str, limit: int) -> list[str]:
    """Links of the feed's entries, those that were seen last."""
    e = t.entries.c
    query = sa.select(e.url).where(e.feed_id == feed_id, e.url.is_not(None), e.via.is_(None))
    return list(connection.scalars(query.order_by(e.first_seen_at.desc(), e.entry_key).limit(limit)))


def with_fingerprints(
    connection: sa.Connection, feed_id: str, fingerprints: Collection[str]
) -> dict[str, dict[str, KnownEntry]]:
    """Fingerprint → the feed's entries that say just this, by key, the first seen first."""
    if not fingerprints:
        return {}
    e = t.entries.c
    query = sa.select(e.entry_key, *(e[name] for name in KnownEntry.__dataclass_fields__))
    query = query.where(e.feed_id == feed_id, e.fingerprint.in_(fingerprints)).order_by(e.first_seen_at, e.entry_key)
    found: dict[str, dict[str, KnownEntry]] = {}
    for key, *known in connection.execute(query):
        entry = KnownEntry(*known)
        found.setdefault(entry.fingerprint or "", {})[key] = entry
    return found


def save_states(connection: sa.Connection, states: Sequence[FeedState]) -> None:
    """Write the feeds' new states and give their leases back. A window that does not go on is kept apart."""
    if states:
        _keep_ended_windows(connection, states)
        rows = [{c.name: getattr(state, c.name) for c in STATE} | FREE for state in states]
        statement = insert(t.feeds)
        changed = {name: statement.excluded[name] for name in rows[0] if name != "feed_id"}
        statement = statement.on_conflict_do_update(index_elements=["feed_id"], set_=changed)
        connection.execute(statement.returning(t.feeds.c.feed_id), rows)


def _keep_ended_windows(connection: sa.Connection, states: Sequence[FeedState]) -> None:
    """Keep the windows that stand there and that the new states do not go on with."""
    begin_of = {state.feed_id: state.covered_from for state in states}
    f = t.feeds.c
    query = sa.select(f.feed_id, f.covered_from, f.covered_to).where(f.feed_id.in_(begin_of), f.covered_to.is_not(None))
    ended = [row._asdict() for row in connection.execute(query) if row.covered_from != begin_of[row.feed_id]]
    if ended:
        statement = insert(t.ended_windows)
        longer = sa.func.greatest(t.ended_windows.c.covered_to, statement.excluded.covered_to)
        key = [column.name for column in t.ended_windows.primary_key]
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"covered_to": longer}), ended)


def add_entries(connection: sa.Connection, entries: Sequence[NewEntry]) -> None:
    """Add entries; one that is known takes the new address, text and state, and keeps when it was first seen."""
    if entries:
        statement = insert(t.entries)
        names = ("url", "host", "path", "state", "fingerprint")
        # Whoever fetches the entry's page just now fetches another story's: its lease is taken away.
        changed: dict[str, Any] = {name: statement.excluded[name] for name in names}
        changed |= {"attempt_count": 0, "next_attempt_at": None} | FREE
        statement = statement.on_conflict_do_update(index_elements=["feed_id", "entry_key"], set_=changed)
        connection.execute(statement, [row_of(entry) for entry in entries])


def set_wordings(connection: sa.Connection, fingerprints: Mapping[EntryKey, str], path: str) -> None:
    """Note what known entries say now, and the file that holds it."""
    if fingerprints:
        e = t.entries.c
        is_it = (e.feed_id == sa.bindparam("of_feed")) & (e.entry_key == sa.bindparam("of_entry"))
        rows = [
            {"of_feed": feed, "of_entry": key, "fingerprint": text, "path": path}
            for (feed, key), text in sorted(fingerprints.items())
        ]
        connection.execute(sa.update(t.entries).where(is_it), rows)


def add_coverage(
    connection: sa.Connection, days: Sequence[tuple[str, date]], now: datetime, via: str | None = None
) -> set[date]:
    """Note that feeds' windows reach over days (feed id, day) by now; returns days that gained a feed.

    `via`: what of the site's past lists these days; None: polls.
    """
    if not days:
        return set()
    rows = [{"feed_id": feed_id, "day": day, "known_at": now, "via": via} for feed_id, day in days]
    statement = insert(t.coverage).values(rows)
    return set(connection.scalars(statement.on_conflict_do_nothing().returning(t.coverage.c.day)))


def add_past_window(connection: sa.Connection, feed_id: str, window: Window) -> None:
    """Keep a stretch of time of which something of the feed's site listed everything."""
    statement = insert(t.ended_windows).values(feed_id=feed_id, **row_of(window))
    longer = sa.func.greatest(t.ended_windows.c.covered_to, statement.excluded.covered_to)
    key = [column.name for column in t.ended_windows.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"covered_to": longer}))


def windows(connection: sa.Connection) -> dict[str, list[Window]]:
    """Every window that the polls of a feed, or what lists its past, have reached over: by feed id, in time's order."""
    w, f = t.ended_windows.c, t.feeds.c
    ended = sa.select(w.feed_id, w.covered_from, w.covered_to, w.known_at, w.via)
    going_on = sa.select(f.feed_id, f.covered_from, f.covered_to, sa.null(), sa.null()).where(f.covered_to.is_not(None))
    found: dict[str, list[Window]] = {}
    rows = connection.execute(sa.union(ended, going_on))
    for feed_id, *window in sorted(rows, key=lambda row: (row.covered_to, row.covered_from)):
        found.setdefault(feed_id, []).append(Window(*window))
    return found


def good_polls(connection: sa.Connection) -> dict[str, list[GoodPoll]]:
    """Every poll that succeeded, by feed id, in order of time."""
    p = t.polls.c
    query = sa.select(p.feed_id, p.polled_at, t.batches.c.committed_at).join(
        t.batches, t.batches.c.batch_id == p.batch_id
    )
    found: dict[str, list[GoodPoll]] = {}
    for row in connection.execute(query.where(p.outcome.in_(SUCCESSES)).order_by(p.polled_at)):
        found.setdefault(row.feed_id, []).append(GoodPoll(row.polled_at, row.committed_at))
    return found


def coverage(connection: sa.Connection) -> set[tuple[str, date]]:
    """Feed id and day, of every day that a feed's windows reach over."""
    return {(row.feed_id, row.day) for row in connection.execute(sa.select(t.coverage.c.feed_id, t.coverage.c.day))}


def replace_coverage(connection: sa.Connection, covered: Mapping[tuple[str, date], Covered]) -> None:
    """Let these be the covered days (feed id, day), and no others."""
    connection.execute(sa.delete(t.coverage))
    rows = [{"feed_id": feed_id, "day": day, **of_day._asdict()} for (feed_id, day), of_day in sorted(covered.items())]
    if rows:
        connection.execute(sa.insert(t.coverage), rows)


def add_polls(connection: sa.Connection, batch_id: str, polls: Sequence[PollRecord]) -> None:
    """Note how these polls, committed with the batch, have ended."""
    connection.execute(sa.insert(t.polls), [row_of(poll) | {"batch_id": batch_id} for poll in polls])
