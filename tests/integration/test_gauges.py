"""What a monitor is told: counts of the ledger and of the days' tables, and how long stories took."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from ask import rows, values
from clocks import NOW

from newswatch.ledger import schema as t
from newswatch.pipeline import GAUGES, Gauge, Newswatch, build_day, fetch_pending, gauges, of_waits, poll, tag_new
from newswatch.storage import paths
from newswatch.tables import day_tables

TODAY = NOW.date()


@pytest.fixture
def read(nw: Newswatch) -> Newswatch:
    """One that has read the newsroom and built today and yesterday."""
    poll(nw, list(nw.feeds), "read")
    fetch_pending(nw, "read")
    tag_new(nw, "read")
    for day in (TODAY - timedelta(days=1), TODAY):
        build_day(nw, day)
    return nw


def by_name(found: list[Gauge], name: str) -> dict[tuple[str, ...], float]:
    return {tuple(gauge.tags.values()): gauge.value for gauge in found if gauge.name == name}


def test_every_gauge_is_what_an_independent_count_gives(read: Newswatch) -> None:
    found = gauges(read)
    assert {gauge.name for gauge in found} == GAUGES.keys() - {"seconds_to_table", "task_seconds"}
    assert by_name(found, "stories") == {(): values(read, sa.select(sa.func.count()).select_from(t.stories))[0]}
    assert sum(by_name(found, "feeds").values()) == len(read.feeds)
    polled = by_name(found, "outcomes_today")
    assert sum(n for (kind, _), n in polled.items() if kind == "feed") == len(read.feeds)
    held = sum(row.byte_count for row in rows(read, sa.select(t.batch_files.c.byte_count)))
    assert sum(by_name(found, "stored_bytes").values()) == held
    topics = by_name(found, "topic_stories")
    for name, day in (("today", TODAY), ("yesterday", TODAY - timedelta(days=1))):
        table = day_tables.TOPIC_DAYS.from_bytes(read.store.read(paths.table("topic_days", day)))
        assert {topic: n for (topic, of), n in topics.items() if of == name} == {
            row["topic"]: row["story_count"] for row in table
        }


def test_what_waits_is_told_with_its_age(nw: Newswatch) -> None:
    poll(nw, ["vale-ledger"], "poll")
    nw.clock.advance(hours=2)  # type: ignore[attr-defined]
    found = gauges(nw)
    (pending,) = by_name(found, "entries_pending").values()
    assert pending == values(nw, sa.select(sa.func.count()).select_from(t.entries))[0]
    assert by_name(found, "entries_pending_seconds") == {(): 7200}
    assert by_name(found, "late")[("pages",)] == 1
    assert by_name(found, "late")[("tags",)] == 0


def test_a_build_says_how_long_the_stories_waited_that_are_new_in_it(read: Newswatch) -> None:
    again = build_day(read, TODAY)
    assert again.waits == ()
    first = next(row for row in rows(read, sa.select(t.stories)) if row.day == TODAY)
    with read.ledger.begin() as connection:
        earlier = sa.update(t.builds).where(t.builds.c.day == TODAY)
        connection.execute(earlier.values(built_at=first.first_seen_at - timedelta(seconds=1)))
    later = replace(read, clock=lambda: NOW + timedelta(minutes=10))
    waits = build_day(later, TODAY).waits
    printed = day_tables.STORIES.from_bytes(read.store.read(paths.table("stories", TODAY)))
    published = [row["published_at"] for row in printed if row["published_at"] and not row["is_day_only"]]
    assert sorted(waits) == sorted((NOW + timedelta(minutes=10) - at).total_seconds() for at in published)


def test_of_waits_the_middle_and_the_last_twentieth() -> None:
    assert [g.value for g in of_waits("seconds_to_table", [float(n) for n in range(101)])] == [50, 95]
    assert [g.value for g in of_waits("seconds_to_table", [7.0])] == [7, 7]
    assert list(of_waits("seconds_to_table", [])) == []
