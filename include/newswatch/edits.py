"""Silent edits: what changed between two readings of a story, and when its page is looked at again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from newswatch.model import STORY_ZONES

VISIT_HOURS = (1, 6, 24)  # after the first reading: most edits come on the first day
FRESH_DAYS = 2  # a story seen later than that after its day is past editing


def next_visit_at(visit_count: int, began_at: datetime) -> datetime | None:
    """When the visit after `visit_count` of them is due; None: all are made."""
    return began_at + timedelta(hours=VISIT_HOURS[visit_count]) if visit_count < len(VISIT_HOURS) else None


def later(now: datetime) -> datetime:
    """When a visit is tried again whose host had asked for rest."""
    return now + timedelta(hours=1)


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What the publisher changed between two rows of `story_texts`, `-` before what is gone and `+` before what came.

    Lines are looked for among all of the other reading's, those that it cut too: a line that today's cleaning cuts and
    yesterday's did not is no edit, nor is one in a box beside the story.
    """
    was, now = _lines(old), _lines(new)
    found = [f"- {old['title']}", f"+ {new['title']}"] if old["title"] != new["title"] else []
    found += [f"- {text}" for text, is_story in was if is_story and text not in {t for t, _ in now}]
    found += [f"+ {text}" for text, is_story in now if is_story and text not in {t for t, _ in was}]
    return found


def _lines(row: Mapping[str, Any]) -> list[tuple[str, bool]]:
    texts = row["text"].split("\n")
    return [(text, zone in STORY_ZONES) for text, zone in zip(texts, row["zones"], strict=True)]
