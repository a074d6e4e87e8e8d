"""Issue: a day's digest from its tables, numbered, never replaced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from newswatch import digest, tables
from newswatch.ledger import days
from newswatch.pipeline.build import ensure_built, table_path
from newswatch.pipeline.context import Newswatch, log


@dataclass(frozen=True, slots=True)
class IssueReport:
    """One issued digest. `topic_story_counts` as the digest's table shows them."""

    day: date
    number: int
    html_path: str
    topic_story_counts: dict[str, int]


def issue_digest(nw: Newswatch, day: date, issuer: str) -> IssueReport:
    """Write the day's digest from its tables, those of the week before brought up to date first.

    `issuer` names the run: asked again by the same one, it keeps its number; another one gets the next number, and the
    earlier issues stay as they are.
    """
    before = [day - timedelta(days=n) for n in range(digest.DAYS_BEFORE, 0, -1)]
    ensure_built(nw, [d for d in before if _is_known(nw, d)] + [day])
    earlier = {
        d: tables.TOPIC_DAYS.from_bytes(nw.store.read(table_path("topic_days", d))) if _is_known(nw, d) else []
        for d in before
    }
    with nw.ledger.begin() as connection:
        days.lock(connection, day)  # no build replaces the day's tables while they are read
        rows = {t.name: t.from_bytes(nw.store.read(table_path(t.name, day))) for t in tables.DAY_TABLES}
        number = days.digest_number(connection, day, issuer)
        newest = max((d["number"] for d in days.digests_of(connection, day)), default=0)
        content = digest.compose(day, number, rows, earlier, nw.catalogue, nw.settings.zone)
        pages = {"digest.html": digest.to_html(content), "digest.md": digest.to_markdown(content)}
        files = {}
        for name, text in pages.items():
            path = f"digests/{day}/issue-{number}/{name}"
            files[path] = nw.store.write(path, text.encode())
            if number >= newest:
                nw.store.write(f"digests/{day}/{name}", text.encode())  # the newest issue, at a steady address
        row = {
            "day": day,
            "number": number,
            "issued_by": issuer,
            "issued_at": nw.clock(),
            "topics_version": nw.catalogue.topics_version,
            "files": files,
        }
        days.save_digest(connection, row)
    log.info("digest issued", day=str(day), number=number)
    counts = {section.id: section.story_count for section in content.sections}
    return IssueReport(day, number, f"digests/{day}/digest.html", counts)


def deliver(nw: Newswatch, day: date, number: int) -> bool:
    """Put the issue where readers look, `digests/latest.*`, unless a later one stands there. False: done before."""
    with nw.ledger.begin() as connection:
        days.lock_delivery(connection)
        delivered = [(d["day"], d["number"]) for d in days.digests_of(connection) if d["delivered_at"]]
        if not days.mark_delivered(connection, day, number, nw.clock()):
            return False
        if max(delivered, default=(day, 0)) <= (day, number):
            for name in ("digest.html", "digest.md"):
                content = nw.store.read(f"digests/{day}/issue-{number}/{name}")
                nw.store.write(f"digests/{name.replace('digest', 'latest')}", content)
    log.info("digest delivered", day=str(day), number=number)
    return True


def _is_known(nw: Newswatch, day: date) -> bool:
    """Whether anything was seen of the day; before Newswatch's first there is nothing to compare with."""
    with nw.ledger.begin() as connection:
        known = days.known_days(connection)
    return bool(known) and known[0] <= day
