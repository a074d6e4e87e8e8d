"""The strict reader beside feedparser: whatever it takes it understands alike, and what it does not know it leaves."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.parsers import expat

import feedparser
import feeds
import pytest
from clocks import NOW

from newsroom.feeds import feed_bytes
from newsroom.outlets import OUTLETS, Feed, Outlet
from newsroom.pages import Site
from newswatch.feeds import parser, strict_reader
from newswatch.feeds.lxml_reader import ParsedDocument
from newswatch.feeds.repair import outline
from newswatch.text.charset import decoded

CONTENT, DC = "http://purl.org/rss/1.0/modules/content/", "http://purl.org/dc/elements/1.1/"
SPACES = (
    f'xmlns:content="{CONTENT}" xmlns:dc="{DC}" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:own="https://example.com/own" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" '
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
)


def both(text: str) -> tuple[ParsedDocument | None, ParsedDocument | None]:
    """What the strict reader and feedparser make of a document."""
    tree = strict_reader.tree_of(text)
    return (strict_reader.read(tree) if tree else None), parser._by_feedparser(text)


def is_wellformed(text: str) -> bool:
    checker = expat.ParserCreate("utf-8", namespace_separator=" ")
    try:
        checker.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError:
        return False
    return True


# -- Composed documents --------------------------------------------------------------------------------------------

PIECES = (
    *("Harbour ", "talks", " ", "\n", "Донецк", "é", "–", "😀", "&amp;", "&amp;amp;", "&lt;p&gt;It met.&lt;/p&gt;"),
    *("&#8217;", "&#xA0;", "&#9;", "<![CDATA[<p>Board &amp; quay</p>]]>", "<![CDATA[a&b <]]>"),
    *("a@example.com (Ann Lee)", "\u2028", "a@example.com", "<!-- note -->", "<?php x?>", "/a/b"),
    *("https://example.com/a", "?a=1&amp;b=2", "urn:1", "N/A", "1", "Sun, 22 Nov 2026 12:00:00 +0200"),
    *("2026-11-22T12:00:00Z", "22/11/2026", "2026년 11월 22일 오후 3:05:00"),
)
ODD_PIECES = (
    *("Ã©", "Ð”Ð¾", "&#146;", "&#x85;", "\x85", "Ann <a@example.com>", "Ann &lt;a@example.com&gt;"),
    *("http:////example.com", "?a=1&amp;b;=2", "<b>x</b>", "<title>B</title>", "a@b.museum (Ann)", "A" * 1100),
)
LINKS = (' href="/a"', ' href="https://example.com/a" rel="Alternate"', ' href="/a" rel="self"', ' href=""', "", "", "")
FITTING = {
    "link": (*LINKS, ' href="/s" rel="enclosure" type="a/b"', ' href="/a" type="TEXT/HTML" hreflang="en"'),
    "atom:link": LINKS,
    "guid": (' isPermaLink="false"', ' isPermaLink="true"', ' isPermaLink="no"', "", ""),
    "enclosure": (' url="https://example.com/i.mp3" type="audio/mpeg" length="1"', ' url=""'),
    "source": (' url="https://example.com/"', ""),
    "category": (' term="x"', "", ' domain="y"'),
    "media:content": (' url="/i" type="image/jpeg"', ""),
    "media:thumbnail": (' url="/i" width="1"', ""),
}
OF_TEXTS = ("", "", "", ' type="html"', ' type="text"', ' type="text/plain"', ' type="text/html"', ' xml:lang="en"')
ODD_ATTRIBUTES = (
    *(' type="xhtml"', ' type="x/y"', ' type="Text"', ' mode="base64"', ' mode="escaped"', ' xml:base="/b/"'),
    *(' src="/s"', ' base="/b/"', ' rdf:about="urn:2"', ' own:type="xhtml"', ' own:base="/b"', ' href="/h"'),
    *(' url="/u"', ' TYPE="html"'),
)
TEXTS = ("title", "description", "summary", "content", "content:encoded", "dc:title", "dc:description", "media:title")
TEXTS += ("media:description", "itunes:summary")
READ = (
    *(*TEXTS, "link", "link", "guid", "id", "author", "pubDate", "published", "updated", "dc:creator", "dc:date"),
    *("source", "dcterms:issued", "dcterms:modified", "itunes:author", "feedburner:origLink", "atom:link", "created"),
    *("enclosure",),
)
PASSED_OVER = (
    *("category", "comments", "dc:subject", "dc:language", "rights", "media:content", "media:group"),
    *("media:thumbnail", "media:credit", "media:keywords", "slash:comments", "own:title", "own:links"),
    *("itunes:subtitle", "itunes:explicit", "generator", "dc:publisher", "own:summary", "itunes:image"),
    *("itunes:category", "media:copyright", "dc:identifier"),
)
ODD_NAMES = (
    *("image", "links", "tags", "authors", "textInput", "contributor", "media:player", "dc:contributor", "cloud"),
    *("TITLE", "summary_detail", "published_parsed", "name", "email", "url", "info", "fullitem", "xhtml:body"),
    *("itunes:owner", "description", "content", "guid", "width", "expirationDate", "dcterms:valid", "entry", "item"),
    *("abstract",),
)
OF_CHANNEL = (
    *("title", "link", "description", "language", "ttl", "lastBuildDate", "atom:link", "generator", "id", "author"),
    *("image", "textInput", "category", "dc:date", "own:x", "itunes:summary", "itunes:owner", "skipHours"),
    *("copyright", "rating"),
)
NESTS = ("media:group", "media:content", "own:box", "slash:x", "itunes:category")
ODD_SPACES = (
    *('xmlns="http://www.w3.org/2005/Atom"', 'xmlns:title="https://a.example"'),
    *('xmlns:b="http://purl.org/dc/elements/1.1/"', 'xmlns:xlink="http://www.w3.org/1999/xlink"'),
    *('xmlns="https://b.example"', 'xmlns:rss="http://purl.org/rss/1.0/"'),
    *('xmlns="http://backend.userland.com/rss2"', 'xmlns:thr="http://purl.org/dc/terms/"'),
    *('xmlns:Dc="https://c.example"', 'xmlns="http://purl.org/rss/1.0/"', 'xmlns="http://purl.org/atom/ns#"'),
    *('xmlns:cc="https://d.example"',),
)


class Composer:
    """Writes documents of the reader's vocabulary, with something strange here and there: `oddity` is how often."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.oddity = self.rng.choice((0.0, 0.01, 0.05))

    def one(self, usual: Sequence[str], odd: Sequence[str]) -> str:
        return self.rng.choice(odd if self.rng.random() < self.oddity else usual)

    def many(self, most: int, make: Callable[[], str]) -> str:
        return "".join(make() for _ in range(self.rng.randint(0, most)))

    def text(self) -> str:
        return self.many(3, lambda: self.one(PIECES, ODD_PIECES))

    def element(self, name: str, inner: str | None = None) -> str:
        attributes = self.one(FITTING.get(name, OF_TEXTS if name in TEXTS else ("",)), ODD_ATTRIBUTES)
        inner = self.text() if inner is None else inner
        return f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"

    def part(self) -> str:
        choice = self.rng.random()
        if choice < 0.06:
            persons = self.many(1, lambda: self.element("atom:uri")) + self.element("atom:name") * (choice > 0.01)
            return self.element("author", persons + self.many(1, lambda: self.element("atom:email")))
        if choice < 0.14:
            inner = self.many(2, lambda: self.element(self.one((*PASSED_OVER, "media:title"), READ)))
            return self.element(self.one(NESTS, ("category", "image", "title")), inner)
        return self.element(self.one(READ if choice < 0.8 else PASSED_OVER, ODD_NAMES))

    def of_channel(self) -> str:
        name = self.one(OF_CHANNEL, (*READ, *ODD_NAMES))
        if name in ("image", "textInput"):
            return self.element(
                name, self.many(3, lambda: self.element(self.one(("title", "link"), ("name", "url", "item"))))
            )
        return self.element(name)

    def entry(self, name: str) -> str:
        return f"<{name}{self.one(('',), ODD_ATTRIBUTES)}>{self.many(8, self.part)}</{name}>"

    def document(self) -> str:
        kind, declared = self.rng.choice(("rss", "atom", "rdf")), self.one(("",), ODD_SPACES)
        name = "entry" if kind == "atom" else "item"
        channel = self.many(3, self.of_channel)
        items = self.entry(name) + self.many(2, lambda: self.entry(name)) + self.many(1, self.of_channel)
        default = "" if 'xmlns="' in declared else f'xmlns="{DEFAULTS[kind]}"' if kind in DEFAULTS else ""
        if kind == "rss":
            return f'<rss version="2.0" {SPACES} {declared}><channel>{channel}{items}</channel></rss>'
        if kind == "atom":
            return f"<feed {default} {SPACES} {declared}>{channel}{items}</feed>"
        spaces = SPACES.replace('xmlns:atom="http://www.w3.org/2005/Atom"', 'xmlns:atom="https://c.example"')
        return f"<rdf:RDF {default} {spaces} {declared}><channel>{channel}</channel>{items}</rdf:RDF>"

    def broken(self, text: str) -> str:
        for _ in range(self.rng.randint(1, 3)):
            at, until = sorted(self.rng.choices(range(len(text) + 1), k=2))
            fault = self.rng.choice(("<", "&", "<b>", "x", "\x00", ":", '"', "\ufffe", "&#x1;", "]]>", "\r"))
            cut = self.rng.choice((at, at, at + 1, until))
            text = text[:at] + self.rng.choice(("", fault, text[at:until])) + text[cut:]
        return text


DEFAULTS = {"atom": "http://www.w3.org/2005/Atom", "rdf": "http://purl.org/rss/1.0/"}


def check_alike(text: str) -> bool:
    """Whether the strict reader took it; then feedparser must have understood the same."""
    assert (strict_reader.tree_of(text) is not None) == is_wellformed(text)
    ours, theirs = both(text)
    assert ours is None or ours == theirs, text
    return ours is not None


def check_composed(seeds: range) -> None:
    composers = {seed: Composer(seed) for seed in seeds}
    documents = {seed: composer.document() for seed, composer in composers.items()}
    taken = sum(map(check_alike, documents.values()))
    assert taken > len(seeds) // 4  # else it would show nothing
    for seed, document in documents.items():
        check_alike(composers[seed].broken(document))


def test_what_is_taken_is_understood_as_by_feedparser() -> None:
    check_composed(range(1500))


@pytest.mark.slow
def test_what_is_taken_is_understood_as_by_feedparser_in_many_documents() -> None:
    check_composed(range(1500, 30_000))


# -- Whole feeds ---------------------------------------------------------------------------------------------------

NEWSROOM = [(outlet, feed) for outlet in OUTLETS for feed in outlet.feeds if feed.form in ("rss", "atom")]


@pytest.mark.parametrize("make", feeds.FORMS.values(), ids=feeds.FORMS)
@pytest.mark.parametrize("script", feeds.WORDS)
def test_a_feed_as_news_sites_write_them_is_taken(make: Callable[[int, str], str], script: str) -> None:
    assert check_alike(outline(make(20, script), parser.MAX_ENTRIES).text)


@pytest.mark.parametrize(("outlet", "feed"), NEWSROOM, ids=[feed.id for _, feed in NEWSROOM])
def test_a_feed_of_the_newsroom_is_taken(outlet: Outlet, feed: Feed) -> None:
    text, _ = decoded(feed_bytes(outlet, feed, Site("newsroom.localhost", 8000), NOW), "")
    assert check_alike(outline(text, parser.MAX_ENTRIES).text)


def test_entries_are_the_same_whichever_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [make(20, script).encode() for make in feeds.FORMS.values() for script in feeds.WORDS]

    def parsed(body: bytes) -> list[tuple[object, ...]]:
        feed = parser.parse(body, feed_id="f", url="https://example.com/feed", content_type="")
        return [(feed.repair, entry, entry.updated_at) for entry in feed.entries]

    fast = [parsed(body) for body in bodies]
    monkeypatch.setattr(strict_reader, "read", lambda _: None)
    assert fast == [parsed(body) for body in bodies]


# -- Just outside --------------------------------------------------------------------------------------------------


def rss(item: str, *, channel: str = "", spaces: str = SPACES, attributes: str = "") -> str:
    entry = f"<item{attributes}><title>A</title>{item}</item>"
    return f'<rss version="2.0" {spaces}><channel>{channel}{entry}</channel></rss>'


INSIDE = "<link>https://example.com/a</link><guid>7</guid><description>&lt;p&gt;It met.&lt;/p&gt;</description>"
OUTSIDE = {
    "base": rss('<description xml:base="/b/">B</description>'),
    "base of what is passed over": rss('<own:x base="/b/">B</own:x>'),
    "base of the document": rss("", spaces=SPACES + ' xml:base="https://example.com/"'),
    "XHTML": rss('<description type="xhtml">B</description>'),
    "base64": rss('<content:encoded type="application/octet-stream">QQ==</content:encoded>'),
    "mode": rss('<description mode="escaped">B</description>'),
    "content elsewhere": rss('<atom:content src="https://example.com/a"/>'),
    "markup that is not escaped": rss("<description>A <b>board</b> met.</description>"),
    "an element of no format": rss("<summary_detail>B</summary_detail>"),
    "a handled element": rss("<expirationDate>Sun, 22 Nov 2026 12:00:00 +0200</expirationDate>"),
    "a handled element of another's": rss("<media:player url='/p'>B</media:player>"),
    "an element out of its place": rss("<own:box><guid>8</guid></own:box>"),
    "an entry in an entry": rss("<item><title>B</title></item>"),
    "an entry's attribute": rss("", attributes=' lastmod="2026-11-22"'),
    "a text that was encoded twice": rss("<description>cafÃ©</description>"),
    "a control character": rss("<description>It\x92s</description>"),
    "a control character's number": rss("<description>It&#146;s</description>"),
    "a link with a name in it": rss("<link>https://example.com/?a=1&amp;b;=2</link>"),
    "a link with too many slashes": rss("<link>https:///example.com/a</link>"),
    "an address among the authors": rss("<author>Ann &lt;a@example.com&gt;</author>"),
    "authors of both forms": rss("<author>Ann</author><author><atom:name>Bo</atom:name></author>"),
    "a person without a name": rss("<author><atom:email>a@example.com</atom:email></author>"),
    "a second summary of the feed": rss("", channel="<itunes:summary>B</itunes:summary><description>C</description>"),
    "a namespace as the default": rss("", spaces='xmlns="https://example.com/own"'),
    "a prefix that is a result's": rss("<title:x>B</title:x>", spaces='xmlns:title="https://example.com/own"'),
    "a prefix that is another's": rss("", spaces=f'xmlns:media="{DC}"'),
    "a prefix with two meanings": rss(f'<x:a xmlns:x="https://a.example"/><x:a xmlns:x="{DC}"/>'),
    "a document type": f'<!DOCTYPE feed [\n<!ENTITY x "y">\n]>\n{rss("")}',
    "two channels": "<rss><channel><item><title>A</title></item></channel><channel/></rss>",
    "Atom 0.3": '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>A</title></entry></feed>',
    "Atom in a namespace of none": "<feed><entry><title>A</title></entry></feed>",
    "RDF that speaks of Atom": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="http://www.w3.org/2005/Atom" '
        'xmlns="http://purl.org/rss/1.0/"><item><title>A</title></item></rdf:RDF>'
    ),
    "nothing said": "<rss><channel><item/></channel></rss>",
}


def test_a_plain_entry_is_taken() -> None:
    assert check_alike(rss(INSIDE))


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE)
def test_what_is_just_outside_is_left_to_feedparser(text: str) -> None:
    tree = strict_reader.tree_of(text)
    assert tree is not None
    assert strict_reader.read(tree) is None


def test_feedparser_is_asked_only_for_what_is_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    whole = feedparser.parse

    def parse(file: io.BytesIO, **options: object) -> object:
        asked.append(file.getvalue())
        return whole(file, **options)

    monkeypatch.setattr(feedparser, "parse", parse)
    for text in (rss(INSIDE), OUTSIDE["XHTML"]):
        (entry,) = parser.parse(text.encode(), feed_id="f", url="https://example.com/f", content_type="").entries
        assert entry.title == "A"
    assert len(asked) == 1
    assert b"xhtml" in asked[0]


def test_a_date_that_only_feedparser_reads_is_read_in_either_document() -> None:
    item = "<pubDate>2026-11-22T25:05:00Z</pubDate>"
    texts = (rss(item), rss(item + "<contributor><name>Bo</name></contributor>"))
    taken, left = (
        parser.parse(text.encode(), feed_id="f", url="https://example.com/f", content_type="").entries[0]
        for text in texts
    )
    assert taken == left
    assert taken.published_at == datetime(2026, 11, 23, 1, 5, tzinfo=UTC)
