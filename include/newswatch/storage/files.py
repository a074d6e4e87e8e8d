"""A store of files: a folder, a bucket, or what fsspec reaches. A file appears whole or not at all; damage is seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from newswatch.errors import DamagedFile, MissingFile, TransientError
from newswatch.storage import buckets
from newswatch.storage.backend import Backend, FileStat
from newswatch.storage.folders import open_folder

WAY_OUT = (
    "`newswatch verify --repair` makes it again where that can be done, and says what is lost where it cannot; "
    "or bring it back from a copy of the data folder."
)
T = TypeVar("T")


class Store:
    """The files below `url`. Paths are relative to it, with `/`; names that begin with `_` are what is being written.

    `read`, `write` and what moves, removes or lists raise TransientError where the storage fails, and ConfigError where
    no other try would help: a bucket that is not there, or that is not open to us.
    """

    def __init__(self, url: str) -> None:
        self._files = open_backend(url)

    def locate(self, path: str) -> str:
        """The path as the storage itself names it."""
        return f"{self._files.root}/{path}"

    def write(self, path: str, content: bytes) -> str:
        """Put the whole file in place, over one that is there, and return the SHA-256 of its content, in hex."""
        with self._failing("write", path):
            self._files.put(path, content)
        return hashlib.sha256(content).hexdigest()

    def move(self, path: str, to: str) -> None:
        """Put the file in another place, over one that is there. Where it is gone, it was moved before."""
        with self._failing("move", path):
            self._files.move({path: to})

    def move_all(self, places: Mapping[str, str]) -> None:
        """The same of several files, by path: far away in as few requests as it takes."""
        if self.folder:
            for path, to in places.items():
                self.move(path, to)
            return
        with self._failing("move", ", ".join(places)):
            self._files.move(places)

    def remove(self, path: str) -> None:
        """Take the file away; where there is none, nothing is done."""
        with suppress(FileNotFoundError), self._failing("remove", path):
            self._files.remove(path)

    def read(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """The file's bytes from `start` (in bytes, 0 by default) to `end`, exclusive (the file's end by default).

        Raises MissingFile where there is no such file.
        """
        try:
            with self._failing("read", path):
                return self._files.get(path, start, end)
        except FileNotFoundError:
            raise MissingFile(f"{self.locate(path)} is missing. {WAY_OUT}") from None

    def load(self, path: str, decode: Callable[[bytes], T], sha256: str | None = None) -> T:
        """What `decode` makes of the file. `sha256`: of its bytes as the ledger has it, in hex; None: it has none.

        Raises DamagedFile where the bytes have another hash, or `decode` a ValueError; MissingFile as `read`.
        """
        content = self.read(path)
        if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
            raise self.damaged(path, "its bytes are not those whose SHA-256 the ledger has")
        try:
            return decode(content)
        except ValueError as error:
            raise self.damaged(path, str(error)) from error

    def load_part(self, path: str, start: int, length: int, decode: Callable[[bytes], T]) -> T:
        """The same of `length` bytes from `start`, for which the ledger has no hash."""
        try:
            return decode(self.read(path, start, start + length))
        except ValueError as error:
            raise self.damaged(path, f"at byte {start}: {error}") from error

    def damaged(self, path: str, reason: str) -> DamagedFile:
        """The error that names the file, what is wrong with it, and the way out."""
        return DamagedFile(f"{self.locate(path)} is damaged: {reason}. {WAY_OUT}")

    def walk(self, folder: str) -> Iterator[str]:
        """Paths of all files below the folder, those of a folder one after another; temporary ones left out."""
        return (path for path in self._below(folder) if not _is_temporary(path.removeprefix(folder)))

    def leftovers(self) -> Iterator[str]:
        """Paths of all files that `walk` leaves out: what is being written, or what killed writers have left."""
        return filter(_is_temporary, self._below(""))

    def _below(self, folder: str) -> Iterator[str]:
        with self._failing("list", folder):
            yield from self._files.walk(folder)

    def remove_folder(self, folder: str) -> None:
        """Take the folder away with all that is in it; where there is none, nothing is done."""
        with suppress(FileNotFoundError), self._failing("remove", folder):
            self._files.remove_folder(folder)

    def size(self, path: str) -> int:
        """The file's length in bytes; 0 where it is gone."""
        found = self._stat(path)
        return found.byte_count if found else 0

    def modified(self, path: str) -> datetime | None:
        """When the file was written last, UTC; None: it is gone."""
        found = self._stat(path)
        return found.modified if found else None

    def _stat(self, path: str) -> FileStat | None:
        with suppress(FileNotFoundError), self._failing("look at", path):
            return self._files.stat(path)
        return None

    def abandoned(self, before: datetime) -> list[str]:
        """Temporary files of writers that were killed: a live one's is renamed in seconds. Only folders have such."""
        if not self.folder:
            return []
        found = (path for path in self.leftovers() if path.rpartition("/")[2].startswith("_") and path.endswith(".tmp"))
        return [path for path in found if (moment := self.modified(path)) and moment < before]

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None: the files lie elsewhere."""
        return self._files.folder

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        with self._failing("look at", path):
            return self._files.exists(path)

    def names(self, folder: str) -> list[str]:
        """Names directly in the folder, sorted; temporary ones (`_…`) left out; empty where it does not exist."""
        with self._failing("list", folder):
            return sorted(name for name in self._files.names(folder) if not name.startswith("_"))

    @contextmanager
    def _failing(self, doing: str, path: str) -> Iterator[None]:
        """Lets a failure of the storage be a TransientError that names the file; FileNotFoundError stays itself."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise TransientError(f"cannot {doing} {self.locate(path)}: {error}") from error


def open_backend(url: str) -> Backend:
    """What keeps the files of the URL. Raises ConfigError, ValueError, ImportError where there is no such storage."""
    return buckets.Bucket(url) if buckets.is_bucket(url) else open_folder(url)


def _is_temporary(path: str) -> bool:
    return any(part.startswith("_") for part in path.split("/"))
