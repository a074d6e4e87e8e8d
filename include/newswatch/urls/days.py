"""The day that an address states in its path, as many news sites have it: /2026/11/05/, /20261105-… Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/_-]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)", re.ASCII)


def day_in_path(url: str) -> str | None:
    """The first day in the address's path, as YYYY-MM-DD; None: none. It may not be in the calendar."""
    match = _DAY.search(urlsplit(url).path)
    return f"{match[1]}-{match[3]}-{match[4]}" if match else None
