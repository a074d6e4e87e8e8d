"""What is a check for bots, and what only looks a little like one."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from newswatch.net.bot_check import is_bot_check
from newswatch.net.messages import Response

URL = "https://paper.example/world/feed?x=1"
STORY = "<p>" + "The board met at the quay on Tuesday and left again by noon. " * 8 + "</p>"


def page(refresh: str, text: str = "<p>One moment. We are looking at your browser.</p>", script: str = "x()") -> str:
    return (
        f"<!DOCTYPE html><html><head><title>One moment</title>{refresh}<style>p{{}}</style></head><body>{text}"
        f"<noscript>{STORY}</noscript><script>{script}</script></body></html>"
    )


@pytest.mark.parametrize(
    "refresh",
    [
        '<meta http-equiv="refresh" content="390">',
        "<META HTTP-EQUIV=Refresh content='5; URL=/world/feed?token=abc'>",
        '<meta content="2;url=https://paper.example/world/feed#again" http-equiv="refresh">',
    ],
)
def test_a_script_and_a_refresh_of_the_same_page_are_a_check(refresh: str) -> None:
    assert is_bot_check(URL, (), page(refresh).encode())


@pytest.mark.parametrize(
    "body",
    [
        page('<meta http-equiv="refresh" content="300">', text=STORY),
        page('<meta http-equiv="refresh" content="0; url=https://paper.example/story">'),
        page('<meta http-equiv="refresh" content="0; url=/consent">'),
        page("<meta name='refresh' content='5'>"),
        "<html><head><meta http-equiv='refresh' content='5'></head><body>Moved.</body></html>",
        page('<meta http-equiv="refresh" content="390">', script="x" * 300_000),
        "",
        "<rss version='2.0'><channel><title>Feed</title></channel></rss>",
    ],
)
def test_a_story_a_redirect_and_a_page_without_a_script_are_none(body: str) -> None:
    assert not is_bot_check(URL, (), body.encode())


def test_a_header_may_say_so_whatever_the_body_is() -> None:
    assert is_bot_check(URL, (("Content-Type", "text/html"), ("cf-mitigated", " Challenge")), b"")
    assert is_bot_check(URL, (("X-Some-Wall-Action", "captcha"),), STORY.encode())
    assert not is_bot_check(URL, (("X-About", "a challenge for readers"),), STORY.encode())


@pytest.mark.parametrize("piece", [b"<script", b"<meta http-equiv=refresh ", b"<", b"<meta ", b"<script></script"])
def test_hostile_bodies_take_no_time(piece: bytes) -> None:
    body = b"<script><meta http-equiv=refresh content=1>" + piece * (190_000 // len(piece))
    began = time.process_time()
    is_bot_check(URL, (), body)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("status", "outcome", "is_transient"),
    [(200, "bot_check", False), (503, "bot_check", False), (202, "bot_check", False), (403, "http_403", False)],
)
def test_the_verdict_on_an_answer_knows_checks(status: int, outcome: str, is_transient: bool) -> None:
    body = page('<meta http-equiv="refresh" content="390">').encode()
    answer = Response(URL, status, (), body, body, datetime(2026, 11, 22, tzinfo=UTC), 0.1)
    failure = answer.failure(answer.fetched_at)
    assert failure is not None
    assert (failure.outcome, failure.is_transient) == (outcome, is_transient)
