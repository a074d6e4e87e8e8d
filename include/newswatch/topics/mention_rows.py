"""Rows of the table mentions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newswatch.topics.matcher import Matcher, about

if TYPE_CHECKING:
    pass


Row = Mapping[str, Any]
TAGGED = ("day", "story_id", "outlet", "title", "text", "language", "zones")  # what of a story's row is tagged


def mention_rows(stories: Sequence[Row], matcher: Matcher, topics_version: str) -> list[dict[str, Any]]:
    """Rows of the table `mentions` for these stories."""
    rows: list[dict[str, Any]] = []
    for story in stories:
        mentions = matcher.find(story["title"], story["text"], story["language"], story["zones"])
        subjects = about(mentions)
        same = {name: story[name] for name in ("day", "story_id", "outlet")} | {"topics_version": topics_version}
        rows += [{**same, **m._asdict(), "is_about": m.topic in subjects} for m in mentions]
    return rows
