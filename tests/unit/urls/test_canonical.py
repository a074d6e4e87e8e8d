"""Canonical URLs: one address for one story, and never one for two."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from newswatch.cli.main import main
from newswatch.urls import canonical, tracking
from newswatch.urls.canonical import (
    canonical_url,
    host_of,
    is_credible_canonical,
    is_same_site,
    resolve,
    story_id_of,
    twin_key,
)

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
    ("https://[2001:db8:0:0:0:0:0:1]/a", "https://[2001:db8::1]/a"),
    ("https://новини.example/", "https://xn--b1amarcd.example/"),
    ("https://НОВИНИ.example/", "https://xn--b1amarcd.example/"),
    ("https://xn--b1amarcd.example/", "https://xn--b1amarcd.example/"),
    ("https://a_b.новини.example/", "https://a_b.xn--b1amarcd.example/"),
    ("https://example.com/%d0%bd", "https://example.com/%D0%BD"),
    ("https://example.com/%7Euser/%41", "https://example.com/~user/A"),
    ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    ("https://example.com/100%", "https://example.com/100%25"),
    ("https://example.com/%%34%31", "https://example.com/%2541"),
    ("https://example.com/a/./b/../c", "https://example.com/a/c"),
    ("https://example.com/a/%2e%2E/c", "https://example.com/c"),
    ("https://example.com/../..", "https://example.com/"),
    ("https://example.com/a/b/..", "https://example.com/a/"),
    ("https://example.com//a", "https://example.com//a"),
    ("https://example.com/a?q=новини", "https://example.com/a?q=" + quote("новини")),
    ("https://example.com/a?q=%d0%bd&b[]=1", "https://example.com/a?q=%D0%BD&b[]=1"),
    ("https://example.com/a;jsessionid=1F2A?id=1", "https://example.com/a?id=1"),
    ("https://example.com/a#:~:text=quay", "https://example.com/a"),
    ("https://example.com/#!/story/5", "https://example.com/#!/story/5"),
    ("https://example.com/#!/story/5:~:text=quay", "https://example.com/#!/story/5"),
    ("https://example.com/#!", "https://example.com/"),
    ("https://example.com/a?id=7&amp;utm_source=rss", "https://example.com/a?id=7"),
    ("https://example.com/a?utm_source=x&", "https://example.com/a"),
]

AMP = [
    ("https://www.google.com/amp/s/example.com/x", "https://example.com/x"),
    ("https://search.example/url?sa=t&q=https://example.com/x%3Fid%3D7&usg=A", "https://example.com/x?id=7"),
    ("https://go.example/news/apiclick.aspx?c=1&url=https%3a%2f%2fexample.com%2fx", "https://example.com/x"),
    ("https://l.social.example/l.php?u=https%3A%2F%2Fexample.com%2Fx%3Futm_source%3Da&h=B", "https://example.com/x"),
    ("https://a.example/out/?to=https://b.example/redirect?url=https://example.com/x", "https://example.com/x"),
    # its own site, two pages, none, another step: a page like any other
    ("https://example.com/login?url=https://other.example/x", "https://example.com/login?url=https://other.example/x"),
    ("https://example.com/out?url=https://www.example.com/x", "https://example.com/out?url=https://www.example.com/x"),
    ("https://example.com/url?q=https:///x", "https://example.com/url?q=https:///x"),
    ("https://a.b/out?u=https://c.d/x&to=https://e.f/y", "https://a.b/out?u=https://c.d/x&to=https://e.f/y"),
    ("https://www.google.com.ua/amp/s/example.com/x", "https://example.com/x"),
    ("https://www.google.co.uk/amp/example.com/x", "http://example.com/x"),
    ("https://google.de/amp/s/example.com/x?id=1", "https://example.com/x?id=1"),
    ("https://www.google.com/amp/s/example.com/x%3foutputType=amp", "https://example.com/x"),
    ("https://www.bing.com/amp/s/example.com/x", "https://example.com/x"),
    ("https://example-com.cdn.ampproject.org/c/s/example.com/x", "https://example.com/x"),
    ("https://example-com.cdn.ampproject.org/c/example.com/x", "http://example.com/x"),
    ("https://example-com.cdn.ampproject.org/v/s/example.com/x?amp_js_v=a6&usqp=mq33", "https://example.com/x"),
    ("https://example-com.cdn.ampproject.org/wp/s/example.com/x", "https://example.com/x"),
    ("https://cdn.ampproject.org/c/s/www.example.com/x/amp/", "https://www.example.com/x/amp/"),
    ("https://www.google.com/amp/s/a-org.cdn.ampproject.org/c/s/a.org/x", "https://a.org/x"),
    ("https://www.google.com/amp/s/example.com/x?utm_source=x#top", "https://example.com/x"),
    ("https://example.com/x?amp", "https://example.com/x"),
    ("https://example.com/x?amp=1&id=2", "https://example.com/x?id=2"),
    ("https://example.com/x?AMP=true", "https://example.com/x"),
    ("https://example.com/x?__amp", "https://example.com/x"),
    ("https://example.com/x?outputType=amp", "https://example.com/x"),
    ("https://example.com/x?output=amp", "https://example.com/x"),
]

NOT_AMP = [
    "https://www.google.com/search?q=amp",
    "https://www.google.com/amp/s/",
    "https://www.google.com/amp/s/nohost/x",
    "https://www.google.com/amp/s/user:word@example.com/x",
    "https://www.google.example.org/amp/s/example.com/x",
    "https://notgoogle.com/amp/s/example.com/x",
    "https://cdn.ampproject.org/v0.js",
    "https://ampproject.org/c/s/example.com/x",
    "https://example.com/c/s/example.org/x",
    "https://example.com/x?amp=0",
    "https://example.com/x?amp=220",
    "https://example.com/x?output=xml",
    "https://example.com/x?format=rss",
    "https://example.com/x?amplifier",
    "https://example.com/amp/x",
    "https://example.com/x/amp/",
    "https://example.com/x.amp.html",
]


@pytest.mark.parametrize(("url", "expected"), CANONICAL)
def test_the_canonical_form_of_an_address(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize(("url", "expected"), AMP)
def test_an_amp_viewer_or_cache_gives_way_to_the_publishers_address(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize("url", NOT_AMP)
def test_what_only_looks_like_amp_stays_as_it_is(url: str) -> None:
    assert canonical_url(url) == url


def test_a_thousand_viewers_inside_each_other_cost_no_second() -> None:
    started = time.monotonic()
    assert canonical_url("https://" + "www.google.com/amp/s/" * 700 + "example.com/x") == "https://example.com/x"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "name",
    [
        *("ref", "source", "id", "s", "t", "from", "p", "page", "share", "cid", "cmp", "mod", "tid", "partner", "ocid"),
        *(
            "cmpid",
            "author",
            "at",
            "at_",
            "at_date",
            "pk",
            "pk_id",
            "feature",
            "v",
            "q",
            "lang",
            "format",
            "output",
            "r",
        ),
    ],
)
def test_a_parameter_that_may_select_content_stays(name: str) -> None:
    assert canonical_url(f"https://example.com/a?{name}=5") == f"https://example.com/a?{name}=5"


@pytest.mark.parametrize("name", [n for _, names in tracking.ANYWHERE for n in names.split()])
def test_every_name_of_the_table_is_taken_off_in_any_case_of_letters(name: str) -> None:
    name = name.replace("*", "x")
    for spelt in (name, name.upper(), quote(name, safe="").replace("_", "%5F")):
        assert canonical_url(f"https://example.com/a?id=1&{spelt}=5") == "https://example.com/a?id=1"


@pytest.mark.parametrize(
    ("site", "name"),
    [
        (site, n.replace("*", "x"))
        for sites, _, names in tracking.ON_SITES
        for site in sites.split()
        for n in names.split()
    ],
)
def test_a_sites_own_name_is_taken_off_there_and_on_its_subdomains_alone(site: str, name: str) -> None:
    assert canonical_url(f"https://{site}/a?{name}=5") == f"https://{site}/a"
    assert canonical_url(f"https://www.{site}:8443/a?{name}=5") == f"https://www.{site}:8443/a"
    for other in (f"not{site}", f"{site}.example"):
        assert canonical_url(f"https://{other}/a?{name}=5") == f"https://{other}/a?{name}=5"


def test_no_name_stands_in_the_table_twice_for_one_site() -> None:
    everywhere = [name.lower() for _, names in tracking.ANYWHERE for name in names.split()]
    on_sites = [
        (site, n.lower()) for sites, _, names in tracking.ON_SITES for site in sites.split() for n in names.split()
    ]
    assert len(everywhere) == len(set(everywhere))
    assert len(on_sites) == len(set(on_sites))
    assert not set(everywhere) & {name for _, name in on_sites}


def test_the_page_on_addresses_says_what_the_code_does() -> None:
    page = (Path(__file__).parents[3] / "docs" / "urls.md").read_text(encoding="utf-8")
    shown = CliRunner().invoke(main, ["url-rules"])
    assert shown.stdout == page, "run `make docs`"
    for owner, names in (*tracking.ANYWHERE, *((owner, names) for _, owner, names in tracking.ON_SITES)):
        assert f"| {', '.join(f'`{name}`' for name in names.split())} | {owner} |" in page


@pytest.mark.parametrize(("url", "_"), [*CANONICAL, *AMP, *((url, "") for url in NOT_AMP)])
def test_a_canonical_address_is_its_own_canonical_form(url: str, _: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


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
    assert canonical_url(tracked) == canonical_url(url)


NAMES = st.text("abcdefgh_", min_size=1, max_size=6).map(lambda name: f"x{name}")
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="&=#+;%\r\n\t"), max_size=8).map(quote)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.integers(0, 4))
def test_where_tracking_stands_among_the_parameters_does_not_matter(pairs: list[tuple[str, str]], place: int) -> None:
    query = [f"{name}={value}" for name, value in pairs]
    tracked = [*query[:place], "utm_campaign=x", *query[place:]]
    plain = canonical_url("https://example.com/a" + ("?" + "&".join(query) if query else ""))
    assert canonical_url("https://example.com/a?" + "&".join(tracked)) == plain


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
        ("https://example.com/feed", "https://user@example.com/a", None),
        ("https://example.com/feed", "https://user:word@example.com/a", None),
        ("https://example.com/feed", "https://@example.com/a", None),
        ("https://user:word@example.com/feed", "/a", None),
        ("https://example.com/feed", "https://exam\nple.com/a\tb", "https://example.com/ab"),
        ("https://example.com/feed", "java\nscript:alert(1)", None),
        ("https://example.com/feed", "https://example.com/a\0b", None),
        ("https://example.com/feed", "https://example.com/a\x1bb", None),
        ("https://example.com/feed", "https://example.com\\@other.example/a", None),
        ("https://example.com/feed", "\\a", None),
        ("https://example.com/feed", "/a?path=c:\\b", "https://example.com/a?path=c:%5Cb"),
        ("https://example.com/feed", "https://НОВИНИ.example/н", "https://xn--b1amarcd.example/%D0%BD"),
        ("https://example.com/feed", "https://ex%61mple.com/a", "https://example.com/a"),
        ("https://example.com/feed", "https://ＥＸＡＭＰＬＥ.com/a", "https://example.com/a"),
        ("https://example.com/feed", "https://exam ple.com/a", None),
        ("https://example.com/feed", "https://exam%00ple.com/a", None),
        ("https://example.com/feed", "https://a..b/a", None),
        ("https://example.com/feed", "https://" + "a" * 64 + ".com/", None),
        ("https://example.com/feed", "https://" + "ю" * 60 + ".com/", None),
        ("https://example.com/feed", "https://\u0301a.example/", None),
        ("https://example.com/feed", "https://[v1.x]/a", None),
        ("https://example.com/feed", "/a/../b?", "https://example.com/b"),
        ("https://example.com/feed", "/a?utm_source=rss", "https://example.com/a?utm_source=rss"),
        ("https://example.com/feed", "/" + "a" * 1976, "https://example.com/" + "a" * 1976),
        ("https://example.com/feed", "/" + "a" * 1990, None),
        ("https://example.com/feed", "/?utm_source=" + "a" * 20000, None),
    ],
)
def test_a_link_is_resolved_or_leads_nowhere(base: str, link: str, expected: str | None) -> None:
    assert resolve(base, link) == expected


LINKS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(["/", ".", "..", "%", "%2", "%2e", "%2F", "a", "ю", "amp", "?", "#", "#!", "=", "&", ";", ":"])
    )
    .map("".join)
    .flatmap(
        lambda tail: st.sampled_from(["", "https://example.com", "//google.com/amp/s/a.b"]).map(lambda h: h + tail)
    ),
)


@given(LINKS)
def test_whatever_a_feed_gives_as_a_link_is_refused_or_has_a_canonical_form(link: str) -> None:
    url = resolve("https://example.com/feed", link)
    if url is not None:
        assert url.isascii()
        assert resolve(url, "") == url
        assert canonical_url(canonical_url(url)) == canonical_url(url)
        key = twin_key(url)
        assert key.startswith("//")
        assert twin_key(key) == twin_key(canonical_url(url)) == key


PORTS = [
    f"{scheme}://a.example:{port}" for scheme in ("http", "https") for port in (0, 80, 443, 8080, "08", 59999, 65536)
]
PLAIN = st.lists(
    st.sampled_from(
        ["/", "//", ".", "..", "a", "Ab-1_~", "?", "?a=1&b=%2F", "&amp", "#x", "#", ";", ":", "@", "%41", "[", "é"]
    )
).map("".join)


@given(
    st.sampled_from(["https://example.com", "http://a.example", "https://EXAMPLE.com:443", "https://x..y", *PORTS]),
    PLAIN,
)
def test_a_plain_address_is_what_resolving_it_gives(host: str, rest: str) -> None:
    feed = "https://example.com/feed"
    for base, link in (
        (feed, host + rest),
        (feed, f"{host}/{rest}"),
        (host + rest, "/a"),
        (host, rest),
        (host, "/" + rest),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(canonical, "_PLAIN", re.compile("(?!)"))
            expected = resolve(base, link)
        assert resolve(base, link) == expected


TWINS = [
    ("https://example.com/x", "//example.com/x"),
    ("http://example.com/x", "//example.com/x"),
    ("https://www.example.com/x/", "//example.com/x"),
    ("https://m.example.com/x", "//example.com/x"),
    ("https://mobile.example.com/x", "//example.com/x"),
    ("https://touch.example.com/x", "//example.com/x"),
    ("https://amp.example.com/x", "//example.com/x"),
    ("https://example.com/amp/x", "//example.com/x"),
    ("https://example.com/x/amp", "//example.com/x"),
    ("https://example.com/x/amp/", "//example.com/x"),
    ("https://example.com/x.amp", "//example.com/x"),
    ("https://example.com/x.amp.html", "//example.com/x.html"),
    ("https://www.google.com/amp/s/amp.example.com/x?utm_source=a", "//example.com/x"),
    ("https://example.com", "//example.com/"),
    ("https://www.example.com:8443/x", "//example.com:8443/x"),
    ("https://www.новини.example/x", "//xn--b1amarcd.example/x"),
    ("https://example.com/X", "//example.com/X"),
    ("https://example.com/x?b=2&a=1", "//example.com/x?b=2&a=1"),
    ("https://example.com/x/?a=1", "//example.com/x?a=1"),
    ("https://example.com/x//", "//example.com/x//"),
    ("https://example.com/index.html", "//example.com/index.html"),
    ("https://example.com/amp/", "//example.com/amp"),
    ("https://example.com/amplifier", "//example.com/amplifier"),
    ("https://example.com/example/camp", "//example.com/example/camp"),
    ("https://news.example.com/x", "//news.example.com/x"),
    ("https://www.m.example.com/x", "//www.m.example.com/x"),
    ("https://www.m.de/x", "//m.de/x"),
    ("https://m.de/x", "//m.de/x"),
    ("https://m.co.uk/x", "//m.co.uk/x"),
    ("https://mobile.com.ua/x", "//mobile.com.ua/x"),
    ("https://m.localhost/x", "//m.localhost/x"),
    ("https://192.0.2.1/x", "//192.0.2.1/x"),
    ("https://[2001:db8::1]/x", "//[2001:db8::1]/x"),
]


@pytest.mark.parametrize(("url", "key"), TWINS)
def test_twins_of_a_page_share_a_key_that_is_no_address(url: str, key: str) -> None:
    assert twin_key(url) == key
    assert twin_key(canonical_url(url)) == key


WORDS = st.sampled_from(["a", "b", "quay", "Quay", "amper", "www", "m", "x.html", "%2F", "index.html"])
PAGES = st.tuples(
    st.sampled_from(
        ["example.com", "example.org", "a.example.com", "www.net", "co.uk", "x.co.uk", "192.0.2.1", "host"]
    ),
    st.sampled_from(["", ":8080"]),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda words: "/" + "/".join(words)),
    st.sampled_from(["", "?a=1", "?b=1&a=1", "?a=1&b=1", "?A=1", "#!/a"]),
)
MARKS = st.tuples(
    st.sampled_from(["http", "https"]),
    st.sampled_from(["", "www.", "m.", "mobile.", "amp.", "touch."]),
    st.sampled_from(["", "/amp"]),
    st.sampled_from(["", "/", "/amp", "/amp/", ".amp"]),
)


@given(PAGES, PAGES, MARKS, MARKS)
def test_addresses_share_a_key_only_if_they_differ_in_nothing_but_the_marks_of_twins(
    one: tuple[str, ...], other: tuple[str, ...], marks: tuple[str, ...], others: tuple[str, ...]
) -> None:
    def spell(page: tuple[str, ...], marks: tuple[str, ...]) -> str:
        (host, port, path, rest), (scheme, label, first, last) = page, marks
        label = label if host in ("example.com", "example.org", "x.co.uk") else ""
        return f"{scheme}://{label}{host}{port}{first}{path}{last}{rest}"

    is_joined = twin_key(spell(one, marks)) == twin_key(spell(other, others))
    assert is_joined is (one == other)


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("https://example.com/news/quay", "https://example.com/news/quay", True),
        ("https://example.com/news/quay", "https://www.example.com/news/quay", True),
        ("https://m.example.com/news/quay", "https://example.com/news/quay", True),
        ("http://example.com/news/quay", "https://example.com/news/quay", True),
        ("https://example.com/news/quay?utm_source=x", "https://example.com/news/quay", True),
        ("https://example.com/p/4711", "https://example.com/news/quay-rebuilt-at-last", True),
        ("https://example.com/world/2026/11/quay-rebuilt", "https://example.com/quay-rebuilt", True),
        ("https://example.com/world/2026/11/quay-rebuilt/amp/", "https://example.com/quay-rebuilt", True),
        ("https://example.com/news/story.php?id=4711", "https://example.com/4711", True),
        ("https://example.com/some/long/path/4711/index.html", "https://example.com/4711", True),
        ("https://example.com/", "https://example.com/", True),
        ("https://example.com/news/quay", "https://example.com/?p=4711", True),
        ("https://example.com/search", "https://example.com/search", True),
        ("https://www.google.com/amp/s/example.com/x", "https://example.com/x", True),
        ("https://example.com/news/quay", "/news/quay", True),
        ("https://example.com/news/quay", "http://example.com/news/quay", False),
        ("https://example.com/news/quay", "https://user:word@example.com/news/quay", False),
        ("https://example.com/news/quay", "https://example.org/news/quay", False),
        ("https://example.com/news/quay", "https://example.com/", False),
        ("https://example.com/news/quay", "https://example.com/?utm_source=x", False),
        ("https://example.com/world/2026/11/quay-rebuilt", "https://example.com/world", False),
        ("https://example.com/world/2026/11/quay-rebuilt", "https://example.com/world/", False),
        ("https://example.com/world/europe/quay-rebuilt", "https://example.com/en/", False),
        ("https://example.com/world/2026/11/quay-rebuilt", "https://example.com/world?page=1", False),
        ("https://example.com/news/quay", "https://example.com/404", False),
        ("https://example.com/news/quay", "https://example.com/error.html", False),
        ("https://example.com/news/quay", "https://example.com/search?q=quay", False),
        ("https://example.com/news/quay", "https://example.com/users/login", False),
        ("https://example.com/news/quay", "mailto:quay@example.com", False),
        ("https://example.com/news/quay", "http://[", False),
    ],
)
def test_a_canonical_link_is_believed_if_it_can_name_the_same_page(page: str, link: str, expected: bool) -> None:
    assert is_credible_canonical(page, link) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://example.com/a", "https://www.example.com/b", True),
        ("https://m.example.com/a", "https://example.com/b", True),
        ("http://example.com/a", "https://example.com/b", True),
        ("https://example.com/a", "https://example.org/a", False),
        ("https://notexample.com/a", "https://example.com/a", False),
        ("https://example.com.evil.org/a", "https://example.com/a", False),
        ("https://новини.example/a", "https://www.xn--b1amarcd.example/b", True),
        ("https://[2001:db8::1]/a", "https://[2001:db8::2]/a", False),
    ],
)
def test_how_far_a_site_reaches(one: str, other: str, expected: bool) -> None:
    assert is_same_site(one, other) is expected
    assert is_same_site(other, one) is expected


def test_the_pause_between_requests_knows_a_host_by_one_name() -> None:
    hosts = {host_of(u) for u in ("https://Example.com/a", "https://example.com:443/b", "https://u@example.com/c")}
    assert hosts == {"example.com"}
    assert host_of("https://example.com:8443/") != host_of("https://example.com/")


def test_a_story_id_is_sixteen_hex_digits_and_depends_on_the_address_alone() -> None:
    assert story_id_of("https://example.com/a") == story_id_of("https://example.com/a")
    assert story_id_of("https://example.com/a") != story_id_of("https://example.com/b")
    assert set(story_id_of("https://example.com/a")) <= set("0123456789abcdef")
    assert len(story_id_of("https://example.com/a")) == 16
