"""Precedence of metadata sources for names, section and language: which one is believed. Pure: claims in, values out.

Titles: see `title_precedence`; times: see `time_precedence`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from newswatch.pages.model import Claim, in_order
from newswatch.text import language, sanitise

_AUTHOR_SOURCES = ("json_ld", "microdata", "meta", "opengraph", "link", "feed")
_SECTION_SOURCES = ("json_ld", "microdata", "opengraph", "meta")
_LANGUAGE_SOURCES = ("html", "json_ld", "opengraph", "meta")
BYLINE = re.compile(r"^(?:by|von|par|por|di|door|av|текст|автор|автор:|текст:)\s*:?\s+", re.I)
_NO_NAME = re.compile(r"https?://|@|^\W*$|\d{3}")
_NAME_SEPARATOR = re.compile(r"\s*(?:;|\s\|\s|,|\s(?:and|und|et|y|e|и|та|і|&)\s)\s*")
MAX_AUTHORS = 20
MAX_NAME_WORDS = 5


def authors(claims: Sequence[Claim]) -> tuple[tuple[str, ...], str]:
    """Names of the first source that gives any, at most MAX_AUTHORS, and that source; both empty where none does."""
    for source in _AUTHOR_SOURCES:
        stated = [claim.value for claim in claims if claim.field == "author" and claim.source == source]
        names = [name for text in stated for name in _names(text)]
        if names:
            return tuple(dict.fromkeys(names))[:MAX_AUTHORS], source
    return (), ""


def _names(stated: str) -> list[str]:
    text = BYLINE.sub("", sanitise.line(stated, 300))
    parts = _NAME_SEPARATOR.split(text)
    if not all(2 <= len(part.split()) <= 5 for part in parts):  # "Reuters, Kyiv" is one name
        parts = [text]
    return [name for part in parts if (name := sanitise.line(part, 120)) and not _NO_NAME.search(name)]


def is_name(text: str) -> bool:
    """Whether a text may be a name: a few words, none of which begins with a small letter or a digit."""
    words = re.findall(r"[\w'’.-]+", BYLINE.sub("", text.strip()))
    return 0 < len(words) <= MAX_NAME_WORDS and not any(word[0].islower() or word[0].isdigit() for word in words)


def section(claims: Sequence[Claim]) -> str:
    """The rubric under which the publisher puts the story; empty where none is stated."""
    stated = in_order(claims, "section", _SECTION_SOURCES)
    return sanitise.line(stated[0].value, 120) if stated else ""


def language_claim(claims: Sequence[Claim]) -> str | None:
    """The ISO 639-1 code that the page claims, by its `lang` first: metadata are often a template's."""
    codes = (language.code_of(claim.value) for claim in in_order(claims, "language", _LANGUAGE_SOURCES))
    return next(filter(None, codes), None)
