"""What an installation holds, to compare two of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from clocks import Clock
from shared_parsers import SharedParsers

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, open_newswatch, verify
from newswatch.settings import Settings


def silent(*_: object) -> None:
    """For those who need not hear of progress."""


def opened(settings: Settings, parsers: SharedParsers) -> Newswatch:
    return replace(open_newswatch(settings, parsers=parsers), clock=Clock())


def stored(nw: Newswatch) -> dict[str, bytes]:
    """Every file that is stored."""
    return {path: nw.store.read(path) for path in nw.store.walk("")}


def ledger(nw: Newswatch) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the ledger, by table."""
    with nw.ledger.begin() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in t.metadata.sorted_tables
        }


def faults(nw: Newswatch, tmp_path: Path) -> list[str]:
    """What `verify` finds."""
    return [str(fault) for fault in verify(nw, tmp_path / "walk.json", silent).faults]
