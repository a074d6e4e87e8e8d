"""Backup: a copy of an installation as it was at one moment, made while polls and builds go on.

The ledger first, in one snapshot: files are written before it names them and are not changed after that, so that all
it names is there; what is written later belongs to the next backup. Were the files copied first, the ledger would name
some that were not there yet. Tables of days, which are replaced, come next: a day that was built again meanwhile is
left to be built where the backup is brought back. Maintenance takes nothing away while a backup runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock

import sqlalchemy as sa

from newswatch.errors import BackupFailed, ConfigError, MissingFile
from newswatch.ledger import Ledger, audit, days, digests, dump, zone
from newswatch.ledger.days import Build
from newswatch.pipeline import manifest as backups
from newswatch.pipeline.copying import DEAD_AFTER, Tell, side_by_side
from newswatch.pipeline.installation import log, open_ledger, open_store, utc_now
from newswatch.pipeline.manifest import Manifest, SavedFile
from newswatch.settings import Settings
from newswatch.storage import paths
from newswatch.storage.files import Store
from newswatch.storage.objects import Objects
from newswatch.version import code_version

FILES_A_QUERY = 5000


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made. `new_byte_count`: of the objects that no earlier one had."""

    manifest: Manifest
    new_object_count: int
    new_byte_count: int


def backup(settings: Settings, destination: str, tell: Tell, clock: Callable[[], datetime] = utc_now) -> BackupReport:
    """Copy the ledger and every file that it names to a folder of backups, beside earlier ones, which stay.

    Files that are lost or damaged are in the manifest's `problems`; all else is copied. Killed, it leaves objects that
    the next one makes use of. Raises BackupFailed where nothing is stored yet, ConfigError where the destination is
    none, TransientError where a storage or the database fails: there is no backup then.
    """
    _check_apart(settings, destination)
    store, target = open_store(settings), backups.open_backups(destination)
    _make_private(destination)
    copy = _Copy(store, Objects(target))
    with closing(open_ledger(settings)) as ledger, ledger.begin() as guard:
        dump.keep_files(guard)
        taken = _Taken.read(ledger, copy.put, f"{clock():%Y%m%dT%H%M%S.%fZ}", tell)
        unbuilt = copy.tables(taken.builds, tell)
        copy.files(taken.files, tell)
        copy.loss_notes()
        dump.keep_files(guard)  # the connection that held the lock is still there
    made = Manifest(
        name=taken.name,
        code_version=code_version(),
        revision=taken.revision,
        timezone=taken.timezone,
        generation=taken.generation,
        tables=taken.tables,
        index=backups.write_index(copy.objects, copy.saved),
        file_count=len(copy.saved),
        byte_count=sum(file.byte_count for file in copy.saved),
        unbuilt=tuple(map(str, unbuilt)),
        problems=dict(sorted(copy.problems.items())),
    )
    backups.write(target, made)
    for path in target.abandoned(clock() - DEAD_AFTER):  # of backups that were killed
        target.remove(path)
    log.info("backup made", name=made.name, files=made.file_count, new=copy.new_count, problems=len(made.problems))
    return BackupReport(made, copy.new_count, copy.new_bytes)


def _check_apart(settings: Settings, destination: str) -> None:
    """Raises ConfigError where backups would lie in the data, or the data in the backups."""
    if "://" in destination or "://" in settings.data_url:
        at, data = (f"{place.rstrip('/')}/" for place in (destination, settings.data_url))
        is_within = at.startswith(data) or data.startswith(at)
    else:
        folders = Path(destination).resolve(), Path(settings.data_url).resolve()
        is_within = folders[0].is_relative_to(folders[1]) or folders[1].is_relative_to(folders[0])
    if is_within:
        raise ConfigError([f"{destination}: backups and the data folder, {settings.data_url}, must lie apart."])


def _make_private(destination: str) -> None:
    """A folder that is not there yet is for its owner alone: it will hold what NEWSWATCH_HOME holds."""
    if "://" not in destination:
        try:
            Path(destination).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([f"{destination}: cannot be written: {error}"]) from error


@dataclass(frozen=True, slots=True)
class _Named:
    """A file that is never changed, as the ledger names it. `byte_count` None: the ledger does not have it."""

    path: str
    sha256: str
    byte_count: int | None


@dataclass(frozen=True)
class _Taken:
    """The ledger of one moment: its tables as they are kept, the days that are built, the files that it names."""

    name: str
    revision: str
    timezone: str
    generation: int
    tables: Mapping[str, dump.DumpedTable]
    builds: list[Build]
    files: list[_Named]

    @classmethod
    def read(cls, ledger: Ledger, keep: Callable[[bytes], str], name: str, tell: Tell) -> _Taken:
        with dump.snapshot(ledger) as connection:
            files = list(_named(connection))
            timezone = zone.zone_of(connection)
            if timezone is None or not files:
                raise BackupFailed("Nothing is stored yet: there is nothing to copy. Is NEWSWATCH_HOME the right one?")
            tables = {}
            for table, dumped in dump.dump(connection, keep):
                tables[table] = dumped
                tell("tables of the ledger copied", len(tables), None)
            return cls(
                name=name,
                revision=dump.revision_of(connection),
                timezone=timezone,
                generation=dump.generation_of(connection),
                tables=tables,
                builds=days.builds(connection),
                files=files,
            )


def _named(connection: sa.Connection) -> Iterator[_Named]:
    """The files of batches, and of issued digests."""
    after = ""
    while page := audit.files_after(connection, after, FILES_A_QUERY):
        yield from (_Named(file.path, file.sha256, file.byte_count) for file in page)
        after = page[-1].path
    for issued in digests.digests_of(connection):
        yield from (_Named(path, digest, None) for path, digest in sorted(issued.files.items()))


class _Copy:
    """Files on their way into the objects. `saved`: those that are there; `problems`: by path what is wrong."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self.objects = objects
        self.saved: list[SavedFile] = []
        self.problems: dict[str, str] = {}
        self.new_count = self.new_bytes = 0
        self._counting = Lock()

    def put(self, content: bytes) -> str:
        """Keep the bytes, and count them if they are new; returns their hash."""
        digest = sha256(content).hexdigest()
        if not self.objects.has(digest):
            self.objects.put(content)
            with self._counting:
                self.new_count += 1
                self.new_bytes += len(content)
        return digest

    def tables(self, builds: list[Build], tell: Tell) -> list[date]:
        """Copy each built day's tables; returns the days of which another set is there by now, or a damaged one."""
        unbuilt = []
        for number, build in enumerate(builds, 1):
            if not self._day(build):
                unbuilt.append(build.day)
            tell("days' tables copied", number, len(builds))
        return unbuilt

    def _day(self, build: Build) -> bool:
        found = []
        for name, wanted in build.files.items():
            place = paths.table(name, build.day)
            held = self._held(place, wanted) or self._read_table(build, name, wanted)
            if held is None:
                return False
            found.append(held)
        self.saved += found
        return True

    def _read_table(self, build: Build, name: str, wanted: str) -> SavedFile | None:
        """In its place, or where it awaits that; asked twice, as it may be moved from the one to the other."""
        staged, place = paths.staged_table(name, build.day), paths.table(name, build.day)
        for path in (place, staged, place):
            try:
                content = self._store.read(path)
            except MissingFile:
                continue
            if sha256(content).hexdigest() == wanted:
                return SavedFile(place, self.put(content), len(content))
        return None

    def files(self, named: Sequence[_Named], tell: Tell) -> None:
        """Copy files that are never changed."""
        self.saved += [saved for saved in side_by_side(self._file, named, "files copied", tell) if saved]

    def _file(self, named: _Named) -> SavedFile | None:
        """A damaged one is copied as it is, unless an earlier backup has the right bytes."""
        if held := self._held(named.path, named.sha256, named.byte_count):
            return held
        try:
            content = self._store.read(named.path)
        except MissingFile:
            self.problems[named.path] = "missing"
            return None
        found = self.put(content)
        if found != named.sha256:
            self.problems[named.path] = "damaged: its bytes are not those whose SHA-256 the ledger has"
        return SavedFile(named.path, found, len(content))

    def loss_notes(self) -> None:
        """What repairs have said of files that are lost: where the backup is brought back that is known too."""
        for path in self._store.walk("quarantine"):
            if path.endswith(paths.LOSS_NOTE):
                content = self._store.read(path)
                self.saved.append(SavedFile(path, self.put(content), len(content)))

    def _held(self, path: str, wanted: str, byte_count: int | None = None) -> SavedFile | None:
        """The file, where an earlier backup has these bytes already: then it is not read."""
        if not self.objects.has(wanted):
            return None
        return SavedFile(path, wanted, self.objects.size(wanted) if byte_count is None else byte_count)
