"""Extract and tag without store or ledger: files and standard input in, plain dicts out."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from newswatch.config import load_catalogue
from newswatch.errors import ConfigError, ParseFailed
from newswatch.model import ExtractedPage
from newswatch.sandbox import Sandbox
from newswatch.settings import Settings
from newswatch.tag import Matcher

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
    """One result a page, in the given order."""
    for at in range(0, len(pages), PAGES_A_ROUND):
        yield from asyncio.run(_extract(pages[at : at + PAGES_A_ROUND], settings))


async def _extract(pages: list[tuple[str, str]], settings: Settings) -> list[dict[str, Any]]:
    sandbox = Sandbox(
        size=settings.parse_workers,
        deadline_seconds=settings.parse_deadline_seconds,
        memory_bytes=settings.parse_memory_bytes,
    )
    turns = asyncio.Semaphore(2 * settings.parse_workers)  # bodies in memory at once
    async with sandbox:
        return await asyncio.gather(*(_extract_one(sandbox, turns, path, url) for path, url in pages))


async def _extract_one(sandbox: Sandbox, turns: asyncio.Semaphore, path: str, url: str) -> dict[str, Any]:
    try:
        async with turns:
            page = await sandbox.page(await asyncio.to_thread(_read, path), url=url, content_type="")
    except (OSError, EOFError) as error:
        return {"path": path, "error": f"cannot be read: {error}"}
    except ParseFailed as error:
        return {"path": path, "error": str(error)}
    return {"path": path, **_fields(page)}


def _read(path: str) -> bytes:
    body = Path(path).read_bytes()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _fields(page: ExtractedPage) -> dict[str, Any]:
    moment = page.published_at
    stated = None if moment is None else str(moment.date()) if page.is_day_only else moment.isoformat()
    return {
        "title": page.title,
        "text": page.text,
        "authors": list(page.authors),
        "published_at": stated,
        "language": page.language,
        "canonical_url": page.canonical_url,
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
        for mention in matcher.find(title or "", text or "", language):
            fields = asdict(mention)
            del fields["sentence_start"]
            yield {"id": item["id"], **fields}
