"""Topics that had another id: what tables and records of before say of them, under the id of today. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from newswatch.topics.schema import Topic

TOPIC_COLUMNS = ("topic", "other_topic")
Row = dict[str, Any]


def ids_today(topics: Sequence[Topic]) -> dict[str, str]:
    """Former id → the topic's id."""
    return {former: topic.id for topic in topics for former in topic.formerly}


def with_ids_of_today(rows: list[Row], ids: Mapping[str, str]) -> list[Row]:
    """Rows of a table of a day, their topics under the ids of today. `ids`: as `ids_today` gives them."""
    if not ids:
        return rows
    return [row | {c: ids.get(row[c], row[c]) for c in TOPIC_COLUMNS if c in row} for row in rows]


def problems(topics: Sequence[Topic]) -> Iterator[tuple[int, int, str]]:
    """Position of a topic and of its former id, and what is wrong with that; cycles cannot be where nothing is."""
    used = {topic.id for topic in topics}
    claimed: dict[str, str] = {}
    for i, topic in enumerate(topics):
        for j, former in enumerate(topic.formerly):
            if former in used:
                yield i, j, f"the id {former!r} is in use. A former id must be one that no topic has any more."
            elif former in claimed:
                yield i, j, f"{claimed[former]!r} was {former!r} too. What is stored under an id can go to one topic."
            claimed.setdefault(former, topic.id)
