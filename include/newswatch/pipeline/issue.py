"""Issue: a day's digest from its tables, numbered, never replaced. Deliver: where its readers look, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newswatch import digest, formats, tables
from newswatch.charts import days_before
from newswatch.digest_lines import DayRows
from newswatch.errors import NewswatchError, TransientError
from newswatch.ledger import days, digests
from newswatch.pipeline.build import ensure_built
from newswatch.pipeline.context import Newswatch, log
from newswatch.pipeline.trend import table_path

ON_ITS_WAY = timedelta(minutes=15)  # a story's batch is made before it is committed: it may miss an issue by so much
FEED_ITEMS = 30
FEED_PATH = "digests/feed.xml"


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
    week = [day - timedelta(days=back) for back in range(digest.LATE_DAYS, 0, -1)]
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
    content = digest.compose(
        digest.Issue(
            day=day,
            number=newest["number"] + 1 if newest else 1,
            issued_at=now,
            tables={t.name: _rows(nw, t.name, day) for t in tables.DAY_TABLES},
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
    chosen = next(t for t in tables.TABLES if t.name == table)
    return chosen.from_bytes(nw.store.read(table_path(table, day)))


def _trends(nw: Newswatch, wanted: Sequence[date]) -> dict[date, list[dict[str, Any]]]:
    name = tables.TOPIC_TRENDS.name
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
            rows = DayRows.of(other, _rows(nw, "stories", other), _rows(nw, "mentions", other), names)
            found[other] = (rows, late)
    return found


def _write(nw: Newswatch, content: digest.Digest) -> dict[str, str]:
    """Every format, under the issue's number and at the day's steady address."""
    files = {}
    for name, make in formats.FORMATS.items():
        text = make(content).encode()
        path = f"digests/{content.day}/issue-{content.number}/{name}"
        files[path] = nw.store.write(path, text)
        nw.store.write(f"digests/{content.day}/{name}", text)
    return files


def deliver(nw: Newswatch, day: date, number: int) -> bool:
    """Put the issue where readers look, `digests/latest.*`, unless a later one stands there, and into the feed of
    digests. False: done before."""
    with nw.ledger.begin() as connection:
        digests.lock_delivery(connection)
        delivered = [(d["day"], d["number"]) for d in digests.digests_of(connection) if d["delivered_at"]]
        if not digests.mark_delivered(connection, day, number, nw.clock()):
            return False
        if max(delivered, default=(day, 0)) <= (day, number):
            for name in formats.FORMATS:
                content = nw.store.read(f"digests/{day}/issue-{number}/{name}")
                nw.store.write(f"digests/{name.replace('digest', 'latest')}", content)
        newest = [d for d in digests.digests_of(connection) if d["delivered_at"] and d["record"]][:FEED_ITEMS]
        items = [
            formats.FeedItem(d["day"], d["number"], d["issued_at"], d["record"]["title"], d["record"]["summary"])
            for d in newest
        ]
        nw.store.write(FEED_PATH, formats.to_rss(items, nw.settings.pages_url))
    log.info("digest delivered", day=str(day), number=number)
    return True


@dataclass(frozen=True, slots=True)
class Message:
    """An issue as it is sent to a channel."""

    day: date
    number: int
    title: str
    summary: str  # plain text
    html: str
    text: str  # Markdown
    link: str  # to its page; empty where no address is configured


def message_of(nw: Newswatch, day: date, number: int) -> Message:
    """The issue as it was issued."""
    with nw.ledger.begin() as connection:
        issued = next(d for d in digests.digests_of(connection, day) if d["number"] == number)
    html, text = (nw.store.read(f"digests/{day}/issue-{number}/digest.{end}").decode() for end in ("html", "md"))
    title = issued["record"]["title"] + (f" (corrected, issue {number})" if number > 1 else "")
    link = f"{nw.settings.pages_url}/digest/{day}/{number}" if nw.settings.pages_url else ""
    return Message(day, number, title, issued["record"]["summary"], html, text, link)


Channel = Callable[[Message], str | None]  # returns a remark on the delivery, if there is one


@dataclass(frozen=True, slots=True)
class Sending:
    """How an issue's way to one channel ended: `delivered`, `failed`, or what was known before: `delivered_before`,
    `unknown` (an earlier try died while sending: it may have arrived, and is not sent twice)."""

    channel: str
    state: str
    detail: str = ""
    is_lasting: bool = False  # a failure that another try does not mend


def send(nw: Newswatch, message: Message, channels: Mapping[str, Channel]) -> list[Sending]:
    """Send the issue to each channel that does not have it.

    What a channel raises is kept as its failure: the others get theirs, and a later try sends to the failed ones alone.
    """
    ended = []
    for channel, take in channels.items():
        place = (message.day, message.number, channel)
        with nw.ledger.begin() as connection:
            state = digests.begin_delivery(connection, *place, nw.clock())
        if state in ("delivered", "sending"):
            ended.append(Sending(channel, "delivered_before" if state == "delivered" else "unknown"))
            continue
        try:
            sending = Sending(channel, "delivered", take(message) or "")
        except TransientError as error:
            sending = Sending(channel, "failed", str(error))
        except NewswatchError as error:
            sending = Sending(channel, "failed", str(error), is_lasting=True)
        except Exception as error:  # whatever a channel's own library raises
            sending = Sending(channel, "failed", f"{type(error).__name__}: {error}"[:300])
        with nw.ledger.begin() as connection:
            digests.end_delivery(connection, place, sending.state, sending.detail, nw.clock())
        ended.append(sending)
    return ended


def _is_known(nw: Newswatch, day: date) -> bool:
    """Whether anything was seen of the day; before Newswatch's first there is nothing to compare with."""
    with nw.ledger.begin() as connection:
        known = days.known_days(connection)
    return bool(known) and known[0] <= day
