"""Canonical URLs: one address for one story, and never one for two."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch import urls

CANONICAL = [
    ("http://example.com", "http://example.com/"),
    ("HTTP://EXAMPLE.com/Path", "http://example.com/Path"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("http://example.com:80/a", "http://example.com/a"),
    ("https://example.com:80/a", "https://example.com:80/a"),
    ("http://example.com:8080/a", "http://example.com:8080/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("https://example.com/a#top", "https://example.com/a"),
    ("https://example.com/a?", "https://example.com/a"),
    ("https://example.com/a?utm_source=rss", "https://example.com/a"),
    ("https://example.com/a?utm_source=rss&utm_medium=feed#x", "https://example.com/a"),
    ("https://example.com/a?id=7&utm_source=rss", "https://example.com/a?id=7"),
    ("https://example.com/a?UTM_Source=rss&id=7", "https://example.com/a?id=7"),
    ("https://example.com/a?fbclid=abc", "https://example.com/a"),
    ("https://example.com/a?gclid=1&yclid=2&ysclid=3", "https://example.com/a"),
    ("https://example.com/a?b=2&a=1", "https://example.com/a?b=2&a=1"),
    ("https://example.com/a?page=2", "https://example.com/a?page=2"),
    ("https://example.com/a?author=utm_x", "https://example.com/a?author=utm_x"),
    ("https://user:word@example.com/a", "https://example.com/a"),
    ("https://example.com/новини", "https://example.com/" + quote("новини")),
    ("https://example.com/%D0%BD", "https://example.com/%D0%BD"),
    ("https://example.com/a b", "https://example.com/a%20b"),
    ("https://example.com/a/", "https://example.com/a/"),
    ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
]


@pytest.mark.parametrize(("url", "expected"), CANONICAL)
def test_the_canonical_form_of_an_address(url: str, expected: str) -> None:
    assert urls.canonical(url) == expected


@pytest.mark.parametrize(("url", "_"), CANONICAL)
def test_a_canonical_address_is_its_own_canonical_form(url: str, _: str) -> None:
    once = urls.canonical(url)
    assert urls.canonical(once) == once


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?q=two%20words",
        "https://example.com/a?q=two+words",
        "https://example.com/a?flag",
        "https://example.com/a?q=%D0%BD",
        "https://example.com/a?q=a/b:c",
        "https://example.com/a?q=%FF",
        "https://example.com/a?id=1",
        "https://example.com/a",
    ],
)
def test_a_tracking_parameter_leads_to_the_same_story_as_the_address_without_it(url: str) -> None:
    tracked = url + ("&" if "?" in url else "?") + "utm_source=rss"
    assert urls.canonical(tracked) == urls.canonical(url)


NAMES = st.text("abcdefgh_", min_size=1, max_size=6).map(lambda name: f"x{name}")
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="&=#+;%\r\n\t"), max_size=8).map(quote)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.integers(0, 4))
def test_where_tracking_stands_among_the_parameters_does_not_matter(pairs: list[tuple[str, str]], place: int) -> None:
    query = [f"{name}={value}" for name, value in pairs]
    tracked = [*query[:place], "utm_campaign=x", *query[place:]]
    plain = urls.canonical("https://example.com/a" + ("?" + "&".join(query) if query else ""))
    assert urls.canonical("https://example.com/a?" + "&".join(tracked)) == plain


@pytest.mark.parametrize(
    ("base", "link", "expected"),
    [
        ("https://example.com/feed", "/a", "https://example.com/a"),
        ("https://example.com/news/feed", "a.html", "https://example.com/news/a.html"),
        ("https://example.com/feed", "//other.example/a", "https://other.example/a"),
        ("https://example.com/feed", "  https://example.com/a\n", "https://example.com/a"),
        ("https://example.com/feed", "?id=1", "https://example.com/feed?id=1"),
        ("https://example.com/feed", "javascript:alert(1)", None),
        ("https://example.com/feed", "mailto:a@example.com", None),
        ("https://example.com/feed", "ftp://example.com/a", None),
        ("https://example.com/feed", "file:///etc/passwd", None),
        ("https://example.com/feed", "data:text/html,x", None),
        ("https://example.com/feed", "http://", None),
        ("https://example.com/feed", "http://[::1", None),
        ("https://example.com/feed", "http://example.com:99999/", None),
        ("https://example.com/feed", "http://example.com:0/", None),
        ("https://example.com/feed", "http://example.com:x/", None),
    ],
)
def test_a_link_is_resolved_or_leads_nowhere(base: str, link: str, expected: str | None) -> None:
    assert urls.resolve(base, link) == expected


@given(st.text(max_size=40))
def test_whatever_a_feed_gives_as_a_link_is_refused_or_has_a_canonical_form(link: str) -> None:
    url = urls.resolve("https://example.com/feed", link)
    if url is not None:
        assert urls.canonical(urls.canonical(url)) == urls.canonical(url)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://example.com/a", "https://www.example.com/b", True),
        ("https://m.example.com/a", "https://example.com/b", True),
        ("http://example.com/a", "https://example.com/b", True),
        ("https://example.com/a", "https://example.org/a", False),
        ("https://notexample.com/a", "https://example.com/a", False),
        ("https://example.com.evil.org/a", "https://example.com/a", False),
    ],
)
def test_how_far_a_site_reaches(one: str, other: str, expected: bool) -> None:
    assert urls.is_same_site(one, other) is expected
    assert urls.is_same_site(other, one) is expected


def test_the_pause_between_requests_knows_a_host_by_one_name() -> None:
    hosts = {urls.host_of(u) for u in ("https://Example.com/a", "https://example.com:443/b", "https://u@example.com/c")}
    assert hosts == {"example.com"}
    assert urls.host_of("https://example.com:8443/") != urls.host_of("https://example.com/")


def test_a_story_id_is_sixteen_hex_digits_and_depends_on_the_address_alone() -> None:
    assert urls.story_id("https://example.com/a") == urls.story_id("https://example.com/a")
    assert urls.story_id("https://example.com/a") != urls.story_id("https://example.com/b")
    assert set(urls.story_id("https://example.com/a")) <= set("0123456789abcdef")
    assert len(urls.story_id("https://example.com/a")) == 16
