"""Polling the newsroom: what is listed is what is counted, nothing comes twice, and nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from ask import covered_days, dirty_days, feed_row, last_poll, make_clean, rows, values
from clocks import Clock

from newsroom.feeds import entries_of
from newsroom.outlets import BY_ID, OUTLETS
from newsroom.server import Newsroom
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, announce, plan_poll, poll


def poll_all(nw: Newswatch, owner: str = "test") -> Any:
    return poll(nw, list(nw.feeds), owner)


def test_a_first_poll_knows_every_story_that_the_feeds_list(nw: Newswatch, clock: Callable[[], datetime]) -> None:
    report = poll_all(nw)

    listed = sum(
        len(entries_of(outlet, feed, clock()))
        for outlet in OUTLETS
        for feed in outlet.feeds
        if feed.form in ("rss", "atom", "moved")
    )
    assert report.entry_outcomes == {"new": listed}
    assert report.feed_outcomes == {"ok": 14, "gone": 1, "not_a_feed": 1}
    assert values(nw, sa.select(sa.func.count()).select_from(t.entries)) == [listed]


def test_a_second_poll_stores_nothing_twice(nw: Newswatch) -> None:
    first = poll_all(nw)
    second = poll_all(nw)

    assert second.entry_outcomes.get("new", 0) == 0
    assert second.feed_outcomes["not_modified"] == 14
    assert values(nw, sa.select(sa.func.count()).select_from(t.entries)) == [first.entry_outcomes["new"]]


def test_entries_in_are_the_sum_of_their_outcomes_for_each_feed(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    poll_all(nw)
    clock.advance(hours=15)
    poll_all(nw)

    listed: Counter[str] = Counter()
    for feed_id, count in rows(nw, sa.select(t.polls.c.feed_id, t.polls.c.entry_count)):
        listed[feed_id] += count
    ended: Counter[str] = Counter()
    counted = sa.select(t.outcomes.c.feed_id, t.outcomes.c.outcome_count, t.outcomes.c.outcome)
    outcomes = rows(nw, counted.where(t.outcomes.c.kind == "entry"))
    for feed_id, count, _ in outcomes:
        ended[feed_id] += count
    assert listed == ended
    assert {outcome for *_, outcome in outcomes} == {"new", "known"}
    polls = values(nw, sa.select(t.outcomes.c.outcome_count).where(t.outcomes.c.kind == "feed"))
    assert sum(polls) == 2 * len(nw.feeds)


def test_a_later_poll_brings_only_the_new_story_and_marks_the_days_dirty(nw: Newswatch, clock: Clock) -> None:
    poll_all(nw)
    make_clean(nw)
    clock.advance(hours=20)

    report = poll_all(nw)

    assert 0 < report.entry_outcomes["new"] < 40
    assert report.entry_outcomes["known"] > report.entry_outcomes["new"]
    assert clock().date() in dirty_days(nw)


@pytest.mark.parametrize("status", [500, 503, 404])
def test_a_feed_that_answers_with_an_error_keeps_its_validators_and_waits_longer_each_time(
    nw: Newswatch, newsroom: Newsroom, clock: Clock, status: int
) -> None:
    poll(nw, ["northgate-wire"], "test")
    before = feed_row(nw, "northgate-wire")
    newsroom.fail("northgate", status, "/atom.xml")
    waits = []
    for _ in range(3):
        clock.advance(hours=1)
        report = poll(nw, ["northgate-wire"], "test")
        assert report.feed_outcomes == {f"http_{status}": 1}
        waits.append(feed_row(nw, "northgate-wire").next_due_at - clock())

    after = feed_row(nw, "northgate-wire")
    assert (after.etag, after.last_modified, after.body_sha256) == (
        before.etag,
        before.last_modified,
        before.body_sha256,
    )
    assert after.etag
    assert after.failure_count == 3
    assert waits == [timedelta(minutes=13), timedelta(minutes=28), timedelta(minutes=58)]

    newsroom.fail("northgate", None, "/atom.xml")
    clock.advance(minutes=5)  # a 503 that names no time pauses its host for so long
    assert poll(nw, ["northgate-wire"], "test").feed_outcomes == {"not_modified": 1}
    assert feed_row(nw, "northgate-wire").failure_count == 0


def test_an_html_page_in_a_feeds_place_is_not_a_feed(nw: Newswatch) -> None:
    report = poll(nw, ["svodka-culture"], "test")

    assert report.feed_outcomes == {"not_a_feed": 1}
    assert feed_row(nw, "svodka-culture").body_sha256 is None
    assert last_poll(nw, "svodka-culture").raw_path  # what it was can be looked at


def test_a_feed_that_is_gone_is_asked_again_after_a_week(nw: Newswatch, clock: Clock) -> None:
    assert poll(nw, ["tidewater-archive"], "test").feed_outcomes == {"gone": 1}
    assert feed_row(nw, "tidewater-archive").next_due_at == clock() + timedelta(days=7)

    clock.advance(days=6, hours=23)
    assert "tidewater-archive" not in {f for s in plan_poll(nw, 1) for f in s.feed_ids}
    clock.advance(hours=2)
    assert "tidewater-archive" in {f for s in plan_poll(nw, 1) for f in s.feed_ids}


def test_a_moved_feed_is_read_at_its_new_place(nw: Newswatch, newsroom: Newsroom) -> None:
    assert poll(nw, ["svodka-all"], "test").feed_outcomes == {"ok": 1}
    assert newsroom.hits["svodka", "/feeds/all.xml"] == 1


def test_feeds_of_one_host_are_polled_by_one_shard_and_each_feed_once(nw: Newswatch) -> None:
    shards = plan_poll(nw, 4)

    assert sorted(f for s in shards for f in s.feed_ids) == sorted(nw.feeds)
    shard_of = {f: s for s in shards for f in s.feed_ids}
    for outlet in OUTLETS:
        assert len({shard_of[feed.id] for feed in outlet.feeds}) == 1


def test_a_feed_is_not_due_again_before_its_interval_is_over(nw: Newswatch, clock: Clock) -> None:
    poll_all(nw)
    assert plan_poll(nw, 2) == []
    clock.advance(minutes=12)
    assert plan_poll(nw, 2) == []
    clock.advance(days=1)
    assert {f for s in plan_poll(nw, 2) for f in s.feed_ids} == set(nw.feeds) - {"tidewater-archive"}


def test_a_feed_whose_address_changed_starts_afresh(
    make_newswatch: Callable[..., Newswatch], config_dir: Path, newsroom: Newsroom
) -> None:
    nw = make_newswatch(config_dir)
    poll_all(nw)
    assert feed_row(nw, "harbour-courier-world").etag
    path = config_dir / "feeds.yaml"
    feeds = yaml.safe_load(path.read_text())
    for feed in feeds["feeds"]:
        if feed["id"] == "harbour-courier-world":
            feed["url"] += "?all=1"
    path.write_text(yaml.safe_dump(feeds, allow_unicode=True))

    moved = make_newswatch(config_dir)

    assert ("harbour-courier-world",) in {s.feed_ids for s in plan_poll(moved, 20)}
    # The newsroom answers 304 to its own tag at either address: an "ok" shows that the old tag was not sent.
    assert poll(moved, ["harbour-courier-world"], "test").feed_outcomes == {"ok": 1}
    assert poll(moved, ["harbour-courier-world"], "test").feed_outcomes == {"not_modified": 1}


def test_every_time_that_is_stored_is_the_one_clocks(nw: Newswatch, clock: Clock) -> None:
    poll(nw, ["khvylia"], "test")

    assert feed_row(nw, "khvylia").polled_at == clock()
    assert set(values(nw, sa.select(t.entries.c.first_seen_at))) == {clock()}


def test_an_outage_that_the_next_poll_makes_good_leaves_the_day_covered(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    outlet = BY_ID["khvylia"]
    assert len(entries_of(outlet, outlet.feeds[0], clock())) >= 2
    poll(nw, ["khvylia"], "test")
    day = clock().date()
    newsroom.fail("khvylia", 500)
    clock.advance(hours=3)
    poll(nw, ["khvylia"], "test")
    clock.advance(hours=20)
    assert day not in covered_days(nw, "khvylia")
    newsroom.fail("khvylia", None)
    poll(nw, ["khvylia"], "test")

    assert day in covered_days(nw, "khvylia")


def test_a_gap_that_the_feed_no_longer_lists_leaves_its_days_uncovered(
    nw: Newswatch, newsroom: Newsroom, clock: Clock
) -> None:
    poll(nw, ["khvylia"], "test")
    lost = clock().date() + timedelta(days=4)
    newsroom.fail("khvylia", 500)
    clock.advance(days=10)
    newsroom.fail("khvylia", None)
    poll(nw, ["khvylia"], "test")

    covered = covered_days(nw, "khvylia")
    assert lost not in covered
    assert clock().date() - timedelta(days=1) in covered


def test_days_that_were_announced_are_not_announced_again_until_touched(nw: Newswatch, clock: Clock) -> None:
    poll(nw, ["khvylia"], "test")
    told = announce(nw)
    assert clock().date() in told.days
    assert announce(nw).days == ()
    clock.advance(hours=2)
    assert set(announce(nw).days) == set(told.days)  # nobody rebuilt them: the refresh was lost
