"""One feed's poll: the request, what its answer means, and what a batch of such answers will write."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from types import MappingProxyType

from newswatch.config.catalogue import Feed
from newswatch.errors import ParseFailed
from newswatch.feeds import schedule
from newswatch.feeds.model import ParsedFeed
from newswatch.feeds.state import FeedState, PollPlan
from newswatch.net.client import Client, Request
from newswatch.net.messages import Failure, Response
from newswatch.pipeline.credentials import credentials
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import PAGE_TYPES
from newswatch.sandbox.pool import ParserPool
from newswatch.text import sanitise

FEED_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.9, "
    "text/xml;q=0.8, */*;q=0.1"
)
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Polled:
    """One feed's answer, classified."""

    feed: Feed
    state: FeedState
    plan: PollPlan
    answer: Response | Failure
    outcome: str
    detail: str
    parsed: ParsedFeed | None = None

    @property
    def byte_count(self) -> int:
        """What it holds of memory, about: a feed's entries weigh several times its bytes."""
        body = self.answer.body if isinstance(self.answer, Response) else b""
        return len(body) * (20 if self.parsed else 1)

    @property
    def seconds(self) -> float:
        return self.answer.seconds if isinstance(self.answer, Response) else 0.0


async def ask(nw: Newswatch, client: Client, feed: Feed, state: FeedState) -> Polled:
    """Poll one feed. A fault of ours costs this feed, not its neighbours."""
    plan = schedule.plan_poll(state, nw.clock())
    try:
        answer = await answer_of(client, feed, plan.url, nw.settings.max_feed_bytes, plan.headers)
        with client.backlog.holding(answer) if isinstance(answer, Response) else nullcontext():
            outcome, detail, parsed = await _understand(nw, feed, state, plan, answer)
        return Polled(feed, state, plan, answer, outcome, detail, parsed)
    except Exception as error:
        log.exception("feed failed", feed=feed.id)
        return failed(
            Polled(feed, state, plan, Failure(plan.url, "failed", "", is_transient=False), "failed", ""), error
        )


async def answer_of(
    client: Client, feed: Feed, url: str, max_bytes: int, validators: Mapping[str, str] = _NONE
) -> Response | Failure:
    """What the feed's address, or where it has moved to, answers. A listing page is a page to robots.txt too."""
    agreed = credentials(url, [feed])
    if isinstance(agreed, Failure):
        return agreed
    is_page = feed.kind == "page"
    headers = {"Accept": PAGE_TYPES if is_page else FEED_TYPES, **validators}
    request = Request(url, max_bytes, headers, feed.allow_private, feed.ports, obeys_robots=is_page)
    return await client.get(replace(request, credentials=agreed))


def failed(p: Polled, error: Exception) -> Polled:
    """The poll, ended by a fault of ours."""
    detail = sanitise.line(f"{type(error).__name__}: {error}")
    answer = Failure(p.plan.url, "failed", detail, is_transient=False)
    return replace(p, answer=answer, outcome="failed", detail=detail, parsed=None)


async def _understand(
    nw: Newswatch, feed: Feed, state: FeedState, plan: PollPlan, answer: Response | Failure
) -> tuple[str, str, ParsedFeed | None]:
    """Outcome, detail, and the document where there is one. What has not changed is not parsed."""
    if isinstance(answer, Failure):
        return answer.outcome, answer.detail, None
    is_unchanged = answer.status == 304 and bool(plan.headers)  # unasked, a 304 says nothing of what we know
    if is_unchanged or (answer.status == 200 and answer.body_sha256 == state.body_sha256):
        return "not_modified", "", None
    if answer.status == 410:
        return "gone", f"{answer.url} says that it is gone for good", None
    if failure := answer.failure(nw.clock()):
        return failure.outcome, failure.detail, None
    try:
        parsed = await parse(nw.parsers, feed, answer)
    except ParseFailed as error:
        return error.reason, error.detail, None
    if parsed.is_damaged:
        return "damaged", "its end, or some of its entries, could not be read", parsed
    return "ok", "read after cleaning" if parsed.repair else "", parsed


async def parse(parsers: ParserPool, feed: Feed, answer: Response) -> ParsedFeed:
    """In a child; a document that holds feedparser up or brings it down is read once more by the plain reader.

    Raises ParseFailed.
    """
    arguments = {
        "feed_id": feed.id,
        "url": answer.url,
        "content_type": sanitise.line(answer.header("Content-Type") or ""),
        "timezone": feed.timezone,
        "language": feed.language,
        "kind": feed.kind,
        "selector": feed.links or "",
    }
    try:
        return await parsers.feed(answer.body, **arguments)
    except ParseFailed as error:
        if error.reason not in ("timeout", "crashed") or feed.kind not in (None, "xml"):
            raise
        return await parsers.feed(answer.body, **arguments, is_plain=True)
