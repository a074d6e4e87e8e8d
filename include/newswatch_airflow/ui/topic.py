"""The page *Topic*: its days as a chart, its outlets and co-topics, and every mention with its sentence."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any

from newswatch.digest.charts import ChartDay, large_chart
from newswatch.digest.escape import cell, web_address
from newswatch.digest.formats import said
from newswatch.digest.items import moment_of
from newswatch.local_days import spans
from newswatch.pipeline import Reader
from newswatch_airflow.ui.story import Piece, pieces

Row = Mapping[str, Any]
SPANS = {"7": "a week", "28": "four weeks", "90": "three months", "365": "a year"}
STORIES_SHOWN = 100
CSV_COLUMNS = (
    "day", "topic", "term", "zone", "is_about", "outlet", "language", "title", "canonical_url", "story_id",
    "cluster_id", "surface", "sentence", "start", "end", "topics_version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown: a span of days that ends with `last`, and of its mentions those of an outlet, language or zone."""

    last: date
    span: int
    outlet: str = ""
    language: str = ""
    zone: str = ""
    about: bool = False

    @property
    def days(self) -> list[date]:
        return [self.last - timedelta(days=back) for back in range(self.span - 1, -1, -1)]

    def has(self, row: Row) -> bool:
        return (
            (not self.outlet or row["outlet"] == self.outlet)
            and (not self.language or row["language"] == self.language)
            and (not self.zone or row["zone"] == self.zone)
            and (not self.about or row["is_about"])
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """A sentence of a story, with every mention in it marked."""

    zone: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A story with the sentences that mention the topic."""

    story: Row
    proofs: tuple[Proof, ...]


def of_topic(reader: Reader, topic: str, filters: Filters, page: int = 1) -> dict[str, Any]:
    """What the template shows; of the stories those of one page, counted from 1. `pages`: all their numbers."""
    rows = reader.topic_rows(topic, filters.days)
    trends = reader.trends(filters.days)
    counts = {row["day"]: row for row in rows["topic_days"]}
    chart = [_chart_day(day, trends.get(day, {}).get(topic)) for day in filters.days]
    names = {t.id: t.name for t in catalogue.topics} if (catalogue := reader.catalogue()) else {}
    together: Counter[str] = Counter()
    for row in rows["topic_pair_days"]:
        together[row["other_topic"] if row["topic"] == topic else row["topic"]] += row["story_count"]
    outlets: Counter[str] = Counter()
    for row in rows["topic_outlet_days"]:
        outlets[row["outlet"]] += row["story_count"]
    stories = _stories([row for row in rows["mentions"] if filters.has(row)])
    return {
        "chart": large_chart(chart, said(chart), topic),
        "totals": {
            n: sum(row[n] for row in counts.values()) for n in ("story_count", "original_count", "mention_count")
        },
        "untold": _untold(set(reader.builds()), set(counts), filters),
        "outlets": outlets.most_common(),
        "together": [(other, names.get(other, other), count) for other, count in together.most_common()],
        "stories": stories[(page - 1) * STORIES_SHOWN : page * STORIES_SHOWN],
        "pages": range(1, -(-len(stories) // STORIES_SHOWN) + 1),
        "story_count": len(stories),
        "languages": sorted({row["language"] for row in rows["mentions"]}),
        "zones": sorted({row["zone"] for row in rows["mentions"]}),
    }


def _untold(built: set[date], counted: set[date], filters: Filters) -> dict[str, Any]:
    """Days of the span that say nothing of the topic: those without tables, and those whose tables know no such topic,
    as `newswatch build` takes them."""
    older = built.intersection(filters.days) - counted
    return {"bare_count": len(filters.days) - len(older | counted), "older_count": len(older), "older": spans(older)}


def _chart_day(day: date, row: Row | None) -> ChartDay:
    return (
        ChartDay(day, row["story_count"], row["baseline"], row["spread"], row["state"]) if row else ChartDay(day, None)
    )


def _stories(mentions: Sequence[Row]) -> list[Shown]:
    """The newest first, each with its sentences in reading order."""
    by_story: dict[str, list[Row]] = {}
    for row in mentions:
        by_story.setdefault(row["story_id"], []).append(row)
    shown = [Shown(rows[0], _proofs(rows)) for rows in by_story.values()]
    return sorted(shown, key=lambda s: (s.story["day"], moment_of(s.story), s.story["story_id"]))[::-1]


def _proofs(mentions: Sequence[Row]) -> tuple[Proof, ...]:
    """The sentences in reading order, each once, however many mentions it has."""
    order = {"headline": 0, "lede": 1}
    sentences: dict[tuple[bool, int], list[Row]] = {}  # offsets of a headline are in that
    for row in sorted(mentions, key=lambda r: (order.get(r["zone"], 2), r["start"])):
        sentences.setdefault((row["zone"] == "headline", row["sentence_start"]), []).append(row)
    return tuple(
        Proof(rows[0]["zone"], pieces(rows[0]["sentence"].replace("\n", " "), [_span(row) for row in rows]))
        for rows in sentences.values()
    )


def _span(mention: Row) -> tuple[int, int, str]:
    """Where the match is in its sentence, and the topic."""
    begin = mention["sentence_start"]
    return mention["start"] - begin, mention["end"] - begin, mention["topic"]


def to_csv(reader: Reader, topic: str, filters: Filters) -> str:
    """Every mention that the page shows, a row each, safe to open in a spreadsheet."""
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in reader.topic_rows(topic, filters.days)["mentions"]:
        if filters.has(row):
            shown = row | {
                "day": str(row["day"]),
                "is_about": str(row["is_about"]).lower(),
                "canonical_url": web_address(row["canonical_url"]),
            }
            writer.writerow([cell(shown[name]) for name in CSV_COLUMNS])
    return "\ufeff" + text.getvalue()
