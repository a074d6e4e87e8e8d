"""Of a document that lists too many entries, the newest: told by their dates, before anything of it is parsed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from newswatch.text import date_parsing

_DATE = re.compile(
    r"<(?:[\w.-]{1,30}:)?(?:pubdate|published|updated|issued|modified|created|date|publication_date|lastmod)"
    r"(?:\s[^<>]{0,200})?>\s{0,99}(?:<!\[CDATA\[)?([^<\]]{4,100})",
    re.I,
)


def newest(text: str, starts: Sequence[int], count: int) -> list[int]:
    """The numbers of the `count` newest of the entries that begin at `starts`, in the document's order.

    An entry that is not dated is as old as its neighbour before it. Of those with one date, those count that stand
    nearer to the end where the newest are; where nothing is dated, that is the beginning, as is usual.
    """
    ends = [*starts[1:], len(text)]
    stated = [_date(text, start, end) for start, end in zip(starts, ends, strict=True)]
    dates = _filled(stated)
    is_oldest_first = bool(dates) and dates[0] < dates[-1]
    numbers = range(len(starts))
    order = [(dates[n] if dates else 0, n if is_oldest_first else -n, n) for n in numbers]
    return sorted(n for _, _, n in sorted(order, reverse=True)[:count])


def _date(text: str, start: int, end: int) -> datetime | None:
    match = _DATE.search(text, start, end)
    return date_parsing.moment(match[1].strip(), None) if match else None


def _filled(stated: Sequence[datetime | None]) -> list[datetime]:
    """The dates, with that of the neighbour where there is none; empty where there is none at all."""
    last = next(filter(None, stated), None)
    dates: list[datetime] = []
    for date in stated:
        last = date or last
        if last:
            dates.append(last)
    return dates
