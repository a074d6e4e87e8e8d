"""Silent edits: what changed between two readings of a story, and when its page is revisited. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from newswatch.pages.model import STORY_ZONES
from newswatch.stories.story import Story

VISIT_HOURS = (1, 6, 24)  # after the first reading: most edits come on the first day
FRESH_DAYS = 2  # later than that after its day a story is past editing


def next_visit_at(visit_count: int, began_at: datetime) -> datetime | None:
    """When the visit after `visit_count` of them is due; None: all are made."""
    return began_at + timedelta(hours=VISIT_HOURS[visit_count]) if visit_count < len(VISIT_HOURS) else None


def later(now: datetime) -> datetime:
    """When a visit is tried again that came to nothing."""
    return now + timedelta(hours=1)


def changes(old: Story, new: Story) -> list[str]:
    """What the publisher changed between two readings, `-` before what is gone and `+` before what came.

    Lines are looked for among all of the other reading's, those that it cut too: a line that today's cleaning cuts and
    yesterday's did not is no edit, nor is one in a box beside the story.
    """
    old_texts, new_texts = ({line.text for line in story.lines} for story in (old, new))
    found = [f"- {old.title}", f"+ {new.title}"] if old.title != new.title else []
    found += [f"- {line.text}" for line in old.lines if line.zone in STORY_ZONES and line.text not in new_texts]
    found += [f"+ {line.text}" for line in new.lines if line.zone in STORY_ZONES and line.text not in old_texts]
    return found
