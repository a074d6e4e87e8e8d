"""Days on the command line."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import click


class Days(click.ParamType):  # type: ignore[type-arg]
    """A day or a range of days, ends included."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[date]:
        first, _, last = str(value).partition("..")
        try:
            begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"{value!r} is no day. Write 2026-11-22, or 2026-11-16..2026-11-22 for a range.", param, ctx)
        if end < begin:
            self.fail(f"{value!r} ends before it begins.", param, ctx)
        return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A moment; without an offset it is one of the configured time zone, whoever reads it has to add that."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no moment. Write 2026-11-22T06:00, or with an offset 2026-11-22T06:00+02:00.")
