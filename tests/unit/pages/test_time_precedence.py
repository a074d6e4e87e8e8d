"""Which of a story's stated dates is believed: by order and sense, of two readings the one that others speak for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newswatch.pages import time_precedence
from newswatch.pages.model import Claim

SEEN = datetime(2026, 11, 22, 12, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")


def dates(*said: tuple[str, str], field: str = "published_at") -> list[Claim]:
    return [Claim(field, source, text) for source, text in said]


@pytest.mark.parametrize(
    ("claims", "zone", "moment", "is_day_only", "source"),
    [
        (dates(("json_ld", "2026-11-21T10:00:00+02:00")), None, "2026-11-21T08:00", False, "json_ld"),
        # Structured data before the feed, the feed before what is read off the page.
        (dates(("feed", "2026-11-21T15:00:00+00:00"), ("json_ld", "2026-11-21T08:00:00Z")),
         None, "2026-11-21T08:00", False, "json_ld"),
        (dates(("time", "2026-11-20T08:00:00Z"), ("feed", "2026-11-21T15:00:00+00:00")),
         None, "2026-11-21T15:00", False, "feed"),
        # A date without sense is passed over: later than seen and an hour, or before there were feeds.
        (dates(("json_ld", "2027-01-01T00:00:00Z"), ("opengraph", "2026-11-21T08:00:00Z")),
         None, "2026-11-21T08:00", False, "opengraph"),
        (dates(("json_ld", "1970-01-01T00:00:00Z"), ("feed", "2026-11-21T08:00:00+00:00")),
         None, "2026-11-21T08:00", False, "feed"),
        (dates(("json_ld", "2026-11-22T12:59:00Z")), None, "2026-11-22T12:59", False, "json_ld"),
        (dates(("json_ld", "2026-11-22T13:01:00Z")), None, None, None, None),
        (dates(("json_ld", "0001-01-01T00:00:00Z"), ("meta", "9999-12-31T23:59:59-05:00")), None, None, None, None),
        # A day gives way to a time on it, not to one far from it.
        (dates(("json_ld", "2026-11-21"), ("feed", "2026-11-21T08:30:00+00:00")),
         None, "2026-11-21T08:30", False, "feed"),
        (dates(("json_ld", "2026-11-21"), ("feed", "2026-11-18T08:30:00+00:00")),
         None, "2026-11-21T00:00", True, "json_ld"),
        (dates(("shown", "2026-11-20")), None, "2026-11-20T00:00", True, "shown"),
        # A stamp without a zone is in the feed's; a midnight without one is a day.
        (dates(("meta", "2026-11-21 01:30:00")), KYIV, "2026-11-20T23:30", False, "meta"),
        (dates(("meta", "2026-11-21T00:00:00")), KYIV, "2026-11-21T00:00", True, "meta"),
        (dates(("meta", "2026-11-21")), KYIV, "2026-11-21T00:00", True, "meta"),
        (dates(("json_ld", "2026-11-21T00:00:00+02:00")), None, "2026-11-20T22:00", False, "json_ld"),
        (dates(("meta", "1763712000")), None, "2025-11-21T08:00", False, "meta"),
        (dates(("json_ld", "soon"), ("h1", "2026-11-21T08:00:00Z")), None, None, None, None),
        ([], None, None, None, None),
    ],
)  # fmt: skip
def test_the_time_of_publication_is_that_of_the_first_source_that_makes_sense(
    claims: list[Claim], zone: ZoneInfo | None, moment: str | None, is_day_only: bool, source: str
) -> None:
    found = time_precedence.published(claims, SEEN, zone)
    if moment is None:
        assert found is None
    else:
        assert found is not None
        expected = (datetime.fromisoformat(f"{moment}Z"), is_day_only, source)
        assert (found.moment, found.is_day_only, found.source) == expected


def test_an_update_is_later_than_the_publication_and_not_in_the_future() -> None:
    published = datetime(2026, 11, 21, 8, tzinfo=UTC)

    def updated(*said: str) -> datetime | None:
        return time_precedence.updated(
            dates(*(("json_ld", s) for s in said), field="updated_at"), published, SEEN, None
        )

    assert updated("2026-11-21T09:00:00Z") == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert updated("2026-11-21T08:00:00Z") is None
    assert updated("2026-11-23T09:00:00Z") is None
    assert updated("2026-11-22") is None
    assert updated() is None


@pytest.mark.parametrize(
    ("said", "moment", "is_day_only"),
    [
        ("20.11.2026", datetime(2026, 11, 20, tzinfo=UTC), True),
        ("2026.11.20", datetime(2026, 11, 20, tzinfo=UTC), True),
        ("20261120", datetime(2026, 11, 20, tzinfo=UTC), True),
        ("20261120T141500Z", datetime(2026, 11, 20, 14, 15, tzinfo=UTC), False),
        ("1763647200.5", datetime(2025, 11, 20, 14, 0, tzinfo=UTC), False),
        ("20 November 2026, 14 h 15", datetime(2026, 11, 20, 14, 15, tzinfo=UTC), False),
    ],
)
def test_what_has_a_time_of_day_and_what_is_a_day(said: str, moment: datetime, is_day_only: bool) -> None:
    time = time_precedence.published(dates(("json_ld", said)), SEEN, ZoneInfo("UTC"))
    assert time is not None
    assert (time.moment, time.is_day_only) == (moment, is_day_only)


def test_a_day_takes_no_time_from_another_day() -> None:
    said = dates(("meta", "2026-11-20"), ("time", "2026-11-21T09:00:00Z"))
    assert time_precedence.published(said, SEEN, None) == time_precedence.Time(
        datetime(2026, 11, 20, tzinfo=UTC), True, "meta", date(2026, 11, 20), has_zone=False
    )
    near = time_precedence.published(dates(("meta", "2026-11-20"), ("time", "2026-11-20T01:00:00+03:00")), SEEN, None)
    assert near is not None
    assert near.moment == datetime(2026, 11, 19, 22, tzinfo=UTC)


def in_language(locale: str) -> Claim:
    return Claim("language", "html", locale)


@pytest.mark.parametrize(
    ("claims", "zone", "day"),
    [
        # Another source tells which of the two it is, be it the feed, the address or a day that leaves no doubt.
        ([*dates(("meta", "07-09-2026"), ("feed", "2026-07-09T10:00:00+00:00"))], None, date(2026, 7, 9)),
        ([*dates(("meta", "07-09-2026"), ("feed", "2026-09-07T10:00:00+00:00"))], None, date(2026, 9, 7)),
        ([*dates(("json_ld", "8/10/2026"), ("address", "2026-10-08"))], None, date(2026, 10, 8)),
        ([*dates(("json_ld", "8/10/2026"), ("shown", "2026-08-10"))], None, date(2026, 8, 10)),
        # Else the country of the language, or of the feed's zone.
        ([*dates(("json_ld", "8/10/2026")), in_language("en-AU")], None, date(2026, 10, 8)),
        ([*dates(("json_ld", "8/10/2026")), in_language("en-US")], None, date(2026, 8, 10)),
        ([*dates(("json_ld", "8/10/2026")), in_language("fr")], None, date(2026, 10, 8)),
        ([*dates(("json_ld", "8/10/2026")), in_language("en")], ZoneInfo("Europe/London"), date(2026, 10, 8)),
        ([*dates(("json_ld", "8/10/2026")), in_language("en")], ZoneInfo("America/Denver"), date(2026, 8, 10)),
        # What would lie in the future is none of the two.
        ([*dates(("json_ld", "11/12/2026")), in_language("en")], None, date(2026, 11, 12)),
        # Where nobody can tell there is no date.
        ([*dates(("json_ld", "8/10/2026")), in_language("en")], None, None),
        ([*dates(("json_ld", "8/10/2026"))], KYIV, None),
    ],
)
def test_day_and_month_in_doubt_are_decided_by_what_else_is_known(
    claims: list[Claim], zone: ZoneInfo | None, day: date | None
) -> None:
    found = time_precedence.published(claims, SEEN, zone)
    assert (found.stated_day if found else None) == day


def test_a_guess_lies_near_the_first_sight_and_a_statement_for_machines_may_be_old() -> None:
    old = str((SEEN - timedelta(days=300)).date())
    assert time_precedence.published(dates(("shown", old)), SEEN, None) is None
    assert time_precedence.published(dates(("time", old), ("address", old)), SEEN, None) is None
    assert time_precedence.published(dates(("json_ld", old)), SEEN, None) is not None


def test_a_time_without_a_zone_takes_that_of_the_source_that_states_the_same_moment() -> None:
    both = dates(("json_ld", "2026-11-21T09:30:00"), ("opengraph", "2026-11-21T09:30:00+05:30"))
    utc = datetime(2026, 11, 21, 4, tzinfo=UTC)
    assert (found := time_precedence.published(both, SEEN, None))
    assert found.moment == utc
    apart = dates(("json_ld", "2026-11-21T09:30:00"), ("opengraph", "2026-11-21T12:41:17+05:30"))
    assert (found := time_precedence.published(apart, SEEN, None))
    assert found.source == "json_ld"
    assert (found := time_precedence.published(both, SEEN, KYIV))
    assert found.moment == utc.replace(hour=7, minute=30)


def test_a_date_is_far_where_neither_the_feed_nor_the_first_sight_is_near() -> None:
    year_ago = SEEN - timedelta(days=365)
    assert time_precedence.is_far(year_ago, None, SEEN)
    assert time_precedence.is_far(year_ago, SEEN - timedelta(days=2), SEEN)
    assert not time_precedence.is_far(year_ago, year_ago + timedelta(days=3), SEEN)
    assert not time_precedence.is_far(SEEN - timedelta(days=3), None, SEEN)
    assert not time_precedence.is_far(None, None, SEEN)
