"""Tag at arrival: what the new stories mention, for run notes and visits. The tables tag their whole day again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from newswatch import edits, many, summarise, tables, urls
from newswatch.ledger import revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.pipeline.context import Newswatch, log
from newswatch.pipeline.readings import frozen_lines, read_stories

STORIES_A_BATCH = 5000


@dataclass(frozen=True, slots=True)
class TagReport:
    """Stories tagged, and for each topic how many of them mention it."""

    story_count: int
    topic_story_counts: dict[str, int]


def tag_new(nw: Newswatch, owner: str) -> TagReport:
    """Tag the stories that no tag task has seen, keep their mentions as a batch, plan visits to those that match."""
    total, counts = 0, Counter[str]()
    while True:
        with nw.ledger.begin() as connection:
            waiting = stories.untagged(connection, STORIES_A_BATCH)
        if not waiting:
            break
        mentions = _mentions(nw, waiting)
        batch = nw.new_batch("tag", owner)
        path = f"batches/mentions/{nw.day_of(batch.committed_at)}/{batch.batch_id}.parquet"
        files = [nw.write_rows(path, tables.MENTIONS, mentions)] if mentions else []
        matched = {m["story_id"] for m in mentions}
        with nw.ledger.begin() as connection:
            commit(connection, batch, files, Outcomes())
            stories.mark_tagged(connection, waiting, batch.batch_id)
            revisions.plan_visits(connection, list(_visits(nw, (w for w in waiting if w["story_id"] in matched))))
        total += len(waiting)
        counts.update(topic for topic, _ in {(m["topic"], m["story_id"]) for m in mentions})
    log.info("stories tagged", stories=total, topics=dict(counts))
    return TagReport(total, dict(sorted(counts.items())))


def find_mentions(nw: Newswatch, rows: Sequence[Mapping[str, Any]]) -> Callable[[], list[dict[str, Any]]]:
    """What waits for the stories' rows of `mentions`: very many are tagged by processes of their own meanwhile."""
    version = nw.catalogue.topics_version
    if len(rows) >= many.MANY:
        return many.start(rows, nw.catalogue.topics, nw.word_forms, version)
    return lambda: summarise.mention_rows(rows, nw.matcher, version)


def _mentions(nw: Newswatch, waiting: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    by_path: dict[str, set[str]] = {}
    for row in waiting:
        by_path.setdefault(row["path"], set()).add(row["story_id"])
    known = frozen_lines(nw, (w["day"] for w in waiting))
    rows = [known.cut(row, row["day"]) for row in read_stories(nw, by_path)]
    return find_mentions(nw, rows)()


def _visits(nw: Newswatch, matched: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """First visits of stories with a page; those whose day is long over are past editing."""
    now = nw.clock()
    due_at = edits.next_visit_at(0, now)
    for row in matched:
        if row["page_url"] and nw.day_of(now) - row["day"] <= timedelta(days=edits.FRESH_DAYS):
            host = urls.host_of(row["page_url"])
            yield {"story_id": row["story_id"], "host": host, "began_at": now, "due_at": due_at}
