"""What a store needs of the storage under it. Paths are relative to its root, with `/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file's length in bytes, and when it was written last, UTC."""

    byte_count: int
    modified: datetime


class Backend(Protocol):
    """Files of one storage.

    All of it raises OSError where the storage fails and another try may help, and ConfigError where none would: no such
    bucket, no right to it. What needs a file that is not there raises FileNotFoundError.
    """

    @property
    def root(self) -> str:
        """Where the files lie, as their storage names it, without secrets."""

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None: the files lie elsewhere."""

    def put(self, path: str, content: bytes) -> None:
        """Put the whole file in place, over one that is there; cut off, it leaves what was there."""

    def get(self, path: str, start: int | None, end: int | None) -> bytes:
        """The file's bytes from `start` (None: the first) to `end`, exclusive (None: the last)."""

    def move(self, places: Mapping[str, str]) -> None:
        """Put files in other places, by path, over those that are there; cut off, some may be in both.

        One that is not there is left out: it was moved before.
        """

    def remove(self, path: str) -> None:
        """Take the file away."""

    def stat(self, path: str) -> FileStat:
        """The file's size and age."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""

    def walk(self, folder: str) -> Iterator[str]:
        """Paths of all files below the folder ("": all there are), those of a folder one after another."""

    def names(self, folder: str) -> list[str]:
        """Names of what is directly in the folder, folders too; empty where it does not exist."""

    def remove_folder(self, folder: str) -> None:
        """Take away all files below the folder."""
