"""Lists of addresses that users have: one a line, or CSV with the columns url, date, title and file. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from newswatch.errors import ConfigError
from newswatch.history.model import PastEntry
from newswatch.text import date_parsing, sanitise
from newswatch.text.date_parsing import DateContext
from newswatch.urls.canonical import resolve

MAX_PROBLEMS = 20  # that are named at once
MAX_LINE_CHARS = 100_000  # far longer than any address; the csv module stops at cells of 131,072


@dataclass(frozen=True, slots=True)
class ListedPage(PastEntry):
    """A page of a list; `file`: where its bytes are, in the manifest of a folder."""

    file: str = ""


def read(text: str, name: str, timezone: str | None = None) -> tuple[ListedPage, ...]:
    """The pages that the list names, in its order; blank lines and lines that begin with # are passed over.

    `timezone`: IANA zone of dates that state none (default UTC). `name`: the file's, for messages. Raises ConfigError
    with every line that is no web address or has a date that cannot be told.
    """
    context = DateContext(ZoneInfo(timezone) if timezone else None)
    problems: list[str] = []
    entries: list[ListedPage] = []
    for number, row in _rows(text):
        try:
            entries.append(_entry(row, context))
        except ValueError as error:
            problems.append(f"{name}:{number}: {error}")
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"{name}: {len(problems) - MAX_PROBLEMS} more lines are wrong."]
    if not problems and not entries:
        problems = [f"{name}: names no address. Write one a line, or CSV with a first line `url,date`."]
    if problems:
        raise ConfigError(problems)
    return tuple(entries)


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and values by column. A first line that names the column url makes it CSV.

    Else each line is an address, commas and quotes in it too. Each line is a row of its own: a quote that is not closed
    spoils that one alone.
    """
    columns: list[str] | None = None
    is_first = True
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip(" ,\t") or line.lstrip().startswith("#"):
            continue
        names = [cell.strip().lower() for cell in _cells(line)] if is_first else []
        if "url" in names:
            columns = names
        elif columns is None:
            yield number, {"url": line.strip()}
        else:
            yield number, dict(zip(columns, (cell.strip() for cell in _cells(line)), strict=False))
        is_first = False


def _cells(line: str) -> list[str]:
    return next(csv.reader([line[:MAX_LINE_CHARS]]), [])


def _entry(row: dict[str, str], context: DateContext) -> ListedPage:
    stated = row.get("url", "")
    url = resolve(stated, "") if stated.lower().startswith(("http://", "https://")) else None
    if not url:
        raise ValueError(f"{stated!r} is no web address. Write it with https:// in front.")
    page = ListedPage(url, sanitise.line(row.get("title", "")), file=row.get("file", ""))
    if not row.get("date"):
        return page
    readings = date_parsing.readings(row["date"], context)
    if len(readings) != 1:
        raise ValueError(f"{row['date']!r} is no date that can be told. Write it like 2026-09-14.")
    return replace(
        page,
        published_at=readings[0].moment,
        published_day=readings[0].day if readings[0].is_day_only else None,
    )
