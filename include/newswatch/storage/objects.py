"""Objects: contents under the SHA-256 of their bytes. None is ever changed, and the same bytes are kept once."""

from __future__ import annotations

import hashlib
from functools import cached_property

from newswatch.errors import BackupFailed, MissingFile
from newswatch.storage.files import Store

FOLDER = "objects"


class Objects:
    """The objects in a store. Safe for several writers at once: whoever writes an object writes the same bytes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def has(self, sha256: str) -> bool:
        """Whether it is kept. Asked first, it lists all there are."""
        return sha256 in self._known

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their SHA-256 in hex."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(sha256):
            self._store.write(_path(sha256), content)
            self._known.add(sha256)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Its bytes. Raises BackupFailed where they are lost or are others by now."""
        try:
            content = self._store.read(_path(sha256))
        except MissingFile:
            raise BackupFailed(f"{self._store.locate(_path(sha256))} is missing from the backup") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BackupFailed(f"{self._store.locate(_path(sha256))} is damaged: its bytes have another SHA-256")
        return content

    def size(self, sha256: str) -> int:
        """Its length in bytes."""
        return self._store.size(_path(sha256))

    @cached_property
    def _known(self) -> set[str]:
        return {path.rpartition("/")[2] for path in self._store.walk(FOLDER)}


def _path(sha256: str) -> str:
    return f"{FOLDER}/{sha256[:2]}/{sha256}"
