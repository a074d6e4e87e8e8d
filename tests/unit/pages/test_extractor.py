"""Small pages: what the text is, and how each line of it is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from newswatch.errors import NoStory
from newswatch.pages import extractor, title_precedence
from newswatch.pages.model import ExtractedPage

URL = "https://www.example.com/news/a"
BODY = (
    "<p>The harbour board met in the old customs house on Tuesday and heard three reports on the state of the quay.</p>"
    "<p>Members asked for figures, which the clerk promised for the following week, with a plan of the works.</p>"
)
WORDS = "The harbour board met in the old customs house"


def page(head: str = "", body: str = BODY, lang: str = "en") -> str:
    return f"<!doctype html><html lang='{lang}'><head>{head}</head><body><article>{body}</article></body></html>"


def parse(html: str | bytes, *, url: str = URL, content_type: str = "text/html; charset=utf-8") -> ExtractedPage:
    return extractor.parse(html.encode() if isinstance(html, str) else html, url=url, content_type=content_type)


def zones(found: ExtractedPage) -> list[str]:
    return [line.zone for line in found.lines]


def test_the_text_is_a_paragraph_a_line() -> None:
    found = parse(page("<title>Board meets</title>"))
    assert len(found.text.split("\n")) == 2
    assert found.text.startswith(WORDS)
    assert zones(found) == ["lede", "body"]
    assert found.language == "en"


@pytest.mark.parametrize(
    ("html", "content_type"),
    [
        (page("<title>x</title>"), "text/html; charset=windows-1251"),
        (page('<meta charset="windows-1251">'), "text/html"),
        (page('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'), ""),
        (page("<title>x</title>"), ""),
    ],
)
def test_windows_1251_is_read_where_it_is_declared_and_where_it_is_not(html: str, content_type: str) -> None:
    text = "Портовый совет собрался во вторник в старом здании таможни и выслушал три доклада о состоянии причала. " * 2
    found = parse(html.replace(BODY, f"<p>{text}</p>").encode("windows-1251"), content_type=content_type)
    assert found.text.startswith("Портовый совет собрался")
    assert found.language == "ru"


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1251", "nonsense", "utf-16"])
def test_what_is_utf_8_is_read_so_whatever_is_declared(declared: str) -> None:
    words = "Über die Größe der Hafenmauer sprachen am Dienstag drei Gutachter in der alten Zollstation am Kai."
    html = page(f'<meta charset="{declared}">', f"<p>{words}</p>")
    assert parse(html, content_type=f"text/html; charset={declared}").text == words


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://www.example.com/news/quay", "https://www.example.com/news/quay"),
        ("/news/quay?utm_source=x", "https://www.example.com/news/quay"),
        ("https://example.com/news/quay", "https://example.com/news/quay"),
        ("https://other.example.org/news/quay", None),
        ("https://example.com.evil.org/news/quay", None),
        ("https://www.example.com/", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
    ],
)
def test_a_canonical_link_is_believed_on_its_own_site_alone(link: str, expected: str | None) -> None:
    assert parse(page(f'<link rel="canonical" href="{link}">')).canonical_url == expected


@pytest.mark.parametrize(
    "html",
    ["", "<html></html>", page(body="<p>Short.</p>"), page(body=""), "\x00\x01\x02", "<p>" * 3],
    ids=["nothing", "bare", "short", "empty", "bytes", "tags"],
)
def test_a_page_without_a_story_says_so(html: str) -> None:
    with pytest.raises(NoStory) as refused:
        parse(html)
    assert refused.value.kind == "no_story"


def test_pleas_inside_the_text_are_cut_and_kept_with_the_reason() -> None:
    plea = "Please consider supporting our journalism with a small gift today."
    found = parse(page(body=f"{BODY}<p>{plea}</p>{BODY.replace('Tuesday', 'Friday')}"))
    assert "journalism" not in found.text
    assert [(line.text, line.reason) for line in found.lines if line.zone == "cut"] == [(plea, "plea")]
    assert zones(found) == ["lede", "body", "cut", "body", "body"]


def test_the_headline_is_not_the_texts_first_line() -> None:
    found = parse(page('<meta property="og:title" content="Quay works begin">', "<h1>Quay works begin</h1>" + BODY))
    assert title_precedence.headline(found.claims, URL) == ("Quay works begin", "opengraph")
    assert found.text.startswith(WORDS)
    assert found.lines[0].reason == "headline"


def test_a_standfirst_above_the_text_is_its_first_line() -> None:
    standfirst = "After nine years of planning the quay is to be mended, at twice the price that was first named."
    head = f'<meta property="og:description" content="{standfirst}">'
    html = f"<html lang=en><head>{head}</head><body><header><h1>Quay</h1><h2>{standfirst}</h2></header>"
    found = parse(f"{html}<article>{BODY * 2}</article></body></html>")
    assert found.lines[0].text == standfirst
    assert found.lines[0].zone == "lede"
    assert zones(found).count("lede") == 1


def test_a_description_that_the_page_does_not_print_is_no_line_of_it() -> None:
    words = "What readers of search engines see, and nobody on the page, for as long as the story stands there."
    found = parse(page(f'<meta property="og:description" content="{words}">'))
    assert found.lines[0].text.startswith(WORDS)


def test_captions_and_quotations_have_zones_of_their_own() -> None:
    caption, quotation = (
        "The quay at low tide, seen from the ferry",
        "We shall mend it when we have counted the stones.",
    )
    html = (
        f"<figure><img src=a.jpg><figcaption>{caption}</figcaption></figure>{BODY}<blockquote>{quotation}</blockquote>"
    )
    found = parse(page(body=html + BODY.replace("Tuesday", "Friday")))
    assert [line.text for line in found.lines if line.zone == "caption"] == [caption]
    assert [line.text for line in found.lines if line.zone == "quote"] == [quotation]
    assert caption not in found.text
    assert quotation in found.text


def test_a_text_that_json_ld_holds_whole_is_taken_where_the_page_shows_a_piece() -> None:
    lines = [
        f"Paragraph {n}: the clerk read out what had been spent on stone, timber and rope in that year."
        for n in range(12)
    ]
    body = "\\n".join(lines)
    linked = f'{{"@type": "NewsArticle", "headline": "Quay", "articleBody": "{body}"}}'
    found = parse(page(f'<script type="application/ld+json">{linked}</script>', BODY))
    assert found.text.split("\n") == lines


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", "address"),
        ('<meta property="article:published_time" content="2026-11-20T10:00:00Z">', "opengraph"),
        ('<meta property="article:published_time" content="soon">', "address"),
    ],
)
def test_a_day_is_read_off_the_page_where_nothing_states_one(head: str, expected: str) -> None:
    found = parse(page(head), url="https://www.example.com/2026/11/20/quay")
    said = {s.source: s.value for s in found.claims if s.field == "published_at"}
    assert expected in said
    assert said[expected].startswith("2026-11-20")


@pytest.mark.parametrize("names", ["story-body no-caption", "content with-caption", "post image-caption-below"])
def test_a_box_is_no_caption_for_its_name_alone(names: str) -> None:
    body = "".join(
        f"<p>Speaker {n} read a report on the state of quay {n}, which took the board an hour.</p>" for n in range(12)
    )
    found = parse(page(body=f"<div class='{names}'>{body}</div>"))
    assert len(found.text.split("\n")) == 12
    assert {line.zone for line in found.lines} == {"lede", "body"}


def test_single_breaks_part_a_text_that_has_a_double_one_too() -> None:
    lines = [f"Speaker {n} read a report on the state of quay {n}, which took the board an hour." for n in range(12)]
    found = parse(page(body=f"<div>{'<br>'.join(lines)}<br><br>Thus the works begin in the spring of the year.</div>"))
    assert found.text.split("\n")[:12] == lines


PARAGRAPHS = [
    f"Speaker {n} read a report on the state of quay {n}, which took the harbour board the better part of an hour."
    for n in range(9)
]
TEASERS = "".join(
    f"<div class='c'><h3><a href='/{n}'>Another</a></h3><p>It is told elsewhere, on page {n}, at some length.</p></div>"
    for n in range(4)
)


@pytest.mark.parametrize("names", ["detay", "corpo", "css-1x2y3z", "nota__texto", "story__body"])
@pytest.mark.parametrize("around", ["div", "main", "section"])
def test_the_story_is_found_by_its_text_whatever_its_box_is_called(names: str, around: str) -> None:
    inner = [f"<p>{text}</p>" for text in PARAGRAPHS]
    body = "".join([*inner[:4], "<h2>What the clerk said</h2><ul><li>The first of his points.</li></ul>", *inner[4:]])
    html = (
        f"<html><body><{around}><h1>Board meets</h1><div class='{names}'>{body}</div>{TEASERS}</{around}></body></html>"
    )
    found = parse(html).text.split("\n")
    assert found == [*PARAGRAPHS[:4], "What the clerk said", "The first of his points.", *PARAGRAPHS[4:]]


@pytest.mark.parametrize(
    "element",
    [
        "<p class='chapo'>{}</p>",
        "<div class='article-lead'>{}</div>",
        "<section id='standfirst'>{}</section>",
        "<h2 class='sub-title'>{}</h2>",
    ],
)
def test_a_standfirst_that_is_named_so_is_the_lede(element: str) -> None:
    text = "Three reports were heard and a fourth was promised, the clerk of the board says."
    below = element.replace("{}", "It is not the standfirst that stands here, below the story and beside its end.")
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    html = f"<html><body><h1>Board meets</h1>{element.format(text)}<div class='x'>{body}</div>{below}</body></html>"
    found = parse(html).text.split("\n")
    assert found == [text, *PARAGRAPHS]


def test_a_description_that_is_printed_is_the_standfirst_under_any_name() -> None:
    text = "Three reports were heard and a fourth was promised, the clerk of the board says."
    head = f"<meta name='description' content='{text}'>"
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    top = f"<h1>Board meets</h1><p class='q1'>Lindenau. {text}</p>"
    html = f"<html><head>{head}</head><body>{top}<div>{body}</div></body></html>"
    assert parse(html).text.split("\n")[0] == f"Lindenau. {text}"


def test_the_first_of_several_stories_is_the_story_however_short_it_is() -> None:
    short = "".join(f"<p>{line}</p>" for line in PARAGRAPHS[:2])
    long = "".join(f"<p>{line.replace('Speaker', 'Skipper')}</p>" for line in PARAGRAPHS)
    first, second = f"<article><h1>Board meets</h1>{short}</article>", f"<article><h1>Ships wait</h1>{long}</article>"
    assert parse(f"<html><body>{first}{second}</body></html>").text.split("\n") == PARAGRAPHS[:2]


def test_a_name_that_stands_on_every_paragraph_is_no_boxs() -> None:
    body = "".join(f"<p class='story-text share-text'>{line}</p>" for line in PARAGRAPHS)
    assert parse(page(body=body)).text.split("\n") == PARAGRAPHS


def test_what_follows_an_early_end_of_the_page_is_read() -> None:
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    assert parse(f"<html><body><h1>Board meets</h1></body></html><div>{body}</div>").text.split("\n") == PARAGRAPHS


def test_dates_that_head_the_parts_of_a_story_stay() -> None:
    body = "".join(f"<h3>{n + 1} January 2024</h3><p>{line}</p>" for n, line in enumerate(PARAGRAPHS[:4]))
    found = parse(page(body=body)).text.split("\n")
    assert [line for line in found if line.endswith("2024")] == [f"{n} January 2024" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("lang", "shown"),
    [
        ("en", "Admin | Tue 5 March 2024 | 312 views"),
        ("en", "Updated: 7 March 2024 | Published: 5 March 2024"),
        ("ru", "5 марта 2024, 14:20 | Просмотров: 1203"),
        ("cs", "5. března 2024"),
        ("el", "5 Μαρτίου 2024, 10:00"),
        ("hu", "2024. március 5."),
        ("id", "Selasa, 5 Maret 2024"),
        ("ja", "2024年3月5日 14時20分"),
        ("ko", "입력 2024년 3월 5일"),
        ("ar", "5 مارس 2024"),
        ("hi", "5 मार्च 2024"),
        ("th", "5 มีนาคม 2567"),
    ],
)
def test_the_date_that_is_shown_below_the_headline_is_the_storys(lang: str, shown: str) -> None:
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    aside = "<div class='ticker'><span>9 May 2023</span></div>"
    html = (
        f"<html lang='{lang}'><body>{aside}<h1>Board meets</h1><div class='meta'>{shown}</div><div>{body}</div>"
        "<div>Since 12 April 1999, licence of 1 January 2015</div></body></html>"
    )
    said = [(s.source, s.value) for s in parse(html).claims if s.field == "published_at"]
    assert said == [("shown", "2024-03-05")]


COMMENTS = "".join(
    f"<p>Reader {n} writes that the quay was never in a better state than in the year {1900 + n}.</p>"
    for n in range(30)
)


@pytest.mark.parametrize(
    "around", ["<div>{}</div>{}", "<article>{}{}</article>", "<div class='post'>{}{}</div>", "{}{}"]
)
@pytest.mark.parametrize("names", ["class='comments'", "id='comments' class='comments-area'", "id='comments'"])
def test_readers_may_write_more_than_the_reporter(around: str, names: str) -> None:
    story = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    html = around.format(story, f"<div {names}>{COMMENTS}</div>")
    assert parse(f"<html><body><h1>Board meets</h1>{html}</body></html>").text.split("\n") == PARAGRAPHS


@pytest.mark.parametrize("caption", ["<figure><figcaption>{}</figcaption></figure>", "<div class='caption'>{}</div>"])
def test_a_caption_that_is_long_beside_a_short_story_is_a_caption(caption: str) -> None:
    text = "The harbour board before its old customs house on the day of the meeting, with dogs. Picture: Ann Lee"
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS[:3])
    found = parse(page(body=f"<h1>Board meets</h1>{caption.format(text)}{body}"))
    assert [line.text for line in found.lines if line.zone == "caption"] == [text]
    assert found.text.split("\n") == PARAGRAPHS[:3]


def test_the_first_paragraphs_before_the_box_of_the_rest_stay() -> None:
    first, rest = ("".join(f"<p>{line}</p>" for line in part) for part in (PARAGRAPHS[:2], PARAGRAPHS[2:]))
    html = f"<html><body><article><h1>Board meets</h1>{first}<div class='more'>{rest}</div></article></body></html>"
    assert parse(html).text.split("\n") == PARAGRAPHS


def test_a_story_in_short_paragraphs_is_not_less_than_a_notice_in_long_ones() -> None:
    story = [f"The board heard speaker {n} on quay {n}." for n in range(40)]
    notice = "".join(f"<p>{line} {line}</p>" for line in PARAGRAPHS[:6])
    body = "".join(f"<p>{line}</p>" for line in story)
    main = f"<main><h1>Board meets</h1><div class='x'>{body}</div></main>"
    html = f"<html><body>{main}<div class='y'>{notice}</div></body></html>"
    assert set(story) <= set(parse(html).text.split("\n"))


@pytest.mark.parametrize("shown", ["Admin | 2 days ago, 12:34:55", "10000 hours ago", "Yesterday at 12:34:55"])
def test_what_a_clock_would_tell_is_no_date(shown: str) -> None:
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    html = f"<html lang='en'><body><h1>Board meets</h1><div>{shown}</div><div>{body}</div></body></html>"
    assert [s for s in parse(html).claims if s.source == "shown"] == []


def test_a_teaser_before_the_story_is_not_the_story() -> None:
    teaser, story = ("".join(f"<p>{line}</p>" for line in part) for part in (PARAGRAPHS[:1], PARAGRAPHS * 2))
    html = (
        f"<article><h1><a href='/x'>Ships wait</a></h1>{teaser}</article><article><h1>Board meets</h1>{story}</article>"
    )
    assert set(PARAGRAPHS) <= set(parse(f"<html><body>{html}</body></html>").text.split("\n"))


@pytest.mark.parametrize(
    "box",
    [
        "<div class='css-nl'><p>Newsletter</p><h3>My harbour</h3><p>All about ships, every morning.</p></div>",
        "<div class='v9'><h4>Also</h4><h3><a href='/x'>Ships wait</a></h3><p>Bo Kim</p><p>At anchor.</p></div>",
        "<div data-testid='relatedArticle'><h3>Also here</h3><span>Ships wait at anchor.</span></div>",
    ],
)
def test_a_small_box_between_paragraphs_goes_as_a_whole(box: str) -> None:
    lines = [f"<p>{line}</p>" for line in PARAGRAPHS]
    html = "".join([*lines[:4], box, *lines[4:]])
    found = parse(f"<html><body><h1>Board meets</h1><div class='x'>{html}</div></body></html>")
    assert found.text.split("\n") == PARAGRAPHS


def test_a_box_of_the_story_stays_whole() -> None:
    lines = [f"<p>{line}</p>" for line in PARAGRAPHS]
    facts = "<div class='facts'><h3>The quay in figures</h3><ul><li>It is 900 metres long.</li></ul></div>"
    found = parse(
        f"<html><body><h1>Board meets</h1><div class='x'>{''.join([*lines[:4], facts, *lines[4:]])}</div></body></html>"
    )
    assert "It is 900 metres long." in found.text


def test_a_story_in_two_boxes_with_paragraphs_of_one_class_is_one() -> None:
    first, rest = ("".join(f"<p class='a'>{line}</p>" for line in part) for part in (PARAGRAPHS[:2], PARAGRAPHS[2:]))
    html = f"<div class='x'><div class='one'>{first}</div><div class='two'>{rest}</div></div>"
    assert parse(f"<html><body><h1>Board meets</h1>{html}</body></html>").text.split("\n") == PARAGRAPHS


@pytest.mark.parametrize(
    "element",
    [
        "<p class='atc-IntroText'>{}</p>",
        "<div data-test-tag='lead-text'>{}</div>",
        "<ul class='storySummary'><li>{}</li></ul>",
    ],
)
def test_a_standfirst_is_known_by_names_in_humps_and_in_data(element: str) -> None:
    text = "Three reports were heard and a fourth was promised, the clerk of the board says."
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    html = f"<html><body><h1>Board meets</h1>{element.format(text)}<div class='x'>{body}</div></body></html>"
    assert parse(html).text.split("\n") == [text, *PARAGRAPHS]


def test_the_standfirst_is_the_smallest_element_that_says_the_description() -> None:
    text = "Three reports were heard and a fourth was promised, the clerk of the board says."
    head = f"<meta name='description' content='{text}'>"
    intro = (
        f"<header class='intro'><h1>Board meets</h1><time>5 March</time><div>Three minutes</div><p>{text}</p></header>"
    )
    body = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    html = f"<html><head>{head}</head><body>{intro}<div class='x'>{body}</div></body></html>"
    assert parse(html).text.split("\n") == [text, *PARAGRAPHS]


def test_a_short_story_in_a_dense_script_has_its_box() -> None:
    lines = [f"港务局周二在老海关大楼开会，听取了第{n}份关于码头状况的报告，并要求提供数字。" for n in range(8)]
    body = "".join(f"<p>{line}</p>" for line in lines)
    page_body = f"<div>气象</div><h1>港务局开会</h1><div class='q'>{body}</div><div>点赞</div>"
    assert parse(f"<html lang='zh'><body>{page_body}</body></html>").text.split("\n") == lines


def long_story(wrapper: str = "") -> str:
    """Thirty paragraphs, five in each wrapper."""
    witnesses = [
        f"<p>The works committee heard {n} witnesses on berth number {n}, who said what they had seen there.</p>"
        for n in range(30)
    ]
    if not wrapper:
        return "".join(witnesses)
    return "".join(f"<{wrapper}>{''.join(witnesses[n : n + 5])}</{wrapper}>" for n in range(0, 30, 5))


@pytest.mark.parametrize("holder", ["nav", "button", "noscript", "dialog", "select", "menu"])
def test_an_element_that_is_never_closed_does_not_swallow_the_story(holder: str) -> None:
    menu = f"<header><{holder}><div><span>Menu</{holder}></header>"
    found = parse(f"<html><body>{menu}<main><article><h1>Board</h1>{long_story()}</article></main></body></html>")
    assert found.text.count("berth number") == 30


@pytest.mark.parametrize("wrapper", ["figure", "form"])
def test_where_little_is_found_beside_the_pages_paragraphs_slower_ways_are_tried(wrapper: str) -> None:
    lede = (
        f"<header class='story-header'><h1>Board meets</h1><p>{'A short lede of words stands here. ' * 10}</p></header>"
    )
    found = parse(f"<html><body><article>{lede}<section>{long_story(wrapper)}</section></article></body></html>")
    assert found.text.count("berth number") == 30


@pytest.mark.parametrize(
    ("box", "text"),
    [
        ("<div>The pier of Mayport<div>stayed open</div>Oldquay did not</div>", "Mayport stayed open Oldquay"),
        ("<div>Open:<div>Mayport</div><div>Oldquay</div>and no other pier</div>", "Open: Mayport Oldquay and"),
        ("<blockquote>We stay open<footer>the pier master</footer></blockquote>", "open"),
    ],
)
def test_words_of_two_boxes_are_two_words(box: str, text: str) -> None:
    found = " ".join(parse(page(body=BODY + box + BODY)).text.split())
    assert text in found
    for glued in ("Mayportstayed", "openOldquay", "MayportOldquay", "Open:Mayport", "openthe"):
        assert glued not in found


@pytest.mark.parametrize(
    "between",
    [
        "<ul><li>The Mayport pier was measured first.</li><li>The crane came last.</li></ul>",
        "<h2>What Mayport said</h2>",
        "<dl><dt>Mayport?</dt><dd>A pier of the harbour.</dd></dl>",
        "<blockquote>We shut Mayport for safety, the master said.</blockquote>",
        "<table><tr><td>Mayport</td><td>nine metres deep</td></tr></table>",
        "<div>Mayport stays shut until the spring, as far as anybody knows.</div>",
    ],
)
def test_what_stands_between_paragraphs_of_the_body_itself_is_the_storys_too(between: str) -> None:
    found = parse(f"<html><body><h1>Board meets</h1>{BODY}{between}{long_story()}</body></html>")
    assert "Mayport" in found.text


def test_the_language_is_that_of_the_text_and_not_of_its_first_sentence() -> None:
    quoted = "<p>„Wir haben den Kai geschlossen, weil niemand mehr wusste, wie lange er noch steht“, sagte er.</p>"
    assert parse(page(body=quoted + long_story())).language == "en"
    bulgarian = (
        "<p>Инженерите затвориха северния кей в сряда, след като водолази откриха пукнатини в пилотите.</p>"
        "<p>Огледът ще продължи три седмици, а корабите, които чакат, ще отидат в южния басейн.</p>"
        "<p>Министърът ще посети пристанището в понеделник, за да чуе инженерите от града.</p>"
    )
    assert parse(page(body=bulgarian, lang="bg")).language == "bg"


@pytest.mark.parametrize(
    ("line", "lang"),
    [
        ("14th of March 2026", "en"),
        ("Sat 14 Mar", "en"),
        ("Samstag, den 14. März 2026", "de"),
        ("Субота, 14 березня 2026 року", "uk"),
        ("Published: 14 March 2026, 18:30", "en"),
    ],
)
def test_a_line_that_is_a_date_is_not_the_lede(line: str, lang: str) -> None:
    html = page(body=f"<h1>Board meets</h1><p>{line}</p>{long_story()}", lang=lang)
    found = parse(html)
    assert found.text.startswith("The works committee heard 0")
    assert zones(found)[:3] == ["cut", "cut", "lede"]
    assert (found.lines[1].text, found.lines[1].reason) == (line, "byline")


def test_a_line_with_a_date_in_it_is_the_storys() -> None:
    shut = "On 14 March 2026 the pier was shut by order of the harbour master, and it has stayed so since that day."
    found = parse(page(body=f"<p>{shut}</p>{long_story()}"))
    assert found.text.startswith("On 14 March 2026")


def test_a_short_text_in_json_ld_is_the_story_where_the_page_shows_next_to_nothing() -> None:
    body = "The ferry company moved its timetable forward by a week, it said. Tickets may be changed without a fee."
    linked = f'<script type="application/ld+json">{{"@type": "NewsArticle", "articleBody": "{body}"}}</script>'
    for shown in ("<p>Loading the page, one moment please …</p>", ""):
        assert parse(page(head=linked, body=f"<h1>Ferry</h1>{shown}")).text == body


def test_a_live_blogs_entries_stand_in_its_data_where_the_page_shows_few() -> None:
    updates = [
        {
            "@type": "BlogPosting",
            "headline": f"Entry {n}",
            "datePublished": f"2026-11-20T1{n}:05:00Z",
            "articleBody": f"At the quay the clerk read out report {n}, which took an hour or more.",
        }
        for n in range(9, 0, -1)
    ]
    blog = {"@type": "LiveBlogPosting", "headline": "Quay talks, live", "liveBlogUpdate": updates}
    head = f'<script type="application/ld+json">{json.dumps(blog)}</script>'
    found = parse(page(head, "<h1>Quay talks, live</h1><p>Follow the talks at the quay here, from hour to hour.</p>"))
    assert found.text.split("\n")[:2] == ["19:05 Entry 9", updates[0]["articleBody"]]
    assert len(found.text.split("\n")) == 18


@pytest.mark.parametrize(
    "date", ["<time datetime='2026-11-20'>20 Nov, 09:30</time>", "<div class=when>20 Nov 2026</div>"]
)
def test_a_brief_has_its_lines_as_the_page_has_them(date: str) -> None:
    text = [
        "The mill at Alder has run on its second wheel since Monday, the miller said.",
        "The first is being mended.",
    ]
    body = f"<h1>Mill on its second wheel</h1>{date}<p>{text[0]}</p><p>{text[1]}</p>"
    found = parse(
        f"<html><head><title>Mill on its second wheel</title></head><body><article>{body}</article></body></html>"
    )
    assert found.text.split("\n") == text
    assert [(line.zone, line.reason) for line in found.lines if line.zone == "cut"] == [
        ("cut", "headline"),
        ("cut", "byline"),
    ]


@pytest.mark.parametrize("dated", ["26 Nov", "26 November 2026, 10:05", "26 листопада"])
def test_a_date_and_a_name_in_one_box_are_a_byline(dated: str) -> None:
    head = f"<h1>Quay</h1><div class=meta><time datetime=2026-11-26>{dated}</time> <span>Ann Bee</span></div>"
    brief = "<p>The quay was closed on Monday, the harbour board said.</p><p>Repairs will take three days.</p>"
    for body in (brief, BODY):
        found = parse(f"<html lang=en><body><main><article>{head}{body}</article></main></body></html>")
        assert "Ann Bee" not in found.text
        assert ("Ann Bee" in found.lines[0].text) == (found.lines[0].reason == "byline")


def test_a_time_before_what_happened_is_no_byline() -> None:
    body = "<p><time>26 Nov</time> ships came back</p>" + BODY
    assert parse(page(body=body)).text.startswith("26 Nov ships came back")


def test_the_day_is_read_off_the_pages_title_where_nothing_else_dates_it() -> None:
    found = parse(page("<title>Quay works begin | Ledger | 28.04.2026</title>"))
    assert [c.value for c in found.claims if c.field == "published_at"] == ["2026-04-28"]
    found = parse(page("<title>Quay works begin | Ledger 28</title>"))
    assert not [c for c in found.claims if c.field == "published_at"]


def of_state(script: str, shown: str = "<div id=root>Loading…</div>") -> str:
    head = '<meta property="og:title" content="Quay works begin at last">'
    return f"<html lang=en><head>{head}</head><body>{shown}{script}</body></html>"


DAYS = [f"On day {n} the clerk read out what had been spent on stone, timber and rope." for n in range(5)]


@pytest.mark.parametrize(
    "script",
    [
        '<script id="__NEXT_DATA__" type="application/json">{}</script>',
        '<script type="application/json">{}</script>',
    ],
)
@pytest.mark.parametrize(
    "story",
    [
        {"title": "Quay works begin at last", "body": "".join(f"<p>{p}</p>" for p in DAYS)},
        {"title": "Quay works begin at last", "blocks": [{"kind": "p", "text": p} for p in DAYS]},
        {"head": {"title": "Quay works begin at last"}, "content": DAYS},
    ],
)
def test_a_story_that_stands_in_the_pages_state_alone_is_read(script: str, story: dict[str, Any]) -> None:
    teasers = [{"title": f"Story {n}", "summary": f"A word on story {n} which stands beside this one."} for n in "abc"]
    state = {"page": {"story": story, "more": teasers, "buildId": "x" * 90}}
    assert parse(of_state(script.format(json.dumps(state)))).text.split("\n") == DAYS


def test_the_state_of_a_front_page_is_no_story() -> None:
    teasers = [{"title": f"Story {n}", "summary": DAYS[n], "url": f"/news/{n}"} for n in range(5)]
    script = (
        f'<script type="application/json">{json.dumps({"name": "Quay works begin at last", "list": teasers})}</script>'
    )
    with pytest.raises(NoStory):
        parse(of_state(script))


def test_the_state_is_not_taken_for_the_story_without_its_headline_or_beside_a_text() -> None:
    script = '<script type="application/json">{}</script>'
    other = {"title": "Another story of that day", "content": DAYS}
    with pytest.raises(NoStory):
        parse(of_state(script.format(json.dumps(other))))
    own = {"title": "Quay works begin at last", "content": DAYS}
    assert "On day" not in parse(of_state(script.format(json.dumps(own)), BODY)).text


@pytest.mark.parametrize("state", ["{", "[]", "null", "[" * 20_000, '"' + "a" * 100 + '"', '{"a": 1}'])
def test_a_state_that_holds_nothing_or_is_broken_does_no_harm(state: str) -> None:
    with pytest.raises(NoStory):
        parse(of_state(f'<script type="application/json">{state}</script>'))


@pytest.mark.parametrize(
    ("address", "link", "is_partial"),
    [
        ("/news/quay", "/news/quay?page=2", True),
        ("/news/quay", "/news/quay/2", True),
        ("/news/quay", "/news/quay/page/2/", True),
        ("/news/quay.html", "quay-2.html", True),
        ("/news/quay.html", "quay,seite-02.html", True),
        ("/news/quay?id=7", "?id=7&p=2", True),
        ("/news/1", "/news/2", False),
        ("/news/41", "/news/42", False),
        ("/news/quay", "/news/harbour-2", False),
        ("/news/quay", "/news/quay/comment-page-2", False),
        ("/news/quay", "/news/quay", False),
        ("/news/quay", "https://other.example/news/quay/2", False),
        ("/news/quay", "javascript:next(2)", False),
    ],
)
@pytest.mark.parametrize("element", ["<link rel=next href='{}'>", "<a rel='nofollow next' href='{}'>2</a>"])
def test_the_first_part_of_a_story_is_partial(element: str, address: str, link: str, *, is_partial: bool) -> None:
    html = page(body=BODY + element.format(link)) if element.startswith("<a") else page(element.format(link))
    assert parse(html, url=f"https://www.example.com{address}").is_partial == is_partial
