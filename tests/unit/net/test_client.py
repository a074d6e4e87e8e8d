"""The fetcher by itself: what it asks, how often, and what it hands back. What servers do to it: tests/faults."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hostile import Answer, Call, Hostile, plain, raw, redirect

from newswatch.net.client import Fetcher, Request
from newswatch.net.messages import Failure, Response


def fetcher_with(deadline: float) -> Fetcher:
    return Fetcher(
        contact="test@example.com", delay_seconds=0, deadline_seconds=deadline, clock=lambda: datetime.now(UTC)
    )


def ask(
    answers: Mapping[str, Answer], *paths: str, deadline: float = 5.0, **request: Any
) -> tuple[list[Response | Failure], Hostile]:
    """Ask a hostile server for each path in turn; returns the answers and the server."""

    async def run() -> list[Response | Failure]:
        options = {"max_bytes": 100_000, "allow_private": True} | request
        async with fetcher_with(deadline) as fetcher:
            return [await fetcher.get(Request(hostile.url(path), **options)) for path in paths or ("/",)]

    with Hostile(dict(answers)) as hostile:
        return asyncio.run(run()), hostile


def failure(answers: Mapping[str, Answer], *paths: str, **request: Any) -> Failure:
    (answer,), _ = ask(answers, *paths, **request)
    assert isinstance(answer, Failure), answer
    return answer


def good(answers: Mapping[str, Answer], *paths: str, **request: Any) -> Response:
    (answer,), _ = ask(answers, *paths, **request)
    assert isinstance(answer, Response), answer
    return answer


def test_a_good_answer_comes_whole_and_says_who_asked() -> None:
    (found,), hostile = ask({"/": plain(b"hello", Content_Type="text/html")}, headers={"Accept": "text/html"})
    assert isinstance(found, Response)
    assert (found.status, found.body, found.header("content-type")) == (200, b"hello", "text/html")
    (call,) = hostile.calls
    assert call.header("User-Agent").startswith("Newswatch/")
    assert call.header("User-Agent").endswith("(+test@example.com)")
    assert (call.header("Accept"), call.header("Cookie")) == ("text/html", "")


def test_the_wires_bytes_are_kept_beside_the_decoded_body() -> None:
    body = gzip.compress(b"hello")
    found = good({"/": plain(body, Content_Encoding="gzip")})
    assert (found.body, found.raw_body) == (b"hello", body)


def test_the_address_of_the_last_hop_is_told() -> None:
    found = good({"/": redirect("/b"), "/b": redirect("c"), "/c": plain(b"here")})
    assert found.body == b"here"
    assert found.url.endswith("/c")
    assert found.moved_to is None


def test_where_permanent_redirects_alone_led_is_told() -> None:
    hops = {"/": redirect("/b", "301 Moved"), "/b": redirect("/c", "308 Moved"), "/c": redirect("/d")}
    found = good(hops | {"/d": plain(b"here")})
    assert found.url.endswith("/d")
    assert (found.moved_to or "").endswith("/c")


def test_a_cookie_is_sent_along_the_chain_that_brought_it_and_no_further() -> None:
    async def gate(call: Call) -> None:
        if "seen=1" in call.header("Cookie"):
            return await plain(b"in")(call)
        return await redirect(call.path, "302 Found", Set_Cookie="seen=1; Path=/")(call)

    answers, hostile = ask({"/": gate, "/other": plain(b"other")}, "/", "/other", "/")
    assert [a.body for a in answers if isinstance(a, Response)] == [b"in", b"other", b"in"]
    assert [call.header("Cookie") for call in hostile.calls] == ["", "seen=1", "", "", "seen=1"]


def test_a_cookie_that_changes_nothing_ends_as_a_loop() -> None:
    again = redirect("/", "302 Found", Set_Cookie="seen=1; Path=/")
    (answer,), hostile = ask({"/": again})
    assert isinstance(answer, Failure)
    assert answer.outcome == "redirect_loop"
    assert len(hostile.paths) == 2


def test_six_requests_are_made_at_most() -> None:
    (answer,), hostile = ask({f"/{n}": redirect(f"/{n + 1}") for n in range(50)}, "/0")
    assert isinstance(answer, Failure)
    assert answer.outcome == "redirect_loop"
    assert len(hostile.paths) == 6


def test_redirects_share_one_deadline() -> None:
    async def slow(call: Call) -> None:
        await asyncio.sleep(0.4)
        await redirect(f"/{int(call.path.removeprefix('/')) + 1}")(call)

    (answer,), hostile = ask({f"/{n}": slow for n in range(6)}, "/0", deadline=1.0)
    assert isinstance(answer, Failure)
    assert (answer.outcome, answer.is_transient) == ("timeout", True)
    assert len(hostile.paths) <= 3


@pytest.mark.parametrize(
    "url", ["http://exa mple/", "http://a..b/", "http://" + "a" * 300 + "/", "http://", "http:///"]
)
def test_an_address_that_is_none_ends_as_a_failure(url: str) -> None:
    async def run() -> Response | Failure:
        async with fetcher_with(3.0) as fetcher:
            return await fetcher.get(Request(url, 1000, allow_private=True))

    answer = asyncio.run(run())
    assert isinstance(answer, Failure)
    assert answer.outcome in {"bad_url", "name_unknown"}
    assert answer.url == url


def test_what_a_server_says_of_itself_comes_as_one_clean_line() -> None:
    found = failure({"/": redirect("ftp://a/\x1b[31m\x07" + "x" * 5000)})
    assert found.outcome in {"bad_redirect", "bad_answer"}
    assert len(found.detail) <= 500
    assert found.detail.isprintable()


def test_a_host_that_failed_three_times_in_a_row_is_not_asked_a_fourth_time() -> None:
    answers, hostile = ask({"/": plain(b"half", length=100)}, *["/"] * 5)
    outcomes = [answer.outcome for answer in answers if isinstance(answer, Failure)]
    assert outcomes == ["truncated"] * 3 + ["host_paused"] * 2
    assert len(hostile.paths) == 3


def test_a_request_is_sent_once_even_where_the_server_hangs_up() -> None:
    (answer,), hostile = ask({"/": raw(b"")})
    assert isinstance(answer, Failure)
    assert len(hostile.paths) == 1


def test_a_host_is_asked_for_one_thing_at_a_time() -> None:
    busy = most = 0

    async def answer(call: Call) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.02)
        await plain(b"here")(call)
        busy -= 1

    async def run() -> None:
        async with fetcher_with(5.0) as fetcher:
            urls = [hostile.url(f"/{n}") for n in range(8)]
            await asyncio.gather(*(fetcher.get(Request(url, 1000, allow_private=True)) for url in urls))

    with Hostile({f"/{n}": answer for n in range(8)}) as hostile:
        asyncio.run(run())
    assert (most, len(hostile.calls)) == (1, 8)


def test_a_body_may_be_cut_to_size_where_its_beginning_is_enough() -> None:
    assert good({"/": plain(b"x" * 5000)}, max_bytes=1000, is_cut_to_size=True).body == b"x" * 1000
    assert failure({"/": plain(b"x" * 5000)}, max_bytes=1000).outcome == "too_large"


ROBOTS = b"User-agent: *\nDisallow: /private/\n"


def test_robots_txt_is_asked_for_once_and_obeyed_by_pages_alone() -> None:
    answers = {"/robots.txt": plain(ROBOTS), "/private/a": plain(b"secret")}
    found, hostile = ask(answers, "/private/a", "/private/a", obeys_robots=True)
    assert [a.outcome for a in found if isinstance(a, Failure)] == ["robots_disallowed"] * 2
    assert hostile.paths == ["/robots.txt"]
    assert good(answers, "/private/a").body == b"secret"


def test_a_robots_txt_that_cannot_be_had_forbids_for_now() -> None:
    answers = {"/robots.txt": plain(b"", "503 Service Unavailable"), "/a": plain(b"here")}
    (answer,), hostile = ask(answers, "/a", obeys_robots=True)
    assert isinstance(answer, Failure)
    assert (answer.outcome, answer.is_transient) == ("robots_unreachable", True)
    assert hostile.paths == ["/robots.txt"]
