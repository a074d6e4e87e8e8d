"""A store of files: a folder or any fsspec URL, behind five methods. Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path, PurePosixPath

import fsspec

from newswatch.errors import MissingFile, TransientError


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
            raise MissingFile(
                f"{self.locate(path)} is missing. Bring it back from a copy of the data folder."
            ) from None
        except OSError as error:
            raise TransientError(f"cannot read {self.locate(path)}: {error}") from error
        return content

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
