"""Issues of a digest: what came late, what a re-issue corrects, who was sent what; and days as they were known."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
import sqlalchemy as sa

from newswatch.ledger import days, digests, schema
from newswatch.pipeline import (
    Newswatch,
    build_as_known,
    build_day,
    deliver,
    fetch_pending,
    issue_digest,
    message_of,
    poll,
    send,
)
from newswatch.tables import day_tables

DAY = date(2026, 11, 20)
TEXT = "Shelling damaged homes in the northern suburbs of Donetsk on Friday, officials of the region said."


@pytest.fixture
def told(site: Any, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Any) -> Any:
    """Publishes stories on DAY, each seen at the hour that is given; and the Newswatch that reads them."""
    nw = make_newswatch(site_config, pages_url="https://desk.example/newswatch")
    items: list[str] = []

    def tell(path: str, at: datetime, body: str = TEXT) -> None:
        clock.now = at
        head = '<meta property="article:published_time" content="2026-11-20T08:00:00Z">'
        site.page(path, head=head, title=f"Report {path} from Donetsk")
        status, headers, html = site.answers[path]
        site.answers[path] = (status, headers, html.replace(b"<h1>", f"<p>{body}</p><h1>".encode(), 1))
        items.append(site.item(path))
        site.feed(*items)
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")

    return nw, tell


def html(nw: Newswatch, day: date, number: int = 1) -> str:
    return nw.store.read(f"digests/{day}/issue-{number}/digest.html").decode()


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def table_bytes(nw: Newswatch, folder: str = "tables") -> dict[str, bytes]:
    return {t.name: nw.store.read(f"{folder}/{t.name}/{DAY}.parquet") for t in day_tables.DAY_TABLES}


def test_a_late_story_is_an_addition_of_the_next_digest_once(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(21, 6)
    issue_digest(nw, DAY, "first")
    issued = html(nw, DAY)
    other = "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported."
    tell("/2", at(21, 12), other)
    clock.now = at(22, 6)
    next_day, day_after = DAY + timedelta(days=1), DAY + timedelta(days=2)
    issue_digest(nw, next_day, "second")
    clock.now = at(23, 6)
    issue_digest(nw, day_after, "third")
    issue_digest(nw, next_day, "again")

    assert html(nw, DAY) == issued
    assert "Report /2" not in issued
    rows = day_tables.TOPIC_DAYS.from_bytes(nw.store.read(f"tables/topic_days/{DAY}.parquet"))
    assert {row["story_count"] for row in rows if row["topic"] == "donetsk"} == {2}
    late = html(nw, next_day)
    assert late.count("Late additions") == 1
    assert late.split("Late additions")[1].count("Report /2") == 1
    assert "Report /1" not in late
    assert "Late additions" not in html(nw, day_after)
    assert "Report /2" in html(nw, next_day, 2)


def test_a_reissue_says_what_it_replaces_and_which_stories_are_new(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(21, 6)
    issue_digest(nw, DAY, "first")
    issue_digest(nw, DAY, "nothing new")
    assert "it replaces issue 1 of 2026-11-21 06:00" in html(nw, DAY, 2)
    assert "No topic's stories have changed." in html(nw, DAY, 2)
    other = "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported."
    tell("/2", at(21, 12), other)
    issue_digest(nw, DAY, "a story more")
    corrected = html(nw, DAY, 3)
    assert "Donetsk: 1 → 2 stories; added: Report /2 from Donetsk" in corrected
    assert "corrected, issue 3" in message_of(nw, DAY, 3).title
    assert issue_digest(nw, DAY, "a story more").number == 3
    assert html(nw, DAY, 3) == corrected


def test_a_day_as_it_was_known_has_the_bytes_that_it_had_then(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(20, 10)
    build_day(nw, DAY)
    then = table_bytes(nw)
    tell(
        "/2", at(21, 12), "Donetsk had water again on Friday morning, for three hours, the city's waterworks reported."
    )
    build_day(nw, DAY)
    now = table_bytes(nw)
    assert now["stories"] != then["stories"]
    with nw.ledger.begin() as connection:
        built = days.build_of(connection, DAY)

    folder = build_as_known(nw, DAY, at(20, 10))
    assert table_bytes(nw, folder) == then
    assert table_bytes(nw) == now
    with nw.ledger.begin() as connection:
        assert days.build_of(connection, DAY) == built


def test_an_issue_reaches_each_channel_once_however_often_it_is_sent(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    issue_digest(nw, DAY, "first")
    got: list[str] = []
    is_broken = True

    def well(message: Any) -> str:
        got.append(f"well {message.title}")
        return "but the server refused one reader"

    def broken(message: Any) -> str:
        if is_broken:
            raise ConnectionError("the server is away")
        got.append(f"broken {message.title}")
        return ""

    channels = {"well": well, "broken": broken}
    message = message_of(nw, DAY, 1)
    assert message.link == "https://desk.example/newswatch/digest/2026-11-20/1"
    first = send(nw, message, channels)
    assert [(s.channel, s.state) for s in first] == [("well", "delivered"), ("broken", "failed")]
    assert first[0].detail == "but the server refused one reader"
    assert first[1].detail == "ConnectionError: the server is away"
    is_broken = False
    assert [s.state for s in send(nw, message, channels)] == ["delivered_before", "delivered"]
    assert [s.state for s in send(nw, message, channels)] == ["delivered_before", "delivered_before"]
    assert got == [f"well {message.title}", f"broken {message.title}"]


def test_a_sending_that_died_is_not_repeated_and_said_to_be_unknown(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    issue_digest(nw, DAY, "first")
    with nw.ledger.begin() as connection:
        digests.begin_delivery(connection, DAY, 1, "mail", clock.now)
    got: list[Any] = []
    assert [s.state for s in send(nw, message_of(nw, DAY, 1), {"mail": got.append})] == ["unknown"]
    assert got == []


def test_the_feed_of_digests_lists_what_was_delivered(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    for number, day in enumerate((DAY, DAY + timedelta(days=1))):
        clock.now = at(21 + number, 6)
        issue_digest(nw, day, "run")
        assert deliver(nw, day, 1)
    feed = feedparser.parse(nw.store.read("digests/feed.xml"))
    assert not feed.bozo
    assert [e.link for e in feed.entries] == [
        "https://desk.example/newswatch/digest/2026-11-21/1",
        "https://desk.example/newswatch/digest/2026-11-20/1",
    ]
    assert "Donetsk: 1" in feed.entries[1].summary
    for name in ("html", "md", "csv", "json"):
        content = nw.store.read(f"digests/2026-11-21/issue-1/digest.{name}")
        assert nw.store.read(f"digests/latest.{name}") == content


def test_another_process_in_another_time_zone_writes_the_same_digest(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    issue_digest(nw, DAY, "run")
    names = [f"digests/{DAY}/issue-1/digest.{end}" for end in ("html", "md", "csv", "json")]
    before = {name: nw.store.read(name) for name in names}
    settings = nw.settings
    code = (
        "from newswatch.pipeline import issue_digest, open_newswatch; from newswatch.settings import load_settings; "
        f"from datetime import date; issue_digest(open_newswatch(load_settings()), date({DAY:%Y, %-m, %-d}), 'run')"
    )
    for zone, seed in (("Pacific/Auckland", "1"), ("America/New_York", "2")):
        environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        environment |= {
            "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
            "NEWSWATCH_HOME": str(settings.home),
            "NEWSWATCH_DATA_URL": settings.data_url,
            "NEWSWATCH_DATABASE_URL": settings.database_url,
        }
        with nw.ledger.begin() as connection:  # as if it had never been issued
            connection.execute(sa.delete(schema.digests))
        for name in names:
            Path(nw.store.locate(name)).unlink()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
        assert {name: nw.store.read(name) for name in names} == before


def test_an_issue_stays_as_it_was_when_its_run_is_repeated_later(told: Any, clock: Any) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(21, 6)
    issue_digest(nw, DAY, "run")
    names = [f"digests/{DAY}/issue-1/digest.{end}" for end in ("html", "md", "csv", "json")]
    before = {name: nw.store.read(name) for name in names}
    other = "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported."
    tell("/2", at(21, 12), other)
    assert issue_digest(nw, DAY, "run").number == 1
    assert {name: nw.store.read(name) for name in names} == before
    clock.now = at(22, 6)
    issue_digest(nw, DAY + timedelta(days=1), "next")
    assert "Report /2" in html(nw, DAY + timedelta(days=1)).split("Late additions")[1]
