"""Small pages: which witness on a page is believed for what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newswatch import extract
from newswatch.model import ExtractedPage

URL = "https://www.example.com/news/a"
BODY = (
    "<p>The harbour board met in the old customs house on Tuesday and heard three reports on the state of the quay.</p>"
    "<p>Members asked for figures, which the clerk promised for the following week, with a plan of the works.</p>"
)
WORDS = "The harbour board met in the old customs house"


def page(head: str = "", body: str = BODY, lang: str = "en") -> str:
    return f"<!doctype html><html lang='{lang}'><head>{head}</head><body><article>{body}</article></body></html>"


def parse(html: str | bytes, *, url: str = URL, content_type: str = "text/html; charset=utf-8") -> ExtractedPage:
    return extract.parse(html.encode() if isinstance(html, str) else html, url=url, content_type=content_type)


def linked(fields: str) -> str:
    return f'<script type="application/ld+json">{fields}</script>'


def test_the_text_is_a_paragraph_a_line() -> None:
    found = parse(page("<title>Board meets</title>"))
    assert len(found.text.split("\n")) == 2
    assert found.text.startswith(WORDS)
    assert found.language == "en"


def test_json_ld_says_headline_time_and_authors() -> None:
    found = parse(
        page(
            linked(
                '{"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "headline": "No"}, {"@type": '
                '"NewsArticle", "headline": "Quay works", "datePublished": "2026-11-22T12:00:00+02:00", '
                '"author": [{"@type": "Person", "name": "Ann Lee"}, "Bo Kim"]}]}'
            )
            + '<meta property="og:title" content="Other">'
        )
    )
    assert (found.title, found.authors) == ("Quay works", ("Ann Lee", "Bo Kim"))
    assert found.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert not found.is_day_only


def test_og_title_and_metadata_speak_where_there_is_no_json_ld() -> None:
    found = parse(
        page(
            '<title>Quay works | Example</title><meta property="og:title" content="Quay works">'
            '<meta property="article:published_time" content="2026-11-22T10:00:00Z">'
        )
    )
    assert found.title == "Quay works"
    assert found.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("broken", ["{", "[]", "null", "3", '{"@type": ["NewsArticle"], "headline": 5}', "[" * 5000])
def test_broken_json_ld_is_passed_over(broken: str) -> None:
    assert parse(page(f'{linked(broken)}<meta property="og:title" content="Quay">')).title == "Quay"


@pytest.mark.parametrize(
    "stamp",
    [
        "0001-01-01T00:00:00+03:00",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00Z",
        "soon",
        "2026-99-99T00:00:00Z",
        "",
    ],
)
def test_an_impossible_date_does_not_lose_the_page(stamp: str) -> None:
    fields = f'{{"@type": "NewsArticle", "headline": "Quay", "datePublished": "{stamp}"}}'
    assert parse(page(linked(fields))).text.startswith(WORDS)


def test_a_stated_day_without_a_time_is_a_day() -> None:
    found = parse(page('<meta name="date" content="2026-11-20">'))
    assert (found.published_at, found.is_day_only) == (datetime(2026, 11, 20, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("html", "content_type"),
    [
        (page("<title>x</title>"), "text/html; charset=windows-1251"),
        (page('<meta charset="windows-1251">'), "text/html"),
        (page('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'), ""),
    ],
)
def test_windows_1251_is_read_where_header_or_page_declares_it(html: str, content_type: str) -> None:
    text = "Портовый совет собрался во вторник в старом здании таможни и выслушал три доклада о состоянии причала. " * 2
    found = parse(html.replace(BODY, f"<p>{text}</p>").encode("windows-1251"), content_type=content_type)
    assert found.text.startswith("Портовый совет собрался")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://www.example.com/news/quay", "https://www.example.com/news/quay"),
        ("/news/quay?utm_source=x", "https://www.example.com/news/quay"),
        ("https://example.com/news/quay", "https://example.com/news/quay"),
        ("https://other.example.org/news/quay", None),
        ("https://example.com.evil.org/news/quay", None),
        ("https://www.example.com/", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
    ],
)
def test_a_canonical_link_is_believed_on_its_own_site_alone(link: str, expected: str | None) -> None:
    assert parse(page(f'<link rel="canonical" href="{link}">')).canonical_url == expected


@pytest.mark.parametrize(
    "html",
    ["", "<html></html>", page(body="<p>Short.</p>"), page(body=""), "\x00\x01\x02", "<p>" * 3],
    ids=["nothing", "bare", "short", "empty", "bytes", "tags"],
)
def test_a_page_without_a_story_says_so(html: str) -> None:
    with pytest.raises(extract.NoStory):
        parse(html)


def test_pleas_inside_the_text_are_taken_out_and_counted() -> None:
    found = parse(page(body=BODY + "<p>Please consider supporting our journalism with a small gift today.</p>" + BODY))
    assert "journalism" not in found.text
    assert found.removed_count == 1


def test_the_headline_is_not_the_texts_first_line() -> None:
    found = parse(page('<meta property="og:title" content="Quay works begin">', "<h1>Quay works begin</h1>" + BODY))
    assert found.title == "Quay works begin"
    assert found.text.startswith(WORDS)
