"""Parsing whole feeds, beside feedparser by its defaults and fastfeedparser on the same bytes.

    python benchmarks/feeds.py [--rounds 5]        (make bench installs what it compares with)

Feeds are made here, in the forms that news sites use most: RSS 2.0 as WordPress and as broadcasters write it, Atom as
Blogger does, RDF; 20 to 300 entries of invented words; then the newsroom's own. `newswatch` is the whole `parse`, texts
cleaned, links resolved and dates read, `its reader` what takes feedparser's place in it. All in one process, in turn:
milliseconds of processor time, the best of the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

WORDS = {
    "latin": ["harbour", "board", "minister", "treaty", "grain", "rail", "council", "talks", "“quay”", "–", "café"],
    "cyrillic": ["порт", "министр", "договор", "зерно", "мост", "совет", "шторм", "рынок", "выборы", "граница"],
}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:app="https://example.com/app"'
)


class Words:
    def __init__(self, script: str, seed: int = 19) -> None:
        self.words, self.rng = WORDS[script], random.Random(seed)

    def sentence(self, count: int) -> str:
        return " ".join(self.rng.choices(self.words, k=count)).capitalize() + "."

    def html(self, paragraphs: int) -> str:
        pieces = []
        for number in range(paragraphs):
            pieces.append(
                f'<p>{self.sentence(25)} <a href="https://example.com/{number}?a=1&amp;b=2">{self.sentence(3)}</a> '
                f"{self.sentence(20)}&nbsp;&#8217;</p>\n"
            )
            if number % 3 == 0:
                pieces.append(
                    f'<figure class="wp-block-image size-large"><img loading="lazy" width="1024" height="683" '
                    f'src="https://cdn.example.com/{number}-1024x683.jpg" alt="" srcset="https://cdn.example.com/'
                    f'{number}-1024x683.jpg 1024w, https://cdn.example.com/{number}-300x200.jpg 300w"/></figure>\n'
                )
        return "".join(pieces)


def wordpress(count: int, script: str) -> str:
    """RSS 2.0 with an excerpt and the whole text."""
    w = Words(script)
    items = [
        f"<item>\n<title>{w.sentence(8)}</title>\n<link>https://example.com/2026/11/{n}/</link>\n"
        f"<comments>https://example.com/{n}/#respond</comments>\n<dc:creator><![CDATA[Ann Lee]]></dc:creator>\n"
        f"<pubDate>{format_datetime(NOW - timedelta(hours=n))}</pubDate>\n<category><![CDATA[World]]></category>\n"
        f'<category><![CDATA[Trade]]></category>\n<guid isPermaLink="false">https://example.com/?p={n}</guid>\n'
        f"<description><![CDATA[<p>{w.sentence(40)} [&#8230;]</p>]]></description>\n"
        f"<content:encoded><![CDATA[{w.html(10)}]]></content:encoded>\n<wfw:commentRss>https://example.com/{n}/feed/"
        f"</wfw:commentRss>\n<slash:comments>{n}</slash:comments>\n</item>\n"
        for n in range(count)
    ]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {SPACES}>\n<channel>\n<title>T</title>\n'
        '<atom:link href="https://example.com/feed/" rel="self" type="application/rss+xml" />\n'
        "<link>https://example.com</link>\n<description>D</description>\n"
        f"<lastBuildDate>{format_datetime(NOW)}</lastBuildDate>\n<language>en</language>\n"
        "<sy:updatePeriod>hourly</sy:updatePeriod>\n<sy:updateFrequency>1</sy:updateFrequency>\n<image>\n"
        "<url>https://example.com/i.png</url>\n<title>T</title>\n<link>https://example.com</link>\n<width>32</width>\n"
        f"<height>32</height>\n</image>\n{''.join(items)}</channel>\n</rss>\n"
    )


def broadcaster(count: int, script: str) -> str:
    """RSS 2.0 with a sentence an item, and pictures in namespaces of others."""
    w = Words(script)
    items = [
        f"<item><title><![CDATA[{w.sentence(8)}]]></title><description><![CDATA[{w.sentence(20)}]]></description>"
        f"<link>https://example.com/news/articles/{n}?at_medium=RSS</link>"
        f'<guid isPermaLink="false">https://example.com/news/articles/{n}#0</guid>'
        f"<pubDate>{(NOW - timedelta(hours=n)).strftime('%a, %d %b %Y %H:%M:%S GMT')}</pubDate>"
        f'<media:thumbnail width="240" height="134" url="https://example.com/{n}.jpg"/><app:section>World</app:section>'
        f'<media:content url="https://example.com/{n}.jpg" type="image/jpeg"><media:credit>Desk</media:credit>'
        f"</media:content></item>"
        for n in range(count)
    ]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss {SPACES} version="2.0"><channel><title><![CDATA[T]]></title>'
        "<description><![CDATA[D]]></description><link>https://example.com/news</link><generator>G</generator>"
        f"<lastBuildDate>{format_datetime(NOW)}</lastBuildDate><copyright><![CDATA[C]]></copyright><ttl>15</ttl>"
        f"{''.join(items)}</channel></rss>"
    )


def blogger(count: int, script: str) -> str:
    """Atom with the whole text, escaped."""
    w = Words(script)
    entries = [
        f"<entry><id>tag:example.com,1999:blog-1.post-{n}</id><published>2026-11-22T10:00:00.{n:03}-08:00</published>"
        f"<updated>2026-11-22T11:00:00.{n:03}-08:00</updated><category scheme='http://www.blogger.com/atom/ns#' "
        f"term='World'/><title type='text'>{w.sentence(8)}</title><content type='html'>{escape(w.html(10))}</content>"
        f"<link rel='replies' type='application/atom+xml' href='https://example.com/{n}/comments' title='Comments'/>"
        f"<link rel='edit' type='application/atom+xml' href='https://example.com/feeds/{n}'/>"
        f"<link rel='self' type='application/atom+xml' href='https://example.com/feeds/{n}'/>"
        f"<link rel='alternate' type='text/html' href='https://example.com/2026/11/{n}.html' title='A'/>"
        f"<author><name>Ann Lee</name><uri>https://example.com/ann</uri><email>noreply@example.com</email></author>"
        f"<media:thumbnail xmlns:media='http://search.yahoo.com/mrss/' url='https://example.com/{n}.jpg' height='72' "
        f"width='72'/><thr:total>0</thr:total></entry>"
        for n in range(count)
    ]
    return (
        "<?xml version='1.0' encoding='UTF-8'?><feed xmlns='http://www.w3.org/2005/Atom' "
        "xmlns:openSearch='http://a9.com/-/spec/opensearchrss/1.0/' xmlns:thr='http://purl.org/syndication/thread/1.0'>"
        "<id>tag:example.com,1999:blog-1</id><updated>2026-11-22T11:00:00.000-08:00</updated><category term='World'/>"
        "<title type='text'>T</title><subtitle type='html'>S</subtitle>"
        "<link rel='alternate' type='text/html' href='https://example.com/'/><author><name>Ann Lee</name></author>"
        "<generator version='7.00' uri='https://example.com/g'>G</generator>"
        f"<openSearch:totalResults>{count}</openSearch:totalResults>{''.join(entries)}</feed>"
    )


def rdf(count: int, script: str) -> str:
    w = Words(script)
    items = [
        f'<item rdf:about="https://example.com/{n}"><title>{w.sentence(8)}</title><link>https://example.com/{n}</link>'
        f"<description>{escape(f'<p>{w.sentence(30)}</p>')}</description><dc:date>2026-11-22T10:00:00+01:00</dc:date>"
        f"<dc:creator>Ann Lee</dc:creator><dc:subject>World</dc:subject></item>"
        for n in range(count)
    ]
    sequence = "".join(f'<rdf:li rdf:resource="https://example.com/{n}"/>' for n in range(count))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://example.com/"><title>T</title><link>https://example.com/</link>'
        f"<description>D</description><items><rdf:Seq>{sequence}</rdf:Seq></items></channel>{''.join(items)}</rdf:RDF>"
    )


FORMS = {"RSS, whole texts": wordpress, "RSS, a sentence": broadcaster, "Atom, whole texts": blogger, "RDF": rdf}
SIZES = (20, 100, 300)


def made_feeds() -> dict[str, bytes]:
    """Whole feeds by name."""
    return {
        f"{name}, {script}, {count} entries": make(count, script).encode()
        for name, make in FORMS.items()
        for script in WORDS
        for count in SIZES
    }


def feeds_of_newsroom() -> dict[str, bytes]:
    from newsroom.feeds import feed_bytes
    from newsroom.outlets import OUTLETS
    from newsroom.pages import Site

    site = Site("newsroom.localhost", 8000)
    feeds = ((outlet, feed) for outlet in OUTLETS for feed in outlet.feeds if feed.form in ("rss", "atom"))
    return {feed.id: feed_bytes(outlet, feed, site, NOW) for outlet, feed in feeds}


def readers() -> dict[str, Callable[[bytes], object]]:
    import feedparser

    from newswatch.feeds import parser, strict_reader
    from newswatch.text.charset import decoded

    def read(body: bytes) -> object:
        tree = strict_reader.tree_of(decoded(body, "")[0])
        return strict_reader.read(tree) if tree else None

    found: dict[str, Callable[[bytes], object]] = {
        "newswatch": lambda body: parser.parse(body, feed_id="f", url="https://example.com/feed", content_type=""),
        "its reader": read,
        "feedparser": lambda body: feedparser.parse(io.BytesIO(body)),
    }
    if importlib.util.find_spec("fastfeedparser"):
        import fastfeedparser

        found["fastfeedparser"] = fastfeedparser.parse
    return found


def milliseconds(read: Callable[[bytes], object], body: bytes) -> float:
    began = time.process_time()
    read(body)
    return 1000 * (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    by_name = readers()
    print(f"{'ms of CPU a feed':<50}" + "".join(f"{name:>16}" for name in by_name) + "   × feedparser, its reader")
    totals = dict.fromkeys(by_name, 0.0)
    for feed, body in (made_feeds() | feeds_of_newsroom()).items():
        times: dict[str, list[float]] = {name: [] for name in by_name}
        for _ in range(rounds):
            for name, read in by_name.items():
                times[name].append(milliseconds(read, body))
        best = {name: min(of_reader) for name, of_reader in times.items()}
        totals = {name: totals[name] + best[name] for name in by_name}
        _print_row(f"{feed} ({len(body) // 1000} kB)", best)
    _print_row("all of them", totals)


def _print_row(name: str, times: dict[str, float]) -> None:
    ratios = (times["feedparser"] / times[ours] for ours in ("newswatch", "its reader"))
    columns = [*(f"{value:16.2f}" for value in times.values()), *(f"{ratio:10.1f}" for ratio in ratios)]
    print(f"{name:<50}" + "".join(columns))


if __name__ == "__main__":
    main()
