"""Main content: the smallest element of a page that holds the story's running text, whatever it is called.

trafilatura goes by names that publishers are known to give that element; where it knows none it takes paragraphs from
the whole page and leaves the headings and lists between them. So the element is found by what is in it, and named so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import dropwhile, islice

from lxml.html import HtmlElement

from newswatch.pages import line_zones
from newswatch.pages.html_tree import BOXES, MIN_PARAGRAPH_CHARS, MIN_STORY_CHARS, running_text, size_of
from newswatch.text.language import UNSPACED

MIN_CHILD_SHARE = 0.7  # of its parent's running text: the child holds the story; with more, others' text comes in
MIN_PAGE_SHARE = 0.5  # of the page's
SAMPLE_SIZE = 30  # paragraphs
_CONTAINERS = frozenset({"div", "section", "main", "article", "td", "center"})
_KNOWN_NAME = "article-body"  # to trafilatura


def find(tree: HtmlElement) -> HtmlElement | None:
    """The element that holds most of the page's running text; None: no one element does."""
    body = tree.find("body")
    if body is None:
        return None
    denseness = 3 if _is_dense(body) else 1
    least, least_story = MIN_PARAGRAPH_CHARS // denseness, MIN_STORY_CHARS // denseness
    running = running_text(body, least=least)
    has_paragraphs = running[body] >= least_story
    if not has_paragraphs:
        running = running_text(body, BOXES, least)
    beginnings = _beginnings(body, running)
    box, inner = body, body
    while inner is not None:
        box = inner
        inner = next((e for e in box if e.tag in _CONTAINERS and running[e] >= MIN_CHILD_SHARE * running[box]), None)
        if inner is not None and (
            beginnings.intersection(inner.itersiblings("p", preceding=True)) or _goes_on_beside(inner, running)
        ):
            inner = None
    if box is body or running[box] < max(least_story, MIN_PAGE_SHARE * running[body]):
        return None
    if has_paragraphs and 2 * _in_paragraphs(box) < _in_paragraphs(body):
        return None  # a notice in long paragraphs, beside a story in short ones
    if sum(running[article] >= least_story for article in box.iter("article") if article is not box) > 1:
        return None  # several stories, one below the other: trafilatura takes the first
    return box


@contextmanager
def named(box: HtmlElement | None) -> Iterator[None]:
    """Give the element a name that trafilatura knows, in place of its own, while the block runs."""
    if box is None:
        yield
        return
    own = dict(box.attrib)
    box.attrib.pop("id", None)
    box.set("class", _KNOWN_NAME)
    try:
        yield
    finally:
        box.attrib.clear()
        box.attrib.update(own)


def _is_dense(body: HtmlElement) -> bool:
    """Whether most paragraphs are in a script that says in one character what others say in three."""
    paragraphs = list(islice(body.iter("p"), SAMPLE_SIZE))
    return 2 * sum(bool(UNSPACED.search(p.text_content())) for p in paragraphs) > len(paragraphs)


def _beginnings(body: HtmlElement, running: Mapping[HtmlElement, int]) -> set[HtmlElement]:
    """Paragraphs below the headline that may be the story's first, before the box with its rest."""
    below = dropwhile(lambda e: e.tag != "h1", body.iter("h1", "p"))
    return {e for e in below if running.get(e) and not line_zones.is_named_standfirst(e)}


def _goes_on_beside(box: HtmlElement, running: Mapping[HtmlElement, int]) -> bool:
    """Whether paragraphs of the same class as the box's stand in its siblings: the story in parts."""
    beside = [p for s in box.getparent() if s is not box and running.get(s) for p in s.iter("p") if running.get(p)]
    return bool({p.get("class") for p in beside} & {p.get("class") for p in box.iter("p") if running.get(p)} - {None})


def _in_paragraphs(element: HtmlElement) -> int:
    return sum(size_of(p) for p in element.iter("p"))
