"""What a page states of itself: each claim with its source, nothing chosen yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from newswatch.pages import html_tree, metadata
from newswatch.pages.model import Claim

URL = "https://www.example.com/news/quay"


def read(head: str = "", body: str = "", lang: str = "") -> list[Claim]:
    html = f"<!doctype html><html{f' lang={lang}' if lang else ''}><head>{head}</head><body>{body}</body></html>"
    tree = html_tree.tree_of(html.encode(), "text/html; charset=utf-8")
    assert tree is not None
    return metadata.read(tree, URL)


def said(claims: list[Claim], field: str, source: str = "json_ld") -> list[str]:
    return [s.value for s in claims if s.field == field and s.source == source]


def linked(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f'<script type="application/ld+json">{text}</script>'


STORY = {"@type": "NewsArticle", "headline": "Quay works", "datePublished": "2026-11-22T12:00:00+02:00"}


@pytest.mark.parametrize(
    "block",
    [
        STORY,
        [STORY],
        [{"@type": "Organization", "name": "x"}, STORY],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "headline": "No"}, STORY]},
        {"@type": "WebPage", "mainEntity": STORY},
        STORY | {"@type": ["NewsArticle", "Thing"]},
        STORY | {"@type": "ReportageNewsArticle"},
    ],
    ids=["object", "list", "second", "graph", "main entity", "types", "subtype"],
)
def test_a_story_is_found_in_json_ld_wherever_it_stands(block: Any) -> None:
    found = read(linked(block))
    assert said(found, "title") == ["Quay works"]
    assert said(found, "published_at") == ["2026-11-22T12:00:00+02:00"]


def test_of_several_stories_the_one_that_names_this_page_speaks() -> None:
    other = STORY | {"headline": "Other", "url": "https://www.example.com/news/other"}
    mine = STORY | {"headline": "Mine", "mainEntityOfPage": {"@id": "http://example.com/news/quay?utm_source=x"}}
    assert said(read(linked([other, mine])), "title") == ["Mine"]
    assert said(read(linked(other) + linked(mine)), "title") == ["Mine"]


def test_a_film_on_the_page_is_not_the_story() -> None:
    film = {"@type": "VideoObject", "headline": "Film", "description": "A film"}
    assert said(read(linked(film) + linked(STORY)), "title") == ["Quay works"]
    assert said(read(linked(film)), "title") == ["Film"]
    assert set(said(read(linked(film) + linked(STORY)), "type")) == {"VideoObject", "NewsArticle"}


@pytest.mark.parametrize(
    "text",
    [
        "<!--\n" + json.dumps(STORY) + "\n-->",
        "//<![CDATA[\n" + json.dumps(STORY) + "\n//]]>",
        "/*<![CDATA[*/" + json.dumps(STORY) + "/*]]>*/",
        json.dumps(STORY)[:-1] + ",\n}",
        json.dumps(STORY) + ";",
        json.dumps(STORY | {"x": "a\nb"}).replace("\\n", "\n"),
    ],
    ids=["comment", "cdata", "script cdata", "comma", "semicolon", "raw line break"],
)
def test_json_that_can_be_mended_is_mended(text: str) -> None:
    assert said(read(linked(text)), "title") == ["Quay works"]


@pytest.mark.parametrize(
    "broken",
    ["{", "[]", "null", "3", '"x"', '{"@type": ["NewsArticle"], "headline": 5}', "[" * 5000, '{"@graph": 7}', ""],
)
def test_json_that_cannot_be_mended_is_passed_over(broken: str) -> None:
    found = read(linked(broken) + '<meta property="og:title" content="Quay">')
    assert said(found, "title") == []
    assert said(found, "title", "opengraph") == ["Quay"]


def test_json_ld_nested_or_large_without_measure_is_passed_over() -> None:
    deep = '{"@graph": [' * 3000 + json.dumps(STORY) + "]}" * 3000
    wide = [{"@type": "Thing", "@graph": [{"@type": "Thing"}] * 50}] * 200
    assert said(read(linked(deep)), "title") == []
    assert said(read(linked(wide) + linked(STORY)), "title") == ["Quay works"]
    assert said(read(linked("[" + "1," * 700_000 + "1]") + linked(STORY)), "title") == ["Quay works"]


def test_authors_are_people_in_every_form_that_is_in_use() -> None:
    for author in ({"@type": "Person", "name": "Ann Lee"}, "Ann Lee", [{"name": ["Ann Lee"]}], {"name": "Ann Lee"}):
        assert said(read(linked(STORY | {"author": author})), "author") == ["Ann Lee"], author
    for author in (None, 5, [], {"name": None}, [None, {}]):
        assert said(read(linked(STORY | {"author": author})), "author") == [], author


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "free"), (False, "paid"), ("False", "paid"), ("true", "free"), ("http://schema.org/True", "free")],
)
def test_a_paywall_is_what_the_publisher_says(value: Any, expected: str) -> None:
    assert said(read(linked(STORY | {"isAccessibleForFree": value})), "access") == [expected]


def test_markup_and_references_in_values_become_text() -> None:
    found = read(
        linked(STORY | {"headline": "<b>Quay</b> &amp;amp; pier&#039;s works", "articleBody": "<p>One.</p><p>Two.</p>"})
    )
    assert said(found, "title") == ["Quay & pier's works"]
    assert said(found, "body")[0].split() == ["One.", "Two."]


def test_metadata_speak_by_property_name_and_itemprop_in_any_case() -> None:
    head = (
        '<meta property="og:title" content="A"><meta name="Twitter:Title" content="B"><meta itemprop="datePublished" '
        'content="2026-11-20"><meta name="keywords" content="quay"><meta http-equiv="Content-Language" content="uk">'
        '<meta property="article:section" content="Harbour"><meta name="author" content="Ann Lee">'
        '<meta name="x" content="y"><meta property="og:title" content="">'
    )
    found = read(head)
    assert said(found, "title", "opengraph") == ["A"]
    assert said(found, "title", "twitter") == ["B"]
    assert said(found, "published_at", "meta") == ["2026-11-20"]
    assert said(found, "section", "opengraph") == ["Harbour"]
    assert said(found, "author", "meta") == ["Ann Lee"]
    assert said(found, "language", "meta") == ["uk"]


def test_microdata_headings_and_times_speak() -> None:
    body = (
        '<h1 itemprop="headline">Quay <em>works</em></h1>'
        '<time itemprop="datePublished" datetime="2026-11-20T10:00Z">Friday</time>'
        '<span itemprop="author" itemscope><b itemprop="name">Ann Lee</b>, reporter</span><a rel="author">Bo Kim</a>'
        '<time datetime="2026-11-01">then</time><time class="publish-date" datetime="2026-11-21">now</time>'
    )
    found = read("<title>Quay works | Site</title>", body, lang="en-GB")
    assert said(found, "title", "microdata") == said(found, "title", "h1") == ["Quay works"]
    assert said(found, "title", "title") == ["Quay works | Site"]
    assert said(found, "published_at", "microdata") == ["2026-11-20T10:00Z"]
    assert said(found, "published_at", "marked_time") == ["2026-11-21"]
    assert said(found, "published_at", "time") == ["2026-11-01"]
    assert said(found, "author", "microdata") == ["Ann Lee"]
    assert said(found, "author", "link") == ["Bo Kim"]
    assert said(found, "language", "html") == ["en-GB"]


def test_half_an_emoji_in_json_ld_can_be_stored() -> None:
    found = read(linked('{"@type": "NewsArticle", "headline": "Bad \\ud83d page \\u0000 of \\ud83d\\ude00 news"}'))
    assert said(found, "title") == ["Bad page of 😀 news"]


@pytest.mark.parametrize(
    "address",
    ["http://[domain]/x", "http://example.com:port/x", "https://example.com:{{port}}/", "http://", "https://[::1"],
)
def test_an_address_that_is_none_costs_nothing_else(address: str) -> None:
    found = read(linked(STORY | {"url": address, "mainEntityOfPage": {"@id": address}}))
    assert said(found, "title") == ["Quay works"]


def test_a_page_that_repeats_itself_keeps_few_claims() -> None:
    times = "".join(f"<time datetime='2026-11-{1 + n % 28:02}T10:00:{n % 60:02}Z'></time>" for n in range(3000))
    nested = "<div itemprop='headline'>" * 100 + "word " * 5000 + "</div>" * 100
    found = read("<meta property='og:title' content='Same'>" * 9, times + nested + "<h1>Head</h1>" * 70)
    assert len(found) < 160
    assert sum(len(s.value) for s in found) < 120_000
    assert said(found, "title", "opengraph") == ["Same"]


def test_times_by_the_headline_count_and_those_of_other_stories_and_of_the_text_do_not() -> None:
    body = (
        "<div><time datetime='2026-11-01T08:00Z'></time></div>"
        "<li><time datetime='2026-11-02T08:00Z'></time></li>"
        "<h1>Quay works</h1><time class='updated' datetime='2026-11-04T08:00Z'></time>"
        "<a href='/x'><time datetime='2026-11-03T08:00Z'></time></a>"
        "<p><time datetime='2026-11-05T08:00Z'></time></p>"
        f"<p>The board met on <time datetime='2026-10-01'>1 October</time> and {'talked of the quay ' * 9}</p>"
        "<p><time datetime='2026-10-02T08:00Z'></time></p>"
    )
    found = read("", body)
    assert said(found, "published_at", "time") == ["2026-11-01T08:00Z", "2026-11-05T08:00Z"]
    assert said(found, "updated_at", "time") == ["2026-11-04T08:00Z"]


@pytest.mark.parametrize(
    "name",
    ["bytedance:published_time", "pub_date", "publish-date", "og:release_date", "DCTERMS.issued", "article.created"],
)
def test_metadata_named_for_publication_date_the_story(name: str) -> None:
    found = read(f"<meta name='{name}' content='2026-11-05'><meta name='article:modified_date' content='2026-11-07'>")
    assert [s.value for s in found if s.field == "published_at"] == ["2026-11-05"]


@pytest.mark.parametrize("kind", ["application/ld+json; charset=utf-8", "application/LD+JSON"])
def test_json_ld_is_read_under_other_spellings_of_its_type(kind: str) -> None:
    assert said(read(linked(STORY).replace("application/ld+json", kind)), "title") == ["Quay works"]


def test_a_lower_heading_with_which_the_title_begins_is_the_headline_where_there_is_no_h1() -> None:
    found = read("<title>Quay works begin « Ledger</title>", "<h2>Latest</h2><h2>Quay works begin</h2>")
    assert said(found, "title", "h1") == ["Quay works begin"]


@pytest.mark.parametrize(
    "block",
    [
        '/* by the plugin */{"@type": "NewsArticle", "headline": "Quay works", "datePublished": "2026-11-05"}',
        '{"@type": "NewsArticle",\n// kind\n"headline": "Quay works", "datePublished": "2026-11-05",}',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "Quay works", "datePublished": "2026-11-05"};\n//]]>',
        '{"@type": "NewsArticle", "headline": {"@value": "Quay works"}, "datePublished": {"@value": "2026-11-05"}}',
    ],
)
def test_json_ld_that_is_not_quite_json_or_says_its_values_by_the_long_way(block: str) -> None:
    found = read(linked(block))
    assert (said(found, "title"), said(found, "published_at")) == (["Quay works"], ["2026-11-05"])


def test_marks_inside_a_string_of_json_ld_stay() -> None:
    block = '/* x */{"@type": "NewsArticle", "headline": "Works /* on */ // the, ] quay"}'
    assert said(read(linked(block)), "title") == ["Works /* on */ // the, ] quay"]


def test_a_number_in_json_ld_is_a_date() -> None:
    assert said(read(linked({"@type": "NewsArticle", "datePublished": 1795712700})), "published_at") == ["1795712700"]


@pytest.mark.parametrize("other", ["Review", "LiveBlogPosting", "VideoObject"])
def test_a_story_counts_before_what_stands_beside_it(other: str) -> None:
    beside = {"@type": other, "headline": "Rope reviewed", "datePublished": "2021-01-01"}
    assert said(read(linked([beside, STORY])), "title") == ["Quay works"]


def test_a_page_without_h1_has_its_time_by_the_heading_that_is_its_title() -> None:
    body = (
        "<h2>Latest from the quay</h2><time datetime='2026-11-01T08:00Z'></time>"
        "<div><h2>Quay works begin</h2><time datetime='2026-11-05T08:00Z'></time></div>"
        f"<p>{'The board met and talked of it. ' * 9}</p><time datetime='2026-11-02T08:00Z'></time>"
    )
    assert said(read("<title>Quay works begin - The Ledger</title>", body), "published_at", "time") == [
        "2026-11-05T08:00Z"
    ]
