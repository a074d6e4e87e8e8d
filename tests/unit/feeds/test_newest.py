"""Documents that list more entries than are read: the newest are kept, wherever they stand, and the rest is counted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from newswatch.feeds import parser
from newswatch.feeds.model import ParsedFeed

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
COUNT, KEPT = 40, 25
SHUFFLED = random.Random(7).sample(range(COUNT), COUNT)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS_1 = 'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
SHAPES = {
    "rss": ('<rss version="2.0"><channel><title>T</title>', "item", "pubDate", "</channel></rss>"),
    "rss, items outside": ('<rss version="2.0"><channel><title>T</title></channel>', "item", "pubDate", "</rss>"),
    "atom": ('<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>', "entry", "updated", "</feed>"),
    "rdf, items in the channel": (
        f'<rdf:RDF xmlns:rdf="{RDF}" {RSS_1}><channel>',
        "item",
        "dc:date",
        "</channel></rdf:RDF>",
    ),
}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_ENTRIES", KEPT)


@pytest.mark.parametrize("order", [range(COUNT), range(COUNT)[::-1], SHUFFLED], ids=["oldest", "newest", "shuffled"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_plain", [False, True])  # plain: as where feedparser took too long
def test_the_newest_are_kept_and_the_document_is_whole(shape: str, order: list[int], is_plain: bool) -> None:
    head, name, date, end = SHAPES[shape]
    feed = parse(head + "".join(entry(n, name, date) for n in order) + end, is_plain=is_plain)
    assert [title(n) for n in order if n >= COUNT - KEPT] == [e.title for e in feed.entries]
    assert (feed.left_out_count, feed.is_damaged) == (COUNT - KEPT, False)


def test_an_entry_without_a_date_counts_as_its_neighbour() -> None:
    head, name, date, end = SHAPES["rss"]
    feed = parse(head + "".join(entry(n, name, date if n % 3 else "") for n in range(COUNT)) + end)
    assert [e.title for e in feed.entries] == [title(n) for n in range(COUNT - KEPT, COUNT)]


def test_of_entries_without_any_date_the_first_are_kept() -> None:
    head, name, _, end = SHAPES["rss"]
    feed = parse(head + "".join(entry(n, name, "") for n in range(COUNT)) + end)
    assert [e.title for e in feed.entries] == [title(n) for n in range(KEPT)]


def test_of_a_document_that_is_cut_the_halved_entry_is_left_out() -> None:
    head, name, date, _ = SHAPES["rss"]
    feed = parse(head + "".join(entry(n, name, date) for n in range(COUNT)) + "<item><title>Hal")
    assert [e.title for e in feed.entries] == [title(n) for n in range(COUNT - KEPT, COUNT)]
    assert (feed.left_out_count, feed.is_cut) == (COUNT - KEPT + 1, True)


def title(number: int) -> str:
    return f"Entry {number}"


def entry(number: int, name: str, date: str) -> str:
    moment = FIRST + timedelta(hours=number)
    stated = format_datetime(moment) if date == "pubDate" else moment.isoformat()
    dated = f"<{date}>{stated}</{date}>" if date else ""
    return f"<{name}><title>{title(number)}</title>{dated}</{name}>"


def parse(text: str, *, is_plain: bool = False) -> ParsedFeed:
    body, url = f'<?xml version="1.0"?>{text}'.encode(), "https://a.example/f"
    return parser.parse(body, feed_id="f", url=url, content_type="", timezone=None, is_plain=is_plain)
