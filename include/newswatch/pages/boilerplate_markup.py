"""Boilerplate by its markup: boxes, bylines, captions, links to other stories, taken out of a page's tree.

Works on the tree, before any text is read from it. What it takes out is handed back with the reason, and captions as
captions. An element that holds much of the page's running text stays, whatever it is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise, takewhile

from lxml import etree
from lxml.html import HtmlElement

from newswatch.pages import boilerplate_phrases
from newswatch.pages.html_tree import MIN_PARAGRAPH_CHARS, all_text, line_of, names_of, running_text, size_of
from newswatch.pages.model import StoryLine

# Words of class and id by what they say. A pair is two words that follow each other: `read-more`, `readMore`.
_WORDS: dict[str, str] = {
    "related": "related relateds relacionadas relacionados relacionado recirc recirculation recommended recommendation "
    "recommendations readmore readalso seealso alsoread trending mostread mostpopular outbrain taboola zergnet dianomi "
    "promo promos upnext morefrom interlink interlinking nextarticle crosslink crosslinks "
    "read-more read-also read-next see-also more-on more-from most-read most-popular most-viewed also-read also-like "
    "up-next next-article next-story next-post latest-news latest-stories top-stories leia-tambem leia-mais "
    "veja-tambem lire-aussi a-lire leggi-anche lee-tambien czytaj-takze inline-link inline-story story-link",
    "newsletter": "newsletter newsletters mailchimp optin email-signup sign-up",
    "subscription": "subscribe subscription subscriptions",
    "plea": "donate donation donations fundraiser fundraising support-us",
    "comments": "comments commentlist disqus livefyre viafoura spotim respond comment-form comment-list comment-count",
    "share": "share sharing sharebar sharetools social socials sociable addtoany sharedaddy follow-us",
    "advert": "ad ads advert adverts advertisement advertising sponsored adslot dfp publicidad publicidade werbung "
    "anzeige reklama",
    "byline": "byline bylines author authors authorbio timestamp pubdate postmeta entry-meta post-meta article-meta "
    "story-meta publish-date published-date post-date article-date reading-time read-time",
    "tags": "tags taglist keywords breadcrumb breadcrumbs tag-list topic-list",
    "caption": "caption captions figcaption bildunterschrift bildtext legende legenda didascalia pie-foto photo-credit "
    "image-credit picture-credit",
    "player": "jwplayer brightcove playlist video-player audio-player text-to-speech",
    "cookies": "cookie cookies gdpr onetrust",
    "app": "app-promo download-app",
    "hidden": "sr-only visually-hidden screen-reader rollover tooltip popover popup modal",
    "copyright": "copyright",
}
_REASON_BY_WORD = {word: reason for reason, words in _WORDS.items() for word in words.split()}
_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+")
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.I)
_PAGE_FRAMES = frozenset({"html", "body", "main", "article", "head", "form"})  # frames of a page, not boxes on it
_UNMARKED = frozenset({"br", "img", "b", "strong", "em", "i", "u", "meta", "link", "title", "hr", "source", "picture"})
_BLOCKS = frozenset({"p", "li", "div", "td", "dd", "h2", "h3", "h4", "h5", "h6", "section"})
_OF_ONE_LINE = frozenset({"rule", "advert"})  # reasons that say nothing of the lines beside
_URL = re.compile(r"^(?:https?://|www\.)\S+$")
_LABEL = re.compile(r"^[^\w]*\w[\w ]{1,24}[:»>–—|]\s*")
MAX_BOX_SHARE = 0.2  # of the page's running text; an element with more is no box
MAX_CLASS_SHARE = 0.5  # nor are elements of one class that hold more together
MIN_STORY_CHARS = 500  # of running text that must be left where comments are taken out
MAX_CAPTION_CHARS = 600
MAX_LOGIN_CHARS = 1500  # of a form that asks for a password; one with more is a frame around a page
MIN_CAPTION_CHARS = 10  # a shorter one names who took the picture
MAX_CUT_LINES = 3000  # of a page
MAX_PROMPT_CHARS = 420  # of a box whose lines go together
TEASER_PARAGRAPHS = 3  # a card has fewer
MAX_SIBLINGS = 200  # elements beside a box that are looked at for paragraphs


@lru_cache(maxsize=8192)
def _reason_by_names(names: str) -> str | None:
    """The reason to cut an element that class and id give; None: they give none."""
    words = [w.lower() for w in _WORD_BREAK.split(names) if w]
    for word in words:
        if word in _REASON_BY_WORD:
            return _REASON_BY_WORD[word]
    return next((_REASON_BY_WORD[p] for p in map("-".join, pairwise(words)) if p in _REASON_BY_WORD), None)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of the tree: its line, the element in which it stood, and whether paragraphs stood beside."""

    line: StoryLine
    place: HtmlElement
    is_among_paragraphs: bool


def remove(tree: HtmlElement) -> list[Removed]:
    """Take boxes, bylines, captions and bare links out of the tree.

    Returns what it took, captions (zone `caption`) and the rest (zone `cut`), at most MAX_CUT_LINES.
    """
    removed: list[Removed] = []
    places: dict[HtmlElement, HtmlElement] = {}  # of elements that were taken out
    for article in _later_stories(tree):
        article.drop_tree()
    for form in _login_forms(tree):
        removed += _removed(form, "subscription")
        form.drop_tree()
    sizes = _sizes(tree)
    for search in (_other_stories, _marked_boxes, _link_blocks, _prompts):
        boxes = [(e, reason) for e, reason in search(tree) if reason == "caption" or not _holds_quotation(e)]
        size_by_class = Counter[str]()
        for element, reason in boxes:
            size_by_class[element.get("class") or ""] += sizes[element] if reason not in ("caption", "comments") else 0
        classes_of_text = {
            names for names, size in size_by_class.items() if names and size > MAX_CLASS_SHARE * sizes[tree]
        }
        dropped: set[HtmlElement] = set()
        for element, reason in boxes:
            if element.get("class") in classes_of_text or _is_too_much(sizes[element], reason, sizes[tree]):
                continue
            if not any(a in dropped for a in element.iterancestors()):
                dropped.add(element)
                removed += _removed(element, reason)
        for element in dropped:
            if (parent := element.getparent()) is not None:
                places[element] = parent
                element.drop_tree()
    return [replace(r, place=_place_left(r.place, places)) for r in removed[:MAX_CUT_LINES]]


def of_story(removed: Sequence[Removed], tree: HtmlElement, box: HtmlElement | None) -> list[StoryLine]:
    """The lines of what was taken out of the story's box, or from among paragraphs; captions first.

    Captions of other stories' pictures are left out: those that stand neither in the box nor above it in its article
    (or below the page's headline).
    """
    if box is None:
        mine = [r.line for r in removed if r.line.zone == "caption" or r.is_among_paragraphs]
    else:
        inside = set(box.iter())
        above = _above(tree, box) if any(r.line.zone == "caption" and r.place not in inside for r in removed) else set()
        mine = [
            r.line
            for r in removed
            if r.place in inside or (r.place in above if r.line.zone == "caption" else r.is_among_paragraphs)
        ]
    return sorted(mine, key=lambda line: line.zone != "caption")


def _above(tree: HtmlElement, box: HtmlElement) -> set[HtmlElement]:
    """The box's ancestors up to its article, and the elements that stand before it in there or below the headline."""
    article = next((e for e in (box, *box.iterancestors()) if e.tag == "article"), None)
    above = set[HtmlElement]()
    is_headline_past = False
    inside = set(article.iter()) if article is not None else set()
    for element in takewhile(lambda e: e is not box, tree.iter()):
        is_headline_past = is_headline_past or element.tag == "h1"
        if is_headline_past or element in inside:
            above.add(element)
    return above


def _place_left(place: HtmlElement, places: Mapping[HtmlElement, HtmlElement]) -> HtmlElement:
    """The place, or where an element around it stood that was taken out later."""
    while (outermost := next((e for e in (place, *place.iterancestors()) if e in places), None)) is not None:
        place = places[outermost]
    return place


def _sizes(tree: HtmlElement) -> Mapping[HtmlElement, int]:
    """Characters of text in each element: of paragraphs, or where those hold little, of all."""
    sizes = running_text(tree)
    return sizes if sizes[tree] >= MIN_STORY_CHARS else all_text(tree)


def _is_too_much(size: int, reason: str, total: int) -> bool:
    """Whether `size` is too much of the page's running text for a box; readers may write more than the reporter."""
    if reason == "caption":  # what is long is not among them
        return False
    return total - size < MIN_STORY_CHARS if reason == "comments" else size > MAX_BOX_SHARE * total


def _holds_quotation(element: HtmlElement) -> bool:
    """Whether it is, or is around, a quotation: posts of social networks stand in one."""
    return element.tag == "blockquote" or element.find(".//blockquote") is not None


def _removed(element: HtmlElement, reason: str) -> Iterator[Removed]:
    place, text = element.getparent(), line_of(element)
    if place is None or not text:
        return
    line = StoryLine(text, "cut", reason)
    if reason == "caption":
        line = StoryLine(text, "caption") if len(text) >= MIN_CAPTION_CHARS else StoryLine(text, "cut", "credit")
    yield Removed(line, place, _is_among_paragraphs(element))


def _is_among_paragraphs(element: HtmlElement) -> bool:
    return any(
        size_of(p) >= MIN_PARAGRAPH_CHARS
        for is_before in (True, False)
        for p in islice(element.itersiblings(preceding=is_before), MAX_SIBLINGS)
        if p.tag == "p"
    )


def _marked_boxes(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Elements whose class, id, role or style says what they are; outermost first."""
    for element in tree.iter(etree.Element):
        tag = element.tag
        if tag in _PAGE_FRAMES or tag in _UNMARKED:
            continue
        if tag == "figcaption":
            yield element, "caption"
        elif tag == "aside" or tag == "footer":
            yield element, "related"
        elif (reason := reason_by_markup(element)) and (
            reason != "caption" or len(line_of(element)) <= MAX_CAPTION_CHARS
        ):
            yield element, reason


def reason_by_markup(element: HtmlElement) -> str | None:
    """Why the element is not the story, by its names, style or microdata; None: they do not say so."""
    if (names := names_of(element)) and (reason := _reason_by_names(names)):
        return reason
    style = element.get("style")
    if (style and _HIDDEN.search(style)) or element.get("hidden") is not None:
        return "hidden"
    return "byline" if element.get("itemprop") in ("author", "datePublished") else None


def _login_forms(tree: HtmlElement) -> list[HtmlElement]:
    """Forms that ask for a password and hold no story: however little else the page has, they are not its text."""
    asking = [form for form in tree.iter("form") if any(i.get("type") == "password" for i in form.iter("input"))]
    sizes = running_text(tree) if asking else {}
    return [form for form in asking if sizes[form] < MIN_STORY_CHARS and size_of(form) <= MAX_LOGIN_CHARS]


def _other_stories(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Articles inside an article, and small ones beside a large one: cards of other stories, or their whole texts."""
    articles = list(tree.iter("article"))
    if len(articles) < 2:
        return
    sizes = running_text(tree)
    large = max(articles, key=lambda a: sizes[a])
    for article in articles:
        is_inner = next(article.iterancestors("article"), None) is not None
        if is_inner or (sizes[article] < sizes[large] / 5 and article.find(".//article") is None):
            yield article, "related"


def _later_stories(tree: HtmlElement) -> list[HtmlElement]:
    """Articles with a headline of their own that come, as one scrolls, after the one with the page's first headline."""
    headline = next(tree.iter("h1"), None)
    own = next(headline.iterancestors("article"), None) if headline is not None else None
    if headline is None or own is None or headline.find(".//a") is not None:  # a teaser's headline is a link
        return []
    sizes = running_text(tree)
    is_short = sum(size_of(p) >= MIN_PARAGRAPH_CHARS for p in own.iter("p")) < TEASER_PARAGRAPHS
    largest = max(sizes[article] for article in tree.iter("article"))
    if sizes[own] < 2 * MIN_PARAGRAPH_CHARS or (is_short and sizes[own] < MAX_BOX_SHARE * largest):
        return []
    others = (article for article in tree.iter("article") if article is not own and article.find(".//h1") is not None)
    return [article for article in others if own not in article.iter("article")]


def _link_blocks(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Paragraphs and lists that are nothing but links to elsewhere."""
    seen: set[HtmlElement] = set()
    for link in tree.iter("a"):
        block = next((e for e in link.iterancestors() if e.tag in _BLOCKS), None)
        if block is None or block in seen:
            continue
        seen.add(block)
        if block.tag in ("p", "div", "section", "dd"):
            if _is_links(block):
                yield block, "related"
        elif block.tag == "li" and (listing := block.getparent()) is not None and listing not in seen:
            seen.add(listing)
            if all(_is_links(item) for item in listing.iterchildren("li")):
                yield listing, "related"


def _prompts(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Small boxes among the story's paragraphs of which a line is a prompt's, or the heading a link to elsewhere."""
    for box in tree.iter("div", "section", "ul"):
        if not _is_among_paragraphs(box) or not 0 < size_of(box) <= MAX_PROMPT_CHARS:
            continue
        if any(size_of(p) > MAX_PROMPT_CHARS / 2 for p in box.iter("p")):
            continue
        lines = (line_of(part) for part in box.iter("p", "h2", "h3", "h4", "h5", "strong", "span", "li"))
        labels = (line for line in lines if len(line) <= boilerplate_phrases.MAX_LABEL_CHARS)
        reasons = map(boilerplate_phrases.reason_by_wording, labels)
        reason = next((reason for reason in reasons if reason and reason not in _OF_ONE_LINE), None)
        if reason:
            yield box, reason
        elif any(heading.find(".//a") is not None for heading in box.iter("h2", "h3", "h4", "h5")):
            yield box, "related"


def _is_links(block: HtmlElement) -> bool:
    text = line_of(block)
    if not text or len(text) > 300 or _URL.match(text):
        return False
    linked = sum(len(line_of(a)) for a in block.iter("a"))
    return len(text.split()) >= 3 and linked >= 0.9 * len(_LABEL.sub("", text))
