"""Items of a digest: the proof of a text under each topic that it mentions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newswatch.digest.items import DayRows

DAY = date(2026, 11, 22)
NAMES = {"rope": "Rope", "quay": "Quay", "tide": "Tide"}


def story(story_id: str, cluster_id: str, hour: int) -> dict[str, Any]:
    at = datetime(2026, 11, 22, hour, tzinfo=UTC)
    return {
        "story_id": story_id,
        "cluster_id": cluster_id,
        "title": "Works begin",
        "canonical_url": f"https://example.com/{story_id}",
        "outlet": story_id.upper(),
        "language": "en",
        "published_at": at,
        "first_seen_at": at,
        "is_day_only": False,
        "text_source": "page",
        "original_outlet": "A",
        "original_at": at,
    }


def mention(story_id: str, topic: str, word: str, sentence: str) -> dict[str, Any]:
    start = sentence.index(word)
    return {
        "story_id": story_id,
        "topic": topic,
        "zone": "body",
        "start": start,
        "end": start + len(word),
        "sentence_start": 0,
        "sentence": sentence,
        "is_about": False,
    }


def test_a_text_that_is_listed_under_one_topic_keeps_the_proof_of_the_others() -> None:
    rows = DayRows.from_rows(
        DAY,
        [story("a", "a", 8), story("b", "a", 9)],
        [
            mention("a", "rope", "rope", "They bought rope for the quay."),
            mention("a", "quay", "quay", "They bought rope for the quay."),
            mention("b", "tide", "tide", "The tide was low that day."),
        ],
        NAMES,
    )
    item = rows.line("rope", "a", ZoneInfo("UTC"))
    assert item.also == ("Quay", "Tide")
    proofs = [(other.name, other.evidence.sentence, other.evidence.surface) for other in item.others]
    assert proofs == [
        ("Quay", "They bought rope for the quay.", "quay"),
        ("Tide", "The tide was low that day.", "tide"),
    ]
    assert [other.name for other in item.further] == ["Tide"]
