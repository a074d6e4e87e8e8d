"""Feed autodiscovery: bytes of a page, a robots.txt or a feed's head → addresses of feeds. Fetches nothing."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree, html

from newswatch.text import sanitise
from newswatch.urls.canonical import MAX_LINK_CHARS, host_of, is_same_site, resolve, twin_key

MAX_HTML_BYTES = 3_000_000  # what is past it is not read: feeds are named in a page's head or foot
MAX_HEAD_BYTES = 64_000  # a feed states its title and language before its entries
MAX_CANDIDATES = 25  # of one page: each costs a request
MAX_LOOKED_AT = 500  # links of one page, sitemaps of one robots.txt; a page of feeds alone has fewer
FEED_TYPES = frozenset(
    {
        *("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml"),
        *("application/feed+json", "application/json"),  # JSON Feed 1.1 and 1.0, section "Discovery"
    }
)
GUESS = "a guess"
# Where common publishing systems put a feed. Asked only if the page names none.
GUESSES = (
    *("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed/rss", "/index.rss"),
    *("/rss/all.xml", "/rss/news.xml", "/feeds/posts/default", "/feeds/all.atom.xml", "/feed.json"),
)
SITEMAP_GUESSES = ("/news-sitemap.xml", "/sitemap-news.xml")
# As many posts as a day may bring, and of each what a feed says of it.
WORDPRESS = "/wp-json/wp/v2/posts?per_page=50&_fields=guid,link,date_gmt,modified_gmt,title,excerpt"
_FEED_PATH = re.compile(
    r"(?:^|/)(?:rss|feeds?|atom)(?:\d|/|$)|\.(?:rss|atom|rdf)$|(?:rss|feed|atom)[\w-]{0,40}\.(?:xml|php|aspx?)$"
)
_FEED_QUERY = re.compile(r"(?:^|&)(?:feed|format|output|type|outputType)=(?:rss2?|atom|rdf|xml)\b", re.I)
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.I | re.M)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][\w-]*)?")
_CODE_ALIASES = {"ua": "uk", "und": None, "mul": None, "zxx": None}  # `ua` is a country's code that some feeds write


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed's. `how` it was found, in words for users; `title`: the link's, or ""."""

    url: str
    how: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says of its site and of its feeds.

    `language`: ISO 639-1 or 639-2. `left_out_count`: candidates past MAX_CANDIDATES.
    """

    candidates: tuple[Candidate, ...] = ()
    site_name: str = ""
    language: str | None = None
    left_out_count: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """What a feed says of itself before its entries. `language`: ISO 639-1 or 639-2."""

    title: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a feed's entries are published. `per_day`: entries; None where fewer than two moments are stated."""

    dated_count: int
    newest: datetime | None
    oldest: datetime | None
    per_day: float | None


def addresses_of(site: str) -> tuple[str, ...]:
    """The addresses to request for what a user typed: as given, or https and then http where no scheme is.

    Empty where that is no web address.
    """
    site = re.sub(r"^feed:(?://)?(?=https?:)", "", site.strip(), flags=re.I)
    site = re.sub(r"^feed://", "https://", site, flags=re.I)
    spelt = (site,) if "://" in site else (f"https://{site}", f"http://{site}")
    return tuple(url for s in spelt if (url := resolve(s, "")))


def language_code(stated: str | None) -> str | None:
    """ISO 639-1 (or 639-2) out of a language tag such as `en-GB`; None where it names no language."""
    tag = _LANGUAGE.fullmatch((stated or "").strip())
    code = tag[1].lower() if tag else None
    return _CODE_ALIASES.get(code, code) if code else None


def read_page(body: bytes, url: str, content_type: str) -> Page:
    """Feeds that a page names, those of its `<link>` first and those of comments last, and what it says of its site.

    `url`: the page's, against which links are resolved unless it has a `<base>`. Any bytes are taken for HTML.
    """
    tree = _tree(body[:MAX_HTML_BYTES], content_type)
    if tree is None:
        return Page()
    base_node = next(tree.iter("base"), None)
    base = resolve(url, base_node.get("href") or "") if base_node is not None else None
    by_twin_key: dict[str, Candidate] = {}
    for candidate in (*_head_links(tree, base or url), *_anchors(tree, base or url)):
        by_twin_key.setdefault(twin_key(candidate.url), candidate)
    ordered = sorted(by_twin_key.values(), key=lambda c: "comment" in c.url.lower())
    names = (node.get("content") for node in tree.iter("meta") if node.get("property") == "og:site_name")
    return Page(
        candidates=tuple(ordered[:MAX_CANDIDATES]),
        site_name=sanitise.line(next(filter(None, names), ""), 120),
        language=language_code(tree.getroottree().getroot().get("lang")),
        left_out_count=max(0, len(ordered) - MAX_CANDIDATES),
    )


def _tree(body: bytes, content_type: str) -> html.HtmlElement | None:
    """The page's tree, without a network and without libxml2's limits lifted; None where there is none."""
    stated = re.search(r"charset=[\"']?([\w-]+)", content_type, re.I)
    try:
        encoding = codecs.lookup(stated[1]).name if stated else None
        parser = html.HTMLParser(encoding=encoding, no_network=True, huge_tree=False)
        return html.document_fromstring(body, parser=parser)
    except LookupError:
        return _tree(body, "")
    except (etree.LxmlError, ValueError):  # empty, or nothing that could be HTML
        return None


def _head_links(tree: html.HtmlElement, base: str) -> Iterator[Candidate]:
    """`<link rel="alternate">` of a feed's type: RSS autodiscovery, as browsers once read it."""
    for node in islice(tree.iter("link"), MAX_LOOKED_AT):
        kind = (node.get("type") or "").partition(";")[0].strip().lower()
        if kind in FEED_TYPES and "alternate" in (node.get("rel") or "").lower().split() and node.get("href"):
            url = resolve(base, node.get("href") or "")
            if url:
                yield Candidate(url, "a link in the page's head", sanitise.line(node.get("title") or "", 120))


def _anchors(tree: html.HtmlElement, base: str) -> Iterator[Candidate]:
    """Anchors whose address looks like a feed's, on the same site or on a host that is called after feeds."""
    named = {href: node for node in tree.iter("a") if (href := (node.get("href") or "").strip())}
    alike = ((href, node) for href, node in named.items() if looks_like_feed(href))
    for href, node in islice(alike, MAX_LOOKED_AT):
        url = resolve(base, href)
        if url and looks_like_feed(url) and (is_same_site(url, base) or _is_feed_host(url)):
            yield Candidate(url, "an anchor on the page", sanitise.line(str(node.text_content()), 120))


def _is_feed_host(url: str) -> bool:
    return host_of(url).startswith(("feeds.", "feed.", "rss."))


def looks_like_feed(url: str) -> bool:
    """Whether path or query of the address, which may be a link as a page has it, is of the kind that feeds have."""
    if len(url) > MAX_LINK_CHARS:  # before any pattern: a page may hold one link of megabytes
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_FEED_PATH.search(parts.path.lower()) or _FEED_QUERY.search(parts.query))


def guesses(url: str) -> list[Candidate]:
    """Addresses at which a site of this address often has a feed, those below the page's own path first."""
    path = urlsplit(url).path.rstrip("/")
    own = [f"{path}/feed", f"{path}/rss"] if path else []
    urls = dict.fromkeys(resolve(url, place) for place in (*own, *GUESSES, *SITEMAP_GUESSES))
    return [*(Candidate(address, GUESS) for address in urls if address), *wordpress(url)]


def wordpress(url: str) -> list[Candidate]:
    """Where a site of this address has its posts, if it is made with WordPress."""
    address = resolve(url, WORDPRESS)
    return [Candidate(address, GUESS)] if address else []


def news_sitemaps(robots: bytes, url: str) -> list[Candidate]:
    """Sitemaps that a robots.txt (RFC 9309) names and that have `news` in their path: only those list what is new."""
    alike = sitemaps(robots, url, lambda link: "news" in link.lower())  # most are spared the rest
    wanted = [address for address in alike if "news" in urlsplit(address).path.lower()]
    return [Candidate(address, "robots.txt") for address in wanted[:MAX_CANDIDATES]]


def sitemaps(robots: bytes, url: str, is_wanted: Callable[[str], bool] = bool) -> list[str]:
    """Addresses of the sitemaps that a robots.txt names; `is_wanted`: by the link as it stands there."""
    text = robots[:MAX_HTML_BYTES].decode("utf-8", "replace")
    links = filter(is_wanted, (line[1] for line in _SITEMAP_LINE.finditer(text)))
    return list(filter(None, dict.fromkeys(resolve(url, link) for link in islice(links, MAX_LOOKED_AT))))


def read_heading(body: bytes) -> Heading:
    """Title and language of an RSS, RDF or Atom feed or a news sitemap. Expands no entity, loads nothing."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body[:MAX_HEAD_BYTES].lstrip(), parser)
    except (etree.LxmlError, ValueError):
        return Heading()
    if root is None:
        return Heading()
    stated: dict[str, str] = {"lang": root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""}
    for node in root.iter("{*}title", "{*}language", "{*}name"):
        parent = node.getparent()
        if parent is not None and etree.QName(parent).localname in ("channel", "feed", "publication"):
            name = etree.QName(node).localname
            stated.setdefault("title" if name == "name" else name, "".join(map(str, node.itertext())))
    language = language_code(stated.get("language")) or language_code(stated["lang"])
    return Heading(sanitise.line(stated.get("title", ""), 120), language)


def rhythm(dates: Iterable[datetime | None]) -> Rhythm:
    """How often a feed has something new, from the publication times of what it lists now."""
    published = sorted(filter(None, dates))
    if not published:
        return Rhythm(0, None, None, None)
    days = (published[-1] - published[0]) / timedelta(days=1)
    return Rhythm(len(published), published[-1], published[0], (len(published) - 1) / days if days > 0 else None)
