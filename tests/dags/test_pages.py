"""The pages in Airflow's UI: behind its login, every route, and showing what the tables and digests say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clocks import Clock
from installed import close_pages, installation, log_in

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.pipeline import (
    Newswatch,
    Reader,
    build_day,
    fetch_pending,
    find_alternatives,
    issue_digest,
    open_newswatch,
    poll,
)
from newswatch.settings import SHIPPED_CONFIG_DIR, load_settings
from newswatch.storage.files import Store
from newswatch.tables import day_tables

DAY, DAY_BEFORE = date(2026, 11, 21), date(2026, 11, 20)


ThreeDays = tuple[dict[str, str], list[date]]
ReadDays = tuple[Newswatch, list[date]]


@pytest.fixture(scope="module")
def three_days(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> ThreeDays:
    """Three days of the newsroom, read, built and one's digest issued by a run: its environment and days."""
    folder = tmp_path_factory.mktemp("pages")
    days = [DAY_BEFORE, DAY, DAY + timedelta(days=1)]
    with pytest.MonkeyPatch.context() as patch, Newsroom(clock=Clock()) as newsroom:
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=3))
        write_config(folder / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        environment = installation(folder, folder / "config", new_database())
        for name, value in environment.items():
            patch.setenv(name, value)
        nw = open_newswatch(load_settings())
        poll(nw, list(nw.feeds), "test")
        fetch_pending(nw, "test")
        for day in days:
            build_day(nw, day, "refresh_day/partition__1+00:00")
        issue_digest(nw, days[1], "daily_digest/scheduled__2026-11-22T06:00:00+00:00")
        nw.close()
    return environment, days


@pytest.fixture
def read_days(three_days: ThreeDays, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadDays]:
    environment, days = three_days
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    nw = open_newswatch(load_settings())
    yield nw, days
    nw.close()


def test_today_shows_every_topic_with_the_tables_numbers_and_links_to_its_run(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    page = client.get("/newswatch/").text
    assert f"{days[2].day} {days[2]:%B %Y}</h1>" in page  # the newest day that has tables
    day = client.get(f"/newswatch/day/{days[1]}").text
    rows = day_tables.TOPIC_DAYS.from_bytes(nw.store.read(f"tables/topic_days/{days[1]}.parquet"))
    cell = (
        r'<td><a href="/newswatch/topic/{}\?last={}">.*?</td>\s*<td class="n">(\d+)</td><td class="n wide">(\d+)</td>'
    )
    for row in rows:
        shown = re.search(cell.format(row["topic"], days[1]), day)
        assert shown, row["topic"]
        assert (int(shown[1]), int(shown[2])) == (row["story_count"], row["original_count"])
    assert 'href="/dags/refresh_day/runs/partition__1%2B00%3A00"' in day
    assert "<button" not in day.replace("<noscript><button>Show</button></noscript>", "")


def test_a_topic_shows_every_mention_and_its_download_has_them_too(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    mentions = [
        row
        for day in days
        for row in day_tables.MENTIONS.from_bytes(nw.store.read(f"tables/mentions/{day}.parquet"))
        if row["topic"] == "new-start"
    ]
    assert mentions
    page = client.get(f"/newswatch/topic/new-start?last={days[2]}&span=7").text
    assert page.count("<mark>") == len(mentions)
    download = client.get(f"/newswatch/topic/new-start/mentions.csv?last={days[2]}&span=7")
    assert download.headers["content-disposition"].startswith('attachment; filename="new-start-')
    assert len(download.text.splitlines()) == 1 + len(mentions)
    outlet = mentions[0]["outlet"]
    of_outlet = client.get(
        "/newswatch/topic/new-start", params={"last": str(days[2]), "span": 7, "outlet": outlet}
    ).text
    assert of_outlet.count("<mark>") == sum(row["outlet"] == outlet for row in mentions)


def test_a_story_shows_its_provenance_its_marked_words_and_who_prints_it(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    stories = [r for d in days for r in day_tables.STORIES.from_bytes(nw.store.read(f"tables/stories/{d}.parquet"))]
    reprint = next(row for row in stories if row["cluster_id"] != row["story_id"])
    page = client.get(f"/newswatch/story/{reprint['story_id']}").text
    assert "Who prints this text" in page
    assert f'href="/newswatch/story/{reprint["cluster_id"]}"' in page
    for word in ("raw/pages/", "Claims", "Revisions", reprint["canonical_url"]):
        assert word in page
    mentioned = {
        r["story_id"]
        for d in days
        for r in day_tables.MENTIONS.from_bytes(nw.store.read(f"tables/mentions/{d}.parquet"))
    }
    assert '<mark title="' in client.get(f"/newswatch/story/{sorted(mentioned)[0]}").text
    assert client.get("/newswatch/story/none").status_code == 404


def test_a_run_leads_to_the_digest_that_it_issued(client: Any, read_days: ReadDays) -> None:
    _, days = read_days
    log_in(client, "VIEWER")
    of_run = client.get("/newswatch/run/daily_digest/scheduled__2026-11-22T06%3A00%3A00%2B00%3A00")
    assert of_run.status_code == 200
    assert f"{days[1].day} {days[1]:%B %Y}" in of_run.text
    other = client.get("/newswatch/run/poll_feeds/manual__1")
    assert other.status_code == 404
    assert "Runs of daily_digest issue digests." in other.text


def test_a_viewer_reads_the_latest_digest_and_chooses_a_day(client: Any, newswatch_environment: Path) -> None:
    nw = open_newswatch(load_settings())
    for day in (DAY_BEFORE, DAY):
        build_day(nw, day)
        issue_digest(nw, day, "test")
    issue_digest(nw, DAY, "another")
    nw.close()
    log_in(client, "VIEWER")
    latest = client.get("/newswatch/digest")
    assert latest.status_code == 200
    assert "Saturday 21 November 2026" in latest.text
    assert "This is issue 2" in latest.text
    assert f'<option value="{DAY_BEFORE}">' in latest.text
    assert "Friday 20 November 2026" in client.get(f"/newswatch/digest?day={DAY_BEFORE}").text
    assert "This is issue 2" not in client.get(f"/newswatch/digest/{DAY}/1").text


@pytest.mark.parametrize("rest", [b"", b"<p>Nobody mentioned it.</p>"])
def test_a_page_of_a_damaged_file_names_it_and_the_way_out(client: Any, read_days: ReadDays, rest: bytes) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    shown = {
        f"digests/{days[1]}/issue-1/digest.html": f"/newswatch/digest/{days[1]}",
        f"tables/mentions/{days[1]}.parquet": f"/newswatch/topic/donetsk?last={days[1]}",
        f"tables/stories/{days[1]}.parquet": f"/newswatch/day/{days[1]}",
    }
    for path, page in shown.items():
        whole = nw.store.read(path)
        nw.store.write(path, rest)
        answer = client.get(page)
        nw.store.write(path, whole)
        assert answer.status_code == 500
        assert f"{path} is damaged" in answer.text
        assert "newswatch verify --repair" in answer.text
        assert "Nobody mentioned it." not in answer.text
        assert client.get(page).status_code == 200


def test_no_page_allows_a_foreign_script_style_or_frame(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    story = day_tables.STORIES.from_bytes(nw.store.read(f"tables/stories/{days[0]}.parquet"))[0]["story_id"]
    for path in ("", f"day/{days[0]}", "topics", "topic/donetsk", f"story/{story}", "feeds", "digest", "run/d/r"):
        answer = client.get(f"/newswatch/{path}")
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-"), path
        assert "unsafe" not in policy
        assert "script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'" in policy
        assert " style=" not in answer.text, path
        assert "http-equiv" not in answer.text, path


@pytest.mark.parametrize("path", ["", "topics", "digest", "feeds"])
def test_before_anything_is_there_a_page_says_how_to_get_it(
    client: Any, path: str, newswatch_environment: Path
) -> None:
    log_in(client, "VIEWER")
    page = client.get(f"/newswatch/{path}").text
    assert "daily_digest" in page or "poll_feeds" in page


@pytest.mark.parametrize("day", ["2031-01-01", "yesterday", "<script>alert(1)</script>", "..%2F..%2Fetc%2Fpasswd"])
@pytest.mark.parametrize("page", ["day", "digest"])
def test_a_day_that_is_none_is_named_and_nothing_of_it_is_run(
    client: Any, page: str, day: str, newswatch_environment: Path
) -> None:
    nw = open_newswatch(load_settings())
    build_day(nw, DAY)
    issue_digest(nw, DAY, "test")
    nw.close()
    log_in(client, "VIEWER")
    answer = client.get(f"/newswatch/{page}/{day}")
    assert answer.status_code in (404, 422)
    assert "<script>alert" not in answer.text or answer.headers["content-type"] == "application/json"


def test_the_page_of_feeds_shows_each_with_its_state(
    client: Any, newsroom: Newsroom, newswatch_environment: Path
) -> None:
    nw = open_newswatch(load_settings())
    newsroom.fail("ledger", 500)
    for _ in range(3):
        poll(nw, list(nw.feeds), "test")
    nw.close()
    assert client.get("/newswatch/feeds").status_code == 401
    log_in(client, "VIEWER")
    page = client.get("/newswatch/feeds")
    assert page.status_code == 200
    for feed_id in nw.feeds:
        assert f'id="{feed_id}"' in page.text
    assert "2 failing" in page.text
    assert "1 gone" in page.text
    assert '<span class="failure" title="http_500">3 × the server\'s status 500</span>' in unescape(page.text)
    bad = [row for row in re.findall(r'<tr id="[^"]+">.*?</tr>', page.text, re.S) if 'class="tag well"' not in row]
    assert len(bad) >= 3
    for row in bad:
        assert "<code>newswatch feeds add" in row or "Wait" in row, row


def test_a_monitor_hears_what_is_late(client: Any, newsroom: Newsroom, newswatch_environment: Path) -> None:
    log_in(client, "VIEWER")
    answer = client.get("/newswatch/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["late"]) == (200, "ok", [])
    nw = open_newswatch(load_settings())
    poll(replace(nw, clock=lambda: datetime.now(UTC) - timedelta(hours=2)), ["ranok"], "test")
    nw.close()
    answer = client.get("/newswatch/health")
    assert answer.status_code == 503
    assert [late["what"] for late in answer.json()["late"]] == ["pages"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_of_feeds_shows_what_a_wall_leaves_open(
    client: Any, newsroom: Newsroom, newswatch_environment: Path
) -> None:
    nw = open_newswatch(load_settings())
    for path in ("/feeds/latest.xml", "/feeds/world.atom"):
        newsroom.fail("meridian", 403, path)
    poll(nw, ["meridian-latest", "northgate-wire"], "test")
    find_alternatives(nw)
    nw.close()
    log_in(client, "VIEWER")
    page = unescape(client.get("/newswatch/feeds").text)
    (row,) = re.findall(r'<tr id="meridian-latest">.*?</tr>', page, re.S)
    assert '<span class="tag refused">refused</span>' in row
    assert "<code>headers</code> or <code>auth</code>" in row
    assert f'href="{newsroom.base_url("meridian")}/wp-json/wp/v2/posts?' in row
    assert "<code>kind: wordpress</code>" in row
    assert page.count("open to programs:") == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/newswatch/nothing/here", 404),
        ("/newswatch/story/none", 404),
        ("/newswatch/story/%00", 404),
        ("/newswatch/run/%00/%00", 404),
        ("/newswatch/topic/no-such-topic", 404),
        ("/newswatch/topic/donetsk?last=0001-01-01", 422),
        ("/newswatch/topic/donetsk?last=9999-12-31", 422),
        ("/newswatch/topic/donetsk?outlet=%00", 404),
        ("/newswatch/topic/donetsk?span=x", 422),
        ("/newswatch/digest/2031-01-01", 404),
    ],
)
def test_an_address_that_is_none_is_answered_with_a_page_that_leads_back(
    client: Any, read_days: ReadDays, address: str, status: int
) -> None:
    log_in(client, "VIEWER")
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/newswatch/topics"' in answer.text
    good = client.get("/newswatch/feeds").headers
    for name in ("x-content-type-options", "referrer-policy", "cache-control"):
        assert answer.headers[name] == good[name]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_ledger_of_another_version_is_said_to_be_one(
    client: Any, read_days: ReadDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client, "VIEWER")

    def outdated(self: Reader) -> None:
        with self._ledger.begin() as connection:
            connection.execute(sa.text("SELECT missing FROM digests"))

    monkeypatch.setattr(Reader, "builds", outdated)
    answer = client.get("/newswatch/")
    assert answer.status_code == 503
    assert "newswatch migrate" in answer.text
    assert "SELECT" not in answer.text


def test_what_nobody_foresaw_is_a_page_without_its_details(
    client: Any, read_days: ReadDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client, "VIEWER")
    monkeypatch.setattr(Reader, "builds", lambda self: 1 / 0)
    answer = client.get("/newswatch/")
    assert answer.status_code == 500
    assert "division" not in answer.text
    assert "log says what" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_page_of_topics_says_what_each_brought_lately(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    page = client.get("/newswatch/topics").text
    assert str(nw.settings.config_dir / "topics.yaml") in page
    counts = {day: day_tables.TOPIC_DAYS.from_bytes(nw.store.read(f"tables/topic_days/{day}.parquet")) for day in days}
    last = max(day for day, rows in counts.items() for row in rows if row["topic"] == "donetsk" and row["story_count"])
    assert f'<a href="/newswatch/day/{last}#donetsk">{last}</a>' in page


def test_the_stories_of_a_topic_are_paged_and_no_page_is_missing(
    client: Any, read_days: ReadDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, days = read_days
    log_in(client, "VIEWER")
    address = f"/newswatch/topic/donetsk?last={days[2]}&span=7"
    story = re.compile(r'<li><a href="/newswatch/story/(\w+)"')
    every = story.findall(client.get(address).text)
    assert "Page <strong>1</strong>" not in client.get(address).text
    monkeypatch.setattr("newswatch_airflow.ui.topic.STORIES_SHOWN", 2)
    numbers = range(1, -(-len(every) // 2) + 1)
    pages = [client.get(f"{address}&page={number}").text for number in numbers]
    assert [id_ for page in pages for id_ in story.findall(page)] == every
    assert len(numbers) > 1
    assert "page=2#mentions" in pages[0].replace("&amp;", "&")


CURRENT = re.compile(r'<a href="[^"]*" aria-current="page">(.*?)</a>')


def test_today_is_the_current_page_when_it_is_shown_and_no_other_day(
    client: Any, read_days: ReadDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, days = read_days
    log_in(client, "VIEWER")
    monkeypatch.setattr("newswatch_airflow.ui.app.day_of", lambda moment, tz: days[2])
    assert CURRENT.findall(client.get("/newswatch/").text) == ["Today"]
    assert CURRENT.findall(client.get(f"/newswatch/day/{days[2]}").text) == ["Today"]
    assert CURRENT.findall(client.get(f"/newswatch/day/{days[1]}").text) == []
    monkeypatch.setattr("newswatch_airflow.ui.app.day_of", lambda moment, tz: days[2] + timedelta(days=1))
    assert CURRENT.findall(client.get("/newswatch/").text) == []  # the newest day with tables is yesterday


def test_a_day_says_of_which_days_and_which_feeds_its_numbers_are(
    client: Any, read_days: ReadDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    day = f"/newswatch/day/{days[2]}"
    monkeypatch.setattr("newswatch_airflow.ui.app.day_of", lambda moment, tz: days[2])
    today = client.get(day).text
    assert "whatever day their stories are of" in today
    assert 'no <a href="/newswatch/feeds">feed</a> has been read over all of it' in today
    assert " of 16" not in today
    assert "Feeds read all day" not in today
    monkeypatch.setattr("newswatch_airflow.ui.app.day_of", lambda moment, tz: days[2] + timedelta(days=1))
    past = client.get(day).text
    assert "0 of 16 feeds were read over the whole day" in past
    assert "when these tables were made" not in past
    assert "Feeds read all day" in past
    fewer = nw.catalogue.model_copy(update={"feeds": nw.catalogue.feeds[:15]})
    monkeypatch.setattr(Reader, "catalogue", lambda self: fewer)
    now = 'as feeds.yaml was when these tables were made, there are <a href="/newswatch/feeds">15 feeds</a> now'
    assert now in client.get(day).text


@pytest.mark.parametrize("path", ["day/{}", "topic/donetsk?last={}", "digest/{}"])
def test_every_mark_of_a_chart_is_in_its_legend(client: Any, read_days: ReadDays, path: str) -> None:
    _, days = read_days
    log_in(client, "VIEWER")
    page = client.get(f"/newswatch/{path.format(days[1])}").text
    for word in ("in blue", "shaded", "hatched", "orange", "without tables"):
        assert word in page


def test_a_sentence_with_two_mentions_is_listed_once_with_both_marked(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    rows = [r for d in days for r in day_tables.MENTIONS.from_bytes(nw.store.read(f"tables/mentions/{d}.parquet"))]
    of_topic = [row for row in rows if row["topic"] == "new-start"]
    sentences = {(r["story_id"], r["zone"] == "headline", r["sentence_start"]) for r in of_topic}
    page = client.get(f"/newswatch/topic/new-start?last={days[2]}&span=7").text
    assert page.count("<blockquote") == len(sentences) < len(of_topic)
    assert page.count("<mark>") == len(of_topic)


def test_pages_show_the_same_of_a_bucket_and_say_what_is_wrong_with_it(
    client: Any, read_days: ReadDays, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    story = day_tables.MENTIONS.from_bytes(nw.store.read(f"tables/mentions/{days[1]}.parquet"))[0]["story_id"]
    paths = (f"day/{days[1]}", f"topic/donetsk?last={days[1]}", f"story/{story}", f"digest/{days[1]}/1")
    of_folder = [client.get(f"/newswatch/{path}").text for path in paths]
    far = Store(bucket)
    for path in nw.store.walk(""):
        far.write(path, nw.store.read(path))
    monkeypatch.setenv("NEWSWATCH_DATA_URL", bucket)
    close_pages()
    assert [client.get(f"/newswatch/{path}").text for path in paths] == of_folder
    monkeypatch.setenv("NEWSWATCH_DATA_URL", "s3://none-of-that-name/desk")
    close_pages()
    answer = client.get(f"/newswatch/{paths[2]}")
    assert (answer.status_code, "there is no such bucket" in unescape(answer.text)) == (503, True)
    close_pages()


def test_a_storys_page_dates_its_digests_and_lists_the_same_words_once(client: Any, read_days: ReadDays) -> None:
    nw, days = read_days
    log_in(client, "VIEWER")
    rows = day_tables.MENTIONS.from_bytes(nw.store.read(f"tables/mentions/{days[1]}.parquet"))
    said = Counter((r["story_id"], r["topic"], r["term"], r["surface"], r["zone"]) for r in rows)
    (story_id, _, term, surface, zone), count = said.most_common(1)[0]
    assert count > 1
    page = client.get(f"/newswatch/story/{story_id}").text
    row = f'<td class="wide"><bdi>{term}</bdi></td><td><bdi>{surface}</bdi></td><td>{zone}</td><td class="n">'
    assert re.findall(f"{re.escape(row)}(\\d+)</td>", page) == [str(count)]
    assert re.search(r">issue 1</a> \(\d{4}-\d\d-\d\d \d\d:\d\d\)", page)


def test_a_past_day_says_how_it_is_rebuilt(client: Any, read_days: ReadDays) -> None:
    _, days = read_days
    log_in(client, "VIEWER")
    page = client.get(f"/newswatch/day/{days[1]}").text
    assert f"newswatch build {days[1]}" in page
    assert "00:00 and 23:59" in page
    assert "Completed at" in page


NEW_TOPIC = """
  - id: quay
    name: Quay
    description: What is said of quays.
    terms: [{text: quay}]
    examples: {match: [A quay.], no_match: [A pier.]}
"""


def test_a_topic_that_was_just_added_says_when_it_counts_and_how_past_days_get_it(
    client: Any, newswatch_environment: Path
) -> None:
    log_in(client, "VIEWER")
    nw = open_newswatch(load_settings())
    for day in (DAY_BEFORE, DAY):
        build_day(nw, day)
    topics = nw.settings.config_dir / "topics.yaml"
    assert "has been edited" not in client.get("/newswatch/topics").text
    assert "edited" not in client.get("/newswatch/topic/quay").text
    topics.write_text(topics.read_text(encoding="utf-8") + NEW_TOPIC, encoding="utf-8")
    assert "in force from the next poll" in client.get("/newswatch/topics").text
    assert "in force from the next poll" in client.get("/newswatch/topic/quay").text
    nw.close()
    open_newswatch(load_settings()).close()  # as a poll does
    page = client.get(f"/newswatch/topic/quay?last={DAY}&span=7").text
    assert f"newswatch build {DAY_BEFORE}..{DAY}" in page
    assert "2 days have tables that were made before this topic came" in page
    assert "5 of these 7 days have no tables" in page
    nw = open_newswatch(load_settings())
    for day in (DAY_BEFORE, DAY):
        build_day(nw, day)
    nw.close()
    assert "made before this topic" not in client.get(f"/newswatch/topic/quay?last={DAY}&span=7").text


def test_a_digests_links_lead_to_the_pages_of_the_server_that_shows_it(
    client: Any, newswatch_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSWATCH_PAGES_URL", "http://elsewhere.example:8081/newswatch")  # as it was when it was issued
    nw = open_newswatch(load_settings())
    poll(nw, list(nw.feeds), "test")
    fetch_pending(nw, "test")
    build_day(nw, DAY)
    issue_digest(nw, DAY, "test")
    nw.close()
    log_in(client, "VIEWER")
    page = client.get(f"/newswatch/digest/{DAY}").text
    links = re.findall(r'href="(/newswatch/(?:story|topic)/[^"]+)"', page)
    assert any("/story/" in link for link in links)
    assert any("/topic/" in link for link in links)
    assert "elsewhere.example" not in page
    for link in links[:6]:
        assert client.get(link.replace("&amp;", "&")).status_code == 200
