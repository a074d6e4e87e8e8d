"""Which addresses a store can have: asked before anything is opened or started."""

from __future__ import annotations

import re
from difflib import get_close_matches

import fsspec
from fsspec import AbstractFileSystem
from fsspec.asyn import AsyncFileSystem
from fsspec.registry import known_implementations

from newswatch.errors import ConfigError
from newswatch.storage import buckets

_REMOVALS = ("rm", "rm_file", "_rm", "_rm_file")  # of which an implementation of fsspec defines one
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)(?:://|::)", re.I)


def check(url: str) -> None:
    """Raises ConfigError where no store that lasts can be at `url`, a folder or fsspec URL. Nothing is connected to.

    The URL itself is not repeated: it may hold a password.
    """
    if buckets.is_bucket(url):
        buckets.Bucket(url)
        return
    for scheme in _SCHEME.findall(url):
        if reason := _refusal(scheme.lower()):
            raise ConfigError([f"environment: NEWSWATCH_DATA_URL: {scheme}:// {reason}"])


def _refusal(scheme: str) -> str | None:
    if scheme == "memory":
        return "ends with its process. Name a folder, or another URL."
    try:
        files = fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        return f"is not installed here: {error} (with pip)."
    except ValueError:
        near = get_close_matches(scheme, known_implementations, n=3) or sorted(known_implementations)
        return f"is no storage that fsspec knows. It knows {', '.join(near)}."
    if not _takes_away(files):
        return "can only be read, or is a copy before another storage. Name the storage itself."
    return None


def _takes_away(files: type[AbstractFileSystem]) -> bool:
    """Whether the class has its own way to remove a file: those that only read leave the base's."""
    base = AsyncFileSystem if issubclass(files, AsyncFileSystem) else AbstractFileSystem
    return any(getattr(files, name, None) is not getattr(base, name, None) for name in _REMOVALS)
