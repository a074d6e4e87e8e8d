"""Tagging: stories' texts → rows of the table `mentions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from newswatch.topics.matcher import Matcher, about


class SearchedText(NamedTuple):
    """What of a story is searched. `zones`: that of each line of the text. `language`: ISO 639-1, or `und`."""

    story_id: str
    day: date
    outlet: str
    title: str
    text: str
    language: str
    zones: Sequence[str]


def mention_rows(texts: Iterable[SearchedText], matcher: Matcher, topics_version: str) -> list[dict[str, Any]]:
    """A row for each mention in these texts."""
    rows: list[dict[str, Any]] = []
    for text in texts:
        mentions = matcher.find(text.title, text.text, text.language, text.zones)
        subjects = about(mentions)
        same = {"day": text.day, "story_id": text.story_id, "outlet": text.outlet, "topics_version": topics_version}
        rows += [{**same, **m._asdict(), "is_about": m.topic in subjects} for m in mentions]
    return rows
