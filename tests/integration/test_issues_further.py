"""Issues of a digest, further: reprints that come late, what a repeated run keeps, days as known by every way in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
import sqlalchemy as sa
import yaml
from click.testing import CliRunner, Result

from newswatch.cli.main import main
from newswatch.ledger import days, digests
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    Newswatch,
    build_as_known,
    build_day,
    deliver,
    fetch_pending,
    issue_digest,
    message_of,
    open_newswatch,
    poll,
    send,
    tag_new,
    visit_due,
)
from newswatch.settings import SHIPPED_CONFIG_DIR
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
    site: Any
    clock: Any
    items: dict[str, list[str]] = field(default_factory=dict)

    def at(self, day: int, hour: int) -> None:
        self.clock.now = datetime(2026, 11, day, hour, tzinfo=UTC)

    def show(self, path: str, title: str, *paragraphs: str) -> None:
        body = "".join(f"<p>{text}</p>" for text in paragraphs)
        html = f"<html lang='en'><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article>"
        self.site.answers[path] = (200, {"Content-Type": "text/html; charset=utf-8"}, html.encode())

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


@pytest.fixture
def make_desk(site: Any, tmp_path: Path, make_newswatch: Callable[..., Newswatch], clock: Any) -> Callable[..., Desk]:
    def make(**settings: object) -> Desk:
        folder = tmp_path / "desk-config"
        folder.mkdir()
        feeds = [
            {"id": by, "outlet": outlet, "url": site.url(f"/feed-{by}"), "language": "en", "allow_private": True}
            for by, outlet in (("site", "The Site"), ("other", "The Other"))
        ]
        (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
        (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
        desk = Desk(make_newswatch(folder, **settings), site, clock)
        desk.at(22, 10)
        return desk

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


def late_part(digest: str) -> str:
    return digest.partition("Late additions")[2]


@pytest.fixture
def late(desk: Desk) -> Desk:
    """DAY had one story when its digest was issued, and a second one came six hours after that."""
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 12)
    desk.publish("/water", "Taps run again", *WATER, hour=20)
    return desk


def test_a_late_story_is_in_every_format_of_the_next_digest_and_counted_in_its_summary(late: Desk) -> None:
    late.at(24, 6)
    files = late.issue(NEXT)
    for name in ("digest.html", "digest.md"):
        assert late_part(files[name]).count("Taps run again") == 1, name
    assert files["digest.csv"].count('"late"') == 1
    assert files["digest.json"].count('"section": "late"') == 1
    assert message_of(late.nw, NEXT, 1).summary.endswith("Late additions: 1")
    assert late.count("donetsk") == 2


def test_a_story_that_the_days_own_reissue_showed_is_no_late_addition(late: Desk) -> None:
    late.at(23, 13)
    late.issue(DAY, "again", 2)
    late.at(24, 6)
    assert "Late additions" not in late.issue(NEXT)["digest.md"]


def test_a_story_that_came_in_the_minutes_before_the_issue_and_was_in_it_is_not_late(desk: Desk) -> None:
    desk.at(23, 5)
    desk.clock.advance(minutes=55)
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    assert "Homes hit in suburbs" in desk.issue(DAY)["digest.md"]
    desk.at(24, 6)
    assert "Late additions" not in desk.issue(NEXT)["digest.md"]


def test_a_story_on_its_way_while_the_digest_was_issued_is_a_late_addition(desk: Desk) -> None:
    """Its batch was made before the digest and committed after it."""
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.clock.advance(minutes=-10)
    desk.publish("/water", "Taps run again", *WATER, hour=20)
    desk.at(24, 6)
    assert "Taps run again" in late_part(desk.issue(NEXT)["digest.md"])


def test_a_late_reprint_of_a_text_that_was_shown_is_no_late_addition_though_the_tables_count_it(desk: Desk) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 12)
    desk.publish("/copied", "Eleven homes damaged", *SHELLING, hour=20, by="other")
    desk.at(24, 6)
    assert "Late additions" not in desk.issue(NEXT)["digest.md"]
    rows = day_tables.STORIES.from_bytes(desk.tables()["stories"])
    assert len({row["cluster_id"] for row in rows}) == 1
    assert desk.count("donetsk") == 2


def test_late_prints_of_one_text_are_one_late_addition_with_its_reprint_and_not_listed_again(desk: Desk) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 12)
    desk.publish("/schools", "Cold classrooms", *SCHOOLS, MARKET[1], hour=18)
    desk.publish("/copied", "Teachers write", *SCHOOLS, MARKET[1], hour=20, by="other")
    desk.at(24, 6)
    listed = late_part(desk.issue(NEXT)["digest.md"])
    assert listed.count("Cold classrooms") == 1
    assert "Teachers write" not in listed
    assert "Reprints: [The Other]" in listed
    desk.at(25, 6)
    assert "Late additions" not in desk.issue(AFTER)["digest.md"]


def test_a_reissue_of_the_next_day_lists_the_late_story_again_in_the_same_words(late: Desk) -> None:
    late.at(24, 6)
    first = late.issue(NEXT)
    late.at(25, 6)
    late.issue(AFTER)
    late.at(25, 9)
    again = late.issue(NEXT, "again", 2)
    for name in ("digest.html", "digest.md"):
        listed, relisted = (late_part(files[name]).replace("issue 2.", "issue 1.") for files in (first, again))
        assert relisted == listed
    assert "No topic's stories have changed." in again["digest.md"]


def test_a_story_more_than_a_week_late_is_no_addition(desk: Desk) -> None:
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.clock.now += timedelta(days=7)
    desk.publish("/water", "Taps run again", *WATER, hour=20)
    desk.clock.now += timedelta(days=1)
    assert "Late additions" not in desk.issue(DAY + timedelta(days=8))["digest.md"]


def test_a_digest_whose_run_is_repeated_later_keeps_its_bytes(late: Desk) -> None:
    """As when an issuing task is cleared in the UI after more stories have come: another text is another issue."""
    before = late.issued(DAY)
    late.at(23, 18)
    late.issue(DAY)
    assert late.issued(DAY) == before


def test_a_digest_whose_run_is_repeated_with_nothing_new_keeps_its_bytes(late: Desk) -> None:
    late.at(23, 13)
    second = late.issue(DAY, "second", 2)
    late.at(23, 18)
    assert late.issue(DAY, "second", 2) == second


def test_a_reissue_without_a_story_that_left_says_how_many_were_removed(late: Desk) -> None:
    late.at(23, 13)
    late.issue(DAY, "second", 2)
    feeds, topics = late.nw.catalogue.feeds_text, late.nw.catalogue.topics_text
    from newswatch.config.catalogue import parse_catalogue

    old = yaml.safe_load(topics)
    narrow = {
        "id": "donetsk", "name": "Donetsk", "description": "The city.",
        "terms": [{"text": "waterworks"}], "examples": {"match": ["The waterworks."], "no_match": ["No."]},
    }  # fmt: skip
    kept = [narrow, *(t for t in old["topics"] if t["id"] == "new-start")]
    late.nw = replace(late.nw, catalogue=parse_catalogue(feeds, yaml.safe_dump({"topics": kept})))
    files = late.issue(DAY, "third", 3)
    assert "it replaces issue 2 of 2026-11-23 13:00" in files["digest.html"]
    assert "Donetsk: 2 → 1 story; 1 removed" in files["digest.html"]
    assert "not watched any more" in files["digest.html"]


@pytest.fixture
def known(desk: Desk) -> tuple[Desk, dict[str, bytes], datetime]:
    """The desk after much has come, DAY's tables as they were built before that, and the moment of that build."""
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.publish("/yesterday", "Market opens", *MARKET, day=21, hour=9)
    desk.at(22, 12)
    build_day(desk.nw, DAY)
    then, moment = desk.tables(), desk.clock.now
    desk.clock.advance(minutes=5)
    desk.show("/shelling", "Homes hit in suburbs", SHELLING[0].replace("eleven", "fourteen"), *SHELLING[1:])
    assert visit_due(desk.nw, "test").outcomes["edited"] == 1
    desk.clock.advance(hours=2)
    desk.publish("/water", "Taps run again", *WATER, hour=13)
    desk.publish("/copied", "Stalls for growers", *MARKET, hour=14, by="other")
    desk.site.answers["/feed-site"] = (500, {}, b"")
    desk.at(23, 3)
    poll(desk.nw, ["site", "other"], "test")
    build_day(desk.nw, DAY)
    rows = {r["title"]: r for r in day_tables.STORIES.from_bytes(desk.tables()["stories"])}
    assert rows["Homes hit in suburbs"]["revision_number"] == 2
    assert "Taps run again" in rows
    return desk, then, moment


def test_a_day_as_known_has_the_bytes_of_then_though_stories_polls_and_a_new_text_came(known: Any) -> None:
    desk, then, moment = known
    with desk.nw.ledger.begin() as connection:
        ledger_before = (days.builds(connection), days.dirty(connection))
    in_force = desk.tables()
    folder = build_as_known(desk.nw, DAY, moment)
    as_known = desk.tables(folder)
    assert [name for name in then if as_known[name] != then[name]] == []
    assert desk.tables() == in_force != then
    with desk.nw.ledger.begin() as connection:
        assert (days.builds(connection), days.dirty(connection)) == ledger_before


def test_a_day_as_known_now_is_the_day_in_force_and_before_anything_was_read_has_zeros(known: Any) -> None:
    desk, _, _ = known
    desk.clock.advance(minutes=1)
    assert desk.tables(build_as_known(desk.nw, DAY, desk.clock.now)) == desk.tables()
    folder = build_as_known(desk.nw, DAY, datetime(2026, 11, 20, tzinfo=UTC))
    rows = day_tables.TOPIC_DAYS.from_bytes(desk.tables(folder)["topic_days"])
    assert {row["seen_story_count"] for row in rows} == {0}
    assert {row["covering_feed_count"] for row in rows} == {0}


def run(desk: Desk, *arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=desk.environment(**environ))


@pytest.fixture
def _command_clock(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    """The command line reads the test's clock: on it the days here are past."""
    monkeypatch.setattr("newswatch.pipeline.open_newswatch", lambda s: replace(open_newswatch(s), clock=clock))


@pytest.mark.usefixtures("_command_clock")
def test_the_command_builds_a_day_as_known_says_where_and_leaves_the_rest(known: Any) -> None:
    desk, then, _ = known
    in_force = desk.tables()
    for given in ("2026-11-22T12:00", "2026-11-22T14:00+02:00"):
        done = run(desk, "build", str(DAY), "--as-known-at", given)
        assert done.exit_code == 0, done.output
        (line,) = (line for line in done.stdout.splitlines() if "as known at" in line and line.startswith(str(DAY)))
        folder = Path(line[line.index("/") :])
        assert {t.name: (folder / t.name / f"{DAY}.parquet").read_bytes() for t in day_tables.DAY_TABLES} == then
        assert desk.tables() == in_force
        assert desk.nw.store.names(f"digests/{DAY}") == []
    done = run(desk, "build", str(DAY), "--as-known-at", "2026-11-22T12:00", NEWSWATCH_TIMEZONE="Europe/Kyiv")
    assert done.exit_code == 0, done.output
    assert "2026-11-22 12:00:00+02:00" in done.stdout
    assert "20261122T100000.000000Z" in done.stdout


@pytest.mark.usefixtures("_command_clock")
def test_what_cannot_be_known_is_a_message_with_exit_code_2_and_nothing_is_written(desk: Desk) -> None:
    desk.at(23, 3)
    noon, alone = "2026-11-22T12:00", "--as-known-at goes with neither --extract nor --missing"
    for arguments, says in (
        (("--as-known-at", "2026-11-23T03:01"), "nothing is known of the future"),
        (("--as-known-at", noon, "--extract"), alone),
        (("--as-known-at", noon, "--missing"), alone),
        (("--as-known-at", "yesterday"), "'yesterday' is no moment. Write 2026-11-22T06:00"),
    ):
        done = run(desk, "build", str(DAY), *arguments)
        assert done.exit_code == 2, arguments
        assert says in " ".join(done.stderr.split())
        assert "Traceback" not in done.output
        assert desk.nw.store.names("as-known") == []


ISSUE = """
import sys
from dataclasses import replace
from datetime import date, datetime
from newswatch.pipeline import issue_digest, open_newswatch
from newswatch.settings import load_settings
nw = replace(open_newswatch(load_settings()), clock=lambda: datetime.fromisoformat(sys.argv[2]))
print(issue_digest(nw, date.fromisoformat(sys.argv[1]), sys.argv[3]).number)
nw.close()
"""


def test_two_processes_in_two_time_zones_write_the_same_files_from_the_same_stories(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(timezone="Europe/Kyiv")
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.at(23, 8)
    desk.publish("/water", "Taps run again", *WATER, hour=19)
    desk.publish("/market", "Market opens", *MARKET, day=23, hour=7)
    desk.publish("/copied", "Stalls for growers", *MARKET, day=23, hour=8, by="other")
    desk.at(24, 6)
    desk.issue(NEXT)
    desk.at(25, 6)
    found = []
    for number, zone in enumerate(("Pacific/Auckland", "America/New_York")):
        shutil.rmtree(Path(desk.nw.store.locate("tables")))
        shutil.rmtree(Path(desk.nw.store.locate(f"digests/{NEXT}/issue-2")), ignore_errors=True)
        with desk.nw.ledger.begin() as connection:  # as if it had never been issued
            connection.execute(sa.delete(t.digests).where(t.digests.c.day == NEXT, t.digests.c.number == 2))
        environ = os.environ | desk.environment(TZ=zone, PYTHONHASHSEED=str(number + 1), LC_ALL="C")
        command = [sys.executable, "-c", ISSUE, str(NEXT), desk.clock.now.isoformat(), "second"]
        done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
        assert done.stdout.split()[-1] == "2"
        found.append(desk.issued(NEXT, 2))
    assert found[0] == found[1]
    for name in ("digest.html", "digest.md"):
        assert "it replaces issue 1 of 2026-11-24 08:00" in found[0][name], name
        assert "Taps run again" in late_part(found[0][name])
        assert "2 outlets, first The Site 09:00" in found[0][name].replace("\\", "")  # 07:00 UTC


def test_each_channel_gets_the_message_once_and_what_failed_keeps_no_other_from_it(late: Desk) -> None:
    got: list[str] = []

    def fails(_: Any) -> None:
        raise RuntimeError("no route")

    message = message_of(late.nw, DAY, 1)
    channels = {"bad": fails, "good": lambda m: got.append(m.title)}
    assert [(s.channel, s.state, s.detail) for s in send(late.nw, message, channels)] == [
        ("bad", "failed", "RuntimeError: no route"),
        ("good", "delivered", ""),
    ]
    assert [s.state for s in send(late.nw, message, channels)] == ["failed", "delivered_before"]
    with late.nw.ledger.begin() as connection:
        kept = {
            d["channel"]: (d["state"], d["detail"])
            for d in connection.execute(sa.select(t.deliveries).where(t.deliveries.c.day == DAY)).mappings()
        }
    assert kept == {"bad": ("failed", "RuntimeError: no route"), "good": ("delivered", "")}
    assert got == ["Newswatch, Sunday 22 November 2026"]
    late.issue(DAY, "again", 2)
    send(late.nw, message_of(late.nw, DAY, 2), {"good": lambda m: got.append(m.title)})
    assert got[1:] == ["Newswatch, Sunday 22 November 2026 (corrected, issue 2)"]


def test_a_sending_that_died_in_the_middle_is_told_as_unknown_and_the_others_go_on(late: Desk) -> None:
    with late.nw.ledger.begin() as connection:
        digests.begin_delivery(connection, DAY, 1, "died", late.clock.now)
    got: list[str] = []
    channels = {name: (lambda _, name=name: got.append(name)) for name in ("died", "well")}
    for _ in range(2):
        sent = send(late.nw, message_of(late.nw, DAY, 1), channels)
        assert sent[0].state == "unknown"
        late.clock.advance(hours=30)
    assert got == ["well"]


@pytest.mark.parametrize("pages_url", ["", "https://desk.example/newswatch"])
def test_the_feed_lists_delivered_issues_newest_first_and_links_where_pages_are(
    make_desk: Callable[..., Desk], pages_url: str
) -> None:
    desk = make_desk(pages_url=pages_url)
    desk.publish("/shelling", "Homes hit in suburbs", *SHELLING, hour=9)
    desk.at(23, 6)
    desk.issue(DAY)
    desk.issue(DAY, "held back", 2)
    desk.at(24, 6)
    desk.issue(NEXT)
    assert deliver(desk.nw, NEXT, 1)
    assert deliver(desk.nw, DAY, 1)
    assert not deliver(desk.nw, DAY, 1)
    assert {n: desk.nw.store.read(f"digests/latest.{n.partition('.')[2]}").decode() for n in FILES} == desk.issued(NEXT)
    feed = feedparser.parse(desk.nw.store.read("digests/feed.xml"))
    assert not feed.bozo
    assert [e.title for e in feed.entries] == [
        "Newswatch, Monday 23 November 2026",
        "Newswatch, Sunday 22 November 2026",
    ]
    assert [e.id for e in feed.entries] == ["newswatch-2026-11-23-1", "newswatch-2026-11-22-1"]
    links = [e.get("link") for e in feed.entries]
    assert links == ([f"{pages_url}/digest/2026-11-{d}/1" for d in (23, 22)] if pages_url else [None, None])
    assert feed.entries[1].published == "Mon, 23 Nov 2026 06:00:00 GMT"
    assert deliver(desk.nw, DAY, 2)
    assert len(feedparser.parse(desk.nw.store.read("digests/feed.xml")).entries) == 3
    assert "Monday 23 November" in desk.nw.store.read("digests/latest.md").decode()
