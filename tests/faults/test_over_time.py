"""Faults that only show from poll to poll, or at the first poll of all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from certificates import AUTHORITY, server_context
from clocks import Clock
from fault import AFTER, BEFORE, DURING, FEED_TYPE
from hostile import Hostile, plain, raw, redirect
from matrix import catalogue

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, poll


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as running:
        yield running


@pytest.fixture
def nw(hostile: Hostile, make_newswatch: Callable[..., Newswatch], tmp_path: Path) -> Newswatch:
    """One feed, `a`, on the hostile server."""
    feed = {"id": "a", "url": f"http://a.localhost:{hostile.port}/feed", "allow_private": True}
    return make_newswatch(catalogue(tmp_path / "config", [feed]))


def outcome(nw: Newswatch) -> str:
    (found,) = poll(nw, ["a"], "test").feed_outcomes
    return found


def row(nw: Newswatch) -> Any:
    with nw.ledger.begin() as connection:
        return connection.execute(sa.select(t.feeds)).one()


def test_a_permanent_redirect_is_learnt_after_three_polls_and_forgotten_when_it_fails(
    hostile: Hostile, nw: Newswatch, clock: Clock
) -> None:
    hostile.answers |= {
        "a/feed": redirect("http://b.localhost:{port}/feed", "301 Moved"),
        "b/feed": plain(BEFORE, Content_Type=FEED_TYPE),
    }
    for _ in range(4):
        outcome(nw)
        clock.advance(hours=1)
    assert [call.label for call in hostile.calls] == ["a", "b"] * 3 + ["b"]

    hostile.answers["b/feed"] = raw(b"")
    hostile.answers["a/feed"] = plain(AFTER, Content_Type=FEED_TYPE)
    assert outcome(nw) == "connection_failed"
    assert row(nw).next_due_at - clock() < timedelta(minutes=15)
    clock.advance(hours=1)
    assert outcome(nw) == "ok"
    assert hostile.calls[-1].label == "a"


def test_a_temporary_redirect_is_never_learnt(hostile: Hostile, nw: Newswatch, clock: Clock) -> None:
    hostile.answers |= {"a/feed": redirect("/there"), "a/there": plain(BEFORE, Content_Type=FEED_TYPE)}
    for _ in range(5):
        outcome(nw)
        clock.advance(hours=1)
    assert hostile.paths == ["/feed", "/there"] * 5


def test_a_server_that_flaps_never_waits_longer_than_after_one_failure(
    hostile: Hostile, nw: Newswatch, clock: Clock
) -> None:
    well, ill = plain(BEFORE, Content_Type=FEED_TYPE), plain(b"", "503 Later")
    found = []
    for number in range(6):
        hostile.answers["a/feed"] = ill if number % 2 else well
        found.append(outcome(nw))
        assert row(nw).failure_count <= 1
        assert row(nw).next_due_at - clock() < timedelta(minutes=30)
        clock.advance(minutes=30)
    assert found == ["ok", "http_503", "not_modified", "http_503", "not_modified", "http_503"]


def test_a_host_that_asked_for_rest_is_not_asked_before_its_time(hostile: Hostile, nw: Newswatch, clock: Clock) -> None:
    hostile.answers["a/feed"] = plain(b"", "429 Wait", Retry_After="7200")
    assert outcome(nw) == "http_429"
    clock.advance(hours=1)
    assert outcome(nw) == "host_paused"
    assert len(hostile.calls) == 1
    assert row(nw).failure_count == 1  # the pause is none of the feed's failures
    assert row(nw).next_due_at > clock() + timedelta(minutes=50)
    hostile.answers["a/feed"] = plain(BEFORE, Content_Type=FEED_TYPE)
    clock.advance(hours=1)
    assert outcome(nw) == "ok"


def test_a_304_to_the_very_first_poll_is_no_success_and_covers_no_day(
    hostile: Hostile, nw: Newswatch, clock: Clock
) -> None:
    hostile.answers["a/feed"] = raw(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')
    for _ in range(3):
        assert outcome(nw) == "http_304"
        clock.advance(days=2)
    with nw.ledger.begin() as connection:
        assert connection.execute(sa.select(t.coverage)).all() == []
    assert (row(nw).succeeded_at, row(nw).etag, row(nw).failure_count) == (None, None, 3)


def test_a_server_that_answers_304_whatever_has_changed_is_found_out_within_a_day(
    hostile: Hostile, nw: Newswatch, clock: Clock
) -> None:
    async def stubborn(call: Any) -> None:
        is_asked = bool(call.header("If-None-Match"))
        body = AFTER if len(hostile.calls) > 1 else DURING
        await (raw(b"HTTP/1.1 304 No\r\n\r\n") if is_asked else plain(body, ETag='"same"'))(call)

    hostile.answers["a/feed"] = stubborn
    found = []
    for _ in range(5):
        found.append(outcome(nw))
        clock.advance(hours=8)
    assert found == ["ok", "not_modified", "not_modified", "ok", "not_modified"]


def test_a_shared_certificate_authority_is_trusted_where_the_machine_trusts_it(
    hostile: Hostile, tmp_path: Path
) -> None:
    """As an operator would: SSL_CERT_FILE, in a process of its own."""
    port = hostile.open()
    hostile.contexts[port] = server_context("good", "a.localhost")
    hostile.answers["a/feed"] = plain(BEFORE)
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    for certificates, expected in ((str(tmp_path / "authority.pem"), "Response"), ("", "tls_failed")):
        done = subprocess.run(
            [sys.executable, "-c", _FETCH, f"https://a.localhost:{port}/feed"],
            env={"SSL_CERT_FILE": certificates} if certificates else {},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected


_FETCH = """
import asyncio, datetime, sys
from newswatch.net.client import Fetcher, Request
async def run():
    settings = dict(contact="", delay_seconds=0, deadline_seconds=10, clock=lambda: datetime.datetime.now(datetime.UTC))
    async with Fetcher(**settings) as fetcher:
        return await fetcher.get(Request(sys.argv[1], 10_000, allow_private=True))
answer = asyncio.run(run())
print(getattr(answer, "outcome", type(answer).__name__))
"""
