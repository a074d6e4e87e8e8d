"""An aggregator's entries: each is a story of its own outlet, and of nobody twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ask import stories
from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newswatch.errors import ConfigError
from newswatch.pipeline import Newswatch, Reader, build_day, fetch_pending, poll
from newswatch.pipeline.recover import feeds_named
from newswatch.settings import SHIPPED_CONFIG_DIR

INTERSTITIAL = "<html><head><title>All</title><script>location.replace(decode(x))</script></head><body></body></html>"


def address(site: Site, host: str, path: str) -> str:
    return f"http://{host}.localhost:{site.port}{path}"


def item(title: str, link: str, source: str = "") -> str:
    return (
        f"<item><title>{title}</title><link>{link}</link><description>{title}, they said.</description>{source}</item>"
    )


@pytest.fixture
def nw(make_newswatch: Callable[..., Newswatch], site: Site, tmp_path: Path) -> Newswatch:
    """An aggregator, and a feed of The Quay's own."""
    folder = tmp_path / "aggregator"
    folder.mkdir()
    feeds = [
        {"id": "all", "outlet": "by entry", "url": address(site, "all", "/all"), "language": "en"},
        {"id": "quay", "outlet": "The Quay", "url": address(site, "quay", "/own"), "language": "en"},
    ]
    feeds = [feed | {"allow_private": True} for feed in feeds]
    (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
    (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return make_newswatch(folder)


def read(nw: Newswatch, *feed_ids: str) -> dict[str, dict[str, Any]]:
    poll(nw, feed_ids, "test")
    fetch_pending(nw, "test")
    return {story["title"]: story for story in stories(nw)}


def fill(site: Site) -> None:
    """Six entries: by redirect and direct, with and without a source's name, and one that leads nowhere."""
    site.html("/ferry", ordinary_page("Ferry is late"))
    site.html("/pier", ordinary_page("Pier is shut"))
    site.html("/mill", ordinary_page("Mill is sold"))
    site.html("/r/2", INTERSTITIAL)
    site.html("/r/3", INTERSTITIAL)
    site.answers["/r/1"] = (302, {"Location": address(site, "quay", "/ferry")}, b"")
    name = '<source url="{}">{}</source>'
    site.feed(
        item("Ferry is late", address(site, "all", "/r/1"), name.format(address(site, "quay", "/"), "THE  quay")),
        item("Pier is shut", address(site, "quay", "/pier")),
        item("Mill is sold", address(site, "www.mill", "/mill")),
        item("Bridge opens", address(site, "all", "/r/2"), name.format("https://bridge.example", "The Bridge")),
        item("Nobody knows", address(site, "all", "/r/3")),
        item("Of itself", address(site, "all", "/r/3?b"), name.format(address(site, "all", "/"), "All the News")),
        path="/all",
    )


def test_a_story_is_its_entrys_outlets_and_never_the_aggregators(nw: Newswatch, site: Site) -> None:
    fill(site)
    found = read(nw, "all")
    assert {title: story["outlet"] for title, story in found.items()} == {
        "Ferry is late": "The Quay",  # as feeds.yaml spells it
        "Pier is shut": "The Quay",  # by its host
        "Mill is sold": f"mill.localhost:{site.port}",
        "Bridge opens": "The Bridge",
        "Nobody knows": "unknown outlet",
        "Of itself": "unknown outlet",
    }
    by_words = {title for title, story in found.items() if story["text_source"] == "feed"}
    assert by_words == {"Bridge opens", "Nobody knows", "Of itself"}
    assert all(found[title]["is_partial"] for title in by_words)


@pytest.mark.parametrize("order", [("all", "quay"), ("quay", "all")])
def test_the_outlets_own_feed_brings_the_same_story_whichever_comes_first(
    nw: Newswatch, site: Site, clock: Clock, order: tuple[str, str]
) -> None:
    fill(site)
    site.feed(item("Ferry is late", address(site, "quay", "/ferry?utm_source=rss")), path="/own")
    for feed_id in order:
        found = read(nw, feed_id)
        clock.advance(hours=1)
    assert len(stories(nw)) == 6
    assert found["Ferry is late"]["outlet"] == "The Quay"


def test_the_past_of_an_aggregator_is_not_looked_for_on_the_sites_of_others(nw: Newswatch) -> None:
    with pytest.raises(ConfigError, match="'all' is an aggregator"):
        feeds_named(nw, ["all", "quay"])
    assert [feed.id for feed in feeds_named(nw, ["The Quay"])] == ["quay"]


def test_sums_of_outlets_know_no_outlet_by_entry(nw: Newswatch, site: Site, clock: Clock) -> None:
    fill(site)
    site.feed(item("Quay is shut", address(site, "quay", "/r/2?own")), path="/own")
    read(nw, "all", "quay")
    clock.advance(days=2)
    poll(nw, ["all", "quay"], "later")
    day = stories(nw)[0]["day"]
    build_day(nw, day)
    reader = Reader(nw.settings)
    rows = {row["outlet"]: row for row in reader.table("outlet_days", day)}
    assert {outlet: (row["story_count"], row["feed_count"]) for outlet, row in rows.items()} == {
        "The Quay": (3, 1),
        f"mill.localhost:{site.port}": (1, 0),
        "The Bridge": (1, 0),
        "unknown outlet": (2, 0),
    }
    assert sum(row["story_count"] for row in rows.values()) == len(reader.table("stories", day)) == 7
    assert {row["feed_id"]: row["outlet"] for row in reader.table("feed_days", day)} == {
        "all": "by entry",
        "quay": "The Quay",
    }
