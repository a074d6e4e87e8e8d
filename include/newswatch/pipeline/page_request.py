"""One page's fetch: the entries that lead to it, the request, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newswatch.config.catalogue import Feed
from newswatch.errors import MissingFile, ParseFailed
from newswatch.net import retry
from newswatch.net.client import Fetcher, Request
from newswatch.net.headers import retry_after_seconds
from newswatch.net.messages import Failure, Response
from newswatch.net.politeness import PASSING
from newswatch.pages.model import ExtractedPage
from newswatch.pipeline.installation import Newswatch, log
from newswatch.sandbox.pool import Sandbox
from newswatch.tables import batch_tables
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, leads_nowhere, twin_key

PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

Key = tuple[str, str]  # feed_id, entry_key


@dataclass(frozen=True, slots=True)
class PageJob:
    """All pending entries that lead to one address: one request serves them."""

    address: str | None  # canonical; None: an entry without a link
    entries: tuple[dict[str, Any], ...]
    attempt_count: int

    @property
    def keys(self) -> list[Key]:
        return [(e["feed_id"], e["entry_key"]) for e in self.entries]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """A job after its request. `outcome` None: no request was made (no link, or its host is paused)."""

    job: PageJob
    outcome: str | None
    detail: str = ""
    answer: Response | None = None  # its bytes are kept, whatever was made of them
    page: ExtractedPage | None = None
    known_as: str | None = None  # story id, where the address was known before
    retry_at: datetime | None = None

    @property
    def byte_count(self) -> int:
        return len(self.answer.raw_body) if self.answer else 0


def make_jobs(nw: Newswatch, claimed: Sequence[Mapping[str, Any]]) -> list[PageJob]:
    """Entries with what their poll kept of them, grouped by the page that they lead to."""
    texts: dict[str, dict[Key, dict[str, Any]]] = {}
    groups: dict[str, list[tuple[dict[str, Any], int]]] = {}
    # In one order everywhere: the first entry of an address decides whose story it is.
    for row in sorted(claimed, key=lambda r: (r["first_seen_at"], r["feed_id"], r["entry_key"])):
        path, key = row["path"], (row["feed_id"], row["entry_key"])
        if path not in texts:
            texts[path] = _entry_texts(nw, path)
        group = twin_key(canonical_url(row["url"])) if row["url"] else f"no link: {key}"
        groups.setdefault(group, []).append((texts[path].get(key) or _bare(row), row["attempt_count"]))
    jobs = [
        PageJob(
            address=canonical_url(members[0][0]["url"]) if members[0][0]["url"] else None,
            entries=tuple(entry for entry, _ in members),
            attempt_count=max(count for _, count in members),
        )
        for members in groups.values()
    ]
    return sorted(jobs, key=lambda job: job.attempt_count)  # one that failed must not have its host paused again first


def _entry_texts(nw: Newswatch, path: str) -> dict[Key, dict[str, Any]]:
    """The entries of one file. A lost file costs the feed's words, not the pages that its entries lead to."""
    try:
        return {(e["feed_id"], e["entry_key"]): e for e in batch_tables.ENTRIES.from_bytes(nw.store.read(path))}
    except MissingFile:
        log.error("entries file lost", path=path)
        return {}


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: row[name] for name in ("feed_id", "entry_key", "url", "first_seen_at")}
    return known | {"title": "", "summary": "", "authors": [], "published_at": None}


def feed_of(nw: Newswatch, entry: Mapping[str, Any]) -> Feed:
    """The entry's feed; one that has left feeds.yaml meanwhile goes under its id."""
    known = nw.feeds.get(entry["feed_id"])
    return known or Feed(id=entry["feed_id"], outlet=entry["feed_id"], url="http://unlisted.invalid/", language="und")


async def end(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, job: PageJob) -> FetchResult:
    """Bring one job to its end: at most one page request. A fault of ours costs this page, not its neighbours."""
    try:
        return await _request(nw, fetcher, sandbox, job)
    except Exception as error:
        log.exception("page failed", url=job.address)
        return FetchResult(job, "failed", sanitise.line(f"{type(error).__name__}: {error}"))


async def _request(nw: Newswatch, fetcher: Fetcher, sandbox: Sandbox, job: PageJob) -> FetchResult:
    if job.address is None:
        return FetchResult(job, None)
    feeds = [feed_of(nw, e) for e in job.entries]
    answer = await fetcher.get(
        Request(
            job.entries[0]["url"],
            nw.settings.max_page_bytes,
            {"Accept": PAGE_TYPES},
            allow_private=all(feed.allow_private for feed in feeds),
            ports=frozenset.intersection(*(feed.ports for feed in feeds)),
            obeys_robots=True,
        )
    )
    now = nw.clock()
    if isinstance(answer, Failure):
        if answer.outcome == "host_paused":
            return _paused(job, answer, now)
        retry_at = retry.next_attempt_at(job.attempt_count + 1, now) if answer.is_transient else None
        return FetchResult(job, answer.outcome, answer.detail, retry_at=retry_at)
    if answer.status == 200 and leads_nowhere(job.entries[0]["url"], answer.url):
        return FetchResult(job, "no_story", f"redirected to {answer.url}, where many stories would end", answer)
    if answer.status != 200:
        wait = retry_after_seconds(answer.header("Retry-After"), now)
        retry_at = retry.next_attempt_at(job.attempt_count + 1, now, wait) if answer.status in PASSING else None
        detail = f"{answer.url} answered {answer.status}"
        return FetchResult(job, f"http_{answer.status:03}", detail, answer, retry_at=retry_at)
    try:
        content_type = sanitise.line(answer.header("Content-Type") or "")
        with fetcher.backlog.holding(answer):
            page = await sandbox.page(answer.body, url=answer.url, content_type=content_type)
    except ParseFailed as error:
        return FetchResult(job, error.reason, error.detail, answer)
    return FetchResult(job, "ok", answer=answer, page=page)


def _paused(job: PageJob, answer: Failure, now: datetime) -> FetchResult:
    """The page was not asked for. After some hours of such the feed's own text becomes the story."""
    newest = max(entry["first_seen_at"] for entry in job.entries)
    retry_at = retry.paused_until(newest, now, answer.retry_after_seconds)
    return FetchResult(job, None, retry_at=retry_at) if retry_at else FetchResult(job, "host_paused", answer.detail)
