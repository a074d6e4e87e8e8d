"""A topic that has another id now: its history is read on, and pages of its former id are its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from clocks import Clock
from web_site import Site

from newswatch.config.catalogue import parse_catalogue
from newswatch.errors import ConfigError
from newswatch.ledger import feeds
from newswatch.pipeline import Newswatch, Reader, build_day, compare_topics, fetch_pending, issue_digest, poll, tag_new
from newswatch.storage import paths
from newswatch.tables import day_tables

BEFORE, DAY = date(2026, 11, 13), date(2026, 11, 20)


def topic(id_: str, word: str, *formerly: str) -> dict[str, object]:
    named = {"id": id_, "name": word.title(), "description": word, "terms": [{"text": word}]}
    return named | {"examples": {"match": [word], "no_match": ["x"]}} | ({"formerly": formerly} if formerly else {})


def write(folder: Path, *topics: dict[str, object]) -> None:
    (folder / "topics.yaml").unlink(missing_ok=True)
    (folder / "topics.yaml").write_text(yaml.safe_dump({"topics": [{**t} for t in topics]}))


@pytest.fixture
def renamed(site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch], clock: Clock) -> Newswatch:
    """Two Fridays with a story on the board and the quay, built and issued; then the topic `board` became `port`."""
    write(site_config, topic("board", "board"), topic("quay", "quay"))
    nw = make_newswatch(site_config)
    items = []
    for day in (BEFORE, DAY):
        clock.now = clock.now.replace(month=day.month, day=day.day, hour=12)
        stamp = f"<pubDate>{clock():%a, %d %b %Y %H:%M:%S GMT}</pubDate>"
        site.page(f"/{day}", title=f"The board met on the quay on {day}")
        items.append(site.item(f"/{day}", stamp))
        site.feed(*items)
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")
        tag_new(nw, "test")
    clock.advance(days=1)
    with nw.ledger.begin() as connection:  # else nobody looked all day, and nothing can be compared
        feeds.add_coverage(connection, [("site", day) for day in (BEFORE, DAY)], clock())
    for day in (BEFORE, DAY):
        build_day(nw, day)
    issue_digest(nw, DAY, "first")
    write(site_config, topic("port", "board", "board"), topic("quay", "quay"))
    return make_newswatch(site_config)


def test_trends_go_on(renamed: Newswatch) -> None:
    build_day(renamed, DAY)
    trends = day_tables.TOPIC_TRENDS.from_bytes(renamed.store.read(paths.table("topic_trends", DAY)))
    assert {row["topic"]: row["compared_day_count"] for row in trends} == {"port": 1, "quay": 1}


def test_tables_of_earlier_days_are_read_under_the_new_id(renamed: Newswatch) -> None:
    reader = Reader(renamed.settings)
    rows = reader.topic_rows("port", [BEFORE, DAY])
    assert {row["topic"] for name in ("mentions", "topic_days", "topic_outlet_days") for row in rows[name]} == {"port"}
    assert [row["story_count"] for row in rows["topic_days"]] == [1, 1]
    pairs = [{row["topic"], row["other_topic"]} for row in rows["topic_pair_days"]]
    assert pairs == [{"port", "quay"}] * 2
    assert set(reader.trends([BEFORE])[BEFORE]) == {"port", "quay"}
    assert len(reader.day_rows(BEFORE).found["port"]) == 1
    reader.close()


def test_a_reissue_says_that_nothing_has_changed(renamed: Newswatch) -> None:
    issue_digest(renamed, DAY, "second")
    text = renamed.store.read(paths.issue(DAY, 2, "digest.md")).decode()
    assert "Re-issued, unchanged." in text


def test_a_comparison_takes_both_for_one_topic(renamed: Newswatch) -> None:
    port, quay = renamed.catalogue.topics
    board = port.model_copy(update={"id": "board", "formerly": ()})
    found = compare_topics(renamed, [board, quay], [port, quay], [BEFORE, DAY])
    assert (found.new_ids, found.gone_ids, found.changed_ids, found.same_ids) == ((), (), (), ("port", "quay"))


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([topic("a", "board", "b"), topic("b", "quay")], "topic 'a': the id 'b' is in use."),
        ([topic("a", "board", "a"), topic("b", "quay")], "topic 'a': the id 'a' is in use."),
        ([topic("a", "board", "b"), topic("b", "quay", "a")], "topic 'b': the id 'a' is in use."),
        ([topic("a", "board", "c"), topic("b", "quay", "c")], "topic 'b': 'a' was 'c' too."),
        ([topic("a", "board", "No Id")], "'No Id' does not fit"),
    ],
)
def test_a_former_id_is_nobodys_now_and_one_topics(topics: list[dict[str, object]], message: str) -> None:
    feeds_text = "feeds:\n  - {id: one, outlet: One, url: 'https://example.com/rss', language: en}\n"
    with pytest.raises(ConfigError, match=r"topics\.yaml:\d+:") as refused:
        parse_catalogue(feeds_text, yaml.safe_dump({"topics": topics}))
    assert message in str(refused.value)
