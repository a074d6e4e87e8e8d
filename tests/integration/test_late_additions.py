"""A story that comes after its day's digest was issued is an addition of the next one, once."""

from __future__ import annotations

from datetime import timedelta

from clocks import Clock
from desk import AFTER, DAY, MARKET, NEXT, SCHOOLS, SHELLING, WATER, Desk, late_part
from told import FRIDAY, Told, at, html

from newswatch.pipeline import issue_digest, message_of
from newswatch.tables import day_tables


def test_a_late_story_is_an_addition_of_the_next_digest_once(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(21, 6)
    issue_digest(nw, FRIDAY, "first")
    issued = html(nw, FRIDAY)
    other = "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported."
    tell("/2", at(21, 12), other)
    clock.now = at(22, 6)
    next_day, day_after = FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=2)
    issue_digest(nw, next_day, "second")
    clock.now = at(23, 6)
    issue_digest(nw, day_after, "third")
    issue_digest(nw, next_day, "again")

    assert html(nw, FRIDAY) == issued
    assert "Report /2" not in issued
    rows = day_tables.TOPIC_DAYS.from_bytes(nw.store.read(f"tables/topic_days/{FRIDAY}.parquet"))
    assert {row["story_count"] for row in rows if row["topic"] == "donetsk"} == {2}
    late = html(nw, next_day)
    assert late.count("Late additions") == 1
    assert late.split("Late additions")[1].count("Report /2") == 1
    assert "Report /1" not in late
    assert "Late additions" not in html(nw, day_after)
    assert "Report /2" in html(nw, next_day, 2)


def test_a_late_story_is_in_every_format_of_the_next_digest_and_counted_in_its_summary(late: Desk) -> None:
    late.at(24, 6)
    files = late.issue(NEXT)
    for name in ("digest.html", "digest.md"):
        assert late_part(files[name]).count("Taps run again") == 1, name
    assert files["digest.csv"].count('"late"') == 1
    assert files["digest.json"].count('"section": "late"') == 1
    assert message_of(late.nw, NEXT, 1).summary.endswith("Late additions: 1")
    assert late.count("donetsk") == 2


def test_a_story_that_the_days_own_reissue_showed_is_no_late_addition(late: Desk) -> None:
    late.at(23, 13)
    late.issue(DAY, "again", 2)
    late.at(24, 6)
    assert "Late additions" not in late.issue(NEXT)["digest.md"]


def test_a_story_that_came_in_the_minutes_before_the_issue_and_was_in_it_is_not_late(desk: Desk) -> None:
    desk.at(23, 5)
    desk.clock.advance(minutes=55)
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    assert "Homes hit in suburbs" in desk.issue(DAY)["digest.md"]
    desk.at(24, 6)
    assert "Late additions" not in desk.issue(NEXT)["digest.md"]


def test_a_story_on_its_way_while_the_digest_was_issued_is_a_late_addition(desk: Desk) -> None:
    """Its batch was made before the digest and committed after it."""
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.clock.advance(minutes=-10)
    desk.publish("/water", "Taps run again", *WATER, hour=20)
    desk.at(24, 6)
    assert "Taps run again" in late_part(desk.issue(NEXT)["digest.md"])


def test_a_late_reprint_of_a_text_that_was_shown_is_no_late_addition_though_the_tables_count_it(desk: Desk) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 12)
    desk.publish("/copied", "Eleven homes damaged", *SHELLING, hour=20, by="other")
    desk.at(24, 6)
    assert "Late additions" not in desk.issue(NEXT)["digest.md"]
    rows = day_tables.STORIES.from_bytes(desk.tables()["stories"])
    assert len({row["cluster_id"] for row in rows}) == 1
    assert desk.count("donetsk") == 2


def test_late_prints_of_one_text_are_one_late_addition_with_its_reprint_and_not_listed_again(desk: Desk) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 12)
    desk.publish("/schools", "Cold classrooms", *SCHOOLS, MARKET[1], hour=18)
    desk.publish("/copied", "Teachers write", *SCHOOLS, MARKET[1], hour=20, by="other")
    desk.at(24, 6)
    listed = late_part(desk.issue(NEXT)["digest.md"])
    assert listed.count("Cold classrooms") == 1
    assert "Teachers write" not in listed
    assert "Reprints: [The Other]" in listed
    desk.at(25, 6)
    assert "Late additions" not in desk.issue(AFTER)["digest.md"]


def test_a_story_more_than_a_week_late_is_no_addition(desk: Desk) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.clock.now += timedelta(days=7)
    desk.publish("/water", "Taps run again", *WATER, hour=20)
    desk.clock.now += timedelta(days=1)
    assert "Late additions" not in desk.issue(DAY + timedelta(days=8))["digest.md"]
