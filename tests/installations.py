"""What an installation holds, to compare two of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clocks import Clock
from shared_parsers import SharedParsers

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, fetch_pending, open_newswatch, poll, tag_new, verify
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings


def silent(*_: object) -> None:
    """For those who need not hear of progress."""


def opened(settings: Settings, parsers: SharedParsers) -> Newswatch:
    return replace(open_newswatch(settings, parsers=parsers), clock=Clock())


def read_newsroom(
    folder: Path, database_url: str, parsers: SharedParsers, history: timedelta
) -> tuple[Newswatch, Newsroom]:
    """An installation in the folder that has read so much of the newsroom; that has ended."""
    with pytest.MonkeyPatch.context() as patch, Newsroom(clock=Clock()) as newsroom:
        patch.setattr("newsroom.feeds.HISTORY", history)
        write_config(folder / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        settings = Settings(
            config_dir=folder / "config",
            home=folder,
            data_url=str(folder / "data"),
            database_url=database_url,
            host_delay_seconds=0,
        )
        nw = opened(settings, parsers)
        poll(nw, list(nw.feeds), "read")
        fetch_pending(nw, "read")
        tag_new(nw, "read")
    # The newsroom's history is itself again: other tests run while what was read is looked at.
    return nw, newsroom


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
