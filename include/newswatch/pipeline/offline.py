"""Extract without store or ledger: files in, plain dicts out."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import pickle
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any

from newswatch.config.catalogue import Feed
from newswatch.errors import ConfigError, ParseFailed
from newswatch.feeds.model import Entry, SeenEntry
from newswatch.pages import time_precedence
from newswatch.pipeline.installation import parser_pool
from newswatch.sandbox.pool import ParserPool
from newswatch.settings import Settings
from newswatch.stories import boilerplate_recurring
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import LineSample, RawRecord, Story
from newswatch.urls.canonical import host_of, resolve

PAGES_A_ROUND = 1000


def read_manifest(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Path and URL of each line. Raises ConfigError that names every line which is no such object."""
    pages, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            pages.append((str(item["path"]), str(item["url"])))
        except (ValueError, KeyError, TypeError):
            problems.append(f'manifest: line {number}: expected {{"path": …, "url": …}}, found {line.strip()[:80]!r}.')
    if problems:
        raise ConfigError(problems)
    return pages


def extract_pages(pages: list[tuple[str, str]], settings: Settings) -> Iterator[dict[str, Any]]:
    """One result a page, in the given order. Lines that recur on a host are learnt from these pages and cut.

    Results wait in a temporary file until all pages are read.
    """
    samples: list[LineSample] = []
    with TemporaryFile() as waiting, parser_pool(settings) as parsers:
        for at in range(0, len(pages), PAGES_A_ROUND):
            for path, read in asyncio.run(_extract(pages[at : at + PAGES_A_ROUND], parsers, settings)):
                pickle.dump((path, read), waiting)
                if isinstance(read, Story) and read.sample:
                    samples.append(read.sample)
        known = boilerplate_recurring.learn(samples)
        waiting.seek(0)
        for _ in pages:
            path, read = pickle.load(waiting)  # noqa: S301 - our own, a moment ago
            if isinstance(read, Story):
                lines = known.get(read.sample.host, frozenset()) if read.sample else frozenset()
                yield {"path": path, **_fields(boilerplate_recurring.cut(read, lines))}
            else:
                yield {"path": path, "error": read}


async def _extract(
    pages: list[tuple[str, str]], parsers: ParserPool, settings: Settings
) -> list[tuple[str, Story | str]]:
    """Each page's path, and its story or why there is none."""
    turns = asyncio.Semaphore(2 * settings.parse_workers)  # bodies in memory at once
    read = await asyncio.gather(*(_extract_one(parsers, turns, path, url, settings) for path, url in pages))
    return [(path, story) for (path, _), story in zip(pages, read, strict=True)]


async def _extract_one(
    parsers: ParserPool, turns: asyncio.Semaphore, path: str, url: str, settings: Settings
) -> Story | str:
    """The page's story as the pipeline would store it, or what is wrong."""
    if resolve(url, "") is None:
        return f"{url!r} is no web address: write it with http:// or https:// and a host"
    try:
        async with turns:
            body = await asyncio.to_thread(_read, path, settings.max_file_bytes)
            page = await parsers.page(body, url=url, content_type="")
    except (OSError, EOFError, zlib.error) as error:
        return f"cannot be read: {error}"
    except ParseFailed as error:
        return str(error)
    feed = Feed(id="page", outlet=host_of(url), url="http://unlisted.invalid/", language="und")
    seen = SeenEntry(Entry("page", url, url, "", "", (), None), datetime.now(UTC))
    story = assemble(seen, feed, FetchedPage(url, page, RawRecord(path, 0, len(body))), settings.tz)
    assert story is not None
    return _with_guessed_time(story)


def _with_guessed_time(story: Story) -> Story:
    """The story; one without a time gets what is read off the page: a saved page may be of any age."""
    time = time_precedence.published(story.claims or (), story.first_seen_at, None, is_archived=True)
    if story.published_at or time is None:
        return story
    return replace(story, published_at=time.moment, published_at_source=time.source, is_day_only=time.is_day_only)


def _without_waiting(path: str, flags: int) -> int:
    """Open a file, but do not wait for whoever writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read(path: str, limit: int) -> bytes:
    """The file's bytes, unpacked. Raises OSError where they are more than the limit, or no file's."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no ordinary file; save the page first, and give that file")
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        body = (gzip.GzipFile(fileobj=file) if is_packed else file).read(limit + 1)
    if len(body) > limit:
        raise OSError(f"more than {limit} bytes; NEWSWATCH_MAX_FILE_BYTES sets the limit")
    return body


def _fields(story: Story) -> dict[str, Any]:
    published, updated = story.published_at, story.updated_at
    return {
        "title": story.title,
        "text": story.own_text,
        "authors": list(story.authors),
        "published_at": published and (published.date() if story.is_day_only else published).isoformat(),
        "updated_at": updated and updated.isoformat(),
        "language": None if story.language == "und" else story.language,
        "canonical_url": story.canonical_url,
        "section": story.section,
        "is_partial": story.is_partial,
        "is_paywalled": story.is_paywalled,
        "captions": [line.text for line in story.lines if line.zone == "caption"],
        "cut": [{"reason": line.reason, "text": line.text} for line in story.lines if line.zone == "cut"],
    }
