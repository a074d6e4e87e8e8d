"""The time zone of the days in the ledger: one for all that is stored, whatever the environment says today."""

from __future__ import annotations

from itertools import groupby
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from newswatch.errors import ConfigError
from newswatch.ledger import batches
from newswatch.ledger import schema as t
from newswatch.local_days import ONE_DAY, start_of


def zone_of(connection: sa.Connection) -> str | None:
    """IANA name of the zone that the days are of; None: the ledger was never opened to write."""
    return connection.scalar(sa.select(t.day_zone.c.timezone))


def settle(connection: sa.Connection, timezone: str) -> str:
    """The zone that the days are of. The first start, and every one before anything is stored, gives its own."""
    known = zone_of(connection)
    if known == timezone or (known and batches.are_any(connection)):
        return known
    connection.execute(sa.text("LOCK TABLE day_zone IN EXCLUSIVE MODE"))  # of two first starts one is the first
    known = zone_of(connection)
    if known and batches.are_any(connection):
        return known
    connection.execute(sa.delete(t.day_zone))
    connection.execute(sa.insert(t.day_zone).values(timezone=timezone))
    if known is None:
        _keep_noted_days(connection, ZoneInfo(timezone))
    return timezone


def check(known: str | None, timezone: str) -> None:
    """Raises ConfigError where the days are of another zone than the configured one."""
    if known != timezone:
        raise ConfigError(
            [
                f"environment: NEWSWATCH_TIMEZONE is {timezone}, but what is stored is counted in days of {known}. "
                f"Set NEWSWATCH_TIMEZONE={known} to go on with them; or see what `newswatch days rezone` would move "
                f"to days of {timezone}, and move it with `newswatch days rezone --yes`."
            ]
        )


def hold(connection: sa.Connection, timezone: str) -> None:
    """Keep the days of this zone until the transaction ends; any number of writers may. Raises ConfigError as `check`.

    A lock of the row: unlike an advisory one it is given to a further writer while somebody waits to change the zone,
    so that a build may learn lines in a transaction of their own.
    """
    check(connection.scalar(sa.select(t.day_zone.c.timezone).with_for_update(read=True)), timezone)


def change(connection: sa.Connection, timezone: str) -> None:
    """Let the days be of this zone; waits until nobody writes days of the one before, and keeps all others waiting."""
    connection.execute(sa.select(t.day_zone).with_for_update())
    connection.execute(sa.update(t.day_zone).values(timezone=timezone))


def _keep_noted_days(connection: sa.Connection, tz: ZoneInfo) -> None:
    """Make windows of the covered days of a ledger that kept none: of each run of days, from its begin to its end."""
    c = t.coverage.c
    noted = connection.execute(sa.select(c.feed_id, c.day).order_by(c.feed_id, c.day)).all()
    runs = groupby(enumerate(noted), key=lambda place: (place[1].feed_id, place[1].day.toordinal() - place[0]))
    windows = []
    for (feed_id, _), run in runs:
        days = [row.day for _, row in run]
        windows.append(
            {"feed_id": feed_id, "covered_from": start_of(days[0], tz), "covered_to": start_of(days[-1] + ONE_DAY, tz)}
        )
    if windows:
        connection.execute(insert(t.ended_windows).on_conflict_do_nothing(), windows)
