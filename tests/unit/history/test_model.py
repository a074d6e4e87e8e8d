"""Which documents and pages belong to the days that are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from newswatch.history.model import PastEntry, Span, period_in, whole_period_in

SEPTEMBER = Span(date(2026, 9, 1), date(2026, 9, 30), ZoneInfo("Europe/Kyiv"))


@pytest.mark.parametrize(
    ("path", "period"),
    [
        ("/sitemap-2026-09.xml", (date(2026, 9, 1), date(2026, 9, 30))),
        ("/sitemap/2026/9/all.xml", (date(2026, 9, 1), date(2026, 9, 30))),
        ("/sitemap.xml?yyyy=2024&mm=02", (date(2024, 1, 1), date(2024, 12, 31))),  # the month alone is any number
        ("/sitemap_202602.xml.gz", (date(2026, 2, 1), date(2026, 2, 28))),
        ("/sm/20260914.xml", (date(2026, 9, 14), date(2026, 9, 14))),
        ("/2026/09/14/sitemap.xml", (date(2026, 9, 14), date(2026, 9, 14))),
        ("/sitemap-2019.xml", (date(2019, 1, 1), date(2019, 12, 31))),
        ("/sitemap-2026-09-1.xml", (date(2026, 9, 1), date(2026, 9, 30))),  # its first part
        ("/sitemap-2026-9-1.xml", (date(2026, 9, 1), date(2026, 9, 1))),
        ("/post-sitemap12.xml", None),
        ("/sitemap-120260914.xml", None),
        ("/archive/2025-12/to/2026-01.xml", None),
        ("/sitemap-2026-02-31.xml", None),
    ],
)
def test_the_period_that_an_address_states(path: str, period: tuple[date, date] | None) -> None:
    assert period_in(f"https://paper.example{path}") == period


@pytest.mark.parametrize(
    ("path", "is_whole"),
    [
        ("/sitemap-2026-09.xml.gz", True),
        ("/2026/09/sitemap-2026-09.xml", True),
        ("/sitemap-2026-09.xml?page=1", False),
        ("/sitemap-2026-09-1.xml", False),
        ("/sitemap.xml?yyyy=2024&mm=02", False),
        ("/sitemap.xml", False),
    ],
)
def test_another_number_beside_a_period_may_be_that_of_a_part(path: str, is_whole: bool) -> None:
    assert (whole_period_in(f"https://vote2024.example{path}") is not None) is is_whole


def test_a_year_in_the_hosts_name_is_no_period() -> None:
    assert period_in("https://vote2024.example/sitemap.xml") is None


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        (PastEntry("u", published_at=datetime(2026, 8, 31, 21, 0, tzinfo=UTC)), True),  # midnight in Kyiv
        (PastEntry("u", published_at=datetime(2026, 8, 31, 20, 59, tzinfo=UTC)), False),
        (PastEntry("u", published_at=datetime(2026, 9, 30, 20, 59, tzinfo=UTC)), True),
        (PastEntry("u", published_at=datetime(2026, 9, 30, 21, 0, tzinfo=UTC)), False),
        (PastEntry("u", published_at=datetime(2026, 10, 1, tzinfo=UTC), published_day=date(2026, 10, 1)), True),
        (PastEntry("u", published_at=datetime(2026, 10, 2, tzinfo=UTC), published_day=date(2026, 10, 2)), False),
        (PastEntry("u", changed_at=datetime(2026, 8, 1, tzinfo=UTC)), False),  # no page is published after its change
        (PastEntry("u", changed_at=datetime(2026, 11, 1, tzinfo=UTC)), None),
        (PastEntry("u"), None),
    ],
)
def test_whether_a_page_was_published_in_the_days(entry: PastEntry, holds: bool | None) -> None:
    assert SEPTEMBER.holds(entry) is holds


@pytest.mark.parametrize(
    ("path", "changed_at", "may_hold"),
    [
        ("/sitemap-2026-09.xml", None, True),
        ("/sitemap-2026-08.xml", None, True),  # the last hours of August may be September in Kyiv
        ("/sitemap-2026-07.xml", datetime(2026, 11, 1, tzinfo=UTC), False),  # whatever it says of its last change
        ("/sitemap-7.xml", datetime(2026, 7, 1, tzinfo=UTC), False),
        ("/sitemap-7.xml", datetime(2026, 11, 1, tzinfo=UTC), True),
        ("/sitemap-7.xml", None, True),
    ],
)
def test_whether_a_document_is_worth_a_request(path: str, changed_at: datetime | None, may_hold: bool) -> None:
    assert SEPTEMBER.may_hold(f"https://paper.example{path}", changed_at) is may_hold
