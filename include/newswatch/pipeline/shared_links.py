"""Links that are no story's page, but a front page's, a list's, or dead: what their entries say tells stories apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from newswatch.feeds import wording
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.ledger import stories
from newswatch.ledger.stories import ListedWords
from newswatch.pipeline.installation import Newswatch
from newswatch.pipeline.page_request import FetchResult
from newswatch.stories.assemble import own_address
from newswatch.urls.canonical import names_of, story_id_of

SHARED_LINK = "shared_link"  # outcome of an entry whose link was asked for before, in vain


def told_apart(nw: Newswatch, results: Sequence[FetchResult]) -> list[FetchResult]:
    """The results in their order; one that ended without a page becomes as many as its entries tell stories.

    The first story behind a link has the link as its address, the others `own_address`. What tells a story that is
    known behind the link, of an earlier poll too, leads to that. Bytes stay with the first of the parts.
    """
    names = [name for r in results if r.job.address and _has_no_page(r) for name in names_of(r.job.address)]
    with nw.ledger.begin() as connection:
        story_of = stories.known_urls(connection, names)
        words = stories.words_behind(connection, story_of.values())
    of_pages = {story_id for story_id in story_of.values() if story_id not in words}
    parts: list[FetchResult] = []
    for result in results:
        address = result.job.address
        first_id = next((story_of[n] for n in names_of(address) if n in story_of), None) if address else None
        if not address or not _has_no_page(result) or first_id in of_pages:
            parts.append(result)
            continue
        link_id = first_id or story_id_of(address)
        story_of |= {name: link_id for name in names_of(address) if name not in story_of}
        parts += _parts(result, link_id, words.setdefault(link_id, []))
    return parts


def _has_no_page(result: FetchResult) -> bool:
    return not (result.page or result.retry_at or result.known_as)


def _parts(result: FetchResult, link_id: str, words: list[ListedWords]) -> list[FetchResult]:
    """The result, a part a story. `words`: of the entries behind the link until now; those of this result are added."""
    before = {listed.story_id for listed in words}
    entries_of: dict[str, list[SeenEntry]] = {}
    for seen in sorted(result.job.entries, key=lambda seen: not _says_something(seen.entry)):
        story_id = _story_behind(seen.entry, link_id, words)
        entries_of.setdefault(story_id, []).append(seen)
        words.append(ListedWords(story_id, seen.entry.feed_id, wording.fingerprint(seen.entry)))
    parts: list[FetchResult] = []
    for story_id, entries in entries_of.items():
        part = replace(result, job=replace(result.job, entries=tuple(entries)), answer=None if parts else result.answer)
        if story_id in before:
            outcome = "same_story" if result.outcome == SHARED_LINK else result.outcome
            part = replace(part, outcome=outcome, known_as=story_id)
        elif story_id != link_id:
            part = replace(part, shares_link_with=link_id)
        parts.append(part)
    return parts


def _story_behind(entry: Entry, link_id: str, words: Iterable[ListedWords]) -> str:
    """The story that the entry tells; one that says nothing, or is the first, is the link's."""
    now = wording.fingerprint(entry)
    known = list(words)
    if not known or not _says_something(entry):
        return link_id
    same = (w for w in known if wording.is_same_story(w.fingerprint, now, is_one_feed=w.feed_id == entry.feed_id))
    return next((w.story_id for w in same), story_id_of(own_address(entry)))


def _says_something(entry: Entry) -> bool:
    return bool(entry.title or entry.summary)
