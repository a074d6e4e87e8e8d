"""A site with two outlets whose stories the test publishes at hours that it sets, and what was issued of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newswatch.pipeline import Newswatch, fetch_pending, issue_digest, poll, tag_new
from newswatch.tables import day_tables

DAY = date(2026, 11, 22)
NEXT, AFTER = DAY + timedelta(days=1), DAY + timedelta(days=2)
FILES = ("digest.html", "digest.md", "digest.csv", "digest.json")
SHELLING = (
    "Shelling damaged eleven homes in the northern suburbs of Donetsk on Sunday, officials of the region said.",
    "Crews of the power company mended the line to the old hospital before dusk and went on towards the mine.",
    "Nobody was hurt, as the families had spent the night with relatives in villages further to the west.",
)
WATER = (
    "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported.",
    "Pensioners queued at tankers beside the tram depot while engineers flushed the mains with chlorine.",
)
SCHOOLS = (
    "Teachers in Donetsk asked for heated classrooms before the first frost, a letter to the ministry shows.",
    "The signatories count nineteen buildings whose boilers were switched off when spring came early.",
)
MARKET = (
    "A covered market opened in Donetsk beside the railway station, with stalls for eighty growers of the steppe.",
    "Apples and honey sold out by noon, the warden of the hall remarked while sweeping the marble counters.",
)


@dataclass
class Desk:
    """A site with two outlets, and the Newswatch that reads them at the hours that the test sets."""

    nw: Newswatch
    site: Site
    clock: Clock
    items: dict[str, list[str]] = field(default_factory=dict)

    def at(self, day: int, hour: int) -> None:
        self.clock.now = datetime(2026, 11, day, hour, tzinfo=UTC)

    def show(self, path: str, title: str, *paragraphs: str) -> None:
        self.site.html(path, ordinary_page(title, *paragraphs))

    def publish(self, path: str, title: str, *paragraphs: str, hour: int, day: int = 22, by: str = "site") -> None:
        """A story of that hour, seen now."""
        self.show(path, title, *paragraphs)
        stamp = f"<pubDate>{datetime(2026, 11, day, hour, tzinfo=UTC):%a, %d %b %Y %H:%M:%S GMT}</pubDate>"
        url = self.site.url(path).replace("site.localhost", f"{by}.localhost")
        items = self.items.setdefault(by, [])
        items.append(f"<item><title>{title}</title><link>{url}</link>{stamp}</item>")
        self.site.feed(*items, path=f"/feed-{by}")
        poll(self.nw, [by], "test")
        fetch_pending(self.nw, "test")
        tag_new(self.nw, "test")

    def issue(self, day: date, issuer: str = "run", number: int = 1) -> dict[str, str]:
        assert issue_digest(self.nw, day, issuer).number == number
        return self.issued(day, number)

    def issued(self, day: date, number: int = 1) -> dict[str, str]:
        return {n: self.nw.store.read(f"digests/{day}/issue-{number}/{n}").decode() for n in FILES}

    def tables(self, folder: str = "tables", day: date = DAY) -> dict[str, bytes]:
        return {t.name: self.nw.store.read(f"{folder}/{t.name}/{day}.parquet") for t in day_tables.DAY_TABLES}

    def count(self, topic: str, day: date = DAY) -> int:
        rows = day_tables.TOPIC_DAYS.from_bytes(self.nw.store.read(f"tables/topic_days/{day}.parquet"))
        return next(row["story_count"] for row in rows if row["topic"] == topic)

    def environment(self, **more: str) -> dict[str, str]:
        settings = self.nw.settings
        return {
            "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
            "NEWSWATCH_HOME": str(settings.home),
            "NEWSWATCH_DATA_URL": settings.data_url,
            "NEWSWATCH_DATABASE_URL": settings.database_url,
            "NEWSWATCH_TIMEZONE": settings.timezone,
        } | more


Known = tuple[Desk, dict[str, bytes], datetime]  # a desk, tables of a day, when they were built


def late_part(digest: str) -> str:
    return digest.partition("Late additions")[2]
