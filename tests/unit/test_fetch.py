"""The fetcher against servers that misbehave: every request ends in time, in bounds and where it may go."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from newswatch import addresses
from newswatch.fetch import Fetcher, Request, decode
from newswatch.model import Failure, Response

Answer = Callable[[asyncio.StreamWriter, str], Awaitable[None]]


class Hostile:
    """A server on loopback that answers each path as told. `paths`: what was asked for; `count`: connections."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.paths: list[str] = []
        self.count = 0
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            self.paths.append(path)
            await self.answers.get(path, plain(b"none", "404 Not Found"))(writer, head)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def fetcher_with(deadline: float) -> Fetcher:
    return Fetcher(
        contact="test@example.com", delay_seconds=0, deadline_seconds=deadline, clock=lambda: datetime.now(UTC)
    )


def plain(body: bytes, status: str = "200 OK", length: int | None = None, **headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter, _: str) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        size = len(body) if length is None else length
        head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *lines])
        writer.write(head.encode("latin-1") + b"\r\n\r\n" + body)

    return answer


def redirect(target: str) -> Answer:
    return plain(b"", "302 Found", Location=target)


def raw(content: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter, _: str) -> None:
        writer.write(content)

    return answer


def ask(
    answers: Callable[[Hostile], dict[str, Answer]],
    path: str = "/",
    *,
    deadline: float = 5.0,
    times: int = 1,
    **request: Any,
) -> tuple[list[Response | Failure], Hostile]:
    """Ask a hostile server `times` times for `path`; returns the answers and the server."""

    async def run() -> tuple[list[Response | Failure], Hostile]:
        hostile = Hostile()
        server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
        hostile.port = server.sockets[0].getsockname()[1]
        hostile.answers = answers(hostile)
        options = {"max_bytes": 100_000, "allow_private": True} | request
        try:
            async with fetcher_with(deadline) as fetcher:
                return [await fetcher.get(Request(hostile.url(path), **options)) for _ in range(times)], hostile
        finally:
            server.close()

    return asyncio.run(run())


def outcome(*args: Any, **kwargs: Any) -> str:
    (answer,), _ = ask(*args, **kwargs)
    assert isinstance(answer, Failure), answer
    return answer.outcome


def good(*args: Any, **kwargs: Any) -> Response:
    (answer,), _ = ask(*args, **kwargs)
    assert isinstance(answer, Response), answer
    return answer


def test_a_good_answer_comes_whole_and_says_who_asked() -> None:
    heads: list[str] = []

    async def answer(writer: asyncio.StreamWriter, head: str) -> None:
        heads.append(head)
        await plain(b"hello", Content_Type="text/html")(writer, head)

    found = good(lambda _: {"/": answer}, headers={"Accept": "text/html"})
    assert (found.status, found.body, found.header("content-type")) == (200, b"hello", "text/html")
    assert "User-Agent: Newswatch/" in heads[0]
    assert "(+test@example.com)" in heads[0]
    assert "Cookie" not in heads[0]


def test_a_slow_drip_ends_at_the_total_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter, _: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(200):
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    assert outcome(lambda _: {"/": drip}, deadline=0.3) == "timeout"


def test_silence_ends_at_the_deadline() -> None:
    async def silence(_: asyncio.StreamWriter, __: str) -> None:
        await asyncio.sleep(2)

    assert outcome(lambda _: {"/": silence}, deadline=0.3) == "timeout"


def test_redirects_share_one_deadline() -> None:
    async def slow(writer: asyncio.StreamWriter, head: str) -> None:
        await asyncio.sleep(0.2)
        number = int(head.split(" ")[1].removeprefix("/"))
        await redirect(f"/{number + 1}")(writer, head)

    assert outcome(lambda _: {f"/{n}": slow for n in range(5)}, "/0", deadline=0.5) == "timeout"


def test_a_body_without_end_is_too_large() -> None:
    async def endless(writer: asyncio.StreamWriter, _: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(400):
            writer.write(b"x" * 65536)
            await writer.drain()

    assert outcome(lambda _: {"/": endless}) == "too_large"


def test_a_gzip_bomb_is_too_large() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    assert len(bomb) < 100_000
    assert outcome(lambda _: {"/": plain(bomb, Content_Encoding="gzip")}) == "too_large"
    assert outcome(lambda _: {"/": plain(bomb, Content_Encoding="gzip")}, max_bytes=50_000_000) == "too_large"


def test_a_cut_gzip_body_is_truncated() -> None:
    body = gzip.compress(b"hello " * 1000)
    assert outcome(lambda _: {"/": plain(body[:-12], Content_Encoding="gzip")}) == "truncated"


def test_a_body_that_ends_before_its_stated_end_is_truncated() -> None:
    assert outcome(lambda _: {"/": plain(b"half", length=100)}) == "truncated"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("x-gzip", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),
        ("identity", b"hello"),
        ("GZIP", gzip.compress(b"hello")),
    ],
)
def test_the_encodings_that_were_asked_for_are_undone_and_the_wires_bytes_kept(encoding: str, body: bytes) -> None:
    found = good(lambda _: {"/": plain(body, Content_Encoding=encoding)})
    assert (found.body, found.raw_body) == (b"hello", body)


def test_a_gzip_body_of_several_members_is_read_to_its_end() -> None:
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 1000) == b"one two"


@pytest.mark.parametrize(("encoding", "body"), [("br", b"x"), ("zstd", b"x"), ("gzip, gzip", b"x"), ("gzip", b"hello")])
def test_an_encoding_that_was_not_asked_for_or_is_none_is_refused(encoding: str, body: bytes) -> None:
    assert outcome(lambda _: {"/": plain(body, Content_Encoding=encoding)}) == "bad_encoding"


def test_a_redirect_is_followed_and_the_last_address_told() -> None:
    found = good(lambda _: {"/": redirect("/b"), "/b": redirect("c"), "/c": plain(b"here")})
    assert found.body == b"here"
    assert found.url.endswith("/c")


def test_a_circle_of_redirects_ends() -> None:
    assert outcome(lambda _: {"/": redirect("/b"), "/b": redirect("/")}) == "redirect_loop"


def test_redirects_without_end_end() -> None:
    (answer,), hostile = ask(lambda _: {f"/{n}": redirect(f"/{n + 1}") for n in range(50)}, "/0")
    assert isinstance(answer, Failure)
    assert answer.outcome == "redirect_loop"
    assert len(hostile.paths) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "ftp://127.0.0.1/", "http://["])
def test_a_redirect_away_from_the_web_is_not_followed(target: str) -> None:
    assert outcome(lambda _: {"/": redirect(target)}) == "bad_redirect"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "feeds.localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"]
)
def test_a_feed_that_may_not_is_refused_a_private_address_and_no_connection_is_made(host: str) -> None:
    async def run() -> tuple[Response | Failure, Hostile]:
        hostile = Hostile()
        server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
        hostile.port = server.sockets[0].getsockname()[1]
        async with fetcher_with(3.0) as fetcher:
            answer = await fetcher.get(Request(f"http://{host}:{hostile.port}/", 1000))
        server.close()
        return answer, hostile

    answer, hostile = asyncio.run(run())
    assert isinstance(answer, Failure)
    assert answer.outcome in {"address_refused", "bad_url"}
    assert not answer.is_transient
    assert hostile.count == 0


def test_a_public_redirect_to_a_private_address_is_refused_before_any_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first hop is loopback too, let through here alone: no other address can be had in a test."""

    async def run() -> tuple[Response | Failure, Hostile, Hostile]:
        first, private = Hostile(), Hostile()
        servers = [await asyncio.start_server(h.serve, "127.0.0.1", 0) for h in (first, private)]
        first.port, private.port = (s.sockets[0].getsockname()[1] for s in servers)
        first.answers = {"/": redirect(private.url("/admin"))}
        rule = addresses.refusal
        monkeypatch.setattr(addresses, "refusal", lambda a, port: None if port == first.port else rule(a, port))
        async with fetcher_with(3.0) as fetcher:
            answer = await fetcher.get(Request(first.url("/"), 1000))
        for server in servers:
            server.close()
        return answer, first, private

    answer, first, private = asyncio.run(run())
    assert isinstance(answer, Failure)
    assert answer.outcome == "address_refused"
    assert (first.count, private.count) == (1, 0)


def test_nobody_there_is_a_connection_that_failed() -> None:
    async def run() -> Response | Failure:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with fetcher_with(3.0) as fetcher:
            return await fetcher.get(Request(f"http://127.0.0.1:{port}/", 1000, allow_private=True))

    answer = asyncio.run(run())
    assert isinstance(answer, Failure)
    assert (answer.outcome, answer.is_transient) == ("connection_failed", True)


@pytest.mark.parametrize(
    "content",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 99999 + b"\r\n\r\n",
    ],
    ids=["not-http", "bad-length", "long-header"],
)
def test_an_answer_that_is_no_http_is_a_bad_answer(content: bytes) -> None:
    assert outcome(lambda _: {"/": raw(content)}) == "bad_answer"


def test_a_connection_closed_without_a_word_is_a_connection_that_failed() -> None:
    assert outcome(lambda _: {"/": raw(b"")}) == "connection_failed"


@pytest.mark.parametrize("url", ["http://exa mple/", "http://a..b/", "http://" + "a" * 300 + "/"])
def test_an_address_that_is_none_ends_as_a_failure(url: str) -> None:
    async def run() -> Response | Failure:
        async with fetcher_with(3.0) as fetcher:
            return await fetcher.get(Request(url, 1000, allow_private=True))

    answer = asyncio.run(run())
    assert isinstance(answer, Failure)
    assert answer.outcome in {"bad_url", "name_unknown"}


def test_a_host_that_failed_three_times_in_a_row_is_not_asked_a_fourth_time() -> None:
    broken = {"/": plain(b"half", length=100)}
    answers, hostile = ask(lambda _: broken, times=5)
    outcomes = [answer.outcome for answer in answers if isinstance(answer, Failure)]
    assert outcomes == ["truncated"] * 3 + ["host_paused"] * 2
    assert len(hostile.paths) == 3


def test_a_request_is_sent_once_even_where_the_server_hangs_up() -> None:
    (answer,), hostile = ask(lambda _: {"/": raw(b"")})
    assert isinstance(answer, Failure)
    assert len(hostile.paths) == 1


ROBOTS = b"User-agent: *\nDisallow: /private/\n"


def test_robots_txt_is_asked_for_once_and_obeyed_by_pages_alone() -> None:
    answers = {"/robots.txt": plain(ROBOTS), "/private/a": plain(b"secret")}
    found, hostile = ask(lambda _: answers, "/private/a", times=2, obeys_robots=True)
    assert [a.outcome for a in found if isinstance(a, Failure)] == ["robots_disallowed"] * 2
    assert hostile.paths == ["/robots.txt"]
    assert good(lambda _: answers, "/private/a").body == b"secret"


def test_a_redirect_into_a_forbidden_place_is_not_followed() -> None:
    answers = {"/robots.txt": plain(ROBOTS), "/a": redirect("/private/a"), "/private/a": plain(b"secret")}
    (answer,), hostile = ask(lambda _: answers, "/a", obeys_robots=True)
    assert isinstance(answer, Failure)
    assert answer.outcome == "robots_disallowed"
    assert "/private/a" not in hostile.paths


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 Unauthorized"])
def test_a_missing_robots_txt_allows(status: str) -> None:
    answers = {"/robots.txt": plain(b"Disallow: /", status), "/a": plain(b"here")}
    assert good(lambda _: answers, "/a", obeys_robots=True).body == b"here"


def test_a_robots_txt_that_cannot_be_had_forbids_for_now() -> None:
    answers = {"/robots.txt": plain(b"", "503 Service Unavailable"), "/a": plain(b"here")}
    (answer,), hostile = ask(lambda _: answers, "/a", obeys_robots=True)
    assert isinstance(answer, Failure)
    assert (answer.outcome, answer.is_transient) == ("robots_unreachable", True)
    assert hostile.paths == ["/robots.txt"]
