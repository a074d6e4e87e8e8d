"""Where a site keeps its feeds: what is taken from a page, from robots.txt and from a feed's head."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from newswatch.feeds import autodiscovery

URL = "https://example.com/world"


def found(head: str = "", body: str = "", url: str = URL) -> list[str]:
    page = autodiscovery.read_page(f"<html><head>{head}</head><body>{body}</body></html>".encode(), url, "text/html")
    return [candidate.url for candidate in page.candidates]


@pytest.mark.parametrize(
    ("site", "addresses"),
    [
        ("example.com", ("https://example.com/", "http://example.com/")),
        (" example.com/world ", ("https://example.com/world", "http://example.com/world")),
        ("example.com:8080", ("https://example.com:8080/", "http://example.com:8080/")),
        ("новини.example", ("https://xn--b1amarcd.example/", "http://xn--b1amarcd.example/")),
        ("http://example.com/rss", ("http://example.com/rss",)),
        ("feed://example.com/rss", ("https://example.com/rss",)),
        ("feed:https://example.com/rss", ("https://example.com/rss",)),
        ("mailto:a@example.com", ()),
        ("ftp://example.com/", ()),
        ("https://user:word@example.com/", ()),
        ("no site", ()),
        ("", ()),
    ],
)
def test_what_a_user_types_becomes_addresses_to_ask(site: str, addresses: tuple[str, ...]) -> None:
    assert autodiscovery.addresses_of(site) == addresses


@pytest.mark.parametrize(
    "kind", ["application/rss+xml", "application/feed+json", "application/json", "APPLICATION/RSS+XML; charset=utf-8"]
)
def test_a_link_to_a_feed_in_the_head_is_a_candidate_with_its_title(kind: str) -> None:
    head = f'<link rel="Alternate" type="{kind}" href="/rss?a=1&amp;b=2" title=" The  Quay ">'
    page = autodiscovery.read_page(f"<head>{head}</head>".encode(), URL, "text/html")
    assert page.candidates == (
        autodiscovery.Candidate("https://example.com/rss?a=1&b=2", "a link in the page's head", "The Quay"),
    )


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="alternate" hreflang="uk" type="text/html" href="/uk">',
        '<link rel="alternate" hreflang="uk" href="/uk">',
        '<link rel="stylesheet" type="application/rss+xml" href="/rss">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        '<link rel="alternate" type="application/rss+xml">',
        '<link rel="alternate" type="application/json+oembed" href="/embed?url=x">',
    ],
)
def test_other_links_in_the_head_are_not(head: str) -> None:
    assert found(head) == []


@pytest.mark.parametrize(
    "path",
    [
        *("/rss", "/rss/", "/feed", "/feeds/world", "/rss.xml", "/world/feed.xml", "/index.rss", "/news.atom"),
        *("/news?format=rss", "/?feed=rss2", "/rss/all.xml", "/RSS/news.xml", "/rssfeed.aspx", "/rss2.php"),
    ],
)
def test_an_anchor_that_looks_like_a_feeds_is_a_candidate(path: str) -> None:
    assert found(body=f'<a href="{path}">Feed</a>') == [f"https://example.com{path}"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/feedback", "/world/feeding-the-harbour", "/brass", "/sitemap.xml", "/news?format=print"),
        *("/rss-explained", "https://reader.example.org/subscribe/feed/example", "mailto:rss@example.com", "http://["),
    ],
)
def test_an_anchor_to_anything_else_is_not(path: str) -> None:
    assert found(body=f'<a href="{path}">x</a>') == []


def test_an_anchor_to_another_host_counts_where_the_host_is_called_after_feeds() -> None:
    assert found(body='<a href="https://feeds.example.net/world/rss.xml">x</a>') == [
        "https://feeds.example.net/world/rss.xml"
    ]


def test_one_feed_named_twice_is_one_candidate_and_feeds_of_comments_come_last() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    head = link.format("/comments/feed/") + link.format("/feed/") + link.format("http://www.example.com/feed")
    assert found(head, '<a href="/feed">RSS</a>') == ["https://example.com/feed/", "https://example.com/comments/feed/"]


def test_links_go_by_the_pages_base() -> None:
    head = '<base href="https://example.com/en/"><link rel="alternate" type="application/rss+xml" href="rss.xml">'
    assert found(head) == ["https://example.com/en/rss.xml"]


def test_no_page_names_more_candidates_than_are_asked_and_the_rest_is_counted() -> None:
    body = "".join(f'<a href="/rss/{n}">x</a>' for n in range(60))
    page = autodiscovery.read_page(body.encode(), URL, "text/html")
    assert len(page.candidates) == autodiscovery.MAX_CANDIDATES
    assert page.left_out_count == 60 - autodiscovery.MAX_CANDIDATES


def test_a_page_says_its_language_and_the_sites_name() -> None:
    text = '<html lang="uk-UA"><head><meta property="og:site_name" content="Ранкова  Пошта"></head><body>x</body>'
    page = autodiscovery.read_page(text.encode("windows-1251"), URL, "text/html; charset=windows-1251")
    assert (page.language, page.site_name) == ("uk", "Ранкова Пошта")


HOSTILE = {
    "nothing": b"",
    "zeros": b"\0" * 1000,
    "no HTML": b"%PDF-1.7\n\xff\xfe",
    "deep": b"<div>" * 200_000,
    "wide": b"<a href=/rss>" * 100_000,
    "an entity": b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><a href="/rss">&x;</a>',
    "a declared charset that is none": b"<meta charset=nonsense><a href=/rss>x</a>",
    "wide, all different": b"".join(b"<a href=//h%d.example/rss>" % n for n in range(100_000)),
    "attributes": b"<a " + b"x=1 " * 100_000 + b"href=/rss>",
    "one long link": b"<a href=/" + b"rss" * 50_000 + b">",
    "long links": b"".join(b"<a href=/%d%s>" % (n, b"rss" * 5_000) for n in range(150)),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_is_read_quickly_or_holds_nothing(body: bytes) -> None:
    started = time.monotonic()
    page = autodiscovery.read_page(body, URL, "text/html; charset=no-such-charset")
    autodiscovery.read_heading(body)
    assert time.monotonic() - started < 5
    assert len(page.candidates) <= 1
    assert all("root" not in candidate.title for candidate in page.candidates)


def test_a_link_that_is_longer_than_any_address_is_no_feeds() -> None:
    assert autodiscovery.looks_like_feed("/rss?" + "a" * 10_000)
    assert not autodiscovery.looks_like_feed("/rss?" + "a" * 20_000)


def test_guesses_begin_below_the_pages_own_path() -> None:
    asked = [candidate.url for candidate in autodiscovery.guesses("https://example.com/world/")]
    assert asked[:4] == [
        *("https://example.com/world/feed", "https://example.com/world/rss"),
        *("https://example.com/feed", "https://example.com/rss"),
    ]
    assert asked[-2] == "https://example.com/sitemap-news.xml"
    assert asked[-1].startswith("https://example.com/wp-json/wp/v2/posts?")
    assert len(asked) == len(set(asked))


def test_robots_txt_names_news_sitemaps_in_any_case_and_place() -> None:
    robots = (
        b"User-agent: *\nDisallow: /\n sitemap : /news-sitemap.xml # new\r\nSITEMAP: https://example.net/NEWS/1.xml\n"
        b"Sitemap: https://example.com/sitemap.xml\nSitemap: mailto:x\nSitemap:\n\xff"
    )
    assert [c.url for c in autodiscovery.news_sitemaps(robots, "https://example.com/robots.txt")] == [
        "https://example.com/news-sitemap.xml",
        "https://example.net/NEWS/1.xml",
    ]


def test_a_robots_txt_of_sitemaps_alone_is_read_quickly() -> None:
    started = time.monotonic()
    robots = b"".join(b"sitemap:%d.example/news\n" % n for n in range(100_000))
    assert len(autodiscovery.news_sitemaps(robots, "https://example.com/robots.txt")) == autodiscovery.MAX_CANDIDATES
    assert time.monotonic() - started < 1


HEADINGS = {
    "RSS": "<rss><channel><image><title>No</title></image><title>The  Quay</title><language>en-gb</language><item>",
    "Atom": '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><author><name>No</name></author>'
    "<title>The Quay</title><entry><title>No</title>",
    "RDF": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns="http://purl.org/rss/1.0/"><channel><title>The Quay</title><dc:language>en</dc:language></channel>',
    "a news sitemap": '<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><n:news><n:publication>'
    "<n:name>The Quay</n:name><n:language>en</n:language></n:publication><n:title>No</n:title>",
}


@pytest.mark.parametrize("text", HEADINGS.values(), ids=HEADINGS)
def test_a_feed_says_its_title_and_language_before_its_entries(text: str) -> None:
    for start in ("", '\ufeff<?xml version="1.0" encoding="utf-8"?>', "\n"):
        assert autodiscovery.read_heading((start + text).encode()) == autodiscovery.Heading("The Quay", "en")


def test_a_feeds_entities_are_not_expanded() -> None:
    text = (
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><channel><title>A&x;B</title></channel></rss>'
    )
    assert autodiscovery.read_heading(text.encode()).title in ("AB", "A&x;B", "A")


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        *(("en", "en"), ("en-GB", "en"), ("uk_UA", "uk"), ("RU-ru", "ru"), ("ua", "uk"), ("fil", "fil")),
        *(("und", None), ("", None), (None, None), ("english", None), ("e", None), ("en gb", None), ("*", None)),
    ],
)
def test_the_language_code_in_a_language_tag(stated: str | None, code: str | None) -> None:
    assert autodiscovery.language_code(stated) == code


def test_a_feeds_rhythm_is_told_by_the_dates_it_has() -> None:
    first = datetime(2026, 11, 20, tzinfo=UTC)
    rhythm = autodiscovery.rhythm([None, *(first + timedelta(hours=6 * n) for n in (4, 0, 2, 8))])
    assert rhythm == autodiscovery.Rhythm(4, first + timedelta(days=2), first, 1.5)
    assert autodiscovery.rhythm([first, first]).per_day is None
    assert autodiscovery.rhythm([None]) == autodiscovery.Rhythm(0, None, None, None)
