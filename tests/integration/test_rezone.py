"""Another time zone is configured after there are stories: nothing mixes, and what is stored can be moved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ask import count, covered_days, dirty_days, make_clean, rows, stories, values
from click.testing import CliRunner
from clocks import Clock
from desk import MARKET, SCHOOLS, SHELLING, WATER, Desk
from made_pages import ordinary_page
from web_site import Site

from newswatch.cli.main import main
from newswatch.errors import ConfigError, MissingFile, NewswatchError
from newswatch.ledger import schema as t
from newswatch.ledger import zone
from newswatch.pipeline import (
    Newswatch,
    Reader,
    build_day,
    fetch_pending,
    issue_digest,
    open_in_force,
    open_newswatch,
    poll,
    reextract_day,
    rezone,
    tag_new,
    visit_due,
)
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.tables import day_tables

KYIV = "Europe/Kyiv"  # two hours before UTC in these days
DAYS = [date(2026, 11, day) for day in range(17, 26)]
EVENING = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # half past midnight of the 21st in Kyiv
RELATED = "Related: the harbour newsletter of this newspaper, every morning by post"


def in_zone(nw: Newswatch, timezone: str = KYIV) -> Settings:
    return nw.settings.model_copy(update={"timezone": timezone})


def moved(nw: Newswatch) -> Newswatch:
    """The same ledger and store, moved to days of Kyiv."""
    rezone(in_zone(nw), is_dry_run=False)
    return replace(open_newswatch(in_zone(nw), parsers=nw.parsers), clock=nw.clock)


def read_all(nw: Newswatch) -> None:
    poll(nw, list(nw.feeds), "test")
    fetch_pending(nw, "test")
    visit_due(nw, "test")
    tag_new(nw, "test")


def tables_of(nw: Newswatch) -> dict[tuple[str, date], Any]:
    """Every table of DAYS by its bytes; of the one that times requests, its rows without those seconds."""
    found: dict[tuple[str, date], Any] = {}
    for table in day_tables.TABLES:
        for day in DAYS:
            content = nw.store.read(f"tables/{table.name}/{day}.parquet")
            found[table.name, day] = content
            if table is day_tables.FEED_DAYS:
                found[table.name, day] = [row | {"poll_seconds": 0} for row in table.from_bytes(content)]
    return found


def days_in_ledger(nw: Newswatch) -> dict[str, list[Any]]:
    """What the ledger counts by day, without the names of batches."""
    kinds = {
        "stories": sa.select(t.stories.c.story_id, t.stories.c.day),
        "polls": sa.select(t.polls.c.feed_id, t.polls.c.polled_at, t.polls.c.day),
        "outcomes": sa.select(
            t.outcomes.c.day, t.outcomes.c.kind, t.outcomes.c.outcome, t.outcomes.c.feed_id, t.outcomes.c.outcome_count
        ),
        "coverage": sa.select(t.coverage.c.feed_id, t.coverage.c.day, t.coverage.c.known_at),
    }
    return {kind: sorted(tuple(row) for row in rows(nw, query)) for kind, query in kinds.items()}


class Week:
    """Two feeds over a week: stories at both ends of days, missed entries, an edit, a date without a time."""

    def __init__(self, site: Site, clock: Clock, readers: list[Newswatch]) -> None:
        self.site, self.clock, self.readers = site, clock, readers
        self.items: dict[str, list[str]] = {"site": [], "other": []}

    def publish(self, at: datetime, path: str, *paragraphs: str, by: str = "site", stated: str | None = None) -> None:
        """A story of that hour; `stated`: what its page says of its date."""
        head = f'<meta property="article:published_time" content="{stated}">' if stated else ""
        title = f"Report from Donetsk, {path.strip('/')}"
        self.site.html(path, ordinary_page(title, *paragraphs, RELATED, head=head))
        stamp = "" if stated else f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        url = self.site.url(path).replace("site.localhost", f"{by}.localhost")
        self.items[by].append(f"<item><title>{title}</title><link>{url}</link>{stamp}</item>")

    def read(self, now: datetime) -> None:
        self.clock.now = now
        for by, items in self.items.items():
            self.site.feed(*items, path=f"/feed-{by}")
        for nw in self.readers:
            read_all(nw)

    def run(self) -> None:
        first = datetime(2026, 11, 18, 21, 50, tzinfo=UTC)
        for hours, path, text in ((-30, "/a", SHELLING), (-10, "/b", WATER), (-1, "/c", SCHOOLS)):
            self.publish(first + timedelta(hours=hours), path, *text)
        self.publish(first - timedelta(hours=23, minutes=40), "/d", *MARKET, by="other")
        self.publish(first - timedelta(hours=3), "/e", *WATER, by="other")
        self.read(first)
        self.publish(first + timedelta(minutes=20), "/f", *MARKET)
        self.publish(first, "/g", *SCHOOLS, by="other", stated="2026-11-18")
        self.read(first + timedelta(minutes=25))  # 22:15: a new day in Kyiv alone
        self.site.html("/f", ordinary_page("Report from Donetsk, f", *WATER, *MARKET, RELATED))
        self.read(first + timedelta(hours=2))
        self.items = {"site": [], "other": self.items["other"]}  # days later, nothing of the old listing is left
        for hours, path, text in ((70, "/h", SHELLING), (71, "/i", WATER), (72.4, "/j", SCHOOLS), (73, "/k", MARKET)):
            self.publish(first + timedelta(hours=hours), path, *text)
        self.read(first + timedelta(hours=74))
        self.read(first + timedelta(hours=100))


@pytest.fixture
def two_feeds(site: Site, tmp_path: Path) -> Path:
    folder = tmp_path / "two-feeds"
    folder.mkdir()
    feeds = [
        f"- {{id: {by}, outlet: The {by}, language: en, allow_private: true, url: '{site.url(f'/feed-{by}')}'}}"
        for by in ("site", "other")
    ]
    (folder / "feeds.yaml").write_text("feeds:\n" + "\n".join(feeds))
    (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return folder


@pytest.fixture
def in_both(
    site: Site, two_feeds: Path, clock: Clock, make_newswatch: Callable[..., Newswatch],
    new_database: Callable[[], str], tmp_path: Path,
) -> tuple[Newswatch, Newswatch]:  # fmt: skip
    """The same week read at the same moments, in days of UTC and in days of Kyiv."""
    utc = make_newswatch(two_feeds)
    kyiv = make_newswatch(
        two_feeds, timezone=KYIV, database_url=new_database(), data_url=str(tmp_path / "kyiv"), home=tmp_path / "kyiv"
    )
    Week(site, clock, [utc, kyiv]).run()
    return utc, kyiv


def test_after_it_every_table_is_the_one_of_a_home_that_always_had_the_zone(
    in_both: tuple[Newswatch, Newswatch],
) -> None:
    utc, kyiv = in_both
    for nw in in_both:
        for day in DAYS:
            build_day(nw, day)
    assert days_in_ledger(utc) != days_in_ledger(kyiv)
    before = tables_of(utc)
    assert before != tables_of(kyiv)
    make_clean(utc)
    with closing(moved(utc)) as now:
        assert days_in_ledger(now) == days_in_ledger(kyiv)
        assert len(rows(now, sa.select(t.ended_windows))) == 1  # the feed that missed entries
        touched = dirty_days(now)
        for day in DAYS:
            if day in touched:
                build_day(now, day)
        after = tables_of(now)
        assert after == tables_of(kyiv)
        changed = {day for (name, day), table in after.items() if table != before[name, day] and name != "topic_trends"}
        assert changed <= touched
        with closing(moved_back(now)) as again:
            assert days_in_ledger(again)["coverage"] == days_in_ledger(utc)["coverage"]
            for day in DAYS:
                build_day(again, day)
            assert tables_of(again) == before


def moved_back(nw: Newswatch) -> Newswatch:
    rezone(in_zone(nw, "UTC"), is_dry_run=False)
    return replace(open_newswatch(in_zone(nw, "UTC"), parsers=nw.parsers), clock=nw.clock)


@pytest.fixture
def evening(desk: Desk) -> Desk:
    """One story of the 20th in UTC, the 21st in Kyiv; its tables are built and a digest is issued."""
    desk.clock.now = EVENING
    desk.publish("/shelling", "Homes hit in suburbs of Donetsk", *SHELLING, hour=22, day=20)
    build_day(desk.nw, EVENING.date())
    desk.issue(EVENING.date())
    make_clean(desk.nw)
    return desk


def day_of_story(nw: Newswatch) -> date:
    (day,) = values(nw, sa.select(t.stories.c.day))
    assert isinstance(day, date)
    return day


def test_a_changed_zone_is_refused_at_once_naming_both_and_the_way_out(evening: Desk) -> None:
    asked = len(evening.site.requests)
    environment = evening.environment(NEWSWATCH_TIMEZONE=KYIV)
    for command in (
        ["poll"],
        ["build", "2026-11-20"],
        ["build", "2026-11-20", "--extract"],
        ["explain", "http://x.example"],
    ):
        done = CliRunner().invoke(main, command, env=environment)
        assert done.exit_code == 1
        for words in (
            f"NEWSWATCH_TIMEZONE is {KYIV}",
            "days of UTC",
            "NEWSWATCH_TIMEZONE=UTC",
            "newswatch days rezone",
        ):
            assert words in done.stderr, command
    assert len(evening.site.requests) == asked
    assert day_of_story(evening.nw) == date(2026, 11, 20)


def test_who_only_looks_goes_on_in_the_zone_of_what_is_stored(evening: Desk) -> None:
    assert Reader(in_zone(evening.nw)).tz.key == "UTC"
    with closing(open_in_force(in_zone(evening.nw))) as nw:
        assert nw.settings.timezone == "UTC"
    done = CliRunner().invoke(main, ["topics", "versions"], env=evening.environment(NEWSWATCH_TIMEZONE=KYIV))
    assert done.exit_code == 0, done.output


def test_nothing_moves_until_it_is_said_and_what_was_issued_stays(evening: Desk) -> None:
    environment, issued = evening.environment(NEWSWATCH_TIMEZONE=KYIV), evening.issued(EVENING.date())
    files = rows(evening.nw, sa.select(t.batch_files))
    shown = CliRunner().invoke(main, ["days", "rezone"], env=environment)
    assert shown.exit_code == 0, shown.output
    assert "UTC to Europe/Kyiv: 1 of 1 story would move" in shown.stdout
    assert "2026-11-20 → 2026-11-21  1\n" in shown.stdout
    assert "Tables to be made again: 2026-11-20..2026-11-21\n" in shown.stdout
    assert "Digests that stay as issued until their day is built by hand: 2026-11-20\n" in shown.stdout
    assert "`newswatch days rezone --yes`" in shown.stdout
    assert (day_of_story(evening.nw), dirty_days(evening.nw)) == (date(2026, 11, 20), set())
    done = CliRunner().invoke(main, ["days", "rezone", "--yes"], env=environment)
    assert done.exit_code == 0, done.output
    assert "1 of 1 story moved" in done.stdout
    assert "--yes" not in done.stdout
    assert day_of_story(evening.nw) == date(2026, 11, 21)
    assert dirty_days(evening.nw) == {date(2026, 11, 20), date(2026, 11, 21)}
    assert evening.issued(EVENING.date()) == issued
    assert rows(evening.nw, sa.select(t.batch_files)) == files
    again = CliRunner().invoke(main, ["days", "rezone", "--yes"], env=environment)
    assert "days of Europe/Kyiv: nothing is to be moved" in again.stdout


def test_a_day_that_is_stated_without_a_time_stays_that_day(site: Site, site_config: Path, make_newswatch: Any) -> None:
    nw = make_newswatch(site_config)
    site.page("/story", head='<meta property="article:published_time" content="2026-11-20">')
    site.feed(site.item("/story"))
    read_all(nw)
    assert rezone(in_zone(nw, "America/New_York"), is_dry_run=False).story_moves == {}
    assert day_of_story(nw) == date(2026, 11, 20)


def test_a_verb_that_runs_meanwhile_commits_nothing_and_gives_its_work_back(evening: Desk) -> None:
    nw = evening.nw
    evening.show("/water", "Taps run again", *WATER)
    item = f"<item><title>Taps run again</title><link>{evening.site.url('/water')}</link></item>"
    evening.site.feed(item, path="/feed-site")
    rezone(in_zone(nw), is_dry_run=False)
    before = [count(nw, table) for table in (t.batches, t.stories, t.polls, t.digests)]
    verbs: list[Callable[[], object]] = [
        lambda: poll(nw, ["site"], "test"),
        lambda: build_day(nw, EVENING.date()),
        lambda: reextract_day(nw, date(2026, 11, 21), "test"),
        lambda: issue_digest(nw, EVENING.date(), "other"),
    ]
    for verb in verbs:
        with pytest.raises(ConfigError, match="counted in days of Europe/Kyiv"):
            verb()
    assert [count(nw, table) for table in (t.batches, t.stories, t.polls, t.digests)] == before
    assert set(values(nw, sa.select(t.feeds.c.lease_token))) == {None}
    now = replace(open_newswatch(in_zone(nw), parsers=nw.parsers), clock=nw.clock)
    with closing(now):
        poll(now, ["site"], "test")
        with pytest.raises(ConfigError):
            fetch_pending(nw, "test")
        assert fetch_pending(now, "test").story_count == 1


def test_it_waits_for_who_writes_days_and_lets_a_second_transaction_of_theirs_through(evening: Desk) -> None:
    nw, ended = evening.nw, threading.Event()

    def run() -> None:
        rezone(in_zone(nw), is_dry_run=False)
        ended.set()

    thread = threading.Thread(target=run)
    with nw.writing():
        thread.start()
        assert not ended.wait(0.5)
        with nw.writing() as second:  # as a build that learns lines
            second.execute(sa.select(t.stories))
        assert not ended.is_set()
    thread.join(20)
    assert ended.is_set()
    with pytest.raises(NewswatchError), nw.writing():
        pass


def test_with_a_lost_file_nothing_moves(evening: Desk) -> None:
    (story,) = rows(evening.nw, sa.select(t.stories.c.path))
    Path(evening.nw.store.locate(story.path)).unlink()
    with pytest.raises(MissingFile, match=story.path):
        rezone(in_zone(evening.nw), is_dry_run=False)
    assert day_of_story(evening.nw) == date(2026, 11, 20)
    assert values(evening.nw, sa.select(t.day_zone.c.timezone)) == ["UTC"]


def test_a_visit_and_another_reading_leave_a_moved_story_on_its_new_day(evening: Desk) -> None:
    with closing(moved(evening.nw)) as nw:
        done = reextract_day(nw, date(2026, 11, 21), "test")
        assert (done.story_count, done.changed_count, done.moved_to) == (1, 0, ())
        evening.clock.advance(hours=2)
        evening.show("/shelling", "Homes hit in suburbs of Donetsk", *SHELLING, *WATER)
        assert visit_due(nw, "test").outcomes == {"edited": 1}
        assert day_of_story(nw) == date(2026, 11, 21)
        tag_new(nw, "test")
        batch = sa.select(t.stories.c.tagged_batch_id).scalar_subquery()
        (path,) = values(nw, sa.select(t.batch_files.c.path).where(t.batch_files.c.batch_id == batch))
        assert {row["day"] for row in day_tables.MENTIONS.from_bytes(nw.store.read(path))} == {date(2026, 11, 21)}
        assert build_day(nw, date(2026, 11, 21)).story_count == 1
        assert build_day(nw, date(2026, 11, 20)).story_count == 0


def test_the_lines_that_were_cut_for_a_story_are_cut_on_its_new_day(evening: Desk) -> None:
    (frozen,) = values(evening.nw, sa.select(t.frozen_lines.c.path).where(t.frozen_lines.c.day == EVENING.date()))
    with closing(moved(evening.nw)) as nw:
        query = sa.select(t.frozen_lines.c.path).where(t.frozen_lines.c.day == date(2026, 11, 21))
        assert values(nw, query) == [frozen]


def test_a_ledger_in_which_nothing_is_stored_takes_the_configured_zone(
    site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    make_newswatch(site_config)
    nw = make_newswatch(site_config, timezone=KYIV)
    assert values(nw, sa.select(t.day_zone.c.timezone)) == [KYIV]


@pytest.fixture
def of_before(in_both: tuple[Newswatch, Newswatch]) -> Newswatch:
    """A ledger as it was before it knew its zone."""
    nw = in_both[0]
    with nw.ledger.begin() as connection:
        connection.execute(sa.delete(t.day_zone))
        connection.execute(sa.delete(t.ended_windows))
    return nw


def test_a_ledger_of_before_takes_the_zone_and_claims_no_day_that_was_not_covered(
    of_before: Newswatch, in_both: tuple[Newswatch, Newswatch]
) -> None:
    nw, kyiv = in_both
    with nw.ledger.begin() as connection:
        assert zone.settle(connection, "UTC") == "UTC"
    with closing(moved(nw)) as now:
        for feed in ("site", "other"):
            found = covered_days(now, feed)
            assert found
            assert found <= covered_days(kyiv, feed)
        assert {s["story_id"] for s in stories(now)} == {s["story_id"] for s in stories(kyiv)}


def test_days_that_two_zones_have_mixed_are_sorted_out_by_the_same_command(evening: Desk) -> None:
    nw = evening.nw
    with nw.ledger.begin() as connection:
        connection.execute(sa.update(t.day_zone).values(timezone=KYIV))  # changed before the ledger knew
    report = rezone(in_zone(nw), is_dry_run=False)
    assert report.story_moves == {(date(2026, 11, 20), date(2026, 11, 21)): 1}
    assert day_of_story(nw) == date(2026, 11, 21)
