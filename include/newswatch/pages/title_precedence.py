"""Precedence of titles: which of a story's stated headlines is believed, and in which spelling. Pure.

Publishers give several: the one shown on the page, one for search engines, one for social networks. The one that most
independent sources give is believed, in the spelling of the first of `_SOURCES` to give it. What a title carries beside
the headline (the site's name, the section, the author) is taken off first; it is known by the page's other claims, by
its address, and by standing apart: behind a mark that is in no quotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from newswatch.pages.metadata_precedence import BYLINE, is_name
from newswatch.pages.model import Claim
from newswatch.text import date_parsing, language, sanitise
from newswatch.text.sanitise import letters_key

_SOURCES = {
    "json_ld": 2.0,
    "opengraph": 1.5,
    "h1": 2.0,
    "feed": 1.0,
    "microdata": 1.0,
    "twitter": 0.5,
    "title": 0.5,
}
_ALONE = r"""\s+[^\w\s"'“”„‟‘’‚().,;!?&+%…]{1,2}\s+"""  # a mark between blanks: "- ", "*", "::"
_MARK = re.compile(rf"{_ALONE}|\s*[|｜–—·•»«›‹/:：_-]+\s*")  # where another title may begin or end
_PART = re.compile(rf"{_ALONE}|\s*[|｜]\s*|(?<=\S)[:：]\s*(?!\d)|(?<=[\u3040-\u9fff])[_-]")  # where a name may
_QUOTED = re.compile('«[^«»]*»|»[^«»]*«|‹[^‹›]*›|›[^‹›]*‹|“[^“”]*”|„[^„“”]*[“”]|"[^"]*"|「[^「」]*」|『[^『』]*』')
_QUOTES = "\"'“”„‟‘’‚«»‹›「『"
_SAME_QUOTES = str.maketrans({**dict.fromkeys("‘’‚ʼ´`", "'"), **dict.fromkeys("“”„‟«»", '"')})
_OPEN_END = re.compile(r"[|｜–—:：_-]$")  # of a title that was cut, as by a quotation mark in its attribute
_COLON = re.compile("[:：]")
_PIPE = re.compile("[|｜]")
MIN_TRUNCATED_CHARS = 40  # a title that another begins with, of this length, is the same one cut short
MAX_SECTION_WORDS = 3


@dataclass(frozen=True, slots=True)
class _Names:
    """What may stand in titles and is no headline, as `letters_key`s, and the words of the page's address."""

    sites: frozenset[str]
    sections: frozenset[str]
    slug: frozenset[str]


def titles(claims: Sequence[Claim]) -> list[str]:
    """Every title of the story: without the site's name, then as stated; of `h1` only one that is the page's only."""
    stated = [claim for claim in claims if claim.field == "title"]
    headings = [claim.value for claim in stated if claim.source == "h1"]
    return [
        *(title for _, title in _headlines(claims, "")),
        *(claim.value for claim in stated if claim.source != "h1"),
        *(headings if len(headings) == 1 else ()),
    ]


def headline(claims: Sequence[Claim], url: str) -> tuple[str, str]:
    """The headline and its source; both empty where nobody gives one. `url`: the page's; its host may be in titles."""
    votes: dict[str, dict[str, str]] = {}
    for source, title in _headlines(claims, url):
        votes.setdefault(letters_key(title), {}).setdefault(source, title)
    if not votes:
        return "", ""
    order = list(_SOURCES)
    best = max(votes, key=lambda key: (_weight(key, votes), -min(map(order.index, votes[key]))))
    source = min(votes[best], key=order.index)
    return votes[best][source], source


def _headlines(claims: Sequence[Claim], url: str) -> list[tuple[str, str]]:
    """Source and headline; an `h1` counts if another source echoes it, or all are of `h1`."""
    stated = [
        (claim.source, sanitise.line(claim.value))
        for claim in claims
        if claim.field == "title" and claim.source in _SOURCES
    ]
    stated = [(source, title) for source, title in stated if len(letters_key(title)) > 2]
    names = _names(claims, url)
    bare = {title: _without_names(title, stated, names) for _, title in stated}
    found = [(source, bare[title]) for source, title in stated]
    has_heading_alone = all(source == "h1" for source, _ in found)
    return [
        (source, title) for source, title in found if source != "h1" or has_heading_alone or _is_echoed(title, found)
    ]


def _names(claims: Sequence[Claim], url: str) -> _Names:
    parts = urlsplit(url)
    slug = max((_words(unquote(part)) for part in re.split(r"[/.]", parts.path)), key=len, default=set())
    stated = {field: {letters_key(c.value) for c in claims if c.field == field} for field in ("site", "section")}
    sites = frozenset(stated["site"] | {letters_key(parts.hostname or "")})
    return _Names(sites, frozenset(stated["section"]) - sites, frozenset(slug))


def _weight(key: str, votes: dict[str, dict[str, str]]) -> float:
    """The weights of the sources of this title, and of titles that are this one cut short."""
    full = next(iter(votes[key].values()))
    same = [k for k in votes if k == key or _is_cut_short(votes[k].values(), full)]
    return sum(_SOURCES[source] for source in {source for k in same for source in votes[k]})


def _is_cut_short(spellings: Iterable[str], full: str) -> bool:
    """Whether a title is the beginning of `full`, and that one cut short: not a name or a kicker.

    It is long, ends in dots, or ends where a quotation begins: a page's own quotation marks end its attributes.
    """
    key = letters_key(full)
    least = MIN_TRUNCATED_CHARS // 3 if language.UNSPACED.search(key) else MIN_TRUNCATED_CHARS
    return any(
        len(short) < len(key)
        and key.startswith(short)
        and (len(short) >= least or title.endswith(("…", "...")) or _rest(title, full)[:1] in tuple(_QUOTES))
        for title in spellings
        if (short := letters_key(title))
    )


def _rest(title: str, full: str) -> str:
    """What `full` has after the title; empty where that is not its beginning, letter case and quotation marks apart."""
    return full[len(title) :].lstrip() if _alike(title, full[: len(title)]) else ""


def _alike(one: str, other: str) -> bool:
    return one.translate(_SAME_QUOTES).casefold() == other.translate(_SAME_QUOTES).casefold()


def _without_names(title: str, stated: Sequence[tuple[str, str]], names: _Names) -> str:
    """The title without the site's name, the section and the author, where another source or their own claims tell.

    A heading (`h1`) that is longer than another title is the headline in full: publishers shorten it for machines.
    """
    sites = names.sites
    parts = [(title[: mark.start()], mark[0], title[mark.end() :]) for mark in _marks(_MARK, title)]
    for source, other in stated:
        key = letters_key(other)
        if not len(other) < len(title) or key in sites or _OPEN_END.search(other):
            continue
        for head, mark, tail in parts:
            if letters_key(head) == key and ("h1", title) not in stated:
                if source != "h1" or not _is_name(head, tail, "", names):
                    return _without_names(head, stated, names)
            elif letters_key(tail) == key:
                if source != "h1" or not _is_name(tail, head, mark, names):
                    return _without_names(tail, stated, names)
                sites |= {key}
    return _between_names(title, sites, names.sections)


def _is_name(heading: str, rest: str, mark_before: str, names: _Names) -> bool:
    """Whether a heading that is a part of a longer title is a name (the site's, a kicker) and the rest the headline.

    It is the shorter of the two, unless the rest is the site, the address has the heading's words, or it follows a
    kicker and its colon.
    """
    if len(heading) >= len(rest) or _is_site(rest, names.sites) or _COLON.search(mark_before):
        return False
    return len(_words(heading) & names.slug) <= len(_words(rest) & names.slug)


def _between_names(title: str, sites: frozenset[str], sections: frozenset[str]) -> str:
    """The title without the names at its ends: of the site (with the page's date), of the section, of the author."""
    cuts = [(mark.start(), mark.end()) for mark in _marks(_PART, title)]
    first, was_site = 0, ""
    while cuts:
        mark, part = title[slice(*cuts[-1])], title[cuts[-1][1] :]
        head = title[: cuts[-1][0]]
        if _is_site(part, sites) or (len(cuts) > 1 and _is_date(part) and _is_site(head[cuts[-2][1] :], sites)):
            was_site = mark
        elif not (_is_byline(part) or _is_section(part, head, mark, was_site, sections)):
            break
        title = head
        cuts.pop()
    while cuts and not _COLON.search(mark := title[slice(*cuts[0])]):  # "Kyiv: …"
        part = title[first : cuts[0][0]]
        if not _is_site(part, sites) and not (letters_key(part) in sections and _PIPE.search(mark)):
            break
        first = cuts.pop(0)[1]
    return title[first:]


def _marks(pattern: re.Pattern[str], title: str) -> list[re.Match[str]]:
    """The marks between a title's parts: none that belongs to a quotation."""
    quoted = [match.span() for match in _QUOTED.finditer(title)]
    return [
        mark
        for mark in pattern.finditer(title)
        if all(mark.end() <= start or end <= mark.start() for start, end in quoted)
    ]


def _is_site(part: str, sites: frozenset[str]) -> bool:
    key = letters_key(part)
    return len(key) > 2 and any(key == site or (len(key) > 3 and key in site) for site in sites)


def _is_section(part: str, head: str, mark: str, mark_of_site: str, sections: frozenset[str]) -> bool:
    """Whether a part at the end is the section: by its claim, or as a few words between two bars before the site."""
    if letters_key(part) in sections:
        return not _COLON.search(mark)
    is_barred = _PIPE.search(mark) and _PIPE.search(mark_of_site)
    return bool(is_barred) and len(part.split()) <= MAX_SECTION_WORDS and len(part) < len(head)


def _is_byline(part: str) -> bool:
    """Whether a part is "by NAME"."""
    return bool(BYLINE.match(part)) and is_name(part)


def _is_date(part: str) -> bool:
    return any(map(str.isdigit, part)) and bool(date_parsing.readings(part, date_parsing.DateContext()))


def _is_echoed(title: str, headlines: Sequence[tuple[str, str]]) -> bool:
    """Whether another source says much the same: a site's name or a box's heading is not echoed."""
    words, key = _words(title), letters_key(title)
    for source, other in headlines:
        if source == "h1":
            continue
        other_words, other_key = _words(other), letters_key(other)
        common = len(words & other_words)
        if 2 * common >= len(words) > 0 and 3 * common >= len(other_words):
            return True
        if key in other_key and 3 * len(key) >= len(other_key):
            return True
        if key == other_key or _is_cut_short((other,), title):
            return True
    return False


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))
