"""Recovery of a feed's past from what its site lists: sitemaps, WordPress' interface, pages after a feed, lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from answers import Answers
from ask import rows, values
from click.testing import CliRunner
from clocks import Clock
from compared_days import tables_but_for_first_sight
from made_pages import ordinary_page

from newsroom import past
from newsroom.config import write_config
from newsroom.server import Newsroom
from newsroom.stories import stories_between
from newswatch.cli.main import main
from newswatch.errors import ConfigError, TransientError
from newswatch.ledger import MIGRATIONS, pending
from newswatch.ledger import schema as t
from newswatch.net.messages import Failure
from newswatch.pipeline import (
    Newswatch,
    PastWanted,
    build_day,
    cover_past,
    fetch_past,
    fetch_pending,
    find_past,
    issue_digest,
    note_past,
    poll,
    recover,
    tag_new,
)
from newswatch.pipeline.past_report import PastReport
from newswatch.pipeline.past_sources import KINDS
from newswatch.settings import SHIPPED_CONFIG_DIR
from newswatch.tables import day_tables
from newswatch_airflow.ids import PAST_SOURCES

RUN = "recovery"
FEEDS = ("vale-ledger", "meridian-latest", "ranok")
OUTLETS = ("ledger", "meridian", "ranok")
NOW = datetime(2026, 11, 22, 23, 57, tzinfo=UTC)  # all updates of the day are made, and the flaky feed answers
TODAY = NOW.date()
FIRST, LAST = date(2026, 9, 23), date(2026, 10, 22)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def recovered(nw: Newswatch, *names: str, first: date = FIRST, last: date = LAST, **wanted: object) -> PastReport:
    """Everything of the days, noted and fetched."""
    found = find_past(nw, PastWanted(names or FEEDS, first, last, **wanted))  # type: ignore[arg-type]
    note_past(nw, found, RUN)
    fetch_past(nw, RUN)
    cover_past(nw, found.covered)
    return found.report


def paths_of(nw: Newswatch, via: str | None = None) -> list[str]:
    """The stories' paths; of those alone that this source listed."""
    s = t.stories.c
    found = values(nw, sa.select(s.canonical_url).where(s.via == via if via else sa.true()))
    return sorted("/" + url.split("/", 3)[3] for url in found)


def printed(outlet: str, first: date = FIRST, last: date = LAST) -> set[str]:
    return {story.path for story in stories_between(first, last) if story.outlet_id == outlet}


def covered(nw: Newswatch, feed_id: str) -> dict[date, str | None]:
    c = t.coverage.c
    return {row.day: row.via for row in rows(nw, sa.select(c.day, c.via).where(c.feed_id == feed_id))}


@pytest.mark.parametrize(
    ("feed_id", "outlet", "kind"),
    [
        ("vale-ledger", "ledger", "sitemap"),
        ("meridian-latest", "meridian", "wordpress"),
        ("ranok", "ranok", "paged_feed"),
    ],
)
def test_all_that_a_source_lists_of_the_days_becomes_stories_of_their_days_once(
    nw: Newswatch, feed_id: str, outlet: str, kind: str
) -> None:
    report = recovered(nw, feed_id)
    assert [source.kind for source in report.sources] == [kind]
    found = paths_of(nw, kind)
    assert printed(outlet) <= set(found)
    assert len(set(found)) == len(found)
    day_of = {story.path: story.published_at.date() for story in stories_between(FIRST, LAST)}
    s = t.stories.c
    for url, day in rows(nw, sa.select(s.canonical_url, s.day)):
        path = "/" + url.split("/", 3)[3]
        assert day_of.get(path, day) == day
    assert covered(nw, feed_id) == {FIRST + timedelta(days=n): kind for n in range(30)}


def test_nothing_is_noted_or_fetched_before_it_is_asked_for(nw: Newswatch, newsroom: Newsroom) -> None:
    report = find_past(nw, PastWanted(FEEDS, FIRST, LAST)).report
    assert report.new_count >= sum(len(printed(outlet)) for outlet in OUTLETS)
    assert values(nw, sa.select(t.entries.c.entry_key)) == []
    assert covered(nw, "ranok") == {}
    assert not any(newsroom.hits[outlet, path] for outlet in OUTLETS for path in printed(outlet))
    said = "\n".join((*report.source_lines(), *report.summary()))
    assert "vale-ledger: sitemap http://ledger." in said
    assert "lists all of 2026-09-23 to 2026-10-22" in said


def test_a_second_search_knows_what_the_first_one_found(nw: Newswatch, newsroom: Newsroom) -> None:
    recovered(nw)
    hits = sum(newsroom.hits[outlet, path] for outlet in OUTLETS for path in printed(outlet))
    again = recovered(nw)
    assert again.new_count == 0
    assert again.known_count > 0
    assert sum(newsroom.hits[outlet, path] for outlet in OUTLETS for path in printed(outlet)) == hits


def test_no_day_is_covered_before_its_pages_have_been_fetched(nw: Newswatch) -> None:
    found = find_past(nw, PastWanted(("ranok",), FIRST, LAST))
    note_past(nw, found, RUN)
    assert cover_past(nw, found.covered) == frozenset()
    assert covered(nw, "ranok") == {}
    fetch_past(nw, RUN)
    assert cover_past(nw, found.covered) == {FIRST + timedelta(days=n) for n in range(30)}
    assert set(covered(nw, "ranok").values()) == {"paged_feed"}


def test_a_recovery_that_finds_all_pages_with_another_run_waits_and_does_not_spin(
    nw: Newswatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_past(nw, find_past(nw, PastWanted(("ranok",), FIRST, LAST)), RUN)
    with nw.ledger.begin() as connection:
        pending.claim_pending(connection, recover.FROM_THE_NETWORK, 1000, nw.lease("another", 3600), nw.clock())
    calls: list[int] = []
    fetch = recover.fetch_pending
    monkeypatch.setattr(recover, "fetch_pending", lambda *given: calls.append(1) or fetch(*given))
    report = fetch_past(nw, RUN, 3)
    assert report.is_out_of_time
    assert report.page_outcomes == {}
    assert len(calls) <= 3


def test_only_sitemaps_of_the_months_asked_for_are_read(nw: Newswatch, newsroom: Newsroom) -> None:
    find_past(nw, PastWanted(("vale-ledger",), date(2026, 9, 10), date(2026, 9, 20)))
    read = {path for outlet, path in newsroom.hits if outlet == "ledger" and "sitemap" in path}
    assert read == {"/sitemap.xml", "/sitemap-2026-09.xml"}


def test_what_is_missing_or_damaged_is_said_and_no_day_of_it_counts_as_covered(nw: Newswatch) -> None:
    """Two months before this one an index lacks, one comes cut, one lists pages twice and some of others."""
    first, last = past.month_before(NOW, past.MISSING), past.month_before(NOW, past.PACKED_CUT - 1) - timedelta(days=1)
    cut = past.month_before(NOW, past.PACKED_CUT)
    twice = past.month_before(NOW, past.TWICE_AND_FOREIGN)
    report = recovered(nw, "vale-ledger", first=first, last=last)
    (source,) = report.sources
    assert [f"{cut:%Y-%m}.xml.gz: truncated" in fault for fault in source.faults] == [True]
    assert source.covered == ((twice, cut - timedelta(days=1)),)
    assert report.passed_over["of another site"] == 5
    assert report.passed_over["listed twice"] >= 5
    found = set(paths_of(nw))
    assert printed("ledger", twice, cut - timedelta(days=1)) <= found
    assert not (printed("ledger", first, twice - timedelta(days=1)) | printed("ledger", cut, last)) & found


def test_a_search_cut_off_between_two_commits_goes_on_and_has_each_story_once(
    nw: Newswatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newswatch.pipeline.past_entries.ENTRIES_A_BATCH", 40)
    found = find_past(nw, PastWanted(FEEDS, FIRST, LAST))
    begun = iter(range(2))

    def note(*arguments: object) -> None:
        if next(begun, None) is None:
            raise TransientError("the ledger is away")
        noted(*arguments)

    noted = recover.note_pages
    with monkeypatch.context() as patch:
        patch.setattr(recover, "note_pages", note)
        with pytest.raises(TransientError):
            note_past(nw, found, RUN)
    assert len(values(nw, sa.select(t.entries.c.entry_key))) == 80
    assert covered(nw, "ranok") == {}
    recovered(nw)
    stories = paths_of(nw)
    assert len(set(stories)) == len(stories)
    for outlet in OUTLETS:
        assert printed(outlet) <= set(stories)


def test_a_poll_leaves_the_past_to_its_own_run_and_that_leaves_what_is_polled(nw: Newswatch) -> None:
    poll(nw, ["ranok"], "poll")
    note_past(nw, find_past(nw, PastWanted(("ranok",), FIRST, LAST)), RUN)
    fetch_pending(nw, "poll")
    assert paths_of(nw, "paged_feed") == []
    assert len(paths_of(nw)) > 0
    polled = len(paths_of(nw))
    poll(nw, ["khvylia"], "poll")
    fetch_past(nw, RUN)
    assert printed("ranok") <= set(paths_of(nw, "paged_feed"))
    assert len(paths_of(nw)) - len(paths_of(nw, "paged_feed")) == polled


def test_a_story_that_was_polled_is_not_asked_for_again(nw: Newswatch, newsroom: Newsroom) -> None:
    poll(nw, ["ranok"], "poll")
    fetch_pending(nw, "poll")
    polled = paths_of(nw)
    report = recovered(nw, "ranok", first=TODAY - timedelta(days=2), last=TODAY)
    assert report.new_count == 0
    assert report.known_count == len(polled)
    assert covered(nw, "ranok").get(TODAY) is None  # which is not over


def test_a_limit_takes_the_newest_first_and_another_call_goes_on(nw: Newswatch) -> None:
    first = recovered(nw, "meridian-latest", limit=10)
    assert (first.new_count, len(paths_of(nw))) == (10, 10)
    assert first.left_count == len(printed("meridian")) - 10
    days = values(nw, sa.select(t.stories.c.day))
    assert min(days) > LAST - timedelta(days=10)
    second = recovered(nw, "meridian-latest")
    assert second.new_count == first.left_count
    assert set(paths_of(nw)) == printed("meridian")


def test_pages_that_a_user_lists_are_read_in_place_of_all_sources(
    nw: Newswatch, newsroom: Newsroom, tmp_path: Path
) -> None:
    base, wanted = newsroom.base_url("ledger"), sorted(printed("ledger"))[:4]
    lines = [
        f"{base}{wanted[0]},2026-09-24,",
        f"{base}{wanted[1]}",
        f"{base}{wanted[2]},2031-01-01",
        "https://a.example/1",
    ]
    listed = tmp_path / "pages.csv"
    listed.write_text("url,date,title\n# some pages\n" + "\n".join(lines), encoding="utf-8")
    report = recovered(nw, "vale-ledger", list_file=listed)
    assert paths_of(nw, "list") == sorted(wanted[:2])
    assert report.passed_over == {"of another site": 1, "of other days": 1}
    assert covered(nw, "vale-ledger") == {}
    assert newsroom.hits["ledger", "/sitemap.xml"] == 0


def test_wrong_days_feeds_and_sources_are_named(nw: Newswatch) -> None:
    with pytest.raises(ConfigError, match=r"no outlet 'vale-leger'. Did you mean 'vale-ledger'\?"):
        find_past(nw, PastWanted(("vale-leger",), FIRST, LAST))
    with pytest.raises(ConfigError, match="'rss' is no source"):
        find_past(nw, PastWanted(("ranok",), FIRST, LAST, kinds=("rss",)))
    with pytest.raises(ConfigError, match="lies before"):
        find_past(nw, PastWanted(("ranok",), LAST, FIRST))
    with pytest.raises(ConfigError, match="still to come"):
        find_past(nw, PastWanted(("ranok",), TODAY + timedelta(days=1), TODAY + timedelta(days=2)))
    assert find_past(nw, PastWanted(("The Vale Ledger",), FIRST, LAST)).report.new_count > 0


def test_a_host_that_asks_for_rest_midway_gets_it_and_no_page_is_lost(nw: Newswatch, newsroom: Newsroom) -> None:
    now = replace(nw, clock=lambda: NOW + (datetime.now(UTC) - began))
    began = datetime.now(UTC)
    newsroom.rests["ranok"] = 12  # its twelfth request is answered with 429 and a second's rest
    recovered(now, "ranok")
    assert newsroom.rests == {}
    assert printed("ranok") <= set(paths_of(nw))
    outcomes = dict(
        rows(
            nw,
            sa.select(t.outcomes.c.outcome, sa.func.sum(t.outcomes.c.outcome_count))
            .where(t.outcomes.c.kind == "page")
            .group_by(t.outcomes.c.outcome),
        )
    )
    assert outcomes.get("http_429", 0) <= 1
    assert outcomes["ok"] >= len(printed("ranok"))


def test_a_source_that_cannot_be_had_is_named_with_the_reason(nw: Newswatch) -> None:
    base = "http://ledger.example"
    feed = nw.feeds["vale-ledger"].model_copy(update={"url": f"{base}/feed"})
    catalogue = nw.catalogue.model_copy(update={"feeds": (feed,)})
    robots = f"Sitemap: {base}/sitemap.xml\n".encode()
    index = f"<sitemapindex><sitemap><loc>{base}/sitemap-2026-10.xml</loc></sitemap></sitemapindex>".encode()
    refused = Failure(f"{base}/sitemap-2026-10.xml", "http_403", "answered 403", is_transient=False)
    answers = Answers({f"{base}/robots.txt": robots, f"{base}/sitemap.xml": index}, {refused.url: refused})
    report = find_past(answers.of(replace(nw, catalogue=catalogue)), PastWanted(("vale-ledger",), FIRST, LAST)).report
    (source,) = report.sources
    assert source.faults == (f"{refused.url}: http_403 answered 403",)
    assert source.covered == ()


def test_a_page_of_the_past_that_nobody_dates_is_kept_and_becomes_no_story_of_today(
    nw: Newswatch, tmp_path: Path
) -> None:
    listed = tmp_path / "pages.txt"
    url = "http://ledger.example/about-us"
    listed.write_text(url, encoding="utf-8")
    feed = nw.feeds["vale-ledger"].model_copy(update={"url": "http://ledger.example/feed"})
    here = replace(nw, catalogue=nw.catalogue.model_copy(update={"feeds": (feed,)}))
    page = ordinary_page("About the paper")
    page = page.replace("<time", "<span").replace("</time", "</span") if "<time" in page else page
    recovered(Answers({url: page.encode()}).of(here), "vale-ledger", list_file=listed)
    assert paths_of(nw) == []
    assert values(nw, sa.select(t.outcomes.c.outcome).where(t.outcomes.c.kind == "page")) == ["undated"]


def test_recovered_stories_are_late_additions_of_a_digest_only_where_that_is_set(
    nw: Newswatch, make_newswatch: Callable[..., Newswatch], config_dir: Path
) -> None:
    yesterday = TODAY - timedelta(days=1)
    build_day(nw, yesterday)
    issue_digest(nw, yesterday, "first")
    assert nw.clock is not None
    recovered(nw, *OUTLET_NAMES, first=yesterday, last=yesterday, kinds=("sitemap", "wordpress"))
    tag_new(nw, RUN)
    build_day(nw, yesterday)
    build_day(nw, TODAY)
    assert "Late additions" not in digest_of(nw, TODAY, "quiet")
    asked = make_newswatch(config_dir, digest_recovered=True)
    assert "Late additions" in digest_of(asked, TODAY, "asked")


OUTLET_NAMES = ("The Vale Ledger", "Meridian Post")


def digest_of(nw: Newswatch, day: date, run_id: str) -> str:
    nw.clock.advance(minutes=20)  # type: ignore[attr-defined]
    issued = issue_digest(nw, day, run_id)
    return nw.store.read(issued.html_path).decode()


@pytest.fixture
def polled_all_along(
    make_newswatch: Callable[..., Newswatch],
    new_database: Callable[[], str],
    newsroom: Newsroom,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Newswatch, Newswatch]:
    """Two installations of the same feeds: one has polled every day, the other today for the first time."""
    monkeypatch.setattr("newsroom.feeds.HISTORY", timedelta(days=5))  # so that late stories are listed
    write_config(tmp_path / "two", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
    old, new = (
        make_newswatch(
            tmp_path / "two", home=tmp_path / name, data_url=str(tmp_path / name), database_url=new_database()
        )
        for name in ("old", "new")
    )
    for n in range(20, -1, -1):
        clock.now = NOW - timedelta(days=n)
        poll(old, list(FEEDS), "poll")
        fetch_pending(old, "poll")
    poll(new, list(FEEDS), "poll")
    fetch_pending(new, "poll")
    return old, new


def test_days_tables_and_trends_are_those_of_an_installation_that_had_polled_all_along(
    polled_all_along: tuple[Newswatch, Newswatch],
) -> None:
    old, new = polled_all_along
    # The newest three days lack in the feeds what enters them late, and in the site's lists they do not.
    first, last = TODAY - timedelta(days=17), TODAY - timedelta(days=4)
    recovered(new, first=first, last=last)
    for nw in polled_all_along:
        tag_new(nw, RUN)
        for n in range(14):
            build_day(nw, first + timedelta(days=n))
    for n in range(14):
        day = first + timedelta(days=n)
        assert tables_but_for_first_sight(old, day) == tables_but_for_first_sight(new, day)
        path = f"tables/topic_days/{day}.parquet"
        listed = [
            {r["listed_feed_count"] for r in day_tables.TOPIC_DAYS.from_bytes(nw.store.read(path))} for nw in (old, new)
        ]
        assert listed == [{0}, {3}]


def test_the_command_shows_asks_and_says_what_is_to_be_built(nw: Newswatch, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = nw.settings
    for name in ("config_dir", "home", "data_url", "database_url"):
        monkeypatch.setenv(f"NEWSWATCH_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("NEWSWATCH_HOST_DELAY_SECONDS", "0")
    command = ["recover", "ranok", "--from", "2026-10-10", "--to", "2026-10-12"]
    dry = CliRunner().invoke(main, [*command, "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "Nothing was noted or fetched." in dry.output
    assert paths_of(nw) == []
    refused = CliRunner().invoke(main, command, input="n\n")
    assert "Fetch them?" in refused.output
    assert paths_of(nw) == []
    done = CliRunner().invoke(main, [*command, "--yes"])
    assert done.exit_code == 0, done.output
    assert set(paths_of(nw)) == printed("ranok", date(2026, 10, 10), date(2026, 10, 12))
    assert "--no-digest" in done.output


def test_the_form_offers_the_sources_that_there_are() -> None:
    assert PAST_SOURCES == KINDS


def test_an_older_version_takes_nothing_of_the_past_for_polled(nw: Newswatch) -> None:
    found = recovered(nw, "ranok", limit=5)
    assert found.left_count
    recovered(nw, "ranok")
    note_past(nw, find_past(nw, PastWanted(("meridian-latest",), FIRST, LAST)), RUN)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with nw.ledger.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0013")
        counts = [
            connection.scalar(sa.text(query))
            for query in (
                "SELECT count(*) FROM coverage",
                "SELECT count(*) FROM ended_windows",
                "SELECT count(*) FROM entries WHERE state = 'pending'",
            )
        ]
    assert counts == [0, 0, 0]
