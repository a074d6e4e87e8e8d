"""Live check: each listing page of feeds.yaml is fetched once, to say how many links its selector finds. No ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from newswatch.config.catalogue import Feed
from newswatch.errors import ParseFailed
from newswatch.net.client import Client
from newswatch.net.messages import Failure, Response
from newswatch.pipeline.feed_request import answer_of, parse
from newswatch.pipeline.installation import parser_pool, polite_client, utc_now
from newswatch.sandbox.pool import ParserPool
from newswatch.settings import Settings


@dataclass(frozen=True, slots=True)
class PageCheck:
    """What a listing page gave: titles of its links in their order, or why there are none (`problem`)."""

    feed_id: str
    titles: tuple[str, ...] = ()
    dated_count: int = 0
    problem: str = ""


def check_pages(feeds: Sequence[Feed], settings: Settings) -> list[PageCheck]:
    """Ask for the listing pages among the feeds, each host's one after the other."""
    return asyncio.run(_check([feed for feed in feeds if feed.kind == "page"], settings))


async def _check(feeds: Sequence[Feed], settings: Settings) -> list[PageCheck]:
    with parser_pool(settings) as parsers:
        async with polite_client(settings, utc_now, None) as client:
            return list(await asyncio.gather(*(_check_one(feed, client, parsers, settings) for feed in feeds)))


async def _check_one(feed: Feed, client: Client, parsers: ParserPool, settings: Settings) -> PageCheck:
    answer = await answer_of(client, feed, feed.url, settings.max_feed_bytes)
    failure = answer if isinstance(answer, Failure) else answer.failure(utc_now())
    if failure:
        return PageCheck(feed.id, problem=f"{failure.outcome} {failure.detail}")
    assert isinstance(answer, Response)
    try:
        parsed = await parse(parsers, feed, answer)
    except ParseFailed as error:
        return PageCheck(feed.id, problem=f"{error.reason} {error.detail}")
    dated = sum(entry.published_at is not None for entry in parsed.entries)
    return PageCheck(feed.id, tuple(entry.title for entry in parsed.entries), dated)
