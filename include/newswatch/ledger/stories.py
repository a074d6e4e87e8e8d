"""Known stories: where each has its text, and which row of which batch counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.ledger import schema as t
from newswatch.ledger.rows import row_of
from newswatch.stories.story import LineSample


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server wants to be asked with, so that it need not send a page that has not changed (RFC 9110, 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class StoredText:
    """One text of a story: the file that holds it, and what recurring lines are learnt from."""

    day: date
    published_at_source: str
    host: str
    headline_key: int
    edge_keys: Sequence[int]
    inner_keys: Sequence[int]
    batch_id: str
    path: str


@dataclass(frozen=True, slots=True)
class NewStory:
    """A story as its first commit adds it. `page_url`: what answered; None: no page was had.

    `link_story_id`: the first story behind its link, where it is another one's address already.
    """

    story_id: str
    canonical_url: str
    first_seen_at: datetime
    text: StoredText
    page_url: str | None
    validators: Validators
    link_story_id: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class ListedWords:
    """What an entry says that led to a story without a page. `fingerprint`: of `feeds.wording`."""

    story_id: str
    feed_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class NewText:
    """Another text of a story, which counts from now on if the story still counts by the one that was read.

    `read_batch_id`: the batch that made that. `revision_number`, `validators`: where they change too.
    """

    story_id: str
    read_batch_id: str
    text: StoredText
    revision_number: int | None = None
    validators: Validators | None = None


class TextVersion(NamedTuple):
    """Which text of a story: the number of its revision, and the batch that made it as it is read now."""

    number: int
    batch_id: str


@dataclass(frozen=True, slots=True)
class UntaggedStory:
    story_id: str
    batch_id: str
    path: str
    day: date
    page_url: str | None


@dataclass(frozen=True, slots=True)
class KnownStory:
    """Where a story's newest text is, and the day to which it belongs."""

    story_id: str
    canonical_url: str
    day: date
    first_seen_at: datetime
    batch_id: str
    path: str


@dataclass(frozen=True, slots=True)
class StoryPlace:
    """The file of a story's newest text, and its day."""

    story_id: str
    path: str
    day: date


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry that led to a story, and the file that holds what its feed said."""

    feed_id: str
    entry_key: str
    url: str | None
    first_seen_at: datetime
    path: str


def known_urls(connection: sa.Connection, canonical_urls: Sequence[str]) -> dict[str, str]:
    """Alias → story id, for those of the addresses that are known."""
    rows = connection.execute(sa.select(t.aliases).where(t.aliases.c.url.in_(canonical_urls)))
    return {row.url: row.story_id for row in rows}


def polled(connection: sa.Connection, feed_id: str, first: date, last: date) -> list[tuple[date, frozenset[str]]]:
    """Day and twin keys of each story of these days that has a page and to which a poll of the feed led."""
    s, a, e = t.stories.c, t.aliases.c, t.entries.c
    of_feed = sa.exists().where(e.story_id == s.story_id, e.feed_id == feed_id, e.via.is_(None))
    query = sa.select(s.day, sa.func.array_agg(a.url)).join(t.aliases, a.story_id == s.story_id)
    query = query.where(s.day.between(first, last), a.url.startswith("//"), of_feed)
    rows = connection.execute(query.group_by(s.story_id, s.day).order_by(s.day, s.story_id))
    return [(day, frozenset(keys)) for day, keys in rows]


def listed_by(connection: sa.Connection, names: Collection[str]) -> dict[str, frozenset[str]]:
    """Feed → those of the addresses or twin keys that lead to a story which its entries led to."""
    a, e = t.aliases.c, t.entries.c
    query = sa.select(e.feed_id, a.url).join(t.aliases, a.story_id == e.story_id).where(a.url.in_(sorted(names)))
    listed: dict[str, set[str]] = {}
    for feed_id, url in connection.execute(query.distinct().order_by(e.feed_id)):
        listed.setdefault(feed_id, set()).add(url)
    return {feed_id: frozenset(urls) for feed_id, urls in listed.items()}


def words_behind(connection: sa.Connection, story_ids: Iterable[str]) -> dict[str, list[ListedWords]]:
    """Of those stories that have no page: what the entries say that have their link, the first seen first."""
    s, e = t.stories.c, t.entries.c
    ids = sorted(set(story_ids))
    first = sa.func.coalesce(s.link_story_id, s.story_id)
    query = (
        sa.select(first, s.story_id, e.feed_id, sa.func.coalesce(e.fingerprint, ""))
        .join(t.entries, e.story_id == s.story_id)
        .where(sa.or_(s.story_id.in_(ids), s.link_story_id.in_(ids)), s.page_url.is_(None))
        .order_by(e.first_seen_at, e.feed_id, e.entry_key)
    )
    words: dict[str, list[ListedWords]] = {}
    for first_id, *listed in connection.execute(query):
        words.setdefault(first_id, []).append(ListedWords(*listed))
    return words


def add(connection: sa.Connection, stories: Sequence[NewStory]) -> set[str]:
    """Add stories and return the ids that were new. A story that is known keeps its row: the first commit counts."""
    if not stories:
        return set()
    rows = [
        {
            "story_id": story.story_id,
            "canonical_url": story.canonical_url,
            "first_seen_at": story.first_seen_at,
            "page_url": story.page_url,
            "link_story_id": story.link_story_id,
            "via": story.via,
            **row_of(story.text),
            **row_of(story.validators),
        }
        for story in stories
    ]
    statement = insert(t.stories).values(rows).on_conflict_do_nothing()
    return set(connection.scalars(statement.returning(t.stories.c.story_id)))


def replace_text(connection: sa.Connection, texts: Sequence[NewText]) -> set[str]:
    """Let stories count by other texts; they are to be tagged again. Returns the ids of those that were replaced.

    A story that counts by another text than the one that was read keeps that.
    """
    s = t.stories.c
    replaced: set[str] = set()
    for new in sorted(texts, key=lambda new: new.story_id):  # one order for all: nobody waits in a circle
        changed = row_of(new.text) | {"tagged_batch_id": None}
        changed |= row_of(new.validators) if new.validators else {}
        changed |= {"revision_number": new.revision_number} if new.revision_number else {}
        is_as_read = (s.story_id == new.story_id) & (s.batch_id == new.read_batch_id)
        replaced.update(
            connection.scalars(sa.update(t.stories).where(is_as_read).values(changed).returning(s.story_id))
        )
    return replaced


def samples(connection: sa.Connection, since: datetime) -> list[LineSample]:
    """What recurring lines are learnt from: stories first seen from then on, oldest first."""
    s = t.stories.c
    query = sa.select(s.host, s.headline_key, s.edge_keys, s.inner_keys).where(
        s.first_seen_at >= since, s.edge_keys.is_not(None)
    )
    rows = connection.execute(query.order_by(s.first_seen_at, s.story_id))
    return [LineSample(r.host, r.headline_key, tuple(r.edge_keys), tuple(r.inner_keys)) for r in rows]


def add_aliases(connection: sa.Connection, story_of: Mapping[str, str]) -> None:
    if story_of:
        rows = [{"url": url, "story_id": story_id} for url, story_id in sorted(story_of.items())]
        connection.execute(insert(t.aliases).on_conflict_do_nothing(), rows)


def untagged(connection: sa.Connection, limit: int) -> list[UntaggedStory]:
    """Stories whose mentions have not been counted at arrival, oldest first."""
    query = (
        sa.select(*(t.stories.c[name] for name in UntaggedStory.__dataclass_fields__))
        .where(t.stories.c.tagged_batch_id.is_(None))
        .order_by(t.stories.c.first_seen_at, t.stories.c.story_id)
        .limit(limit)
    )
    return [UntaggedStory(**row._asdict()) for row in connection.execute(query)]


def mark_tagged(connection: sa.Connection, tagged: Sequence[UntaggedStory], batch_id: str, key: str) -> None:
    """Note that these texts are tagged, with what; a story with a newer text by now is not."""
    s = t.stories.c
    rows = [(story.story_id, story.batch_id) for story in tagged]
    statement = sa.update(t.stories).where(sa.tuple_(s.story_id, s.batch_id).in_(rows))
    connection.execute(statement.values(tagged_batch_id=batch_id, tagged_with=key))


def tagged(connection: sa.Connection, day: date, key: str) -> dict[str, tuple[str, str | None]]:
    """Story → batch of the text that was tagged with this, and file of its mentions; None: the batch found none."""
    s, f = t.stories.c, t.batch_files.c
    query = (
        sa.select(s.story_id, s.batch_id, f.path)
        .join(t.batch_files, f.batch_id == s.tagged_batch_id, isouter=True)
        .where(s.day == day, s.tagged_with == key, s.tagged_batch_id.is_not(None))
    )
    return {story_id: (batch_id, mentions) for story_id, batch_id, mentions in connection.execute(query)}


def of_day(connection: sa.Connection, day: date, until: datetime | None = None) -> dict[str, dict[str, TextVersion]]:
    """File path → stories in it that count for the day, and which of their texts does.

    `until`: as was known before that moment, each story with the text that it had then.
    """
    s, r = t.stories.c, t.revisions.c
    if until is None:
        query = sa.select(s.path, s.story_id, s.revision_number, s.batch_id).where(s.day == day)
    else:
        known = sa.select(r.story_id, sa.func.max(r.number).label("number")).where(r.seen_at < until)
        last = known.group_by(r.story_id).subquery()
        is_last = (r.story_id == last.c.story_id) & (r.number == last.c.number)
        of_then = sa.select(r.path, r.story_id, r.number, r.batch_id).join(last, is_last)
        query = of_then.join(t.stories, s.story_id == r.story_id).where(s.day == day)
    paths: dict[str, dict[str, TextVersion]] = {}
    for path, story_id, *version in connection.execute(query):
        paths.setdefault(path, {})[story_id] = TextVersion(*version)
    return paths


def places(connection: sa.Connection) -> list[StoryPlace]:
    """Of every story."""
    columns = (t.stories.c[name] for name in StoryPlace.__dataclass_fields__)
    return [StoryPlace(**row._asdict()) for row in connection.execute(sa.select(*columns))]


def move(connection: sa.Connection, ids_of: Mapping[date, Collection[str]]) -> None:
    """Let stories be of other days: day → ids of stories. Their files stay."""
    for day, story_ids in sorted(ids_of.items()):
        connection.execute(sa.update(t.stories).where(t.stories.c.story_id.in_(story_ids)).values(day=day))


def find(connection: sa.Connection, names: Sequence[str]) -> KnownStory | None:
    """The story known under one of these addresses or twin keys; the first of them that is known counts."""
    story_of = known_urls(connection, names)
    story_id = next((story_of[name] for name in names if name in story_of), None)
    return by_id(connection, story_id) if story_id else None


def by_id(connection: sa.Connection, story_id: str) -> KnownStory | None:
    """The story of that id; None: there is none."""
    columns = (t.stories.c[name] for name in KnownStory.__dataclass_fields__)
    row = connection.execute(sa.select(*columns).where(t.stories.c.story_id == story_id)).one_or_none()
    return KnownStory(**row._asdict()) if row else None


def aliases_of(connection: sa.Connection, story_id: str) -> list[str]:
    """Every address that led to the story; the keys that it shares with its twins are none."""
    query = sa.select(t.aliases.c.url).where(t.aliases.c.story_id == story_id, ~t.aliases.c.url.startswith("//"))
    return sorted(connection.scalars(query))


def entries_of(connection: sa.Connection, story_id: str) -> list[EntryPlace]:
    """Entries that led to the story, the first seen first."""
    columns = (t.entries.c[name] for name in EntryPlace.__dataclass_fields__)
    rows = connection.execute(sa.select(*columns).where(t.entries.c.story_id == story_id))
    return sorted(
        (EntryPlace(**row._asdict()) for row in rows), key=lambda e: (e.first_seen_at, e.feed_id, e.entry_key)
    )
