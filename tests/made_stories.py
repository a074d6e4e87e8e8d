"""Stories for tests of what is made of stories: all that a test does not name is ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from newswatch.pages.model import StoryLine
from newswatch.stories.boilerplate_recurring import sample_of
from newswatch.stories.fingerprint import fingerprint
from newswatch.stories.story import Story

SEEN_AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


def made_story(title: str, *texts: str, cut: Sequence[str] = (), host: str = "ledger.example", **fields: Any) -> Story:
    """A story of these lines, the first its lede; then those that were `cut` as links to others."""
    lines = [StoryLine(text, "body" if number else "lede") for number, text in enumerate(texts)]
    lines += [StoryLine(text, "cut", "related") for text in cut]
    authors = tuple(fields.get("authors", ()))
    story = Story(
        story_id="0123456789abcdef",
        canonical_url=f"https://{host}/story",
        outlet="The Ledger",
        feed_id="ledger",
        day=SEEN_AT.date(),
        first_seen_at=SEEN_AT,
        title=title,
        title_source="h1",
        authors=authors,
        authors_source="json_ld" if authors else "",
        section="",
        language="en",
        language_source="page",
        published_at=SEEN_AT,
        published_at_source="json_ld",
        is_day_only=False,
        updated_at=None,
        text_source="page",
        is_paywalled=False,
        is_partial=False,
        lines=tuple(lines),
        fingerprint=fingerprint(lines, authors),
        claims=(),
        sample=sample_of(lines, title, host),
    )
    return replace(story, **fields)
