"""Values of HTTP response headers: Location, Retry-After, Cache-Control, and how their bytes are read. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})", re.I)


def latin(value: str) -> str:
    """A header's bytes as Latin-1 (RFC 9110, section 5.5): aiohttp hides those that are not UTF-8 in surrogates."""
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def location(value: str) -> str:
    """A Location header, as `latin` gives it, with its non-ASCII bytes percent-encoded, as browsers send them."""
    return "".join(c if c < "\x80" else f"%{ord(c):02X}" for c in value)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header in either form (RFC 9110, section 10.2.3); None where it says nothing usable.

    `now`: with a time zone. A moment that is past gives 0.
    """
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        wait = (parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait)


def max_age_seconds(cache_control: str | None) -> float:
    """Seconds that the answer stays fresh by its Cache-Control (RFC 9111, section 5.2.2.1); 0 where it does not say."""
    stated = _MAX_AGE.search(cache_control or "")
    return float(stated[1]) if stated else 0.0
