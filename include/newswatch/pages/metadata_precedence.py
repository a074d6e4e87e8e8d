"""Precedence of metadata sources: which one is believed for which field, and why. Pure: claims in, values out.

**Headline.** Publishers give several: the one shown on the page, one for search engines, one for social networks.
The one that most independent sources give is believed, in the spelling of the first of `_TITLE_SOURCES` to give it.
Times: see `time_precedence`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from newswatch.pages.model import Claim, in_order
from newswatch.text import language, sanitise

_TITLE_SOURCES = {
    "json_ld": 2.0,
    "opengraph": 1.5,
    "h1": 2.0,
    "feed": 1.0,
    "microdata": 1.0,
    "twitter": 0.5,
    "title": 0.5,
}
_AUTHOR_SOURCES = ("json_ld", "microdata", "meta", "opengraph", "link", "feed")
_SECTION_SOURCES = ("json_ld", "microdata", "opengraph", "meta")
_LANGUAGE_SOURCES = ("html", "json_ld", "opengraph", "meta")
_PARTS = re.compile(r"\s+(?:[|–—·•»«›‹/:_-]|::|--)\s+|\s*[|｜]\s*|(?<=\w)[:：]\s*(?!\d)|(?<=[\u3040-\u9fff])[_-]")
_MARK_AFTER, _MARK_BEFORE = re.compile(r"\s*[|｜–—·•»«›‹/:：_-]"), re.compile(r"[|｜–—·•»«›‹/:：_-]\s*$")
_NO_LETTERS = re.compile(r"[\W_]+")
_NO_NAME = re.compile(r"https?://|@|^\W*$|\d{3}")
_BY = re.compile(r"^(?:by|von|par|por|di|door|av|текст|автор|автор:|текст:)\s*:?\s+", re.I)
_NAME_SEPARATOR = re.compile(r"\s*(?:;|\s\|\s|,|\s(?:and|und|et|y|e|и|та|і|&)\s)\s*")
MIN_TRUNCATED_CHARS = 40  # a title that another begins with, of this length, is the same one cut short
MAX_AUTHORS = 20


def letters_key(text: str) -> str:
    """A line's letters and digits, case-folded: lines with one key count as the same."""
    return _NO_LETTERS.sub("", text.casefold())


def titles(claims: Sequence[Claim]) -> list[str]:
    """Every title of the story: without the site's name, then as stated; of `h1` only one that is the page's only."""
    stated = [claim for claim in claims if claim.field == "title"]
    headings = [claim.value for claim in stated if claim.source == "h1"]
    return [
        *(title for _, title in _titles_without_site(claims, "")),
        *(claim.value for claim in stated if claim.source != "h1"),
        *(headings if len(headings) == 1 else ()),
    ]


def headline(claims: Sequence[Claim], url: str) -> tuple[str, str]:
    """The headline and its source; both empty where nobody gives one. `url`: the page's; its host may be in titles."""
    votes: dict[str, dict[str, str]] = {}
    for source, title in _titles_without_site(claims, url):
        votes.setdefault(letters_key(title), {}).setdefault(source, title)
    if not votes:
        return "", ""
    order = list(_TITLE_SOURCES)
    best = max(votes, key=lambda key: (_weight(key, votes), -min(map(order.index, votes[key]))))
    source = min(votes[best], key=order.index)
    return votes[best][source], source


def _titles_without_site(claims: Sequence[Claim], url: str) -> list[tuple[str, str]]:
    """Source and title without the site's name; an `h1` counts if another source echoes it, or all are of `h1`."""
    stated = [
        (claim.source, sanitise.line(claim.value))
        for claim in claims
        if claim.field == "title" and claim.source in _TITLE_SOURCES
    ]
    keys = {title: letters_key(title) for _, title in stated}
    stated = [(source, title) for source, title in stated if len(keys[title]) > 2]
    sites = {letters_key(claim.value) for claim in claims if claim.field == "site"} | {
        letters_key(urlsplit(url).hostname or "")
    }
    without_site = {title: _without_site(title, stated, sites) for _, title in stated}
    named = [(source, without_site[title]) for source, title in stated]
    has_heading_alone = all(source == "h1" for source, _ in named)
    return [
        (source, title) for source, title in named if source != "h1" or has_heading_alone or _is_echoed(title, named)
    ]


def _weight(key: str, votes: dict[str, dict[str, str]]) -> float:
    """The weights of the sources of this title, and of titles that are this one cut short."""
    same = [k for k in votes if k == key or (key.startswith(k) and _is_cut_short(k, votes[k].values()))]
    return sum(_TITLE_SOURCES[source] for source in {source for k in same for source in votes[k]})


def _is_cut_short(key: str, spellings: Iterable[str]) -> bool:
    """Whether a title that another begins with is that one cut short, and not a name or a kicker."""
    least = MIN_TRUNCATED_CHARS // 3 if language.UNSPACED.search(key) else MIN_TRUNCATED_CHARS
    return len(key) >= least or any(stated.endswith(("…", "...")) for stated in spellings)


def _without_site(title: str, stated: Sequence[tuple[str, str]], sites: set[str]) -> str:
    """The title without the site's name or the section's, where another source or the site's own name tells.

    A heading (`h1`) that is shorter than what stands beside it is such a name itself. One that is longer than another
    title is the headline in full: publishers shorten it for machines.
    """
    is_heading = ("h1", title) in stated
    for source, other in stated:
        if not len(other) < len(title) or letters_key(other) in sites:
            continue
        beginning, end = title[: len(other)], title[len(title) - len(other) :]
        is_name = source == "h1" and 2 * len(other) < len(title)
        if _alike(beginning, other) and _MARK_AFTER.match(title[len(other) :]) and not (is_name or is_heading):
            return beginning
        if _alike(end, other) and _MARK_BEFORE.search(title[: len(title) - len(other)]):
            if not is_name:
                return end
            sites = sites | {letters_key(other)}
    cuts = [(m.start(), m.end()) for m in _PARTS.finditer(title)]
    first = 0
    while cuts and _is_site(title[cuts[-1][1] :], sites):
        title = title[: cuts.pop()[0]]
    while cuts and ":" not in title[slice(*cuts[0])] and _is_site(title[first : cuts[0][0]], sites):  # "Kyiv: …"
        first = cuts.pop(0)[1]
    return title[first:]


def _alike(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _is_site(part: str, sites: set[str]) -> bool:
    key = letters_key(part)
    return len(key) > 2 and any(key == site or (len(key) > 3 and key in site) for site in sites)


def _is_echoed(title: str, titles_by_source: Sequence[tuple[str, str]]) -> bool:
    """Whether another source says much the same: a site's name or a box's heading is not echoed."""
    words, key = _words(title), letters_key(title)
    for source, other in titles_by_source:
        if source == "h1":
            continue
        other_words, other_key = _words(other), letters_key(other)
        common = len(words & other_words)
        if 2 * common >= len(words) > 0 and 3 * common >= len(other_words):
            return True
        if key in other_key and 3 * len(key) >= len(other_key):
            return True
        if key.startswith(other_key) and _is_cut_short(other_key, (other,)):
            return True
    return False


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def authors(claims: Sequence[Claim]) -> tuple[tuple[str, ...], str]:
    """Names of the first source that gives any, at most MAX_AUTHORS, and that source; both empty where none does."""
    for source in _AUTHOR_SOURCES:
        stated = [claim.value for claim in claims if claim.field == "author" and claim.source == source]
        names = [name for text in stated for name in _names(text)]
        if names:
            return tuple(dict.fromkeys(names))[:MAX_AUTHORS], source
    return (), ""


def _names(stated: str) -> list[str]:
    text = _BY.sub("", sanitise.line(stated, 300))
    parts = _NAME_SEPARATOR.split(text)
    if not all(2 <= len(part.split()) <= 5 for part in parts):  # "Reuters, Kyiv" is one name
        parts = [text]
    return [name for part in parts if (name := sanitise.line(part, 120)) and not _NO_NAME.search(name)]


def section(claims: Sequence[Claim]) -> str:
    """The rubric under which the publisher puts the story; empty where none is stated."""
    stated = in_order(claims, "section", _SECTION_SOURCES)
    return sanitise.line(stated[0].value, 120) if stated else ""


def language_claim(claims: Sequence[Claim]) -> str | None:
    """The ISO 639-1 code that the page claims, by its `lang` first: metadata are often a template's."""
    codes = (language.code_of(claim.value) for claim in in_order(claims, "language", _LANGUAGE_SOURCES))
    return next(filter(None, codes), None)
