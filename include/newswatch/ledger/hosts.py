"""Hosts: their pauses and robots.txt, from one run to the next."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.ledger import schema as t
from newswatch.net.politeness import ROBOTS_TTL, HostMemory, RobotsText


def remember(connection: sa.Connection, now: datetime, *, with_robots: bool) -> HostMemory:
    """What still holds of what hosts said; `with_robots` for those who fetch pages."""
    pauses = connection.execute(sa.select(t.host_pauses).where(t.host_pauses.c.paused_until > now))
    fresh = sa.select(t.robots).where(t.robots.c.fetched_at > now - ROBOTS_TTL)
    texts = connection.execute(fresh) if with_robots else ()
    return HostMemory(
        paused_until={row.host: row.paused_until for row in pauses},
        robots={row.origin: RobotsText(row.text, row.fetched_at) for row in texts},
    )


def save(connection: sa.Connection, memory: HostMemory, since: datetime) -> None:
    """Keep what was learnt from `since` on, and drop what no longer holds."""
    connection.execute(sa.delete(t.host_pauses).where(t.host_pauses.c.paused_until <= since))
    connection.execute(sa.delete(t.robots).where(t.robots.c.fetched_at <= since - ROBOTS_TTL))
    _upsert(
        connection,
        t.host_pauses,
        [{"host": host, "paused_until": until} for host, until in memory.paused_until.items() if until > since],
    )
    fresh = [(origin, known) for origin, known in memory.robots.items() if known.fetched_at >= since]
    _upsert(
        connection,
        t.robots,
        [{"origin": origin, "text": known.text, "fetched_at": known.fetched_at} for origin, known in fresh],
    )


def _upsert(connection: sa.Connection, table: sa.Table, rows: Collection[dict[str, object]]) -> None:
    if rows:
        key = [column.name for column in table.primary_key]
        statement = insert(table)
        changed = {c.name: statement.excluded[c.name] for c in table.c if c.name not in key}
        ordered = sorted(rows, key=lambda row: str(row[key[0]]))  # one order everywhere: shards save side by side
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), ordered)
