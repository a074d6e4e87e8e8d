"""A page's metadata as claims: JSON-LD, OpenGraph and other `<meta>`, microdata, its headings.

Nothing is decided here: each claim is kept with its source, and `metadata_precedence` chooses among them.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from newswatch.pages import metadata_dates
from newswatch.pages.html_tree import headline_of, line_of, select
from newswatch.pages.model import Claim
from newswatch.text import sanitise
from newswatch.urls.canonical import canonical_url, is_credible_canonical, resolve, twin_key

# Names of <meta> by what they state. Sources: ogp.me, schema.org, Dublin Core, Parse.ly, Sailthru, Google News.
_META: dict[str, tuple[str, str]] = {
    "og:title": ("title", "opengraph"),
    "twitter:title": ("title", "twitter"),
    "og:description": ("description", "opengraph"),
    "description": ("description", "meta"),
    "twitter:description": ("description", "twitter"),
    "og:site_name": ("site", "opengraph"),
    "article:published_time": ("published_at", "opengraph"),
    "og:article:published_time": ("published_at", "opengraph"),
    "article:published": ("published_at", "opengraph"),
    "og:published_time": ("published_at", "opengraph"),
    "sailthru.date": ("published_at", "meta"),
    "article_date_original": ("published_at", "meta"),
    "dc.date.created": ("published_at", "meta"),
    "dcterms.date": ("published_at", "meta"),
    "created": ("published_at", "meta"),
    "dcterms.created": ("published_at", "meta"),
    "dc.date": ("published_at", "meta"),
    "date": ("published_at", "meta"),
    "article:modified_time": ("updated_at", "opengraph"),
    "og:updated_time": ("updated_at", "opengraph"),
    "datemodified": ("updated_at", "meta"),
    "last-modified": ("updated_at", "meta"),
    "dcterms.modified": ("updated_at", "meta"),
    "author": ("author", "meta"),
    "parsely-author": ("author", "meta"),
    "sailthru.author": ("author", "meta"),
    "dc.creator": ("author", "meta"),
    "article:author": ("author", "opengraph"),
    "article:section": ("section", "opengraph"),
    "parsely-section": ("section", "meta"),
    "article:content_tier": ("access", "opengraph"),
    "og:locale": ("language", "opengraph"),
    "content-language": ("language", "meta"),
    "og:type": ("type", "opengraph"),
    "keywords": ("keywords", "meta"),
    "news_keywords": ("keywords", "meta"),
    "article:tag": ("keywords", "opengraph"),
}
_STORY_TYPES = re.compile(r"Article$|^BlogPosting$|^Report$|^LiveBlogPosting$|^Review$|^VideoObject$")
_JSON_LD_FIELDS = (  # JSON-LD property → what it states
    ("headline", "title"), ("description", "description"), ("datePublished", "published_at"),
    ("dateModified", "updated_at"), ("articleSection", "section"), ("articleBody", "body"), ("inLanguage", "language"),
)  # fmt: skip
# Fields whose claims are kept beside the story; the others serve to find its text.
KEPT = frozenset({
    "title", "published_at", "updated_at", "author", "section", "language", "access", "word_count",
    "is_live", "live_until",
})  # fmt: skip
_ITEMPROPS = {"headline": "title", "articleSection": "section"}
# Names of <meta> for a date of publication that `_META` does not list.
_PUBLISHED = re.compile(
    r"publi\w*[-_:. ]?(?:date|time)|pub[-_]?(?:date|time)|date[-_:. ]?publ|release[-_]?date|issued|firstcreate|"
    r"displaydate|article[._:-](?:created|post_?date|published)|^ptime$|uploaddate"
)
_NOT_PUBLISHED = re.compile(r"modif|updat|expir|unpubl")
_WITH_ITEMPROP = etree.XPath(".//*[@itemprop]")
_NEXT_LINKS = etree.XPath(".//*[(self::link or self::a) and @href and contains(concat(' ', @rel, ' '), ' next ')]")
_SECOND = re.compile(r"[/?&,;._~-](?:[a-z]{1,12}[=/_.-])?0?2")
_AUTHOR_LINKS = etree.XPath(".//a[@rel='author']")
_CLOCK = re.compile(r"(?<=T)\d\d:\d\d")
# Outside its strings JSON has neither comments nor marks of XML, nor a comma before a closing bracket.
_NO_JSON = re.compile(
    r"(\"(?:[^\"\\]|\\.)*+\"?)|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|<!--|-->|(?://\s*)?(?:<!\[CDATA\[|\]\]>)|"
    r"(?m:^[ \t]*//[^\n]*$)|,(?=\s*[}\]])",
    re.S,
)
MAX_JSON_CHARS = 1_000_000  # of one block; more is a page's state, not its description
MAX_NODES = 500
MAX_OF_A_KIND = 50  # claims of one field by one source
MAX_CHARS = 2000  # of a claim, the story's whole text in JSON-LD apart


def read(tree: HtmlElement, url: str) -> list[Claim]:
    """Every claim of the page, JSON-LD's first, in document order; of one field by one source at most MAX_OF_A_KIND.

    `tree` must be whole, scripts included. `url`: the page's.
    """
    claims = [
        *_json_ld(tree, url),
        *_meta_tags(tree),
        *_microdata(tree),
        *metadata_dates.marked(tree),
        *metadata_dates.in_address(url),
        *_headings(tree),
        *_next_part(tree, url),
    ]
    language = tree.getroottree().getroot().get("lang")
    if language:
        claims.append(Claim("language", "html", language))
    return list(_storable(claims))


def _storable(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Each claim once, without what cannot be stored, and no more of a kind than a page has reason to make."""
    counts = Counter[tuple[str, str]]()
    seen: set[Claim] = set()
    for claim in claims:
        text = sanitise.text(claim.value)
        cleaned = replace(claim, value=text if claim.field == "body" else text[:MAX_CHARS])
        kind = (cleaned.field, cleaned.source)
        if cleaned.value and cleaned not in seen and counts[kind] < MAX_OF_A_KIND:
            seen.add(cleaned)
            counts[kind] += 1
            yield cleaned


def _next_part(tree: HtmlElement, url: str) -> Iterator[Claim]:
    """A claim of the address of the story's second part, if the page is its first: its own address and the number 2.

    The link to the next story (`rel=next` too) has another one.
    """
    for node in select(_NEXT_LINKS, tree)[:MAX_OF_A_KIND]:
        if link := resolve(url, node.get("href") or ""):
            here, following = canonical_url(url), canonical_url(link)
            shared = os.path.commonprefix((here, following))  # noqa: RUF071 - characters are meant
            added, end = following[len(shared) :].rstrip("/"), here[len(shared) :]
            if added.endswith(end) and _SECOND.fullmatch(added.removesuffix(end)) and "comment" not in added:
                yield Claim("next_part", "link", link)
                return


def canonical_link(tree: HtmlElement, url: str) -> str | None:
    """The page's canonical link as a canonical URL, if it is credible (`is_credible_canonical`); else None."""
    for node in tree.iterfind(".//link[@rel='canonical']"):
        link = resolve(url, node.get("href") or "")
        if link and is_credible_canonical(url, link):
            return canonical_url(link)
    return None


def _json_ld(tree: HtmlElement, url: str) -> Iterator[Claim]:
    """Claims of the one JSON-LD object that describes this page's story, and the types of all."""
    nodes = list(_nodes(tree))
    for node in nodes:
        yield from (Claim("type", "json_ld", str(kind)) for kind in _as_list(node.get("@type")))
    stories = [n for n in nodes if any(_STORY_TYPES.search(str(kind)) for kind in _as_list(n.get("@type")))]
    story = min(stories, key=lambda node: (not _is_about_page(node, url), _rank(node)), default=None)
    if story is None:  # some state the time of the page alone
        times = [stated for n in nodes if not _is_video(n) and (stated := _value(n.get("datePublished")))]
        yield from (Claim("published_at", "json_ld", stated) for stated in times[:1])
        return
    for name, field in _JSON_LD_FIELDS:
        for stated in _as_list(story.get(name)):
            value = _value(stated) if isinstance(stated, str | dict) or field.endswith("_at") else ""
            if value:
                yield Claim(field, "json_ld", _plain(value))
    if "LiveBlogPosting" in _as_list(story.get("@type")):
        yield Claim("is_live", "json_ld", "true")
        yield Claim("live_until", "json_ld", _value(story.get("coverageEndTime")))
        yield Claim("body", "json_ld", _live_entries(story))
    if isinstance(story.get("wordCount"), int | str):
        yield Claim("word_count", "json_ld", str(story["wordCount"]))
    if "isAccessibleForFree" in story:
        is_free = str(story["isAccessibleForFree"]).strip().lower() not in ("false", "0", "no")
        yield Claim("access", "json_ld", "free" if is_free else "paid")
    yield from (Claim("author", "json_ld", _plain(name)) for name in _authors(story, nodes))
    publisher = story.get("publisher")
    if isinstance(publisher, dict) and isinstance(publisher.get("name"), str):
        yield Claim("site", "json_ld", _plain(publisher["name"]))


def _live_entries(blog: dict[str, Any]) -> str:
    """A live blog's entries in its order, each with its time in front of its headline."""
    lines: list[str] = []
    for entry in _as_list(blog.get("liveBlogUpdate")):
        if isinstance(entry, dict):
            time = _CLOCK.search(_value(entry.get("datePublished")))
            lines.append(f"{time[0] if time else ''} {_plain(_value(entry.get('headline')))}".strip())
            lines.append(_plain(_value(entry.get("articleBody"))))
    return "\n".join(filter(None, lines))


def _authors(story: dict[str, Any], nodes: list[dict[str, Any]]) -> Iterator[str]:
    """Names of the story's authors, of those too who stand elsewhere among the objects and are named by their `@id`."""
    named = {str(n["@id"]): n for n in nodes if "@id" in n and "name" in n}
    for author in _as_list(story.get("author")):
        if isinstance(author, dict):
            author = author.get("name") or named.get(str(author.get("@id")), {}).get("name")
        yield from (name for name in _as_list(author) if isinstance(name, str))


def _is_about_page(node: dict[str, Any], url: str) -> bool:
    """Whether the object names the page's address as its own."""
    page = node.get("mainEntityOfPage")
    names = [node.get("url"), node.get("@id"), page.get("@id") if isinstance(page, dict) else page]
    key = twin_key(canonical_url(url))
    links = (resolve(url, n) for n in names if isinstance(n, str) and n.startswith("http"))
    return not _is_video(node) and any(link and twin_key(canonical_url(link)) == key for link in links)


def _rank(node: dict[str, Any]) -> int:
    """How likely the object is the page's story: what is reviewed, shown or reported live stands beside a story."""
    kinds = set(map(str, _as_list(node.get("@type"))))
    return 0 if any(kind.endswith("Article") for kind in kinds) else 2 if "VideoObject" in kinds else 1


def _value(stated: Any) -> str:
    """A property's value as text: a string, a number, or either as `@value` of an object."""
    if isinstance(stated, dict):
        stated = stated.get("@value")
    is_number = isinstance(stated, int | float) and not isinstance(stated, bool)
    return stated if isinstance(stated, str) else str(stated) if is_number else ""


def _is_video(node: dict[str, Any]) -> bool:
    return "VideoObject" in map(str, _as_list(node.get("@type")))


def _nodes(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """JSON-LD objects in document order; a block that no mending helps is passed over."""
    blocks = [s for s in tree.iter("script") if (s.get("type") or "").lower().startswith("application/ld+json")]
    for script in blocks:
        data = _parsed_json(script.text_content())
        queue = data if isinstance(data, list) else [data]
        for node in queue:
            if isinstance(node, dict) and len(queue) < MAX_NODES:
                queue.extend(_as_list(node.get("@graph")) + _as_list(node.get("mainEntity")))
                yield node


def _parsed_json(text: str) -> Any:
    """The block's value, comment marks around it and commas before a closing bracket forgiven; None: it is none."""
    if len(text) > MAX_JSON_CHARS:
        return None
    for mend in (str, lambda t: _NO_JSON.sub(lambda m: m[1] or "", t).strip().rstrip(";")):
        try:
            return json.loads(mend(text), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _plain(value: str) -> str:
    """The value as text: some publishers escape twice, or put mark-up into JSON and metadata."""
    return sanitise.plain(sanitise.plain(value, between_blocks="\n"), between_blocks="\n").strip()


def _meta_tags(tree: HtmlElement) -> Iterator[Claim]:
    for node in tree.iterfind(".//meta[@content]"):
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            if (name := node.get(attribute)) and (field_and_source := _meta_field(name.strip().lower())):
                yield Claim(*field_and_source, value=_plain(node.get("content")))
                break


def _meta_field(name: str) -> tuple[str, str] | None:
    """The field that a <meta> of this name states, and its source."""
    if name not in _META and _PUBLISHED.search(name) and not _NOT_PUBLISHED.search(name):
        return "published_at", "meta"
    return _META.get(name)


def _microdata(tree: HtmlElement) -> Iterator[Claim]:
    """`itemprop` of a NewsArticle, its dates apart."""
    for node in select(_WITH_ITEMPROP, tree)[:MAX_NODES]:
        field = _ITEMPROPS.get(node.get("itemprop"))
        if field:
            yield Claim(field, "microdata", node.get("content") or line_of(node))
        elif "author" in node.get("itemprop").split() and node.tag != "meta":
            name = node.find(".//*[@itemprop='name']")
            yield Claim("author", "microdata", line_of(node if name is None else name)[:120])


def _headings(tree: HtmlElement) -> Iterator[Claim]:
    for node in islice(tree.iter("h1"), MAX_OF_A_KIND):
        yield Claim("title", "h1", line_of(node))
    title = tree.find(".//head/title")
    if title is not None:
        yield Claim("title", "title", " ".join(title.text_content().split()))
    headline = headline_of(tree)
    if headline is not None and headline.tag != "h1":
        yield Claim("title", "h1", line_of(headline))
    for node in select(_AUTHOR_LINKS, tree):
        yield Claim("author", "link", line_of(node)[:120])
