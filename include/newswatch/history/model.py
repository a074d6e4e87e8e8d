"""What a document of a site's past lists, and which of it was published in the days that are asked for. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from newswatch.local_days import ONE_DAY, start_of

Form = Literal["sitemap", "wordpress", "feed"]  # of a document
MAX_BYTES = 50 << 20  # of one, unpacked, and MAX_ENTRIES: the protocol's limits for a sitemap
MAX_ENTRIES = 50_000

# A period in the address of a sitemap, not part of a longer number: 2026, 2026-09, 202609, 2026/9/14, 20260914. After a
# month of two digits a single one is no day but a part's number: 2026-09-1.
_PERIOD = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:(?P<part>[-_./]?)(1[0-2]|0[1-9]|(?<=[-_./])[1-9])"
    r"(?:(?P=part)(3[01]|[12]\d|0[1-9]|(?<=[-_./][1-9][-_./])[1-9]))?)?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class PastEntry:
    """A story's page as a source lists it. Times are UTC; what the source does not say is empty or None.

    `changed_at`: its last change, before which it was published. `is_day_by_address`: the day is read off the address.
    """

    url: str
    title: str = ""
    summary: str = ""
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_day: date | None = None  # where a day is stated without a time
    changed_at: datetime | None = None
    is_day_by_address: bool = False


@dataclass(frozen=True, slots=True)
class PastDocument:
    """One document of a source: what it lists, and where the source goes on.

    `children`: further documents with the time of their last change, where that is stated. `next_url`: the page that
    follows. `is_cut`: its end is missing. `left_out_count`: entries past the limit.
    """

    entries: tuple[PastEntry, ...] = ()
    children: tuple[tuple[str, datetime | None], ...] = ()
    next_url: str | None = None
    is_cut: bool = False
    left_out_count: int = 0
    is_wordpress: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Days that are asked for, ends included, of the configured time zone."""

    first: date
    last: date
    tz: ZoneInfo

    @property
    def begins(self) -> datetime:
        return start_of(self.first, self.tz)

    @property
    def ends(self) -> datetime:
        return start_of(self.last + ONE_DAY, self.tz)

    def holds(self, entry: PastEntry) -> bool | None:
        """Whether the entry was published in these days; None: only its page can tell.

        A day without a time is one of the publisher's zone: a day more counts on each side.
        """
        if entry.published_day:
            return self.holds_day(entry.published_day)
        if entry.published_at:
            return self.begins <= entry.published_at < self.ends
        return False if self._is_before(entry.changed_at) else None

    def may_hold(self, url: str, changed_at: datetime | None) -> bool:
        """Whether a document of a source may list what was published in these days: by its address, else its date."""
        if period := period_in(url):
            return period[0] <= self.last + ONE_DAY and period[1] >= self.first - ONE_DAY
        return not self._is_before(changed_at)

    def holds_day(self, day: date) -> bool:
        return self.first - ONE_DAY <= day <= self.last + ONE_DAY

    def _is_before(self, changed_at: datetime | None) -> bool:
        return changed_at is not None and changed_at < self.begins - timedelta(days=1)


def period_in(url: str) -> tuple[date, date] | None:
    """First and last day of the one period that the address states (a year, month or day); None: none, or several."""
    found = {match.group(1, 3, 4) for match in _PERIOD.finditer(_place(url))}
    if len(found) != 1:
        return None
    year, month, day = (int(part) if part else None for part in found.pop())
    assert year is not None
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:
        return None
    if day:
        return first, first
    return first, date(year, month or 12, monthrange(year, month or 12)[1])


def whole_period_in(url: str) -> tuple[date, date] | None:
    """As `period_in`, but None where another number stands in the address: it may be that of a part of the period."""
    return None if re.search(r"\d", _PERIOD.sub("", _place(url))) else period_in(url)


def _place(url: str) -> str:
    """The address without scheme and host."""
    return url.partition("//")[2].partition("/")[2]
