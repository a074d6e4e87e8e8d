"""Extract and tag without store or ledger: files and standard input in, plain dicts out."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from newswatch.config.catalogue import Feed, load_catalogue
from newswatch.errors import ConfigError, ParseFailed
from newswatch.pages.model import lines_of, story_text
from newswatch.sandbox.pool import Sandbox
from newswatch.settings import Settings
from newswatch.stories import boilerplate_recurring
from newswatch.stories.assemble import Fetched, story_row
from newswatch.stories.boilerplate_recurring import Sample
from newswatch.topics.matcher import Matcher, about
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
    samples: list[Sample] = []
    with TemporaryFile("w+", encoding="utf-8") as waiting:
        for at in range(0, len(pages), PAGES_A_ROUND):
            for row in asyncio.run(_extract(pages[at : at + PAGES_A_ROUND], settings)):
                waiting.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
                if "error" not in row:
                    samples.append(Sample(row["host"], row["headline_key"], row["edge_keys"], row["inner_keys"]))
        known = boilerplate_recurring.learn(samples)
        waiting.seek(0)
        for line in waiting:
            row = json.loads(line)
            if "error" not in row:
                row = _fields(boilerplate_recurring.cut(row, known.get(row["host"], frozenset())))
            yield row


async def _extract(pages: list[tuple[str, str]], settings: Settings) -> list[dict[str, Any]]:
    sandbox = Sandbox(
        size=settings.parse_workers,
        deadline_seconds=settings.parse_deadline_seconds,
        memory_bytes=settings.parse_memory_bytes,
    )
    turns = asyncio.Semaphore(2 * settings.parse_workers)  # bodies in memory at once
    async with sandbox:
        reading = (_extract_one(sandbox, turns, path, url, settings) for path, url in pages)
        return await asyncio.gather(*reading)


async def _extract_one(
    sandbox: Sandbox, turns: asyncio.Semaphore, path: str, url: str, settings: Settings
) -> dict[str, Any]:
    """The page's row as the pipeline would store it, with `path` and `host`; or `path` and `error`."""
    if resolve(url, "") is None:
        return {"path": path, "error": f"{url!r} is no web address: write it with http:// or https:// and a host"}
    try:
        async with turns:
            body = await asyncio.to_thread(_read, path, settings.max_file_bytes)
            page = await sandbox.page(body, url=url, content_type="")
    except (OSError, EOFError, zlib.error) as error:
        return {"path": path, "error": f"cannot be read: {error}"}
    except ParseFailed as error:
        return {"path": path, "error": str(error)}
    host = host_of(url)
    feed = Feed(id="page", outlet=host, url="http://unlisted.invalid/", language="und")
    entry: dict[str, Any] = {"url": url, "title": "", "summary": "", "authors": [], "published_at": None}
    fetched = Fetched(url, page, path, 0, len(body))
    row = story_row(entry | {"first_seen_at": datetime.now(UTC)}, feed, fetched, settings.zone)
    assert row is not None
    return {"path": path, "host": host.removeprefix("www."), **row}


def _read(path: str, limit: int) -> bytes:
    """The file's bytes, unpacked. Raises OSError where they are more than the limit."""
    with Path(path).open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if is_packed else Path(path).open("rb") as file:
        body = file.read(limit + 1)
    if len(body) > limit:
        raise OSError(f"more than {limit} bytes; NEWSWATCH_MAX_FILE_BYTES sets the limit")
    return body


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    lines = lines_of(row)
    published = row["published_at"]
    return {
        "path": row["path"],
        "title": row["title"],
        "text": story_text(lines),
        "authors": row["authors"],
        "published_at": published and (published[:10] if row["is_day_only"] else published.replace(" ", "T")),
        "updated_at": row["updated_at"] and row["updated_at"].replace(" ", "T"),
        "language": None if row["language"] == "und" else row["language"],
        "canonical_url": row["canonical_url"],
        "section": row["section"],
        "is_partial": row["is_partial"],
        "is_paywalled": row["is_paywalled"],
        "captions": [line.text for line in lines if line.zone == "caption"],
        "cut": [{"reason": line.reason, "text": line.text} for line in lines if line.zone == "cut"],
    }


def tag_lines(lines: Iterable[str], settings: Settings) -> Iterator[dict[str, Any] | str]:
    """A dict for each mention, or a sentence that names a line which could not be read."""
    matcher = Matcher(load_catalogue(settings.config_dir).topics)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            title, text, language = (item.get(name) for name in ("title", "text", "language"))
            given = [value for value in (title, text, language) if value is not None]
            if "id" not in item or not all(isinstance(value, str) for value in given):
                raise TypeError
        except (ValueError, AttributeError, TypeError):
            yield (
                f'standard input, line {number}: expected {{"id": …, "title": "…", "text": "…"}}, '
                f"found {line.strip()[:80]!r}. The line is left out."
            )
            continue
        mentions = matcher.find(title or "", text or "", language)
        subjects = about(mentions)
        for mention in mentions:
            yield {"id": item["id"], **mention._asdict(), "is_about": mention.topic in subjects}
