"""Texts as JSON lines in, mentions out: tagging without a store or a ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from newswatch.topics.matcher import Matcher, about


def tag_lines(lines: Iterable[str], matcher: Matcher) -> Iterator[dict[str, Any] | str]:
    """A dict for each mention, or a sentence that names a line which could not be read."""
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
