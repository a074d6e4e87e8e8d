"""Repair: what a walk has found wrong is made again where that can be done; the rest is put apart, with what is lost.

Nothing is deleted, and polls may run meanwhile: texts are replaced as a reextraction does it, days and digests under
their locks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from newswatch.digest import formats
from newswatch.errors import MissingFile, ParseFailed
from newswatch.ledger import audit, days, digests, revisions, stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.ledger.revisions import Revision
from newswatch.ledger.stories import NewText, StoredText
from newswatch.pipeline.build import build_day
from newswatch.pipeline.deliver import deliver
from newswatch.pipeline.digest import issue_digest
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.page_request import bare_entry, entry_texts
from newswatch.pipeline.story_files import stored_text, write_stories
from newswatch.pipeline.verify import Fault, sha256_of
from newswatch.storage import paths, warc
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord, Story
from newswatch.tables.batch_tables import ENTRIES, KNOWN_LINES, STORY_TEXTS
from newswatch.tables.day_tables import MENTIONS
from newswatch.text.counting import counted

FETCHED_WITHIN = 3  # days from a story's first sight, among whose pages its bytes are looked for


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of one file. `lost`: what nothing brings back; empty: nothing."""

    path: str
    done: str
    lost: str = ""

    def __str__(self) -> str:
        return f"{self.path}  {self.done}" + (f"; lost: {self.lost}" if self.lost else "")


def repair(nw: Newswatch, faults: Sequence[Fault], run_id: str) -> Iterator[Repaired]:
    """Mend the faults of a walk, batches first: the days' tables are made of them. One at a time, as they end."""
    touched: set[date] = set()
    for path in sorted({fault.path for fault in faults if fault.stage == "files"}):
        yield _batch_file(nw, path, run_id, touched)
    broken = {date.fromisoformat(fault.subject) for fault in faults if fault.stage == "days"}
    for fault in faults:
        if fault.stage == "days" and fault.kind == "damaged":
            _set_apart(nw, fault.path, "nothing: the day is built again")
    for day in sorted(broken | touched):
        build_day(nw, day, run_id)
        yield Repaired(str(day), "tables made again")
    for key in sorted({fault.subject for fault in faults if fault.stage == "digests"}):
        of_day, _, number = key.partition("/")
        yield from _digest(nw, date.fromisoformat(of_day), int(number), run_id)
    for fault in faults:
        if fault.kind == "orphan":
            nw.store.move(fault.path, paths.quarantined(fault.path))
            yield Repaired(fault.path, "put into quarantine: no batch has it")
        elif fault.stage == "ledger":
            yield Repaired(fault.path, "left as it is", fault.detail)


def _batch_file(nw: Newswatch, path: str, run_id: str, touched: set[date]) -> Repaired:
    """One file of a batch. `touched` gets the days whose tables are to be made again."""
    if path.startswith("raw/"):
        is_there = nw.store.exists(path)
        lost = f"{'the records that cannot be read' if is_there else 'all its records'}; stories made of them stay"
        _note(nw, path, lost)  # it stays in place: its whole records are of use
        return Repaired(path, "kept in place, its whole records can be read" if is_there else "noted", lost)
    return _OF_TABLES[path.split("/")[1]](nw, path, run_id, touched)


def _mentions(nw: Newswatch, path: str, run_id: str, touched: set[date]) -> Repaired:
    _set_apart(nw, path, "nothing: the mentions are found again with every build")
    return Repaired(path, "put into quarantine, its mentions are found again")


def _entries(nw: Newswatch, path: str, run_id: str, touched: set[date]) -> Repaired:
    with nw.ledger.begin() as connection:
        count = audit.entry_count_in(connection, path)
    lost = f"the feeds' words of {counted(count, 'entry')}; their pages and stories are kept"
    _set_apart(nw, path, lost)
    return Repaired(path, "put into quarantine", lost)


def _known_lines(nw: Newswatch, path: str, run_id: str, touched: set[date]) -> Repaired:
    with nw.writing() as connection:
        held = audit.days_with_lines(connection, path)
        for day in held:
            days.thaw_lines(connection, day)
        days.mark_dirty(connection, held)
    touched |= set(held)
    lost = "the recurring lines as they were then; they are learnt again from what is known now"
    _set_apart(nw, path, lost)
    return Repaired(path, "put into quarantine", lost)


def _texts(nw: Newswatch, path: str, run_id: str, touched: set[date]) -> Repaired:
    """Stories whose text was in the file, each from its page's bytes, else from its feed's words."""
    with nw.ledger.begin() as connection:
        wanted = audit.texts_in(connection, path)
        earlier = audit.story_ids_in(connection, path) - {place.story_id for place in wanted}
    found = asyncio.run(_read_again(nw, wanted))
    batch = nw.new_batch("repair", run_id)
    files = write_stories(nw, batch, list(found.values()))
    gone = [place for place in wanted if place.story_id not in found]
    read = {place.story_id: place.batch_id for place in wanted}
    texts = {id_: NewText(id_, read[id_], stored_text(story, batch)) for id_, story in found.items()}
    with nw.writing() as connection:
        for day in sorted({place.day for place in wanted}):
            days.lock(connection, day)
        replaced = stories.replace_text(connection, list(texts.values()))
        places = [place for place in wanted if place.story_id in replaced]
        revisions.add(connection, [_revision(p, texts[p.story_id].text, batch.committed_at) for p in places])
        audit.forget(connection, [place.story_id for place in gone])
        if files:
            commit(connection, batch, files, Outcomes())
        days.mark_dirty(connection, {place.day for place in wanted})
    touched |= {place.day for place in wanted}
    lost = [f"the story {place.canonical_url}" for place in gone]
    lost += [f"the page of {p.canonical_url}; its feed's words are left" for p in wanted if _is_bare(p, found)]
    lost += [f"an earlier text of {counted(len(earlier), 'story')}"] if earlier else []
    _set_apart(nw, path, "; ".join(lost) or "nothing")
    done = f"put into quarantine, {len(found)} of {counted(len(wanted), 'story')} read again"
    return Repaired(path, done, "; ".join(lost))


def _is_bare(place: audit.TextPlace, found: Mapping[str, Story]) -> bool:
    return place.page_url is not None and place.story_id in found and found[place.story_id].raw is None


def _revision(place: audit.TextPlace, text: StoredText, seen_at: datetime) -> Revision:
    return Revision(place.story_id, place.revision_number, seen_at, text.batch_id, text.path)


async def _read_again(nw: Newswatch, wanted: Sequence[audit.TextPlace]) -> dict[str, Story]:
    """The stories that something is left of, by id: under their ids, days and first sights."""
    found: dict[str, Story] = {}
    for place in wanted:
        with nw.ledger.begin() as connection:
            entries = stories.entries_of(connection, place.story_id)
        if not entries:
            continue
        seen = [s for e in entries if (s := entry_texts(nw, e.path).get((e.feed_id, e.entry_key)))]
        seen = seen or [bare_entry(entries[0])]  # the page alone tells of it
        entry, fetched = seen[0].entry, await _page(nw, place)
        feed = nw.outlets.as_publisher(entry, nw.feed_of(entry.feed_id), fetched.url if fetched else None)
        shares_link = place.link_story_id is not None
        story = assemble(seen[0], feed, fetched, nw.settings.tz, shares_link=shares_link)
        if story is not None:
            found[place.story_id] = replace(
                story,
                story_id=place.story_id,
                canonical_url=place.canonical_url,
                day=place.day,
                first_seen_at=place.first_seen_at,
            )
    return found


async def _page(nw: Newswatch, place: audit.TextPlace) -> FetchedPage | None:
    """The page of the story as its bytes were stored last; None where there are none, or none that can be read."""
    if place.page_url is None:
        return None
    first = nw.day_of(place.first_seen_at)
    for back in reversed(range(FETCHED_WITHIN)):
        folder = paths.raw_pages(first + timedelta(days=back), "").rpartition("/")[0]
        for name in reversed(nw.store.names(folder)):
            path = f"{folder}/{name}"
            for offset, length in warc.records(nw.store.read(path), place.page_url):
                if page := await _parsed(nw, RawRecord(path, offset, length)):
                    return page
    return None


async def _parsed(nw: Newswatch, raw: RawRecord) -> FetchedPage | None:
    decode = partial(warc.read, max_bytes=nw.settings.max_page_bytes)
    try:
        url, content_type, body = nw.store.load_part(raw.path, raw.offset, raw.length, decode)
        return FetchedPage(url, await nw.parsers.page(body, url=url, content_type=content_type), raw)
    except (MissingFile, ParseFailed) as error:
        log.warning("stored page not read", path=raw.path, offset=raw.offset, reason=str(error))
        return None


def _digest(nw: Newswatch, day: date, number: int, run_id: str) -> Iterator[Repaired]:
    """An issue's files from any copy that is as it was issued, and the copies from it; else a new issue."""
    with nw.writing() as connection:
        days.lock(connection, day)
        issues = digests.digests_of(connection, day)
        delivered = [d for d in digests.digests_of(connection) if d.delivered_at]
        issued = next(d for d in issues if d.number == number)
        lost = []
        for name in formats.FORMATS:
            own = paths.issue(day, number, name)
            copies = [paths.digest(day, name)] if issued is issues[0] else []
            copies += [paths.latest(name)] if [(d.day, d.number) for d in delivered[:1]] == [(day, number)] else []
            content = _sound_copy(nw, issued.files.get(own), [own, *copies])
            if content is None:
                lost.append(own)
                continue
            for path in (own, *copies):
                if sha256_of(nw, path) != issued.files.get(own):
                    nw.store.write(path, content)
                    yield Repaired(path, "written again from a copy")
    for path in lost:
        _set_apart(nw, path, "this file of the issue as it was issued")
        yield Repaired(path, "put into quarantine", "this file of the issue as it was issued")
    if lost and issued is issues[0]:
        report = issue_digest(nw, day, f"{run_id}, for issue {number}")
        if issued.delivered_at:
            deliver(nw, day, report.number)
        yield Repaired(report.html_path, f"issue {report.number} made in place of it")


def _sound_copy(nw: Newswatch, sha256: str | None, candidates: Sequence[str]) -> bytes | None:
    for path in candidates:
        try:
            return nw.store.load(path, bytes, sha256)
        except MissingFile:
            continue
    return None


def _set_apart(nw: Newswatch, path: str, lost: str) -> None:
    """Move the file, if it is there, into the quarantine, with a word on what is lost."""
    if nw.store.exists(path):
        nw.store.move(path, paths.quarantined(path))
    _note(nw, path, lost)


def _note(nw: Newswatch, path: str, lost: str) -> None:
    """The word on what is lost; it holds for the file as it is now."""
    word = {"path": path, "lost": lost, "sha256": sha256_of(nw, path), "noted_at": nw.clock().isoformat()}
    nw.store.write(paths.loss_note(path), json.dumps(word, ensure_ascii=False, indent=1).encode())


_OF_TABLES: dict[str, Callable[[Newswatch, str, str, set[date]], Repaired]] = {
    ENTRIES.name: _entries,
    KNOWN_LINES.name: _known_lines,
    MENTIONS.name: _mentions,
    STORY_TEXTS.name: _texts,
}
