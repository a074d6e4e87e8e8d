"""Verify: the ledger beside the files, both ways. Nothing is changed here; see `repair`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from newswatch.digest import formats
from newswatch.errors import DamagedFile, MissingFile
from newswatch.ledger import audit, days, digests
from newswatch.pipeline.installation import Newswatch, log, utc_now
from newswatch.storage import paths
from newswatch.tables.batch_tables import BATCH_TABLES, ENTRIES, STORY_TEXTS
from newswatch.tables.day_tables import MENTIONS, STORIES, TABLES
from newswatch.text.counting import counted

FILES_A_QUERY = 500
SAVED_EVERY = 200  # files, between two notes of how far the walk has got
ORPHAN_AGE = timedelta(hours=1)  # a younger file may belong to a batch that is not committed yet
WALKED = ("batches", "digests", "raw", "tables")
_BATCH_TABLES = {table.name: table for table in (*BATCH_TABLES, MENTIONS)}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `kind`: damaged, missing, incomplete, uncounted or orphan; `subject`: what is repaired,
    a stage's key."""

    stage: str
    kind: str
    path: str
    detail: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.kind}  {self.path}  {self.detail}"


@dataclass(slots=True)
class Walk:
    """How far a walk has got: its stage, the last key that was looked at, how many of each stage, what was wrong."""

    stage: str = "files"
    after: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    story_count: int = 0


Looked = Iterator[tuple[str, list[Fault]]]  # key, what is wrong with it


def verify(nw: Newswatch, state: Path, tell: Callable[[Walk], None], *, from_start: bool = False) -> Walk:
    """Look at every file that the ledger names and every file that is stored.

    A walk that was cut off goes on from `state`, a file that is gone after a whole one. `tell` hears of progress.
    """
    walk = Walk() if from_start else _load(state, nw.settings.data_url)
    names = list(STAGES)
    for stage in names[names.index(walk.stage) :]:
        walk.stage = stage
        for number, (key, faults) in enumerate(STAGES[stage](nw, walk.after), 1):
            walk.after = key
            walk.counts[stage] = walk.counts.get(stage, 0) + 1
            walk.faults += [fault for fault in faults if not is_known_loss(nw, fault)]
            if number % SAVED_EVERY == 0:
                _save(state, nw.settings.data_url, walk)
                tell(walk)
        walk.after = ""
        tell(walk)
    with nw.ledger.begin() as connection:
        walk.story_count = audit.total(connection)
    state.unlink(missing_ok=True)
    log.info("store verified", faults=len(walk.faults), **walk.counts)
    return walk


def is_known_loss(nw: Newswatch, fault: Fault) -> bool:
    """Whether a repair has said what is lost with this file, and it is as it was then.

    Never of a day's tables: they can be made again, and a repair that was cut off before that has set them apart.
    """
    if fault.stage == "days":
        return False
    note = paths.loss_note(fault.path)
    if not nw.store.exists(note):
        return False
    known = json.loads(nw.store.read(note))
    return bool(known["sha256"] == sha256_of(nw, fault.path))


def sha256_of(nw: Newswatch, path: str) -> str | None:
    """Of the file as it is, in hex; None: it is not there."""
    try:
        return hashlib.sha256(nw.store.read(path)).hexdigest()
    except MissingFile:
        return None


def _load(state: Path, data_url: str) -> Walk:
    """The walk to go on with: a new one where none was cut off, or one of other data."""
    try:
        kept = json.loads(state.read_text(encoding="utf-8"))
        if kept.pop("data_url") != data_url or kept["stage"] not in STAGES:
            return Walk()
        walk = Walk(**kept | {"faults": [Fault(**fault) for fault in kept["faults"]]})
    except (OSError, ValueError, KeyError, TypeError):
        return Walk()
    if walk.stage == "store":  # a listing has no order to go on in
        walk.counts.pop("store", None)
        walk.faults = [fault for fault in walk.faults if fault.stage != "store"]
    return walk


def _save(state: Path, data_url: str, walk: Walk) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    written = state.with_suffix(".new")
    written.write_text(json.dumps(asdict(walk) | {"data_url": data_url}), encoding="utf-8")
    written.replace(state)


def _of_error(stage: str, path: str, error: MissingFile, subject: str = "") -> Fault:
    reason = str(error).partition(" is damaged: ")[2].partition(". `newswatch")[0] if _is_damage(error) else "not there"
    return Fault(stage, "damaged" if _is_damage(error) else "missing", path, reason, subject)


def _is_damage(error: MissingFile) -> bool:
    return isinstance(error, DamagedFile)


def _files(nw: Newswatch, after: str) -> Looked:
    """Every file of a batch: its bytes, its number of rows, the rows that the ledger counts on."""
    while True:
        with nw.ledger.begin() as connection:
            page = audit.files_after(connection, after, FILES_A_QUERY)
        for file in page:
            after = file.path
            yield file.path, _of_file(nw, file)
        if not page:
            return


def _of_file(nw: Newswatch, file: audit.NamedFile) -> list[Fault]:
    table = _BATCH_TABLES.get(file.path.split("/")[1]) if file.path.startswith("batches/") else None
    chosen = {STORY_TEXTS.name: ("story_id", "raw_path", "raw_offset", "raw_bytes"), ENTRIES.name: ENTRIES.key}
    decode = partial(table.values, columns=chosen.get(table.name, table.key[:1])) if table else None
    try:
        rows = list(nw.store.load(file.path, decode, file.sha256)) if decode else None
        if rows is None:
            nw.store.load(file.path, bytes, file.sha256)
            return []
    except MissingFile as error:
        return [_of_error("files", file.path, error)]
    faults = []
    if len(rows) != file.row_count:
        detail = f"{counted(len(rows), 'row')}, where the ledger counts {file.row_count}"
        faults.append(Fault("files", "uncounted", file.path, detail))
    if table is STORY_TEXTS:
        with nw.ledger.begin() as connection:
            wanted = audit.story_ids_in(connection, file.path)
            lengths = audit.byte_counts(connection, {row[1] for row in rows if row[1]})
        lacking = wanted - {row[0] for row in rows}
        faults += [Fault("files", "incomplete", file.path, f"it lacks story {id_}") for id_ in sorted(lacking)]
        faults += [
            Fault("files", "incomplete", file.path, f"story {id_} has no stored bytes: {raw} ends before {at + size}")
            for id_, raw, at, size in rows
            if raw and id_ in wanted and at + size > lengths.get(raw, 0)
        ]
    return faults


def _days(nw: Newswatch, after: str) -> Looked:
    """Every built day, while nobody builds it: its tables, and whether they have the ledger's number of stories."""
    with nw.ledger.begin() as connection:
        built = sorted(build.day for build in days.builds(connection))
    for day in built:
        if str(day) > after:
            with nw.ledger.begin() as connection:
                days.lock(connection, day)
                yield str(day), _of_day(nw, connection, day)


def _of_day(nw: Newswatch, connection: sa.Connection, day: date) -> list[Fault]:
    build = days.build_of(connection, day)
    files = build.files if build else {}
    faults = []
    for table in TABLES:
        path = paths.table(table.name, day)
        if build and build.is_staged and nw.store.exists(staged := paths.staged_table(table.name, day)):
            path = staged
        try:
            rows = nw.store.load(path, table.arrow, files.get(table.name)).num_rows
        except MissingFile as error:
            faults.append(_of_error("days", path, error, str(day)))
            continue
        if table is STORIES:
            expected = audit.story_count(connection, day)
            is_dirty = days.generation_of(connection, day) is not None  # asked last: a poll may commit meanwhile
            if expected != rows and not is_dirty:
                detail = f"{counted(rows, 'story')}, where the ledger counts {expected}"
                faults.append(Fault("days", "uncounted", path, detail, str(day)))
    return faults


def _digests(nw: Newswatch, after: str) -> Looked:
    """Every issue's files, and the copies of the newest one of each day and of all at their steady addresses."""
    with nw.ledger.begin() as connection:
        issued = sorted({digest.day for digest in digests.digests_of(connection)})
    for day in issued:
        if str(day) > after:
            with nw.ledger.begin() as connection:
                days.lock(connection, day)
                yield str(day), _of_digest(nw, connection, day)
    with nw.ledger.begin() as connection:
        digests.lock_delivery(connection)
        delivered = [digest for digest in digests.digests_of(connection) if digest.delivered_at]
        latest = {name: paths.latest(name) for name in formats.FORMATS}
        yield "latest", _of_copies(nw, delivered[0], latest) if delivered else []


def _of_digest(nw: Newswatch, connection: sa.Connection, day: date) -> list[Fault]:
    issues = digests.digests_of(connection, day)
    faults = []
    for issued in issues:
        for path, sha256 in sorted(issued.files.items()):
            try:
                nw.store.load(path, bytes, sha256)
            except MissingFile as error:
                faults.append(_of_error("digests", path, error, f"{day}/{issued.number}"))
    return faults + _of_copies(nw, issues[0], {name: paths.digest(day, name) for name in formats.FORMATS})


def _of_copies(nw: Newswatch, issued: digests.IssuedDigest, copies: dict[str, str]) -> list[Fault]:
    """`copies`: by the name of the issue's file."""
    faults = []
    for name, path in copies.items():
        own = paths.issue(issued.day, issued.number, name)
        try:
            nw.store.load(path, bytes, issued.files.get(own))
        except MissingFile as error:
            faults.append(_of_error("digests", path, error, f"{issued.day}/{issued.number}"))
    return faults


def _references(nw: Newswatch, after: str) -> Looked:
    """What the ledger itself must agree on: each text's file is a committed one, each story has its text."""
    with nw.ledger.begin() as connection:
        unnamed, bare = audit.unnamed(connection), audit.without_text(connection)
    faults = [Fault("ledger", "missing", path, f"no batch has it, but {who} count on it") for path, who in unnamed]
    faults += [Fault("ledger", "incomplete", f"story {id_}", "its newest text is no revision of it") for id_ in bare]
    if not after:
        yield "ledger", faults


def _orphans(nw: Newswatch, after: str) -> Looked:
    """Every stored file that the ledger does not name and that is no batch on its way."""
    walked = (path for folder in WALKED for path in nw.store.walk(folder))
    with nw.ledger.begin() as connection:
        issues = digests.digests_of(connection)
        named = {path for issue in issues for path in issue.files} | {paths.DIGEST_FEED}
        named |= {paths.digest(issue.day, name) for issue in issues for name in formats.FORMATS}
        named |= {paths.latest(name) for name in formats.FORMATS}
        named |= {paths.table(table.name, build.day) for build in days.builds(connection) for table in TABLES}
    while page := list(islice(walked, FILES_A_QUERY)):
        with nw.ledger.begin() as connection:
            known = named | audit.byte_counts(connection, page).keys()
        for path in page:
            is_orphan = path not in known and _is_old(nw.store.modified(path))
            detail = "the ledger does not name it"
            yield path, [Fault("store", "orphan", path, detail)] if is_orphan else []


def _is_old(moment: datetime | None) -> bool:
    return moment is not None and utc_now() - moment > ORPHAN_AGE


STAGES: dict[str, Callable[[Newswatch, str], Looked]] = {
    "files": _files,
    "days": _days,
    "digests": _digests,
    "ledger": _references,
    "store": _orphans,
}
