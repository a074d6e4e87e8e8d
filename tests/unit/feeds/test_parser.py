"""Feeds as they come: RSS, RDF, Atom, with and without what they should have."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, date, datetime
from typing import Any

import feedparser
import pytest

from newswatch.feeds import parser
from newswatch.feeds.model import Entry, ParsedFeed

URL = "https://example.com/news/feed.xml"


def parse(
    body: str | bytes,
    *,
    content_type: str = "application/xml",
    **arguments: Any,
) -> ParsedFeed:
    raw = body.encode() if isinstance(body, str) else body
    return parser.parse(raw, feed_id="f", url=URL, content_type=content_type, **arguments)


def rss(*items: str, channel: str = "") -> str:
    return f'<rss version="2.0"><channel><title>T</title>{channel}{"".join(items)}</channel></rss>'


def one(item: str, **arguments: Any) -> Entry:
    (entry,) = parse(rss(f"<item>{item}</item>"), **arguments).entries
    return entry


def atom(*entries: str, attributes: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>T</title>{"".join(entries)}</feed>'


def sitemap(*urls: str) -> str:
    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {spaces}>{"".join(urls)}</urlset>'


STORY = (
    "<title>Harbour</title><link>https://example.com/a</link><guid isPermaLink='false'>7</guid>"
    "<description>&lt;p&gt;It met.&lt;/p&gt;</description><author>a@example.com (Ann Lee)</author>"
    "<pubDate>Sun, 22 Nov 2026 12:00:00 MSK</pubDate>"
)
ONLY_FEEDPARSER = "<contributor><name>Ann Lee</name></contributor>"  # of a channel, outside of strict_reader


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
    with pytest.raises(parser.NotAFeed, match="no feed"):
        parse(body, content_type="text/html")


def test_a_body_that_is_an_address_is_never_opened() -> None:
    with pytest.raises(parser.NotAFeed):
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
    feed = parse(rss("<item><title>A</title></item>" * (parser.MAX_ENTRIES + 5)))
    assert (len(feed.entries), feed.left_out_count, feed.is_cut) == (parser.MAX_ENTRIES, 5, False)
    assert parse(rss("<item><title>A</title></item>" * 5)).left_out_count == 0


def test_a_feed_of_a_hundred_thousand_entries_costs_no_more_than_its_first_five_thousand() -> None:
    started = time.monotonic()
    for fault in ("", "&nbsp;", "<b>"):
        feed = parse(rss(f"<item><title>A{fault}</title><guid>7</guid></item>" * 100_000))
        assert (len(feed.entries), feed.left_out_count) == (parser.MAX_ENTRIES, 95_000)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("is_plain", [False, True])
def test_both_readers_say_the_same_of_a_usual_entry(is_plain: bool) -> None:
    feed = parse(rss(f"<item>{STORY}</item>"), is_plain=is_plain)
    assert feed.entries == (
        Entry(
            feed_id="f",
            key="7",
            url="https://example.com/a",
            title="Harbour",
            summary="It met.",
            authors=("Ann Lee",),
            published_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        ),
    )
    assert feed.repair == ("lxml" if is_plain else "")


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("root", "space"),
    [
        ("a:feed", 'xmlns:a="http://www.w3.org/2005/Atom"'),
        ("a:feed", 'xmlns:a="http://purl.org/atom/ns#" version="0.3"'),
    ],
)
def test_atom_with_a_prefix_in_both_versions(root: str, space: str, is_plain: bool) -> None:
    (entry,) = parse(
        f"<{root} {space}><a:entry><a:title>A</a:title><a:id>urn:1</a:id><a:link rel='alternate' href='/a'/>"
        "<a:author><a:name>Ann Lee</a:name></a:author><a:issued>2026-11-22T12:00:00+02:00</a:issued></a:entry>"
        f"</{root}>",
        is_plain=is_plain,
    ).entries
    assert (entry.key, entry.url, entry.title, entry.authors) == ("urn:1", "https://example.com/a", "A", ("Ann Lee",))
    assert entry.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("is_plain", [False, True])
def test_rdf_names_its_entries_in_an_attribute(is_plain: bool) -> None:
    (entry,) = parse(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.com/"/>'
        '<item rdf:about="urn:7"><title>A</title><link>https://example.com/a</link><dc:creator>Ann Lee</dc:creator>'
        "<dc:date>2026-11-22T10:00:00+00:00</dc:date></item></rdf:RDF>",
        is_plain=is_plain,
    ).entries
    assert (entry.key, entry.url, entry.authors) == ("urn:7", "https://example.com/a", ("Ann Lee",))
    assert entry.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("<link>https://example.com/a</link><guid>https://example.com/?p=1</guid>", "https://example.com/a"),
        ("<guid isPermaLink='true'>https://example.com/a</guid>", "https://example.com/a"),
        ("<guid isPermaLink='false'>https://example.com/a</guid>", "https://example.com/a"),
        ("<guid>7</guid>", None),
        ("<enclosure url='https://example.com/a.mp3' type='audio/mpeg'/>", None),
        ("<link/><guid>https://example.com/a</guid>", "https://example.com/a"),
        ("<link>javascript:void(0)</link><guid>https://example.com/a</guid>", "https://example.com/a"),
        ("<link><![CDATA[ https://example.com/a?x=1&y=2 ]]></link>", "https://example.com/a?x=1&y=2"),
        ("<link>https://example.com/a?x=1&amp;y=2</link>", "https://example.com/a?x=1&y=2"),
        (
            "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='self' href='https://example.com/self'/>"
            "<link>https://example.com/a</link>",
            "https://example.com/a",
        ),
        (
            "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='self' href='https://example.com/self'/>"
            "<guid isPermaLink='false'>https://example.com/a</guid>",
            "https://example.com/self",
        ),
        (
            "<link>https://feeds.example.net/~r/1</link><f:origLink xmlns:f="
            "'http://rssnamespace.org/feedburner/ext/1.0'>https://example.com/a</f:origLink>",
            "https://example.com/a",
        ),
    ],
)
def test_the_link_that_leads_to_the_story(item: str, expected: str | None, is_plain: bool) -> None:
    assert one(f"<title>A</title>{item}", is_plain=is_plain).url == expected


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ('<link rel="self" href="/self"/><link rel="alternate" href="/a"/>', "https://example.com/a"),
        ('<link rel="replies" href="/r"/><link href="/a"/><link rel="edit" href="/e"/>', "https://example.com/a"),
        (
            '<link rel="alternate" type="application/json" href="/j"/><link type="text/html" href="/a"/>',
            "https://example.com/a",
        ),
        ('<link rel="enclosure" href="/a.mp3"/><link rel="via" href="/via"/>', "https://example.com/via"),
        ('<link rel="edit" href="/e"/><link rel="replies" href="/r"/>', None),
        ('<link xml:base="https://www.example.org/b/" href="a"/>', "https://www.example.org/b/a"),
        ('<link href="a"/>', "https://example.com/news/a"),
    ],
)
def test_the_link_of_an_atom_entry(links: str, expected: str | None, is_plain: bool) -> None:
    (entry,) = parse(atom(f"<entry><title>A</title><id>urn:1</id>{links}</entry>"), is_plain=is_plain).entries
    assert entry.url == expected


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_base_of_the_whole_feed(is_plain: bool) -> None:
    feed = atom('<entry><link href="a"/></entry>', attributes='xml:base="https://www.example.org/b/"')
    assert parse(feed, is_plain=is_plain).entries[0].url == "https://www.example.org/b/a"


def test_stories_that_share_a_guid_are_told_apart_whichever_comes_first() -> None:
    a = "<item><guid isPermaLink='false'>0</guid><link>https://example.com/a</link></item>"
    b = "<item><guid isPermaLink='false'>0</guid><link>https://example.com/b</link></item>"
    keys = {e.url: e.key for e in parse(rss(a, b)).entries}
    assert len(set(keys.values())) == 2
    assert keys == {e.url: e.key for e in parse(rss(b, a)).entries}
    assert {e.key for e in parse(rss(a, a)).entries} == {"0"}


def test_a_guid_longer_than_an_index_takes_is_still_a_key_of_its_own() -> None:
    one_key, other_key = (one(f"<guid isPermaLink='false'>{'x' * 600}{n}</guid>").key for n in (1, 2))
    assert one_key != other_key
    assert max(len(one_key), len(other_key)) <= 500


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A&#xD800;B", "AB"),
        ("A&#xDFFF;&#0;&#x1F;&#xFFFE;&#x110000;B", "AB"),
        ("A&#55357;&#56832;B", "A\U0001f600B"),
        ("A&nbsp;&mdash; B", "A — B"),
        ("A & B", "A & B"),
        ("A &nosuch; B", "A &nosuch; B"),
        ("A\x00\x01\x1fB", "AB"),
        ("A\ufffeB", "AB"),
        ("A&#146;s", "A’s"),
        ("<![CDATA[A & B &nbsp; C]]>", "A & B C"),
    ],
)
def test_what_xml_forbids_costs_itself_and_no_entry(title: str, expected: str, is_plain: bool) -> None:
    feed = parse(rss(f"<item><title>{title}</title></item>", "<item><title>Other</title></item>"), is_plain=is_plain)
    assert [e.title for e in feed.entries] == [expected, "Other"]


def test_surrogates_that_were_encoded_one_by_one() -> None:
    for raw, expected in ((b"\xed\xa0\x80", "AB"), (b"\xed\xa0\xbd\xed\xb8\x80", "A\U0001f600B")):
        feed = parse(rss("<item><title>A-B</title></item>").encode().replace(b"-", raw))
        assert ([e.title for e in feed.entries], feed.repair) == ([expected], "cleaned")


@pytest.mark.parametrize(
    "before", ["\n\n", "\ufeff", "\ufeff\n", "Warning: x in y\n", "<br />\n<b>Notice</b>: x\n", "\0", "<?php x"]
)
def test_what_stands_before_the_document_is_passed_over(before: str) -> None:
    feed = parse(f'{before}<?xml version="1.0" encoding="utf-8"?>\n{rss("<item><title>A—B</title></item>")}')
    assert ([e.title for e in feed.entries], feed.repair) == (["A—B"], "")


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "windows-1251", "application/xml"),
        ("utf-8", "utf-16", "text/xml"),
        ("utf-8", "no-such-thing", "text/xml; charset=iso-8859-1"),
        ("utf-8", "us-ascii", "application/xml"),
        ("utf-8-sig", "utf-8", "text/plain"),
        ("windows-1251", "windows-1251", "text/xml"),
        ("windows-1251", "utf-8", "application/xml; charset=windows-1251"),
        ("windows-1251", "utf-8", "application/xml"),
        ("koi8-r", "utf-8", "application/xml"),
        ("utf-16", "utf-16", "application/xml"),
        ("utf-16-le", "utf-8", "application/xml"),
        ("utf-16-be", "utf-16", "application/xml; charset=utf-8"),
        ("utf-32", "utf-32", "application/xml"),
    ],
)
def test_the_encoding_that_it_is_in_counts_and_not_the_one_that_it_claims(
    encoding: str, declared: str, content_type: str
) -> None:
    text = "Совет порта заседал в старой таможне"
    body = f'<?xml version="1.0" encoding="{declared}"?>{rss(f"<item><title>{text}</title></item>")}'.encode(encoding)
    assert [e.title for e in parse(body, content_type=content_type).entries] == [text]


def test_one_bad_byte_spoils_one_letter_and_not_the_feed() -> None:
    body = rss("<item><title>Совет порта — xx</title></item>").encode().replace(b"xx", b"\xff")
    feed = parse(body)
    assert ([e.title for e in feed.entries], feed.repair) == (["Совет порта — \ufffd"], "cleaned")


def test_western_text_without_a_declaration_is_windows_1252() -> None:
    body = rss("<item><title>Café “Zoë” fährt</title></item>").encode("cp1252")
    assert [e.title for e in parse(body).entries] == ["Café “Zoë” fährt"]


@pytest.mark.parametrize("encoding", ["punycode", "idna", "unicode_escape", "hex", "zlib", "x" * 60])
def test_a_codec_that_is_no_encoding_of_documents_is_not_used(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + rss("<item><title>é</title></item>").encode(
        "cp1252"
    )
    assert [e.title for e in parse(body).entries] == ["é"]


def test_a_feed_that_makes_feedparser_raise_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AttributeError("deep inside")

    monkeypatch.setattr(feedparser, "parse", fail)
    feed = parse(rss(f"<item>{STORY}</item>", channel=ONLY_FEEDPARSER))
    assert ([e.key for e in feed.entries], feed.repair) == (["7"], "lxml")


def test_a_parser_out_of_memory_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(feedparser, "parse", fail)
    with pytest.raises(MemoryError):
        parse(rss("<item><title>A</title></item>", channel=ONLY_FEEDPARSER))


def test_a_feed_of_which_no_reader_understands_an_entry_is_said_to_be_unreadable() -> None:
    with pytest.raises(parser.Unreadable, match="rss"):
        parse('<rss version="2.0 <item></item></rss>', is_plain=True)


def test_where_end_tags_are_missing_each_entry_is_read_for_itself() -> None:
    items = [f"<item><title>A{n} <b>x</title><link>https://example.com/{n}</link></item>" for n in range(400)]
    feed = parse(rss(*items), is_plain=True)
    assert [(e.title, e.url) for e in feed.entries] == [(f"A{n} x", f"https://example.com/{n}") for n in range(400)]


@pytest.mark.parametrize(
    ("body", "is_cut"),
    [
        (rss("<item><title>A</title></item>"), False),
        (rss("<item><title>A</title></item>") + "\n<!-- 0.3 s -->\n", False),
        (rss("<item><title>A</title></item>").removesuffix("</rss>"), True),
        (atom("<entry><title>A</title></entry>"), False),
        (atom("<entry><title>A</title></entry>").removesuffix("</feed>"), True),
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', False),
        (rss("<item><title>A</title></item>", "<item><title>B</title></item>")[:-40], True),
    ],
)
def test_a_document_without_its_end_is_known_to_be_cut(body: str, is_cut: bool) -> None:
    assert parse(body).is_cut == is_cut
    assert parse(body.encode("utf-16")).is_cut == is_cut


@pytest.mark.parametrize("is_plain", [False, True])
def test_half_an_entry_waits_for_the_document_to_come_whole(is_plain: bool) -> None:
    """Without the guid that stands behind the cut it would go by another key, and be new a second time."""
    items = [f"<item><title>{n}</title><link>https://example.com/{n}</link><guid>{n}</guid></item>" for n in "abc"]
    feed = parse(rss(*items).partition("<guid>c")[0], is_plain=is_plain)
    assert ([e.key for e in feed.entries], feed.left_out_count, feed.is_cut) == (["a", "b"], 1, True)


def test_blanks_behind_a_feed_do_no_harm() -> None:
    assert not parse(rss("<item><title>A</title></item>") + " \n" * 5000).is_cut


@pytest.mark.parametrize("is_plain", [False, True])
def test_half_a_link_at_the_cut_is_not_taken(is_plain: bool) -> None:
    feed = parse("<rss><channel><item><title>A</title><link>https://example.com/har", is_plain=is_plain)
    assert [(e.title, e.url) for e in feed.entries] == [("A", None)]
    assert feed.is_cut


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("<ttl>60</ttl>", (60, (), ())),
        ("<ttl> 15 </ttl>", (15, (), ())),
        ("<ttl>soon</ttl><skipHours/>", (None, (), ())),
        ("<ttl>-5</ttl>", (None, (), ())),
        ("<ttl>999999999</ttl>", (None, (), ())),
        ("<skipHours><hour>3</hour><hour> 24 </hour><hour>x</hour><hour>99</hour></skipHours>", (None, (0, 3), ())),
        ("<skipdays><day>Sunday</day>\n<day>monday</day><day>Someday</day></skipdays>", (None, (), (0, 6))),
        (f"<skipHours>{''.join(f'<hour>{h}</hour>' for h in range(24))}</skipHours>", (None, (), ())),
        ("<skipHours><hour>3</hour>", (None, (), ())),
    ],
)
def test_when_a_feed_wants_to_be_asked(channel: str, expected: tuple[Any, ...]) -> None:
    feed = parse(rss("<item><title>A</title></item>", channel=channel))
    assert (feed.ttl_minutes, feed.skip_hours, feed.skip_days) == expected


def test_a_news_sitemap_is_a_feed() -> None:
    feed = parse(
        sitemap(
            "<url><loc>https://example.com/a</loc><lastmod>2026-11-23</lastmod><news:news><news:publication>"
            "<news:name>Example</news:name></news:publication><news:title>Board &amp; quay</news:title>"
            "<news:publication_date>2026-11-22T12:00:00+02:00</news:publication_date></news:news></url>",
            "<url><loc>https://example.com/about</loc></url>",
        )
    )
    (entry,) = feed.entries
    assert (entry.key, entry.url, entry.title) == ("https://example.com/a", "https://example.com/a", "Board & quay")
    assert entry.published_at == feed.window_from == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert (feed.repair, feed.is_cut) == ("", False)


def test_a_news_sitemap_with_faults_too() -> None:
    story = "<url><loc>https://example.com/{0}</loc><news:news><news:title>A & {0}</news:title></news:news></url>"
    feed = parse(sitemap(*map(story.format, "bc")).removesuffix("</url></urlset>"))
    assert ([e.title for e in feed.entries], feed.repair, feed.is_cut) == (["A & b", "A & c"], "lxml", True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (sitemap("<url><loc>https://example.com/a</loc></url>"), "sitemap without news"),
        ("<sitemapindex><sitemap><loc>https://example.com/s.xml</loc></sitemap></sitemapindex>", "sitemap index"),
    ],
)
def test_another_sitemap_is_said_to_be_one(body: str, said: str) -> None:
    with pytest.raises(parser.NotAFeed, match=said):
        parse(body)


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
HOSTILE = {
    "an author without a blank": rss(f"<item><title>A</title><author>{'a' * 500_000}</author></item>"),
    "an author in references": rss(f"<item><title>A</title><author>{'&#97;' * 50_000}</author></item>"),
    "a creator in an ill-formed feed": rss(f"<item><title>A</title><dc:creator>{'a.' * 50_000}</dc:creator></item>")[
        :-3
    ],
    "laughs by the billion": f"<!DOCTYPE rss [{ENTITIES}]>" + rss("<item><title>A&a11;</title></item>"),
    "an entity of great length": f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]>'
    + rss(f"<item><title>A{'&a;' * 100_000}</title></item>"),
    "a file": '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + rss("<item><title>A&a;</title></item>"),
    "a document type from elsewhere": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x">'
    + rss("<item><title>A</title></item>"),
    "ten thousand tags in each other": rss(f"<item><title>A</title><b>{'<i>' * 10_000}{'</i>' * 10_000}</b></item>"),
    "quotes": rss(f"<item><title>A{'&quot;' * 200_000}</title></item>", "\"'" * 1_000_000),
    "ampersands": rss(f"<item><title>A{'&' * 200_000}</title></item>"),
}


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_ends_soon_and_keeps_its_entry(name: str, is_plain: bool) -> None:
    started = time.process_time()
    feed = parse(HOSTILE[name], is_plain=is_plain)
    assert [e.title[:1] for e in feed.entries] == ["A"]
    assert not any("root:" in e.title for e in feed.entries)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "unit", ["<", "&", '"', "<!--", "<?", "<!", "<![CDATA[", "</", "\n", "<ttl>", "&#", "<a ", "\0"]
)
def test_five_megabytes_of_one_sign_end_soon(unit: str) -> None:
    body = unit * (5_000_000 // len(unit))
    started = time.process_time()
    for text in (body, f"<rss><channel>{body}"):
        with contextlib.suppress(parser.NotAFeed, parser.Unreadable):
            assert parse(text, is_plain=True).entries == ()
    assert time.process_time() - started < 8


def test_what_is_stored_can_be_stored() -> None:
    entry = one(
        "<title>A\x00&#x1F;&#xD800;\u0085B</title><guid isPermaLink='false'>g\x01&#xDC00;</guid>"
        "<link>https://example.com/a\x02</link><author>Ann\x03 Lee</author><description>x&#0;y</description>"
    )
    assert (entry.key, entry.url, entry.authors, entry.summary) == ("g", "https://example.com/a", ("Ann Lee",), "xy")
    assert entry.title.encode().decode().isprintable()


def test_a_day_without_a_time_is_kept_as_that_day_in_the_feeds_zone() -> None:
    for stated in ("2026-11-26", "26.11.2026", "26 Nov 2026", "2026-11-26T00:00:00"):
        entry = one(f"<title>A</title><guid>7</guid><pubDate>{stated}</pubDate>", timezone="Europe/Kyiv")
        assert (entry.published_at, entry.published_day) == (datetime(2026, 11, 25, 22, tzinfo=UTC), date(2026, 11, 26))
    timed = one("<title>A</title><guid>7</guid><pubDate>2026-11-26 09:00</pubDate>", timezone="Europe/Kyiv")
    assert timed.published_day is None


def test_of_day_and_month_the_order_is_that_of_the_feeds_other_dates_or_of_its_country() -> None:
    def days(*stated: str, **arguments: Any) -> list[datetime | None]:
        items = (f"<item><title>{n}</title><guid>{n}</guid><pubDate>{s}</pubDate></item>" for n, s in enumerate(stated))
        return [entry.published_at for entry in parse(rss(*items), **arguments).entries]

    assert days("5/11/2026", "25/11/2026")[0] == datetime(2026, 11, 5, tzinfo=UTC)
    assert days("5/11/2026", "11/25/2026")[0] == datetime(2026, 5, 11, tzinfo=UTC)
    assert days("5/11/2026", language="uk") == [datetime(2026, 11, 5, tzinfo=UTC)]
    assert days("5/11/2026", language="en") == [None]


def test_months_in_words_are_those_of_the_feeds_language() -> None:
    item = "<title>A</title><guid>7</guid><pubDate>ke, 4 maaliskuuta 2026 klo 8.15</pubDate>"
    assert one(item, language="fi").published_at == datetime(2026, 3, 4, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("construct", "shown"),
    [
        ('<{0} type="text">On &lt;em&gt; and &lt;b&gt;bold&lt;/b&gt; dashes</{0}>', "On <em> and <b>bold</b> dashes"),
        ('<{0} type="text">AT&amp;amp;T</{0}>', "AT&amp;T"),
        ('<{0} type="html">On &lt;b&gt;bold&lt;/b&gt; AT&amp;amp;T</{0}>', "On bold AT&T"),
        ("<{0}>On &lt;b&gt;bold&lt;/b&gt; dashes</{0}>", "On bold dashes"),
        ("<{0}>if a&lt;b and c&gt;d</{0}>", "if a<b and c>d"),
    ],
)
def test_atom_says_which_texts_are_markup(construct: str, shown: str, is_plain: bool) -> None:
    texts = "".join(construct.format(name) for name in ("title", "summary"))
    (entry,) = parse(atom(f"<entry><id>urn:1</id>{texts}</entry>"), is_plain=is_plain).entries
    assert (entry.title, entry.summary) == (shown, shown)
