"""The page extractor: HTML → the story's lines, each with its zone, and what the page says of itself.

Runs in a parser child: some pages hold trafilatura for a minute. The page is parsed once; claims, canonical
link, boxes, captions and text all come from that tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from lxml.html import HtmlElement
from trafilatura import bare_extraction
from trafilatura.settings import Extractor
from trafilatura.xml import xmltotxt

from newswatch.errors import NoStory
from newswatch.pages import (
    accounting,
    boilerplate_markup,
    html_tree,
    line_zones,
    main_content,
    metadata,
    metadata_dates,
    metadata_precedence,
    page_kinds,
    page_state,
)
from newswatch.pages.line_zones import Block
from newswatch.pages.model import Claim, ExtractedPage, StoryLine, story_text
from newswatch.text import date_parsing, language, mojibake

_FAST, _THOROUGH = (Extractor(output_format="python", fast=is_fast, comments=False) for is_fast in (True, False))
MIN_TEXT_CHARS = 40  # less is a heading or a consent line, not a story
FEW_CHARS = 300  # so short a text is looked for once more, by trafilatura's slower way; 800 gained nothing
MIN_RUNNING_SHARE = 0.8  # of the page's running text: with less, slower ways are tried
MUCH_MORE = 1.3  # times the text: less may be boxes that stand beside the story
LONG_BLOCK_CHARS = 60
MAX_TIMES = 50  # `<time>` elements of a page that are looked at
MANY_BLOCKS = 20
MIN_STATED_CHARS = 800  # of a text in JSON-LD that is believed where the page shows less than half; of little, any


def parse(body: bytes, *, url: str, content_type: str) -> ExtractedPage:
    """Extract one page's text, metadata and canonical link.

    `url`: the address that answered. `content_type`: the HTTP header as it came. Raises NoStory, with the kind of page
    that it is (an outcome), where there is no story's text.
    """
    tree = html_tree.tree_of(body, content_type)
    if tree is None:
        raise NoStory("no_story", f"{url} holds no HTML")
    claims = metadata.read(tree, url)
    if not any(claim.field == "body" for claim in claims):
        claims += page_state.story_text(tree, claims)
    canonical = metadata.canonical_link(tree, url)
    if not any(map(_is_certain_date, claims)):
        shown = list(metadata_dates.in_words(tree, metadata_precedence.language_claim(claims)))
        claims += shown or metadata_dates.in_title(claims)
    teaser_count = sum(1 for heading in tree.iter("h2", "h3", "h4") if next(heading.iter("a"), None) is not None)
    claims = [replace(claim, value=mojibake.mended(claim.value)) for claim in claims]
    html_tree.strip_unseen(tree)
    if any(claim.field == "is_live" for claim in claims):
        html_tree.open_live_entries(tree)
    lines, _ = story_lines(tree, claims)
    text = story_text(lines)
    kind = page_kinds.kind_of_page(text, lines, claims, url, teaser_count)
    if kind or len(text) < MIN_TEXT_CHARS:
        raise NoStory(kind or "no_story", f"{url} holds {len(text)} characters of story text")
    return ExtractedPage(
        claims=tuple(claim for claim in claims if claim.field in metadata.KEPT),
        lines=tuple(lines),
        language=language.detected(text),
        canonical_url=canonical,
        is_partial=page_kinds.is_partial(text, lines, claims),
    )


def _is_certain_date(claim: Claim) -> bool:
    is_stated = claim.field == "published_at" and claim.source != "address"
    return is_stated and len(date_parsing.readings(claim.value)) == 1


def story_lines(tree: HtmlElement, claims: Sequence[Claim]) -> tuple[list[StoryLine], HtmlElement | None]:
    """Every line of the story, and the box all of whose text they are; None: nothing was found. Changes the tree."""
    times = {html_tree.line_of(time) for time in islice(tree.iter("time"), MAX_TIMES)} - {""}
    html_tree.wrap_body_text(tree)
    html_tree.separate_blocks(tree)
    html_tree.unwrap_layout_tables(tree)
    html_tree.make_paragraphs(tree)
    removed = boilerplate_markup.remove(tree)
    html_tree.make_paragraphs_of_boxes(tree)
    html_tree.join_split_text(tree)
    box = main_content.find(tree)
    blocks = _blocks(tree, box)
    body = next((claim.value for claim in claims if claim.field == "body"), "")
    size = _size(blocks)
    if len(blocks) == 1:
        blocks = list(_parted(blocks[0], tree))
    if len(body) > 2 * size and (len(body) >= MIN_STATED_CHARS or size < FEW_CHARS):
        blocks = [Block(line, "p") for line in body.split("\n")]
    first = line_zones.unread_standfirst(line_zones.standfirst(tree, claims, box), blocks)
    account = accounting.completed(tree, blocks, box, first)
    taken = boilerplate_markup.of_story(removed, tree, account.box)
    lines = line_zones.zoned([*first, *account.blocks], taken, claims)
    return line_zones.without_date_lines(lines, partial(_is_date_line, times=times, claims=claims)), account.box


def _is_date_line(text: str, times: Iterable[str], claims: Sequence[Claim]) -> bool:
    """Whether a short line is a date and perhaps names: of the stated authors, or of anyone beside a `<time>`."""
    code = metadata_precedence.language_claim(claims)
    names, _ = metadata_precedence.authors(claims)
    if metadata_dates.is_date_line(_without(names, text), code):
        return True
    return any(
        time in text and metadata_precedence.is_name(_without([time], text)) and metadata_dates.is_date_line(time, code)
        for time in times
    )


def _without(parts: Iterable[str], text: str) -> str:
    for part in parts:
        text = text.replace(part, " ")
    return text


def _blocks(tree: HtmlElement, box: HtmlElement | None) -> list[Block]:
    """The main text, block by block: by trafilatura's fast way in the story's box, where that gives enough.

    It may take a small box for the story, and nothing says so. So what it gives is compared with the page's running
    paragraphs: where it is far below them, or a dump of the whole page, the slower way is tried (it compares with two
    other extractors), then both without the box's name. What gives much more and is no dump takes its place.
    """
    enough = max(FEW_CHARS, MIN_RUNNING_SHARE * html_tree.running_text(tree)[tree])
    with main_content.named(box):
        best = _extracted(tree, is_fast=True)
        is_dump = _is_dump(best, tree)
        if not is_dump and _size(best) >= enough:
            return best
        second = _extracted(tree, is_fast=False)
        if second and (is_dump or _is_much_more(second, best)):
            best = second
    for is_fast in (True, False):
        if box is None or _size(best) >= enough:
            break
        other = _extracted(tree, is_fast=is_fast)
        if _is_much_more(other, best) and not _is_dump(other, tree):
            best = other
    return best


def _parted(block: Block, tree: HtmlElement) -> Iterator[Block]:
    """The one line that is all that was found, parted where the page's elements are: headline, date, paragraphs."""
    at = 0
    for element in tree.iter("h1", "h2", "h3", "h4", "p", "li", "time", "div", "td"):
        text = html_tree.line_of(element)
        if text and block.text.startswith(text, at) and (element.tag == "time" or not _has_blocks(element)):
            yield Block(text, str(element.tag))
            at += len(text)
            at += len(block.text) - at - len(block.text[at:].lstrip())
    if rest := block.text[at:].strip():
        yield Block(rest, block.tag)


def _has_blocks(element: HtmlElement) -> bool:
    return any(child.tag not in html_tree.INLINE and child.tag != "br" for child in element)


def _is_much_more(other: Sequence[Block], best: Sequence[Block]) -> bool:
    """Whether another reading gives so much more that the first must have lost the story; of little, any more."""
    size = _size(best)
    return _size(other) > (size if size < FEW_CHARS else MUCH_MORE * size)


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _is_dump(blocks: Sequence[Block], tree: HtmlElement) -> bool:
    """Whether it is the page rather than its story: many short lines, or a text that stands in no paragraphs."""
    size = _size(blocks)
    in_long = sum(len(block.text) for block in blocks if len(block.text) >= LONG_BLOCK_CHARS)
    in_paragraphs = sum(html_tree.size_of(p) for p in tree.iter("p"))
    return (len(blocks) > MANY_BLOCKS and 3 * in_long < size) or 2 * in_paragraphs < size


def _extracted(tree: HtmlElement, *, is_fast: bool) -> list[Block]:
    document = bare_extraction(tree, options=_FAST if is_fast else _THOROUGH)
    if document is None:
        return []
    return [Block(text, str(element.tag)) for element in document.body for text in _texts(element)]


def _texts(element: HtmlElement) -> Iterator[str]:
    """The lines of one element of trafilatura's output, bullets and bars taken off."""
    is_plain = not len(element) and not element.tail  # as most are: `xmltotxt` takes its time
    for line in ((element.text or "") if is_plain else xmltotxt(element, False)).split("\n"):
        text = mojibake.mended(line.strip())
        if element.tag == "list":
            text = text.removeprefix("- ")
        elif element.tag == "table":
            text = text.strip("| ")
        if text:
            yield text
