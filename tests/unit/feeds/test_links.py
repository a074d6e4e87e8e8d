"""What entries write where their link belongs."""

from __future__ import annotations

import pytest

from newswatch.feeds import parser
from newswatch.feeds.links import reference

BASE = "https://paper.example/feeds/all.xml"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("www.other.example/x", "https://www.other.example/x"),
        ("WWW.Other.example/x?id=1", "https://www.other.example/x?id=1"),
        ("www.other.example", "https://www.other.example/"),
        ("www.other.example:8080/x", "https://www.other.example:8080/x"),
        ("paper.example/world/quay", "https://paper.example/world/quay"),
        ("news.paper.example/quay", "https://news.paper.example/quay"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("/world/quay", "https://paper.example/world/quay"),
        ("../quay", "https://paper.example/quay"),
        ("?p=12", "https://paper.example/feeds/all.xml?p=12"),
        ("quay.html", "https://paper.example/feeds/quay.html"),
        ("index.php/quay", "https://paper.example/feeds/index.php/quay"),
        ("4711", "https://paper.example/feeds/4711"),
        ("story-4711", "https://paper.example/feeds/story-4711"),
        ("world/quay-rebuilt", "https://paper.example/feeds/world/quay-rebuilt"),
        ("show?quay", "https://paper.example/feeds/show?quay"),
        ("http://a.example/with blank", "http://a.example/with%20blank"),
    ],
)
def test_what_may_be_meant_as_an_address_is_one(link: str, url: str) -> None:
    assert entry_url(link) == url


@pytest.mark.parametrize(
    "link",
    [
        "N/A",
        "n/a",
        "N / A",
        "none",
        "None",
        "-",
        "—",
        "--",
        "null",
        "нет",
        "(none)",
        "tba",
        "no link",
        "see 2 pages",
        "...",
        "n.a.",
        *("#", "#top", "javascript:void(0)", "about:blank", "mailto:a@b.example", "http://"),
    ],
)
def test_what_cannot_be_meant_as_an_address_is_none(link: str) -> None:
    assert entry_url(link) is None


def test_a_fragment_and_a_blank_are_no_reference() -> None:
    assert reference("#top", BASE) is None
    assert reference("", BASE) is None


def test_a_guid_that_is_an_address_stands_in_for_a_link_that_is_none() -> None:
    assert entry_url("N/A", guid="<guid>https://paper.example/1</guid>") == "https://paper.example/1"
    assert entry_url("-", guid="<guid>www.paper.example/1</guid>") == "https://www.paper.example/1"


@pytest.mark.parametrize("is_plain", [False, True])
def test_both_readers_take_a_host_without_its_scheme(is_plain: bool) -> None:
    assert entry_url("www.other.example/x", is_plain=is_plain) == "https://www.other.example/x"
    assert entry_url("N/A", is_plain=is_plain) is None


def entry_url(link: str, guid: str = "", *, is_plain: bool = False) -> str | None:
    item = f"<item><title>A</title><link>{link.replace('&', '&amp;')}</link>{guid}</item>"
    body = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{item}</channel></rss>'.encode()
    feed = parser.parse(body, feed_id="f", url=BASE, content_type="application/xml", timezone=None, is_plain=is_plain)
    return feed.entries[0].url
