"""Leases: who may end a piece of work. A later taker's token replaces the earlier one, whose commit then fails."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newswatch.errors import LeaseLost
from newswatch.ledger import schema as t

FREE = {"lease_run_id": None, "lease_token": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to end one piece of work until a moment. The same run takes its own work again: a second try."""

    run_id: str
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class LeasedTable:
    """A table whose rows are worked on under leases. `noun`: what its rows are to whoever reads an error."""

    table: sa.Table
    key: tuple[sa.Column[Any], ...]
    noun: str

    def claim(
        self,
        connection: sa.Connection,
        wanted: Sequence[sa.ColumnElement[bool]],
        lease: Lease,
        now: datetime,
        returning: Sequence[sa.ColumnElement[Any]],
    ) -> sa.CursorResult[Any]:
        """Take the rows for which `wanted` holds and that nobody else works on; the statement's rows are `returning`.

        Whether they are wanted and free is asked again under their locks: another run may have taken some meanwhile.
        Rows that another one is committing just now are passed over. What the lease holds already is not taken twice.
        """
        columns = self.table.c
        locked = (
            sa.select(*self.key)
            .where(*wanted, self.is_free(lease, now), columns.lease_token.is_distinct_from(lease.token))
            .order_by(*self.key)  # one order everywhere: two takers never wait in a circle
            .with_for_update(skip_locked=True)
        )
        taken = sa.update(self.table).where(sa.tuple_(*self.key).in_(locked))
        values = {"lease_run_id": lease.run_id, "lease_token": lease.token, "lease_until": lease.until}
        return connection.execute(taken.values(values).returning(*returning))

    def is_free(self, lease: Lease, now: datetime) -> sa.ColumnElement[bool]:
        """Whether a row may be taken: nobody has it, the time is over, or the same run's earlier try has it."""
        c = self.table.c
        return sa.or_(c.lease_until.is_(None), c.lease_until < now, c.lease_run_id == lease.run_id)

    def hold(self, connection: sa.Connection, keys: Collection[Any], lease: Lease) -> None:
        """Lock the rows for the commit. Raises LeaseLost where another try took some of them over."""
        wanted = {key if isinstance(key, tuple) else (key,) for key in keys}
        held = (
            sa.select(*self.key)
            .where(sa.tuple_(*self.key).in_(wanted), self.table.c.lease_token == lease.token)
            .order_by(*self.key)
            .with_for_update()
        )
        if len(connection.execute(held).all()) != len(wanted):
            raise LeaseLost(
                f"another try took over these {self.noun} while this one worked on them. Nothing is lost: it goes on "
                "with them, and what this one had committed stays."
            )

    def release(self, connection: sa.Connection, lease: Lease) -> None:
        """Give back what was taken and not ended; it stays due."""
        connection.execute(sa.update(self.table).where(self.table.c.lease_token == lease.token).values(FREE))


FEEDS = LeasedTable(t.feeds, (t.feeds.c.feed_id,), "feeds")
ENTRIES = LeasedTable(t.entries, (t.entries.c.feed_id, t.entries.c.entry_key), "entries")
VISITS = LeasedTable(t.visits, (t.visits.c.story_id,), "visits")


def is_in_shard(host: sa.ColumnElement[str], shard: int, shards: int) -> sa.ColumnElement[bool]:
    """Whether the host's rows are worked on by this one of `shards` tasks: all of a host's are in one."""
    return sa.func.mod(sa.func.hashtext(host).op("&")(0x7FFFFFFF), shards) == shard
