"""Languages: codes of claims, detection, and who is believed."""

from __future__ import annotations

import pytest

from newswatch.text import language

TEXTS = {
    "en": "The harbour board met in the old customs house on Tuesday and heard three reports on the state of the quay.",
    "ru": "Портовый совет собрался во вторник в старом здании таможни и выслушал три доклада о состоянии причала.",
    "uk": "Портова рада зібралася у вівторок у старій будівлі митниці та заслухала три доповіді про стан причалу.",
    "de": "Der Hafenrat tagte am Dienstag im alten Zollhaus und hörte drei Berichte über den Zustand der Kaimauer.",
    "fr": "Le conseil du port s'est réuni mardi dans l'ancienne douane et a entendu trois rapports sur l'état du quai.",
    "es": "La junta del puerto se reunió el martes en la antigua aduana y escuchó tres informes sobre el muelle.",
    "pl": "Rada portu zebrała się we wtorek w starym urzędzie celnym i wysłuchała trzech raportów o stanie nabrzeża.",
}


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_a_paragraph_tells_its_language(code: str, text: str) -> None:
    assert language.detected(text) == code


@pytest.mark.parametrize("text", ["", "Quay", "12 34 56 " * 40, "a" * 79])
def test_a_text_too_short_or_of_no_language_tells_none(text: str) -> None:
    assert language.detected(text) is None


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("en-GB", "en"),
        ("uk_UA", "uk"),
        ("ua", "uk"),
        ("nb-NO", "no"),
        ("RU", "ru"),
        ("und", None),
        ("mul", None),
        ("ukr", None),
        ("", None),
        ("x", None),
        ("  de", "de"),
    ],
)
def test_a_claim_is_read_as_a_code(claim: str, code: str | None) -> None:
    assert language.code_of(claim) == code


@pytest.mark.parametrize(
    ("claim", "found", "expected"),
    [
        ("en", "en", ("en", "page")),
        ("en", "uk", ("uk", "text")),
        ("en", None, ("en", "page")),
        (None, "uk", ("uk", "text")),
        (None, None, (None, "")),
        ("no", "da", ("no", "page")),
        ("hr", "sr", ("hr", "page")),
        ("ru", "uk", ("uk", "text")),
    ],
)
def test_the_pages_claim_stands_unless_the_text_is_certainly_in_another_language(
    claim: str | None, found: str | None, expected: tuple[str | None, str]
) -> None:
    assert language.believed(claim, found) == expected
