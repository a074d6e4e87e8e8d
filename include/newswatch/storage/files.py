"""A store of files: a folder or any fsspec URL. Files appear whole or not at all, and damage is seen on reading."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar

import fsspec

from newswatch.errors import DamagedFile, MissingFile, TransientError

WAY_OUT = (
    "`newswatch verify --repair` makes it again where that can be done, and says what is lost where it cannot; "
    "or bring it back from a copy of the data folder."
)
T = TypeVar("T")


class Store:
    """The files below `url`, a folder or an fsspec URL. Paths are relative to it, with `/`.

    `read` and `write` raise TransientError where the storage fails.
    """

    def __init__(self, url: str) -> None:
        self._fs, root = fsspec.url_to_fs(url)
        self._root = str(root).rstrip("/")
        self._is_local = "file" in _protocols(self._fs.protocol)

    def locate(self, path: str) -> str:
        """The path as the storage itself names it."""
        return f"{self._root}/{path}"

    def write(self, path: str, content: bytes) -> str:
        """Put the whole file in place, over one that is there, and return the SHA-256 of its content, in hex."""
        try:
            if self._is_local:
                _write_local(Path(self.locate(path)), content)
            else:
                self._fs.pipe_file(self.locate(path), content)
        except OSError as error:
            raise TransientError(f"cannot write {self.locate(path)}: {error}") from error
        return hashlib.sha256(content).hexdigest()

    def move(self, path: str, to: str) -> None:
        """Put the file in another place, over one that is there. Where it is gone, it was moved before."""
        try:
            if self._is_local:
                target = Path(self.locate(to))
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.locate(path), target)
                _sync_folder(target.parent)
            else:
                self._fs.mv(self.locate(path), self.locate(to))
        except FileNotFoundError:
            return
        except OSError as error:
            raise TransientError(f"cannot move {self.locate(path)} to {self.locate(to)}: {error}") from error

    def remove(self, path: str) -> None:
        """Take the file away; where there is none, nothing is done."""
        try:
            self._fs.rm_file(self.locate(path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise TransientError(f"cannot remove {self.locate(path)}: {error}") from error

    def read(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """The file's bytes from `start` (in bytes, 0 by default) to `end`, exclusive (the file's end by default).

        Raises MissingFile where there is no such file.
        """
        try:
            content: bytes = self._fs.cat_file(self.locate(path), start=start, end=end)
        except FileNotFoundError:
            raise MissingFile(f"{self.locate(path)} is missing. {WAY_OUT}") from None
        except OSError as error:
            raise TransientError(f"cannot read {self.locate(path)}: {error}") from error
        return content

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
        """Paths of all files below the folder, a directory at a time; temporary ones left out."""
        place = self.locate(folder)
        if not self._fs.exists(place):
            return
        for found, _, names in self._fs.walk(place):
            below = str(found).removeprefix(place).strip("/")
            for name in sorted(names):
                if not any(part.startswith("_") for part in (*below.split("/"), name)):
                    yield "/".join(filter(None, (folder, below, name)))

    def remove_folder(self, folder: str) -> None:
        """Take the folder away with all that is in it; where there is none, nothing is done."""
        try:
            self._fs.rm(self.locate(folder), recursive=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise TransientError(f"cannot remove {self.locate(folder)}: {error}") from error

    def leftovers(self) -> Iterator[str]:
        """Paths of all files that `walk` leaves out: what is being written, or what killed writers have left."""
        for found, _, names in self._fs.walk(self._root):
            below = str(found).removeprefix(self._root).strip("/")
            for name in sorted(names):
                if any(part.startswith("_") for part in (*below.split("/"), name)):
                    yield "/".join(filter(None, (below, name)))

    def size(self, path: str) -> int:
        """The file's length in bytes; 0 where it is gone."""
        try:
            return int(self._fs.size(self.locate(path)) or 0)
        except FileNotFoundError:
            return 0

    def abandoned(self, before: datetime) -> list[str]:
        """Temporary files of writers that were killed: a live one's is renamed within seconds."""
        found = (path for path in self.leftovers() if path.rpartition("/")[2].startswith("_") and path.endswith(".tmp"))
        return [path for path in found if (moment := self.modified(path)) and moment < before]

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None: the files lie elsewhere."""
        return Path(self._root) if self._is_local else None

    def modified(self, path: str) -> datetime | None:
        """When the file was written last, UTC; None: it is gone."""
        try:
            moment: datetime = self._fs.modified(self.locate(path))
        except FileNotFoundError:
            return None
        return moment.astimezone(UTC)

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return bool(self._fs.exists(self.locate(path)))

    def names(self, folder: str) -> list[str]:
        """Names directly in the folder, sorted; temporary ones (`_…`) left out; empty where it does not exist."""
        try:
            paths = self._fs.ls(self.locate(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        names = (PurePosixPath(path).name for path in paths)
        return sorted(name for name in names if not name.startswith("_"))


def _protocols(protocol: str | tuple[str, ...]) -> tuple[str, ...]:
    return (protocol,) if isinstance(protocol, str) else protocol


def _write_local(path: Path, content: bytes) -> None:
    """Temporary name, fsync, rename, fsync of the folder: a power cut leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"_{uuid.uuid4().hex}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # there only where something went wrong
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
