"""Files in a folder of this machine, or wherever else fsspec reaches."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from newswatch.storage.backend import Backend, FileStat


def open_folder(url: str) -> Backend:
    """The folder, or what lies at the fsspec URL. Raises ValueError, ImportError where fsspec knows no such storage."""
    files, root = fsspec.url_to_fs(url, use_listings_cache=False)  # another process may have written meanwhile
    root = str(root).rstrip("/")
    return LocalFolder(files, root) if isinstance(files, LocalFileSystem) else FsspecFolder(files, root)


class FsspecFolder:
    """What lies below `root` in a file system of fsspec."""

    def __init__(self, files: AbstractFileSystem, root: str) -> None:
        self._files = files
        self.root = root

    @property
    def folder(self) -> Path | None:
        return None

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}"

    def put(self, path: str, content: bytes) -> None:
        self._files.pipe_file(self._at(path), content)

    def get(self, path: str, start: int | None, end: int | None) -> bytes:
        content: bytes = self._files.cat_file(self._at(path), start=start, end=end)
        return content

    def move(self, places: Mapping[str, str]) -> None:
        for path, to in places.items():
            with suppress(FileNotFoundError):
                self._move(path, to)

    def _move(self, path: str, to: str) -> None:
        self._files.mv(self._at(path), self._at(to))

    def remove(self, path: str) -> None:
        self._files.rm_file(self._at(path))

    def stat(self, path: str) -> FileStat:
        place = self._at(path)
        modified: datetime = self._files.modified(place)
        return FileStat(int(self._files.size(place) or 0), modified.astimezone(UTC))

    def exists(self, path: str) -> bool:
        return bool(self._files.exists(self._at(path)))

    def walk(self, folder: str) -> Iterator[str]:
        place = self._at(folder) if folder else self.root
        if not self._files.exists(place):
            return
        for found, _, names in self._files.walk(place):
            below = str(found).removeprefix(place).strip("/")
            for name in sorted(names):
                yield "/".join(filter(None, (folder, below, name)))

    def names(self, folder: str) -> list[str]:
        try:
            found = self._files.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        return [PurePosixPath(path).name for path in found]

    def remove_folder(self, folder: str) -> None:
        self._files.rm(self._at(folder), recursive=True)


class LocalFolder(FsspecFolder):
    """A folder of this machine: what is written lasts through a power cut."""

    @property
    def folder(self) -> Path:
        return Path(self.root)

    def put(self, path: str, content: bytes) -> None:
        """Temporary name, fsync, rename, fsync of the folder: a power cut leaves the old file or the new one."""
        place = Path(self._at(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.parent / f"_{uuid.uuid4().hex}.tmp"
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)  # there only where something went wrong
        _sync_folder(place.parent)

    def _move(self, path: str, to: str) -> None:
        target = Path(self._at(to))
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._at(path), target)
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
