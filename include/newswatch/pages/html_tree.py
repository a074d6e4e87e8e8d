"""HTML trees: a page's bytes parsed, whatever they hold; cleaning a tree, and measuring the text in its elements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby, islice
from typing import Any, cast

from lxml import etree, html
from lxml.html import HtmlElement
from selectolax.lexbor import LexborHTMLParser

from newswatch.text import charset

_UNSEEN = (  # elements that hold no text of a story
    "script", "style", "noscript", "template", "svg", "iframe", "object", "embed", "canvas", "map", "nav", "button",
    "select", "textarea", "dialog", "menu", "audio", "video",
)  # fmt: skip
_HOLDERS = ("noscript", "nav", "button", "dialog", "menu", "object", "canvas", "map", "select")  # of any content
INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s"}
    | {"samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var"}
)
# lxml.html asks Python for the class of each element; one class for all is found in C, and trafilatura needs no other.
_ONE_CLASS = etree.ElementDefaultClassLookup(element=HtmlElement)
_CONTROLS = bytes(sorted({*range(0x20), 0x7F} - set(b"\t\n\r")))
_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]0*([\da-fA-F]{1,4})|0*(\d{1,5}));")
_NAMES = frozenset({"class", "id", "data-component", "data-gu-name", "data-manual", "data-qa", "data-type"}) | {
    "data-test", "data-testid", "data-test-id", "data-test-tag",
}  # fmt: skip
_END_TAGS = (b"</body>", b"</html>", b"</BODY>", b"</HTML>")  # what follows is read by browsers, and not by libxml2
_LONG_TAG = 20_000  # characters
_MANY_ATTRIBUTES = 500  # of one tag: libxml2 compares each with each
_VALUES = re.compile(r"\"[^\"]*\"|'[^']*'")
_MANY_MARKS = 500  # of inline elements side by side
_WRAPPER_TAG = re.compile(
    rb"</?(?!(?:p|h[1-6]|li|br|blockquote|title|meta|link|script|style|html|head|body)\b)[A-Za-z][^<>]*>"
)
_TOO_DEEP = "depth"
_SCRIPTS = "script:not([type*='json']), style, template, svg, iframe"
MAX_OPEN = 10_000  # elements: lexbor takes time that grows with the square of their number
PREFIXES = 32  # of a page, in which open elements are counted
_MIXED = ("div", "section", "article", "main", "center", "li", "td", "dd", "blockquote", "figure")
_TEXT_BOXES = frozenset({"div", "section", "center", "address"})
_BLOCKS = frozenset(
    {"div", "p", "ul", "ol", "dl", "section", "article", "table", "blockquote", "figure", "pre", "center", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "details", "address", "aside", "header", "footer", "main"}
)
MIN_PARAGRAPH_CHARS = 60  # of running text
BOXES = ("p", "div", "td", "dd", "section", "article")  # of pages whose text stands in no paragraphs
MIN_STORY_CHARS = 500  # of running text; in less no element stands out
MAX_HEADINGS = 50  # that are looked at for a headline
MIN_HEADING_CHARS = 10
MIN_CELL_CHARS = 500  # of a cell that holds a text and not a datum


def tree_of(body: bytes, content_type: str) -> HtmlElement | None:
    """The page's tree; None where the bytes hold no HTML at all. `content_type`: the HTTP header as it came.

    Half characters become whole or nothing, a tag with hundreds of attributes loses them, and of a page that is nested
    deeper than libxml2 reads (2,048 levels) the paragraphs are kept and their wrappers are not.
    """
    text, _ = charset.decoded(body, content_type, is_page=True)
    text = _with_few_attributes(_CHARACTER_REFERENCE.sub(_without_half_characters, text))
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = charset.paired(text).encode()
    content = _as_browsers_read(content.translate(None, _CONTROLS))
    tree, is_whole = _parsed(content)
    if not is_whole:
        tree, _ = _parsed(_WRAPPER_TAG.sub(b" ", content))
    return tree


def _as_browsers_read(content: bytes) -> bytes:
    """The page with every element closed where browsers close it (HTML Living Standard, 13.2.6), by lexbor.

    libxml2 lets an element that is never closed swallow what follows: a box in a menu the whole story. Scripts that
    are no data go on the way, and a page with very many elements open at once is taken as it is.
    """
    if _open_count(content) > MAX_OPEN:
        for closing in _END_TAGS:
            content = content.replace(closing, b"")
        return content
    tree = LexborHTMLParser(content)
    for node in tree.css(_SCRIPTS):
        node.decompose()
    return (tree.html or "").encode()


def _open_count(content: bytes) -> int:
    """About how many elements are open at once, at the worst of PREFIXES places; never closed ones count too."""
    step = len(content) // PREFIXES + 1
    pieces = (content[at : at + step] for at in range(0, len(content), step))
    return max(accumulate(piece.count(b"<") - 2 * piece.count(b"</") for piece in pieces), default=0)


def _parsed(content: bytes) -> tuple[HtmlElement | None, bool]:
    """The tree, and whether it was read to its end."""
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, no_network=True, huge_tree=True
    )
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        tree = html.document_fromstring(content, parser=parser)
    except (etree.LxmlError, ValueError):  # empty, or nothing that could be HTML
        return None, True
    return tree, not any(_TOO_DEEP in entry.message for entry in parser.error_log.filter_from_fatals())


def _without_half_characters(match: re.Match[str]) -> str:
    """A reference to half a character as that half, one to NUL as nothing, any other as it stands."""
    code = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if code and not 0xD800 <= code <= 0xDFFF else chr(code) if code else ""


def _with_few_attributes(text: str) -> str:
    """The page, each tag of very many attributes without them."""
    for piece in [piece for piece in text.split("<") if len(piece) > _LONG_TAG and piece[0].isalpha()]:
        tag, _, _ = piece.partition(">")
        if len(tag) > _LONG_TAG and len(_VALUES.sub("", tag).split()) > _MANY_ATTRIBUTES:
            text = text.replace(f"<{tag}>", f"<{tag.split(None, 1)[0]}>", 1)
    return text


def strip_unseen(tree: HtmlElement) -> None:
    """Take out elements that hold no text for readers, and marks in a paragraph that has hundreds of them.

    Those take trafilatura time that grows with the square of their number: a minute for 384 KB.
    """
    for element in list(tree.iter("dialog", "footer", "time")):
        parent = element.getparent()
        if element.tag == "dialog" and element.get("open") is not None:
            element.tag = "div"
        elif element.tag == "footer" and parent is not None and parent.tag == "blockquote":
            element.tag = "p"  # who said it
        elif element.tag == "time" and parent is not None and parent.tag in ("p", "li", "blockquote"):
            element.drop_tag()  # trafilatura takes a time for a byline's, and leaves it out of its sentence
    running = running_text(tree)
    for holder in list(tree.iter(*_HOLDERS)):  # a story inside one was meant to be seen, or an end tag is missing
        if running[holder] > max(MIN_STORY_CHARS, running[tree] / 2):
            holder.tag = "div"
    etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    for box in [e for e in tree.iter("p", "div", "td", "li", "section", "article") if len(e) > _MANY_MARKS]:
        if sum(child.tag in INLINE for child in box) > _MANY_MARKS:
            etree.strip_tags(box, *INLINE)
            box.text = box.text  # thousands of pieces become one
            for child in box:
                child.tail = child.tail


def open_live_entries(tree: HtmlElement) -> None:
    """Make boxes of a live blog's articles, which are its entries; the time of each goes in front of its first line."""
    for time in list(tree.iter("time")):
        entry = next(time.iterancestors("article"), None)
        if entry is None and next(time.iterancestors("p"), None) is None:  # a list of times, to find entries by
            time.drop_tree()
            continue
        lines = entry.iter("h2", "h3", "h4", "p") if entry is not None else ()
        line = next((e for e in lines if time not in e.iter()), None)
        if line is not None:
            line.text = f"{line_of(time)} {line.text or ''}"
            time.drop_tree()
    for article in list(tree.iter("article")):
        article.tag = "div"


def select(path: etree.XPath, tree: HtmlElement) -> list[HtmlElement]:
    """The elements that the path selects; in C, where `iterfind` walks the tree in Python."""
    return cast("list[HtmlElement]", path(tree))


def headline_of(tree: HtmlElement) -> HtmlElement | None:
    """The first `h1`; on a page without one, the first lower heading with which the page's title begins."""
    if (heading := next(tree.iter("h1"), None)) is not None:
        return heading
    title = " ".join((tree.findtext(".//head/title") or "").split())
    for heading in islice(tree.iter("h2", "h3", "h4"), MAX_HEADINGS):
        text = line_of(heading)
        if len(text) >= MIN_HEADING_CHARS and title.startswith(text) and not title[len(text) :][:1].isalnum():
            return heading
    return None


def line_of(element: HtmlElement) -> str:
    """The element's text in one line, a blank between blocks and none inside a word."""
    parts: list[str] = []
    for event, node in etree.iterwalk(element, ("start", "end")):
        if node.tag not in INLINE:
            parts.append(" ")
        parts.append(node.text or "" if event == "start" else node.tail or "" if node is not element else "")
    return " ".join("".join(parts).split())


def names_of(element: HtmlElement) -> str:
    """The names in the element's attributes: class, id, and those that its makers' tests and tools use."""
    return " ".join([value for name, value in element.items() if name in _NAMES])


def size_of(element: HtmlElement) -> int:
    """About how many characters of text the element holds."""
    return sum(len(part.strip()) for part in element.itertext())


def running_text(
    tree: HtmlElement, tags: Iterable[str] = ("p",), least: int = MIN_PARAGRAPH_CHARS
) -> Counter[HtmlElement]:
    """For each element the characters of running text in it: of those with these tags whose own text is long."""
    running = Counter[HtmlElement]()
    sizes = ((element, _own_size(element)) for element in tree.iter(*tags))
    level = Counter({element: size for element, size in sizes if size >= least})
    while level:  # up the tree, what meets in one parent together
        above = Counter[HtmlElement]()
        for element, size in level.items():
            running[element] += size
            if (parent := element.getparent()) is not None:
                above[parent] += size
        level = above
    return running


def unwrap_layout_tables(tree: HtmlElement) -> None:
    """Turn tables that hold a page's layout into `div`: those of which a cell holds at least MIN_CELL_CHARS of text."""
    tables = list(tree.iter("table"))
    sizes = all_text(tree) if tables else {}
    for table in tables:
        if any(sizes[cell] >= MIN_CELL_CHARS for cell in table.iter("td")):
            for part in [table, *table.iter("tbody", "tr", "td", "th")]:
                part.tag = "div"


def all_text(tree: HtmlElement) -> dict[HtmlElement, int]:
    """`size_of` every element, in one pass: tables stand in tables in tables."""
    sizes: dict[HtmlElement, int] = {}
    for _, element in etree.iterwalk(tree, ("end",)):
        parts = [element.text, *(child.tail for child in element)]
        own = sum(len(part.strip()) for part in parts if part)
        sizes[element] = own + sum(sizes.get(child, 0) for child in element)
    return sizes


def make_paragraphs(tree: HtmlElement) -> None:
    """Put running text that stands in a box and is separated by `<br>` alone into `<p>`."""
    for box in list(tree.iter("div", "section", "article")):
        breaks = sum(1 for _ in box.iterchildren("br"))
        if breaks >= 2 and _own_size(box) >= MIN_CELL_CHARS:
            _split_at_breaks(box, _breaks_between_paragraphs(box))


def separate_blocks(tree: HtmlElement) -> None:
    """Put a blank between a box's own text and the boxes in it, and between boxes: their words are no one word."""
    for box in tree.iter(*_MIXED):
        if any(child.tag in _BLOCKS for child in box) and _has_own_text(box):
            box.text = f"{box.text or ''} "
            for child in box:
                if child.tag not in INLINE:
                    child.tail = f" {child.tail or ''} "


def _has_own_text(box: HtmlElement) -> bool:
    return bool(box.text and box.text.strip()) or any(child.tail and child.tail.strip() for child in box)


def wrap_body_text(tree: HtmlElement) -> None:
    """Put all of a body into one box where running paragraphs stand in the body itself.

    trafilatura takes the paragraphs of such a page, and leaves every list, heading and box between them.
    """
    body = tree.find("body")
    if body is not None and sum(_own_size(p) >= MIN_PARAGRAPH_CHARS for p in body.iterchildren("p")) >= 2:
        box = etree.Element("div")
        box.text, body.text = body.text, None
        box.extend(list(body))
        body.append(box)


def make_paragraphs_of_boxes(tree: HtmlElement) -> None:
    """Make a paragraph of a box of text alone that stands between running paragraphs: trafilatura leaves it out."""
    for parent in {p.getparent() for p in tree.iter("p")}:
        if parent is None or parent.tag not in _MIXED:
            continue
        places = [n for n, e in enumerate(parent) if e.tag == "p" and _own_size(e) >= MIN_PARAGRAPH_CHARS]
        if len(places) < 2:
            continue
        for box in parent[places[0] : places[-1]]:
            if box.tag in _TEXT_BOXES and all(child.tag in INLINE or child.tag == "br" for child in box):
                box.tag = "p"


def _own_size(box: HtmlElement) -> int:
    """Characters of the box's own text, that of inline elements in it included."""
    tails = sum(len((child.tail or "").strip()) for child in box)
    return len((box.text or "").strip()) + tails + sum(size_of(child) for child in box if child.tag in INLINE)


def _breaks_between_paragraphs(box: HtmlElement) -> int:
    """Two, or one where two would leave most of the text in one paragraph."""
    sizes = [len((box.text or "").strip())]
    is_after_break = False
    for child in box:
        if child.tag != "br":
            sizes[-1] += size_of(child)
        elif is_after_break:
            sizes.append(0)
        own = len((child.tail or "").strip())
        sizes[-1] += own
        is_after_break = child.tag == "br" and not own
    return 2 if 2 * max(sizes) <= sum(sizes) else 1


def _split_at_breaks(box: HtmlElement, wanted: int) -> None:
    """Put the box's text and inline elements into paragraphs, a new one after `wanted` breaks in a row."""
    children, groups = list(box), [[box.text or ""]]
    box.text = None
    breaks = 0
    for child in children:
        box.remove(child)
        tail, child.tail = child.tail or "", None
        if child.tag == "br":
            breaks += 1
            groups += [[]] if breaks >= wanted else []
            groups[-1].append(" " + tail)
        elif child.tag in INLINE:
            groups[-1] += [child, tail]
        else:
            groups += [[child], [tail]]
        breaks = breaks if child.tag == "br" and not tail.strip() else 0
    for group in groups:
        _append(box, group)


def _append(box: HtmlElement, group: Sequence[Any]) -> None:
    """A paragraph of these texts (str) and inline elements; an element of another kind stands as it is."""
    first = group[0]
    if not isinstance(first, str) and first.tag not in INLINE:
        box.append(first)
    elif any(not isinstance(part, str) or part.strip() for part in group):
        paragraph, last = etree.SubElement(box, "p"), None
        for is_text, parts in groupby(group, lambda part: isinstance(part, str)):
            if not is_text:
                paragraph.extend(list(parts))
                last = paragraph[-1]
            elif last is None:
                paragraph.text = "".join(parts)
            else:
                last.tail = "".join(parts)


def join_split_text(tree: HtmlElement) -> None:
    """Put a text that stands in several pieces, with advertising between them, into the first of them.

    Pieces are containers of the same tag and class, in the same article, with no new headline between them, of which
    two at least hold two paragraphs. trafilatura reads the first such container alone.
    """
    pieces: dict[tuple[object, ...], dict[HtmlElement, int]] = {}
    headlines = 0
    for element in tree.iter("h1", "p"):
        if element.tag == "h1":
            headlines += 1
        elif size_of(element) >= MIN_PARAGRAPH_CHARS and (box := element.getparent()) is not None and box.get("class"):
            article = next(box.iterancestors("article"), None)
            of_kind = pieces.setdefault((headlines, box.tag, box.get("class"), article), {})
            of_kind[box] = of_kind.get(box, 0) + 1
    for boxes in pieces.values():
        first, *others = boxes
        inner = set(others)
        if sum(count >= 2 for count in boxes.values()) < 2 or any(b in inner for a in boxes for b in a.iterancestors()):
            continue
        for box in others:
            first.extend(list(box))
