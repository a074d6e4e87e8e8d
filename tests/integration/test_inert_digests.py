"""Text of others does nothing in any format of a digest: not in a browser, not in a spreadsheet, not in Markdown."""

from __future__ import annotations

import csv
import json
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from payloads import CSV, HOSTILE, MARKDOWN, XSS

from newswatch import formats
from newswatch.config import parse_catalogue
from newswatch.digest import Digest, Issue, compose
from newswatch.digest_lines import DayRows

DAY = date(2026, 11, 22)
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "p", "h1", "h2", "h3", "span", "div", "a", "table",
    "thead", "tbody", "tr", "th", "td", "svg", "defs", "g", "path", "clippath", "rect", "pattern", "use", "text",
    "section", "ol", "ul", "li", "blockquote", "mark", "details", "summary", "strong", "footer",
}  # fmt: skip
OF_MARKDOWN = {
    "html", "body", "div", "h1", "h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li",
    "a", "blockquote",
}  # fmt: skip


@pytest.fixture(scope="module")
def digest() -> Digest:
    """A digest in which every payload is a title, an outlet, an address, a sentence and a late story."""
    name = "".join(p for p in (XSS[0], '"', CSV[0], "| a | b"))[:80]
    topic = {"id": "t", "name": name, "description": "x", "terms": [{"text": "quay"}]}
    topics = json.dumps({"topics": [topic | {"examples": {"match": ["x"], "no_match": ["y"]}}]})
    feeds = json.dumps({"feeds": [{"id": "f", "outlet": "F", "url": "https://example.com/f", "language": "en"}]})
    stories, mentions = [], []
    for number, payload in enumerate(HOSTILE):
        for copy in ("", "-copy"):
            story = {
                "story_id": f"{number:04}{copy}",
                "canonical_url": payload if number % 2 else f"https://example.com/{payload}",
                "title": payload,
                "outlet": payload + copy,
                "language": "en",
                "published_at": AT + timedelta(seconds=number),
                "first_seen_at": AT,
                "is_day_only": False,
                "text_source": "page",
                "cluster_id": f"{number:04}",
                "original_outlet": payload,
                "original_at": AT,
            }
            stories.append(story)
            mentions.append(
                {
                    "topic": "t",
                    "story_id": story["story_id"],
                    "outlet": story["outlet"],
                    "zone": "body",
                    "start": 0,
                    "end": len(payload),
                    "sentence": f"{payload} said {payload}",
                    "sentence_start": 0,
                    "is_about": True,
                }
            )
    counts = dict.fromkeys(("about_story_count", "mention_count", "outlet_count", "story_count"), len(stories))
    counts |= {"original_count": len(HOSTILE), "seen_story_count": len(stories), "failed_story_count": 0}
    day = {"topic": "t", "feed_count": 1, "covering_feed_count": 1, **counts}
    names = {"t": name}
    late = DayRows.of(DAY - timedelta(days=1), stories, mentions, names)
    return compose(
        Issue(
            day=DAY,
            number=2,
            issued_at=AT,
            tables={"stories": stories, "mentions": mentions, "topic_days": [day]},
            trends={},
            catalogue=parse_catalogue(feeds, topics, is_known_good=True),
            zone=ZoneInfo("UTC"),
            late={DAY - timedelta(days=1): (late, frozenset(s["story_id"] for s in stories))},
            before=(1, AT, {"topics": {"gone": {"name": XSS[0], "story_ids": []}}, "late": {}}),
        )
    )


def test_there_are_enough_payloads() -> None:
    assert len(XSS) >= 30
    assert len(CSV) >= 16
    assert len(MARKDOWN) >= 10


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian's package: chromium)")
def test_nothing_of_it_runs_or_is_fetched_in_a_browser(digest: Digest) -> None:
    from playwright.sync_api import sync_playwright

    html = formats.to_html(digest).replace(formats.META_POLICY, "")  # the escaping alone has to be enough
    asked: list[str] = []
    dialogs: list[str] = []

    def serve(route: Any) -> None:
        asked.append(route.request.url)
        if route.request.url == "http://digest.test/":
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.route("**/*", serve)
        page.goto("http://digest.test/")
        page.wait_for_timeout(500)
        pwned = page.evaluate("window.pwned")
        tags = set(page.evaluate("[...document.querySelectorAll('*')].map(e => e.tagName.toLowerCase())"))
        names = set(page.evaluate("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"))
        links = page.evaluate("[...document.querySelectorAll('a')].map(e => e.getAttribute('href'))")
        titles = page.evaluate("[...document.querySelectorAll('.lines > li > a')].map(e => e.textContent)")
        browser.close()

    assert pwned is None
    assert dialogs == []
    assert [url for url in asked if url != "http://digest.test/" and not url.endswith("favicon.ico")] == []
    assert tags <= TAGS
    assert not [name for name in names if name.startswith("on") or name in ("style", "srcset", "srcdoc", "action")]
    assert [link for link in links if not link.startswith(("#", "http://", "https://"))] == []
    assert len(titles) == 2 * len(HOSTILE)


def test_a_spreadsheet_finds_no_formula_and_the_text_is_there(digest: Digest) -> None:
    text = formats.to_csv(digest).removeprefix("\ufeff")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert len(rows) == 2 * len(HOSTILE)
    assert {row["title"].replace("'", "") for row in rows} == {payload.replace("'", "") for payload in HOSTILE}
    for row in rows:
        for value in row.values():
            for part in re.split(r"[;\t\r\n]", value):  # other separators, and line breaks in a cell
                assert part.lstrip(" \"'\xa0")[:1] not in tuple("=+-@＝＋－＠") or "'" in part[:8], (value, part)
    assert all(row["mention_count"] == "1" for row in rows)


def test_markdown_has_the_digests_own_links_alone(digest: Digest) -> None:
    markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    text = formats.to_markdown(digest)
    html = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tree = etree.fromstring(f"<div>{html}</div>", etree.HTMLParser())
    tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert tags <= OF_MARKDOWN
    links = [a.get("href") for a in tree.iter("a")]
    assert len(links) == 2 * 2 * len(HOSTILE)  # each line and its reprint, on the day and late
    assert {link[:7] for link in links} <= {"#", "https:/", "http://"}
    assert {len(row) for row in tree.iter("tr")} == {5}


def test_json_and_rss_hold_the_text_as_it_is(digest: Digest) -> None:
    feed = json.loads(formats.to_json(digest))
    assert {item["title"] for item in feed["items"]} == set(HOSTILE)
    assert all(item["url"] == "#" or item["url"].startswith("http") for item in feed["items"])
    item = formats.FeedItem(DAY, 1, AT, "".join(XSS[:3]), formats.summary_of(digest))
    (read,) = etree.fromstring(formats.to_rss([item], "")).iter("item")
    assert read.findtext("title") == "".join(XSS[:3])
