"""Folding: what is made alike, what stays apart, and where each character stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch.topics.folding import HYPHENS, SPACES, fold, is_boundary, is_end

ODD = st.sampled_from(
    [
        *"aéÉłßıİIςΣёЁйїΩ",
        *"\u0301\u0300\u0307\u0308\u00ad\u200b\ufeff",
        *"ⅢﬁＮ１²",
        *"«»“„’`",
        *" \t\n\u00a0\u2003",
        *"-–\u2011",
        "\ud83d",
    ]
)


@given(st.lists(st.one_of(ODD, st.characters()), max_size=60).map("".join))
def test_every_folded_character_has_its_place(text: str) -> None:
    folded = fold(text)
    assert len(folded.plain) == len(folded.low) == len(folded.bare)
    before = 0
    for i in range(len(folded.plain)):
        start, end = folded.original(i, i + 1)
        assert before <= start < end <= len(text)
        before = start


@given(st.lists(st.one_of(ODD, st.characters()), max_size=40).map("".join))
def test_a_span_goes_there_and_back(text: str) -> None:
    folded = fold(text)
    for i in range(len(folded.plain)):
        start, end = folded.folded(*folded.original(i, i + 1))
        assert start <= i < end


@pytest.mark.parametrize("space", list(SPACES))
def test_every_space_is_one(space: str) -> None:
    assert fold(f"New{space}START").plain == "New START"


@pytest.mark.parametrize("hyphen", list(HYPHENS))
def test_every_hyphen_is_one(hyphen: str) -> None:
    assert fold(f"СНВ{hyphen}III").plain == "СНВ-III"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("«Шахтёр»", '"Шахтер"'),
        ("„Start“ und ”Start”", '"Start" und "Start"'),
        ("Слов’янськ Слов`янськ Словʼянськ", "Слов'янськ Слов'янськ Слов'янськ"),
        ("Доне\u0301цк", "Донецк"),
        ("и\u0306од", "йод"),  # a decomposed letter is put together, and not a stress mark
        ("До\u00adнецк", "Донецк"),
        ("New  \u200b START", "New START"),
        ("СНВ-Ⅲ", "СНВ-III"),
        ("ﬁssile Ｎｅｗ", "fissile New"),
    ],
)
def test_what_is_made_alike(text: str, plain: str) -> None:
    assert fold(text).plain == plain


@pytest.mark.parametrize(
    ("text", "bare"),
    [("Mariúpol", "mariupol"), ("Ługańsk", "lugansk"), ("Київ й їжа", "київ й їжа"), ("ΆΛΦΑΣ", "αλφασ")],
)
def test_accents_are_of_latin_and_greek_letters_alone(text: str, bare: str) -> None:
    assert fold(text).bare == bare


def test_letters_put_together_are_folded_like_others() -> None:
    assert fold("I\u0307stanbul").low == "istanbul"
    assert fold("traite\u0301 Mariu\u0301pol").bare == "traite mariupol"
    assert fold("е\u0308лка").plain == "елка"


def test_a_roman_numeral_of_one_character_is_where_it_was() -> None:
    folded = fold("до СНВ-Ⅲ и")
    assert folded.original(7, 10) == (7, 8)


@pytest.mark.parametrize(
    ("text", "word", "stands"),
    [
        ("donetsk's", "donetsk", True),
        ("l'ukraine", "ukraine", True),
        ("слов'янськ", "слов", False),
        ("слов'янськ", "янськ", False),
        ("pro-donetsk-based", "donetsk", True),
        ("donetsk²", "donetsk", True),  # a note's number
        ("donetsk2", "donetsk", False),
        ("donetskaya", "donetsk", False),
        ("在顿涅茨克州", "顿涅茨克", True),
        ("ドネツク州", "ドネツク", True),
        ("ドネツクス", "ドネツク", False),
        ("도네츠크의", "도네츠크", True),  # with a particle
        ("신도네츠크", "도네츠크", False),
        ("ในโดเนตสก์", "โดเนตสก์", True),
        ("डोनेट्स्क", "डोनेट्स्क", True),
        ("डोनेट्स्की", "डोनेट्स्क", False),  # a vowel sign belongs to the word
        ("#donetsk", "donetsk", True),
    ],
)
def test_where_words_begin_and_end(text: str, word: str, stands: bool) -> None:
    at = text.index(word)
    assert (is_boundary(text, at) and is_end(text, at + len(word))) is stands
