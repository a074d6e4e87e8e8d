"""Publication: a day's tables change together, for those who read them by the ledger, whatever kills the writer.

A build stages its files beside the tables and commits their hashes to the ledger, which names the set in force from
then on. Then they are renamed into place. Where a writer was killed between, the next command goes on from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from newswatch.ledger import days
from newswatch.pipeline.copying import far_side_by_side
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.trends import update_trends
from newswatch.storage import paths
from newswatch.storage.files import Store


def stage(store: Store, day: date, contents: Mapping[str, bytes]) -> None:
    """Put the day's tables, by name, beside those in force. The caller holds the day's lock."""

    def write(name: str) -> None:
        store.write(paths.staged_table(name, day), contents[name])

    deque(far_side_by_side(store, write, list(contents)), maxlen=0)


def publish(nw: Newswatch, day: date) -> None:
    """Put the day's staged tables in place, if the ledger names them, and make its trends."""
    with nw.writing() as connection:
        days.lock(connection, day)
        left_out = finish(nw, connection, day)
    ask_again(nw, left_out)


def ask_again(nw: Newswatch, left_out: Sequence[date]) -> None:
    """Let days whose tables are lost or damaged be built again. In no transaction that holds a lock of days."""
    if left_out:
        with nw.writing() as connection:
            days.mark_dirty(connection, left_out)


def finish(nw: Newswatch, connection: sa.Connection, day: date) -> list[date]:
    """As `publish`, within a transaction that holds the day's lock. Returns days that trends had to leave out."""
    build = days.build_of(connection, day)
    if build is None or not build.is_staged:
        return []
    # One that is not there was put in place before the writer was killed.
    nw.store.move_all({paths.staged_table(name, day): paths.table(name, day) for name in build.files})
    days.mark_published(connection, day)
    return update_trends(nw, connection, day)


def publish_staged(nw: Newswatch) -> None:
    """Put in place what writers that were killed have left staged."""
    with nw.ledger.begin() as connection:
        staged = days.staged(connection)
    for day in staged:
        log.warning("a build was cut off, its tables are put in place", day=str(day))
        publish(nw, day)
