"""The page *Topics*: each with its terms, what the last week brought of it, and the last day on which it was found."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from newswatch.pipeline import Reader

WEEK, LOOK_BACK = 7, 90  # days


def of_topics(reader: Reader, today: date) -> list[dict[str, Any]]:
    """A row for each topic in force, in the order of topics.yaml. `last_day` None: not in the last LOOK_BACK days."""
    catalogue = reader.catalogue()
    if catalogue is None:
        return []
    newest_first = [today - timedelta(days=back) for back in range(LOOK_BACK)]
    built = set(reader.builds()).intersection(newest_first)
    weeks = dict.fromkeys((topic.id for topic in catalogue.topics), 0)
    last_days: dict[str, date] = {}
    for back, day in enumerate(newest_first):
        if day not in built or (back >= WEEK and len(last_days) == len(weeks)):
            continue
        for row in reader.table("topic_days", day, ("topic", "story_count")):
            if row["topic"] in weeks and row["story_count"]:
                last_days.setdefault(row["topic"], day)
                weeks[row["topic"]] += row["story_count"] if back < WEEK else 0
    return [
        {
            "topic": topic,
            "term_count": sum(1 + len(term.variants) for _, term, _ in topic.leaves()),
            "week_count": weeks[topic.id],
            "last_day": last_days.get(topic.id),
        }
        for topic in catalogue.topics
    ]
