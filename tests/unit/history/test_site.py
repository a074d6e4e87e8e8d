"""The part of the web that is a feed's: hosts, and a folder where a host is shared."""

from __future__ import annotations

import pytest

from newswatch.history.site import Site, site_of_feed


@pytest.mark.parametrize(
    ("feed", "paths", "folder"),
    [
        ("https://host.example/feed/@ada", ["@ada/one-1", "@ada/two-2"], "/@ada/"),
        ("https://host.example/users/ada/rss", ["users/ada/2026/one"], "/users/ada/"),
        ("https://host.example/en/rss.xml", ["en/world/1", "en/2"], "/en/"),
        ("https://host.example/world/feed", ["world/a", "sport/b"], "/"),
        # What the stories alone share says nothing of the years before.
        ("https://host.example/rss.xml", ["articles/1", "articles/2"], "/"),
        ("https://host.example/2026.xml", ["2026/11/one"], "/"),
        ("https://feeds.example/paper", ["a/1", "a/2"], "/"),
        ("https://host.example/world/feed", [], "/"),
    ],
)
def test_a_folder_is_the_feeds_where_its_own_address_and_all_its_stories_share_it(
    feed: str, paths: list[str], folder: str
) -> None:
    assert site_of_feed(feed, [f"https://host.example/{path}" for path in paths]).folder == folder


def test_a_site_is_that_of_most_stories_and_the_feeds_own() -> None:
    links = ["https://paper.example/1", "https://paper.example/2", "https://partner.example/3"]
    site = site_of_feed("https://feeds.example/paper", links)
    assert site.origins == ("https://paper.example", "https://feeds.example")
    assert site.holds("https://www.paper.example/old/1")
    assert not site.holds("https://partner.example/3")


def test_only_the_host_of_the_stories_is_shared() -> None:
    site = Site(("https://host.example", "https://ada.example"), "/@ada/")
    held = [site.holds(f"https://{page}") for page in ("host.example/@ada/1", "host.example/@bob/1", "ada.example/old")]
    assert held == [True, False, True]
