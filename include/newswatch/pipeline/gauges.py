"""Gauges: how the installation does, in numbers for a monitor.

Each is read off ledger and tables, and none counts events in a process: tasks come and go, and one that dies would take
its counts with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import quantiles

from newswatch.errors import DamagedFile, MissingFile
from newswatch.ledger import days, lateness
from newswatch.ledger import gauges as counts
from newswatch.local_days import ONE_DAY
from newswatch.pipeline.feed_health import feed_health
from newswatch.pipeline.installation import Newswatch
from newswatch.pipeline.lateness import KINDS, late
from newswatch.pipeline.tables_in_force import TablesInForce

GAUGES = {
    "stories": "Stories in the ledger.",
    "topic_stories": "Stories of the day on the `topic`, syndicated copies counted once; `day`: today, yesterday.",
    "topic_mentions": "Mentions of the `topic` in stories of the `day`.",
    "outcomes_today": "How feeds, entries and pages (`kind`) ended today, by `outcome`.",
    "entries_pending": "Entries of polls whose page may be fetched now.",
    "entries_pending_seconds": "How long the first of them could have been.",
    "feeds": "Feeds by `condition`, as the page Feeds has it.",
    "days_dirty": "Days that changed since their last build.",
    "stored_bytes": "Bytes of the store's files that count, by what they hold (`files`).",
    "late": "1 where it is late (`what`: polls, pages, tags, tables, digest), as `/newswatch/health` says, else 0.",
    "seconds_to_first_seen": "From publication to the poll that saw it, stories of today and yesterday (`quantile`).",
    "seconds_to_table": "From publication to the build that first shows it, stories new in that build (`quantile`).",
    "task_seconds": "How long the last run of a task's body took (`dag_id`, `task_id`).",
}


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value of one of GAUGES."""

    name: str
    value: float
    tags: dict[str, str] = field(default_factory=dict)


def gauges(nw: Newswatch) -> list[Gauge]:
    """Those of GAUGES that hold at any moment: not `seconds_to_table` (see `BuildReport.waits`) and `task_seconds`."""
    now = nw.clock()
    today = nw.day_of(now)
    with nw.ledger.begin() as connection:
        pending = lateness.pages_pending(connection, now)
        found = [
            Gauge("stories", counts.story_count(connection)),
            Gauge("entries_pending", pending.count),
            Gauge("entries_pending_seconds", (now - pending.since).total_seconds() if pending.since else 0.0),
            Gauge("days_dirty", counts.dirty_day_count(connection)),
        ]
        for kind, outcome, count in counts.outcome_counts(connection, today):
            found.append(Gauge("outcomes_today", count, {"kind": kind, "outcome": outcome}))
        for files, byte_count in counts.stored_bytes(connection).items():
            found.append(Gauge("stored_bytes", byte_count, {"files": files}))
        conditions = Counter(of.condition for of in feed_health(connection, nw.catalogue.feeds, now, today))
        lates = {one.what for one in late(connection, nw.settings, list(nw.feeds), now)}
        built = days.builds_of(connection, (today, today - ONE_DAY))
    found += [Gauge("feeds", count, {"condition": condition}) for condition, count in sorted(conditions.items())]
    found += [Gauge("late", float(what in lates), {"what": what}) for what in KINDS]
    return [*found, *_of_tables(TablesInForce(nw.store, built), today)]


def _of_tables(tables: TablesInForce, today: date) -> Iterator[Gauge]:
    seen: list[float] = []
    for name, day in (("today", today), ("yesterday", today - ONE_DAY)):
        try:
            topics = tables.rows("topic_days", day, ["topic", "story_count", "mention_count"])
            printed = tables.rows("stories", day, ["published_at", "first_seen_at", "is_day_only", "via"])
        except (MissingFile, DamagedFile):  # not built yet, or for `verify` to name
            continue
        for row in topics:
            tags = {"topic": row["topic"], "day": name}
            yield Gauge("topic_stories", row["story_count"], tags)
            yield Gauge("topic_mentions", row["mention_count"], tags)
        seen += [
            max(0.0, (row["first_seen_at"] - row["published_at"]).total_seconds())
            for row in printed
            if row["published_at"] is not None and not row["is_day_only"] and row["via"] is None
        ]
    yield from of_waits("seconds_to_first_seen", seen)


def of_waits(name: str, seconds: Sequence[float]) -> Iterator[Gauge]:
    """Median and 95th percentile; nothing, where there is no story."""
    if seconds:
        cuts = quantiles([*seconds, seconds[-1]] if len(seconds) == 1 else seconds, n=20, method="inclusive")
        yield Gauge(name, cuts[9], {"quantile": "0.5"})
        yield Gauge(name, cuts[18], {"quantile": "0.95"})
