"""Feeds that are no XML: JSON Feed, WordPress' posts and listing pages, whatever their bytes are."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from newswatch.feeds import listing_page, parser
from newswatch.feeds.model import ParsedFeed

URL = "https://www.quay.example/news/"
VERSION = "https://jsonfeed.org/version/1.1"


def parse(document: Any, **arguments: Any) -> ParsedFeed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parser.parse(body, feed_id="f", url=URL, content_type="application/json", **arguments)


def json_feed(*items: Any, **more: Any) -> dict[str, Any]:
    return {
        "version": VERSION,
        "title": "The Quay",
        "home_page_url": "https://www.quay.example/",
        "items": items,
    } | more


def test_a_json_feed_needs_no_kind() -> None:
    feed = parse(
        json_feed(
            {
                "id": 7,
                "url": "/a",
                "title": "Board & <quay>",
                "content_html": "<p>It met.</p><p>It left.</p>",
                "date_published": "2026-11-22T12:00:00+02:00",
                "date_modified": "2026-11-23T12:00:00Z",
                "authors": [{"name": "Ann Lee"}, {"url": "https://x.example"}],
            }
        )
    )
    (entry,) = feed.entries
    assert (feed.kind, feed.repair, feed.is_damaged) == ("json_feed", "", False)
    assert (entry.key, entry.url, entry.title) == ("7", "https://www.quay.example/a", "Board & <quay>")
    assert (entry.summary, entry.authors) == ("It met. It left.", ("Ann Lee",))
    assert entry.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_version_1_0_has_one_author_and_a_text_that_is_no_markup_stays_one() -> None:
    item = {"id": "https://www.quay.example/b", "content_text": "1 <b 2", "author": {"name": "Ann"}}
    (entry,) = parse({"version": "https://jsonfeed.org/version/1", "items": [item]}).entries
    assert (entry.url, entry.summary, entry.authors) == ("https://www.quay.example/b", "1 <b 2", ("Ann",))


def test_a_link_to_another_page_is_followed_only_where_there_is_none_of_its_own() -> None:
    one, other = parse(
        json_feed(
            {"id": "1", "url": "https://www.quay.example/1", "external_url": "https://else.example/1"},
            {"id": "2", "external_url": "https://else.example/2"},
        )
    ).entries
    assert (one.url, other.url) == ("https://www.quay.example/1", "https://else.example/2")


@pytest.mark.parametrize("wrong", [None, 3, [], {}, True, {"rendered": 4}, "\ud800\x00"])
def test_fields_of_another_type_are_not_stated(wrong: Any) -> None:
    names = (
        "id",
        "url",
        "external_url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "date_published",
        "authors",
    )
    (entry,) = parse(json_feed(dict.fromkeys(names, wrong))).entries
    assert entry.url is None or wrong == "\ud800\x00"
    assert "\ud800" not in f"{entry.key}{entry.title}{entry.summary}"
    (post,) = parse([dict.fromkeys(("id", "guid", "title", "excerpt", "date_gmt"), wrong) | {"link": "/a"}]).entries
    assert post.url == "https://www.quay.example/a"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"version": "https://example.com/1", "items": []}',
        b"[]",
        b"[1, 2]",
        b'{"n": ' + b"9" * 10_000 + b"}",
        json.dumps(json_feed({"id": "1"})).encode()[:-9],
    ],
)
def test_json_that_is_no_feed_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(parser.NotAFeed, match="JSON"):
        parse(body)


def test_what_is_past_the_limit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_ENTRIES", 3)
    feed = parse(json_feed(*({"id": str(n), "title": f"T {n}"} for n in range(5))))
    assert ([e.key for e in feed.entries], feed.left_out_count) == (["0", "1", "2"], 2)


POST = {
    "guid": {"rendered": "https://www.quay.example/?p=12"},
    "link": "https://www.quay.example/2026/11/ships/",
    "date_gmt": "2026-11-22T10:00:00",
    "modified_gmt": "2026-11-22T11:30:00",
    "title": {"rendered": "Ships &amp; <em>grain</em> &#8217;26"},
    "excerpt": {"rendered": "<p>First.</p>\n<p>Second.</p>"},
}


def test_wordpress_posts_are_dated_in_utc_and_keyed_as_in_their_rss() -> None:
    feed = parse([POST, {"title": "no link"}])
    (entry,) = feed.entries
    assert (feed.kind, entry.key, entry.url) == ("wordpress", "https://www.quay.example/?p=12", POST["link"])
    assert (entry.title, entry.summary) == ("Ships & grain ’26", "First. Second.")
    assert entry.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


def test_no_posts_are_a_feed_where_the_kind_is_known_and_another_kind_is_named() -> None:
    assert parse(b"[]", kind="wordpress").entries == ()
    for kind, document in (
        ("wordpress", json_feed()),
        ("json_feed", [POST]),
        ("xml", json_feed()),
        ("json_feed", b"<rss>"),
    ):
        with pytest.raises(parser.NotAFeed):
            parse(document, kind=kind)


PAGE = """<!doctype html><html><head><base href="https://www.quay.example/"></head><body>
<nav><a href="/about">About</a></nav>
<article><a href="/2026/11/20/ferry?utm_source=x"><img src="f.jpg"></a><h3><a href="/2026/11/20/ferry">The  ferry
 is back</a></h3></article>
<article><h3><a href="https://quay.example/harbour#comments">Harbour dredged</a></h3></article>
<article><h3><a href="https://advert.example/buy">Buy a boat</a></h3></article>
<article><h3><a href="javascript:void(0)">Nothing</a> <a>Nowhere</a></h3></article>
<article><h3><a href="/news/">All news</a></h3></article>
<article><h3><a href="/pier" aria-label="Pier closed"></a></h3></article>
</body></html>"""


def page(selector: str, text: str = PAGE) -> ParsedFeed:
    return parser.parse(
        text.encode(),
        feed_id="f",
        url=URL,
        content_type="text/html",
        timezone="Europe/Kyiv",
        kind="page",
        selector=selector,
    )


def test_a_listing_page_lists_links_of_its_own_site_in_its_order() -> None:
    feed = page("article")
    assert feed.kind == "page"
    assert [(entry.url, entry.title) for entry in feed.entries] == [
        ("https://www.quay.example/2026/11/20/ferry?utm_source=x", "The ferry is back"),
        ("https://quay.example/harbour", "Harbour dredged"),
        ("https://www.quay.example/pier", "Pier closed"),
    ]
    assert [entry.published_day for entry in feed.entries] == [date(2026, 11, 20), None, None]
    assert page("h3 a").entries[0].url == "https://www.quay.example/2026/11/20/ferry"
    assert page("article").entries[1].key == page("h3 a").entries[1].key


@pytest.mark.parametrize("text", [PAGE, "", "\x00<a", "<article>" * 50_000, "<rss><channel/></rss>"])
def test_a_selector_that_finds_nothing_is_named(text: str) -> None:
    with pytest.raises(parser.Unreadable, match=r"`links: \.teaser a` finds no link"):
        page(".teaser a", text)


def test_selectors_are_css() -> None:
    assert all(map(listing_page.is_selector, ("a", "h3 > a", ".teaser a[href^='/news']", "a, b", "li:not(.ad) a")))
    assert not any(map(listing_page.is_selector, ("", "a[", "//a", "h3 >", "a:nonsense")))


def test_an_entry_says_from_whom_its_feed_took_it() -> None:
    rss = (
        '<rss version="2.0"><channel><title>All</title><item><title>A - The Quay &amp;amp; Co</title>'
        "<link>https://all.example/r/1</link>"
        '<source url="https://www.quay.example/feed">The Quay &amp; Co</source></item></channel></rss>'
    )
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>All</title><id>x</id><entry><title>A</title><id>1</id>'
        '<link href="https://all.example/r/1"/><source><id>q</id><title>The Quay &amp; Co</title>'
        '<link href="https://www.quay.example/feed"/></source></entry></feed>'
    )
    for text in (rss, atom):
        for is_plain in (False, True):
            feed = parser.parse(text.encode(), feed_id="f", url=URL, content_type="text/xml", is_plain=is_plain)
            (entry,) = feed.entries
            assert (entry.title, entry.url) == ("A", "https://all.example/r/1")
            assert (entry.source_name, entry.source_url) == ("The Quay & Co", "https://www.quay.example/feed")
