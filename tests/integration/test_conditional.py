"""Polls that ask for no more than they need, and entries that are not what they were."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ask import feed_row, page_outcomes, rows, stories, values
from clocks import Clock
from shared_parsers import SharedParsers
from web_site import Site

from newswatch.feeds.model import ParsedFeed
from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, explain, fetch_pending, plan_poll, poll


@pytest.fixture
def nw(site_config: Path, make_newswatch: Callable[..., Newswatch]) -> Newswatch:
    return make_newswatch(site_config)


def outcome(nw: Newswatch) -> str:
    ((name, count),) = poll(nw, ["site"], "test").feed_outcomes.items()
    assert count == 1
    return name


def asked(site: Site, path: str = "/feed") -> list[dict[str, str]]:
    return [request for request in site.requests if request["path"] == path]


def test_validators_are_sent_back_and_left_out_once_a_day(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.feed(site.item("/1"), ETag='"one"', **{"Last-Modified": "Sun, 22 Nov 2026 08:00:00 GMT"})
    assert outcome(nw) == "ok"
    clock.advance(hours=1)
    assert outcome(nw) == "not_modified"  # the same bytes: this server ignores what it is sent
    clock.advance(days=1)
    assert outcome(nw) == "not_modified"
    first, second, third = asked(site)
    assert "if-none-match" not in first
    assert (second["if-none-match"], second["if-modified-since"]) == ('"one"', "Sun, 22 Nov 2026 08:00:00 GMT")
    assert "if-none-match" not in third


def test_a_server_that_lies_304_is_found_out_within_a_day(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.feed(site.item("/1"), ETag='"one"')
    poll(nw, ["site"], "test")
    site.feed(site.item("/1"), site.item("/2"), ETag='"one"')
    lying = site.answers["/feed"]
    for _ in range(3):
        clock.advance(hours=6)
        site.answers["/feed"] = (304, {"ETag": '"one"'}, b"")
        assert outcome(nw) == "not_modified"
    clock.advance(hours=6)
    site.answers["/feed"] = lying
    assert outcome(nw) == "ok"
    assert "if-none-match" not in asked(site)[-1]


def test_a_body_that_is_the_same_is_neither_parsed_nor_stored_again(
    nw: Newswatch, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.feed(site.item("/1"))
    poll(nw, ["site"], "test")

    async def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("newswatch.sandbox.pool.ParserPool.feed", refuse)
    clock.advance(hours=1)
    assert outcome(nw) == "not_modified"
    assert values(nw, sa.select(t.polls.c.raw_path).order_by(t.polls.c.polled_at))[1] is None


def test_a_host_that_asks_for_rest_is_left_alone_by_the_next_run_too(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.page("/1")
    site.feed(site.item("/1"))
    poll(nw, ["site"], "test")
    site.answers["/feed"] = (429, {"Retry-After": "7200"}, b"")
    clock.advance(hours=1)
    assert outcome(nw) == "http_429"
    assert feed_row(nw, "site").next_due_at == clock() + timedelta(hours=2, minutes=-2)
    hits = sum(site.hits.values())
    clock.advance(hours=1)
    assert fetch_pending(nw, "test").page_outcomes == {}  # its pages are on the same host
    assert outcome(nw) == "host_paused"
    assert sum(site.hits.values()) == hits
    assert feed_row(nw, "site").failure_count == 1
    clock.advance(hours=1, minutes=1)
    assert fetch_pending(nw, "test").story_count == 1


def test_robots_txt_is_asked_for_once_a_day(nw: Newswatch, site: Site, clock: Clock) -> None:
    for number in (1, 2, 3):
        site.page(f"/{number}", title=f"Meeting {number}")
    for number, later in ((1, 0), (2, 12), (3, 13)):
        clock.advance(hours=later)
        site.feed(site.item(f"/{number}"))
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")
        assert site.hits["/robots.txt"] == (2 if number == 3 else 1)


def test_a_permanent_redirect_is_learnt_and_unlearnt(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.answers["/feed"] = (308, {"Location": "/new"}, b"")
    site.feed(site.item("/1"), path="/new")
    for _ in range(5):
        poll(nw, ["site"], "test")
        clock.advance(hours=1)
    assert (site.hits["/feed"], site.hits["/new"]) == (3, 5)
    site.answers["/new"] = (404, {}, b"")
    assert outcome(nw) == "http_404"
    site.feed(site.item("/1"), site.item("/2"))
    clock.advance(hours=1)
    assert outcome(nw) == "ok"
    assert feed_row(nw, "site").moved_to is None


def test_the_publishers_ttl_and_max_age_are_waited_for(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.feed("<ttl>120</ttl>", site.item("/1"), **{"Cache-Control": "max-age=60"})
    poll(nw, ["site"], "test")
    clock.advance(minutes=117)
    assert plan_poll(nw, 1) == []
    clock.advance(minutes=1)
    assert len(plan_poll(nw, 1)) == 1


def dated(site: Site, path: str, title: str, guid: str = "7") -> str:
    return f"<item><title>{title}</title><link>{site.url(path)}</link><guid isPermaLink='false'>{guid}</guid></item>"


def test_an_edited_entry_is_counted_and_no_second_story(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.page("/1")
    site.feed(dated(site, "/1", "The board met"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    clock.advance(hours=1)
    site.feed(dated(site, "/1", "The board met at last"))
    assert poll(nw, ["site"], "test").entry_outcomes == {"changed": 1}
    clock.advance(hours=1)
    site.feed(dated(site, "/1", "The board met at last"), "<!-- made anew -->")
    assert poll(nw, ["site"], "test").entry_outcomes == {"known": 1}
    assert fetch_pending(nw, "test").story_count == 0


def test_a_guid_that_is_used_again_for_another_story_brings_that_story(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.page("/1", title="The board met")
    site.page("/2", title="The quay is closed")
    site.feed(dated(site, "/1", "The board met"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    clock.advance(hours=1)
    site.feed(dated(site, "/2", "The quay is closed"))
    assert poll(nw, ["site"], "test").entry_outcomes == {"reused": 1}
    assert fetch_pending(nw, "test").story_count == 1
    assert {story["canonical_url"] for story in stories(nw)} == {site.url("/1"), site.url("/2")}


def test_a_link_that_differs_from_poll_to_poll_is_not_fetched_again(nw: Newswatch, site: Site, clock: Clock) -> None:
    for number in range(3):
        site.page(f"/1?session={number}")
        site.feed(dated(site, f"/1?session={number}", "The board met"))
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")
        clock.advance(hours=1)
    assert len(stories(nw)) == 1
    assert page_outcomes(nw) == {"ok": 1}


def test_twins_of_a_page_are_one_story(nw: Newswatch, site: Site) -> None:
    site.page("/1")
    site.feed(dated(site, "/1", "The board met", "a"), dated(site, "/1/amp", "The board met", "b"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")

    (story,) = stories(nw)
    assert page_outcomes(nw) == {"ok": 1, "same_story": 1}
    assert site.hits["/1/amp"] == 0
    assert explain(nw, site.url("/1/amp?utm_source=x"))["story_id"] == story["story_id"]
    assert all(alias.startswith("http") for alias in explain(nw, site.url("/1"))["aliases"])


def test_a_lost_entries_file_costs_the_feeds_words_and_not_the_page(nw: Newswatch, site: Site) -> None:
    site.page("/1")
    site.feed(site.item("/1"))
    poll(nw, ["site"], "test")
    ((path,),) = rows(nw, sa.select(t.entries.c.path))
    (Path(nw.settings.data_url) / path).unlink()
    assert fetch_pending(nw, "test").story_count == 1


def test_entries_beyond_the_limit_are_counted(nw: Newswatch, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.feed(*(f"<item><title>Note {n}</title></item>" for n in range(5003)))
    assert poll(nw, ["site"], "test").entry_outcomes == {"left_out": 3, "no_link": 5000}


def test_a_link_longer_than_any_index_costs_neither_its_feed_nor_its_neighbours(nw: Newswatch, site: Site) -> None:
    tail = "".join(secrets.token_hex(16) for _ in range(220))  # random: an index compresses what repeats
    long = f"<item><title>Long</title><link>{site.url('/1')}?utm_source={tail}</link></item>"
    site.feed(long, site.item("/2"))
    assert poll(nw, ["site"], "test").entry_outcomes == {"new": 2}


class KeyTooLong(SharedParsers):
    """Parsers that give the entries of one feed a key which no index of the ledger takes."""

    async def feed(self, body: bytes, **arguments: Any) -> ParsedFeed:
        parsed = await super().feed(body, **arguments)
        long = tuple(replace(entry, key=secrets.token_hex(4000)) for entry in parsed.entries)
        return replace(parsed, entries=long) if arguments["feed_id"] == "site" else parsed


def test_what_the_ledger_refuses_costs_its_own_feed_alone(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    listed = (site_config / "feeds.yaml").read_text()
    other = listed.replace("id: site", "id: other").replace("/feed", "/other").removeprefix("feeds:\n")
    (site_config / "feeds.yaml").write_text(listed + other)
    site.feed(site.item("/1"))
    site.feed(site.item("/2"), path="/other")
    parsers = KeyTooLong(size=1, deadline_seconds=20, memory_bytes=1_000_000_000)
    nw = replace(make_newswatch(site_config), parsers=parsers)
    report = poll(nw, ["site", "other"], "test")
    parsers.end()
    assert report.feed_outcomes == {"failed": 1, "ok": 1}
    assert report.entry_outcomes == {"new": 1}
    assert values(nw, sa.select(t.feeds.c.lease_token)) == [None, None]


def test_pages_that_all_lead_to_a_login_keep_their_feeds_words(nw: Newswatch, site: Site) -> None:
    site.page("/login", title="Log in to read on")
    for number in (1, 2):
        site.answers[f"/{number}"] = (302, {"Location": "/login"}, b"")
    site.feed(*(dated(site, f"/{n}", f"Story {n}", str(n)) for n in (1, 2)))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert page_outcomes(nw) == {"no_story": 2}
    assert {(s["title"], s["canonical_url"], s["text_source"]) for s in stories(nw)} == {
        ("Story 1", site.url("/1"), "feed"),
        ("Story 2", site.url("/2"), "feed"),
    }


def test_reused_guids_count_as_news_of_the_feed(nw: Newswatch, site: Site, clock: Clock) -> None:
    for number in range(5):
        site.feed(dated(site, f"/{number}", f"Story {number}"))
        poll(nw, ["site"], "test")
        clock.advance(hours=1)
    assert feed_row(nw, "site").entry_rate > 20


def test_a_host_that_never_stops_asking_for_rest_leaves_the_feeds_words(
    nw: Newswatch, site: Site, clock: Clock
) -> None:
    site.feed(*(dated(site, f"/{n}", f"Story {n}", str(n)) for n in range(6)))
    poll(nw, ["site"], "test")
    for number in range(6):
        site.answers[f"/{number}"] = (429, {"Retry-After": "3600"}, b"")
    for _ in range(8):
        fetch_pending(nw, "test")
        clock.advance(hours=1)
    assert {s["text_source"] for s in stories(nw)} == {"feed"}
    assert len(stories(nw)) == 6


def test_times_come_back_in_utc_wherever_the_machine_is(nw: Newswatch, clock: Clock, site: Site) -> None:
    site.feed(site.item("/1"))
    poll(nw, ["site"], "test")
    assert feed_row(nw, "site").polled_at.utcoffset() == timedelta(0)
    assert values(nw, sa.text("SELECT current_setting('TimeZone')")) == ["UTC"]  # type: ignore[arg-type]


def test_the_feed_that_has_waited_longest_comes_first(
    site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock
) -> None:
    feed = (site_config / "feeds.yaml").read_text().removeprefix("feeds:\n")
    names = ("site", "second", "third")
    texts = [feed.replace("id: site", f"id: {name}").replace("/feed", f"/{name}") for name in names]
    (site_config / "feeds.yaml").write_text("feeds:\n" + "".join(texts))
    nw = make_newswatch(site_config)
    for name in ("third", "site"):
        site.feed(site.item(f"/{name}"), path=f"/{name}")
        poll(nw, [name], "test")
        clock.advance(minutes=30)
    (shard,) = plan_poll(nw, 1)
    assert shard.feed_ids == ("second", "third", "site")
