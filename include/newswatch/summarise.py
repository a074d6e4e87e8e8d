"""A day's stories, polls and outcomes → its tables. Pure: the same inputs give the same rows in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from newswatch import decide, tables
from newswatch.config import Catalogue
from newswatch.model import lines_of, story_text
from newswatch.tag import Matcher, about

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


@dataclass(frozen=True)
class DayInputs:
    """All that a day's tables are made from."""

    day: date
    stories: Sequence[Row]  # rows of story_texts, with their revision_number
    polls: Sequence[Row]
    outcomes: Sequence[Row]
    covering: frozenset[str]  # feed ids
    catalogue: Catalogue


def mention_rows(stories: Sequence[Row], matcher: Matcher, topics_version: str) -> list[dict[str, Any]]:
    """Rows of the table `mentions` for these stories."""
    rows: list[dict[str, Any]] = []
    for story in stories:
        mentions = matcher.find(story["title"], story["text"], story["language"], story["zones"])
        subjects = about(mentions)
        same = {name: story[name] for name in ("day", "story_id", "outlet")} | {"topics_version": topics_version}
        rows += [{**same, **m._asdict(), "is_about": m.topic in subjects} for m in mentions]
    return rows


def day_tables(inputs: DayInputs, matcher: Matcher) -> dict[str, pd.DataFrame]:
    """Every table of the day, by name, with exactly its declared columns."""
    import pandas as pd

    columns = [c.name for c in tables.STORIES.columns]
    stories = pd.DataFrame([_story(s, columns) for s in inputs.stories], columns=columns)
    rows = mention_rows(inputs.stories, matcher, inputs.catalogue.topics_version)
    mentions = pd.DataFrame(rows, columns=[c.name for c in tables.MENTIONS.columns]).astype({"is_about": "bool"})
    frames = {
        "stories": stories,
        "mentions": mentions,
        "topic_days": _topic_days(inputs, stories, mentions),
        "outlet_days": _outlet_days(inputs, stories, mentions),
        "feed_days": _feed_days(inputs),
        "outcomes": _outcomes(inputs),
    }
    return {t.name: frames[t.name].assign(day=inputs.day)[[c.name for c in t.columns]] for t in tables.DAY_TABLES}


def _story(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    lines = lines_of(row)
    counts = {"text_chars": len(story_text(lines)), "removed_count": sum(line.zone == "cut" for line in lines)}
    return {name: counts[name] if name in counts else row[name] for name in columns}


def _topic_days(inputs: DayInputs, stories: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    grouped = mentions.groupby("topic")
    headlines = mentions[mentions["zone"] == "headline"].groupby("topic")
    counts = pd.DataFrame(
        {
            "story_count": grouped["story_id"].nunique(),
            "about_story_count": mentions[mentions["is_about"]].groupby("topic")["story_id"].nunique(),
            "headline_story_count": headlines["story_id"].nunique(),
            "mention_count": grouped.size(),
            "outlet_count": grouped["outlet"].nunique(),
        }
    )
    topics = [topic.id for topic in inputs.catalogue.topics]
    frame = counts.reindex(topics).fillna(0).astype("int64").rename_axis("topic").reset_index()
    frame["story_share"] = frame["story_count"] / len(stories) if len(stories) else float("nan")
    frame["seen_story_count"] = len(stories)
    frame["feed_count"] = len(inputs.catalogue.feeds)
    frame["covering_feed_count"] = sum(feed.id in inputs.covering for feed in inputs.catalogue.feeds)
    frame["topics_version"] = inputs.catalogue.topics_version
    return frame


def _outlet_days(inputs: DayInputs, stories: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    feeds = pd.DataFrame(
        [{"outlet": f.outlet, "is_covering": f.id in inputs.covering} for f in inputs.catalogue.feeds]
    ).groupby("outlet")["is_covering"]
    counts = pd.DataFrame(
        {
            "story_count": stories.groupby("outlet").size(),
            "topic_story_count": mentions.groupby("outlet")["story_id"].nunique(),
            "feed_only_count": stories[stories["text_source"] == "feed"].groupby("outlet").size(),
            "feed_count": feeds.size(),
            "covering_feed_count": feeds.sum(),
        }
    )
    frame = counts.fillna(0).astype("int64").rename_axis("outlet").reset_index()
    return frame.assign(topics_version=inputs.catalogue.topics_version)


def _feed_days(inputs: DayInputs) -> pd.DataFrame:
    import pandas as pd

    outlets = {feed.id: feed.outlet for feed in inputs.catalogue.feeds}
    rows: dict[str, dict[str, Any]] = {}
    for poll in inputs.polls:
        feed_id = poll["feed_id"]
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
        is_success = poll["outcome"] in decide.SUCCESSES
        row["poll_count"] += 1
        row["success_count"] += is_success
        row["failure_count"] += not is_success
        row["unchanged_count"] += poll["outcome"] == "not_modified"
        row["damaged_count"] += poll["outcome"] == "damaged"
        row["gap_count"] += poll["is_gap"]
        row["last_success_at"] = poll["polled_at"] if is_success else row["last_success_at"]
        row["new_entry_count"] += poll["new_entry_count"]
        row["poll_seconds"] += poll["seconds"]
        row["last_outcome"] = poll["outcome"]
    return pd.DataFrame(list(rows.values()), columns=[c.name for c in tables.FEED_DAYS.columns])


def _outcomes(inputs: DayInputs) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(
        [dict(o) for o in inputs.outcomes], columns=["kind", "outcome", "feed_id", "outcome_count", "example"]
    )
    grouped = frame.groupby(["kind", "outcome", "feed_id"], as_index=False)
    return grouped.agg({"outcome_count": "sum", "example": "min"})
