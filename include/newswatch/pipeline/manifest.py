"""The manifest of a backup: what it holds. A backup is there when its manifest is, which is written last, whole.

In the folder of backups `backups/<moment>.json` is a manifest and `objects/` holds every content once, under its
SHA-256, whichever backups name it: a further backup adds what is new, and changes nothing of an earlier one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from newswatch.errors import BackupFailed, ConfigError
from newswatch.ledger.dump import DumpedTable
from newswatch.storage.files import Store
from newswatch.storage.objects import Objects

FORMAT = 1
FOLDER = "backups"


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of the data folder and the object that is its content. `byte_count`: its length."""

    path: str
    sha256: str
    byte_count: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup.

    `name`: its moment, UTC, that of the ledger's snapshot; `revision`: of the ledger's schema; `timezone`: of its days;
    `tables`: the ledger's, by name; `index`: the object that lists its files; `unbuilt`: days whose tables were being
    built anew; `problems`: by path what was wrong with a file when it was copied.
    """

    name: str
    code_version: str
    revision: str
    timezone: str
    generation: int
    tables: Mapping[str, DumpedTable]
    index: str
    file_count: int
    byte_count: int
    unbuilt: tuple[str, ...]
    problems: Mapping[str, str]


def open_backups(url: str) -> Store:
    """The folder of backups, or fsspec URL. Raises ConfigError where there is no such kind of storage."""
    try:
        return Store(url)
    except (ValueError, ImportError) as error:
        raise ConfigError([f"{url}: {error}"]) from error


def write(store: Store, manifest: Manifest) -> None:
    """Let the backup be there."""
    content = json.dumps({"format": FORMAT} | asdict(manifest), ensure_ascii=False, indent=1)
    store.write(_path(manifest.name), content.encode())


def names(store: Store) -> list[str]:
    """The backups, oldest first."""
    return [name.removesuffix(".json") for name in store.names(FOLDER)]


def read(store: Store, name: str | None) -> Manifest:
    """The backup of that name; None: the newest. Raises BackupFailed where it is not there or cannot be read."""
    known = names(store)
    if not known:
        raise BackupFailed(f"There is no backup in {store.locate('')}. Give the folder that `newswatch backup` filled.")
    if name is not None and name not in known:
        raise BackupFailed(f"There is no backup {name!r} in {store.locate('')}. There are: {', '.join(known)}.")
    path = _path(name or known[-1])
    try:
        values: dict[str, Any] = json.loads(store.read(path))
        if values.pop("format") != FORMAT:
            raise BackupFailed(f"{store.locate(path)} is of a newer Newswatch than this one. Restore it with that.")
        tables = {n: DumpedTable(t["row_count"], tuple(t["parts"])) for n, t in values.pop("tables").items()}
        return Manifest(**values | {"tables": tables, "unbuilt": tuple(values["unbuilt"])})
    except (ValueError, KeyError, TypeError) as error:
        raise BackupFailed(
            f"{store.locate(path)} is damaged ({error}). Name an earlier backup with --name: {', '.join(known)}."
        ) from error


def write_index(objects: Objects, files: Iterable[SavedFile]) -> str:
    """Keep the list of a backup's files; returns its hash."""
    lines = "".join(json.dumps(asdict(file)) + "\n" for file in sorted(files, key=lambda file: file.path))
    return objects.put(gzip.compress(lines.encode(), mtime=0))


def read_index(objects: Objects, manifest: Manifest) -> list[SavedFile]:
    """The backup's files, in order of their paths. Raises BackupFailed where the list is lost or damaged."""
    files = [SavedFile(**json.loads(line)) for line in gzip.decompress(objects.get(manifest.index)).splitlines()]
    for file in files:
        if not {"", ".", ".."}.isdisjoint(file.path.split("/")):
            raise BackupFailed(f"The backup {manifest.name} names a file outside of the data folder: {file.path}")
    return files


def _path(name: str) -> str:
    return f"{FOLDER}/{name}.json"
