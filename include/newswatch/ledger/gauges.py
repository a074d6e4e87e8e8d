"""What the ledger holds at the moment, in numbers for a monitor."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from newswatch.ledger import schema as t


def story_count(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(t.stories)) or 0


def dirty_day_count(connection: sa.Connection) -> int:
    """Days that changed since their last build."""
    return connection.scalar(sa.select(sa.func.count()).select_from(t.dirty_days)) or 0


def outcome_counts(connection: sa.Connection, day: date) -> list[tuple[str, str, int]]:
    """Kind (feed, entry, page …), outcome and how often, of what was done on the day."""
    o = t.outcomes.c
    query = sa.select(o.kind, o.outcome, sa.func.sum(o.outcome_count)).where(o.day == day)
    rows = connection.execute(query.group_by(o.kind, o.outcome).order_by(o.kind, o.outcome))
    return [(kind, outcome, int(count)) for kind, outcome, count in rows]


def stored_bytes(connection: sa.Connection) -> dict[str, int]:
    """Bytes of the files that count, by what they hold: `raw/pages`, `batches/entries` …"""
    f = t.batch_files.c
    held = sa.func.split_part(f.path, "/", 1) + "/" + sa.func.split_part(f.path, "/", 2)
    query = sa.select(held, sa.func.sum(f.byte_count)).where(f.replaced_at.is_(None)).group_by(held).order_by(held)
    return {name: int(count) for name, count in connection.execute(query)}
