"""Announce: which days' tables no longer say what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from newswatch.ledger import days
from newswatch.pipeline.installation import Newswatch


@dataclass(frozen=True, slots=True)
class AnnounceReport:
    """Days to rebuild now, and how many more are dirty and wait for a later run or have been announced before."""

    days: tuple[date, ...]
    waiting_count: int


def announce(nw: Newswatch) -> AnnounceReport:
    """Take the oldest dirty days that nobody was told of, at most `announce_cap`.

    They stay dirty until they are rebuilt; one that is not rebuilt within the hour is announced again.
    """
    with nw.ledger.begin() as connection:
        told = days.to_announce(connection, nw.settings.announce_cap, nw.clock())
        dirty = days.dirty(connection)
    return AnnounceReport(tuple(told), len(dirty) - len(told))
