"""Word forms: all cases of Russian and Ukrainian phrases, and what cannot be inflected."""

from __future__ import annotations

import pytest

from newswatch.topics.inflection import LANGUAGES, forms, is_generated, stem


@pytest.mark.parametrize(
    ("phrase", "language", "some"),
    [
        ("Донецк", "ru", {"Донецка", "Донецку", "Донецком", "Донецке"}),
        ("Донецьк", "uk", {"Донецька", "Донецьку", "Донецькові", "Донецьком"}),
        ("Мариуполь", "ru", {"Мариуполя", "Мариуполю", "Мариуполем", "Мариуполе"}),
        ("Донецкая область", "ru", {"Донецкой области", "Донецкую область", "Донецкой областью"}),
        ("Донецька область", "uk", {"Донецької області", "Донецькій області", "Донецькою областю"}),
        ("договор о СНВ", "ru", {"договора о СНВ", "договором о СНВ"}),
        ("Запорожская АЭС", "ru", {"Запорожской АЭС", "Запорожскую АЭС"}),
        ("Донецкая народная республика", "ru", {"Донецкой народной республике"}),
        ("донецький", "uk", {"донецька", "донецького", "донецьких", "донецькою"}),
        ("переговоры", "ru", {"переговоров", "переговорам"}),
        ("завод", "uk", {"заводу", "заводами"}),
        ('"Шахтёр" из', "ru", {'"Шахтёра" из', '"Шахтёром" из'}),
        ("Владимир Путин", "ru", {"Владимира Путина", "Владимиром Путиным"}),
        ("село Донецкое", "ru", {"селе Донецком", "села Донецкого"}),
        ("Ростов-на-Дону", "ru", {"Ростова-на-Дону", "Ростове-на-Дону"}),
        ("Нью-Йорк", "ru", {"Нью-Йорке"}),
        ("МИД", "ru", {"МИДа", "МИДом"}),
        ("Донецька ОДА", "uk", {"Донецької ОДА", "Донецькій ОДА"}),
        ("Слов’янськ", "uk", {"Слов'янська"}),
        ("Донецкая\u00a0 область", "ru", {"Донецкой области"}),
        ("договір СНО-III", "uk", {"договору СНО-III", "договором СНО-III"}),
    ],
)
def test_all_case_forms(phrase: str, language: str, some: set[str]) -> None:
    found = forms(phrase, language)
    assert found[0] == " ".join(phrase.replace("’", "'").split())
    assert some <= set(found)


def test_adjective_and_noun_agree() -> None:
    found = set(forms("Донецкая область", "ru"))
    assert not found & {"Донецкая области", "Донецкой область", "Донецкий область", "Донецкими области"}


def test_an_abbreviation_is_no_common_noun() -> None:
    assert not {"Донецька ОДО", "Донецьким ОДАМ"} & set(forms("Донецька ОДА", "uk"))


def test_a_place_has_no_plural() -> None:
    assert not {"Донецки", "Донецков"} & set(forms("Донецк", "ru"))


def test_capitals_are_as_the_phrase_has_them() -> None:
    assert "Донецкой области" in forms("Донецкая область", "ru")
    assert "донецкой" in forms("донецкий", "ru")
    assert all(form.split(" ")[1].isupper() for form in forms("Запорожская АЭС", "ru"))


@pytest.mark.parametrize("phrase", ["мерах по сокращению", "Donetsk", "бежать"])
def test_what_is_no_nominative_is_named(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be inflected: .* the dictionary does"):
        forms(phrase, "ru")


@pytest.mark.parametrize(
    ("language", "same"),
    [
        ("en", ("missile", "missiles")),
        ("de", ("vertrag", "vertrags")),
        ("fr", ("ogive", "ogives")),
        ("es", ("ojiva", "ojivas")),
        ("pl", ("traktat", "traktatu")),
    ],
)
def test_elsewhere_words_go_by_their_stem(language: str, same: tuple[str, str]) -> None:
    assert not is_generated(language)
    assert len({stem(word, language) for word in same}) == 1
    assert forms(same[0], language) == (same[0],)


def test_every_language_that_is_offered_can_be_used() -> None:
    for language in LANGUAGES:
        assert is_generated(language) or stem("test", language)
