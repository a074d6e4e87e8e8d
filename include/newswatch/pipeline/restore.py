"""Restore: an installation from a backup, where nothing is yet.

The files first, then the ledger in one transaction, then what is made of both: trends, and the digests at their steady
addresses. Cut off, it is begun again and goes on: until it is done, `_restoring.json` in the data folder says of what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import sqlalchemy as sa

from newswatch.digest import formats
from newswatch.errors import BackupFailed, ConfigError, MissingFile
from newswatch.ledger import Ledger, digests, dump, known_revisions
from newswatch.pipeline import manifest as backups
from newswatch.pipeline.copying import Tell, side_by_side
from newswatch.pipeline.deliver import read_issued, show_newest
from newswatch.pipeline.installation import Newswatch, ledger_url, log, make_home, open_in_force, open_store
from newswatch.pipeline.manifest import Manifest, SavedFile
from newswatch.pipeline.trends import update_all_trends
from newswatch.settings import Settings
from newswatch.storage import paths
from newswatch.storage.files import Store
from newswatch.storage.objects import Objects

_SHOWN = 5  # damaged files that an error names


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was brought back. `damaged`: files that the backup itself has lost, left out on demand. `remark`: what is
    still to be done; empty: nothing. `unbuilt`: days whose tables are to be built."""

    manifest: Manifest
    damaged: tuple[str, ...]
    unbuilt: tuple[date, ...]
    remark: str


def backups_in(source: str) -> list[str]:
    """The names of the backups in a folder or URL, oldest first."""
    return backups.names(backups.open_backups(source))


def restore(
    settings: Settings, source: str, tell: Tell, *, name: str | None = None, leaves_damaged: bool = False
) -> RestoreReport:
    """Bring back the backup of that name, else the newest, into the configured data folder and ledger.

    Every content is compared with its hash before anything counts. `leaves_damaged`: go on without files whose copies
    are lost or damaged. Raises BackupFailed where something is stored already, or the backup cannot be read whole.
    """
    origin = backups.open_backups(source)
    manifest, objects = backups.read(origin, name), Objects(origin)
    if manifest.revision not in known_revisions():
        raise BackupFailed(f"The backup {manifest.name} is of a newer Newswatch than this one. Restore it with that.")
    files = backups.read_index(objects, manifest)
    make_home(settings)
    store = open_store(settings)
    with closing(Ledger(ledger_url(settings))) as ledger:
        has_ledger = _begin(store, ledger, manifest)
        damaged = _bring_files(store, objects, files, tell)
        if damaged and not leaves_damaged:
            raise BackupFailed(_refusal(manifest, damaged))
        unbuilt = _unbuilt(manifest, damaged)
        if not has_ledger:
            _bring_ledger(ledger, objects, manifest, unbuilt)
    remark = _make_the_rest(settings)
    store.remove(paths.RESTORING)
    log.info("backup restored", name=manifest.name, files=len(files), damaged=len(damaged))
    return RestoreReport(manifest, tuple(damaged), tuple(sorted(unbuilt)), remark)


def _begin(store: Store, ledger: Ledger, manifest: Manifest) -> bool:
    """Take possession of an empty installation, or go on with one; whether the ledger is there already."""
    with ledger.begin() as connection:
        has_ledger = dump.is_there(connection)
    mark = json.dumps({"backup": manifest.name, "index": manifest.index}).encode()
    if store.exists(paths.RESTORING):
        if store.read(paths.RESTORING) == mark:
            return has_ledger
        raise BackupFailed(
            f"{store.locate('')} holds part of another backup: {store.read(paths.RESTORING).decode()}. Go on with that "
            "one (--name), or empty the folder and the database first."
        )
    way_out = "A backup is brought back into an empty installation alone: name another NEWSWATCH_HOME"
    if any(True for _ in store.walk("")):
        raise BackupFailed(f"{store.locate('')} is not empty. {way_out} (or NEWSWATCH_DATA_URL).")
    if has_ledger:
        raise BackupFailed(f"The database holds a ledger already. {way_out} (or NEWSWATCH_DATABASE_URL).")
    store.write(paths.RESTORING, mark)
    return False


def _bring_files(store: Store, objects: Objects, files: list[SavedFile], tell: Tell) -> dict[str, str]:
    """Copy the files that are not there yet; returns by path what is wrong with those that cannot be copied."""

    def bring(file: SavedFile) -> tuple[str, str]:
        if _is_as_saved(store, file):
            return file.path, ""
        try:
            store.write(file.path, objects.get(file.sha256))
        except BackupFailed as error:
            return file.path, str(error)
        return file.path, ""

    return {path: problem for path, problem in side_by_side(bring, files, "files brought back", tell) if problem}


def _is_as_saved(store: Store, file: SavedFile) -> bool:
    try:
        return sha256(store.read(file.path)).hexdigest() == file.sha256
    except MissingFile:
        return False


def _refusal(manifest: Manifest, damaged: Mapping[str, str]) -> str:
    shown = "\n".join(f"  {path}: {problem}" for path, problem in list(damaged.items())[:_SHOWN])
    more = f"\n  … and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
    return (
        f"The backup {manifest.name} has lost {len(damaged)} of its {manifest.file_count} files:\n{shown}{more}\n"
        "Bring those back into the folder of backups and ask again, name another backup with --name, or go on without "
        "them: --leave-damaged."
    )


def _unbuilt(manifest: Manifest, damaged: Mapping[str, str]) -> set[date]:
    """Days whose tables did not come whole."""
    lost = {path.rpartition("/")[2].removesuffix(".parquet") for path in damaged if path.startswith("tables/")}
    return {date.fromisoformat(day) for day in lost | set(manifest.unbuilt)}


def _bring_ledger(ledger: Ledger, objects: Objects, manifest: Manifest, unbuilt: set[date]) -> None:
    for part in (part for table in manifest.tables.values() for part in table.parts):
        objects.get(part)  # all of them looked at before the first row is written
    parts = {name: (objects.get(part) for part in table.parts) for name, table in manifest.tables.items()}
    with ledger.begin() as connection:
        row_counts = dump.load(connection, manifest.revision, parts, manifest.generation)
        wanted = {name: table.row_count for name, table in manifest.tables.items()}
        if row_counts != wanted:
            wrong = sorted(name for name in wanted if row_counts.get(name) != wanted[name])
            raise BackupFailed(
                f"The backup {manifest.name} lacks rows of {', '.join(wrong)}. Name another with --name."
            )
        dump.begin_anew(connection, unbuilt)


def _make_the_rest(settings: Settings) -> str:
    """Trends, and digests where readers look: made of what was brought back, so that they agree with it.

    Returns why that could not be done; empty: it is.
    """
    try:
        nw = open_in_force(settings)
    except ConfigError as error:  # an older version has accepted what this one cannot read
        return f"{error} After that `newswatch verify --repair` makes trends and the digests' copies."
    with closing(nw), nw.ledger.begin() as connection:
        update_all_trends(nw, connection)
        digests.lock_delivery(connection)
        issues = digests.digests_of(connection)  # the newest first
        for newest in {issued.day: issued for issued in reversed(issues)}.values():
            _show(nw, newest)
        if any(issued.delivered_at for issued in issues):
            _show_newest(nw, connection)
    return ""


def _show_newest(nw: Newswatch, connection: sa.Connection) -> None:
    try:
        show_newest(nw, connection)
    except MissingFile as error:
        log.warning("newest digest not shown", reason=str(error))


def _show(nw: Newswatch, issued: digests.IssuedDigest) -> None:
    """Put the issue at its day's steady address; a file that was lost before the backup stays lost."""
    for name in formats.FORMATS:
        try:
            nw.store.write(paths.digest(issued.day, name), read_issued(nw.store, issued, name))
        except MissingFile as error:
            log.warning("digest not shown", reason=str(error))
