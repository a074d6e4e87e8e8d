"""A day as it was known at a moment has the tables of then, by every way in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clocks import Clock
from desk import DAY, MARKET, SHELLING, WATER, Desk, Known
from told import FRIDAY, Told, at, table_bytes

from newswatch.cli.main import main
from newswatch.ledger import days
from newswatch.pipeline import build_as_known, build_day, open_newswatch, poll, visit_due
from newswatch.tables import day_tables


def test_a_day_as_it_was_known_has_the_bytes_that_it_had_then(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(20, 10)
    build_day(nw, FRIDAY)
    then = table_bytes(nw)
    tell(
        "/2", at(21, 12), "Donetsk had water again on Friday morning, for three hours, the city's waterworks reported."
    )
    build_day(nw, FRIDAY)
    now = table_bytes(nw)
    assert now["stories"] != then["stories"]
    with nw.ledger.begin() as connection:
        built = days.build_of(connection, FRIDAY)

    folder = build_as_known(nw, FRIDAY, at(20, 10))
    assert table_bytes(nw, folder) == then
    assert table_bytes(nw) == now
    with nw.ledger.begin() as connection:
        assert days.build_of(connection, FRIDAY) == built


@pytest.fixture
def known(desk: Desk) -> Known:
    """The desk after much has come, DAY's tables as they were built before that, and the moment of that build."""
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.publish("/yesterday", "Market opens", *MARKET, day=21, hour=9)
    desk.at(22, 12)
    build_day(desk.nw, DAY)
    then, moment = desk.tables(), desk.clock.now
    desk.clock.advance(minutes=5)
    desk.show("/shelling", "Homes hit in suburbs", SHELLING[0].replace("eleven", "fourteen"), *SHELLING[1:])
    assert visit_due(desk.nw, "test").outcomes["edited"] == 1
    desk.clock.advance(hours=2)
    desk.publish("/water", "Taps run again", *WATER, hour=13)
    desk.publish("/copied", "Stalls for growers", *MARKET, hour=14, by="other")
    desk.site.answers["/feed-site"] = (500, {}, b"")
    desk.at(23, 3)
    poll(desk.nw, ["site", "other"], "test")
    build_day(desk.nw, DAY)
    rows = {r["title"]: r for r in day_tables.STORIES.from_bytes(desk.tables()["stories"])}
    assert rows["Homes hit in suburbs"]["revision_number"] == 2
    assert "Taps run again" in rows
    return desk, then, moment


def test_a_day_as_known_has_the_bytes_of_then_though_stories_polls_and_a_new_text_came(known: Known) -> None:
    desk, then, moment = known
    with desk.nw.ledger.begin() as connection:
        ledger_before = (days.builds(connection), days.dirty(connection))
    in_force = desk.tables()
    folder = build_as_known(desk.nw, DAY, moment)
    as_known = desk.tables(folder)
    assert [name for name in then if as_known[name] != then[name]] == []
    assert desk.tables() == in_force != then
    with desk.nw.ledger.begin() as connection:
        assert (days.builds(connection), days.dirty(connection)) == ledger_before


def test_a_day_as_known_now_is_the_day_in_force_and_before_anything_was_read_has_zeros(known: Known) -> None:
    desk, _, _ = known
    desk.clock.advance(minutes=1)
    assert desk.tables(build_as_known(desk.nw, DAY, desk.clock.now)) == desk.tables()
    folder = build_as_known(desk.nw, DAY, datetime(2026, 11, 20, tzinfo=UTC))
    rows = day_tables.TOPIC_DAYS.from_bytes(desk.tables(folder)["topic_days"])
    assert {row["seen_story_count"] for row in rows} == {0}
    assert {row["covering_feed_count"] for row in rows} == {0}


def run(desk: Desk, *arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=desk.environment(**environ))


@pytest.fixture
def _command_clock(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """The command line reads the test's clock: on it the days here are past."""
    monkeypatch.setattr("newswatch.pipeline.open_newswatch", lambda s: replace(open_newswatch(s), clock=clock))


@pytest.mark.usefixtures("_command_clock")
def test_the_command_builds_a_day_as_known_says_where_and_leaves_the_rest(known: Known) -> None:
    desk, then, _ = known
    in_force = desk.tables()
    for given in ("2026-11-22T12:00", "2026-11-22T14:00+02:00"):
        done = run(desk, "build", str(DAY), "--as-known-at", given)
        assert done.exit_code == 0, done.output
        (line,) = (line for line in done.stdout.splitlines() if "as known at" in line and line.startswith(str(DAY)))
        folder = Path(line[line.index("/") :])
        assert {t.name: (folder / t.name / f"{DAY}.parquet").read_bytes() for t in day_tables.DAY_TABLES} == then
        assert desk.tables() == in_force
        assert desk.nw.store.names(f"digests/{DAY}") == []


@pytest.mark.usefixtures("_command_clock")
def test_a_moment_without_an_offset_is_one_of_the_configured_zone(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(timezone="Europe/Kyiv")
    done = run(desk, "build", str(DAY), "--as-known-at", "2026-11-22T11:00")
    assert done.exit_code == 0, done.output
    assert "2026-11-22 11:00:00+02:00" in done.stdout
    assert "20261122T090000.000000Z" in done.stdout


@pytest.mark.usefixtures("_command_clock")
def test_what_cannot_be_known_is_a_message_with_exit_code_2_and_nothing_is_written(desk: Desk) -> None:
    desk.at(23, 3)
    noon, alone = "2026-11-22T12:00", "--as-known-at goes with neither --extract nor --missing"
    for arguments, says in (
        (("--as-known-at", "2026-11-23T03:01"), "nothing is known of the future"),
        (("--as-known-at", noon, "--extract"), alone),
        (("--as-known-at", noon, "--missing"), alone),
        (("--as-known-at", "yesterday"), "'yesterday' is no moment. Write 2026-11-22T06:00"),
    ):
        done = run(desk, "build", str(DAY), *arguments)
        assert done.exit_code == 2, arguments
        assert says in " ".join(done.stderr.split())
        assert "Traceback" not in done.output
        assert desk.nw.store.names("as-known") == []
