"""Tag at arrival: what the new stories mention, for run notes and visits, and for the tables as long as it holds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from newswatch.errors import MissingFile
from newswatch.ledger import revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.revisions import PlannedVisit
from newswatch.ledger.stories import TextVersion, UntaggedStory
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.recurring_lines import FrozenLines, frozen_lines
from newswatch.pipeline.story_files import read_stories
from newswatch.storage import paths
from newswatch.stories import edits
from newswatch.stories.story import Story
from newswatch.tables.day_tables import MENTIONS
from newswatch.topics import parallel
from newswatch.topics.inflection import dictionaries
from newswatch.topics.mention_rows import SearchedText, mention_rows
from newswatch.urls.canonical import host_of
from newswatch.version import code_version

STORIES_A_BATCH = 1_000  # some 60 MB of long ones
MentionRow = dict[str, Any]  # of the table mentions


@dataclass(frozen=True, slots=True)
class TagReport:
    """Stories tagged, and for each topic how many of them mention it."""

    story_count: int
    topic_story_counts: dict[str, int]


def tag_new(nw: Newswatch, run_id: str) -> TagReport:
    """Tag the stories that no tag task has seen, keep their mentions as a batch, plan visits to those that match."""
    total, counts = 0, Counter[str]()
    while True:
        with nw.ledger.begin() as connection:
            waiting = stories.untagged(connection, STORIES_A_BATCH)
        if not waiting:
            break
        known = frozen_lines(nw, (w.day for w in waiting))
        batch = nw.new_batch("tag", run_id)
        mentions = _mentions(nw, waiting, known)
        path = paths.batch(MENTIONS.name, nw.day_of(batch.committed_at), batch.batch_id)
        files = [nw.write_rows(path, MENTIONS, mentions)] if mentions else []
        matched = {m["story_id"] for m in mentions}
        with nw.writing() as connection:
            commit(connection, batch, files, Outcomes())
            for day in sorted({w.day for w in waiting}):
                of_day = [w for w in waiting if w.day == day]
                stories.mark_tagged(connection, of_day, batch.batch_id, _tagged_with(nw, known, day))
            revisions.plan_visits(connection, list(_visits(nw, (w for w in waiting if w.story_id in matched))))
        total += len(waiting)
        counts.update(topic for topic, _ in {(m["topic"], m["story_id"]) for m in mentions})
    log.info("stories tagged", stories=total, topics=dict(counts))
    return TagReport(total, dict(sorted(counts.items())))


def _tagged_with(nw: Newswatch, known: FrozenLines, day: date) -> str:
    """All that a story's mentions depend on beside its text, as a hash."""
    parts = (code_version(), dictionaries(), nw.catalogue.topics_version, known.path_of.get(day, ""))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def mentions_of_day(
    nw: Newswatch,
    day: date,
    found: Sequence[Story],
    texts: Mapping[str, Mapping[str, TextVersion]],
    known: FrozenLines,
) -> Callable[[], list[MentionRow]]:
    """What waits for the mentions of the day's stories, of these texts (by file, by story) with these lines cut.

    Those that were found at arrival in the same text, with all else the same, are taken from there.
    """
    with nw.ledger.begin() as connection:
        at_arrival = stories.tagged(connection, day, _tagged_with(nw, known, day))
    batch_of = {story_id: version.batch_id for ids in texts.values() for story_id, version in ids.items()}
    kept = {story_id: file for story_id, (batch_id, file) in at_arrival.items() if batch_of.get(story_id) == batch_id}
    read = {file: _mentions_in(nw, file) for file in sorted({file for file in kept.values() if file})}
    kept = {story_id: file for story_id, file in kept.items() if not file or read[file] is not None}
    waiting = find_mentions(nw, [story for story in found if story.story_id not in kept])
    outlets = {story.story_id: story.outlet for story in found}  # by today's names
    cached = [row for file, mentions in read.items() for row in mentions or () if kept.get(row["story_id"]) == file]
    for row in cached:
        row["outlet"] = outlets[row["story_id"]]
    return lambda: [*cached, *waiting()]


def _mentions_in(nw: Newswatch, file: str) -> list[MentionRow] | None:
    """The rows of a batch's file of mentions; None where it is lost or damaged: they can be found again."""
    try:
        return nw.rows(file, MENTIONS)
    except MissingFile as error:
        log.warning("mentions of arrival found again", reason=str(error))
        return None


def find_mentions(nw: Newswatch, found: Sequence[Story]) -> Callable[[], list[MentionRow]]:
    """What waits for the stories' rows of `mentions`: very many are tagged by processes of their own meanwhile."""
    version = nw.catalogue.topics_version
    texts = [searched_text(story) for story in found]
    if len(texts) >= parallel.MANY:
        return parallel.start(texts, nw.catalogue.topics, nw.word_forms, version)
    return lambda: mention_rows(texts, nw.matcher, version) if texts else []


def searched_text(story: Story) -> SearchedText:
    """What of the story is looked through for topics."""
    return SearchedText(story.story_id, story.day, story.outlet, story.title, story.text, story.language, story.zones)


def _mentions(nw: Newswatch, waiting: Sequence[UntaggedStory], known: FrozenLines) -> list[MentionRow]:
    by_path: dict[str, dict[str, date]] = {}
    for row in waiting:
        by_path.setdefault(row.path, {})[row.story_id] = row.day
    found = read_stories(nw, by_path, is_whole=False)
    return find_mentions(nw, [known.cut(story, story.day) for story in found])()


def _visits(nw: Newswatch, matched: Iterable[UntaggedStory]) -> Iterable[PlannedVisit]:
    """First visits of stories with a page; those whose day is long over are past editing."""
    now = nw.clock()
    due_at = edits.next_visit_at(0, now)
    assert due_at is not None
    for row in matched:
        if row.page_url and nw.day_of(now) - row.day <= timedelta(days=edits.FRESH_DAYS):
            yield PlannedVisit(row.story_id, host_of(row.page_url), now, due_at)
