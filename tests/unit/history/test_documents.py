"""Sitemaps, WordPress' posts and feeds in pages, from bytes to what they list."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from newswatch.history.documents import UnreadablePast, parse
from newswatch.history.model import MAX_ENTRIES, PastDocument, PastEntry

URL = "https://paper.example/sitemap.xml"
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = 'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'


def sitemap(text: str, url: str = URL) -> PastDocument:
    return parse(text.encode(), form="sitemap", url=url, content_type="application/xml")


def test_a_sitemap_of_pages_and_of_news() -> None:
    document = sitemap(
        f"""<?xml version="1.0"?><urlset {SPACE} {NEWS}>
        <url><loc> https://paper.example/a?x=1&amp;y=2 </loc><lastmod>2026-09-14T10:00:00+03:00</lastmod></url>
        <url><loc>/2026/09/13/b</loc></url>
        <url><loc>https://paper.example/c</loc><n:news><n:publication><n:name>Paper</n:name></n:publication>
          <n:publication_date>2026-09-12T08:30:00Z</n:publication_date><n:title>Ships &amp; grain</n:title>
        </n:news></url>
        <url><loc>https://paper.example/d</loc>
          <n:news><n:publication_date>2026-09-11</n:publication_date></n:news></url>
        <url><lastmod>2026-09-14</lastmod></url></urlset>"""
    )
    assert document.entries == (
        PastEntry("https://paper.example/a?x=1&y=2", changed_at=datetime(2026, 9, 14, 7, tzinfo=UTC)),
        PastEntry(
            "https://paper.example/2026/09/13/b",
            published_at=datetime(2026, 9, 13, tzinfo=UTC),
            published_day=date(2026, 9, 13),
            is_day_by_address=True,
        ),
        PastEntry("https://paper.example/c", "Ships & grain", published_at=datetime(2026, 9, 12, 8, 30, tzinfo=UTC)),
        PastEntry(
            "https://paper.example/d",
            published_at=datetime(2026, 9, 11, tzinfo=UTC),
            published_day=date(2026, 9, 11),
        ),
    )
    assert not document.is_cut


def test_an_index_names_its_sitemaps_with_their_last_change() -> None:
    document = sitemap(
        f"<sitemapindex {SPACE}><sitemap><loc>https://paper.example/1.xml</loc><lastmod>2026-09-14</lastmod></sitemap>"
        "<sitemap><loc>/2.xml</loc></sitemap></sitemapindex>"
    )
    assert document.children == (
        ("https://paper.example/1.xml", datetime(2026, 9, 14, tzinfo=UTC)),
        ("https://paper.example/2.xml", None),
    )
    assert not document.is_cut


@pytest.mark.parametrize("length", range(60, 270, 9))
def test_of_a_cut_sitemap_whole_entries_count_and_no_half_address(length: int) -> None:
    urls = [f"https://paper.example/story-{n}" for n in range(4)]
    whole = f"<urlset {SPACE}>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"
    assert length < len(whole)
    try:
        document = sitemap(whole[:length])
    except UnreadablePast:
        assert "</url>" not in whole[:length]
        return
    assert [entry.url for entry in document.entries] == urls[: whole[:length].count("</url>")]
    assert document.is_cut


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://paper.example/a?x=1&y=2", "https://paper.example/a?x=1&y=2"),
        ("https://paper.example/a?x=1&amp;y=2&z", "https://paper.example/a?x=1&y=2&z"),
        ("https://paper.example/caf&eacute;", "https://paper.example/caf%C3%A9"),
    ],
)
def test_an_address_that_is_not_escaped_is_read_as_it_is_meant(written: str, address: str) -> None:
    document = sitemap(f"<urlset {SPACE}><url><loc>{written}</loc></url><url><loc>/b</loc></url></urlset>")
    assert [entry.url for entry in document.entries] == [address, "https://paper.example/b"]
    assert not document.is_cut


def test_what_is_no_sitemap_says_so() -> None:
    for body in ("<html><body><p>Not found</p></body></html>", "", "{}"):
        with pytest.raises(UnreadablePast):
            sitemap(body)


def test_an_empty_sitemap_lists_nothing() -> None:
    assert sitemap(f"<urlset {SPACE}></urlset>").entries == ()


def test_no_entity_is_expanded_and_nothing_beyond_the_limit_is_kept() -> None:
    bomb = '<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    document = sitemap(f"{bomb}<urlset {SPACE}><url><loc>https://paper.example/&b;</loc></url></urlset>")
    assert all("aaaa" not in entry.url for entry in document.entries)
    many = "".join(f"<url><loc>/{n}</loc></url>" for n in range(MAX_ENTRIES + 3))
    document = sitemap(f"<urlset {SPACE}>{many}</urlset>")
    assert (len(document.entries), document.left_out_count) == (MAX_ENTRIES, 3)


def posts(*items: object) -> PastDocument:
    return parse(json.dumps(items).encode(), form="wordpress", url=URL, content_type="application/json")


def test_wordpress_posts_are_dated_in_utc_and_cleaned_of_markup() -> None:
    (entry,) = posts(
        {
            "link": "https://paper.example/p/1",
            "date_gmt": "2026-09-14T22:15:00",
            "title": {"rendered": "Ships &amp; <em>grain</em> &#8217;26"},
            "excerpt": {"rendered": "<p>First line.</p>\n<p>Second.</p>"},
        }
    ).entries
    assert entry.published_at == datetime(2026, 9, 14, 22, 15, tzinfo=UTC)
    assert entry.title == "Ships & grain ’26"
    assert entry.summary == "First line. Second."
    assert entry.published_day is None


def test_posts_that_are_none_are_passed_over_and_an_error_is_named() -> None:
    assert posts("text", {"link": ""}, {"link": "mailto:a@example.com"}, {"title": "no link"}).entries == ()
    assert posts({"link": "https://paper.example/1", "date_gmt": None, "title": None}).entries[0].published_at is None
    for body in (b'{"code": "rest_no_route"}', b"<html>", b"[" * 100_000):
        with pytest.raises(UnreadablePast):
            parse(body, form="wordpress", url=URL, content_type="application/json")


def feed(*links: str, generator: str = "") -> PastDocument:
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Paper</title>{generator}{"".join(links)}'
        "<entry><title>Ships</title><id>1</id><link href='/ships'/><link rel='next' href='/entrys-own'/>"
        "<updated>2026-09-14T10:00:00Z</updated></entry></feed>"
    )
    return parse(body.encode(), form="feed", url="https://paper.example/feed", content_type="application/atom+xml")


def test_a_feed_names_the_page_that_follows_it() -> None:
    following, archive = '<link rel="next" href="?page=2"/>', '<link rel="prev-archive" href="/2026-08"/>'
    assert feed().next_url is None
    assert feed(following).next_url == "https://paper.example/feed?page=2"
    assert feed(following, archive).next_url == "https://paper.example/2026-08"
    (entry,) = feed().entries
    assert (entry.url, entry.title) == ("https://paper.example/ships", "Ships")


def test_wordpress_is_known_by_its_generator() -> None:
    assert feed(generator='<generator uri="https://wordpress.org/?v=6.6">WordPress</generator>').is_wordpress
    assert not feed(generator="<generator>Hugo</generator>").is_wordpress


def test_a_text_with_an_address_a_line_is_a_sitemap() -> None:
    text = "\ufeffhttps://paper.example/2026/09/14/a\r\n\r\n  https://paper.example/b  \n"
    document = parse(text.encode(), form="sitemap", url=URL, content_type="text/plain")
    assert [(entry.url, entry.published_day) for entry in document.entries] == [
        ("https://paper.example/2026/09/14/a", date(2026, 9, 14)),
        ("https://paper.example/b", None),
    ]
    with pytest.raises(UnreadablePast):
        parse(b"https://paper.example/a\nand more", form="sitemap", url=URL, content_type="text/plain")


def test_a_feed_is_a_sitemap() -> None:
    item = "<item><link>https://paper.example/a</link><pubDate>Mon, 14 Sep 2026 09:00:00 GMT</pubDate></item>"
    document = sitemap(f'<?xml version="1.0"?><!-- of all --><rss version="2.0"><channel>{item}</channel></rss>')
    assert [(entry.url, entry.published_at) for entry in document.entries] == [
        ("https://paper.example/a", datetime(2026, 9, 14, 9, tzinfo=UTC))
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_sitemap_in_utf_16(encoding: str) -> None:
    text = (
        f'<?xml version="1.0" encoding="UTF-16"?><urlset {SPACE}><url><loc>https://paper.example/ї</loc></url></urlset>'
    )
    body = text.encode(encoding) if encoding == "utf-16" else b"\xfe\xff" + text.encode(encoding)
    (entry,) = parse(body, form="sitemap", url=URL, content_type="application/xml").entries
    assert entry.url in ("https://paper.example/ї", "https://paper.example/%D1%97")


def test_a_faulty_sitemap_is_read_in_the_encoding_that_it_states() -> None:
    news = "<n:news><n:publication_date>2026-09-11</n:publication_date><n:title>Порт & море</n:title></n:news>"
    page = f"<url><loc>https://paper.example/a</loc>{news}</url>"
    text = f'<?xml version="1.0" encoding="windows-1251"?><urlset {SPACE} {NEWS}>{page}</urlset>'
    (entry,) = parse(text.encode("cp1251"), form="sitemap", url=URL, content_type="application/xml").entries
    assert entry.title == "Порт & море"
