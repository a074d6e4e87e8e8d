"""Words of dates in all languages, and the order of day and month. Source: Unicode's CLDR, by babel."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.localedata import locale_identifiers, resolve_locale_filename

MIN_ABBREVIATION = 3  # letters
AGREEING = 0.9  # of the languages that have a month of that name, where nobody knows the language
_ENGLISH = "en"
_DOTLESS = str.maketrans("ı", "i")  # KASIM in capitals is kasım
_IN_PATTERN = re.compile(r"'([^']+)'|([^\W\d_a-zA-Z]+)")  # what a pattern of CLDR has beside its fields
_GLUED = re.compile(r"([^\W\d_a-zA-Z]+)M")  # Hebrew's ב before the month
_WORD = re.compile(r"[^\s\d.,;:/()|–—-]+")
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?(?![A-Za-z])")


def folded(word: str) -> str:
    """The word as tables have it: small letters, without its dot."""
    return word.casefold().replace("i̇", "i").translate(_DOTLESS).strip(".,")


def month_of(word: str, language: str | None, *, is_anyones: bool = True) -> int | None:
    """The month (1 to 12) of that name, in full or cut short to at least three letters; None: it is none.

    In `language` (ISO 639-1), then in English, which feeds of all languages write; else, if `is_anyones`, in the
    language that has it: `listopad` is October in Croatia, November in Poland, and nothing where nobody knows which.
    """
    key = folded(word)
    if len(key) < MIN_ABBREVIATION:
        return None
    names = [_months(code) for code in (language, _ENGLISH) if code]
    for months in names:
        if month := months.get(key):
            return month
    for months in names:
        begun = {number for name, number in months.items() if name.startswith(key)}
        if len(begun) == 1:
            return begun.pop()
    counts = _numbers(key) if is_anyones else None
    if not counts:
        return None
    month, count = counts.most_common(1)[0]
    return month if count >= AGREEING * counts.total() else None


def is_made_of(text: str, language: str | None) -> bool:
    """Whether the words of a line are those of a date in one language: `language`, English, or one with that month.

    One short word that CLDR does not know may stand among them (noviembre *del* 2026, *klo* 17).
    """
    words = [folded(word) for word in _WORD.findall(text)]
    codes = {language or _ENGLISH, _ENGLISH}.union(*(_languages().get(word, ()) for word in words))
    for code in codes:
        unknown = [word for word in words if word not in _words(code) and not word.isdecimal()]
        if not unknown or (len(unknown) == 1 and len(unknown[0]) <= 4 < sum(map(len, words))):
            return True
    return False


def is_day_first(locale: str | None, tz: ZoneInfo | None) -> bool | None:
    """Whether 5/11/2026 is in November there; None: nobody can tell, as of English in an unknown country.

    `locale`: as pages and feeds state it (en-GB, uk). `tz`: the zone of the feed, whose country counts where the
    language alone does not tell.
    """
    match = _LOCALE.match(locale or "")
    if not match:
        return None
    language, territory = match[1].lower(), (match[2] or "").upper()
    if not territory and language == _ENGLISH:
        territory = get_global("zone_territories").get(str(tz), "") if tz else ""
        if not territory:
            return None
    pattern = _pattern(f"{language}_{territory}" if territory else language) or _pattern(language)
    return pattern.find("d") < pattern.find("M") if pattern else None


def _pattern(locale: str) -> str:
    found = _locale(locale)
    return str(found.date_formats["short"].pattern) if found else ""


@cache
def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return None


@cache
def _months(language: str) -> dict[str, int]:
    """Name → number, in all forms that CLDR has: before a year and alone, in full and cut short."""
    return {name: number for name, number in _names(language, "months") if not name.isdecimal()}


@cache
def _words(language: str) -> frozenset[str]:
    """Every word that a date in that language may have."""
    locale = _locale(language)
    if locale is None:
        return frozenset()
    patterns = [str(p.pattern) for p in (*locale.date_formats.values(), *locale.time_formats.values())]
    between = (word for p in patterns for pair in _IN_PATTERN.findall(p) for word in _WORD.findall("".join(pair)))
    periods = (str(name) for name in locale.day_periods.get("format", {}).get("wide", {}).values())
    days = (word for name, _ in _names(language, "days") for word in _WORD.findall(name))
    ordinals = ("st", "nd", "rd", "th") if language == _ENGLISH else ("er",) if language == "fr" else ()
    return frozenset(map(folded, (*_months(language), *days, *between, *periods, *ordinals)))


def _names(language: str, kind: str) -> Iterator[tuple[str, int]]:
    locale = _locale(language)
    if locale is None:
        return
    glued = _GLUED.search(str(locale.date_formats["long"].pattern))
    for use in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in getattr(locale, kind)[use][width].items():
                yield folded(str(name)), number
                if glued and kind == "months":
                    yield folded(glued[1] + str(name)), number


@cache
def _languages() -> dict[str, dict[str, int]]:
    """Name of a month → the languages that have it, each with the month's number.

    Some 0.3 s, so only for words of an unforeseen language. Read from babel's files, since babel itself keeps all of a
    locale in memory: 100 MB for all.
    """
    found: dict[str, dict[str, int]] = {}
    for code in sorted(code for code in locale_identifiers() if len(code) == 2):
        with open(resolve_locale_filename(code), "rb") as file:
            months = pickle.load(file).get("months", {})  # noqa: S301 (a file of babel's wheel)
        for use in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                names = months.get(use, {}).get(width, {})
                for number, name in names.items() if isinstance(names, dict) else ():  # else one of another use's
                    if not (key := folded(str(name))).isdecimal():
                        found.setdefault(key, {})[code] = number
    return found


def _numbers(key: str) -> Counter[int]:
    """The numbers that a month of that name has, by how many languages mean which."""
    return Counter(_languages().get(key, {}).values())
