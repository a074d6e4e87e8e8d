"""The pages *Today* and *Day*: every topic beside what is usual, its texts, and who was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from newswatch.digest.charts import days_before, small_chart
from newswatch.digest.content import TrendNote, chart_of, reading_of
from newswatch.digest.formats import said
from newswatch.digest.items import DigestItem
from newswatch.pipeline import Reader, outcome_meaning

LINES_SHOWN = 50  # of a topic; the others are on its own page
EXAMPLES = 5  # of an outcome, each of another feed


@dataclass(frozen=True, slots=True)
class TopicDay:
    """One topic of the day."""

    id: str
    name: str
    counts: Mapping[str, Any]
    reading: TrendNote
    chart: Markup
    lines: tuple[DigestItem, ...]


def of_day(reader: Reader, day: date, *, is_over: bool) -> dict[str, Any]:
    """What the template shows. Raises MissingFile where the day has no tables."""
    rows = reader.day_rows(day)
    trends = reader.trends(days_before(day))
    counts = {row["topic"]: row for row in reader.table("topic_days", day)}
    topics = []
    tz = reader.tz  # asked of the ledger each time
    for topic, name in rows.names.items():
        if topic in counts:  # else it came into topics.yaml after the day was built
            chart = chart_of(topic, day, trends)
            shown = rows.ranked(topic, list(rows.found[topic]))[:LINES_SHOWN]
            topics.append(
                TopicDay(
                    id=topic,
                    name=name,
                    counts=counts[topic],
                    reading=reading_of(trends.get(day, {}).get(topic), chart, is_over=is_over),
                    chart=small_chart(chart, said(chart), topic),
                    lines=tuple(rows.line(topic, cluster, tz) for cluster in shown),
                )
            )
    outlets = sorted(reader.table("outlet_days", day), key=lambda r: (-r["topic_story_count"], r["outlet"]))
    first = next(iter(counts.values()), None)
    catalogue = reader.catalogue()
    return {
        "topics": topics,
        "outlets": outlets,
        "outcomes": _outcomes(reader.table("outcomes", day)),
        "first": first,
        "feeds_now": len(catalogue.feeds) if catalogue else 0,
    }


def _outcomes(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int, str, list[tuple[str, str]]]]:
    """Kind, outcome, how often, what it means, and feeds with an example, those with most of it first."""
    counts = Counter[tuple[str, str]]()
    examples: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in sorted(rows, key=lambda row: (-row["outcome_count"], row["feed_id"])):
        place = row["kind"], row["outcome"]
        counts[place] += row["outcome_count"]
        examples.setdefault(place, []).append((row["feed_id"], row["example"] or ""))
    return [
        (*place, count, outcome_meaning(place[1]), examples[place][:EXAMPLES])
        for place, count in sorted(counts.items())
    ]
