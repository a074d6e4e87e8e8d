"""Pages of a site's past as pending entries of its feed: noted once, whatever lists them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from newswatch.config.catalogue import Feed
from newswatch.feeds import wording
from newswatch.feeds.model import Entry, SeenEntry, to_row
from newswatch.history.selection import Listed
from newswatch.ledger import days, feeds
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.feeds import NewEntry
from newswatch.ledger.pending import Share
from newswatch.pipeline.installation import Newswatch
from newswatch.pipeline.past_sources import KINDS
from newswatch.storage import paths
from newswatch.tables.batch_tables import ENTRIES
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, host_of, story_id_of

T = TypeVar("T")
LIST = "list"
FROM_THE_NETWORK = Share(via=(*KINDS, LIST))
ENTRIES_A_BATCH = 2_000


def note_pages(nw: Newswatch, pages: Sequence[tuple[Feed, Listed]], run_id: str) -> None:
    """Note pages as pending entries of their feeds, in one transaction; those that are noted stay as they are."""
    batch = nw.new_batch("recover", run_id)
    now, day = batch.committed_at, nw.day_of(batch.committed_at)
    path = paths.batch(ENTRIES.name, day, batch.batch_id)
    wanted = {
        (feed.id, entry_key(page.entry.url, page.via)): SeenEntry(entry_of(feed, page, now), now, page.via)
        for feed, page in pages
    }
    with nw.writing() as connection:
        for feed_id in {feed_id for feed_id, _ in wanted}:  # what somebody else has noted meanwhile
            known = feeds.known_entries(connection, feed_id, [key for of_feed, key in wanted if of_feed == feed_id])
            wanted = {place: seen for place, seen in wanted.items() if place[0] != feed_id or place[1] not in known}
        if not wanted:
            return
        outcomes = Outcomes()
        for (feed_id, key), _ in wanted.items():
            outcomes.add("entry", "new", feed_id, day, key)
        file = nw.write_rows(path, ENTRIES, [to_row(seen) for seen in wanted.values()])
        commit(connection, batch, [file], outcomes)
        feeds.add_entries(connection, [_pending(seen, path) for seen in wanted.values()])
        days.mark_dirty(connection, {day})


def entry_key(url: str, via: str = LIST) -> str:
    """Of a page that was noted to be asked for, by whatever source, or of one that a source of its own has brought."""
    return f"{'past' if via in FROM_THE_NETWORK.via else via}:{story_id_of(canonical_url(url))}"


def entry_of(feed: Feed, page: Listed, now: datetime) -> Entry:
    """The page as an entry of its feed; a date that cannot be (see `sanitise.credible`) is left out."""
    past = page.entry
    published_at = sanitise.credible(past.published_at, now)
    return Entry(
        feed_id=feed.id,
        key=entry_key(past.url, page.via),
        url=past.url,
        title=past.title,
        summary=past.summary,
        authors=past.authors,
        published_at=published_at,
        published_day=past.published_day if published_at else None,
    )


def _pending(seen: SeenEntry, path: str) -> NewEntry:
    entry = seen.entry
    assert entry.url is not None
    return NewEntry(
        feed_id=entry.feed_id,
        entry_key=entry.key,
        url=entry.url,
        host=host_of(entry.url),
        path=path,
        first_seen_at=seen.first_seen_at,
        state="pending",
        fingerprint=wording.fingerprint(entry),
        via=seen.via,
    )


def in_batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many at a time as one transaction takes."""
    return (items[at : at + ENTRIES_A_BATCH] for at in range(0, len(items), ENTRIES_A_BATCH))
