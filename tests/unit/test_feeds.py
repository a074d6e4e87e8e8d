"""Feeds as they come: RSS, RDF, Atom, with and without what they should have."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newswatch import feeds
from newswatch.model import Entry, ParsedFeed

URL = "https://example.com/news/feed.xml"


def parse(body: str | bytes, *, timezone: str | None = None, content_type: str = "application/xml") -> ParsedFeed:
    raw = body.encode() if isinstance(body, str) else body
    return feeds.parse(raw, feed_id="f", url=URL, content_type=content_type, timezone=timezone)


def rss(*items: str, channel: str = "") -> str:
    return f'<rss version="2.0"><channel><title>T</title>{channel}{"".join(items)}</channel></rss>'


def one(item: str, **arguments: str) -> Entry:
    (entry,) = parse(rss(f"<item>{item}</item>"), **arguments).entries
    return entry


def test_an_rss_item() -> None:
    entry = one(
        "<title>Board &amp; quay</title><link>https://example.com/a</link><guid isPermaLink='false'>7</guid>"
        "<description>&lt;p&gt;It met.&lt;/p&gt;&lt;p&gt;It left.&lt;/p&gt;</description>"
        "<pubDate>Sun, 22 Nov 2026 12:00:00 +0200</pubDate><author>a@example.com (Ann Lee)</author>"
    )
    assert (entry.key, entry.url, entry.title, entry.summary) == (
        "7",
        "https://example.com/a",
        "Board & quay",
        "It met. It left.",
    )
    assert entry.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_an_atom_entry_with_its_longest_text() -> None:
    feed = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>x</id><entry><title>A</title><id>urn:1</id>'
        '<link rel="alternate" href="https://example.com/a"/><published>2026-11-22T10:00:00Z</published>'
        "<updated>2026-11-23T10:00:00Z</updated><author><name>Ann Lee</name></author><summary>Short.</summary>"
        '<content type="html">&lt;p&gt;A much longer text.&lt;/p&gt;</content></entry></feed>'
    )
    (entry,) = feed.entries
    assert (entry.key, entry.url, entry.summary, entry.authors) == (
        "urn:1",
        "https://example.com/a",
        "A much longer text.",
        ("Ann Lee",),
    )
    assert entry.published_at == feed.window_from == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_an_rdf_item() -> None:
    (entry,) = parse(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.com/"><title>T</title></channel>'
        '<item rdf:about="https://example.com/a"><title>A</title><link>https://example.com/a</link>'
        "<dc:date>2026-11-22T10:00:00+00:00</dc:date></item></rdf:RDF>"
    ).entries
    assert (entry.url, entry.title) == ("https://example.com/a", "A")
    assert entry.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_without_a_guid_the_link_is_the_key_and_without_both_the_content() -> None:
    assert one("<title>A</title><link>https://example.com/a</link>").key == "https://example.com/a"
    bare = one("<title>A</title><description>B</description>")
    assert bare.key.startswith("sha256:")
    assert bare.key == one("<title>A</title><description>B</description>").key
    assert bare.key != one("<title>A</title><description>C</description>").key
    assert bare.url is None


def test_a_guid_that_is_an_address_serves_as_the_link() -> None:
    assert one("<title>A</title><guid>https://example.com/a</guid>").url == "https://example.com/a"


def test_an_item_without_title_or_date_is_kept() -> None:
    entry = one("<link>https://example.com/a</link>")
    assert (entry.title, entry.summary, entry.published_at) == ("", "", None)


def test_relative_links_are_resolved_against_the_site_that_the_feed_names() -> None:
    (entry,) = parse(rss("<item><link>/a</link></item>", channel="<link>https://www.example.com/</link>")).entries
    assert entry.url == "https://www.example.com/a"
    assert one("<link>a.html</link>").url == "https://example.com/news/a.html"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "mailto:a@example.com", "file:///etc/passwd", "http://["])
def test_a_link_that_leads_nowhere_on_the_web_is_none(link: str) -> None:
    assert one(f"<title>A</title><link>{link}</link>").url is None


@pytest.mark.parametrize(
    ("stated", "timezone", "expected"),
    [
        ("2026-11-22T10:00:00", None, 10),
        ("2026-11-22T10:00:00", "Europe/Kyiv", 8),
        ("2026-11-22 10:00:00", "Europe/Kyiv", 8),
        ("Sun, 22 Nov 2026 10:00:00", "Asia/Tbilisi", 6),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "Europe/Kyiv", 10),
        ("Sun, 22 Nov 2026 10:00:00 +0000", "Europe/Kyiv", 10),
        ("2026-11-22T10:00:00Z", "Europe/Kyiv", 10),
        ("2026-11-22T12:00:00+02:00", "Asia/Tbilisi", 10),
    ],
)
def test_a_date_without_a_zone_is_read_in_the_feeds_own(stated: str, timezone: str | None, expected: int) -> None:
    (entry,) = parse(rss(f"<item><title>A</title><pubDate>{stated}</pubDate></item>"), timezone=timezone).entries
    assert entry.published_at == datetime(2026, 11, 22, expected, tzinfo=UTC)


@pytest.mark.parametrize("stated", ["yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2026-13-45", ""])
def test_one_entry_with_an_impossible_date_does_not_lose_the_others(stated: str) -> None:
    items = [f"<item><title>A</title><pubDate>{stated}</pubDate></item>", "<item><title>B</title></item>"]
    for timezone in (None, "Asia/Tbilisi", "America/New_York"):
        assert [e.title for e in parse(rss(*items), timezone=timezone).entries] == ["A", "B"]


def test_the_window_begins_at_the_oldest_dated_entry() -> None:
    dates = ("Sun, 22 Nov 2026 10:00:00 GMT", "Fri, 20 Nov 2026 10:00:00 GMT")
    feed = parse(
        rss(*(f"<item><title>A</title><pubDate>{d}</pubDate></item>" for d in dates), "<item><title>B</title></item>")
    )
    assert feed.window_from == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert parse(rss("<item><title>B</title></item>")).window_from is None


@pytest.mark.parametrize(
    "body", ["<html><body><p>Not here.</p></body></html>", "", "plain words", '{"version": "1"}', "/etc/passwd"]
)
def test_what_is_no_feed_is_said_to_be_none(body: str) -> None:
    with pytest.raises(feeds.NotAFeed, match="no feed"):
        parse(body, content_type="text/html")


def test_a_body_that_is_an_address_is_never_opened() -> None:
    with pytest.raises(feeds.NotAFeed):
        parse("http://127.0.0.1:9/feed")


def test_an_old_encoding_is_read_by_its_declaration() -> None:
    body = f'<?xml version="1.0" encoding="windows-1251"?>{rss("<item><title>Донецк</title></item>")}'
    (entry,) = parse(body.encode("windows-1251"), content_type="application/rss+xml").entries
    assert entry.title == "Донецк"


def test_an_empty_feed_is_a_feed() -> None:
    assert parse(rss()).entries == ()


def test_markup_becomes_plain_text() -> None:
    entry = one(
        "<title>&lt;b&gt;A&lt;/b&gt; &amp;amp; B</title>"
        "<description><![CDATA[<script>x()</script>One<br>two]]></description>"
    )
    assert entry.title == "A & B"
    assert entry.summary == "One two"


def test_a_feed_with_no_end_of_entries_is_cut() -> None:
    assert len(parse(rss("<item><title>A</title></item>" * (feeds.MAX_ENTRIES + 5))).entries) == feeds.MAX_ENTRIES
