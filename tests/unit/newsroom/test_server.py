"""The newsroom on loopback: its feeds with their faults, its pages, its command line."""

import html
import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import feedparser
import pytest
from clocks import NOW, Clock

from newsroom.feeds import HISTORY, entries_of, fails_at
from newsroom.outlets import BY_ID, OUTLETS, Feed, Outlet
from newsroom.pages import Site, story_page
from newsroom.server import Newsroom
from newsroom.stories import Story, as_first_printed, stories_between

FIRST = date(2026, 9, 14)


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom(clock=Clock()) as running:
        yield running


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return list(stories_between(FIRST, NOW.date()))


def get(
    newsroom: Newsroom, outlet_id: str, path: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", newsroom.port, timeout=10)
    host = f"{outlet_id}.{newsroom.domain}:{newsroom.port}"
    connection.request("GET", path, headers={"Host": host} | (headers or {}))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def live_feeds() -> list[tuple[Outlet, Feed]]:
    return [(outlet, feed) for outlet in OUTLETS for feed in outlet.feeds if feed.form in ("rss", "atom")]


def test_every_live_feed_lists_ten_weeks(newsroom: Newsroom) -> None:
    for outlet, feed in live_feeds():
        answer, body = get(newsroom, outlet.id, feed.path)
        parsed = feedparser.parse(body, response_headers={"content-type": answer.headers["Content-Type"]})
        assert (answer.status, bool(parsed.bozo)) == (200, False), feed.id
        expected = entries_of(outlet, feed, NOW)
        assert [entry.title for entry in parsed.entries] == [story.headline for story in expected]
        assert NOW - expected[-1].published_at > HISTORY - timedelta(days=8)
        assert [story.published_at for story in expected] == sorted((s.published_at for s in expected), reverse=True)
        assert all(("published_parsed" in entry) != feed.undated for entry in parsed.entries)


def test_feed_links_resolve(newsroom: Newsroom) -> None:
    for outlet, feed in live_feeds():
        _, body = get(newsroom, outlet.id, feed.path)
        for entry in feedparser.parse(body).entries[:5]:
            path = entry.link.removeprefix(newsroom.base_url(outlet.id))
            assert path.startswith("/")
            assert path.endswith("utm_medium=feed") == feed.tracking
            assert get(newsroom, outlet.id, path)[0].status == 200


def test_not_modified(newsroom: Newsroom) -> None:
    first, _ = get(newsroom, "courier", "/rss.xml")
    tag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": changed}):
        answer, body = get(newsroom, "courier", "/rss.xml", headers)
        assert (answer.status, body) == (304, b"")
    old = format_datetime(NOW - timedelta(days=30), usegmt=True)
    for headers in ({"If-None-Match": '"other"', "If-Modified-Since": changed}, {"If-Modified-Since": old}):
        assert get(newsroom, "courier", "/rss.xml", headers)[0].status == 200
    plain, _ = get(newsroom, "ranok", "/feed.atom")
    assert "ETag" not in plain.headers
    assert "Last-Modified" not in plain.headers


def test_flaky_feed_fails_one_minute_in_four() -> None:
    start = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    moments = [start + timedelta(minutes=minute) for minute in range(8)]
    assert [fails_at(moment) for moment in moments] == [True, False, False, False] * 2
    clock = Clock(start)
    with Newsroom(clock=clock) as running:
        assert get(running, "ledger", "/feed")[0].status == 500
        clock.now = moments[1]
        assert get(running, "ledger", "/feed")[0].status == 200


def test_gone_moved_and_turned_into_a_page(newsroom: Newsroom) -> None:
    assert get(newsroom, "tidewater", "/old/rss.xml")[0].status == 410
    moved, _ = get(newsroom, "svodka", "/rss.xml")
    assert (moved.status, moved.headers["Location"]) == (301, newsroom.base_url("svodka") + "/feeds/all.xml")
    assert len(feedparser.parse(get(newsroom, "svodka", "/feeds/all.xml")[1]).entries) > 50
    page, body = get(newsroom, "svodka", "/rss/culture.xml")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert body.startswith(b"<!doctype html>")


def test_every_story_page_is_served(newsroom: Newsroom, stories: list[Story]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", newsroom.port, timeout=10)
    for story in stories[-250:]:
        host = f"{story.outlet_id}.{newsroom.domain}:{newsroom.port}"
        connection.request("GET", story.path, headers={"Host": host})
        answer = connection.getresponse()
        page = answer.read().decode(BY_ID[story.outlet_id].encoding)
        if story.published_at > NOW:
            assert answer.status == 404
            continue
        assert answer.status == 200
        assert "Invented story of a make-believe newsroom" in page
        assert f'<html lang="{story.language}">' in page
        assert ('rel="canonical"' in page) == (story.outlet_id != "tidewater")
        assert story.paragraphs[0][:12].replace('"', "&#34;").replace("'", "&#39;") in page
        assert ("Please donate" in page) == (story.outlet_id == "ledger")
    connection.close()


def test_page_waits_for_its_hour(stories: list[Story]) -> None:
    story = stories[-1]
    clock = Clock(story.published_at - timedelta(seconds=1))
    with Newsroom(clock=clock) as running:
        assert get(running, story.outlet_id, story.path)[0].status == 404
        clock.now = story.published_at
        assert get(running, story.outlet_id, story.path)[0].status == 200


def test_links_between_pages_resolve(newsroom: Newsroom, stories: list[Story]) -> None:
    for outlet in OUTLETS:
        story = next(s for s in reversed(stories) if s.outlet_id == outlet.id and s.published_at <= NOW)
        page = get(newsroom, outlet.id, story.path)[1].decode(outlet.encoding)
        links = re.findall(rf'href="http://([a-z]+)\.{re.escape(newsroom.domain)}:{newsroom.port}(/[^"]*)"', page)
        assert len(links) >= 4
        assert {get(newsroom, label, path)[0].status for label, path in set(links)} == {200}


def test_front_pages_robots_and_unknown(newsroom: Newsroom) -> None:
    for outlet in OUTLETS:
        page = get(newsroom, outlet.id, "/")[1].decode(outlet.encoding)
        alternates = [feed for feed in outlet.feeds if feed.form in ("rss", "atom")]
        assert page.count('rel="alternate"') == len(alternates)
        assert get(newsroom, outlet.id, "/nowhere")[0].status == 404
        assert get(newsroom, outlet.id, "/world/2026/99/99/x")[0].status == 404
        assert get(newsroom, outlet.id, "/robots.txt")[0].status == (404 if outlet.id == "tidewater" else 200)
    assert b"Disallow: /private/" in get(newsroom, "courier", "/robots.txt")[1]
    links = [story.path for story in entries_of(BY_ID["courier"], BY_ID["courier"].feeds[1], NOW)]
    assert any(path.startswith("/private/") for path in links)
    index = get(newsroom, "nobody", "/")[1].decode()
    assert all(outlet.name in index for outlet in OUTLETS)


def test_windows_1251(newsroom: Newsroom) -> None:
    for path in ("/", "/rss/"):
        answer, body = get(newsroom, "zarechye", path)
        assert "charset=windows-1251" in answer.headers["Content-Type"].lower()
        assert "Зареченская хроника" in body.decode("windows-1251")


def test_hits_and_forced_faults() -> None:
    with Newsroom(clock=Clock()) as running:
        running.faults["courier", "/rss.xml"] = 503
        assert get(running, "courier", "/rss.xml")[0].status == 503
        assert get(running, "courier", "/front.xml")[0].status == 200
        running.fail("courier", 502)
        assert get(running, "courier", "/front.xml")[0].status == 502
        running.fail("courier", None)
        assert get(running, "courier", "/front.xml")[0].status == 200
        assert running.hits["courier", "/front.xml"] == 3


def test_serve_from_the_command_line(tmp_path: Path) -> None:
    topics = tmp_path / "topics.yaml"
    topics.write_text("topics: []\n", encoding="utf-8")
    command = [sys.executable, "-m", "newsroom", "serve", "--config-dir", str(tmp_path / "c"), "--topics", str(topics)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"newsroom listening on http://newsroom\.localhost:\d+\n", line)
        assert (tmp_path / "c" / "feeds.yaml").exists()
        process.terminate()
        assert process.wait(10) == 0


def test_a_page_shows_the_story_as_it_is_at_the_moment() -> None:
    story = next(s for s in stories_between(date(2026, 11, 1), date(2026, 11, 14)) if s.updated_at)
    site = Site("newsroom.localhost", None)
    before, after = (
        story_page(story, site, with_update).decode(BY_ID[story.outlet_id].encoding) for with_update in (False, True)
    )
    assert before != after
    shown = re.sub(r"<[^>]+>", " ", html.unescape(before))
    assert all(text in shown for text in as_first_printed(story).paragraphs)
