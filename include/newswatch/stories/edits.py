"""Edits: what changed between two revisions of a story, and when its page is revisited. Pure.

Most pages are edited in their first hours. A live blog grows until its coverage ends: it is revisited every hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from newswatch.pages.model import STORY_ZONES, Claim
from newswatch.stories.story import Story
from newswatch.text import date_parsing

VISIT_HOURS = (1, 6, 24)  # after the first extraction: most edits come on the first day
FRESH_DAYS = 2  # later than that after its day a story is past editing
LIVE_HOURS = 48  # after the first extraction; longer ones begin a page a day
QUIET_HOURS = 6  # without a change: nobody writes a live blog any more, whatever it says of itself
LISTED_VISITS_A_DAY = 6  # of a story whose listing changes: some feeds count comments in their summaries


def next_visit_at(visit_count: int, began_at: datetime) -> datetime | None:
    """When the revisit after `visit_count` of them is due; None: all are made. `began_at`: of the first extraction."""
    return began_at + timedelta(hours=VISIT_HOURS[visit_count]) if visit_count < len(VISIT_HOURS) else None


def is_running(claims: Sequence[Claim], updated_at: datetime | None, began_at: datetime, now: datetime) -> bool:
    """Whether the page is a live blog that is still being written.

    `updated_at`: the last change that it states; None: none. `began_at`: of the first extraction. Times in UTC.
    """
    fields = {claim.field: claim.value for claim in claims}
    if "is_live" not in fields or now - began_at > timedelta(hours=LIVE_HOURS):
        return False
    ends = date_parsing.readings(fields.get("live_until", ""))
    is_over = bool(ends) and not ends[0].is_day_only and ends[0].moment <= now
    return not is_over and (updated_at is None or now - updated_at <= timedelta(hours=QUIET_HOURS))


def later(now: datetime) -> datetime:
    """When a revisit that came to nothing is tried again, and that of a running live blog is due: in an hour."""
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
