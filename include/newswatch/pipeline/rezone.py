"""Rezone: count what is stored in days of another time zone. Bytes, batches and issued digests stay as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from newswatch import local_days
from newswatch.feeds.coverage import Covered, covered_days
from newswatch.ledger import batches, days, digests, feeds, stories, zone
from newswatch.pipeline.installation import log, open_ledger, open_store
from newswatch.pipeline.story_files import read_days
from newswatch.settings import Settings
from newswatch.storage.files import Store

Move = tuple[date, date]  # from a day of the zone before to one of the new zone


@dataclass(frozen=True, slots=True)
class RezoneReport:
    """What moves from the days of one zone to those of another.

    `touched`: days whose tables no longer say what is stored; `issued`: those of them that have a digest, which stays.
    """

    before: str
    after: str
    story_count: int
    story_moves: Mapping[Move, int]
    touched: tuple[date, ...]
    issued: tuple[date, ...]


def rezone(settings: Settings, *, is_dry_run: bool) -> RezoneReport:
    """Move all that is stored to its days in the configured zone, in one transaction; those days are dirty then.

    It waits for whoever writes days, and they for it; one that began with the zone before then refuses to commit.
    Raises MissingFile where a file of stories is lost or damaged: then nothing moves.
    """
    store = open_store(settings)
    with closing(open_ledger(settings)) as ledger, ledger.begin() as connection:
        before = zone.settle(connection, settings.timezone)
        if not is_dry_run:
            zone.change(connection, settings.timezone)
        plan = _Plan.made(connection, store, settings.tz)
        if not is_dry_run:
            plan.apply(connection)
        has_digest = {issued.day for issued in digests.digests_of(connection)}
        touched = plan.touched
    log.info("days rezoned", before=before, after=settings.timezone, days=len(touched), dry_run=is_dry_run)
    return RezoneReport(
        before=before,
        after=settings.timezone,
        story_count=plan.story_count,
        story_moves=dict(sorted(Counter(plan.stories.values()).items())),
        touched=tuple(sorted(touched)),
        issued=tuple(sorted(touched & has_digest)),
    )


@dataclass(frozen=True)
class _Plan:
    """What changes its day, by id, and the covered days (feed id, day) before and after."""

    story_count: int
    stories: Mapping[str, Move]
    batches: Mapping[str, Move]  # with their polls and outcomes
    covered_before: set[tuple[str, date]]
    covered: Mapping[tuple[str, date], Covered]

    @classmethod
    def made(cls, connection: sa.Connection, store: Store, tz: ZoneInfo) -> _Plan:
        places = stories.places(connection)
        files: dict[str, set[str]] = {}
        for place in places:
            files.setdefault(place.path, set()).add(place.story_id)
        new_day = dict(read_days(store, days.file_hashes(connection, sorted(files)), files, tz))
        polls = feeds.good_polls(connection)
        return cls(
            story_count=len(places),
            stories=_moves((place.story_id, place.day, new_day[place.story_id]) for place in places),
            batches=_moves(
                (b.batch_id, b.day, local_days.day_of(b.committed_at, tz)) for b in batches.days_of(connection)
            ),
            covered_before=feeds.coverage(connection),
            covered={
                (feed_id, day): of_day
                for feed_id, windows in feeds.windows(connection).items()
                for day, of_day in covered_days(windows, polls.get(feed_id, []), tz).items()
            },
        )

    @property
    def touched(self) -> set[date]:
        moved = {day for moves in (self.stories, self.batches) for move in moves.values() for day in move}
        return moved | {day for _, day in self.covered_before ^ self.covered.keys()}

    def apply(self, connection: sa.Connection) -> None:
        stories.move(connection, _by_new_day(self.stories))
        batches.move(connection, _by_new_day(self.batches))
        feeds.replace_coverage(connection, self.covered)
        sources: dict[date, set[date]] = {}
        for old, new in self.stories.values():
            sources.setdefault(new, set()).add(old)
        days.take_over_lines(connection, sources)
        days.mark_dirty(connection, self.touched)


def _moves(days_of: Iterable[tuple[str, date, date]]) -> dict[str, Move]:
    """By id, of those whose day becomes another one; given: id, old day, new day."""
    return {id_: (old, new) for id_, old, new in days_of if old != new}


def _by_new_day(moves: Mapping[str, Move]) -> dict[date, list[str]]:
    ids: dict[date, list[str]] = {}
    for id_, (_, new) in moves.items():
        ids.setdefault(new, []).append(id_)
    return ids
