"""Hostile text in every place of a digest that others write: in every format it is text and does nothing."""

from __future__ import annotations

import csv
import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO, StringIO
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import lxml.html
import markdown
import pandas as pd
import pytest
from looks import SKELETON, Frame, Look, Seen, browser, not_isolated
from lxml import etree
from markdown_it import MarkdownIt
from payloads import ADDRESSES, CSV, HOSTILE, MARKDOWN, XSS

from newswatch.config.catalogue import parse_catalogue
from newswatch.digest.charts import small_chart
from newswatch.digest.content import Digest, Issue, compose
from newswatch.digest.formats import FeedItem, summary_of, to_csv, to_html, to_json, to_markdown, to_rss
from newswatch.digest.items import DayRows

DAY = date(2026, 11, 22)
MOMENT = datetime(2026, 11, 22, 9, tzinfo=UTC)
FEEDS = "feeds:\n  - {id: one, outlet: The One, url: 'https://example.com/rss', language: en}\n"
TOPICS = """\
topics:
  - {id: quay, name: Quay, description: The quay., terms: [{text: quay}], examples: {match: [quay], no_match: [x]}}
"""
PLACE = "https://example.com/"

# Elements and attributes that the template itself writes.
ELEMENTS = frozenset(
    {
        *("html", "head", "meta", "title", "style", "body", "main", "p", "h1", "h2", "h3", "span", "div", "a"),
        *("table", "thead", "tbody", "tr", "th", "td", "section", "ol", "ul", "li", "blockquote"),
        *("mark", "details", "summary", "strong", "footer", "bdi"),
    }
)
ATTRIBUTES = frozenset({"lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "rel", "dir"})

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

Row = dict[str, Any]


def story(number: int, kind: str, text: str, **others: Any) -> Row:
    id_ = f"{kind}{number:03}"
    return {
        "story_id": id_,
        "canonical_url": f"{PLACE}{id_}/{text}",
        "title": text,
        "outlet": text,
        "language": text,
        "published_at": MOMENT + timedelta(minutes=ord(kind)),
        "first_seen_at": MOMENT,
        "is_day_only": False,
        "text_source": "page",
        "cluster_id": id_,
        "original_outlet": f"first {text}",
        "original_at": MOMENT,
    } | others


def mention(row: Row, topic: str, before: str, surface: str, after: str, **others: Any) -> Row:
    """The tagger takes white space off both ends of a sentence and of a match."""
    surface = surface.strip()
    before, after = before.lstrip(), after.rstrip()
    return {
        "topic": topic,
        "story_id": row["story_id"],
        "outlet": row["outlet"],
        "zone": "body",
        "start": 100 + len(before),
        "end": 100 + len(before + surface),
        "sentence": before + surface + after,
        "sentence_start": 100,
        "is_about": True,
    } | others


def composed(texts: Sequence[str], addresses: Sequence[str] = ()) -> Digest:
    """Per text a topic of that name with these stories: `a` with a copy `c`, `p` in passing, a late one without title.

    What is about one topic is named in the one before it too, so that every name stands under `also` and every title
    under `elsewhere`. `addresses`: of the first stories, for their own.
    """
    topics = [f"t{number:03}" for number in range(len(texts))]
    stories: list[Row] = []
    late: list[Row] = []
    found: list[Row] = []
    found_late: list[Row] = []
    for number, (topic, text) in enumerate(zip(topics, texts, strict=True)):
        own = {"canonical_url": addresses[number]} if addresses else {}
        first = story(number, "a", text, **own)
        copy = story(number, "c", text, canonical_url=text, cluster_id=first["story_id"])
        passing = story(number, "p", text, canonical_url=text, text_source="feed")
        untitled = story(number, "l", text, canonical_url=text or "x", title="")
        stories += [first, copy, passing]
        late.append(untitled)
        found += [
            mention(first, topic, f"{text} so ", "it is", f" said {text}"),
            mention(first, topic, "", text, "", start=900, end=900 + len(text.strip()), sentence_start=900),
            mention(copy, topic, "", text, " it is"),
            mention(passing, topic, "It is ", text, f" {text}", is_about=False),
            mention(first, topics[number - 1], "", text, " is elsewhere", is_about=False),
        ]
        found_late.append(mention(untitled, topic, f"{text} ", text, ""))
    names = dict(zip(topics, texts, strict=True))
    days = [counted(topic, found, len(stories)) for topic in topics]
    catalogue = parse_catalogue(FEEDS, TOPICS)
    model = catalogue.topics[0]
    named = tuple(model.model_copy(update={"id": id_, "name": name}) for id_, name in names.items())
    before = {id_: {"name": name, "story_ids": ["gone"]} for id_, name in names.items()}
    before |= {f"old-{id_}": {"name": name, "story_ids": ["gone"]} for id_, name in names.items()}
    earlier = DAY - timedelta(days=1)
    issue = Issue(
        day=DAY,
        number=2,
        issued_at=MOMENT + timedelta(days=1),
        tables={"stories": stories, "mentions": found, "topic_days": days},
        trends={},
        catalogue=catalogue.model_copy(update={"topics": named}),
        tz=ZoneInfo("UTC"),
        late={
            earlier: (DayRows.from_rows(earlier, late, found_late, names), frozenset(row["story_id"] for row in late))
        },
        before=(1, MOMENT, {"topics": before, "late": {}}),
    )
    return compose(issue)


def counted(topic: str, found: Sequence[Row], seen: int) -> Row:
    mine = [row for row in found if row["topic"] == topic]
    stories = {row["story_id"] for row in mine}
    return {
        "topic": topic,
        "story_count": len(stories),
        "original_count": 2,
        "about_story_count": len({row["story_id"] for row in mine if row["is_about"]}),
        "outlet_count": len({row["outlet"] for row in mine}),
        "mention_count": len(mine),
        "seen_story_count": seen,
        "failed_story_count": 0,
        "feed_count": 1,
        "covering_feed_count": 1,
    }


@cache
def hostile() -> Digest:
    return composed(HOSTILE)


@cache
def meek() -> Digest:
    """The same digest of texts that mean no harm."""
    return composed([f"text {number}" for number in range(len(HOSTILE))])


drawn_once = cache(small_chart)  # the charts take longer than all else, and are the same in both digests


@cache
def page_of(digest_of: Callable[[], Digest]) -> str:
    with patch("newswatch.digest.formats.small_chart", drawn_once):
        return to_html(digest_of())


@cache
def addressed() -> Digest:
    return composed([f"text {number}" for number in range(len(ADDRESSES))], ADDRESSES)


def flat(text: str) -> str:
    """Without line breaks and runs of blanks, as HTML shows it."""
    return " ".join(text.split())


def is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def places(digest: Digest) -> list[Any]:
    """All lines in the order in which every format has them."""
    lines = [line for section in digest.sections for line in section.lines]
    return lines + [line for late in digest.late for _, line in late.lines]


def listed(digest: Digest) -> list[tuple[Any, bool]]:
    """All lines as a reader meets them, each with whether it is one that is listed elsewhere too: `elsewhere`."""
    of_day = [
        place
        for section in digest.sections
        for place in (*((line, False) for line in section.lines), *((line, True) for _, line in section.elsewhere))
    ]
    return of_day + [(line, False) for late in digest.late for _, line in late.lines]


def quoted_in(digest: Digest) -> list[Any]:
    """All proving sentences as a reader meets them; of a text that is listed elsewhere the one of this topic."""
    return [
        proof
        for line, is_elsewhere in listed(digest)
        for proof in ([line.evidence] if is_elsewhere else proofs([line]))
    ]


def proofs(lines: Sequence[Any]) -> list[Any]:
    """All proving sentences in the order in which they are shown."""
    return [proof for line in lines for proof in (line.evidence, *(other.evidence for other in line.further))]


def test_the_digest_under_test_holds_every_text_in_every_place() -> None:
    assert (len(XSS) >= 34, len(CSV) >= 18, len(MARKDOWN) >= 12) == (True, True, True)
    assert len(set(HOSTILE)) == len(HOSTILE)
    made = hostile()
    texts = set(HOSTILE)
    lines = places(made)
    assert texts == {section.name for section in made.sections}
    assert texts <= {line.title for line in lines}
    assert texts == {line.outlet for line in lines} == {line.language for line in lines}
    assert texts == {copy.outlet for line in lines for copy in line.copies}
    assert texts == {copy.url for line in lines for copy in line.copies}
    assert texts == {name for line in lines for name in line.also}
    assert texts == {line.title for section in made.sections for _, line in section.elsewhere}
    assert texts == {topic for late in made.late for topic, _ in late.lines}
    assert texts <= {title for correction in made.corrections for title in correction.added}
    assert Counter(correction.name for correction in made.corrections) == dict.fromkeys(texts, 2)
    assert {text.strip().replace("\n", " ") for text in texts} <= {line.evidence.surface for line in lines}
    assert all(any(f"first {text} " in line.printed for line in lines) for text in texts)


# HTML, in a real browser

DRAWN = Frame(ELEMENTS, ATTRIBUTES, re.compile(r"#|https?:"))


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    with browser(DRAWN) as load:
        yield load


@pytest.fixture(scope="module")
def seen(look: Look) -> Seen:
    """The hostile digest in the browser, without the page's own policy, which would hide what escaping let through."""
    return look(POLICY.sub("", page_of(hostile)), "li > a:first-child", "h2", "blockquote", "summary", wait=300)


def test_no_text_of_others_runs_or_loads_or_becomes_an_element_in_a_browser(seen: Seen) -> None:
    assert Counter(seen.faults) == {}


def test_a_page_of_hostile_texts_is_built_exactly_like_one_of_harmless_texts(look: Look, seen: Seen) -> None:
    plain = look(POLICY.sub("", page_of(meek)))
    built, expected = ([(e["tag"], e["isSvg"], e["attributes"]) for e in s.elements] for s in (seen, plain))
    assert built == expected


def test_a_browser_shows_every_text_as_it_was_written(seen: Seen) -> None:
    lines = listed(hostile())
    anchors = [
        text
        for line, is_elsewhere in lines
        for text in (line.title, *(copy.outlet for copy in line.copies if not is_elsewhere))
    ]
    names = [section.name for section in hostile().sections]
    assert list(map(flat, seen.texts["li > a:first-child"])) == list(map(flat, anchors))
    assert list(map(flat, seen.texts["h2"])) == [*map(flat, names), "Late additions"]
    assert list(map(flat, seen.texts["blockquote"])) == [flat(proof.sentence) for proof in quoted_in(hostile())]


def test_links_of_a_page_lead_to_the_stories_or_nowhere(look: Look) -> None:
    seen = look(POLICY.sub("", page_of(addressed)))
    links = [element["href"] for element in seen.elements if element["tag"] == "a" and is_web(element["href"])]
    assert seen.faults == []
    assert Counter(map(unquote, links)) == Counter(map(unquote, ADDRESSES))


def test_the_page_with_its_own_policy_is_as_quiet(look: Look) -> None:
    assert Counter(look(page_of(hostile)).faults) == {}


def test_the_browser_notices_what_runs_and_what_loads_where_nothing_is_escaped(look: Look) -> None:
    for text, fault in (
        ("<script>window.pwned=1</script>", "ran a script"),
        ("<img src=x onerror=window.pwned=1>", "ran a script"),
        ("<svg onload=window.pwned=1>", "ran a script"),
        ("<script>alert(1)</script>", "opened a dialog: 1"),
        ("<img src=http://evil.test/x.png>", "asked for http://evil.test/x.png"),
        ("<style>*{background:url(http://evil.test/b.png)}</style>", "asked for http://evil.test/b.png"),
    ):
        assert fault in look(f"<!doctype html><p>{text}</p>", wait=50).faults


def test_each_payload_is_seen_in_a_page_where_nothing_is_escaped(look: Look) -> None:
    inert = {text for text in XSS if text.startswith(("&lt;", "＜", "{{"))}
    pages = [
        f'<!doctype html><p>{text}</p><p lang="{text}">x</p><p lang=\'{text}\'>x</p><a href="{text}">x</a>'
        for text in XSS
    ]
    parse = f"p => ({SKELETON})(new DOMParser().parseFromString(p, 'text/html'))"
    parsed: Any = look("<!doctype html><title>x</title>", script=f"{json.dumps(pages)}.map({parse})").answer
    assert {text for text, elements in zip(XSS, parsed, strict=True) if not DRAWN.strange(elements)} <= inert


# CSV

FORMULA = re.compile(r"[\s\"]*[=+\-@＝＋－＠]")
SEPARATORS = re.compile(r"[;\t\r\n]")


def test_a_csv_file_keeps_every_text_in_its_own_cell() -> None:
    rows = list(csv.DictReader(StringIO(to_csv(hostile()).removeprefix("\ufeff"), newline="")))
    lines = places(hostile())
    assert len(rows) == len(lines) == 3 * len(HOSTILE)
    assert {None} & {key for row in rows for key in row} == set()

    def bare(value: object) -> str:
        return str(value).replace("'", "")

    for row, line in zip(rows, lines, strict=True):
        expected = {
            "title": line.title,
            "outlet": line.outlet,
            "language": line.language,
            "sentence": line.evidence.sentence,
            "match": line.evidence.surface,
            "also": ", ".join(line.also),
            "story_id": line.story_id,
        }
        assert {name: bare(row[name]) for name in expected} == {name: bare(text) for name, text in expected.items()}
        assert bare(unquote(row["url"])) == (bare(unquote(line.url)) if is_web(line.url) else "#")
        assert len(row["copies"].split()) == len(line.copies)


def test_no_cell_of_a_csv_file_is_a_formula_whatever_separator_a_spreadsheet_takes() -> None:
    text = to_csv(hostile()).removeprefix("\ufeff")
    formulas = []
    for delimiter in (",", ";", "\t"):
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
        formulas += [(delimiter, cell) for row in rows for cell in row if FORMULA.match(cell)]
    assert formulas == []


def test_no_piece_of_a_csv_file_is_a_formula_however_it_is_cut() -> None:
    text = to_csv(hostile()).removeprefix("\ufeff")
    cells = [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]
    pieces = [piece for cell in [*cells, text] for piece in SEPARATORS.split(cell)]
    assert [piece for piece in pieces if FORMULA.match(piece)] == []


def test_pandas_reads_a_csv_file_of_hostile_texts() -> None:
    frame = pd.read_csv(BytesIO(to_csv(hostile()).encode()), keep_default_na=False)
    assert len(frame) == 3 * len(HOSTILE)
    assert frame["issue"].unique().tolist() == [2]
    assert frame["story_id"].tolist() == [line.story_id for line in places(hostile())]
    assert set(frame["section"]) == {"day", "late"}


def test_each_formula_counts_as_one_where_nothing_is_put_before_it() -> None:
    harmless = {"plain;", 'plain;"', "plain;'", "'=1+1", "''+1+1", "%0A=1+1", "<=1+1>; 'tis -1 °C", 'a","=1+1","b'}
    assert {text for text in CSV if not any(map(FORMULA.match, SEPARATORS.split(text)))} == harmless


# Markdown

IN_MARKDOWN = frozenset(
    {
        *("h1", "h2", "h3", "p", "ul", "li", "a", "blockquote", "strong"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
)


@cache
def rendered(digest_of: Callable[[], Digest], reader: str) -> lxml.html.HtmlElement:
    """The Markdown as a reader shows it that lets HTML through and makes links of what looks like one."""
    text = to_markdown(digest_of())
    html = (
        markdown.markdown(text, extensions=["extra", "sane_lists"])
        if reader == "Python-Markdown"
        else MarkdownIt("gfm-like", {"html": True, "linkify": True}).render(text)
    )
    return lxml.html.fromstring(f"<main>{html}</main>")


def lines_in(page: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """Elements of the digest's lines: what is in a list and has a quotation."""
    return [item for item in page.iter("li") if item.find("blockquote") is not None]


def shown(element: lxml.html.HtmlElement) -> str:
    return flat(str(element.text_content()))


def test_no_text_of_others_becomes_an_element_in_markdown() -> None:
    found = Counter(str(element.tag) for element in rendered(hostile, "markdown-it").iterdescendants())
    assert {tag: count for tag, count in found.items() if tag not in IN_MARKDOWN} == {}
    assert found == Counter(str(element.tag) for element in rendered(meek, "markdown-it").iterdescendants()) | Counter(
        a=found["a"]  # which links there are is the next test's
    )


def test_markdown_has_no_links_but_those_to_the_stories() -> None:
    expected = Counter(u for line in places(hostile()) for u in (line.url, *(c.url for c in line.copies)))
    held = [(shown(a), str(a.get("href"))) for a in rendered(hostile, "markdown-it").iter("a")]
    texts = {flat(text) for line in places(hostile()) for text in (line.title, *(c.outlet for c in line.copies))}
    assert {link for link in held if not re.match(r"#$|https?://", link[1])} == set()
    assert {link for link in held if link[0] not in texts} == set()
    assert len(held) == expected.total()


def test_links_of_markdown_lead_where_those_of_the_page_do() -> None:
    page = rendered(addressed, "markdown-it")
    held = [unquote(str(a.get("href"))) for a in page.iter("a") if is_web(str(a.get("href")))]
    assert set(map(unquote, ADDRESSES)) - set(held) == set()
    assert len(held) == len(ADDRESSES)


def test_markdown_shows_every_text_as_it_was_written() -> None:
    page = rendered(hostile, "markdown-it")
    lines = listed(hostile())
    items = lines_in(page)
    titles = [item if is_elsewhere else item.find(".//a") for item, (_, is_elsewhere) in zip(items, lines, strict=True)]
    assert all(flat(line.title) in shown(title) for title, (line, _) in zip(titles, lines, strict=True))
    quoted = [shown(p) for item in items for p in item.findall("blockquote/p")]
    assert quoted == [flat(proof.sentence) for proof in quoted_in(hostile())]
    strong = [shown(p.find(".//strong")) for item in items for p in item.findall("blockquote/p")]
    assert strong == [flat(proof.surface) for proof in quoted_in(hostile())]
    for item, line in [
        (item, line) for item, (line, is_elsewhere) in zip(items, lines, strict=True) if not is_elsewhere
    ]:
        assert flat(line.outlet) in shown(item.find("p"))
        assert flat(line.printed) in shown(item.find("p"))


def test_the_table_of_topics_has_a_row_a_topic_and_five_columns_in_markdown() -> None:
    tables = list(rendered(hostile, "markdown-it").iter("table"))
    assert len(tables) == 1
    rows = [[shown(cell) for cell in row] for row in tables[0].iter("tr")]
    assert {len(row) for row in rows} == {5}
    assert [row[0] for row in rows] == ["topic", *(flat(section.name) for section in hostile().sections)]
    headings = [shown(heading).replace(" :", ":") for heading in rendered(hostile, "markdown-it").iter("h2")]
    names = [flat(section.name) for section in hostile().sections]
    assert headings == [*(f"{name}: 4 stories, 2 about it".replace(" :", ":") for name in names), "Late additions"]


def test_a_reader_that_knows_fewer_escapes_makes_no_element_and_no_link_either() -> None:
    page = rendered(hostile, "Python-Markdown")
    allowed = IN_MARKDOWN
    assert {str(element.tag) for element in page.iterdescendants()} - allowed == set()
    assert {name for element in page.iterdescendants() for name in element.attrib} <= {"href", "style"}
    assert [href for a in page.iter("a") if not re.match(r"#$|https?://", href := str(a.get("href")))] == []


def test_the_reader_of_markdown_notices_what_is_not_escaped() -> None:
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    active = ("<script", "<a ", "<img", "<h1", "<h2", "<ul", "<ol", "<hr", "<pre", "<code", "<blockquote", "<em", "<s>")
    noticed = [text for text in MARKDOWN if any(tag in reader.render(text) for tag in active)]
    assert len(noticed) > len(MARKDOWN) / 2


# JSON and RSS


def test_json_holds_every_text_unchanged() -> None:
    feed = json.loads(to_json(hostile()))
    lines = places(hostile())
    items = feed["items"]
    assert [item["title"] for item in items] == [line.title for line in lines]
    assert [item["authors"] for item in items] == [[{"name": line.outlet}] for line in lines]
    assert [item["language"] for item in items] == [line.language for line in lines]
    assert [item["content_text"] for item in items] == [line.evidence.sentence for line in lines]
    assert [item["tags"][1:] for item in items] == [list(line.also) for line in lines]
    assert [topic["name"] for topic in feed["_newswatch"]["topics"]] == list(HOSTILE)
    for item, line in zip(items, lines, strict=True):
        match = item["_newswatch"]["match"]
        assert item["content_text"][match["start"] : match["end"]] == line.evidence.surface
        assert [copy["outlet"] for copy in item["_newswatch"]["copies"]] == [copy.outlet for copy in line.copies]


def test_json_has_no_addresses_but_those_of_the_web() -> None:
    items = json.loads(to_json(hostile()))["items"]
    for item, line in zip(items, places(hostile()), strict=True):
        held = [item["url"], *(copy["url"] for copy in item["_newswatch"]["copies"])]
        urls = [line.url, *(copy.url for copy in line.copies)]
        assert list(map(unquote, held)) == [unquote(url) if is_web(url) else "#" for url in urls]


def test_rss_holds_every_text_unchanged() -> None:
    summary = summary_of(hostile())
    items = [FeedItem(DAY, n, MOMENT, text, f"{text}\n{text}") for n, text in enumerate(HOSTILE)]
    items.append(FeedItem(DAY, 9999, MOMENT, hostile().title, summary))
    root = etree.fromstring(to_rss(items, "https://pages.example"))
    held = root.findall("channel/item")
    assert [item.findtext("title") for item in held] == [item.title for item in items]
    shown = [str(item.findtext("description")) for item in held]  # readers take it for HTML
    assert [html.unescape(text).replace("<br>", "\n") for text in shown] == [
        item.summary.replace("<br>", "\n") for item in items
    ]
    assert all(not re.search("<(?!br>)", text) for text in shown)
    assert {element.tag for element in root.iter()} == {
        *("rss", "channel", "title", "link", "description", "item", "guid", "pubDate")
    }
    assert all(str(item.findtext("link")).startswith("https://pages.example/digest/") for item in held)


def test_the_summary_names_every_topic_as_it_is_called() -> None:
    summary = summary_of(hostile())
    assert all(f"{text}: 4 (too few: not compared yet)" in summary for text in HOSTILE)
    assert summary.endswith(f"Late additions: {len(HOSTILE)}")


def test_every_text_of_others_keeps_its_own_direction() -> None:
    assert not_isolated(to_html(meek()), r"\btext \d") == []


def test_a_headline_from_right_to_left_is_an_element_of_its_own() -> None:
    page = lxml.html.fromstring(to_html(composed(["اجتماع في دونيتسك", "פגישה ב-Donetsk"])))
    assert page.xpath("//ol[@class='lines']/li/a/bdi/text()")[0] == "اجتماع في دونيتسك"
    assert not page.xpath("//blockquote[not(@dir='auto')]")
