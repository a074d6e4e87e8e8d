"""Digest: a day's issue from its tables, numbered, never replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from newswatch.digest import formats
from newswatch.digest.charts import days_before
from newswatch.digest.content import LATE_DAYS, Digest, Issue, compose
from newswatch.digest.items import DayRows
from newswatch.ledger import days, digests
from newswatch.ledger.digests import IssuedDigest
from newswatch.pipeline.build import ensure_built, ensure_whole
from newswatch.pipeline.copying import far_side_by_side
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.publication import finish
from newswatch.pipeline.tables_in_force import if_there
from newswatch.pipeline.trends import with_usual
from newswatch.storage import paths
from newswatch.tables import day_tables
from newswatch.topics import renames

ON_ITS_WAY = timedelta(minutes=15)  # a story's batch is made before it is committed: it may miss an issue by so much


LateRows = dict[date, tuple[DayRows, frozenset[str]]]  # by day: its rows, and which of its stories are late


@dataclass(frozen=True, slots=True)
class IssueReport:
    """One issued digest. `topic_story_counts` as the digest's table shows them."""

    day: date
    number: int
    html_path: str
    topic_story_counts: dict[str, int]


def issue_digest(nw: Newswatch, day: date, run_id: str) -> IssueReport:
    """Write the day's digest from its tables, those of the week before brought up to date first.

    Asked again by the same run, its issue stays as it was written, whatever came since; another
    one gets the next number and says what it corrects.
    """
    began = nw.clock()
    week = [day - timedelta(days=back) for back in range(LATE_DAYS, 0, -1)]
    known = [d for d in week if _is_known(nw, d)]
    ensure_built(nw, [*known, day])
    ensure_whole(nw, days_before(day))  # of which the charts are drawn
    with nw.writing() as connection:
        days.lock(connection, day)  # no build replaces the day's tables while they are read
        finish(nw, connection, day)
        issued = digests.digests_of(connection, day)
        kept = next((d for d in issued if d.issued_by == run_id), None)
        row = kept or _issue(nw, day, issued[:1], _late(nw, connection, day, known, began), (run_id, began))
        if kept is None:
            digests.add_digest(connection, row)
    log.info("digest issued" if kept is None else "digest had been issued", day=str(day), number=row.number)
    counts = {id_: len(topic["story_ids"]) for id_, topic in (row.record or {"topics": {}})["topics"].items()}
    return IssueReport(day, row.number, paths.digest(day, "digest.html"), counts)


def _issue(
    nw: Newswatch, day: date, newest: Sequence[IssuedDigest], late: LateRows, by: tuple[str, datetime]
) -> IssuedDigest:
    """Write the day's next issue, which replaces the newest, if there is one. `by`: the run, and when it began."""
    run_id, now = by
    before = newest[0] if newest else None
    content = compose(
        Issue(
            day=day,
            number=before.number + 1 if before else 1,
            issued_at=now,
            tables={t.name: _rows(nw, t.name, day) for t in day_tables.DAY_TABLES},
            trends=_trends(nw, days_before(day)),
            catalogue=nw.catalogue,
            tz=nw.settings.tz,
            pages_url=nw.settings.pages_url,
            late=late,
            before=(before.number, before.issued_at, _of_today(nw, before.record))
            if before and before.record
            else None,
        )
    )
    return IssuedDigest(
        day=day,
        number=content.number,
        issued_by=run_id,
        issued_at=now,
        topics_version=nw.catalogue.topics_version,
        files=_write(nw, content),
        delivered_at=None,
        record=content.record() | {"title": content.title, "summary": formats.summary_of(content)},
    )


def _of_today(nw: Newswatch, record: Mapping[str, Any]) -> dict[str, Any]:
    """What was kept of an issue, its topics under their ids of today."""
    ids = nw.catalogue.topic_ids
    return dict(record) | {"topics": {ids.get(id_, id_): topic for id_, topic in record["topics"].items()}}


def _rows(nw: Newswatch, table: str, day: date) -> list[dict[str, Any]]:
    chosen = next(t for t in day_tables.TABLES if t.name == table)
    rows = nw.store.load(paths.table(table, day), chosen.from_bytes)
    return renames.with_ids_of_today(rows, nw.catalogue.topic_ids)


def _trends(nw: Newswatch, wanted: Sequence[date]) -> dict[date, list[dict[str, Any]]]:
    name = day_tables.TOPIC_TRENDS.name
    read = far_side_by_side(nw.store, lambda day: if_there(partial(_rows, nw, name, day)), wanted)
    return {day: list(map(with_usual, rows)) for day, rows in zip(wanted, read, strict=True) if rows}


def _late(nw: Newswatch, connection: sa.Connection, day: date, known: Sequence[date], until: datetime) -> LateRows:
    """For each earlier day with a digest, its rows and the stories that no digest had, neither its own nor a later one
    as a late addition."""
    issued = [(d, d.record) for other in known for d in digests.digests_of(connection, other) if d.record]
    names = {topic.id: topic.name for topic in nw.catalogue.topics}
    found = {}
    for other in known:
        own = [(d, record) for d, record in issued if d.day == other]
        if not own:
            continue
        shown = {i for _, record in own for topic in record["topics"].values() for i in topic["story_ids"]}
        shown |= {i for d, record in issued if d.day > other for i in record["late"].get(str(other), ())}
        after = max(d.issued_at for d, _ in own) - ON_ITS_WAY
        late = (
            digests.late_stories(connection, other, after, until, with_recovered=nw.settings.digest_recovered) - shown
        )
        if late:
            rows = DayRows.from_rows(other, _rows(nw, "stories", other), _rows(nw, "mentions", other), names)
            found[other] = (rows, late)
    return found


def _write(nw: Newswatch, content: Digest) -> dict[str, str]:
    """Every format, under the issue's number and at the day's steady address."""
    files = {}
    for name, make in formats.FORMATS.items():
        text = make(content).encode()
        path = paths.issue(content.day, content.number, name)
        files[path] = nw.store.write(path, text)
        nw.store.write(paths.digest(content.day, name), text)
    return files


def _is_known(nw: Newswatch, day: date) -> bool:
    """Whether anything was seen of the day; before Newswatch's first there is nothing to compare with."""
    with nw.ledger.begin() as connection:
        known = days.known_days(connection)
    return bool(known) and known[0] <= day
