"""Who was sent what: each channel once, what failed is tried again, the feed lists what was delivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import feedparser
import pytest
import sqlalchemy as sa
from clocks import Clock
from desk import DAY, FILES, NEXT, SHELLING, Desk
from told import FRIDAY, Told, at

from newswatch.ledger import digests
from newswatch.ledger import schema as t
from newswatch.pipeline import deliver, issue_digest, message_of, send


def test_an_issue_reaches_each_channel_once_however_often_it_is_sent(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    issue_digest(nw, FRIDAY, "first")
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
    message = message_of(nw, FRIDAY, 1)
    assert message.link == "https://desk.example/newswatch/digest/2026-11-20/1"
    first = send(nw, message, channels)
    assert [(s.channel, s.state) for s in first] == [("well", "delivered"), ("broken", "failed")]
    assert first[0].detail == "but the server refused one reader"
    assert first[1].detail == "ConnectionError: the server is away"
    is_broken = False
    assert [s.state for s in send(nw, message, channels)] == ["delivered_before", "delivered"]
    assert [s.state for s in send(nw, message, channels)] == ["delivered_before", "delivered_before"]
    assert got == [f"well {message.title}", f"broken {message.title}"]


def test_a_sending_that_died_is_not_repeated_and_said_to_be_unknown(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    issue_digest(nw, FRIDAY, "first")
    with nw.ledger.begin() as connection:
        digests.begin_delivery(connection, FRIDAY, 1, "mail", clock.now)
    got: list[Any] = []
    assert [s.state for s in send(nw, message_of(nw, FRIDAY, 1), {"mail": got.append})] == ["unknown"]
    assert got == []


def test_the_feed_of_digests_lists_what_was_delivered(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    for number, day in enumerate((FRIDAY, FRIDAY + timedelta(days=1))):
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


def test_each_channel_gets_the_message_once_and_what_failed_keeps_no_other_from_it(late: Desk) -> None:
    got: list[str] = []

    def fails(_: Any) -> None:
        raise RuntimeError("no route")

    message = message_of(late.nw, DAY, 1)
    channels = {"bad": fails, "good": lambda m: got.append(m.title)}
    assert [(s.channel, s.state, s.detail) for s in send(late.nw, message, channels)] == [
        ("bad", "failed", "RuntimeError: no route"),
        ("good", "delivered", ""),
    ]
    assert [s.state for s in send(late.nw, message, channels)] == ["failed", "delivered_before"]
    with late.nw.ledger.begin() as connection:
        kept = {
            d["channel"]: (d["state"], d["detail"])
            for d in connection.execute(sa.select(t.deliveries).where(t.deliveries.c.day == DAY)).mappings()
        }
    assert kept == {"bad": ("failed", "RuntimeError: no route"), "good": ("delivered", "")}
    assert got == ["Newswatch, Sunday 22 November 2026"]
    late.issue(DAY, "again", 2)
    send(late.nw, message_of(late.nw, DAY, 2), {"good": lambda m: got.append(m.title)})
    assert got[1:] == ["Newswatch, Sunday 22 November 2026 (issue 2)"]


def test_a_sending_that_died_in_the_middle_is_told_as_unknown_and_the_others_go_on(late: Desk) -> None:
    with late.nw.ledger.begin() as connection:
        digests.begin_delivery(connection, DAY, 1, "died", late.clock.now)
    got: list[str] = []
    channels = {name: (lambda _, name=name: got.append(name)) for name in ("died", "well")}
    for _ in range(2):
        sent = send(late.nw, message_of(late.nw, DAY, 1), channels)
        assert sent[0].state == "unknown"
        late.clock.advance(hours=30)
    assert got == ["well"]


@pytest.mark.parametrize("pages_url", ["", "https://desk.example/newswatch"])
def test_the_feed_lists_delivered_issues_newest_first_and_links_where_pages_are(
    make_desk: Callable[..., Desk], pages_url: str
) -> None:
    desk = make_desk(pages_url=pages_url)
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.issue(DAY, "held back", 2)
    desk.at(24, 6)
    desk.issue(NEXT)
    assert deliver(desk.nw, NEXT, 1)
    assert deliver(desk.nw, DAY, 1)
    assert not deliver(desk.nw, DAY, 1)
    assert {n: desk.nw.store.read(f"digests/latest.{n.partition('.')[2]}").decode() for n in FILES} == desk.issued(NEXT)
    feed = feedparser.parse(desk.nw.store.read("digests/feed.xml"))
    assert not feed.bozo
    assert [e.title for e in feed.entries] == [
        "Newswatch, Monday 23 November 2026",
        "Newswatch, Sunday 22 November 2026",
    ]
    assert [e.id for e in feed.entries] == ["newswatch-2026-11-23-1", "newswatch-2026-11-22-1"]
    links = [e.get("link") for e in feed.entries]
    assert links == ([f"{pages_url}/digest/2026-11-{d}/1" for d in (23, 22)] if pages_url else [None, None])
    assert feed.entries[1].published == "Mon, 23 Nov 2026 06:00:00 GMT"
    assert deliver(desk.nw, DAY, 2)
    assert len(feedparser.parse(desk.nw.store.read("digests/feed.xml")).entries) == 3
    assert "Monday 23 November" in desk.nw.store.read("digests/latest.md").decode()
