"""The newsroom's wharf, read as Newswatch reads it: each source that is no ordinary RSS, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ask import last_poll, stories
from clocks import Clock

from newsroom.config import write_config
from newsroom.server import Newsroom
from newsroom.wharf import LISTED, SOURCES, TOKEN_NAME
from newswatch.pipeline import Newswatch, fetch_pending, find_alternatives, poll
from newswatch.settings import SHIPPED_CONFIG_DIR


@pytest.fixture
def wharf(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    monkeypatch.setenv(TOKEN_NAME, "low-tide")
    with Newsroom(clock=clock, is_wharf_on=True) as running:
        yield running


@pytest.fixture
def nw(make_newswatch: Callable[..., Newswatch], wharf: Newsroom, tmp_path: Path) -> Newswatch:
    write_config(tmp_path / "wharf", port=wharf.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml", wharf=True)
    return make_newswatch(tmp_path / "wharf")


def read(nw: Newswatch, names: list[str]) -> Counter[str]:
    poll(nw, [f"wharf-{name}" for name in names], "test")
    fetch_pending(nw, "test")
    return Counter(story["outlet"] for story in stories(nw))


ALL = {
    "The Wharf Almanac": LISTED,
    "Pilot Lane Bulletin": LISTED,
    "Tide Clock Letter": LISTED,
    "Marrow Slip Times": 3,  # the aggregator's alone: its own feed is refused
    "Gone Gazette": 1,
}


@pytest.mark.parametrize("order", [["many", "json page wall key"], ["json page wall key", "many"]])
def test_every_story_is_one_of_its_own_outlet_whichever_feed_comes_first(
    nw: Newswatch, clock: Clock, order: list[str]
) -> None:
    for names in order:
        found = read(nw, names.split())
        clock.advance(minutes=30)
    assert found == ALL
    by_words = [story for story in stories(nw) if story["text_source"] == "feed"]
    assert [(story["outlet"], story["is_partial"]) for story in by_words] == [("Gone Gazette", True)]
    assert {s.name: last_poll(nw, s.id).outcome for s in SOURCES} == {
        "json": "ok", "page": "ok", "wall": "http_403", "key": "ok", "many": "ok",
    }  # fmt: skip
    days = {story["published_at"].date() for story in stories(nw) if story["feed_id"] == "wharf-page"}
    assert len(days) > 1  # by their addresses


def test_the_wall_leaves_wordpress_open(nw: Newswatch, wharf: Newsroom) -> None:
    read(nw, ["wall"])
    (found,) = find_alternatives(nw).values()
    assert [other.url.partition("?")[0] for other in found] == [
        f"http://wall.wharf.newsroom.localhost:{wharf.port}/wp-json/wp/v2/posts"
    ]


def test_without_its_token_one_feed_is_not_read_and_the_others_are(
    nw: Newswatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_NAME)
    report = poll(nw, [source.id for source in SOURCES], "test")
    assert report.feed_outcomes == {"http_403": 1, "ok": 3, "secret_missing": 1}
