"""Manners: pauses that follow a host's speed and its wishes, and robots.txt that is asked for once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newswatch.net.messages import Failure, Response
from newswatch.net.politeness import Gate, HostMemory, RobotsText

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
URL = "https://news.example/a"


def answer(status: int, **headers: str) -> Response:
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(URL, status, lines, b"", b"", NOW, 0.1)


def failure() -> Failure:
    return Failure(URL, "timeout", "", is_transient=True)


@pytest.mark.parametrize(("seconds", "pause"), [(0.1, 1.0), (3.0, 3.0), (60.0, 10.0)])
def test_a_slow_host_gets_as_long_a_rest_as_it_needed(seconds: float, pause: float) -> None:
    gate = Gate(delay=1.0)
    gate.note(answer(200), seconds, NOW, 100.0)
    assert gate.free_at == 100.0 + pause


def test_no_delay_means_none_whatever_the_host_needed() -> None:
    gate = Gate(delay=0.0)
    gate.note(answer(200), 5.0, NOW, 100.0)
    assert gate.free_at == 100.0


@pytest.mark.parametrize(("asked", "delay"), [(None, 1.0), (0.5, 1.0), (5.0, 5.0), (3600.0, 10.0)])
def test_a_crawl_delay_is_honoured_up_to_ten_seconds(asked: float | None, delay: float) -> None:
    gate = Gate(delay=1.0)
    gate.slow_down(asked)
    assert gate.delay == delay


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"Retry_After": "120"}, timedelta(seconds=120)),
        (503, {"Retry_After": "Sun, 22 Nov 2026 19:00:00 GMT"}, timedelta(hours=1)),
        (429, {}, timedelta(minutes=5)),
        (503, {"Retry_After": "soon"}, timedelta(minutes=5)),
        (429, {"Retry_After": "9" * 400}, timedelta(days=1)),
    ],
)
def test_a_host_that_asks_for_rest_is_left_alone_for_so_long(
    status: int, headers: dict[str, str], pause: timedelta
) -> None:
    gate = Gate(delay=1.0)
    gate.note(answer(status, **headers), 0.1, NOW, 0.0)
    assert gate.paused_until == NOW + pause
    refused = gate.refusal(URL, NOW + pause - timedelta(seconds=1))
    assert refused
    assert (refused.outcome, refused.retry_after_seconds) == ("host_paused", 1.0)
    assert gate.refusal(URL, NOW + pause) is None


def test_a_retry_after_of_zero_pauses_nothing() -> None:
    gate = Gate(delay=1.0)
    gate.note(answer(503, Retry_After="0"), 0.1, NOW, 0.0)
    assert gate.refusal(URL, NOW) is None


def test_three_failures_in_a_row_are_enough_and_a_good_answer_forgives() -> None:
    gate = Gate(delay=0.0)
    for bad in (failure(), answer(500), answer(200), failure(), answer(502)):
        gate.note(bad, 0.1, NOW, 0.0)
    assert gate.refusal(URL, NOW) is None
    gate.note(failure(), 0.1, NOW, 0.0)
    assert gate.refusal(URL, NOW)


def test_a_robots_txt_serves_for_a_day() -> None:
    memory = HostMemory(robots={"https://news.example": RobotsText("Disallow: /x", NOW)})
    assert memory.fresh_robots("https://news.example", NOW + timedelta(hours=23)) == "Disallow: /x"
    assert memory.fresh_robots("https://news.example", NOW + timedelta(hours=24)) is None
    assert memory.fresh_robots("https://other.example", NOW) is None
