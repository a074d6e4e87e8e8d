"""Tag at arrival: what the new stories mention, for run notes and alerts. The tables tag their whole day again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from newswatch import summarise, tables
from newswatch.ledger import stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.pipeline.context import Newswatch, log

STORIES_A_BATCH = 5000


@dataclass(frozen=True, slots=True)
class TagReport:
    """Stories tagged, and for each topic how many of them mention it."""

    story_count: int
    topic_story_counts: dict[str, int]


def tag_new(nw: Newswatch, owner: str) -> TagReport:
    """Tag the stories that no tag task has seen, and keep their mentions as a batch."""
    total, counts = 0, Counter[str]()
    while True:
        with nw.ledger.begin() as connection:
            waiting = stories.untagged(connection, STORIES_A_BATCH)
        if not waiting:
            break
        rows = read_stories(
            nw, {path: {w["story_id"] for w in waiting if w["path"] == path} for path in {w["path"] for w in waiting}}
        )
        mentions = summarise.mention_rows(rows, nw.matcher, nw.catalogue.topics_version)
        batch = nw.new_batch("tag", owner)
        path = f"batches/mentions/{nw.day_of(batch.committed_at)}/{batch.batch_id}.parquet"
        files = [nw.write_rows(path, tables.MENTIONS, mentions)] if mentions else []
        with nw.ledger.begin() as connection:
            commit(connection, batch, files, Outcomes())
            stories.mark_tagged(connection, [w["story_id"] for w in waiting], batch.batch_id)
        total += len(waiting)
        counts.update(topic for topic, _ in {(m["topic"], m["story_id"]) for m in mentions})
    log.info("stories tagged", stories=total, topics=dict(counts))
    return TagReport(total, dict(sorted(counts.items())))


def read_stories(nw: Newswatch, wanted: dict[str, set[str]]) -> list[dict[str, object]]:
    """Rows of `story_texts` for file path → story ids, in order of story id."""
    rows = [
        row
        for path, story_ids in sorted(wanted.items())
        for row in tables.STORY_TEXTS.from_bytes(nw.store.read(path))
        if row["story_id"] in story_ids
    ]
    return sorted(rows, key=lambda row: str(row["story_id"]))
