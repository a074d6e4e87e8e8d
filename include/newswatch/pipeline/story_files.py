"""Stories into files and back: one file a batch and story day, so that a rebuild reads its own day alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from newswatch.ledger.batches import Batch, BatchFile
from newswatch.ledger.revisions import Revision
from newswatch.ledger.stories import NewStory, StoredText, Validators
from newswatch.net.messages import Response
from newswatch.pipeline.installation import Newswatch
from newswatch.storage import paths
from newswatch.storage.files import Store
from newswatch.stories import story as rows_of
from newswatch.stories.story import CLAIMS_AND_KEYS, OF_A_DAY, OF_PRINTED, PrintedStory, Story, story_day
from newswatch.tables.batch_tables import STORY_TEXTS

Wanted = Mapping[str, Collection[str]]  # file path → story ids
WantedOfDays = Mapping[str, Mapping[str, date]]  # file path → story id → the story's day, as the ledger knows it
_OF_A_BUILD = tuple(c.name for c in STORY_TEXTS.columns if c.name not in CLAIMS_AND_KEYS)


def story_path(day: date, batch: Batch) -> str:
    return paths.batch(STORY_TEXTS.name, day, batch.batch_id)


def write_stories(nw: Newswatch, batch: Batch, stories: Sequence[Story]) -> list[BatchFile]:
    """One file for each day of the stories."""
    by_day: dict[date, list[dict[str, Any]]] = {}
    for story in stories:
        by_day.setdefault(story.day, []).append(rows_of.to_row(story))
    return [nw.write_rows(story_path(day, batch), STORY_TEXTS, rows) for day, rows in sorted(by_day.items())]


def of_one_day(day: date, wanted: Wanted) -> WantedOfDays:
    """The wanted stories, which are all of that day."""
    return {path: dict.fromkeys(ids, day) for path, ids in wanted.items()}


def read_stories(nw: Newswatch, wanted: WantedOfDays, *, is_whole: bool = True) -> list[Story]:
    """Stories in order of their ids; not whole: without claims, samples of lines and the place of their bytes."""
    day_of = {story_id: day for days in wanted.values() for story_id, day in days.items()}
    rows = _rows(nw.store, nw.hashes(wanted), wanted, None if is_whole else _OF_A_BUILD)
    return sorted((rows_of.from_row(row, day_of[row["story_id"]]) for row in rows), key=lambda story: story.story_id)


def read_printed(nw: Newswatch, wanted: Wanted) -> list[PrintedStory]:
    """No more of the same stories than what is compared to find reprints: a twentieth of their bytes."""
    rows = _rows(nw.store, nw.hashes(wanted), wanted, OF_PRINTED)
    return sorted(map(rows_of.printed_from_row, rows), key=lambda story: story.story_id)


def read_days(store: Store, hashes: Mapping[str, str], wanted: Wanted, tz: ZoneInfo) -> Iterator[tuple[str, date]]:
    """Of each story its id, and its day in the zone, by the times that its row states. `hashes`: of the files."""
    for row in _rows(store, hashes, wanted, OF_A_DAY):
        yield row["story_id"], story_day(row["published_at"], row["first_seen_at"], tz, is_day_only=row["is_day_only"])


def _rows(
    store: Store, hashes: Mapping[str, str], wanted: Wanted, columns: Sequence[str] | None
) -> Iterator[Mapping[str, Any]]:
    decode = partial(STORY_TEXTS.from_bytes, columns=columns)
    for path, ids in sorted(wanted.items()):
        yield from (row for row in store.load(path, decode, hashes.get(path)) if row["story_id"] in ids)


def stored_text(story: Story, batch: Batch) -> StoredText:
    """What the ledger keeps of the story's text in this batch."""
    assert story.sample is not None
    return StoredText(
        day=story.day,
        published_at_source=story.published_at_source,
        host=story.sample.host,
        headline_key=story.sample.headline,
        edge_keys=list(story.sample.edges),
        inner_keys=list(story.sample.inner),
        batch_id=batch.batch_id,
        path=story_path(story.day, batch),
    )


def new_story(story: Story, batch: Batch, answer: Response | None) -> NewStory:
    """A new story for the ledger. `answer`: its page's, with the validators for a later visit."""
    return NewStory(
        story_id=story.story_id,
        canonical_url=story.canonical_url,
        first_seen_at=story.first_seen_at,
        text=stored_text(story, batch),
        page_url=answer.url if answer else None,
        validators=validators_of(answer),
        via=story.via,
    )


def first_revision(story: NewStory) -> Revision:
    """The first text of a new story."""
    return Revision(story.story_id, 1, story.first_seen_at, story.text.batch_id, story.text.path)


def validators_of(answer: Response | None) -> Validators:
    """What the server wants to be asked with next time."""
    return Validators(answer.header("ETag"), answer.header("Last-Modified")) if answer else Validators()
