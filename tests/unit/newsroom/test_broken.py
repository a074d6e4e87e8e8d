"""The Broken Buoy: every feed has the fault that it is said to have, and none holds up the newsroom's end."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
import yaml
from aiohttp import web
from clocks import NOW, Clock

from newsroom import broken
from newsroom.broken import BOMB_BYTES, FEEDS, INSIDE, LOST, QUIET_DAYS
from newsroom.config import write_config
from newsroom.notes import note, notes_before
from newsroom.outlets import OUTLETS
from newsroom.server import Newsroom
from newswatch.config.catalogue import load_catalogue
from newswatch.settings import SHIPPED_CONFIG_DIR
from newswatch.topics.matcher import Matcher
from newswatch_airflow.local.make_run import _Run

TOPICS = SHIPPED_CONFIG_DIR / "topics.yaml"
FEED = "/feed.xml"


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom(clock=Clock(), is_broken_on=True) as running:
        yield running


def get(newsroom: Newsroom, name: str, path: str = FEED) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", newsroom.port, timeout=10)
    host = f"{name}.{newsroom.domain}:{newsroom.port}"
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def entries(newsroom: Newsroom, name: str, path: str = FEED) -> list[feedparser.FeedParserDict]:
    answer, body = get(newsroom, f"{name}.buoy", path)
    parsed = feedparser.parse(body)
    assert (answer.status, bool(parsed.bozo)) == (200, False)
    return list(parsed.entries)


def asked(newsroom: Newsroom, name: str, path: str = FEED) -> socket.socket:
    """A connection on which the request has been sent, and nothing read yet."""
    connection = socket.create_connection(("127.0.0.1", newsroom.port), timeout=10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}.buoy.{newsroom.domain}\r\n\r\n".encode())
    return connection


def page_of(newsroom: Newsroom, link: str) -> tuple[http.client.HTTPResponse, bytes]:
    found = re.fullmatch(rf"http://(.+)\.{re.escape(newsroom.domain)}:{newsroom.port}(/.+)", link)
    assert found
    return get(newsroom, found[1], found[2])


def test_the_outlet_is_not_there_unless_it_is_asked_for() -> None:
    with Newsroom(clock=Clock()) as running:
        answer, body = get(running, "busy.buoy")
        assert (answer.status, body) == (200, get(running, "nobody")[1])  # as for any host that is nobody's


def test_the_configuration_holds_its_feeds_only_where_it_is_asked_for(tmp_path: Path) -> None:
    write_config(tmp_path / "off", port=4123, topics=TOPICS)
    write_config(tmp_path / "on", port=4123, topics=TOPICS, broken=True)
    off = load_catalogue(tmp_path / "off").feeds
    on = load_catalogue(tmp_path / "on").feeds
    assert on[: len(off)] == off
    assert len(off) == sum(len(outlet.feeds) for outlet in OUTLETS)
    assert [(f.id, f.outlet, f.allow_private) for f in on[len(off) :]] == [
        (feed.id, "The Broken Buoy", True) for feed in FEEDS
    ]
    assert on[len(off)].url == "http://drip.buoy.newsroom.localhost:4123/feed.xml"


def test_every_feed_has_a_host_of_its_own_and_the_front_page_lists_them_all(newsroom: Newsroom) -> None:
    page = get(newsroom, "buoy", "/")[1].decode()
    hosts = re.findall(r'href="http://([^/]+)/feed\.xml">(buoy-[a-z]+)<', page)
    assert [feed_id for _, feed_id in hosts] == [feed.id for feed in FEEDS]
    assert len({host for host, _ in hosts}) == len(FEEDS)
    assert all(get(newsroom, f"{feed.name}.buoy", "/robots.txt")[0].status == 200 for feed in FEEDS)
    assert get(newsroom, "drip.buoy", "/nowhere")[0].status == get(newsroom, "nobody.buoy")[0].status == 404


def test_the_drip_sends_a_byte_and_after_a_second_the_next(newsroom: Newsroom) -> None:
    with asked(newsroom, "drip") as connection:
        began = time.monotonic()
        received = b""
        while not received.endswith(b"?\r\n"):
            received += connection.recv(1000)
    assert time.monotonic() - began > 0.9
    assert received.partition(b"\r\n\r\n")[2] == b"1\r\n<\r\n1\r\n?\r\n"


def test_the_silent_feed_takes_the_request_and_says_nothing(newsroom: Newsroom) -> None:
    with asked(newsroom, "silent") as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert newsroom.hits[f"silent.buoy.{newsroom.domain}", FEED] == 1


@pytest.mark.parametrize("has_client_gone", [False, True])
def test_neither_the_drip_nor_the_silence_holds_up_the_newsrooms_end(has_client_gone: bool) -> None:
    running = Newsroom(clock=Clock(), is_broken_on=True).start()
    connections = [asked(running, name, path) for name, path in (("drip", FEED), ("drip.lost", "/notes/1"))]
    connections.append(asked(running, "silent"))
    assert all(connection.recv(1) == b"H" for connection in connections[:2])
    while not running.hits[f"silent.buoy.{running.domain}", FEED]:
        time.sleep(0.01)
    if has_client_gone:
        for connection in connections:
            connection.close()
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 3
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("name", ["drip", "silent"])
def test_the_drip_and_the_silence_end_when_the_client_goes(
    newsroom: Newsroom, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broken, "DRIP_SECONDS", 0.02)
    ended = threading.Event()
    handle = broken.BY_NAME[name].answer

    async def watched(visit: broken.Visit) -> web.StreamResponse:
        try:
            return await handle(visit)
        finally:
            ended.set()

    monkeypatch.setitem(broken.BY_NAME, name, replace(broken.BY_NAME[name], answer=watched))
    with asked(newsroom, name):
        assert not ended.wait(0.2)
    assert ended.wait(2)


def test_the_bomb_is_small_until_it_is_unpacked(newsroom: Newsroom) -> None:
    answer, body = get(newsroom, "bomb.buoy")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(body) < BOMB_BYTES / 900
    assert len(zlib.decompressobj(31).decompress(body, 20_000_000)) == 20_000_000


def test_the_cut_feed_ends_within_its_last_entry_and_states_no_length(newsroom: Newsroom) -> None:
    answer, body = get(newsroom, "cut.buoy")
    assert "Content-Length" not in answer.headers
    assert body.count(b"<item>") == body.count(b"</item>") + 1 == 4
    assert body.endswith(b"</description>")


def test_the_busy_feed_names_an_hour(newsroom: Newsroom) -> None:
    answer, _ = get(newsroom, "busy.buoy")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3600")


def test_redirects_lead_in_a_circle_inside_and_for_good(newsroom: Newsroom) -> None:
    base = f"http://loop.buoy.{newsroom.domain}:{newsroom.port}"
    for path, target in ((FEED, FEED + "/"), (FEED + "/", FEED)):
        answer, _ = get(newsroom, "loop.buoy", path)
        assert (answer.status, answer.headers["Location"]) == (302, base + target)
    inside, _ = get(newsroom, "inside.buoy")
    assert (inside.status, inside.headers["Location"]) == (302, INSIDE)
    moved, _ = get(newsroom, "moved.buoy")
    assert (moved.status, moved.headers["Location"]) == (308, base.replace("loop", "moved") + "/feeds/notes.xml")
    assert len(entries(newsroom, "moved", "/feeds/notes.xml")) == 4


def test_a_login_page_and_garbage_stand_in_a_feeds_place(newsroom: Newsroom) -> None:
    page, form = get(newsroom, "login.buoy")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b'type="password"' in form
    garbage, noise = get(newsroom, "garbage.buoy")
    assert (garbage.status, garbage.headers["Content-Type"]) == (200, "application/rss+xml; charset=utf-8")
    assert len(set(noise)) == 256
    assert get(newsroom, "garbage.buoy")[1] == noise


def test_the_empty_feed_is_a_feed(newsroom: Newsroom) -> None:
    assert entries(newsroom, "empty") == []


def test_the_gap_lists_three_notes_of_which_a_quarter_of_an_hour_leaves_none() -> None:
    clock = Clock()
    with Newsroom(clock=clock, is_broken_on=True) as running:
        before = [entry.id for entry in entries(running, "gap")]
        clock.advance(minutes=1)
        next_minute = [entry.id for entry in entries(running, "gap")]
        clock.advance(minutes=14)
        later = [entry.id for entry in entries(running, "gap")]
    assert next_minute[1:] == before[:2]
    assert len(set(before + later)) == 6


@pytest.mark.parametrize("days", range(0, 60, 7))
def test_the_quiet_feed_came_daily_and_stopped_forty_days_ago_or_more(days: int) -> None:
    now = NOW + timedelta(days=days)
    with Newsroom(clock=Clock(now), is_broken_on=True) as running:
        dates = [datetime(*entry.published_parsed[:6], tzinfo=UTC) for entry in entries(running, "quiet")]
    assert timedelta(days=QUIET_DAYS) <= now - dates[0] < timedelta(days=QUIET_DAYS + 31)
    assert dates == [dates[0] - timedelta(days=number) for number in range(10)]


def test_the_dates_are_those_of_no_calendar(newsroom: Newsroom) -> None:
    body = get(newsroom, "dates.buoy")[1].decode()
    stated = re.findall(r"<pubDate>(.+?)</pubDate>", body)
    assert [re.sub(r"^\w+, \d+ \w+ (\d{4}) [\d:]+ ", r"\1 ", date) for date in stated] == [
        "2026 MSK",
        "0001 GMT",
        "9999 GMT",
        "1970 GMT",
        stated[4],
    ]
    assert datetime.fromtimestamp(int(stated[4]), UTC).date() == NOW.date() - timedelta(days=1)
    assert body.count("<item>") == 6


def test_one_title_holds_half_a_character(newsroom: Newsroom) -> None:
    body = get(newsroom, "surrogate.buoy")[1]
    assert body.count(b" &#xD800;</title>") == body.count(b"&#xD800;") == 1
    assert body.index(b"<item>") < body.index(b"&#xD800;") < body.index(b"</item>")
    assert body.count(b"<item>") == 4


@pytest.mark.parametrize("name", ["gap", "quiet", "dates", "moved"])
def test_links_lead_to_pages_that_say_what_the_feed_says(newsroom: Newsroom, name: str) -> None:
    for entry in entries(newsroom, name, "/feeds/notes.xml" if name == "moved" else FEED):
        answer, body = page_of(newsroom, entry.link)
        assert answer.status == 200
        assert entry.title.encode() in body.replace(b"&#39;", b"'")
        assert body.count(b"<p>") == 3


def test_a_note_of_a_minute_to_come_is_not_there_yet(newsroom: Newsroom) -> None:
    minute = int(NOW.timestamp()) // 60
    assert get(newsroom, "gap.buoy", f"/notes/{minute}")[0].status == 200
    assert get(newsroom, "gap.buoy", f"/notes/{minute + 1}")[0].status == 404


def test_lost_pages_are_missing_gone_busy_or_slow(newsroom: Newsroom) -> None:
    links = [entry.link for entry in entries(newsroom, "lost")]
    assert len(links) == len(LOST)
    assert [page_of(newsroom, link)[0].status for link in links[:3]] == [404, 410, 503]
    with asked(newsroom, "drip.lost", "/" + links[3].split("/", 3)[3]) as connection:
        assert connection.recv(1) == b"H"


def test_notes_mention_no_topic_and_are_different_texts(tmp_path: Path) -> None:
    write_config(tmp_path, port=1, topics=TOPICS)
    matcher = Matcher(load_catalogue(tmp_path).topics)
    notes = [n for feed in FEEDS for n in notes_before(f"{feed.name}.buoy", NOW, timedelta(hours=6), 20)]
    assert not [n for n in notes if matcher.find(n.title, "\n".join(n.paragraphs), "en")]
    assert len({n.paragraphs for n in notes}) > 0.97 * len(notes)
    assert note("gap.buoy", 7) == note("gap.buoy", 7) != note("quiet.buoy", 7)


def test_serve_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "newsroom", "serve", "--broken", "--config-dir", str(tmp_path)]
    with subprocess.Popen([*command, "--topics", str(TOPICS)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("newsroom listening on ")
        feeds = yaml.safe_load((tmp_path / "feeds.yaml").read_text(encoding="utf-8"))["feeds"]
        assert {feed.id for feed in FEEDS} < {feed["id"] for feed in feeds}
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(("value", "is_on"), [(None, False), ("", False), ("0", False), ("1", True)])
@pytest.mark.parametrize("name", ["broken", "wharf"])
def test_make_run_turns_it_on_by_its_variable(
    name: str, value: str | None, is_on: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("NEWSWATCH_CONFIG_DIR", "NEWSWATCH_DATA_URL", "NEWSWATCH_DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("NEWSROOM_BROKEN", "NEWSROOM_WHARF"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NEWSWATCH_HOME", str(tmp_path))
    if value is not None:
        monkeypatch.setenv(f"NEWSROOM_{name.upper()}", value)
    run = _Run()
    commands: list[list[str]] = []
    run._attendant.env = {"NEWSWATCH_CONFIG_DIR": str(tmp_path)}
    monkeypatch.setattr(run._attendant.processes, "start", lambda name, command, env: commands.append(command))

    def ready(condition: Callable[[], bool], what: str) -> None:
        assert what == "the newsroom"

    monkeypatch.setattr(run._attendant, "until", ready)
    run._start_newsroom()
    assert [f"--{name}" in command for command in commands] == [is_on]


def test_the_labels_of_other_outlets_are_not_its_own() -> None:
    assert broken.is_broken("buoy")
    assert broken.is_broken("drip.lost.buoy")
    assert not any(broken.is_broken(outlet.id) for outlet in OUTLETS)
    assert not broken.is_broken("lifebuoy")
