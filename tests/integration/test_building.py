"""A day's tables and its digest: readable as they lie, the same every time, and true to what the newsroom wrote."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from ask import Read
from clocks import NOW
from web_site import Site

from newsroom.server import find_story
from newsroom.stories import Story
from newswatch.config.catalogue import parse_catalogue
from newswatch.pipeline import Newswatch, build_day, deliver, fetch_pending, issue_digest, poll, tag
from newswatch.pipeline.recurring_lines import frozen_lines
from newswatch.stories.story import Story as StoredStory
from newswatch.stories.story import from_row
from newswatch.tables import batch_tables, day_tables
from newswatch.tables.parquet import Table

TODAY = NOW.date()
DAYS = [TODAY - timedelta(days=n) for n in range(4, -1, -1)]
TRUE_TOPICS = ("new-start", "donetsk")


@pytest.fixture(scope="session")
def built(read: Read) -> Any:
    """The newsroom that was read, its last five days built."""
    for day in DAYS:
        build_day(read.nw, day)
    return read


def table_files(read: Read) -> dict[str, str]:
    root = Path(read.nw.store.locate("tables"))
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.parquet"))
        if date.fromisoformat(path.stem) in DAYS
    }


def frame(read: Read, name: str) -> pd.DataFrame:
    return pd.read_parquet(read.nw.store.locate(f"tables/{name}"))


def truth_of(url: str) -> Story:
    parts = urlsplit(url)
    story = find_story((parts.hostname or "").split(".")[0], parts.path)
    assert story
    return story


@pytest.mark.parametrize("table", day_tables.TABLES, ids=lambda t: t.name)
def test_a_folder_of_tables_is_read_by_pandas_and_duckdb_as_it_lies(built: Any, table: Table) -> None:
    folder = built.nw.store.locate(f"tables/{table.name}")
    by_pandas = pd.read_parquet(folder)
    by_duckdb = duckdb.sql(f"SELECT * FROM '{folder}/*.parquet'")

    assert list(by_pandas.columns) == by_duckdb.columns == [c.name for c in table.columns]
    assert len(by_pandas) == len(by_duckdb.fetchall()) > 0
    assert not by_pandas.duplicated(["day", *table.key]).any()


@pytest.mark.parametrize("table", day_tables.TABLES, ids=lambda t: t.name)
def test_every_files_schema_is_the_declared_one(built: Any, table: Table) -> None:
    for day in DAYS:
        path = built.nw.store.locate(f"tables/{table.name}/{day}.parquet")
        assert pq.read_schema(path).remove_metadata() == table.schema
        assert set(pq.read_table(path)["day"].to_pylist()) <= {day}


def test_a_topic_that_no_story_mentions_has_a_row_with_zero(built: Any) -> None:
    topic_days = frame(built, "topic_days")
    rows = topic_days[topic_days["day"] == TODAY]

    assert list(rows["topic"]) == sorted(topic.id for topic in built.nw.catalogue.topics)
    zero = rows[rows["story_count"] == 0]
    assert len(zero) > 0
    assert (zero["seen_story_count"] == len(frame(built, "stories").query("day == @TODAY"))).all()
    assert (zero["story_share"] == 0.0).all()


def test_a_day_of_which_nothing_is_known_gets_tables_of_zeros(built: Any) -> None:
    day = date(2026, 3, 3)
    report = build_day(built.nw, day)
    rows = day_tables.TOPIC_DAYS.from_bytes(built.nw.store.read(f"tables/topic_days/{day}.parquet"))
    for table in day_tables.TABLES:
        Path(built.nw.store.locate(f"tables/{table.name}/{day}.parquet")).unlink()

    assert report.story_count == 0
    assert report.topic_story_counts_before is None
    assert {row["story_count"] for row in rows} == {0}
    assert {row["story_share"] for row in rows} == {None}
    assert {row["covering_feed_count"] for row in rows} == {0}


def test_building_again_in_another_order_gives_the_same_bytes(built: Any) -> None:
    before = table_files(built)
    reports = [build_day(built.nw, day) for day in reversed(DAYS)]

    assert len(before) == len(DAYS) * len(day_tables.TABLES)
    assert table_files(built) == before
    assert not any(report.is_changed for report in reports)
    assert all(report.topic_story_counts_before == report.topic_story_counts for report in reports)


def test_building_in_another_process_and_time_zone_gives_the_same_bytes(built: Any) -> None:
    before = table_files(built)
    settings = built.nw.settings
    environ = os.environ | {
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
        "NEWSWATCH_HOME": str(settings.home),
        "NEWSWATCH_DATA_URL": settings.data_url,
        "NEWSWATCH_DATABASE_URL": settings.database_url,
    }
    command = [sys.executable, "-m", "newswatch.cli", "build", "--no-digest", f"{DAYS[0]}..{DAYS[-1]}"]
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)

    assert len(done.stdout.splitlines()) == len(DAYS)
    assert table_files(built) == before


def test_the_counts_are_those_that_the_mentions_give(built: Any) -> None:
    mentions, topic_days, stories = (frame(built, name) for name in ("mentions", "topic_days", "stories"))
    for row in topic_days.itertuples():
        mine = [m for m in mentions.itertuples() if (m.day, m.topic) == (row.day, row.topic)]
        assert row.mention_count == len(mine)
        assert row.story_count == len({m.story_id for m in mine})
        assert row.outlet_count == len({m.outlet for m in mine})
        assert row.headline_story_count == len({m.story_id for m in mine if m.zone == "headline"})
        assert row.about_story_count == len({m.story_id for m in mine if m.is_about}) <= row.story_count
        for story in {m.story_id for m in mine}:
            of_story = [m for m in mine if m.story_id == story]
            is_about = len(of_story) >= 3 or any(m.zone in ("headline", "lede") for m in of_story)
            assert {m.is_about for m in of_story} == {is_about}
        assert row.seen_story_count == (stories["day"] == row.day).sum()
    outlet_days = frame(built, "outlet_days")
    assert outlet_days["story_count"].sum() == len(stories)
    versions = {built.nw.catalogue.topics_version}
    assert set(mentions["topics_version"]) == set(topic_days["topics_version"]) == versions
    assert set(outlet_days["topics_version"]) == versions


def test_every_mention_can_be_found_at_its_place_in_the_text(built: Any) -> None:
    texts = {}
    for path in Path(built.nw.store.locate("batches/story_texts")).rglob("*.parquet"):
        texts |= {row["story_id"]: row for row in batch_tables.STORY_TEXTS.from_bytes(path.read_bytes())}
    mentions = frame(built, "mentions")
    assert len(mentions) > 50
    for m in mentions.itertuples():
        text = texts[m.story_id]["title" if m.zone == "headline" else "text"]
        assert text[m.start : m.end] == m.surface
        assert text[m.sentence_start : m.sentence_end] == m.sentence
        assert m.surface in m.sentence


@pytest.mark.parametrize("topic", TRUE_TOPICS)
def test_the_tags_are_what_the_newsroom_knows_to_be_true(built: Any, topic: str) -> None:
    stories = {row.story_id: truth_of(row.canonical_url) for row in frame(built, "stories").itertuples()}
    mentions = frame(built, "mentions")
    tagged = set(mentions[mentions["topic"] == topic]["story_id"])
    true = {story_id for story_id, story in stories.items() if topic in story.topics}

    assert len(true) >= 5
    missed = [stories[s].headline for s in true - tagged]
    wrong = [
        (stories[s].headline, next(m.sentence for m in mentions.itertuples() if m.story_id == s)) for s in tagged - true
    ]
    assert len(true & tagged) / len(true) >= 0.97, missed
    assert len(true & tagged) / len(tagged) >= 0.9, wrong


def page_stories(read: Read) -> list[tuple[StoredStory, Story]]:
    """Every story whose page was had, as its day reads it, with what the newsroom knows of it."""
    paths = Path(read.nw.store.locate("batches/story_texts")).rglob("*.parquet")
    rows = [row for path in sorted(paths) for row in batch_tables.STORY_TEXTS.from_bytes(path.read_bytes())]
    stored = [from_row(row, row["day"]) for row in rows if row["text_source"] == "page"]
    known = frozen_lines(read.nw, {story.day for story in stored})
    return [(known.cut(story, story.day), truth_of(story.canonical_url)) for story in stored]


def test_every_page_gives_the_storys_own_words_and_no_furniture(built: Any) -> None:
    strange: Counter[str] = Counter()
    for stored, story in page_stories(built):
        lines = stored.own_text.split("\n")
        assert set(lines) >= set(story.paragraphs), stored.canonical_url
        for line in set(lines) - set(story.paragraphs) - {story.standfirst}:
            if not (line in ", ".join(story.authors) or (story.credit and story.credit in line)):
                strange[line] += 1
    assert not strange


def test_every_story_has_its_own_headline(built: Any) -> None:
    wrong = [(stored.title, story.headline) for stored, story in page_stories(built) if stored.title != story.headline]
    assert not wrong


def test_stories_belong_to_the_day_of_their_publication(built: Any) -> None:
    for row in frame(built, "stories").itertuples():
        assert row.day == truth_of(row.canonical_url).published_at.date()


def test_a_new_topic_finds_the_stories_of_the_days_before(built: Any, tmp_path: Path) -> None:
    word = next(
        word
        for story in frame(built, "stories").itertuples()
        for word in truth_of(story.canonical_url).paragraphs[0].split()
        if story.language == "en" and story.day == DAYS[0] and word.isalpha() and len(word) > 8
    )
    text = built.nw.catalogue.topics_text + (
        f"  - id: brand-new\n    name: Brand new\n    description: Added later.\n    terms:\n      - text: {word}\n"
        f'    examples:\n      match: ["Look, {word} again."]\n      no_match: [Nothing of it here.]\n'
    )
    before = table_files(built)
    later = built.with_topics(text, tmp_path / "later")
    try:
        assert build_day(later, DAYS[0]).topic_story_counts["brand-new"] >= 1
    finally:
        later.close()
        build_day(built.nw, DAYS[0])
    assert table_files(built) == before


def test_a_renamed_outlet_keeps_its_stories_and_leaves_no_false_zero(built: Any) -> None:
    before = table_files(built)
    feeds = built.nw.catalogue.feeds_text.replace("The Harbour Courier", "The Courier")
    renamed = replace(built.nw, catalogue=parse_catalogue(feeds, built.nw.catalogue.topics_text))
    try:
        build_day(renamed, DAYS[0])
        outlets = pd.read_parquet(built.nw.store.locate(f"tables/outlet_days/{DAYS[0]}.parquet"))
    finally:
        build_day(built.nw, DAYS[0])
    assert "The Harbour Courier" not in set(outlets["outlet"])
    assert outlets.set_index("outlet").loc["The Courier", "story_count"] > 0
    assert table_files(built) == before


class Words(HTMLParser):
    """Text, tags and links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_digest_shows_each_story_once_and_the_tables_numbers(built: Any) -> None:
    day = DAYS[2]
    issued = issue_digest(built.nw, day, "numbers")
    page = Words(built.nw.store.read(issued.html_path).decode())
    topic_days = frame(built, "topic_days").query("day == @day").set_index("topic")
    mentions = frame(built, "mentions").query("day == @day")

    assert issued.topic_story_counts == topic_days["story_count"].to_dict()
    web = [link for link in page.links if link.startswith("http")]
    assert len(web) == len(set(web)) == mentions["story_id"].nunique()
    for topic in built.nw.catalogue.topics:
        row = topic_days.loc[topic.id]
        if row["story_count"]:
            said = f"{counted(row['original_count'], 'text')} in {counted(row['story_count'], 'story')} of "
            said += counted(row["outlet_count"], "outlet")
            shown = page.text.split(f"\n{topic.name}\n")[-1].lstrip().split("\n")[0]
            assert shown.startswith(said)
            assert f"{counted(row['mention_count'], 'mention')};" in shown
    assert f"{len(frame(built, 'stories').query('day == @day'))} stories from" in page.text


def counted(number: int, what: str) -> str:
    return f"{number} {what if number == 1 else what.replace('story', 'storie') + 's'}"


def test_a_digest_keeps_its_number_for_the_same_issuer_and_counts_on_for_another(built: Any) -> None:
    day, nw = DAYS[1], built.nw
    first = issue_digest(nw, day, "run-a")
    bytes_of_first = nw.store.read(f"digests/{day}/issue-{first.number}/digest.html")
    again = issue_digest(nw, day, "run-a")
    second = issue_digest(nw, day, "run-b")

    assert (first.number, again.number, second.number) == (1, 1, 2)
    assert nw.store.read(f"digests/{day}/issue-1/digest.html") == bytes_of_first
    assert b"<strong>Re-issued, unchanged.</strong> This is issue 2; it replaces issue 1 of 2026" in nw.store.read(
        f"digests/{day}/issue-2/digest.html"
    )
    assert nw.store.read(f"digests/{day}/digest.html") == nw.store.read(f"digests/{day}/issue-2/digest.html")


def test_the_days_steady_address_keeps_the_newest_issue_when_an_older_run_is_repeated(built: Any) -> None:
    day, nw = DAYS[0], built.nw
    issue_digest(nw, day, "run-a")
    issue_digest(nw, day, "run-b")
    issue_digest(nw, day, "run-a")  # an old run's task, cleared and run again

    assert nw.store.read(f"digests/{day}/digest.html") == nw.store.read(f"digests/{day}/issue-2/digest.html")


def test_a_digest_is_delivered_once_and_never_over_a_later_days(built: Any) -> None:
    nw = built.nw
    issued = {day: issue_digest(nw, day, "delivery").number for day in DAYS[-2:]}
    earlier, later = issued
    assert deliver(nw, later, issued[later])
    assert not deliver(nw, later, issued[later])
    assert deliver(nw, earlier, issued[earlier])

    assert nw.store.read("digests/latest.html") == nw.store.read(f"digests/{later}/issue-{issued[later]}/digest.html")


@pytest.fixture
def hostile(site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]) -> tuple[str, str]:
    """The digest of a day on which a site wrote its headline against its readers: HTML and Markdown."""
    nw = make_newswatch(site_config)
    title = (
        '<script>alert(1)</script> [Donetsk](javascript:alert(2)) **bold** `code` | cell <img src=x onerror=a()> "q"'
    )
    html = title.replace("&", "&amp;").replace("<", "&lt;")
    site.page("/1", title=html)
    site.feed(f"<item><title>{html.replace('&', '&amp;')}</title><link>{site.url('/1')}</link></item>")
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    issue_digest(nw, TODAY, "test")
    html_page, markdown = (nw.store.read(f"digests/{TODAY}/digest.{kind}").decode() for kind in ("html", "md"))
    return html_page, markdown


def test_a_headline_with_markup_is_inert_in_the_html_digest(hostile: tuple[str, str]) -> None:
    page = Words(hostile[0])

    assert page.tags["script"] == page.tags["img"] == 0
    assert not any(link.startswith("javascript:") for link in page.links)
    assert "<script>alert(1)</script>" in page.text


def test_a_headline_with_markup_is_inert_in_the_markdown_digest(hostile: tuple[str, str]) -> None:
    line = next(line for line in hostile[1].splitlines() if "alert" in line)

    assert "<script" not in line
    assert "<img" not in line
    assert "](javascript:" not in line
    assert r"\*\*bold\*\*" in line
    assert r"\`code\`" in line


def test_the_texts_of_a_day_are_let_go_before_its_mentions_come_in(
    built: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[int] = []

    def stored_count() -> int:
        return sum(isinstance(thing, StoredStory) for thing in gc.get_objects())

    def mentions_of_day(*arguments: Any) -> Any:
        alive.append(stored_count())
        wait = tag.mentions_of_day(*arguments)
        return lambda: alive.append(stored_count()) or wait()

    gc.collect()
    before = stored_count()
    monkeypatch.setattr("newswatch.pipeline.build.mentions_of_day", mentions_of_day)
    report = build_day(built.nw, DAYS[-2])
    assert alive == [before + report.story_count, before]
    assert report.story_count > 0
    assert not report.is_changed
