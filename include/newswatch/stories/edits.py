"""Edits: what changed between two revisions of a story, and when its page is revisited. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from newswatch.pages.model import STORY_ZONES
from newswatch.stories.story import Story

VISIT_HOURS = (1, 6, 24)  # after the first extraction: most edits come on the first day
FRESH_DAYS = 2  # later than that after its day a story is past editing
LISTED_VISITS_A_DAY = 6  # of a story whose listing changes: some feeds count comments in their summaries


def next_visit_at(visit_count: int, began_at: datetime) -> datetime | None:
    """When the revisit after `visit_count` of them is due; None: all are made. `began_at`: of the first extraction."""
    return began_at + timedelta(hours=VISIT_HOURS[visit_count]) if visit_count < len(VISIT_HOURS) else None


def later(now: datetime) -> datetime:
    """When a revisit that came to nothing is tried again: in an hour."""
    return now + timedelta(hours=1)


def is_behind(story: Story, listed_title: str) -> bool:
    """Whether the story's page, if it reads as before, is behind the feed: that gives another title than it did."""
    return any(c.field == "title" and c.source == "feed" and c.value != listed_title for c in story.claims or ())


def changes(old: Story, new: Story) -> list[str]:
    """What the publisher changed between two extractions: "- " before a line that is gone, "+ " before a new one.

    Lines are looked for among all of the other extraction's, those that it cut too: a line that today's cleaning cuts
    and yesterday's did not is no edit, nor is one in a box beside the story.
    """
    old_texts, new_texts = ({line.text for line in story.lines} for story in (old, new))
    lines = [f"- {old.title}", f"+ {new.title}"] if old.title != new.title else []
    lines += [f"- {line.text}" for line in old.lines if line.zone in STORY_ZONES and line.text not in new_texts]
    lines += [f"+ {line.text}" for line in new.lines if line.zone in STORY_ZONES and line.text not in old_texts]
    return lines
