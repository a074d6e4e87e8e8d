"""Date parsing: a date as a feed or page states it → a moment in UTC.

Feeds should write RFC 822 (RSS 2.0) or RFC 3339 (Atom) and write anything. feedparser takes a zone that it does not
know (MSK, EET, IST, Europe/Kyiv) for UTC, which puts a story hours, at times a day, from where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from unicodedata import decimal
from zoneinfo import ZoneInfo

from newswatch.text import date_words

MAX_DATE_CHARS = 100
FIRST_YEAR, LAST_YEAR = 1970, 2199  # what lies outside is a fault, and arithmetic on years 1 and 9999 overflows

# Abbreviations by the hours that they are ahead of UTC. Sources: RFC 822, section 5.1 (UT, GMT, North America), the
# IANA time zone database (all others). Military letters are not read: RFC 2822, section 4.3, calls them unknown.
# BST is Britain's summer, not Bangladesh. IST is India's, with by far the most outlets; a feed from Ireland or Israel
# says so by the zone that is configured for it (see `moment`).
_HOURS: dict[float, str] = {
    -10: "hst", -9: "akst", -8: "pst akdt", -7: "mst pdt", -6: "cst mdt", -5: "est cdt", -4: "ast edt", -3.5: "nst",
    -3: "adt", -2.5: "ndt", 0: "z ut utc gmt wet гмт", 1: "west cet mez met bst wat", 2: "cest mesz mest eet sast cat",
    3: "eest eat trt", 4: "msd", 5: "pkt", 5.5: "ist", 5.75: "npt", 7: "ict wib", 8: "hkt sgt myt awst", 9: "jst kst",
    9.5: "acst", 10: "aest", 10.5: "acdt", 11: "aedt", 12: "nzst", 13: "nzdt",
}  # fmt: skip
_OFFSETS = {name: timezone(timedelta(hours=hours)) for hours, names in _HOURS.items() for name in names.split()}
_LOCAL = {  # local time, whose offset depends on the date (Moscow was at +4 from 2011 to 2014)
    "msk": "Europe/Moscow", "мск": "Europe/Moscow", "et": "America/New_York", "ct": "America/Chicago",
    "mt": "America/Denver", "pt": "America/Los_Angeles",
}  # fmt: skip
_RFC_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d{1,9})?", re.ASCII)
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{2,4}) "
    r"(\d\d?):(\d\d)(?::(\d\d))?(?: ([+-]\d{4}|(?![AaPp][Mm])[A-Za-z]{1,4}))?",
    re.ASCII | re.I,
)
_TIME = re.compile(
    r"(?<![\d+-])(\d{1,2}) ?[:h] ?(\d\d)(?: ?: ?(\d\d)(?:[.,]\d{1,9})?)?(?!\d)(?: ?([ap])\.?m\b\.?)?", re.I | re.ASCII
)
_DOTTED_TIME = re.compile(r"(?<![\d.,+-])([01]?\d|2[0-4])\.([0-5]\d)(?:\.([0-5]\d))?(?![\d.,%])()", re.ASCII)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
_WITH_SIGNS = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]", re.ASCII)
_TOKEN = re.compile(r"\d+|[^\W\d_][^\s\d.,;:/()|–—-]*")
_DIRECTIONS = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # marks that nobody sees
_OFFSET = re.compile(r"(?:(?:UTC?|GMT) ?)?([+-])(\d\d?)(?::?(\d\d))?(?![\d:])", re.I | re.ASCII)
_PLACE = re.compile(r"[A-Za-z]{2,20}(?:/[A-Za-z0-9_+-]{2,30}){1,2}")
_NAME = re.compile(r"[^\W\d_]{1,5}\b")
_NAMELESS_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?$")  # without a zone: a day that a program filled up
_BUDDHIST = 543  # years that Thailand's are ahead


@dataclass(frozen=True, slots=True)
class StatedDate:
    """A date as it was stated."""

    moment: datetime  # UTC; of a day without a time its midnight
    day: date  # where it was stated
    is_day_only: bool
    has_zone: bool


@dataclass(frozen=True, slots=True)
class DateContext:
    """What else is known of a date: `tz` of dates without a zone (None: UTC), the language (ISO 639-1) of its words,
    and whether day or month comes first in 5/11/2026 (None: nobody can tell)."""

    tz: ZoneInfo | None = None
    language: str | None = None
    is_day_first: bool | None = None


UNKNOWN = DateContext()


def moment(stated: str, tz: ZoneInfo | None, language: str | None = None) -> datetime | None:
    """The stated date in UTC; None where it is none, or may be one of two. See `readings`."""
    found = readings(stated, DateContext(tz, language))
    return found[0].moment if len(found) == 1 else None


def readings(stated: str, context: DateContext = UNKNOWN) -> tuple[StatedDate, ...]:
    """What the stated date may be: nothing, one date, or two where day and month could be either. Never raises.

    RFC 822 and 2822, RFC 3339 and ISO 8601, seconds or milliseconds since 1970, day and month in words of any language.
    An abbreviated zone means what it means in `context.tz` if it is in use there on that date: CST is China's for a
    feed of Asia/Shanghai. A date of no year that news has is none.
    """
    text = " ".join(_plain(stated[: 2 * MAX_DATE_CHARS]).split())
    if not 6 <= len(text) <= MAX_DATE_CHARS:
        return ()
    try:
        exact = _rfc822(text, context.tz) or _epoch(text) or _iso(text, context.tz)
        found = [exact] if exact else _in_words(text, context)
    except (ValueError, OverflowError, OSError):
        return ()
    return tuple(date for date in found if FIRST_YEAR <= date.moment.year <= LAST_YEAR)


def order_of(stated: str) -> bool | None:
    """Whether the day comes first in a date of three numbers, as 25/11/2026 shows; None: it does not show."""
    match = _YEAR_LAST.search(stated)
    if not match or match[2] == "." or (int(match[1]) > 12) == (int(match[3]) > 12):
        return None
    return int(match[1]) > 12


def _plain(text: str) -> str:
    """The text with digits and signs of ASCII, without marks of direction."""
    if text.isascii():
        return text
    text = _DIRECTIONS.sub("", text).replace("−", "-")
    return "".join(str(decimal(c)) if c.isdecimal() else c for c in text)


def _rfc822(text: str, tz: ZoneInfo | None) -> StatedDate | None:
    """The usual form, in one step: nearly every feed of RSS 2.0 writes it."""
    match = _RFC822.fullmatch(text)
    if not match:
        return None
    day = _midnight(_year(match[3]), _RFC_MONTHS.index(match[2].lower()) + 1, int(match[1]))
    return _at_time(day, match[4], match[5], match[6], match[7] or "", tz)


def _epoch(text: str) -> StatedDate | None:
    match = _EPOCH.fullmatch(text)
    if not match:
        return None
    moment = datetime.fromtimestamp(int(match[1]), UTC)
    return StatedDate(moment, moment.date(), is_day_only=False, has_zone=True)


def _iso(text: str, tz: ZoneInfo | None) -> StatedDate | None:
    """What the standard library reads as ISO 8601: extended and basic, with weeks, with and without time or zone."""
    if not text[:4].isdigit():
        return None
    try:
        local = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    is_day_only = len(text) <= len("2026-W47-7") or bool(_NAMELESS_MIDNIGHT.search(text.upper()))
    utc = (local if local.tzinfo else local.replace(tzinfo=tz or UTC)).astimezone(UTC)
    return StatedDate(utc.replace(microsecond=0), local.date(), is_day_only, has_zone=local.tzinfo is not None)


def _in_words(text: str, context: DateContext) -> list[StatedDate]:
    """A day somewhere, a time perhaps, and after the time perhaps a zone."""
    time = _TIME.search(text)
    if time:
        without_time, after = f"{text[: time.start()]} {text[time.end() :]}", text[time.end() :]
        days, named, _ = _days(" ".join(without_time.split()), context)
    else:  # 25.11.2026 may be taken for a time, so the day goes first
        days, named, without_day = _days(text, context)
        time = _DOTTED_TIME.search(without_day)
        after = without_day[time.end() :] if time else ""
    if not time:
        return [_stated(day, None, context.tz, is_day_only=True) for day in days]
    hour = int(time[1])
    if time[4]:
        hour = hour % 12 + (12 if time[4] in "pP" else 0)
    zone = named or after.strip(" ()")
    return [_at_time(day, hour, time[2], time[3], zone, context.tz) for day in days]


def _days(text: str, context: DateContext) -> tuple[list[datetime], str, str]:
    """What the day in the text may be, the zone that date(1) puts before the year, and the text without the day."""
    if match := _WITH_SIGNS.search(text):
        return [_midnight(int(match[1]), int(match[2]), int(match[3]))], "", _without(text, match)
    if match := _YEAR_FIRST.search(text):
        return [_midnight(int(match[1]), int(match[3]), int(match[4]))], "", _without(text, match)
    if match := _YEAR_LAST.search(text):
        one, other, year = int(match[1]), int(match[3]), int(match[4])
        orders = [(other, one), (one, other)]  # month and day: day first, month first
        if match[2] == "." or one == other:
            orders = orders[:1]
        elif context.is_day_first is not None and max(one, other) <= 12:
            orders = orders[:1] if context.is_day_first else orders[1:]
        return [_midnight(year, *order) for order in orders if order[0] <= 12], "", _without(text, match)
    return _day_by_month(text, context.language)


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _day_by_month(text: str, language: str | None) -> tuple[list[datetime], str, str]:
    """As `_days`, where a word names the month: the day stands beside it, the year behind them or before them."""
    matches = list(_TOKEN.finditer(text))
    for place, match in enumerate(matches):
        if match[0][0].isdigit() or not (month := date_words.month_of(match[0], language)):
            continue
        before, after = _number(matches, place, -1), _number(matches, place, +1)
        for day, other, step in ((before, after, +1), (after, before, -1)):
            if day is None or len(matches[day][0]) > 2:
                continue
            years = [other] if step > 0 else [_number(matches, day, +1), other]
            years.append(_number(matches, day, -1) if step > 0 else None)
            year = next((y for y in years if y is not None and _is_year(matches, y, place, language)), None)
            if year is not None:
                first, last = min(place, day, year), max(place, day, year)
                between = matches[year - 1][0] if year - day == 2 and step < 0 else ""
                rest = f"{text[: matches[first].start()]} {text[matches[last].end() :]}"
                return [_midnight(_year(matches[year][0]), month, int(matches[day][0]))], between, rest
    return [], "", text


def _number(matches: Sequence[re.Match[str]], place: int, step: int) -> int | None:
    """The place of the next number in that direction, over two words at most: 22 *de* noviembre, 22*nd of* November."""
    for at in range(place + step, place + 4 * step, step):
        if 0 <= at < len(matches) and matches[at][0][0].isdigit():
            return at
    return None


def _is_year(matches: Sequence[re.Match[str]], place: int, month: int, language: str | None) -> bool:
    """Four digits; fewer only straight behind a month whose language is known: 22 Nov 26."""
    digits = len(matches[place][0])
    if digits == 4:
        return True
    return (
        2 <= digits <= 3
        and place == month + 1
        and date_words.month_of(matches[month][0], language, is_anyones=False) is not None
    )


def _midnight(year: int, month: int, day: int) -> datetime:
    """Of that day in whatever zone: `_stated` puts the true one in."""
    return datetime(year, month, day, tzinfo=UTC)


def _year(digits: str) -> int:
    """RFC 2822, section 4.3: 00 to 49 are of this century, 50 to 99 and three digits count from 1900."""
    year = int(digits)
    if len(digits) == 4 and year > LAST_YEAR:
        return year - _BUDDHIST
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _at_time(
    day: datetime, hour: int | str, minute: str, second: str | None, zone: str, tz: ZoneInfo | None
) -> StatedDate:
    local = _at(day, hour, minute, second)
    return _stated(local, _zone(zone, local, tz), tz)


def _stated(local: datetime, zone: tzinfo | None, tz: ZoneInfo | None, *, is_day_only: bool = False) -> StatedDate:
    """That local time in its zone, else in the feed's."""
    utc = local.replace(tzinfo=zone or tz or UTC).astimezone(UTC)
    return StatedDate(utc, local.date(), is_day_only, has_zone=zone is not None)


def _at(day: datetime, hour: int | str, minute: str, second: str | None) -> datetime:
    """The time of that day. 24:00 is the next day's midnight (ISO 8601); a leap second is its minute's last."""
    hours, minutes, seconds = int(hour), int(minute), min(int(second or 0), 59)
    if hours == 24 and minutes == seconds == 0:
        return day + timedelta(days=1)
    return day.replace(hour=hours, minute=minutes, second=seconds)


def _zone(named: str, local: datetime, own: ZoneInfo | None) -> tzinfo | None:
    """The zone that stands after a time; None: it is not known."""
    if not named:
        return None
    if match := _PLACE.match(named):
        return _place(match[0])
    if match := _OFFSET.match(named):
        minutes = 60 * int(match[2]) + int(match[3] or 0)
        if minutes >= 24 * 60:
            raise ValueError("no place is a day away from UTC")
        return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    if not (match := _NAME.match(named)):
        return None
    name = match[0].lower()
    if own and (local.replace(tzinfo=own).tzname() or "").lower() == name:
        return own
    if name in _LOCAL:
        return _place(_LOCAL[name])
    return _OFFSETS.get(name)


@lru_cache(maxsize=256)
def _place(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a name, a folder of the database
        return None
