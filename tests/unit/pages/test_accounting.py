"""Every word between a story's lines is in one line, kept or cut, in whatever element it stands."""

from __future__ import annotations

import random
import re

import pytest

from newswatch.errors import NoStory
from newswatch.pages import extractor
from newswatch.pages.model import ExtractedPage

WORDS = [
    "mill",
    "wheel",
    "rope",
    "stone",
    "clerk",
    "board",
    "river",
    "gate",
    "tower",
    "bell",
    "lamp",
    "ferry",
    "quay",
    "plank",
    "sail",
    "mast",
    "anchor",
    "crane",
    "ladder",
]
MIDDLES = {
    "section": "<section>{}.</section>",
    "quotation": "<blockquote><p>{}.</p><footer>{}</footer></blockquote>",
    "figure": "<figure>{}</figure>",
    "center": "<center>{}</center>",
    "custom element": "<mill-note>{}.</mill-note>",
    "time": "<p>{} <time>24 March</time> {}.</p>",
    "form": "<form><label>{}</label></form>",
    "definitions": "<dl><dt>{}</dt><dd>{}</dd></dl>",
    "details": "<details open><summary>{}</summary>{}.</details>",
    "two lists": "<ul><li>{}</li><li>{}</li></ul><ol><li>{}</li></ol>",
    "dialog": "<dialog open><p>{}.</p></dialog>",
    "straight": "{}",
    "boxes in boxes": "<div><div><div>{}</div><section>{}</section></div></div>",
    "breaks": "<div>{}<br>{}</div>",
    "headings": "<h2>{}</h2><h3>{}</h3><p>{}.</p>",
    "address": "<address>{}</address>",
    "inline": "<div><b>{}</b> <i>{}</i> {}</div>",
}


class Pen:
    """Writes words that stand nowhere else on the page."""

    def __init__(self, seed: int) -> None:
        self._random, self.count = random.Random(seed), 0

    def phrase(self, size: int) -> str:
        self.count += 1
        return " ".join(f"{self._random.choice(WORDS)}{self.count}x{n}" for n in range(size))

    def filled(self, middle: str) -> str:
        return re.sub(r"\{\}", lambda _: self.phrase(4), middle)


def read(middle: str, frame: str) -> ExtractedPage:
    body = frame.format(middle)
    html = f"<html lang='en'><head><title>The mill</title></head><body>{body}</body></html>"
    return extractor.parse(html.encode(), url="https://example.com/news/mill", content_type="text/html; charset=utf-8")


@pytest.mark.parametrize("frame", ["<main><article><h1>The mill</h1>{}</article></main>", "{}", "<div>{}</div>"])
@pytest.mark.parametrize("seed", range(6))
def test_every_word_between_the_paragraphs_is_in_one_line(frame: str, seed: int) -> None:
    pen = Pen(seed)
    kinds = random.Random(seed).sample(sorted(MIDDLES), k=6)
    middle = (
        "".join(f"<p>{pen.phrase(14)}.</p>{pen.filled(MIDDLES[kind])}" for kind in kinds) + f"<p>{pen.phrase(14)}.</p>"
    )
    found = read(middle, frame)
    wanted = re.findall(r"[a-z]+\d+x\d+", middle)
    have = [word for line in found.lines for word in re.findall(r"[a-z]+\d+x\d+", line.text)]
    assert sorted(set(wanted) - set(have)) == [], kinds
    assert len(have) == len(set(have)), kinds


@pytest.mark.parametrize("kind", sorted(MIDDLES))
def test_a_sentence_in_whatever_element_is_the_storys(kind: str) -> None:
    pen = Pen(1)
    middle = f"<p>{pen.phrase(14)}.</p>{pen.filled(MIDDLES[kind])}<p>{pen.phrase(14)}.</p><p>{pen.phrase(14)}.</p>"
    found = read(middle, "<main><article><h1>The mill</h1>{}</article></main>")
    sentences = re.findall(
        r"[a-z\dx ]+\.", re.sub(r"<[^>]+>", "|", middle.replace("<time>24 March</time>", "24 March"))
    )
    for sentence in sentences:
        assert sentence.strip() in found.text, kind


def test_what_is_no_sentence_in_a_box_of_its_own_is_cut_and_not_lost() -> None:
    pen = Pen(2)
    middle = f"<p>{pen.phrase(14)}.</p><form><label>Name of the miller</label></form><p>{pen.phrase(14)}.</p>"
    found = read(middle, "<main><article><h1>The mill</h1>{}</article></main>")
    assert [(line.zone, line.reason) for line in found.lines if line.text == "Name of the miller"] == [
        ("cut", "unread")
    ]


def reasons(found: ExtractedPage) -> dict[str, str]:
    return {line.text: line.reason or line.zone for line in found.lines}


def test_what_stands_in_the_storys_box_before_and_after_it_is_cut_and_not_lost() -> None:
    pen = Pen(3)
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(4))
    body = (
        "<div>Menu of the site</div><main><section><div>Voices from the valley</div>"
        f"{story}<center>Printed on rag paper</center><form><label>No</label></form></section></main>"
    )
    found = reasons(read(body, "{}"))
    assert [found.get(text) for text in ("Voices from the valley", "Printed on rag paper", "No")] == ["unread"] * 3
    assert "Menu of the site" not in found


def test_a_sentence_of_the_story_set_large_is_cut_as_repeated() -> None:
    pen = Pen(4)
    said = pen.phrase(12)
    story = f"<p>{pen.phrase(14)}. {said}. {pen.phrase(14)}.</p><p>{pen.phrase(14)}.</p>"
    found = read(f"{story}<figure>{said}</figure><p>{pen.phrase(14)}.</p>", "<article>{}</article>")
    assert found.text.count(said) == 1
    assert [(line.zone, line.reason) for line in found.lines if line.text == said] == [("cut", "repeated")]


def test_the_cells_of_a_row_are_in_one_line() -> None:
    pen = Pen(5)
    cells = [[pen.phrase(1), str(n), "7"] for n in range(5)]
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells)
    found = read(f"<p>{pen.phrase(14)}.</p><table>{rows}</table><p>{pen.phrase(14)}.</p>", "<article>{}</article>")
    in_rows = [re.findall(r"\w+", line.text) for line in found.lines if re.search(r"\b7\b", line.text)]
    assert in_rows == cells


def test_a_line_of_which_the_page_says_what_it_is_is_cut_for_that() -> None:
    pen = Pen(6)
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(4))
    found = reasons(read(f"<main><section>{story}<center>Read more</center></section></main>", "{}"))
    assert found["Read more"] == "related"


def test_a_line_that_the_reader_parts_is_read_once() -> None:
    pen = Pen(7)
    parted = (
        f"{pen.phrase(5)} <code>{pen.phrase(2)}</code> {pen.phrase(5)} <code>{pen.phrase(2)}</code> {pen.phrase(5)}."
    )
    found = read(f"<p>{pen.phrase(14)}.</p><p>{parted}</p><p>{pen.phrase(14)}.</p>", "<article>{}</article>")
    have = [word for line in found.lines for word in re.findall(r"[a-z]+\d+x\d+", line.text)]
    assert sorted(have) == sorted(set(have))
    assert set(re.findall(r"[a-z]+\d+x\d+", parted)) <= set(have)


def test_a_line_that_begins_as_another_does_is_not_taken_for_it() -> None:
    pen = Pen(8)
    beginning = pen.phrase(6)
    story = f"<p>{beginning} {pen.phrase(30)}.</p><p>{pen.phrase(14)}.</p>"
    label = f"{beginning} {pen.phrase(12)}"
    found = read(f"{story}<form><label>{label}</label></form><p>{pen.phrase(14)}.</p>", "<article>{}</article>")
    assert reasons(found)[label] == "unread"


def test_a_box_of_the_storys_box_that_is_taken_out_is_cut_whole_wherever_it_stands() -> None:
    pen = Pen(9)
    card = " ".join(f"<b>{pen.phrase(20)}</b>" for _ in range(20))
    boxes = f"<div><div><div class='related'>{card}</div></div></div><div><div class='byline'>Ann</div></div>"
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(12))
    found = read(f"<main><section>{story}{boxes}</section></main><div class='related'>Elsewhere</div>", "{}")
    cut = {line.reason: line.text for line in found.lines if line.zone == "cut"}
    assert set(re.findall(r"[a-z]+\d+x\d+", card)) <= set(cut["related"].split())
    assert cut["byline"] == "Ann"
    assert all(line.text != "Elsewhere" for line in found.lines)


def test_a_box_in_a_box_that_is_taken_out_later_is_not_lost() -> None:
    pen = Pen(10)
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(6))
    links = "<p><a href='/a'>One more of them</a></p>"
    box = f"<div><h3><a href='/b'>Two of the others</a></h3><span class='byline'>Bo</span>{links}</div>"
    found = reasons(read(f"<main><section>{story}{box}{story}</section></main>", "{}"))
    assert {"Bo", "One more of them", "Two of the others"} <= set(found)


CAPTION = "The mill wheel before it was mended"


@pytest.mark.parametrize(
    ("page", "is_storys"),
    [
        ("<main><h1>The mill</h1><figure><figcaption>{}</figcaption></figure><section>{story}</section></main>", True),
        ("<article><figure><figcaption>{}</figcaption></figure><h1>The mill</h1><div>{story}</div></article>", True),
        ("<main><h1>The mill</h1><section>{story}<figure><figcaption>{}</figcaption></figure></section></main>", True),
        ("<main><section>{story}</section></main><div><figure><figcaption>{}</figcaption></figure></div>", False),
        ("<div><figure><figcaption>{}</figcaption></figure></div><main><h1>A</h1><div>{story}</div></main>", False),
    ],
)
def test_captions_are_those_in_the_storys_box_or_above_it(page: str, *, is_storys: bool) -> None:
    pen = Pen(11)
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(4))
    found = read(page.replace("{story}", story).replace("{}", CAPTION), "{}")
    assert [line.text for line in found.lines if line.zone == "caption"] == [CAPTION] * is_storys


NESTS = ["<section>{}</section>", "<div><div>{}</div></div>", "<mill-text>{}</mill-text>", "<figure>{}</figure>"]
TAKEN = ["<div class='byline'>{}</div>", "<figure><figcaption>{}</figcaption></figure>", "<aside><p>{}</p></aside>"]


def nested(pen: Pen, dice: random.Random, depth: int) -> str:
    """A box of boxes, of whatever kinds, with text before, between and behind them."""
    kinds = [dice.choice([*sorted(MIDDLES.values()), *TAKEN]) for _ in range(3)]
    inner = [pen.filled(kind) for kind in kinds] + [f"<p>{pen.phrase(14)}.</p>"]
    if depth:
        inner.append(re.sub(r"\{\}", lambda _: nested(pen, dice, depth - 1), dice.choice(NESTS)))
    dice.shuffle(inner)
    return "".join(inner)


@pytest.mark.parametrize("seed", range(40))
def test_every_word_of_the_storys_box_is_in_one_line_however_boxes_stand_in_boxes(seed: int) -> None:
    pen, dice = Pen(seed), random.Random(seed)
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(8))
    box = f"{nested(pen, dice, 2)}{story}{nested(pen, dice, 2)}"
    found = read(f"<div>Menu of the site</div><article><h1>The mill</h1>{box}</article>", "{}")
    wanted = re.findall(r"[a-z]+\d+x\d+", box)
    have = [word for line in found.lines for word in re.findall(r"[a-z]+\d+x\d+", line.text)]
    assert sorted(have) == sorted(wanted)


@pytest.mark.parametrize("mark", ["-", "…", "* * *", "Advertisement"])
def test_a_mark_in_a_box_takes_nothing_else_with_it(mark: str) -> None:
    pen = Pen(12)
    story = "".join(f"<p>{pen.phrase(14)}.</p>" for _ in range(6))
    sentences = [f"{pen.phrase(8)}.", f"{pen.phrase(8)}."]
    box = f"<div><p>{sentences[0]}</p><p>{mark}</p><p>{sentences[1]}</p></div>"
    found = reasons(read(f"{story}{box}{story}", "<article>{}</article>"))
    assert [found[sentence] for sentence in sentences] == ["body", "body"]
    assert found[mark] in ("rule", "advert")


LOGIN = (
    "<form><label>E-mail address or user name</label><input name='user'><label>Password</label><input type='password'>"
    "<p>Forgot your password? Ask for another one here and wait for our letter.</p></form>"
)


def test_a_form_that_asks_for_a_password_is_no_story_and_beside_one_it_is_cut() -> None:
    with pytest.raises(NoStory):
        read(LOGIN, "<div><h1>The mill</h1>{}</div>")
    pen = Pen(13)
    story = "".join(f"<p>{pen.phrase(40)}.</p>" for _ in range(4))
    found = read(f"{story}{LOGIN}{story}", "<article>{}</article>")
    assert [line.reason for line in found.lines if "Password" in line.text] == ["subscription"]


def test_a_form_around_a_page_is_no_login_because_a_field_of_it_asks_for_a_password() -> None:
    pen = Pen(14)
    sentence = f"{pen.phrase(40)}."
    found = read(f"<div><input type='password'></div><div>{f'<p>{sentence}</p>' * 4}</div>", "<form>{}</form>")
    assert sentence in found.text
