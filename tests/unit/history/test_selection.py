"""Which of the listed pages are fetched, and which days count as covered by a list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from newswatch.history.model import PastDocument, PastEntry, Span
from newswatch.history.selection import Listed, believed, covered_by_pages, covered_by_sitemaps, merged, select
from newswatch.history.site import Site

SPAN = Span(date(2026, 9, 1), date(2026, 9, 30), ZoneInfo("UTC"))
SITE = Site(("https://paper.example",))
TODAY = date(2026, 11, 22)


def dated(day: int, path: str = "", month: int = 9) -> PastEntry:
    moment = datetime(2026, month, day, 12, tzinfo=UTC)
    return PastEntry(f"https://paper.example/{path or f'{month}-{day}'}", published_at=moment)


def document(*entries: PastEntry, is_cut: bool = False) -> PastDocument:
    return PastDocument(entries, is_cut=is_cut)


def test_each_page_of_the_site_and_of_the_days_once_and_the_dated_listing_of_it() -> None:
    undated = PastEntry("https://www.paper.example/a/?utm_source=x")
    pages = [
        Listed(undated, "sitemap"),
        Listed(dated(14, "a"), "wordpress"),
        Listed(PastEntry("https://other.example/a"), "sitemap"),
        Listed(dated(14, "b", month=7), "sitemap"),
        Listed(PastEntry("https://paper.example/c"), "sitemap"),
    ]
    found = select(pages, SPAN, SITE)
    assert [(page.entry.url, page.via) for page in found.wanted] == [
        ("https://paper.example/a", "wordpress"),
        ("https://paper.example/c", "sitemap"),
    ]
    assert found.passed_over == {"listed twice": 1, "of another site": 1, "of other days": 1}
    assert found.undated_count == 1


def test_a_sitemap_of_a_period_lists_all_of_it_if_it_is_whole_and_has_a_story_of_it() -> None:
    month = ("https://paper.example/sitemap-2026-09.xml", document(dated(14)))
    assert covered_by_sitemaps([month], ["https://paper.example/7.xml"], SPAN, TODAY) == ((SPAN.first, SPAN.last),)
    for other in (document(dated(14), is_cut=True), document(), document(dated(14, month=8))):
        assert covered_by_sitemaps([(month[0], other)], [], SPAN, TODAY) == ()


def test_a_sitemap_of_a_period_that_goes_on_lists_what_was_before_its_newest_storys_day() -> None:
    month = ("https://paper.example/sitemap-2026-09.xml", document(dated(14)))
    assert covered_by_sitemaps([month], [], SPAN, SPAN.last) == ((SPAN.first, date(2026, 9, 13)),)


def test_of_a_period_of_which_a_sitemap_is_missing_no_day_is_listed_to_the_last() -> None:
    month = ("https://paper.example/sitemap-2026-09.xml", document(dated(14)))
    day = "https://paper.example/late/2026-09-20.xml"
    expected = ((SPAN.first, date(2026, 9, 19)), (date(2026, 9, 21), SPAN.last))
    assert covered_by_sitemaps([month], [day], SPAN, TODAY) == expected
    assert covered_by_sitemaps([month, (day, document(is_cut=True))], [], SPAN, TODAY) == expected


def test_sitemaps_without_a_period_reach_from_story_to_story_if_none_of_them_is_missing() -> None:
    """A list of the newest may begin, or have been made, in the middle of the day of its story at either end."""
    numbered = [
        ("https://paper.example/sitemap-1.xml", document(dated(2), dated(9), dated(4))),
        ("https://paper.example/sitemap-2.xml", document(dated(20), dated(21))),
    ]
    assert covered_by_sitemaps(numbered, [], SPAN, TODAY) == ((date(2026, 9, 3), date(2026, 9, 8)),)
    assert covered_by_sitemaps(numbered, ["https://paper.example/sitemap-3.xml"], SPAN, TODAY) == ()
    cut = [*numbered, ("https://paper.example/sitemap-3.xml", document(dated(25), is_cut=True))]
    assert covered_by_sitemaps(cut, [], SPAN, TODAY) == ()


def test_pages_after_a_feed_reach_to_the_day_after_the_newest_story_of_the_last_one() -> None:
    pinned = dated(1, month=1)
    pages = [[pinned, dated(20), dated(15)], [dated(11), dated(3)]]
    assert covered_by_pages(pages, SPAN) == ((date(2026, 9, 12), date(2026, 9, 20)),)
    assert covered_by_pages([*pages, [dated(3, month=8)]], SPAN) == ((SPAN.first, date(2026, 9, 20)),)
    assert covered_by_pages([[PastEntry("u")]], SPAN) == ()


def test_stretches_that_touch_are_one_and_none_leaves_the_span() -> None:
    day = timedelta(days=1)
    found = merged(
        [(SPAN.first - day, SPAN.first), (SPAN.first + day, SPAN.first + 2 * day), (SPAN.last, SPAN.last + day)], SPAN
    )
    assert found == ((SPAN.first, SPAN.first + 2 * day), (SPAN.last, SPAN.last))


def test_a_list_is_not_believed_of_days_on_which_it_lacks_what_was_seen() -> None:
    days = [SPAN.first + timedelta(days=n) for n in range(30)]
    known = [(day, {f"//paper.example/{day}", f"//paper.example/other-{day}"}) for day in days]
    every = {f"//paper.example/{day}" for day in days}
    whole = ((SPAN.first, SPAN.last),)
    assert believed(whole, known, every) == (whole, 0)
    assert believed(whole, [], set()) == (whole, 0)
    tenth = days[9]
    stretches = ((days[0], days[8]), (days[10], days[29]))
    assert believed(whole, known, every - {f"//paper.example/{tenth}"}) == (stretches, 1)


def test_a_list_that_lacks_many_of_what_was_seen_is_believed_of_no_day() -> None:
    days = [SPAN.first + timedelta(days=n) for n in range(30)]
    known = [(day, {f"//paper.example/{day}"}) for day in days]
    assert believed(((SPAN.first, SPAN.last),), known, {f"//paper.example/{day}" for day in days[2:]}) == ((), 2)
