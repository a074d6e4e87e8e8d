"""Audit: what the ledger says that the store must hold, a page of rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from newswatch.ledger import schema as t


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A batch's file as it was committed. `byte_count`: its length, bytes; `sha256` in hex."""

    path: str
    row_count: int
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TextPlace:
    """A story whose newest text is in a file. `page_url`: what answered; None: no page was had."""

    story_id: str
    canonical_url: str
    day: date
    first_seen_at: datetime
    page_url: str | None
    link_story_id: str | None
    revision_number: int
    batch_id: str


def files_after(connection: sa.Connection, path: str, limit: int) -> list[NamedFile]:
    """Files of batches that count, in order of their paths, those behind this one."""
    f = t.batch_files.c
    columns = (f[name] for name in NamedFile.__dataclass_fields__)
    # COLLATE "C": the order of the paths' bytes, as Python sorts them, whatever the database's language.
    place = f.path.collate("C")
    query = sa.select(*columns).where(place > path, f.replaced_at.is_(None))
    rows = connection.execute(query.order_by(place).limit(limit))
    return [NamedFile(**row._asdict()) for row in rows]


def byte_counts(connection: sa.Connection, paths: Collection[str]) -> dict[str, int]:
    """Length by path, of those of the files that the ledger names."""
    f = t.batch_files.c
    rows = connection.execute(sa.select(f.path, f.byte_count).where(f.path.in_(sorted(paths))))
    return {row.path: row.byte_count for row in rows}


def story_ids_in(connection: sa.Connection, path: str) -> set[str]:
    """Stories with a text in the file, the newest or an earlier one."""
    return set(connection.scalars(sa.select(t.revisions.c.story_id).where(t.revisions.c.path == path)))


def texts_in(connection: sa.Connection, path: str) -> list[TextPlace]:
    """Stories whose newest text is in the file."""
    columns = (t.stories.c[name] for name in TextPlace.__dataclass_fields__)
    rows = connection.execute(sa.select(*columns).where(t.stories.c.path == path).order_by(t.stories.c.story_id))
    return [TextPlace(**row._asdict()) for row in rows]


def entry_count_in(connection: sa.Connection, path: str) -> int:
    """Entries whose words are in the file."""
    return connection.scalar(sa.select(sa.func.count()).where(t.entries.c.path == path)) or 0


def days_with_lines(connection: sa.Connection, path: str) -> list[date]:
    """Days for which the recurring lines in the file hold."""
    return list(connection.scalars(sa.select(t.frozen_lines.c.day).where(t.frozen_lines.c.path == path)))


def unnamed(connection: sa.Connection) -> list[tuple[str, str]]:
    """Paths that stories, texts, entries or days count on and no batch has committed, each with who counts on it."""
    found = set()
    for table in (t.stories, t.revisions, t.entries, t.frozen_lines):
        is_named = sa.exists().where(t.batch_files.c.path == table.c.path, t.batch_files.c.replaced_at.is_(None))
        paths = connection.scalars(sa.select(table.c.path).distinct().where(~is_named))
        found |= {(path, table.name) for path in paths}
    return sorted(found)


def without_text(connection: sa.Connection) -> list[str]:
    """Ids of stories that the revisions do not know under the number and file by which they count."""
    s, r = t.stories.c, t.revisions.c
    is_known = sa.exists().where(r.story_id == s.story_id, r.number == s.revision_number, r.path == s.path)
    return list(connection.scalars(sa.select(s.story_id).where(~is_known).order_by(s.story_id)))


def story_count(connection: sa.Connection, day: date) -> int:
    """Stories that count for the day."""
    return connection.scalar(sa.select(sa.func.count()).where(t.stories.c.day == day)) or 0


def forget(connection: sa.Connection, story_ids: Iterable[str]) -> None:
    """Let stories count no more of which nothing is left to show; their texts' rows and links stay."""
    wanted = sorted(story_ids)
    for table in (t.visits, t.revisions, t.stories):
        connection.execute(sa.delete(table).where(table.c.story_id.in_(wanted)))


def total(connection: sa.Connection) -> int:
    """Stories of all days."""
    return connection.scalar(sa.select(sa.func.count()).select_from(t.stories)) or 0
