"""Days on the command line."""

from __future__ import annotations

from datetime import date, timedelta
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
