"""Forget a day: its tables and digests, never its stories. For days that were built by a slip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from newswatch.digest import formats
from newswatch.errors import TransientError
from newswatch.ledger import days, digests, dump
from newswatch.pipeline.deliver import show_newest
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.trends import update_trends
from newswatch.storage import paths
from newswatch.tables.day_tables import TABLES


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What there was of the day: tables, and issues of its digest. Its stories are all there."""

    day: date
    had_tables: bool
    issue_count: int


def forget_day(nw: Newswatch, day: date) -> ForgetReport:
    """Take the day's tables and digests out of ledger and store; what readers find at `digests/latest` is made anew.

    Asked again after it was cut off, it takes out what is left. Digests that were sent stay sent.
    """
    with nw.writing() as connection:
        if not dump.may_take_files(connection):
            raise TransientError("A backup is being made, or maintenance; nothing is taken away meanwhile. Ask again.")
        digests.lock_delivery(connection)
        days.lock(connection, day)
        issued = digests.digests_of(connection, day)
        had_tables = days.forget_build(connection, day)
        digests.forget(connection, day)
        update_trends(nw, connection, day)
        show_newest(nw, connection)
    for path in [path for issue in issued for path in issue.files] + _steady(day):
        nw.store.remove(path)
    log.info("day forgotten", day=str(day), tables=had_tables, issues=len(issued))
    return ForgetReport(day, had_tables, len(issued))


def _steady(day: date) -> list[str]:
    """The files of a day that are at one address, whatever is known of them."""
    tables = [path(table.name, day) for table in TABLES for path in (paths.table, paths.staged_table)]
    return tables + [paths.digest(day, name) for name in formats.FORMATS]
