"""The border: what comes in can be stored, and dates make sense."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch.text import sanitise

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates, NUL and all


@given(ANY_TEXT)
def test_cleaned_text_can_be_stored_and_is_clean_already(value: str) -> None:
    cleaned = sanitise.text(value)
    cleaned.encode("utf-8")
    assert not set(cleaned) & set(map(chr, [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]))
    assert "\r" not in cleaned
    assert sanitise.text(cleaned) == cleaned


@given(ANY_TEXT, st.integers(1, 30))
def test_a_line_is_one_line_and_no_longer_than_asked(value: str, limit: int) -> None:
    line = sanitise.line(value, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(st.one_of(ANY_TEXT, st.text("a б\n\t\xa0\x0b\x1f\u200b\u2028\x85é", max_size=30)), st.integers(1, 30))
def test_a_line_is_what_the_text_says_on_one_line(value: str, limit: int) -> None:
    assert sanitise.line(value, limit) == " ".join(sanitise.text(value).split())[:limit]


MARKUP = (
    *("<p>", "</p>", "<b>", "</b>", "<br>", "<br />", "</br>", '<a href="x">', "</a>", "<img src='y' alt=\"a>b\">"),
    *("</ul >", '<div class="c">', "</div>", "<li>", "<h2>", "</h2>", '<h1 id="x" >', "<ul>", "<em\n>", "<P>"),
    *("<i/>", "<a name>", '<p x="' + "y" * 210 + '">', '<b x = "1">', '<strong title="a&quot;b">', "<a href=x>"),
    *("<p hidden>", "<font>", "<hr>", "a", "b c", " ", "\n", "é", "Ж", "\ufeff", "\x0c", "\xa0", "&", ";", ">", "<"),
    *("< b", "<3", "<!-- x -->", "&notit;", "&amp;", "&lt;b&gt;", "&amp;lt;", "&nbsp;", "&nbsp", "&copy2", "&#8217;"),
    *("&#38;lt;", "&#150;", "&#x80;", "&#0;", "&#xFDD0;", "&#x1fffe;", "&#65535;", "&#13;", "&#x1;", "&#127;"),
    *("&#x2019;", "&#x7f;", "\r", "<pre>\n", "<table>", "<tr>", "<td>", "</table>", "<script>", "</script>", "<svg>"),
    *("<select>", "<option>", "<textarea>", "<title>"),
)


@given(st.lists(st.sampled_from(MARKUP), max_size=12).map("".join), st.sampled_from([" ", "\n"]))
def test_plain_tags_are_taken_out_as_a_parser_of_html_does(markup: str, between: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sanitise, "_PLAIN_INLINE", re.compile("(?!)"))
        patch.setattr(sanitise, "_PLAIN_BLOCK", re.compile("(?!)"))
        expected = sanitise.plain(markup, between_blocks=between)
    assert sanitise.plain(markup, between_blocks=between) == expected


def test_an_article_in_plain_tags_needs_no_parser_of_html(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sanitise, "nh3")
    assert sanitise.plain('<p class="x">It <a href="/b">met</a>&nbsp;&#8217;.</p><br/>') == " It met\xa0’.  "


@given(st.text("абв .,'’-—\nxyz", max_size=60))
def test_cleaning_changes_no_word(value: str) -> None:
    assert sanitise.text(value).split() == value.split()


def test_paragraphs_stand_a_line_each() -> None:
    assert sanitise.paragraphs(" one \r\n\r\n\n two\xa0 three\x00 \n") == "one\ntwo three"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (NOW, NOW),
        (NOW - timedelta(days=4000), NOW - timedelta(days=4000)),
        (NOW + timedelta(minutes=59), NOW + timedelta(minutes=59)),
        (NOW + timedelta(minutes=61), None),
        (datetime(1970, 1, 1, tzinfo=UTC), None),
        (datetime(1, 1, 1, tzinfo=UTC), None),
        (None, None),
    ],
)
def test_a_date_counts_only_if_it_makes_sense(published: datetime | None, expected: datetime | None) -> None:
    assert sanitise.credible(published, NOW) == expected


@pytest.mark.parametrize(
    "words", ["if a<b and c>d", "<Reuters> says so", "a List<String> of them", "x <y> z", "1 < 2 > 0", "a <- b -> c"]
)
def test_what_is_no_tag_stays(words: str) -> None:
    assert sanitise.plain(words) == words


@pytest.mark.parametrize(
    "markup",
    [
        "the <em>quay</em>",
        "the quay<br>",
        "the <a href='x'>quay</a>",
        "the <video controls></video>quay",
        "<p>the quay",
        "the <picture><source srcset=x></picture>quay",
        "the <o:p></o:p>quay",
        'the <img alt="a<b" src="x">quay',
    ],
)
def test_a_tag_goes(markup: str) -> None:
    assert " ".join(sanitise.plain(markup).split()) == "the quay"


def test_many_angle_brackets_cost_time_in_proportion() -> None:
    began = time.monotonic()
    sanitise.plain("".join(f"<x{n} " for n in range(30_000)))
    assert time.monotonic() - began < 2
