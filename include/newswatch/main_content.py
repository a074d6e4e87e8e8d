"""Where on the page the story stands: the smallest element that holds its running text, whatever it is called.

trafilatura goes by names that publishers are known to give that element; where it knows none it takes paragraphs from
the whole page and leaves the headings and lists between them. So the element is found by what is in it, and named.
"""

from __future__ import annotations

from lxml.html import HtmlElement

from newswatch.markup import BOXES, running_text

MIN_STORY_CHARS = 500  # of running text; in less no element stands out
MOST = 0.7  # of its parent's running text: the child holds the story
HALF = 0.5  # of the page's
_CONTAINERS = frozenset({"div", "section", "main", "article", "td", "center"})
_KNOWN_NAME = "article-body"  # to trafilatura


def find(tree: HtmlElement) -> HtmlElement | None:
    """The element that holds most of the page's running text, under a name that trafilatura knows; None: there is none.

    Its own name is lost.
    """
    body = tree.find("body")
    if body is None:
        return None
    running = running_text(body)
    if running[body] < MIN_STORY_CHARS:
        running = running_text(body, BOXES)
    found, inner = body, body
    while inner is not None:
        found = inner
        inner = next((e for e in found if e.tag in _CONTAINERS and running[e] >= MOST * running[found]), None)
    if found is body or running[found] < max(MIN_STORY_CHARS, HALF * running[body]):
        return None
    if sum(running[article] >= MIN_STORY_CHARS for article in found.iter("article") if article is not found) > 1:
        return None  # several stories, one below the other: trafilatura takes the first
    found.attrib.pop("id", None)
    found.set("class", _KNOWN_NAME)
    return found
