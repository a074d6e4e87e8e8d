"""The lines that recur on hosts, as a day's stories are read without them.

Which lines recur is learnt once for a day, when it is first read, from the stories of the weeks before; the list is
kept as a file, so that every rebuild of the day cuts the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from newswatch.ledger import days, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.pipeline.installation import Newswatch, log
from newswatch.storage import paths
from newswatch.stories import boilerplate_recurring
from newswatch.stories.story import Story
from newswatch.tables.batch_tables import KNOWN_LINES
from newswatch.urls.canonical import site_of

LEARNT_FROM = timedelta(days=60)
KnownLines = Mapping[str, frozenset[int]]  # by host


@dataclass(frozen=True)
class FrozenLines:
    """Days and the recurring lines that hold for each."""

    path_of: Mapping[date, str]
    lines_of: Mapping[str, KnownLines]  # by path

    def cut(self, story: Story, day: date) -> Story:
        """The story with its host's lines cut, as they were known for the day; uncut where none ever were."""
        known = self.lines_of[self.path_of[day]] if day in self.path_of else {}
        lines = known.get(site_of(story.canonical_url)) if known else None
        return boilerplate_recurring.cut(story, lines) if lines else story


def frozen_lines(nw: Newswatch, wanted: Iterable[date], *, may_learn: bool = True) -> FrozenLines:
    """The recurring lines of these days; learnt now for those that were never read, unless only looked up."""
    chosen = sorted(set(wanted))
    with nw.ledger.begin() as connection:
        path_of = days.frozen_lines(connection, chosen)
    fresh = [day for day in chosen if day not in path_of]
    if fresh and may_learn:
        path_of = _freeze(nw, fresh) | path_of
    return FrozenLines(path_of, {path: _known(nw, path) for path in sorted(set(path_of.values()))})


def _freeze(nw: Newswatch, fresh: list[date]) -> dict[date, str]:
    batch = nw.new_batch("known_lines", "recurring lines")
    with nw.ledger.begin() as connection:
        known = boilerplate_recurring.learn(stories.samples(connection, batch.committed_at - LEARNT_FROM))
    rows: list[dict[str, object]] = [{"host": host, "line_key": key} for host, keys in known.items() for key in keys]
    path = paths.batch(KNOWN_LINES.name, nw.day_of(batch.committed_at), batch.batch_id)
    file = nw.write_rows(path, KNOWN_LINES, rows)
    with nw.writing() as connection:
        commit(connection, batch, [file], Outcomes())
        days.freeze_lines(connection, fresh, path, batch.committed_at)
        path_of = days.frozen_lines(connection, fresh)  # another task may have been first
    log.info("recurring lines frozen", days=len(fresh), hosts=len(known), lines=len(rows))
    return path_of


def _known(nw: Newswatch, path: str) -> KnownLines:
    known: dict[str, set[int]] = {}
    for row in nw.rows(path, KNOWN_LINES):
        known.setdefault(row["host"], set()).add(row["line_key"])
    return {host: frozenset(keys) for host, keys in known.items()}
