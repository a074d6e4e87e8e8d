"""Read: issued digests and built tables for those who show them; no configuration, no writing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from newswatch import tables
from newswatch.calendar import day_of
from newswatch.config import parse_feeds
from newswatch.ledger import Ledger, catalogues, digests
from newswatch.pipeline.context import ledger_url
from newswatch.pipeline.health import FeedHealth, feed_health
from newswatch.pipeline.trend import table_path
from newswatch.settings import Settings
from newswatch.store import Store


@dataclass(frozen=True, slots=True)
class Issued:
    """One digest as it was issued."""

    day: date
    number: int
    issued_at: datetime
    issued_by: str
    is_delivered: bool


class Reader:
    """Store and ledger, opened to look at."""

    def __init__(self, settings: Settings) -> None:
        self._zone = settings.zone
        self._store = Store(settings.data_url)
        self._ledger = Ledger(ledger_url(settings))

    def digests(self) -> list[Issued]:
        """Every issued digest, newest day and number first."""
        with self._ledger.begin() as connection:
            rows = digests.digests_of(connection)
        return [
            Issued(r["day"], r["number"], r["issued_at"], r["issued_by"], r["delivered_at"] is not None) for r in rows
        ]

    def digest_html(self, day: date, number: int) -> str:
        """The digest's page. Raises MissingFile where it was not issued."""
        return self._store.read(f"digests/{day}/issue-{number}/digest.html").decode()

    def table(self, name: str, day: date) -> list[dict[str, Any]]:
        """Rows of one of the day's tables. Raises MissingFile where the day was not built."""
        table = next(t for t in tables.TABLES if t.name == name)
        return table.from_bytes(self._store.read(table_path(name, day)))

    def health(self, now: datetime) -> list[FeedHealth]:
        """How the feeds of the configuration in force have done; empty before the first poll."""
        with self._ledger.begin() as connection:
            texts = catalogues.last_good(connection)
            feeds = parse_feeds(texts[0]) if texts else ()
            return feed_health(connection, feeds, now, day_of(now, self._zone))

    def close(self) -> None:
        self._ledger.close()
