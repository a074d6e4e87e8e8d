"""Which code made a file: a hash of the core's own source, so that a change shows even between releases."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from newswatch import __version__


@cache
def code_version() -> str:
    """The release and eight hex digits over every source file, template and table of phrases."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".py", ".j2", ".toml")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{__version__}+{digest.hexdigest()[:8]}"
