"""Dates as feeds write them, and what a reader would take them for."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswatch.text.date_parsing import FIRST_YEAR, LAST_YEAR, DateContext, moment, order_of, readings

TEN = datetime(2026, 11, 22, 10, tzinfo=UTC)
SUMMER_TEN = datetime(2026, 7, 22, 10, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "stated",
    [
        "Sun, 22 Nov 2026 10:00:00 +0000",
        "Sun, 22 Nov 2026 12:00:00 +0200",
        "22 Nov 2026 10:00:00 GMT",
        "22 Nov 2026 10:00 UT",
        "Mon, 22 Nov 2026 10:00:00 GMT",  # it was a Sunday
        "Sunday, 22 November 2026 10:00:00 GMT",
        "Sun,22 Nov 2026 10:00:00 Z",
        "22 Nov 26 10:00:00 GMT",
        "Sun, 22 Nov 126 10:00:00 GMT",
        "  Sun,  22 Nov\n2026 10:00:00   GMT ",
        "Sun, 22 Nov 2026 12:00:00 +02:00",
        "Sun, 22 Nov 2026 12:00:00 GMT+2",
        "Sun, 22 Nov 2026 04:30:00 -0530",
        "Sun Nov 22 10:00:00 2026",
        "Sun Nov 22 05:00:00 EST 2026",
        "Sun Nov 22 2026 12:00:00 GMT+0200 (Eastern European Standard Time)",
        "November 22, 2026 10:00 AM",
        "22-Nov-2026 10:00:00",
        "2026-11-22T10:00:00Z",
        "2026-11-22t10:00:00z",
        "2026-11-22T12:00:00+02:00",
        "2026-11-22T12:00:00.123456789+0200",
        "2026-11-22T10:00Z",
        "2026-11-22 12:00:00 +0200",
        "2026-11-22 12:00:00 EET",
        "2026/11/22 10:00:00",
        "20261122T100000Z",
        "2026-W47-7T10:00:00Z",
        "22.11.2026 10:00",
        "11/22/2026 10:00:00",
        "1795341600",
        "1795341600000",
    ],
)
def test_the_forms_of_ten_oclock(stated: str) -> None:
    assert moment(stated, None) == TEN


@pytest.mark.parametrize(
    "stated",
    [
        "22 ноября 2026, 10:00",
        "Вс, 22 нояб. 2026 10:00:00 +0000",
        "22 листопада 2026 р., 10:00",
        "22. November 2026, 10:00 Uhr",
        "dimanche 22 novembre 2026 10h00",
        "22 de noviembre de 2026 10:00",
    ],
)
def test_months_in_the_words_of_other_languages(stated: str) -> None:
    assert moment(stated, None) == TEN


@pytest.mark.parametrize(
    ("stated", "month"),
    [
        *(("1 марта 2026", 3), ("1 мая 2026", 5), ("1 червня 2026", 6), ("1 липня 2026", 7), ("1 серпня 2026", 8)),
        *(("1. März 2026", 3), ("1. Mai 2026", 5), ("1er juin 2026", 6), ("1er juillet 2026", 7), ("1er août 2026", 8)),
        *(("1 maja 2026", 5), ("1 czerwca 2026", 6), ("1 lipca 2026", 7), ("1 enero 2026", 1), ("1 grudnia 2026", 12)),
    ],
)
def test_months_that_are_easily_mixed_up(stated: str, month: int) -> None:
    assert moment(stated, None) == datetime(2026, month, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "hour"),
    [
        *(("UTC", 10), ("GMT", 10), ("WET", 10), ("CET", 9), ("MEZ", 9), ("EET", 8), ("MSK", 7), ("МСК", 7)),
        *(("EST", 15), ("CST", 16), ("MST", 17), ("PST", 18), ("ET", 15), ("PT", 18)),
        *(("IST", 4.5), ("HKT", 2), ("SGT", 2), ("JST", 1), ("KST", 1), ("AEST", 0)),
        *(("Europe/Kyiv", 8), ("America/New_York", 15), ("Etc/UTC", 10)),
    ],
)
def test_a_named_zone_is_not_taken_for_utc(name: str, hour: float) -> None:
    expected = datetime(2026, 11, 22, int(hour), round(hour % 1 * 60), tzinfo=UTC)
    assert moment(f"Sun, 22 Nov 2026 10:00:00 {name}", None) == expected


@pytest.mark.parametrize(
    ("name", "hour"),
    [("BST", 9), ("WEST", 9), ("CEST", 8), ("MESZ", 8), ("EEST", 7), ("EDT", 14), ("PDT", 17), ("Europe/Kyiv", 7)],
)
def test_a_named_summer_time_too(name: str, hour: int) -> None:
    assert moment(f"Wed, 22 Jul 2026 10:00:00 {name}", None) == SUMMER_TEN.replace(hour=hour)


def test_moscow_was_four_hours_ahead_for_some_years() -> None:
    assert moment("Thu, 22 Nov 2012 10:00:00 MSK", None) == datetime(2012, 11, 22, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "zone", "expected"),
    [
        ("22 Jul 2026 10:00:00 IST", "Asia/Kolkata", SUMMER_TEN.replace(hour=4, minute=30)),
        ("22 Jul 2026 10:00:00 IST", "Europe/Dublin", SUMMER_TEN.replace(hour=9)),
        ("22 Nov 2026 10:00:00 IST", "Asia/Jerusalem", TEN.replace(hour=8)),
        ("22 Nov 2026 10:00:00 IST", "Europe/Dublin", TEN.replace(hour=4, minute=30)),  # Dublin is at GMT then
        ("22 Nov 2026 10:00:00 IST", "Europe/Kyiv", TEN.replace(hour=4, minute=30)),
        ("22 Nov 2026 10:00:00 CST", "Asia/Shanghai", TEN.replace(hour=2)),
    ],
)
def test_an_abbreviation_means_what_it_means_where_the_feed_is_at_home(
    stated: str, zone: str, expected: datetime
) -> None:
    assert moment(stated, ZoneInfo(zone)) == expected


@pytest.mark.parametrize("zone_name", ["", "A", "N", "XYZ", "Nowhere/Atlantis", "../etc/passwd", "Europe"])
def test_without_a_zone_that_is_known_the_feeds_own_counts_and_without_that_utc(zone_name: str) -> None:
    stated = f"Sun, 22 Nov 2026 10:00:00 {zone_name}".strip()
    assert moment(stated, None) == TEN
    assert moment(stated, ZoneInfo("Europe/Kyiv")) == TEN.replace(hour=8)


@pytest.mark.parametrize(
    "stated", ["2026-11-22", "20261122", "Sun, 22 Nov 2026", "22.11.2026", "22/11/2026", "Nov 22, 2026"]
)
def test_a_day_without_a_time_begins_at_its_midnight(stated: str) -> None:
    assert moment(stated, None) == MIDNIGHT
    assert moment(stated, ZoneInfo("Europe/Kyiv")) == datetime(2026, 11, 21, 22, tzinfo=UTC)


def test_the_last_second_and_the_hour_after_it() -> None:
    assert moment("Sat, 21 Nov 2026 24:00:00 GMT", None) == MIDNIGHT
    assert moment("2026-11-21T24:00:00Z", None) == MIDNIGHT
    assert moment("Sat, 21 Nov 2026 23:59:60 GMT", None) == MIDNIGHT.replace(day=21, hour=23, minute=59, second=59)
    assert moment("22 Nov 2026 12:30 AM", None) == MIDNIGHT.replace(minute=30)
    assert moment("22 Nov 2026 12:30 PM", None) == MIDNIGHT.replace(hour=12, minute=30)


@pytest.mark.parametrize(
    "stated",
    [
        *("", " ", "yesterday", "2 hours ago", "soon", "2026", "2026-11", "0", "12345", "99999999999"),
        *("0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59", "9999-12-31T23:59:59-12:00"),
        *("2026-13-45", "2026-02-30T10:00:00Z", "32 Nov 2026 10:00", "Sun, 22 Nov 2026 25:00:00 GMT", "22 Foo 2026"),
        *("11/12/2026", "Sun, 22 Nov 2026 10:00:00 +9999", "0000-00-00 00:00:00", "Thu, 01 Jan 1900 00:00:00 GMT"),
        *("²²²²-¹¹-²²", "1" * 5000, "22 Nov 2026 " + "x" * 5000, "\ud800", "\0"),
    ],
)
def test_what_is_no_date_that_news_can_have_is_none(stated: str) -> None:
    for zone in (None, ZoneInfo("Asia/Tbilisi"), ZoneInfo("America/New_York")):
        assert moment(stated, zone) is None


ZONES = st.sampled_from([None, *map(ZoneInfo, ("Europe/Kyiv", "Asia/Kolkata", "America/New_York", "Pacific/Apia"))])
DATE_LIKE = st.text(alphabet="0123456789:-+/., TZWGMhapm()NovJulЯнваря", max_size=40)
BUILT = st.builds(
    "{} {} {} {}:{}:{} {}".format,
    *(st.integers(0, 40), st.sampled_from(["Jan", "Nov", "мая", "août", "Foo"]), st.integers(0, 12000)),
    *(st.integers(0, 30), st.integers(0, 70), st.integers(0, 70), st.text(max_size=8)),
)


@given(st.one_of(st.text(), DATE_LIKE, BUILT), ZONES)
def test_no_text_raises_and_what_comes_back_is_utc(stated: str, zone: ZoneInfo | None) -> None:
    found = moment(stated, zone)
    assert found is None or (found.tzinfo is UTC and FIRST_YEAR <= found.year <= LAST_YEAR)


@pytest.mark.parametrize("text", ["24 des 27 pays de l'UE", "Grupo dos 20 tem 19 países", "10 agua 20"])
def test_words_between_numbers_are_no_month(text: str) -> None:
    assert moment(text, None) is None


@pytest.mark.parametrize(
    ("stated", "language", "day"),
    [
        ("3. helmikuuta 2026", "fi", (2, 3)), ("7. srpnja 2026.", "hr", (7, 7)), ("7. srpna 2026", "cs", (8, 7)),
        ("12 listopada 2026", "hr", (10, 12)), ("12 listopada 2026", "pl", (11, 12)), ("9 KASIM 2026", "tr", (11, 9)),
        ("9 Ekim 2026", "tr", (10, 9)), ("2026. gada 4. maijs", "lv", (5, 4)), ("4 ივლისი, 2026", "ka", (7, 4)),
        ("4 במרץ 2026", "he", (3, 4)), ("4 มีนาคม 2569", "th", (3, 4)), ("٤ مارس ٢٠٢٦", "ar", (3, 4)),
        ("2026 ж. 4 наурыз", "kk", (3, 4)), ("4th of March 2026", "en", (3, 4)), ("4 de marzo del 2026", "es", (3, 4)),
        ("2026. március 4.", "hu", (3, 4)), ("4 Mar 2026", "fi", (3, 4)), ("4 Meitheamh 2026", None, (6, 4)),
    ],
)  # fmt: skip
def test_a_months_name_means_what_it_means_in_its_language(
    stated: str, language: str | None, day: tuple[int, int]
) -> None:
    assert moment(stated, None, language) == datetime(2026, *day, tzinfo=UTC)


def test_a_months_name_of_two_languages_is_none_where_nobody_knows_which() -> None:
    assert moment("12 listopada 2026", None) is None
    assert moment("24 des 27", None) is None
    assert moment("24 des 27", None, "no") == datetime(2027, 12, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "hour", "minute"),
    [
        ("Sun, 22 Nov 2026 09.20.00 +0100", 8, 20), ("22 marraskuuta 2026 klo 17.05", 17, 5),
        ("22.11.2026 17.05", 17, 5), ("22.11.2026 kl. 7.05", 7, 5), ("Sun, 22 Nov 2026 08:15:00 \u22120500", 13, 15),
    ],
)  # fmt: skip
def test_times_with_dots_and_with_a_true_minus(stated: str, hour: int, minute: int) -> None:
    (found,) = readings(stated, DateContext(language="fi"))
    assert not found.is_day_only
    assert found.moment == datetime(2026, 11, 22, hour, minute, tzinfo=UTC)


def test_of_two_orders_both_are_given_and_none_by_habit() -> None:
    assert [str(found.day) for found in readings("5/11/2026 10:00")] == ["2026-11-05", "2026-05-11"]
    assert [str(found.day) for found in readings("5-11-2026")] == ["2026-11-05", "2026-05-11"]
    assert [str(found.day) for found in readings("5.11.2026")] == ["2026-11-05"]
    assert [str(found.day) for found in readings("5/5/2026")] == ["2026-05-05"]
    assert [str(r.day) for r in readings("5/11/2026", DateContext(is_day_first=False))] == ["2026-05-11"]
    assert moment("5-11-2026", None) is None


def test_a_date_may_show_the_order_of_those_beside_it() -> None:
    assert order_of("25/11/2026") is True
    assert order_of("11-25-2026 10:00") is False
    assert order_of("5/11/2026") is order_of("25.11.2026") is order_of("25 Nov 2026") is None
