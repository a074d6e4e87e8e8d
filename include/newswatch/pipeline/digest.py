"""Issue: a day's digest from its tables, numbered, never replaced. Deliver: where its readers look, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newswatch.digest import formats
from newswatch.digest.charts import days_before
from newswatch.digest.content import LATE_DAYS, Digest, Issue, compose
from newswatch.digest.items import DayRows
from newswatch.ledger import days, digests
from newswatch.pipeline.build import ensure_built
from newswatch.pipeline.installation import Newswatch, log
from newswatch.pipeline.trends import table_path
from newswatch.tables import day_tables

ON_ITS_WAY = timedelta(minutes=15)  # a story's batch is made before it is committed: it may miss an issue by so much


@dataclass(frozen=True, slots=True)
class IssueReport:
    """One issued digest. `topic_story_counts` as the digest's table shows them."""

    day: date
    number: int
    html_path: str
    topic_story_counts: dict[str, int]


def issue_digest(nw: Newswatch, day: date, issuer: str) -> IssueReport:
    """Write the day's digest from its tables, those of the week before brought up to date first.

    `issuer` names the run: asked again by the same one, its issue stays as it was written, whatever came since; another
    one gets the next number and says what it corrects.
    """
    began = nw.clock()
    week = [day - timedelta(days=back) for back in range(LATE_DAYS, 0, -1)]
    known = [d for d in week if _is_known(nw, d)]
    ensure_built(nw, [*known, day])
    with nw.ledger.begin() as connection:
        days.lock(connection, day)  # no build replaces the day's tables while they are read
        issued = digests.digests_of(connection, day)
        kept = next((d for d in issued if d["issued_by"] == issuer), None)
        row = kept or _issue(nw, connection, day, issued, known, began) | {"issued_by": issuer}
        if kept is None:
            digests.add_digest(connection, row)
    log.info("digest issued" if kept is None else "digest had been issued", day=str(day), number=row["number"])
    counts = {id_: len(topic["story_ids"]) for id_, topic in (row["record"] or {"topics": {}})["topics"].items()}
    return IssueReport(day, row["number"], f"digests/{day}/digest.html", counts)


def _issue(
    nw: Newswatch,
    connection: sa.Connection,
    day: date,
    issued: Sequence[Mapping[str, Any]],
    known: Sequence[date],
    now: datetime,
) -> dict[str, Any]:
    """Write the day's next issue, which replaces the newest of `issued`; returns its row for the ledger."""
    newest = issued[0] if issued else None
    content = compose(
        Issue(
            day=day,
            number=newest["number"] + 1 if newest else 1,
            issued_at=now,
            tables={t.name: _rows(nw, t.name, day) for t in day_tables.DAY_TABLES},
            trends=_trends(nw, days_before(day)),
            catalogue=nw.catalogue,
            zone=nw.settings.zone,
            late=_late(nw, connection, day, known, now),
            before=(newest["number"], newest["issued_at"], newest["record"]) if newest and newest["record"] else None,
        )
    )
    return {
        "day": day,
        "number": content.number,
        "issued_at": now,
        "topics_version": nw.catalogue.topics_version,
        "files": _write(nw, content),
        "record": content.record() | {"title": content.title, "summary": formats.summary_of(content)},
    }


def _rows(nw: Newswatch, table: str, day: date) -> list[dict[str, Any]]:
    chosen = next(t for t in day_tables.TABLES if t.name == table)
    return chosen.from_bytes(nw.store.read(table_path(table, day)))


def _trends(nw: Newswatch, wanted: Sequence[date]) -> dict[date, list[dict[str, Any]]]:
    name = day_tables.TOPIC_TRENDS.name
    return {day: _rows(nw, name, day) for day in wanted if nw.store.exists(table_path(name, day))}


def _late(
    nw: Newswatch, connection: sa.Connection, day: date, known: Sequence[date], until: datetime
) -> dict[date, tuple[DayRows, frozenset[str]]]:
    """For each earlier day with a digest, its rows and the stories that no digest had, neither its own nor a later one
    as a late addition."""
    issued = [d for other in known for d in digests.digests_of(connection, other) if d["record"]]
    names = {topic.id: topic.name for topic in nw.catalogue.topics}
    found = {}
    for other in known:
        own = [d for d in issued if d["day"] == other]
        if not own:
            continue
        shown = {i for d in own for topic in d["record"]["topics"].values() for i in topic["story_ids"]}
        shown |= {i for d in issued if d["day"] > other for i in d["record"]["late"].get(str(other), ())}
        after = max(d["issued_at"] for d in own) - ON_ITS_WAY
        late = digests.late_stories(connection, other, after, until) - shown
        if late:
            rows = DayRows.from_rows(other, _rows(nw, "stories", other), _rows(nw, "mentions", other), names)
            found[other] = (rows, late)
    return found


def _write(nw: Newswatch, content: Digest) -> dict[str, str]:
    """Every format, under the issue's number and at the day's steady address."""
    files = {}
    for name, make in formats.FORMATS.items():
        text = make(content).encode()
        path = f"digests/{content.day}/issue-{content.number}/{name}"
        files[path] = nw.store.write(path, text)
        nw.store.write(f"digests/{content.day}/{name}", text)
    return files


def _is_known(nw: Newswatch, day: date) -> bool:
    """Whether anything was seen of the day; before Newswatch's first there is nothing to compare with."""
    with nw.ledger.begin() as connection:
        known = days.known_days(connection)
    return bool(known) and known[0] <= day
