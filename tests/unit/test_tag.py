"""The matcher: what it finds, where, and with which sentence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch.config import load_catalogue
from newswatch.settings import SHIPPED_CONFIG_DIR
from newswatch.tag import Matcher, normalise
from newswatch.topics import Examples, Term, Topic


def topic(id_: str, *terms: dict[str, Any]) -> Topic:
    examples = Examples(match=("x",), no_match=("y",))
    return Topic(id=id_, name=id_, description=id_, terms=tuple(Term(**t) for t in terms), examples=examples)


def surfaces(text: str, *terms: dict[str, Any], language: str | None = None) -> list[str]:
    return [m.surface for m in Matcher([topic("t", *terms)]).find("", text, language)]


PLACES = Matcher(
    [
        topic(
            "donetsk",
            {"text": "Donetsk", "variants": ["Donetsk region", "Донецьк*", "Донецк*"], "not_in": ["Shakhtar Donetsk"]},
        ),
        topic("new-start", {"text": "New START", "case": "exact"}, {"text": "СНВ-III", "case": "exact"}),
        topic("plant", {"text": "Zaporizhzhia plant", "near": ["nuclear", "reactor*"], "unless": ["steel*"]}),
    ]
)
PIECES = st.sampled_from(
    [
        *("Donetsk", "DONETSK", "Donetsk region", "Shakhtar Donetsk", "Донецька", "До\u0301нецк", "СНВ‑III"),
        *("New START", "New\u00a0START", "New-START", "Zaporizhzhia plant", "nuclear", "steel", "word", "слово"),
        *("…", "\u200b", "  ", "\n", "\n\n", ". ", "U.S. ", "İ", "é", "e\u0301", "«", "»", "😀", "'", "’"),
    ]
)
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", ", "])), max_size=14).map(
    lambda parts: "".join(a + b for a, b in parts)
)


@given(TEXTS, TEXTS, st.sampled_from([None, "en", "ru", "uk"]))
def test_offsets_point_at_the_surface_and_the_sentence_holds_it(title: str, text: str, language: str | None) -> None:
    for m in PLACES.find(title, text, language):
        where = title if m.zone == "headline" else text
        assert where[m.start : m.end] == m.surface != ""
        assert where[m.sentence_start : m.sentence_start + len(m.sentence)] == m.sentence
        assert m.sentence_start <= m.start
        assert m.end <= m.sentence_start + len(m.sentence)


@given(TEXTS)
def test_mentions_of_one_topic_never_overlap_and_come_in_reading_order(text: str) -> None:
    found = PLACES.find("", text, None)
    assert [m.start for m in found] == sorted(m.start for m in found)
    for id_ in {m.topic for m in found}:
        mine = [m for m in found if m.topic == id_]
        assert all(a.end <= b.start for a, b in pairwise(mine))


SHIPPED = load_catalogue(SHIPPED_CONFIG_DIR).topics
FORWARD, BACKWARD = Matcher(SHIPPED), Matcher(SHIPPED[::-1])
EXAMPLES = [text for t in SHIPPED for text in (*t.examples.match, *t.examples.no_match)]


@given(st.lists(st.sampled_from(EXAMPLES), min_size=1, max_size=5))
def test_the_order_of_topics_does_not_matter(sentences: list[str]) -> None:
    text = "\n".join(sentences)
    assert FORWARD.find("", text, None) == BACKWARD.find("", text, None)


def test_each_shipped_topic_alone_finds_what_all_together_find() -> None:
    text = "\n".join(EXAMPLES)
    together = FORWARD.find("", text, None)
    for t in SHIPPED:
        assert Matcher([t]).find("", text, None) == [m for m in together if m.topic == t.id]


def test_the_longest_of_overlapping_matches_counts() -> None:
    assert surfaces("In the Donetsk region today.", {"text": "Donetsk"}, {"text": "Donetsk region"}) == [
        "Donetsk region"
    ]


def test_two_topics_may_claim_the_same_words() -> None:
    found = Matcher([topic("a", {"text": "Donetsk"}), topic("b", {"text": "Donetsk region"})]).find(
        "", "Donetsk region", None
    )
    assert [(m.topic, m.surface) for m in found] == [("a", "Donetsk"), ("b", "Donetsk region")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Donetsk", 1),
        ("(Donetsk)", 1),
        ("Donetsk's", 1),
        ("Donetsk-based", 1),
        ("pro-Donetsk", 1),
        ("Donetskaya", 0),
        ("Donetsk2", 0),
        ("xDonetsk", 0),
        ("DONETSK", 1),
    ],
)
def test_a_term_is_a_whole_word(text: str, expected: int) -> None:
    assert len(surfaces(text, {"text": "Donetsk"})) == expected


@pytest.mark.parametrize(
    ("case", "text", "expected"),
    [
        ("exact", "New START holds", True),
        ("exact", "a new start holds", False),
        ("exact", "NEW START HOLDS", False),
        ("exact_unless_caps", "NEW START HOLDS", True),
        ("exact_unless_caps", "New start holds", False),
        ("any", "new start holds", True),
    ],
)
def test_capitals_count_as_the_term_says(case: str, text: str, expected: bool) -> None:
    assert bool(surfaces(text, {"text": "New START", "case": case})) is expected


@pytest.mark.parametrize(
    "text", ["New\u00a0START", "New-START", "New‑START", "New  START", "New\u200b START", "New\nSTART"]
)
def test_blanks_and_hyphens_are_alike_and_the_surface_is_what_stands_there(text: str) -> None:
    assert surfaces(f"The {text} treaty", {"text": "New START", "case": "exact"}) == [text]


@pytest.mark.parametrize("apostrophe", ["'", "’", "ʼ", "`"])
def test_apostrophes_are_alike(apostrophe: str) -> None:
    assert surfaces(f"Слов{apostrophe}янськ стоїть", {"text": "Слов'янськ"}) == [f"Слов{apostrophe}янськ"]


def test_stress_marks_of_cyrillic_are_read_over() -> None:
    assert surfaces("в Доне\u0301цке", {"text": "Донецк*"}) == ["Доне\u0301цке"]


def test_an_open_term_takes_the_whole_word() -> None:
    assert surfaces("у Донецькому", {"text": "Донецьк*"}) == ["Донецькому"]


def test_near_asks_for_a_word_in_the_same_sentence() -> None:
    near = {"text": "Zaporizhzhia plant", "near": ["nuclear", "reactor*"]}
    assert surfaces("The Zaporizhzhia plant lost its reactors.", near)
    assert not surfaces("The Zaporizhzhia plant stood still. Nuclear experts came.", near)
    assert not surfaces("The Zaporizhzhia plant makes pipes.", near)


def test_unless_forbids_a_word_in_the_same_sentence() -> None:
    unless = {"text": "Zaporizhzhia plant", "unless": ["steel*"]}
    assert not surfaces("The Zaporizhzhia plant rolls steelwork.", unless)
    assert surfaces("The Zaporizhzhia plant rests. Steel is dear.", unless)


def test_not_in_voids_only_what_lies_inside_the_phrase() -> None:
    club = {"text": "Donetsk", "not_in": ["Shakhtar Donetsk"]}
    assert surfaces("Shakhtar Donetsk flew out of Donetsk.", club) == ["Donetsk"]
    assert not surfaces("Shakhtar-Donetsk won.", club)
    assert surfaces("Shakhtar, Donetsk", club)


def test_a_language_of_a_term_holds_where_the_storys_is_known() -> None:
    term = {"text": "Старт", "language": "uk"}
    assert surfaces("Старт відклали", term, language="uk")
    assert not surfaces("Старт отложили", term, language="ru")
    assert surfaces("Старт", term, language=None)


def test_zones_tell_headline_first_paragraph_and_the_rest() -> None:
    found = PLACES.find("Donetsk today", "In Donetsk.\nNear Donetsk.", "en")
    assert [(m.zone, m.sentence) for m in found] == [
        ("headline", "Donetsk today"),
        ("lede", "In Donetsk."),
        ("body", "Near Donetsk."),
    ]


def test_initials_do_not_end_a_sentence() -> None:
    (found,) = PLACES.find("", "It began. The U.S. Senate saw Donetsk. It ended.", "en")
    assert found.sentence == "The U.S. Senate saw Donetsk."


@given(st.text(max_size=60))
def test_normalising_keeps_every_characters_place(text: str) -> None:
    normal = normalise(text)
    assert len(normal.plain) == len(normal.low)
    for i in range(len(normal.plain)):
        start, end = normal.original(i, i + 1)
        assert 0 <= start < end <= len(text)


def test_the_shipped_examples_are_read_from_the_shipped_folder() -> None:
    assert (Path(SHIPPED_CONFIG_DIR) / "topics.yaml").is_file()
    assert len(EXAMPLES) > 100


def test_a_mention_never_reaches_from_one_line_into_the_next() -> None:
    text = "The talks are called New\nSTART to our newsletter"
    assert PLACES.find("", text, "en", ["lede", "cut"]) == []
    assert PLACES.find("", text, "en", ["lede", "body"]) == []
    assert len(PLACES.find("", text, "en")) == 1  # a text that somebody wrapped
