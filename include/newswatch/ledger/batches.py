"""Batches: what makes files count, and the outcomes that are committed with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa

from newswatch.ledger import schema as t
from newswatch.ledger.rows import row_of

OutcomeKey = tuple[str, str, str, date]  # kind, outcome, feed_id, day


@dataclass(slots=True)
class Outcomes:
    """Counts how things ended; one row a kind, outcome, feed and batch, with one example."""

    counts: Counter[OutcomeKey] = field(default_factory=Counter)
    examples: dict[OutcomeKey, str] = field(default_factory=dict)

    def add(self, kind: str, outcome: str, feed_id: str, day: date, example: str, count: int = 1) -> None:
        if count:
            key = (kind, outcome, feed_id, day)
            self.counts[key] += count
            self.examples[key] = min(self.examples.get(key, example), example)

    def totals(self, kind: str) -> dict[str, int]:
        """Outcome → count over all feeds."""
        totals: Counter[str] = Counter()
        for (of_kind, outcome, _, _), count in self.counts.items():
            if of_kind == kind:
                totals[outcome] += count
        return dict(sorted(totals.items()))


@dataclass(frozen=True, slots=True)
class BatchFile:
    """One immutable file of a batch."""

    path: str
    row_count: int
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one attempt produced."""

    batch_id: str
    kind: str
    run_id: str
    code_version: str
    committed_at: datetime


def are_any(connection: sa.Connection) -> bool:
    """Whether any batch counts."""
    return bool(connection.scalar(sa.select(sa.exists(sa.select(t.batches)))))


def commit(connection: sa.Connection, batch: Batch, files: Sequence[BatchFile], outcomes: Outcomes) -> None:
    """Make the batch count, in the caller's transaction."""
    connection.execute(sa.insert(t.batches).values(**row_of(batch)))
    if files:
        connection.execute(sa.insert(t.batch_files), [row_of(f) | {"batch_id": batch.batch_id} for f in files])
    if outcomes.counts:
        rows = [
            {
                "batch_id": batch.batch_id,
                "kind": kind,
                "outcome": outcome,
                "feed_id": feed_id,
                "day": day,
                "outcome_count": count,
                "example": outcomes.examples[kind, outcome, feed_id, day],
            }
            for (kind, outcome, feed_id, day), count in outcomes.counts.items()
        ]
        connection.execute(sa.insert(t.outcomes), rows)


@dataclass(frozen=True, slots=True)
class BatchDay:
    """The day of the polls and outcomes that were committed with a batch: that of its commit."""

    batch_id: str
    committed_at: datetime
    day: date


def days_of(connection: sa.Connection) -> list[BatchDay]:
    """The day of every batch with polls or outcomes."""
    noted = sa.union(*(sa.select(table.c.batch_id, table.c.day) for table in (t.polls, t.outcomes))).subquery()
    query = sa.select(noted.c.batch_id, t.batches.c.committed_at, noted.c.day)
    rows = connection.execute(query.join(t.batches, t.batches.c.batch_id == noted.c.batch_id))
    return [BatchDay(**row._asdict()) for row in rows]


def move(connection: sa.Connection, ids_of: Mapping[date, Collection[str]]) -> None:
    """Let the polls and outcomes of batches be of other days: day → ids of batches."""
    for day, batch_ids in sorted(ids_of.items()):
        for table in (t.polls, t.outcomes):
            connection.execute(sa.update(table).where(table.c.batch_id.in_(batch_ids)).values(day=day))
