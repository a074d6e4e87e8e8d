"""Hosts: their pauses and robots.txt, from one run to the next."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.ledger import schema as t
from newswatch.net.politeness import ROBOTS_TTL, HostMemory, RobotsText

LONGEST_REST = timedelta(hours=1)  # longer than any pause between two requests


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
    connection.execute(sa.delete(t.host_turns).where(t.host_turns.c.until <= sa.func.now() - LONGEST_REST))
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


def take_turn(connection: sa.Connection, host: str, token: str, seconds: float) -> bool:
    """Take the host for so long, by the database's clock, unless somebody has it or it is let rest."""
    h, now = t.host_turns, sa.func.clock_timestamp()
    mine = {"token": token, "until": now + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)}
    statement = (
        insert(h)
        .values(host=host, **mine)
        .on_conflict_do_update(index_elements=["host"], set_=mine, where=h.c.until <= now)
    )
    return connection.execute(statement.returning(h.c.host)).first() is not None


def end_turn(connection: sa.Connection, host: str, token: str, rest_seconds: float) -> None:
    """Let the host rest for so long; nothing, where the turn is another's meanwhile."""
    h = t.host_turns.c
    rest = sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, rest_seconds)
    is_mine = (h.host == host) & (h.token == token)
    connection.execute(sa.update(t.host_turns).where(is_mine).values(until=rest))


def _upsert(connection: sa.Connection, table: sa.Table, rows: Collection[dict[str, object]]) -> None:
    if rows:
        key = [column.name for column in table.primary_key]
        statement = insert(table)
        changed = {c.name: statement.excluded[c.name] for c in table.c if c.name not in key}
        ordered = sorted(rows, key=lambda row: str(row[key[0]]))  # one order everywhere: shards save side by side
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), ordered)
