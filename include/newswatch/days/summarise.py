"""The day build: stories, polls, outcomes, mentions → tables. Pure: the same inputs give the same rows, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from newswatch.config.catalogue import Catalogue
from newswatch.days import counts
from newswatch.feeds.state import SUCCESSES, PollRecord
from newswatch.stories.story import PrintedStory, Story
from newswatch.tables.day_tables import DAY_TABLES, FEED_DAYS, MENTIONS, STORIES, STORY_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How often something ended with one outcome in one batch, by feed, with an example."""

    batch_id: str
    kind: str  # feed, entry, page, visit
    outcome: str
    feed_id: str
    outcome_count: int
    example: str


@dataclass(frozen=True)
class DayInputs:
    """All that a day's tables are made from, but its stories and mentions. `day`: in the configured time zone."""

    day: date
    polls: Sequence[PollRecord]
    outcomes: Sequence[OutcomeCount]
    covering: counts.Coverage
    catalogue: Catalogue


def day_tables(
    inputs: DayInputs, stories: pd.DataFrame, mentions: Sequence[Mapping[str, Any]]
) -> dict[str, pd.DataFrame]:
    """Every table of the day, by name, with exactly its declared columns.

    `stories`: as `stories_table` makes it. `mentions`: rows of that table.
    """
    import pandas as pd

    catalogue, covering, version = inputs.catalogue, inputs.covering, inputs.catalogue.topics_version
    matches = pd.DataFrame(mentions, columns=[c.name for c in MENTIONS.columns]).astype({"is_about": "bool"})
    story_topics = counts.topics_of_stories(matches, dict(zip(stories["story_id"], stories["cluster_id"], strict=True)))
    frames = {
        "stories": stories,
        "mentions": matches,
        "topic_days": counts.topic_days(story_topics, stories, catalogue, covering),
        "topic_outlet_days": counts.topic_outlet_days(story_topics, stories, version),
        "topic_pair_days": counts.topic_pair_days(story_topics, matches, version),
        "outlet_days": counts.outlet_days(story_topics, stories, catalogue, covering),
        "feed_days": _feed_days(inputs),
        "outcomes": _outcomes(inputs),
    }
    return {t.name: frames[t.name].assign(day=inputs.day)[[c.name for c in t.columns]] for t in DAY_TABLES}


def stories_table(
    stories: Iterable[Story], revision_numbers: Mapping[str, int], originals: Mapping[str, PrintedStory]
) -> pd.DataFrame:
    """The table of these stories: all that the other tables count of them, without their texts.

    By story id: `revision_numbers`, and `originals`, whose text it prints.
    """
    import pandas as pd

    names = [c.name for c in STORY_COLUMNS]
    rows = []
    for story in stories:
        original = originals[story.story_id]
        row = {name: getattr(story, name) for name in names}
        row |= {
            "revision_number": revision_numbers[story.story_id],
            "text_chars": len(story.own_text),
            "removed_count": sum(line.zone == "cut" for line in story.lines),
            "cluster_id": original.story_id,
            "original_outlet": original.outlet,
            "original_at": original.printed_at,
        }
        rows.append(row)
    return pd.DataFrame(rows, columns=[c.name for c in STORIES.columns])


def _feed_days(inputs: DayInputs) -> pd.DataFrame:
    import pandas as pd

    outlets = {feed.id: feed.outlet for feed in inputs.catalogue.feeds}  # of an aggregator: by entry
    rows: dict[str, dict[str, Any]] = {}
    for poll in inputs.polls:
        feed_id = poll.feed_id
        row = rows.setdefault(
            feed_id,
            {
                "feed_id": feed_id,
                "outlet": outlets.get(feed_id, feed_id),
                "is_covered": feed_id in inputs.covering,
                "poll_count": 0,
                "success_count": 0,
                "failure_count": 0,
                "unchanged_count": 0,
                "damaged_count": 0,
                "gap_count": 0,
                "last_success_at": None,
                "new_entry_count": 0,
                "poll_seconds": 0.0,
            },
        )
        is_success = poll.outcome in SUCCESSES
        row["poll_count"] += 1
        row["success_count"] += is_success
        row["failure_count"] += not is_success
        row["unchanged_count"] += poll.outcome == "not_modified"
        row["damaged_count"] += poll.outcome == "damaged"
        row["gap_count"] += poll.is_gap
        row["last_success_at"] = poll.polled_at if is_success else row["last_success_at"]
        row["new_entry_count"] += poll.new_entry_count
        row["poll_seconds"] += poll.seconds
        row["last_outcome"] = poll.outcome
    return pd.DataFrame(list(rows.values()), columns=[c.name for c in FEED_DAYS.columns])


def _outcomes(inputs: DayInputs) -> pd.DataFrame:
    import pandas as pd

    columns = ["kind", "outcome", "feed_id", "outcome_count", "example"]
    frame = pd.DataFrame([[getattr(o, name) for name in columns] for o in inputs.outcomes], columns=columns)
    grouped = frame.groupby(["kind", "outcome", "feed_id"], as_index=False)
    return grouped.agg({"outcome_count": "sum", "example": "min"})
