"""Regular expressions in topics: what they find, and those that are refused."""

from __future__ import annotations

import pytest

from newswatch.topics.regexes import PatternSet, check_pattern


def found(pattern: str, text: str, *, is_exact: bool = False) -> list[str]:
    return [text[start:end] for _, start, end in PatternSet([(pattern, is_exact)]).find(text)]


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
        ("Шахтёр", "Шахтер", ["Шахтер"]),
        ("слов’янськ", "слов'янськ", ["слов'янськ"]),
        ("1991–1995", "1991-1995", ["1991-1995"]),
        ("Donetsk", "Donetsk² x", ["Donetsk"]),
        ("ກຂ", "ກຂຄ", ["ກຂ"]),
        ("[а-я]{3}", "раз два\U0001f600 три", ["раз", "два", "три"]),
    ],
)
def test_matches_are_whole_words_with_true_offsets(pattern: str, text: str, expected: list[str]) -> None:
    check_pattern(pattern)
    assert found(pattern, text) == expected


def test_capitals_count_where_the_term_says() -> None:
    assert found("New START", "new start New START", is_exact=True) == ["New START"]


def test_one_pass_tells_which_of_many_are_there() -> None:
    patterns = PatternSet([(f"слово{n}", True) for n in range(500)])
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
        (r"\Cонецк", "write . for a character"),
        ("a{0,900}b", "100 is the most"),
        ("[ab]{0,90}" * 4, "300 for all together"),
        ("(a)\\1", "Nothing that backtracks is offered"),
        ("(?=New)New", "Nothing that backtracks is offered"),
        ("(Donetsk", "cannot be read: missing )"),
        ("(Donetsk)?", "matches nothing at all"),
        ("(a{90}){90}", "cannot be read"),
    ],
)
def test_bad_patterns_are_refused_with_the_way_out(pattern: str, says: str) -> None:
    with pytest.raises(ValueError) as error:
        check_pattern(pattern)
    assert says in str(error.value)


def test_patterns_too_large_together_are_looked_for_one_by_one() -> None:
    words = ("завод", "шахта", "школа", "театр", "музей", "вокзал", "рынок", "суд", "банк", "храм")
    many = [(f"Донецк(ий|ая|ое|ие) [\\pL -]{{2,60}} {word}", False) for word in words]
    assert [n for n, _, _ in PatternSet(many).find("Донецкая новая большая школа")] == [2]


@pytest.mark.parametrize("pattern", [r"a\*b", r"[*+]ab", r"\\\\work", r"\Qa*b\E", "[^]*]a{1,3}"])
def test_escaped_and_bracketed_signs_are_no_repetition(pattern: str) -> None:
    check_pattern(pattern)
