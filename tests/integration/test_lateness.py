"""What is late, as a monitor hears it: nothing while all goes on, each thing by its name when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clocks import Clock
from told import Told

from newswatch.pipeline import Newswatch, announce, build_day, fetch_pending, issue_digest, poll, tag_new
from newswatch.pipeline.lateness import late

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def what(nw: Newswatch) -> list[str]:
    with nw.ledger.begin() as connection:
        return [one.what for one in late(connection, nw.settings, list(nw.feeds), nw.clock())]


def test_an_installation_that_keeps_up_is_late_with_nothing(nw: Newswatch, clock: Clock) -> None:
    clock.now = NOON
    assert what(nw) == []  # nothing was ever polled
    poll(nw, list(nw.feeds), "test")
    fetch_pending(nw, "test")
    tag_new(nw, "test")
    assert what(nw) == []


def test_each_step_that_stands_still_is_named_after_an_hour(nw: Newswatch, clock: Clock) -> None:
    clock.now = NOON
    poll(nw, ["ranok", "khvylia"], "test")
    clock.advance(minutes=59)
    assert what(nw) == []
    clock.advance(minutes=2)
    assert what(nw) == ["pages"]
    fetch_pending(nw, "test")
    assert what(nw) == ["tags"]
    tag_new(nw, "test")
    assert what(nw) == []
    clock.now += timedelta(hours=26)  # longer than any interval between two polls
    assert "polls" in what(nw)


def test_days_that_nobody_builds_are_named(nw: Newswatch, clock: Clock) -> None:
    clock.now = NOON
    poll(nw, ["ranok"], "test")
    fetch_pending(nw, "test")
    tag_new(nw, "test")
    days = announce(nw).days
    assert days
    assert "tables" not in what(nw)
    clock.advance(hours=4)
    assert "tables" in what(nw)
    for day in days:
        build_day(nw, day)
    assert "tables" not in what(nw)


def test_a_digest_is_late_an_hour_after_its_hour_and_not_before_the_first_whole_day(told: Told, clock: Clock) -> None:
    nw, _ = told
    day = NOON.date() - timedelta(days=1)
    clock.now = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
    poll(nw, list(nw.feeds), "test")
    fetch_pending(nw, "test")
    tag_new(nw, "test")
    clock.now = datetime(2026, 11, 22, 6, 59, tzinfo=UTC)
    assert "digest" not in what(nw)
    clock.advance(minutes=2)
    assert "digest" in what(nw)
    build_day(nw, day)
    issue_digest(nw, day, "test")
    assert "digest" not in what(nw)
