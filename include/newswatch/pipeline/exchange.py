"""Stories with their bytes from one installation to another that has stories of its own.

An export is a folder (or fsspec URL) that other programs read as well: Parquet for the stories, WARC for their pages.
A backup moves a whole installation into an empty one, with its digests and polls; this moves a desk's history.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from newswatch.errors import ConfigError, DamagedFile, MissingFile, ParseFailed
from newswatch.feeds.state import Window
from newswatch.ledger import days, feeds, revisions, stories
from newswatch.ledger import schema as t
from newswatch.ledger.batches import Outcomes, commit
from newswatch.local_days import ONE_DAY, runs, start_of, whole_days
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.story_files import first_revision, new_story, of_one_day, read_stories, write_stories
from newswatch.storage import paths, schemes, warc
from newswatch.storage.files import Store
from newswatch.stories import story as rows_of
from newswatch.stories.story import RawRecord, Story, story_day
from newswatch.tables.batch_tables import STORY_TEXTS
from newswatch.urls.canonical import canonical_url, names_of
from newswatch.version import code_version

MANIFEST = "export.json"  # written last: a folder without it is no export
FORMAT: Final = 1
STORIES_A_PART = 2_000
IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Part:
    """Stories of a day: their rows, their pages' records, and every address that leads to each."""

    day: str
    stories: str
    pages: str
    aliases: str
    sha256: dict[str, str]  # by path
    story_count: int


class Manifest(BaseModel):
    """What an export says of itself. `feeds`: the addresses of those that cover days, by id; `covered`: id and day."""

    format: Literal[1] = FORMAT
    made_by: str
    timezone: str
    parts: list[Part]
    feeds: dict[str, str]
    covered: list[tuple[str, date]]


@dataclass
class ExportReport:
    story_count: int = 0
    page_count: int = 0
    byte_count: int = 0
    lost: list[str] = field(default_factory=list)  # pages' bytes that could not be read; their stories go without


@dataclass
class ImportReport:
    """`damaged`: parts that were left out, with the reason."""

    story_count: int = 0
    known_count: int = 0
    page_count: int = 0
    dirty_days: set[date] = field(default_factory=set)
    damaged: list[str] = field(default_factory=list)


def export_stories(nw: Newswatch, destination: str, wanted: Sequence[date]) -> ExportReport:
    """Write the stories of the days, each with its newest text, and which of these days each feed covers.

    Earlier revisions stay behind. Raises ConfigError where the destination holds something, MissingFile where a file of
    stories is lost or damaged.
    """
    schemes.check(destination)
    out = Store(destination)
    if next(iter(out.walk("")), None):
        raise ConfigError([f"{destination} is not empty. Give a folder that is new."])
    report = ExportReport()
    parts: list[Part] = []
    for number, day in enumerate(wanted):
        for stories_of_part in _in_parts(nw, day):
            parts.append(_write_part(nw, out, (day, len(parts)), stories_of_part, report))
        nw.progress("days exported", number + 1, len(wanted))
    c = t.coverage.c
    with nw.ledger.begin() as connection:
        query = sa.select(c.feed_id, c.day).where(c.day.in_(list(wanted))).order_by(c.feed_id, c.day)
        covered = [(row.feed_id, row.day) for row in connection.execute(query)]
    manifest = Manifest(
        made_by=code_version(),
        timezone=nw.settings.timezone,
        parts=parts,
        feeds={id_: nw.feeds[id_].url for id_ in sorted({id_ for id_, _ in covered} & nw.feeds.keys())},
        covered=covered,
    )
    out.write(MANIFEST, manifest.model_dump_json(indent=1).encode())
    log.info("stories exported", stories=report.story_count, days=len(wanted))
    return report


def _in_parts(nw: Newswatch, day: date) -> Iterator[list[Story]]:
    with nw.ledger.begin() as connection:
        of_day = stories.of_day(connection, day)
    waiting: list[Story] = []
    for path, versions in sorted(of_day.items()):
        waiting += read_stories(nw, of_one_day(day, {path: list(versions)}))
        while len(waiting) >= STORIES_A_PART:
            yield waiting[:STORIES_A_PART]
            waiting = waiting[STORIES_A_PART:]
    if waiting:
        yield waiting


def _write_part(
    nw: Newswatch, out: Store, place: tuple[date, int], found: Sequence[Story], report: ExportReport
) -> Part:
    name = f"{place[0]}-{place[1]:05}"
    pages, page_path, written = bytearray(), f"pages/{name}.warc.gz", []
    for story in found:
        record = _record(nw, story, report) if story.raw else None
        raw = RawRecord(page_path, len(pages), len(record)) if record else None
        pages += record or b""
        report.page_count += record is not None
        written.append(rows_of.to_row(replace(story, raw=raw)))
    stories_path, aliases_path = f"stories/{name}.parquet", f"aliases/{name}.json"
    contents = {
        stories_path: STORY_TEXTS.to_bytes(written),
        page_path: bytes(pages),
        aliases_path: json.dumps(_aliases(nw, found), ensure_ascii=False).encode(),
    }
    hashes = {path: out.write(path, content) for path, content in contents.items()}
    report.story_count += len(written)
    report.byte_count += sum(map(len, contents.values()))
    return Part(str(place[0]), stories_path, page_path, aliases_path, hashes, len(written))


def _record(nw: Newswatch, story: Story, report: ExportReport) -> bytes | None:
    """The WARC record of the story's page as it is stored; None where it is lost or damaged."""
    raw = story.raw
    assert raw is not None

    def whole(content: bytes) -> bytes:
        warc.read(content, nw.settings.max_page_bytes)
        return content

    try:
        return nw.store.load_part(raw.path, raw.offset, raw.length, whole)
    except (MissingFile, ParseFailed) as error:
        report.lost.append(f"{story.canonical_url}: {error}")
        return None


def _aliases(nw: Newswatch, found: Sequence[Story]) -> dict[str, list[str]]:
    a = t.aliases.c
    with nw.ledger.begin() as connection:
        rows = connection.execute(
            sa.select(a.story_id, a.url).where(a.story_id.in_([story.story_id for story in found])).order_by(a.url)
        )
        by_story: dict[str, list[str]] = {}
        for row in rows:
            by_story.setdefault(row.story_id, []).append(row.url)
    return by_story


def import_stories(nw: Newswatch, source: str, run_id: str) -> ImportReport:
    """Take over the stories that are not known here; their days become dirty.

    A part is compared with its hashes first; one that is damaged is left out and named. What was committed before a
    failure stays, and is known to the next call. Raises ConfigError where there is no export; TransientError.
    """
    schemes.check(source)
    store = Store(source)
    manifest = _manifest(store, source)
    report = ImportReport()
    lacking: set[str] = set()  # days of the parts that are left out: no feed covers them here
    for number, part in enumerate(manifest.parts):
        try:
            contents = {path: store.load(path, bytes, sha256) for path, sha256 in part.sha256.items()}
        except (MissingFile, DamagedFile) as error:
            report.damaged.append(f"{part.stories}: {error}")
            lacking.add(part.day)
        else:
            _take(nw, part, contents, run_id, report)
        nw.progress("parts imported", number + 1, len(manifest.parts))
    same = {id_ for id_, feed in nw.feeds.items() if manifest.feeds.get(id_) == feed.url}
    covered = [(id_, day) for id_, day in manifest.covered if id_ in same and str(day) not in lacking]
    report.dirty_days |= _cover(nw, covered, ZoneInfo(manifest.timezone))
    log.info("stories imported", stories=report.story_count, known=report.known_count)
    return report


def _manifest(store: Store, source: str) -> Manifest:
    try:
        return Manifest.model_validate_json(store.read(MANIFEST))
    except MissingFile as error:
        raise ConfigError([f"{source}: no export of `newswatch export`, or one that was cut off: {error}"]) from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, fault['loc'])) or 'all of it'}: {fault['msg']}" for fault in error.errors()[:3]]
        raise ConfigError(
            [f"{source}/{MANIFEST} is no export's that this version reads: {'; '.join(wrong)}"]
        ) from error


def _take(nw: Newswatch, part: Part, contents: Mapping[str, bytes], run_id: str, report: ImportReport) -> None:
    """Commit the part's stories that are new, in one transaction: files first, then the rows that count on them."""
    rows = STORY_TEXTS.from_bytes(contents[part.stories])
    aliases: dict[str, list[str]] = json.loads(contents[part.aliases])
    found = [_of_today(nw, rows_of.from_row(row, row["day"])) for row in rows]
    batch = nw.new_batch(IMPORT, run_id)
    raw_path = paths.raw_pages(nw.day_of(batch.committed_at), batch.batch_id)
    with nw.writing() as connection:
        names = {s.story_id: [*names_of(s.canonical_url), *aliases.get(s.story_id, ())] for s in found}
        known = stories.known_urls(connection, [name for of_story in names.values() for name in of_story])
        fresh = [story for story in found if not any(name in known for name in names[story.story_id])]
        report.known_count += len(found) - len(fresh)
        if not fresh:
            return
        fresh, pages, page_urls = _with_pages(fresh, contents[part.pages], raw_path, nw.settings.max_page_bytes)
        files = [nw.write_file(raw_path, pages, len(page_urls))] if pages else []
        files += write_stories(nw, batch, fresh)
        new = [replace(new_story(s, batch, None), page_url=page_urls.get(s.story_id)) for s in fresh]
        added = stories.add(connection, new)
        revisions.add(connection, [first_revision(story) for story in new if story.story_id in added])
        of_pages = {name: id_ for id_, url in page_urls.items() for name in names_of(canonical_url(url))}
        stories.add_aliases(connection, of_pages | {name: s.story_id for s in fresh for name in names[s.story_id]})
        commit(connection, batch, files, Outcomes())
        dirty = {story.day for story in fresh}
        days.mark_dirty(connection, dirty)
    report.story_count += len(added)
    report.page_count += len(page_urls)
    report.dirty_days |= dirty


def _of_today(nw: Newswatch, story: Story) -> Story:
    """The story with the day that it has in this installation's zone."""
    day = story_day(story.published_at, story.first_seen_at, nw.settings.tz, is_day_only=story.is_day_only)
    return replace(story, day=day)


def _with_pages(
    found: Sequence[Story], pages: bytes, raw_path: str, max_bytes: int
) -> tuple[list[Story], bytes, dict[str, str]]:
    """The stories with the places of their pages in one file of these alone, its content, and the pages' addresses."""
    content, placed, urls = bytearray(), [], {}
    for story in found:
        if story.raw:
            record = pages[story.raw.offset : story.raw.offset + story.raw.length]
            urls[story.story_id] = warc.read(record, max_bytes)[0]
            story = replace(story, raw=RawRecord(raw_path, len(content), len(record)))
            content += record
        placed.append(story)
    return placed, bytes(content), urls


def _cover(nw: Newswatch, covered_there: Sequence[tuple[str, date]], tz: ZoneInfo) -> set[date]:
    """Note the days of the zone that a feed covered there and does not cover here yet."""
    of_feeds: dict[str, list[date]] = {}
    for feed_id, day in covered_there:
        of_feeds.setdefault(feed_id, []).append(day)
    dirty: set[date] = set()
    with nw.writing() as connection:
        now = nw.clock()
        for feed_id, covered in sorted(of_feeds.items()):
            for first, last in runs(covered):
                window = Window(start_of(first, tz), start_of(last + ONE_DAY, tz), now, IMPORT)
                feeds.add_past_window(connection, feed_id, window)
                whole = whole_days(window.covered_from, window.covered_to, nw.settings.tz)
                dirty |= feeds.add_coverage(connection, [(feed_id, day) for day in whole], now, IMPORT)
        days.mark_dirty(connection, dirty)
    return dirty
