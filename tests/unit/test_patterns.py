"""Regular expressions in topics: what they find, and those that are refused."""

from __future__ import annotations

import pytest

from newswatch.patterns import Patterns, check_pattern


def found(pattern: str, text: str, *, is_exact: bool = False) -> list[str]:
    return [text[start:end] for _, start, end in Patterns([(pattern, is_exact)]).find(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("СН[ВО][ -](III|3)", "до СНВ-III и СНО 3", ["СНВ-III", "СНО 3"]),
        ("ДСНВ", "ДСНВ ДСНВ, ДСНВ", ["ДСНВ"] * 3),
        ("СНВ.{0,4}", "СНВ-Париж СНВ-II", ["СНВ", "СНВ-II"]),  # the longest that ends with a word
        ("START (I|II)", "START II x START IIx", ["START II"]),
        ("Donetsk", "xDonetsk Donetskaya donetsk", ["donetsk"]),
        ("слов", "слов'янськ слов", ["слов"]),
        ("顿涅茨克", "在顿涅茨克州", ["顿涅茨克"]),
        ("[а-я]{3}", "раз два\U0001f600 три", ["раз", "два", "три"]),
    ],
)
def test_matches_are_whole_words_with_true_offsets(pattern: str, text: str, expected: list[str]) -> None:
    check_pattern(pattern)
    assert found(pattern, text) == expected


def test_capitals_count_where_the_term_says() -> None:
    assert found("New START", "new start New START", is_exact=True) == ["New START"]


def test_half_an_emoji_moves_nothing() -> None:
    assert found("Donetsk", "\ud83d в Donetsk") == ["Donetsk"]


def test_one_pass_tells_which_of_many_are_there() -> None:
    patterns = Patterns([(f"слово{n}", True) for n in range(500)])
    assert [n for n, _, _ in patterns.find("есть слово17 и слово400")] == [17, 400]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a+)+b", "repeats without end. Give it one"),
        ("a*b", "repeats without end"),
        ("ab{2,}", "repeats without end"),
        (r"\bDonetsk", "knows only the letters a to z"),
        (r"Donetsk\w{1,3}", "write [\\pL\\pN]"),
        (r"\d{4}", "write \\pN"),
        ("(a)\\1", "Nothing that backtracks is offered"),
        ("(?=New)New", "Nothing that backtracks is offered"),
        ("(Donetsk", "cannot be read: missing )"),
        ("(Donetsk)?", "matches nothing at all"),
        ("(a{900}){900}", "cannot be read"),
    ],
)
def test_bad_patterns_are_refused_with_the_way_out(pattern: str, says: str) -> None:
    with pytest.raises(ValueError) as error:
        check_pattern(pattern)
    assert says in str(error.value)


@pytest.mark.parametrize("pattern", [r"a\*b", r"[*+]ab", r"\\\\work", r"\Qa*b\E", "[^]*]a{1,3}"])
def test_escaped_and_bracketed_signs_are_no_repetition(pattern: str) -> None:
    check_pattern(pattern)
