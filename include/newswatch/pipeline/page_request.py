"""One page's fetch: the entries that lead to it, the request, and what its answer means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newswatch.config.catalogue import Feed
from newswatch.errors import DamagedFile, MissingFile, ParseFailed
from newswatch.feeds.model import Entry, SeenEntry, from_row
from newswatch.ledger.feeds import EntryKey
from newswatch.ledger.pending import ClaimedEntry
from newswatch.ledger.stories import EntryPlace
from newswatch.net import retry
from newswatch.net.client import Client, Request
from newswatch.net.messages import Failure, Response
from newswatch.pages.model import ExtractedPage
from newswatch.pipeline.credentials import credentials
from newswatch.pipeline.installation import Newswatch, log
from newswatch.tables.batch_tables import ENTRIES
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, leads_nowhere, redirect_target, twin_key

PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class LostWords:
    """An entry whose feed's words are lost with their file. `outcome`: how; `detail` names the file and the way out."""

    feed_id: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class PageJob:
    """All pending entries that lead to one address: one request serves them."""

    address: str | None  # canonical; None: an entry without a link
    entries: tuple[SeenEntry, ...]
    attempt_count: int
    lost: tuple[LostWords, ...] = ()

    @property
    def is_of_the_past(self) -> bool:
        """Whether no poll listed it."""
        return all(seen.via for seen in self.entries)

    @property
    def keys(self) -> list[EntryKey]:
        return [(seen.entry.feed_id, seen.entry.key) for seen in self.entries]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """A job after its request. `outcome` None: no request was made (no link, or its host is paused)."""

    job: PageJob
    outcome: str | None
    detail: str = ""
    answer: Response | None = None  # its bytes are kept, whatever was made of them
    page: ExtractedPage | None = None
    known_as: str | None = None  # story id, where the address, or on a shared link the text, was known before
    shares_link_with: str | None = None  # id of the first story behind a link that is no story's page
    retry_at: datetime | None = None

    @property
    def byte_count(self) -> int:
        return len(self.answer.raw_body) if self.answer else 0


def make_jobs(nw: Newswatch, claimed: Sequence[ClaimedEntry]) -> list[PageJob]:
    """Entries with what their poll kept of them, grouped by the page that they lead to."""
    texts: dict[str, dict[EntryKey, SeenEntry] | MissingFile] = {}
    groups: dict[str, list[_Member]] = {}
    # In one order everywhere: the first entry of an address decides whose story it is.
    for row in sorted(claimed, key=lambda r: (r.first_seen_at, r.feed_id, r.entry_key)):
        if row.path not in texts:
            texts[row.path] = _texts_or_loss(nw, row.path)
        group = twin_key(canonical_url(row.url)) if row.url else f"no link: {row.feed_id, row.entry_key}"
        groups.setdefault(group, []).append(_member(row, texts[row.path]))
    jobs = [
        PageJob(
            address=canonical_url(url) if (url := members[0].seen.entry.url) else None,
            entries=tuple(member.seen for member in members),
            attempt_count=max(member.attempt_count for member in members),
            lost=tuple(member.lost for member in members if member.lost),
        )
        for members in groups.values()
    ]
    return sorted(jobs, key=lambda job: job.attempt_count)  # one that failed must not have its host paused again first


def entry_texts(nw: Newswatch, path: str) -> dict[EntryKey, SeenEntry]:
    """The entries of one file. A lost file costs the feed's words, not the pages that its entries lead to."""
    texts = _texts_or_loss(nw, path)
    return {} if isinstance(texts, MissingFile) else texts


def _texts_or_loss(nw: Newswatch, path: str) -> dict[EntryKey, SeenEntry] | MissingFile:
    try:
        return {(row["feed_id"], row["entry_key"]): from_row(row) for row in nw.rows(path, ENTRIES)}
    except MissingFile as error:
        log.error("entries file lost", reason=str(error))
        return error


@dataclass(frozen=True, slots=True)
class _Member:
    """An entry that leads to an address."""

    seen: SeenEntry
    attempt_count: int
    lost: LostWords | None


def _member(row: ClaimedEntry, texts: dict[EntryKey, SeenEntry] | MissingFile) -> _Member:
    """The entry with its feed's words; without them, where they are lost."""
    bare = bare_entry(row)
    if isinstance(texts, MissingFile):
        outcome = "file_damaged" if isinstance(texts, DamagedFile) else "file_missing"
        return _Member(bare, row.attempt_count, LostWords(row.feed_id, outcome, str(texts)))
    return _Member(texts.get((row.feed_id, row.entry_key)) or bare, row.attempt_count, None)


def bare_entry(row: ClaimedEntry | EntryPlace) -> SeenEntry:
    """The entry without its feed's words."""
    via = row.via if isinstance(row, ClaimedEntry) else None
    return SeenEntry(Entry(row.feed_id, row.entry_key, row.url, "", "", (), None), row.first_seen_at, via)


async def fetch_page(nw: Newswatch, client: Client, job: PageJob) -> FetchResult:
    """Bring one job to its end: at most one page request. A fault of ours costs this page, not its neighbours."""
    try:
        return await _request(nw, client, job)
    except Exception as error:
        log.exception("page failed", url=job.address)
        return FetchResult(job, "failed", sanitise.line(f"{type(error).__name__}: {error}"))


async def _request(nw: Newswatch, client: Client, job: PageJob) -> FetchResult:
    link = job.entries[0].entry.url
    if link is None:
        return FetchResult(job, None)
    url = redirect_target(link)  # whose robots.txt counts, and not that of who counts clicks
    answer = await _answer(nw, client, url, [nw.feed_of(seen.entry.feed_id) for seen in job.entries])
    now = nw.clock()
    if isinstance(answer, Failure) and answer.outcome == "host_paused":
        return _put_off(job, answer, now)
    failure = answer if isinstance(answer, Failure) else answer.failure(now)
    had = answer if isinstance(answer, Response) else None
    if failure:
        asked_seconds = failure.retry_after_seconds
        retry_at = retry.next_attempt_at(job.attempt_count + 1, now, asked_seconds) if failure.is_transient else None
        if retry_at and asked_seconds and job.is_of_the_past:
            retry_at = retry.after_rest(now, asked_seconds)
        return FetchResult(job, failure.outcome, failure.detail, had, retry_at=retry_at)
    assert had is not None
    if leads_nowhere(url, had.url):
        return FetchResult(job, "no_story", f"redirected to {had.url}, where many stories would end", had)
    try:
        page = await parse_page(nw, client, had)
    except ParseFailed as error:
        if error.reason == "busy":
            return _put_off(job, Failure(url, "busy", error.detail, is_transient=True), now)
        return FetchResult(job, error.reason, error.detail, had)
    return FetchResult(job, "ok", answer=had, page=page)


async def _answer(nw: Newswatch, client: Client, url: str, feeds: Sequence[Feed]) -> Response | Failure:
    """What the page's address answers; allowed is what all the feeds allow that lead to it."""
    agreed = credentials(url, feeds)
    if isinstance(agreed, Failure):
        return agreed
    return await client.get(
        Request(
            url,
            nw.settings.max_page_bytes,
            {"Accept": PAGE_TYPES},
            allow_private=all(feed.allow_private for feed in feeds),
            ports=frozenset.intersection(*(feed.ports for feed in feeds)),
            obeys_robots=True,
            credentials=agreed,
        )
    )


async def parse_page(nw: Newswatch, client: Client, answer: Response) -> ExtractedPage:
    """The page that was answered, read in a parser's process. Raises ParseFailed."""
    content_type = sanitise.line(answer.header("Content-Type") or "")
    with client.backlog.holding(answer):
        return await nw.parsers.page(answer.body, url=answer.url, content_type=content_type)


def _put_off(job: PageJob, answer: Failure, now: datetime) -> FetchResult:
    """The page was not asked for, or this machine was too busy to read it: no attempt, and tried again.

    After some hours of such the feed's own text becomes the story; of the past there may be none, and it waits.
    """
    if job.is_of_the_past:
        return FetchResult(job, None, retry_at=retry.after_rest(now, answer.retry_after_seconds))
    newest = max(seen.first_seen_at for seen in job.entries)
    retry_at = retry.paused_until(newest, now, answer.retry_after_seconds)
    return FetchResult(job, None, retry_at=retry_at) if retry_at else FetchResult(job, answer.outcome, answer.detail)
