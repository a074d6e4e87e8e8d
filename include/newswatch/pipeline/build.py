"""Build: a day's tables from what is committed, with today's topics and code."""

from __future__ import annotations

import gc
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from newswatch.days import syndication
from newswatch.days.summarise import DayInputs, OutcomeCount, day_tables, stories_table
from newswatch.errors import DayToCome, MissingFile
from newswatch.feeds.state import PollRecord
from newswatch.ledger import days, stories
from newswatch.ledger.stories import TextVersion
from newswatch.local_days import LOOK_BACK
from newswatch.pipeline.copying import far_side_by_side
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.publication import ask_again, finish, publish, stage
from newswatch.pipeline.recurring_lines import FrozenLines, frozen_lines
from newswatch.pipeline.story_files import of_one_day, read_printed, read_stories
from newswatch.pipeline.tables_in_force import TablesInForce
from newswatch.pipeline.tag import MentionRow, mentions_of_day
from newswatch.storage import paths
from newswatch.stories.story import PrintedStory, Story
from newswatch.tables.day_tables import DAY_TABLES, TABLES
from newswatch.tables.parquet import Table
from newswatch.version import code_version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class BuildReport:
    """One day's build: its counts, and whether any table's bytes differ from those before it.

    `waits`: seconds from publication to this build, of stories that polls have seen since the build before.
    """

    day: date
    story_count: int
    topic_story_counts: dict[str, int]
    topic_story_counts_before: dict[str, int] | None  # None: there was no build, or its table is lost
    is_changed: bool
    waits: tuple[float, ...] = ()


def build_day(nw: Newswatch, day: date, run_id: str = "") -> BuildReport:
    """Make the day's tables from the committed batches, whole, and record what they were made from, and by which run.

    One writer a day: a second one waits. A day of which nothing is known gets its tables too, with zeros: see
    `refuse_days_to_come` and `without_anything`.
    """
    with nw.writing() as connection:
        days.lock(connection, day)
        left_out = finish(nw, connection, day)  # what a writer that was killed has left
        known = frozen_lines(nw, [day])
        generation = days.generation_of(connection, day)
        facts = _Facts.read(connection, day)
        frames = _frames(nw, facts, known)
        before = days.build_of(connection, day)
        counts_before = _topic_story_counts(nw, before)
        contents = {table.name: table.to_bytes(frames[table.name]) for table in DAY_TABLES}
        files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        is_changed = before is None or before.files != files
        is_staged = is_changed or not is_whole(nw, day, before)  # a damaged day may have been left out of trends
        if is_staged:
            stage(nw.store, day, contents)
        build = days.Build(
            day=day,
            inputs_sha256=facts.sha256(nw),
            topics_version=nw.catalogue.topics_version,
            code_version=code_version(),
            built_at=nw.clock(),
            built_by=run_id,
            files=files,
            is_staged=is_staged,
        )
        days.save_build(connection, build, generation)
    ask_again(nw, left_out)
    publish(nw, day)
    topic_days = frames["topic_days"]
    report = BuildReport(
        day=day,
        story_count=len(frames["stories"]),
        topic_story_counts=dict(zip(topic_days["topic"], topic_days["story_count"].tolist(), strict=True)),
        topic_story_counts_before=counts_before,
        is_changed=is_changed,
        waits=_waits(frames["stories"], before, build.built_at),
    )
    log.info("day built", day=str(day), stories=report.story_count, changed=report.is_changed)
    return report


def _topic_story_counts(nw: Newswatch, build: days.Build | None) -> dict[str, int] | None:
    """What the build counted, by its table; None where there is no such build or table."""
    if build is None:
        return None
    try:
        rows = TablesInForce(nw.store, {build.day: build}).rows("topic_days", build.day, ["topic", "story_count"])
    except MissingFile:  # lost or damaged: this build puts another in its place
        return None
    return {row["topic"]: row["story_count"] for row in rows}


def _waits(printed: pd.DataFrame, before: days.Build | None, now: datetime) -> tuple[float, ...]:
    """Of stories whose publisher states a time; none of a first build, which waited for nothing but itself."""
    if before is None or printed.empty:
        return ()
    is_fresh = printed["via"].isna() & ~printed["is_day_only"] & (printed["first_seen_at"] > before.built_at)
    published = printed.loc[is_fresh, "published_at"].dropna()
    return tuple((now - published).dt.total_seconds())


def build_as_known(nw: Newswatch, day: date, at: datetime) -> str:
    """Make the day's tables from the batches committed before a moment, with today's code and topics, and put them
    apart: `as-known/<moment>/<table>/<day>.parquet`. Returns that folder. What is in force is not touched.

    A text that was read again since (`--extract`) counts as it reads now. Trends are not made.
    """
    with nw.ledger.begin() as connection:
        facts = _Facts.read(connection, day, at)
    frames = _frames(nw, facts, frozen_lines(nw, [day], may_learn=False))
    for table in DAY_TABLES:
        nw.store.write(paths.as_known_table(at, table.name, day), table.to_bytes(frames[table.name]))
    log.info("day built as known", day=str(day), at=at.isoformat(), stories=len(frames["stories"]))
    return paths.as_known(at)


def ensure_built(nw: Newswatch, wanted: list[date]) -> list[date]:
    """Build those of the days whose tables are missing, damaged or made from other inputs; returns them."""
    return [build_day(nw, day).day for day in wanted if not _is_current(nw, day)]


def refuse_days_to_come(nw: Newswatch, wanted: Sequence[date]) -> None:
    """Raise DayToCome where one of the days lies after today, unless a story is dated so far ahead of its time."""
    today = nw.day_of(nw.clock())
    for day in without_anything(nw, [day for day in wanted if day > today]):
        raise DayToCome(f"{day} is yet to come (today is {today}, {nw.settings.timezone}): it has nothing to build.")


def without_anything(nw: Newswatch, wanted: Sequence[date]) -> list[date]:
    """Those of the days of which nothing is stored, not even that a feed reached over them."""
    with nw.ledger.begin() as connection:
        return [day for day in wanted if not days.has_anything(connection, day)]


def ensure_whole(nw: Newswatch, wanted: Sequence[date]) -> list[date]:
    """Build those of the days that were built and whose tables are lost or damaged since; returns them."""
    with nw.ledger.begin() as connection:
        built = [build for day in wanted if (build := days.build_of(connection, day))]
    return [build_day(nw, build.day).day for build in built if not is_whole(nw, build.day, build)]


def never_built(nw: Newswatch, wanted: list[date]) -> list[date]:
    """Those of the days of which something is stored and that have no tables."""
    with nw.ledger.begin() as connection:
        known = set(days.known_days(connection))
        return [day for day in wanted if day in known and days.build_of(connection, day) is None]


def _is_current(nw: Newswatch, day: date) -> bool:
    with nw.ledger.begin() as connection:
        build = days.build_of(connection, day)
        if build is None or build.inputs_sha256 != _Facts.read(connection, day).sha256(nw):
            return False
    return is_whole(nw, day, build)


def is_whole(nw: Newswatch, day: date, build: days.Build | None) -> bool:
    """Whether the day has its tables, as the build made them."""
    if build is None:
        return False

    def look(table: Table) -> None:
        sha256 = build.files.get(table.name)  # trends have none: they change with other days
        nw.store.load(paths.table(table.name, day), bytes if sha256 else table.arrow, sha256)

    try:
        deque(far_side_by_side(nw.store, look, TABLES), maxlen=0)
    except MissingFile as error:
        log.warning("day not as it was built", day=str(day), reason=str(error))
        return False
    return True


@dataclass(frozen=True)
class _Facts:
    """What the ledger knows of a day, each thing read once: the tables and their hash speak of the same."""

    day: date
    stories: dict[str, dict[str, TextVersion]]  # by file: story id → which of its texts
    before: dict[str, dict[str, TextVersion]]  # the same of the days that clusters look back on
    lines_path: str | None  # file of the recurring lines that hold for the day; None: it was never read
    polls: list[PollRecord]
    outcomes: list[OutcomeCount]
    covering: Mapping[str, str | None]  # by feed id: see `days.coverage_of`

    @classmethod
    def read(cls, connection: sa.Connection, day: date, until: datetime | None = None) -> _Facts:
        before = {
            path: ids for back in LOOK_BACK for path, ids in stories.of_day(connection, day - back, until).items()
        }
        return cls(
            day=day,
            stories=stories.of_day(connection, day, until),
            before=before,
            lines_path=days.frozen_lines(connection, [day]).get(day),
            polls=days.polls_of(connection, day, until),
            outcomes=days.outcomes_of(connection, day, until),
            covering=days.coverage_of(connection, day, until),
        )

    def sha256(self, nw: Newswatch) -> str:
        """A hash over everything that the day's tables depend on, without reading a story.

        A text is known by its batch, whatever file it lies in, and recurring lines by their file: neither is changed.
        """
        parts = {
            "code": code_version(),
            "catalogue": nw.catalogue.version,
            "zone": nw.settings.timezone,
            "stories": sorted(text for ids in self.stories.values() for text in ids.items()),
            "before": sorted(text for ids in self.before.values() for text in ids.items()),
            "lines": self.lines_path,
            "polls": [(p.feed_id, p.polled_at.isoformat(), p.outcome) for p in self.polls],
            "outcomes": [(o.batch_id, o.kind, o.outcome, o.feed_id) for o in self.outcomes],
            "covering": sorted(self.covering),
            "listed": sorted(feed_id for feed_id, via in self.covering.items() if via),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _frames(nw: Newswatch, facts: _Facts, known: FrozenLines) -> dict[str, pd.DataFrame]:
    """The day's tables: its stories read and tagged, those that share a text found, all of it counted.

    An outlet goes by its name in today's feeds.yaml, on old days too: a renamed one leaves no false zero behind. An
    aggregator's story keeps the outlet that its entry named.
    """
    with _without_collector():
        stories, tagging = _stories_and_tagging(nw, facts, known)
        inputs = DayInputs(
            day=facts.day,
            polls=facts.polls,
            outcomes=facts.outcomes,
            covering=facts.covering,
            catalogue=nw.catalogue,
        )
        return day_tables(inputs, stories, tagging())


def _stories_and_tagging(
    nw: Newswatch, facts: _Facts, known: FrozenLines
) -> tuple[pd.DataFrame, Callable[[], list[MentionRow]]]:
    """The table of the day's stories, and what waits for their mentions. The texts are let go before these come in."""
    outlets = {feed.id: feed.outlet for feed in nw.catalogue.feeds if not feed.is_by_entry}
    stored = [_under(outlets, known.cut(s, facts.day)) for s in _stories(nw, facts)]
    tagging = mentions_of_day(nw, facts.day, stored, facts.stories, known)  # very many: by processes, meanwhile
    before = [_under(outlets, printed) for printed in read_printed(nw, facts.before)]
    originals = syndication.originals([*before, *(story.as_printed for story in stored)])
    revision_numbers = {id_: version.number for ids in facts.stories.values() for id_, version in ids.items()}
    return stories_table(stored, revision_numbers, originals), tagging


def _stories(nw: Newswatch, facts: _Facts) -> list[Story]:
    return read_stories(nw, of_one_day(facts.day, facts.stories), is_whole=False)


S = TypeVar("S", Story, PrintedStory)


def _under(outlets: Mapping[str, str], story: S) -> S:
    """The story under its outlet's name of today."""
    outlet = outlets.get(story.feed_id, story.outlet)
    return story if outlet == story.outlet else replace(story, outlet=outlet)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of small objects live until a build's end, and none refers to itself: looking for such takes as long as
    all the rest."""
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_collecting:
            gc.enable()
