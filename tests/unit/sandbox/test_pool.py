"""Parsers in children: one hostile document costs its deadline, nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import psutil
import pytest
from made_pages import ordinary_page

from newswatch.errors import ParseFailed
from newswatch.feeds import autodiscovery, parser
from newswatch.sandbox.pool import ParserPool

FEED = b'<rss version="2.0"><channel><title>T</title><item><title>A</title></item></channel></rss>'
PAGE = ordinary_page().encode()
FEED_ARGUMENTS = {"feed_id": "f", "url": "http://a/", "content_type": "", "timezone": None}
PAGE_ARGUMENTS = {"url": "http://a/", "content_type": ""}
# Each paragraph opens inside the last one: the time that the page takes grows with the square of its length.
HANGING_PAGE = b"<html><body><article>" + b"<p>a b c d e <b>f</b>" * 200_000


def parsers(**settings: Any) -> ParserPool:
    return ParserPool(**({"size": 1, "deadline_seconds": 20.0, "memory_bytes": 1_000_000_000} | settings))


async def reason_of(work: Any) -> str:
    with pytest.raises(ParseFailed) as failure:
        await work
    return failure.value.reason


def test_feeds_and_pages_come_back_as_they_would_without_a_child() -> None:
    async def run() -> None:
        with parsers() as pool:
            feed = await pool.feed(FEED, **FEED_ARGUMENTS)
            page = await pool.page(PAGE, **PAGE_ARGUMENTS)
        assert [entry.title for entry in feed.entries] == ["A"]
        assert page.text.startswith("The harbour board met")

    asyncio.run(run())


@pytest.mark.parametrize("stated", ["Sat, 21 Nov 2026 10:30:15 +0200", "2026-11-21", "21 November 2026", ""])
def test_dates_with_and_without_a_time_come_back_as_they_would_without_a_child(stated: str) -> None:
    feed = FEED.replace(b"</item>", f"<pubDate>{stated}</pubDate></item>".encode())

    async def run() -> None:
        with parsers() as pool:
            assert await pool.feed(feed, **FEED_ARGUMENTS) == parser.parse(feed, **FEED_ARGUMENTS)

    asyncio.run(run())


def test_a_sites_page_and_a_feeds_heading_come_back_as_they_would_without_a_child() -> None:
    links = b"".join(b"<link rel=alternate type=text/xml href=/%d title='\xd0\x96 %d'>" % (n, n) for n in range(30))
    site = b"<html lang=uk><head><meta property=og:site_name content=Quay>" + links
    arguments = {"url": "http://a/", "content_type": "text/html; charset=utf-8"}

    async def run() -> None:
        with parsers() as pool:
            page = await pool.site(site, **arguments)
            assert page == autodiscovery.read_page(site, **arguments)
            assert (len(page.candidates), page.left_out_count) == (25, 5)
            assert await pool.site(b"", **arguments) == autodiscovery.Page()
            assert await pool.heading(FEED) == autodiscovery.Heading("T", None)
            assert await pool.heading(b"") == autodiscovery.Heading()

    asyncio.run(run())


def test_a_parser_that_hangs_is_killed_at_its_deadline_while_its_neighbours_go_on() -> None:
    async def run() -> None:
        with parsers(size=2, deadline_seconds=2.0) as pool:
            hanging = asyncio.create_task(reason_of(pool.page(HANGING_PAGE, **PAGE_ARGUMENTS)))
            await asyncio.sleep(0)
            for _ in range(5):
                assert (await pool.feed(FEED, **FEED_ARGUMENTS)).entries
            assert not hanging.done()
            assert await hanging == "timeout"
            assert (await pool.feed(FEED, **FEED_ARGUMENTS)).entries
            assert (await pool.feed(FEED, **FEED_ARGUMENTS)).entries

    asyncio.run(run())


def test_time_in_which_the_machine_does_something_else_counts_for_no_document() -> None:
    async def run() -> None:
        before = {p.pid for p in psutil.Process().children()}
        with parsers(deadline_seconds=1.0) as pool:
            assert (await pool.feed(FEED, **FEED_ARGUMENTS)).entries
            (child,) = (p for p in psutil.Process().children() if p.pid not in before)
            child.suspend()  # as one that gets no processor
            work = asyncio.create_task(pool.page(PAGE, **PAGE_ARGUMENTS))
            await asyncio.sleep(2.5)
            assert not work.done()
            child.resume()
            assert (await work).text.startswith("The harbour board met")

    asyncio.run(run())


def test_a_machine_that_is_far_too_busy_is_named_and_the_pool_goes_on() -> None:
    async def run() -> None:
        before = {p.pid for p in psutil.Process().children()}
        with parsers(patience_seconds=1.0, deadline_seconds=0.9) as pool:
            assert (await pool.heading(FEED)).title == "T"
            (child,) = (p for p in psutil.Process().children() if p.pid not in before)
            child.suspend()
            assert await reason_of(pool.heading(FEED)) == "busy"
            assert (await pool.heading(FEED)).title == "T"

    asyncio.run(run())


def test_a_parser_that_wants_too_much_memory_ends_as_crashed_and_the_pool_goes_on() -> None:
    async def run() -> None:
        with parsers(memory_bytes=250_000_000) as pool:
            assert (await pool.feed(FEED, **FEED_ARGUMENTS)).entries
            greedy = FEED.replace(b"<item>", b"x" * 80_000_000 + b"<item>")
            assert await reason_of(pool.feed(greedy, **FEED_ARGUMENTS)) == "crashed"
            assert (await pool.feed(FEED, **FEED_ARGUMENTS)).entries

    asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [("feed", b"<html></html>", "not_a_feed"), ("feed", b"", "not_a_feed"), ("page", b"<html></html>", "no_story")],
)
def test_a_document_that_is_no_feed_or_story_is_named_so(kind: str, body: bytes, reason: str) -> None:
    async def run() -> None:
        with parsers() as pool:
            work = pool.feed(body, **FEED_ARGUMENTS) if kind == "feed" else pool.page(body, **PAGE_ARGUMENTS)
            assert await reason_of(work) == reason

    asyncio.run(run())


def test_a_pool_that_is_closed_while_it_works_leaves_no_child() -> None:
    async def run() -> None:
        with parsers(size=2) as pool:
            work = [asyncio.create_task(pool.page(HANGING_PAGE, **PAGE_ARGUMENTS)) for _ in range(2)]
            await asyncio.sleep(0.5)
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    before = {p.pid for p in psutil.Process().children()}
    asyncio.run(run())
    assert {p.pid for p in psutil.Process().children()} <= before


def test_a_child_sees_nothing_of_the_environment_that_it_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSWATCH_DATABASE_URL", "postgresql://user:secret@host/db")

    async def run() -> dict[str, str]:
        before = {p.pid for p in psutil.Process().children()}
        with parsers() as pool:
            await pool.feed(FEED, **FEED_ARGUMENTS)
            (child,) = (p for p in psutil.Process().children() if p.pid not in before)
            return child.environ()

    assert not any("secret" in value for value in asyncio.run(run()).values())


def test_a_child_that_cannot_be_started_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read() -> None:
        with ParserPool(size=1, deadline_seconds=5, memory_bytes=1_000_000_000) as pool:
            monkeypatch.setattr("sys.executable", "/nowhere/python")
            for _ in range(2):
                with pytest.raises(FileNotFoundError):
                    await pool.page(b"<p>", url="https://example.com/", content_type="text/html")

    asyncio.run(asyncio.wait_for(read(), 10))
