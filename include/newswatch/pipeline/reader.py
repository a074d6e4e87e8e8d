"""Read: issued digests, built tables and stories for those who show them. Nothing is configured or written here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newswatch.config.catalogue import Catalogue, read_text
from newswatch.digest.items import DayRows, moment_of
from newswatch.errors import ConfigError, MissingFile
from newswatch.ledger import Ledger, catalogues, days, digests, stories, zone
from newswatch.local_days import day_of
from newswatch.pipeline.copying import far_side_by_side
from newswatch.pipeline.deliver import read_issued
from newswatch.pipeline.explain import explain
from newswatch.pipeline.feed_health import FeedHealth, feed_health
from newswatch.pipeline.installation import Newswatch, ledger_url, open_store, parser_pool, read_good
from newswatch.pipeline.lateness import Late, late
from newswatch.pipeline.tables_in_force import TablesInForce, if_there
from newswatch.pipeline.trends import with_usual
from newswatch.settings import Settings
from newswatch.tables import day_tables
from newswatch.topics import renames

Row = dict[str, Any]
_SHOWN = (
    "story_id", "title", "canonical_url", "outlet", "language", "published_at", "first_seen_at", "is_day_only",
    "text_source", "cluster_id", "original_outlet", "original_at",
)  # fmt: skip
_KINDS = re.compile(r"^\w+(?:, \w+)*: ")  # with which the dictionary's sentences begin


@dataclass(frozen=True, slots=True)
class Issued:
    """One digest as it was issued. `issued_by`: the run, as dag id/run id, or the command line's."""

    day: date
    number: int
    issued_at: datetime
    issued_by: str
    is_delivered: bool


@dataclass(frozen=True, slots=True)
class Built:
    """One day's tables: when they were made and by which run (dag id/run id; empty: the command line)."""

    day: date
    built_at: datetime
    built_by: str
    topics_version: str


def outcome_meaning(outcome: str) -> str:
    """What the dictionary says of an outcome; "" of one that it does not know."""
    from newswatch.days.dictionary import OUTCOME_DOCS

    key = "http_NNN" if outcome.startswith("http_") else outcome
    return OUTCOME_DOCS.get(key, "")


def outcome_words(outcome: str) -> str:
    """An outcome in the dictionary's words, as short as they begin; one that it does not know as it is."""
    words = re.split(r"[;.]", _KINDS.sub("", outcome_meaning(outcome)), maxsplit=1)[0] or outcome
    return f"{words} {outcome.removeprefix('http_')}" if outcome.startswith("http_") else words


class Reader:
    """Store and ledger, opened to look at."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = open_store(settings)
        self._ledger = Ledger(ledger_url(settings))
        self._opened: tuple[tuple[str, str], Newswatch] | None = None

    @property
    def tz(self) -> ZoneInfo:
        """The zone of the days that are stored; before the first poll, the configured one."""
        with self._ledger.begin() as connection:
            return ZoneInfo(zone.zone_of(connection) or self._settings.timezone)

    @property
    def topics_file(self) -> str:
        """Where the topics are edited."""
        return str(self._settings.config_dir / "topics.yaml")

    def are_topics_edited(self) -> bool:
        """Whether topics.yaml says something else than what is in force; the next poll reads it."""
        catalogue = self.catalogue()
        try:
            return catalogue is not None and read_text(Path(self.topics_file)) != catalogue.topics_text
        except ConfigError:
            return True

    def digests(self) -> list[Issued]:
        """Every issued digest, newest day and number first."""
        with self._ledger.begin() as connection:
            rows = digests.digests_of(connection)
        return [Issued(r.day, r.number, r.issued_at, r.issued_by, r.delivered_at is not None) for r in rows]

    def digest(self, day: date, number: int, name: str = "digest.html") -> str:
        """One of the digest's files. Raises MissingFile where it was not issued, DamagedFile where it is altered."""
        with self._ledger.begin() as connection:
            issued = digests.issue_of(connection, day, number)
        if issued is None:
            raise MissingFile(f"No digest of {day}, issue {number}, was issued.")
        return read_issued(self._store, issued, name).decode()

    def builds(self) -> dict[date, Built]:
        """Every day that has tables, newest first."""
        with self._ledger.begin() as connection:
            rows = days.builds(connection)
        return {r.day: Built(r.day, r.built_at, r.built_by, r.topics_version) for r in rows}

    def table(self, name: str, day: date, columns: Sequence[str] | None = None) -> list[Row]:
        """Rows of one of the day's tables, topics under today's ids. Raises MissingFile where the day was not built."""
        return self._of_today(self._tables([day]).rows(name, day, columns))

    def trends(self, wanted: Sequence[date]) -> dict[date, dict[str, Row]]:
        """Day → topic → row of topic_trends (see `with_usual`), of those of the days that have any."""
        name, tables = day_tables.TOPIC_TRENDS.name, self._tables(wanted)
        read = far_side_by_side(self._store, lambda day: if_there(partial(tables.rows, name, day)), wanted)
        rows = {day: map(with_usual, self._of_today(of_day)) for day, of_day in zip(wanted, read, strict=True)}
        return {day: by_topic for day, of_day in rows.items() if (by_topic := {row["topic"]: row for row in of_day})}

    def day_rows(self, day: date) -> DayRows:
        """The day's stories and mentions, with today's topics."""
        catalogue = self.catalogue()
        names = {topic.id: topic.name for topic in catalogue.topics} if catalogue else {}
        tables = self._tables([day])
        found = self._of_today(tables.rows("mentions", day))
        mentioned = {row["story_id"] for row in found}
        return DayRows.from_rows(day, tables.chosen("stories", day, "story_id", mentioned, _SHOWN), found, names)

    def topic_rows(self, topic: str, wanted: Sequence[date]) -> dict[str, list[Row]]:
        """What the tables say of a topic on these days: `mentions` (each with its story), and the counted tables."""
        ids = {topic, *(former for former, id_ in self._topic_ids().items() if id_ == topic)}
        found: dict[str, list[Row]] = {"mentions": [], "topic_days": [], "topic_outlet_days": [], "topic_pair_days": []}
        tables = self._tables(wanted)

        def of_day(day: date) -> dict[str, list[Row]]:
            topic_days = if_there(partial(tables.chosen, "topic_days", day, "topic", ids))
            if not topic_days:
                return {}
            mentions = tables.chosen("mentions", day, "topic", ids)
            named = {row["story_id"] for row in mentions}
            by_id = {row["story_id"]: row for row in tables.chosen("stories", day, "story_id", named, _SHOWN)}
            return {
                "topic_days": topic_days,
                "topic_outlet_days": tables.chosen("topic_outlet_days", day, "topic", ids),
                "topic_pair_days": tables.rows("topic_pair_days", day),
                "mentions": [by_id[row["story_id"]] | row for row in mentions],
            }

        for read in far_side_by_side(self._store, of_day, wanted):
            for name, rows in read.items():
                found[name] += self._of_today(rows)
        pairs = found["topic_pair_days"]
        return found | {"topic_pair_days": [row for row in pairs if topic in (row["topic"], row["other_topic"])]}

    def _tables(self, wanted: Sequence[date]) -> TablesInForce:
        """The tables of these days as the ledger names them now."""
        with self._ledger.begin() as connection:
            return TablesInForce(self._store, days.builds_of(connection, wanted))

    def _of_today(self, rows: list[Row]) -> list[Row]:
        return renames.with_ids_of_today(rows, self._topic_ids())

    def _topic_ids(self) -> dict[str, str]:
        """Former id → today's, of the configuration that was asked for last: a page reads hundreds of tables."""
        catalogue = self._opened[1].catalogue if self._opened else self.catalogue()
        return catalogue.topic_ids if catalogue else {}

    def catalogue(self) -> Catalogue | None:
        """The configuration in force; None before the first poll."""
        nw = self._newswatch()
        return nw.catalogue if nw else None

    def story(self, story_id: str) -> Row | None:
        """All that is known of the story, as `explain` says it, with its `cluster`: stories that print its text, as the
        tables of their days know them. None: no such story."""
        nw = self._newswatch()
        with self._ledger.begin() as connection:
            known = stories.by_id(connection, story_id)
        if nw is None or known is None:
            return None
        return explain(nw, known.canonical_url) | {"cluster": self._cluster(story_id, known.day)}

    def _cluster(self, story_id: str, day: date) -> list[Row]:
        near = [day + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
        tables = self._tables(near)

        def chosen(key: str, value: str, of_days: Sequence[date]) -> list[Row]:
            def of_day(d: date) -> list[Row]:
                return if_there(partial(tables.chosen, "stories", d, key, {value}, _SHOWN))

            return [row for rows in far_side_by_side(self._store, of_day, of_days) for row in rows]

        mine = chosen("story_id", story_id, [day])
        if not mine:
            return []
        original = mine[0]["cluster_id"]
        found = chosen("cluster_id", original, near)
        if all(row["story_id"] != original for row in found):
            found += chosen("story_id", original, near)
        return sorted(found, key=lambda r: (moment_of(r), r["story_id"]))

    def health(self, now: datetime) -> list[FeedHealth]:
        """How the feeds of the configuration in force have done; empty before the first poll."""
        catalogue = self.catalogue()
        with self._ledger.begin() as connection:
            feeds = catalogue.feeds if catalogue else ()
            return feed_health(connection, feeds, now, day_of(now, self.tz))

    def late(self, now: datetime) -> list[Late]:
        """What should have been done by the moment (UTC) and is not."""
        catalogue = self.catalogue()
        feed_ids = [feed.id for feed in catalogue.feeds] if catalogue else []
        with self._ledger.begin() as connection:
            return late(connection, self._settings, feed_ids, now)

    def _newswatch(self) -> Newswatch | None:
        """What is in force, opened once for each configuration; None before the first poll."""
        with self._ledger.begin() as connection:
            texts = catalogues.last_good(connection)
        if texts is None:
            return None
        if self._opened is None or self._opened[0] != texts:
            catalogue = read_good(texts)
            if catalogue is None:
                return None
            self._opened = (
                texts,
                Newswatch(self._settings, catalogue, self._store, self._ledger, parser_pool(self._settings)),
            )
        return self._opened[1]

    def close(self) -> None:
        self._ledger.close()
