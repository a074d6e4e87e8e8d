"""The matcher: what it finds, where, and with which sentence."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newswatch.config.catalogue import load_catalogue
from newswatch.settings import SHIPPED_CONFIG_DIR
from newswatch.topics.matcher import Matcher, about
from newswatch.topics.schema import Topic


def topic(id_: str, *terms: dict[str, Any]) -> Topic:
    examples = {"match": ["x"], "no_match": ["y"]}
    return Topic.model_validate({"id": id_, "name": id_, "description": id_, "terms": terms, "examples": examples})


def surfaces(text: str, *terms: dict[str, Any], language: str | None = None) -> list[str]:
    return [m.surface for m in Matcher([topic("t", *terms)]).find("", text, language)]


PLACES_TOPICS = [
    topic(
        "donetsk",
        {"text": "Donetsk", "variants": ["Donetsk region", "Донецьк*", "Донецк*"], "not_in": ["Shakhtar Donetsk"]},
    ),
    topic("new-start", {"text": "New START", "case": "exact"}, {"text": "СНВ-III", "case": "exact"}),
    topic(
        "plant",
        {
            "text": "Zaporizhzhia plant",
            "near": [{"words": ["nuclear", "reactor*"]}],
            "unless": [{"words": ["steel*"], "within": 6}],
        },
    ),
    topic(
        "inflected",
        {"text": "Донецкая область", "inflection": "ru"},
        {"text": "missile treaty", "inflection": "en"},
    ),
    topic("alike", {"text": "Mariupol", "letters": "alike"}, {"pattern": "СН[ВО][- ](III|3)"}),
    topic("group", {"any": [{"text": "Donetsk"}], "all": [{"text": "nuclear"}], "none": [{"text": "steel"}]}),
]
PLACES = Matcher(PLACES_TOPICS)
PIECES = st.sampled_from(
    [
        *("Donetsk", "DONETSK", "Donetsk region", "Shakhtar Donetsk", "Донецька", "До\u0301нецк", "СНВ‑III"),
        *("Донецкой области", "Missile Treaties", "Mariúpol", "Ｎew START", "СНВ-Ⅲ", "«Шахтёр»"),
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
        assert where[m.sentence_start : m.sentence_end] == m.sentence
        assert m.sentence_start <= m.start
        assert m.end <= m.sentence_end


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
    near = {"text": "Zaporizhzhia plant", "near": [{"words": ["nuclear", "reactor*"]}]}
    assert surfaces("The Zaporizhzhia plant lost its reactors.", near)
    assert not surfaces("The Zaporizhzhia plant stood still. Nuclear experts came.", near)
    assert not surfaces("The Zaporizhzhia plant makes pipes.", near)


def test_unless_forbids_a_word_in_the_same_sentence() -> None:
    unless = {"text": "Zaporizhzhia plant", "unless": [{"words": ["steel*"]}]}
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


def test_the_shipped_examples_are_read_from_the_shipped_folder() -> None:
    assert (Path(SHIPPED_CONFIG_DIR) / "topics.yaml").is_file()
    assert len(EXAMPLES) > 100


def test_a_mention_never_reaches_from_one_line_into_the_next() -> None:
    text = "The talks are called New\nSTART to our newsletter"
    assert PLACES.find("", text, "en", ["lede", "cut"]) == []
    assert PLACES.find("", text, "en", ["lede", "body"]) == []
    assert len(PLACES.find("", text, "en")) == 1  # a text that somebody wrapped


def test_a_hyphen_of_a_term_is_a_hyphen_and_a_space_is_either() -> None:
    assert surfaces("СНВ-III, СНВ III, СНВ‑III", {"text": "СНВ-III"}) == ["СНВ-III", "СНВ‑III"]
    assert surfaces("СНВ-III, СНВ III", {"text": "СНВ III"}) == ["СНВ-III", "СНВ III"]
    start_up = {"text": "New START", "case": "exact", "not_in": ["New START-up"]}
    assert surfaces("New START-up, with New START up for renewal", start_up) == ["New START"]


@pytest.mark.parametrize(
    ("letters", "text", "expected"),
    [
        ("exact", "Mariúpol", False),
        ("alike", "Mariúpol", True),
        ("alike", "MARIÚPOL", True),
        ("alike", "Mariupol", True),
    ],
)
def test_accents_count_as_the_term_says(letters: str, text: str, expected: bool) -> None:
    assert bool(surfaces(text, {"text": "Mariupol", "letters": letters})) is expected


def test_accents_and_capitals_are_two_things() -> None:
    term = {"text": "Nuevo START", "letters": "alike", "case": "exact"}
    assert surfaces("Nuévo START, nuevo start", term) == ["Nuévo START"]


def test_ё_is_е() -> None:
    assert surfaces("Шахтёр, шахтер", {"text": "шахтёр"}) == ["Шахтёр", "шахтер"]


def test_an_inflected_term_finds_all_its_cases_with_capitals_as_they_were_written() -> None:
    term = {"text": "Донецкая область", "inflection": "ru", "case": "exact"}
    text = "В Донецкой области, над Донецкой областью, донецкой областью, Донецкой областей"
    assert surfaces(text, term) == ["Донецкой области", "Донецкой областью"]


def test_elsewhere_words_of_the_same_stem_are_found_one_after_the_other() -> None:
    term = {"text": "missile treaty", "inflection": "en"}
    text = "Missile treaties, a missile-treaty, the missiles' treaty, a missile in a treaty, missilery treaty"
    assert surfaces(text, term) == ["Missile treaties", "missile-treaty"]
    assert surfaces("Der Atomvertrag, des Vertrags, die Verträge", {"text": "Vertrag", "inflection": "de"}) == [
        "Vertrags",
        "Verträge",
    ]


def test_a_possessive_is_no_other_word() -> None:
    assert surfaces("The treaty's end", {"text": "treaty", "inflection": "en"}) == ["treaty"]


@pytest.mark.parametrize(
    ("within", "text", "expected"),
    [
        (1, "Donetsk Shakhtar", True),
        (1, "«Shakhtar» (Donetsk)", True),
        (1, "Shakhtar of Donetsk", False),
        (2, "Shakhtar of Donetsk", True),
        (2, "Shakhtar left for Donetsk", False),
        ("sentence", "Shakhtar played on. Donetsk slept.", False),
        ("sentence", "Shakhtar played on while Donetsk slept.", True),
        ("paragraph", "Shakhtar played on. Donetsk slept.", True),
        ("paragraph", "Shakhtar played on.\nDonetsk slept.", False),
    ],
)
def test_near_counts_words_in_the_sentence_or_looks_through_the_paragraph(
    within: int | str, text: str, expected: bool
) -> None:
    term = {"text": "Donetsk", "near": [{"words": ["Shakhtar"], "within": within}]}
    assert bool(surfaces(text, term)) is expected
    term = {"text": "Donetsk", "unless": [{"words": ["Shakhtar"], "within": within}]}
    assert bool(surfaces(text, term)) is not expected


@pytest.mark.parametrize(
    ("side", "text", "expected"),
    [
        ("before", "Shakhtar Donetsk", True),
        ("before", "Donetsk Shakhtar", False),
        ("after", "Donetsk Shakhtar", True),
        ("after", "Shakhtar Donetsk", False),
    ],
)
def test_words_may_be_asked_for_on_one_side(side: str, text: str, expected: bool) -> None:
    term = {"text": "Donetsk", "near": [{"words": ["Shakhtar"], "within": 1, "side": side}]}
    assert bool(surfaces(text, term)) is expected


def test_every_near_has_to_be_there() -> None:
    term = {"text": "treaty", "near": [{"words": ["Obama"]}, {"words": ["Medvedev", "Moscow"]}]}
    assert surfaces("The treaty of Obama and Medvedev", term)
    assert not surfaces("The treaty of Obama", term)


def test_words_inside_the_match_speak_against_it_but_not_for_it() -> None:
    term = {"pattern": "Донецк(ой|ую) [а-я]{2,20}", "unless": [{"words": ["улица"], "inflection": "ru"}]}
    assert surfaces("В Донецкой опере", term)
    assert not surfaces("На Донецкой улице", term)
    assert not surfaces("New START treaty", {"text": "New START treaty", "near": [{"words": ["treaty"]}]})


def test_capitals_of_a_word_beside_may_count() -> None:
    club = {"text": "Донецк", "inflection": "ru", "unless": [{"words": ["Шахтёр"], "case": "exact", "within": 1}]}
    assert not surfaces("Шахтер Донецк победил", club)
    assert surfaces("шахтёр Донецка победил", club)


def test_quotation_marks_are_alike() -> None:
    club = {"text": "Донецк", "unless": [{"words": ['"Шахтер"'], "within": 1}]}
    for text in ("«Шахтёр» Донецк", "„Шахтер“ (Донецк)", "Донецк, “Шахтёр”", '"Шахтер" Донецк'):
        assert not surfaces(text, club), text
    assert surfaces("шахтёр, Донецк", club)


def test_zones_of_a_term_are_the_only_places_where_it_counts() -> None:
    matcher = Matcher([topic("t", {"text": "Donetsk", "zones": ["headline", "caption"]})])
    found = matcher.find(
        "Donetsk", "Donetsk lede\nDonetsk body\nDonetsk seen from above", "en", ["lede", "body", "caption"]
    )
    assert [m.zone for m in found] == ["headline", "caption"]


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Strikes", "Donetsk was hit. A missile fell.", ["Donetsk"]),
        ("A missile falls", "Donetsk slept.", ["Donetsk"]),  # AND looks through the whole story
        ("Drones", "Donetsk was hit by rockets.", ["Donetsk"]),  # OR within AND
        ("Strikes", "Donetsk was hit.", []),
        ("Strikes", "Donetsk was hit. A missile fell. Football went on.", []),  # NOT
        ("Strikes", "A missile fell.", []),
    ],
)
def test_terms_count_together_over_the_whole_story(title: str, text: str, expected: list[str]) -> None:
    group = {
        "any": [{"text": "Donetsk"}],
        "all": [{"any": [{"text": "missile"}, {"text": "rockets"}]}],
        "none": [{"text": "football"}],
    }
    matcher = Matcher([topic("t", group)])
    assert [m.surface for m in matcher.find(title, text, "en")] == expected


def test_a_group_without_any_has_the_words_of_all_for_its_proof() -> None:
    group = {"all": [{"text": "Donetsk"}, {"text": "missile"}]}
    assert surfaces("A missile hit Donetsk", group) == ["missile", "Donetsk"]


def test_a_group_and_a_lone_term_do_not_hold_each_other_back() -> None:
    matcher = Matcher([topic("t", {"text": "Kyiv"}, {"all": [{"text": "Donetsk"}, {"text": "missile"}]})])
    assert [m.surface for m in matcher.find("", "Kyiv and Donetsk", "en")] == ["Kyiv"]


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Donetsk", "Nothing.", True),
        ("Nothing", "Donetsk.\nNothing.", True),
        ("Nothing", "Nothing.\nDonetsk.", False),
        ("Nothing", "Nothing.\nDonetsk. Donetsk. Donetsk.", True),
    ],
)
def test_a_story_is_about_what_its_headline_lede_or_three_mentions_name(title: str, text: str, expected: bool) -> None:
    assert ("t" in about(Matcher([topic("t", {"text": "Donetsk"})]).find(title, text, "en"))) is expected


def test_of_an_endless_sentence_the_part_around_the_match_is_the_proof() -> None:
    text = "word " * 4000 + "Donetsk" + " word" * 4000
    (found,) = Matcher([topic("t", {"text": "Donetsk"})]).find("", text, "en")
    assert len(found.sentence) <= 1000
    assert "word Donetsk word" in found.sentence
    assert text[found.sentence_start : found.sentence_end] == found.sentence


def test_a_pattern_has_a_name_and_gives_way_to_a_wording_of_the_same_place() -> None:
    named = {"pattern": "Донецк(ой|ую) [а-я]{2,20}", "name": "Донецкий …"}
    area = {"text": "Донецкая область", "inflection": "ru"}
    for terms in ([named, area], [area, named]):
        found = Matcher([topic("t", *terms)]).find("", "В Донецкой области, в Донецкой опере", "ru")
        assert [m.term for m in found] == ["Донецкая область", "Донецкий …"]


@pytest.mark.parametrize(
    "term",
    [
        {"text": "Évian", "case": "exact", "letters": "alike"},
        {"text": "Evian", "case": "exact", "letters": "alike"},
        {"text": "Évian", "case": "exact_unless_caps", "letters": "alike"},
    ],
)
def test_a_term_with_accents_finds_itself_where_they_do_not_count(term: dict[str, Any]) -> None:
    assert surfaces("à Évian", term) == ["Évian"]


def test_a_word_beside_may_have_accents_and_mind_capitals() -> None:
    near = {"text": "Macron", "near": [{"words": ["Élysée"], "case": "exact"}]}
    assert surfaces("Macron à l'Élysée", near)
    assert not surfaces("Macron à l'élysée", near)


@pytest.mark.parametrize("text", ["Mariu\u0301pol", "Mariúpol"])
def test_accents_that_stand_apart_are_accents(text: str) -> None:
    assert surfaces(text, {"text": "Mariúpol"}) == [text]
    assert surfaces(text, {"text": "Mariupol", "letters": "alike"}) == [text]


def test_a_dotted_capital_i_moves_no_offset() -> None:
    (found,) = PLACES.find("", "I\u0307stanbul'da Donetsk", None)[:1]
    assert found.surface == "Donetsk"


def test_stems_keep_to_the_rules_of_hyphens_and_accents() -> None:
    assert not surfaces("the start up", {"text": "start-up", "inflection": "en"})
    assert surfaces("the start-ups", {"text": "start-up", "inflection": "en"}) == ["start-ups"]
    assert surfaces("obwod doniecki", {"text": "obwód doniecki", "inflection": "pl", "letters": "alike"})


def test_a_longer_phrase_may_go_over_the_end_of_a_sentence() -> None:
    assert not surfaces("The film Who? Donetsk is out.", {"text": "Donetsk", "not_in": ["Who? Donetsk"]})


def test_accents_of_a_longer_phrase_count_as_the_terms_do() -> None:
    assert surfaces("à New START", {"text": "New START", "not_in": ["a New START"]})
    alike = {"text": "Mariupol", "letters": "alike", "not_in": ["calle Mariupol"]}
    assert not surfaces("en la calle Mariúpol", alike)


def test_an_undetermined_language_is_none() -> None:
    term = {"text": "Donetsk", "language": "ru"}
    assert surfaces("Donetsk", term, language="und") == ["Donetsk"]


def test_vowel_signs_do_not_part_words_that_are_counted() -> None:
    near = {"text": "रूस", "near": [{"words": ["डोनेट्स्क"], "within": 2}]}
    assert surfaces("रूस क्षेत्र डोनेट्स्क", near)


def test_half_a_character_costs_nothing() -> None:
    (found,) = PLACES.find("\ud800", "\ud800 Donetsk", None)[:1]
    assert (found.surface, found.start) == ("Donetsk", 2)


def test_a_name_of_two_words_is_declined_whole() -> None:
    term = {"text": "Станица Луганская", "inflection": "ru"}
    assert surfaces("в Станице Луганской, из Станицы Луганской", term) == ["Станице Луганской", "Станицы Луганской"]


ODDITIES = st.sampled_from(
    [
        *(
            "Donetsk ",
            "Donetsk nuclear ",
            "Shakhtar Donetsk ",
            "U.S. A.B.C. ",
            "Donetsk. ",
            "donetsk",
            "New Star New STAR ",
        ),
        *(
            "СНВ-3 ",
            " \u00a0\n",
            "e\u0301",
            "а'",
            "«Шахтёр» Донецк ",
            "Zaporizhzhia plant ",
            "steel ",
            "\n",
            "…",
            "А. ",
        ),
    ]
)


@settings(max_examples=20, deadline=None)
@given(st.lists(ODDITIES, min_size=1, max_size=3).map("".join))
def test_ten_times_the_text_takes_about_ten_times_as_long(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        times = []
        for _ in range(3):
            began = time.perf_counter()
            PLACES.find("", text, None)
            times.append(time.perf_counter() - began)
        return min(times)

    short, long = seconds(10_000), seconds(100_000)
    assert long < 40 * short + 0.1  # a square would be a hundred times


ALONE = {t.id: Matcher([t]) for t in PLACES_TOPICS}


@given(TEXTS, TEXTS, st.permutations(PLACES_TOPICS))
def test_a_topic_finds_the_same_in_any_company_and_order(title: str, text: str, topics: list[Topic]) -> None:
    together = Matcher(topics).find(title, text, None)
    assert together == PLACES.find(title, text, None)
    for id_, alone in ALONE.items():
        assert alone.find(title, text, None) == [m for m in together if m.topic == id_]


WEAK = {"text": "New Start", "case": "exact", "near": [{"words": ["warhead*"], "within": "story"}]}


def test_a_word_anywhere_in_the_story_is_near_it_headline_included() -> None:
    matcher = Matcher([topic("t", WEAK)])
    assert matcher.find("New Start Ends", "Nobody counts warheads now.\nGood night.", None)
    assert matcher.find("Warheads", "It rained.\nNew Start is over.", None)
    assert not matcher.find("New Start for farmers", "It rained.", None)
    assert not matcher.find("New Start", "Read next: warheads.\nIt rained.", None, ["cut", "body"])


def test_a_word_anywhere_in_the_story_speaks_against_it() -> None:
    term = {"text": "Donetsk", "unless": [{"words": ["striker"], "within": "story"}]}
    matcher = Matcher([topic("t", term)])
    assert not matcher.find("Donetsk sign a striker", "He arrives in Donetsk today.", None)
    assert matcher.find("Donetsk is dark", "There is no light in the city.", None)


def test_a_whole_story_has_no_side() -> None:
    with pytest.raises(ValueError, match="no side"):
        topic("t", {"text": "Donetsk", "near": [{"words": ["war"], "within": "story", "side": "before"}]})


@pytest.mark.parametrize(
    "text",
    [
        *("See https://example.org/donetsk/today", "Write to press@donetsk.example.", "By @donetsk_desk, with others"),
        *("At www.donetsk.example you find more", "t.me/donetsk_desk has a map", "(example.com/Donetsk)"),
    ],
)
def test_an_address_mentions_nothing(text: str) -> None:
    assert surfaces(text, {"text": "Donetsk"}) == []


@pytest.mark.parametrize(
    "text", ["In Donetsk.Then", "Luhansk/Donetsk", "#Donetsk", "Donetsk: see https://example.org/"]
)
def test_what_only_looks_like_an_address_is_found(text: str) -> None:
    assert surfaces(text, {"text": "Donetsk"}) == ["Donetsk"]


@pytest.mark.parametrize(
    ("text", "term", "surface"),
    [
        ("Tonight #DonetskRegion", "Donetsk region", "DonetskRegion"),
        ("It ends #New_START_now", "New START", "New_START"),
        ("Конец #СНВ3", "СНВ 3", "СНВ3"),
        ("We met in Do-\nnetsk today", "Donetsk", "Do-\nnetsk"),
        ("A Donetsk-\nbased unit", "Donetsk", "Donetsk"),
        ("A unit from non-\ndonetsk towns", "donetsk", "donetsk"),
        ("Взрывы в Дoнeцке", "Донецке", "Дoнeцке"),
        ("Срок CНВ-3 истёк", "СНВ 3", "CНВ-3"),
        ("The New SТАRТ treaty", "New START", "New SТАRТ"),
    ],
)
def test_words_that_are_disguised_are_read(text: str, term: str, surface: str) -> None:
    assert surfaces(text, {"text": term}) == [surface]


def test_a_word_with_letters_of_two_scripts_that_look_like_none_of_the_other_stays() -> None:
    assert surfaces("Он купил iPhoneом", {"text": "iPhoneом"}) == ["iPhoneом"]


def test_overlapping_matches_are_one_mention_over_all_that_they_cover() -> None:
    terms = ({"text": "договор СНВ", "inflection": "ru"}, {"text": "СНВ III"}, {"text": "III сессия"})
    assert surfaces("Срок договора СНВ-III истёк.", *terms) == ["договора СНВ-III"]
    assert surfaces("договора СНВ-III сессия; СНВ-III", *terms) == ["договора СНВ-III сессия", "СНВ-III"]
    (mention,) = Matcher([topic("t", *terms)]).find("", "Срок договора СНВ-III истёк.", "ru")
    assert mention.term == "договор СНВ"
