"""Date parsing: a date as a feed or page states it → a moment in UTC.

Feeds should write RFC 822 (RSS 2.0) or RFC 3339 (Atom) and write anything. feedparser takes a zone that it does not
know (MSK, EET, IST, Europe/Kyiv) for UTC, which puts a story hours, at times a day, from where it belongs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

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
# How the names of months begin, longest first where one begins another: English, German, French, Spanish, Italian,
# Portuguese, Dutch, Polish; Russian, Ukrainian, Belarusian, Bulgarian; Greek, Turkish, Indonesian, Romanian, Arabic.
_MONTHS = (
    "jan janv ene gen sty янв січ сту яну ιαν oca ian ينا",
    "feb fév fev lut фев лют φεβ şub فبر",
    "mar mär maer mrt maa мар бер сак μαρ مار",
    "apr avr abr kwi апр кві кра απρ nis أبر",
    "may mai maj mei mag май мая мае тра μαΐ μαι ماي",
    "jun juin giu cze июн чер чэр юни ιουν haz iun يون",
    "jul juil lug lip июл лип ліп юли ιουλ tem iul يول",
    "aug aoû aou ago sie авг сер жні αυγ ağu agu أغس",
    "sep set wrz сен вер σεπ eyl سبت",
    "oct okt out ott paź paz окт жов кас οκτ eki أكت",
    "nov lis ноя лис ліс ное νοε noi نوف",
    "dec déc dez des dic gru дек гру сне δεκ ara ديس",
)
_MONTH_OF = {beginning: number for number, row in enumerate(_MONTHS, 1) for beginning in row.split()}

_WORDS = frozenset({"des", "tem", "ara", "agu", "agua", "nis"})  # not before a year of two digits

_WORD = r"[^\W\d_]"
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d{1,9})?", re.ASCII)
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(\d{1,2}) ([A-Za-z]{3,9}) (\d{2,4}) (\d\d?):(\d\d)(?::(\d\d))?"
    r"(?: ([+-]\d{4}|(?![AaPp][Mm])[A-Za-z]{1,4}))?",
    re.ASCII,
)
_TIME = re.compile(
    r"(?<![\d+-])(\d{1,2}) ?[:h] ?(\d\d)(?: ?: ?(\d\d)(?:[.,]\d{1,9})?)?(?!\d)(?: ?([ap])\.?m\b\.?)?", re.I | re.ASCII
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
_WITH_SIGNS = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]", re.ASCII)
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[ -]?(?:de )?({_WORD}{{3,12}})\.?,?[ -]?(?:de )?(\d{{2,4}})(?!\d)"
)
_MONTH_DAY = re.compile(rf"({_WORD}{{3,12}})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (?:({_WORD}{{2,5}}) )?(\d{{4}})(?!\d)")
_OFFSET = re.compile(r"(?:(?:UTC?|GMT) ?)?([+-])(\d\d?)(?::?(\d\d))?(?![\d:])", re.I | re.ASCII)
_PLACE = re.compile(r"[A-Za-z]{2,20}(?:/[A-Za-z0-9_+-]{2,30}){1,2}")
_NAME = re.compile(rf"{_WORD}{{1,5}}\b")


def moment(stated: str, tz: ZoneInfo | None) -> datetime | None:
    """The stated date in UTC; None if it is not one, or of no year that news has. Never raises.

    RFC 822 and 2822, RFC 3339 and ISO 8601, seconds or milliseconds since 1970, day and month in words. A date without
    a zone, or with one that is not known, is in `tz` (default UTC). An abbreviation means what it means in `tz` if
    it is in use there on that date: CST is China's for a feed of Asia/Shanghai.
    """
    text = " ".join(stated[: 2 * MAX_DATE_CHARS].split())
    if not 6 <= len(text) <= MAX_DATE_CHARS:
        return None
    try:
        parsed = _rfc822(text, tz) or _epoch(text) or _iso(text, tz) or _in_words(text, tz)
        return parsed.replace(microsecond=0) if parsed and FIRST_YEAR <= parsed.year <= LAST_YEAR else None
    except (ValueError, OverflowError, OSError):
        return None


def _rfc822(text: str, tz: ZoneInfo | None) -> datetime | None:
    """The usual form, in one step: nearly every feed of RSS 2.0 writes it."""
    match = _RFC822.fullmatch(text)
    month = match and _MONTH_OF.get(match[2][:3].lower())
    if not match or not month:
        return None
    local = _at(_midnight(_year(match[3]), month, int(match[1])), match[4], match[5], match[6])
    return _utc(local, match[7] or "", tz)


def _epoch(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else None


def _iso(text: str, tz: ZoneInfo | None) -> datetime | None:
    """What the standard library reads as ISO 8601: extended and basic, with weeks, with and without time or zone."""
    if not text[:4].isdigit():
        return None
    try:
        local = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return local.astimezone(UTC) if local.tzinfo else _utc(local, "", tz)


def _in_words(text: str, tz: ZoneInfo | None) -> datetime | None:
    """A day somewhere, a time perhaps, and after the time perhaps a zone."""
    time = _TIME.search(text)
    rest = text[time.end() :].strip(" ()") if time else ""
    days = text[: time.start()] + " " + text[time.end() :] if time else text
    day, named = _day(" ".join(days.split()))
    if day is None:
        return None
    if not time:
        return _utc(day, "", tz)
    hour = int(time[1])
    if time[4]:
        hour = hour % 12 + (12 if time[4] in "pP" else 0)
    return _utc(_at(day, hour, time[2], time[3]), named or rest, tz)


def _day(text: str) -> tuple[datetime | None, str]:
    """The day in the text, and the zone that date(1) puts between day and year."""
    if match := _WITH_SIGNS.search(text):
        return _midnight(int(match[1]), int(match[2]), int(match[3])), ""
    if match := _YEAR_FIRST.search(text):
        return _midnight(int(match[1]), int(match[3]), int(match[4])), ""
    if match := _YEAR_LAST.search(text):
        day, month = int(match[1]), int(match[3])
        if match[2] == "/" and day <= 12:
            if month <= 12 and day != month:
                return None, ""  # Europe's or America's: nobody can tell
            day, month = month, day
        return _midnight(int(match[4]), month, day), ""
    for match in _DAY_MONTH.finditer(text):
        is_word = len(match[3]) < 4 and match[2].lower() in _WORDS
        if (month_number := _month(match[2])) and not is_word:
            return _midnight(_year(match[3]), month_number, int(match[1])), ""
    for match in _MONTH_DAY.finditer(text):
        if month_number := _month(match[1]):
            return _midnight(int(match[4]), month_number, int(match[2])), match[3] or ""
    return None, ""


def _midnight(year: int, month: int, day: int) -> datetime:
    """Of that day in whatever zone: `_utc` puts the true one in."""
    return datetime(year, month, day, tzinfo=UTC)


def _month(word: str) -> int | None:
    low = word.lower()
    return _MONTH_OF.get(low[:4]) or _MONTH_OF.get(low[:3])


def _year(digits: str) -> int:
    """RFC 2822, section 4.3: 00 to 49 are of this century, 50 to 99 and three digits count from 1900."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _at(day: datetime, hour: int | str, minute: str, second: str | None) -> datetime:
    """The time of that day. 24:00 is the next day's midnight (ISO 8601); a leap second is its minute's last."""
    hours, minutes, seconds = int(hour), int(minute), min(int(second or 0), 59)
    if hours == 24 and minutes == seconds == 0:
        return day + timedelta(days=1)
    return day.replace(hour=hours, minute=minutes, second=seconds)


def _utc(local: datetime, named: str, tz: ZoneInfo | None) -> datetime:
    return local.replace(tzinfo=_zone(named, local, tz) or tz or UTC).astimezone(UTC)


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
