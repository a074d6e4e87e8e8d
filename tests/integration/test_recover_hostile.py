"""Recovery from lists that are not what they seem: no day counts as covered of which something may be missing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from answers import Answers
from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newswatch.config.catalogue import Catalogue
from newswatch.net.client import Request
from newswatch.net.messages import Failure, Response
from newswatch.pipeline import Newswatch, PastWanted, fetch_pending, find_past, note_past, poll
from newswatch.pipeline.past_report import PastReport

BASE = "http://ledger.example"
NOW = datetime(2026, 11, 22, 23, 57, tzinfo=UTC)
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def here(nw: Newswatch) -> Newswatch:
    """One feed, of BASE."""
    feed = nw.feeds["vale-ledger"].model_copy(update={"url": f"{BASE}/feed", "timezone": "UTC"})
    return replace(nw, catalogue=nw.catalogue.model_copy(update={"feeds": (feed,)}))


def found(nw: Newswatch, answers: Answers, **wanted: object) -> PastReport:
    asked = PastWanted(("vale-ledger",), FIRST, LAST, **wanted)  # type: ignore[arg-type]
    return find_past(answers.of(nw), asked).report


def sitemap(*days: date, base: str = BASE) -> bytes:
    """One with a story of each of the days."""
    urls = (f"<url><loc>{base}/{day:%Y/%m/%d}/story</loc></url>" for day in days)
    return f"<urlset>{''.join(urls)}</urlset>".encode()


def index(*addresses: str) -> bytes:
    return f"<sitemapindex>{''.join(f'<sitemap><loc>{a}</loc></sitemap>' for a in addresses)}</sitemapindex>".encode()


def robots(*addresses: str) -> bytes:
    return "\n".join(f"Sitemap: {address}" for address in addresses).encode()


def every_day(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


def test_a_sitemap_on_another_host_that_robots_names_is_read(here: Newswatch) -> None:
    elsewhere = "http://maps.cdn.example"
    answers = Answers(
        {
            f"{BASE}/robots.txt": robots(f"{elsewhere}/index.xml"),
            f"{elsewhere}/index.xml": index(f"{elsewhere}/sitemap-2026-09.xml"),
            f"{elsewhere}/sitemap-2026-09.xml": sitemap(*every_day()),
        }
    )
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    assert (source.held_count, source.covered) == (30, ((FIRST, LAST),))


def test_a_sitemap_that_an_index_names_on_another_site_is_named_as_not_had(here: Newswatch) -> None:
    """Its host is nobody's that the site's own robots.txt vouches for."""
    answers = Answers(
        {
            f"{BASE}/robots.txt": robots(f"{BASE}/index.xml"),
            f"{BASE}/index.xml": index(f"{BASE}/a.xml", "http://maps.cdn.example/b.xml"),
            f"{BASE}/a.xml": sitemap(*every_day()),
        }
    )
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    assert source.covered == ()
    assert any("http://maps.cdn.example/b.xml" in fault for fault in source.faults)


@pytest.mark.parametrize(("limit", "value"), [("MAX_DOCUMENTS", 5), ("MAX_LISTED", 120)])  # entries: 30 a document
def test_a_list_without_an_end_is_broken_off_and_said(
    here: Newswatch, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(f"newswatch.pipeline.past_sources.{limit}", value)
    children = [f"{BASE}/{number}.xml" for number in range(100)]
    pages = dict.fromkeys(children, sitemap(*every_day()))
    answers = Answers(pages | {f"{BASE}/robots.txt": robots(f"{BASE}/i.xml"), f"{BASE}/i.xml": index(*children)})
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    assert source.covered == ()
    assert len(source.faults) == 96


def test_every_sitemap_that_cannot_be_had_is_named(here: Newswatch) -> None:
    children = [f"{BASE}/{number}.xml" for number in range(3)]
    answers = Answers({f"{BASE}/robots.txt": robots(f"{BASE}/i.xml"), f"{BASE}/i.xml": index(*children)})
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    assert [fault.split(":")[1] for fault in source.faults] == [child.split(":")[1] for child in children]


def test_one_sitemap_that_comes_cut_does_not_keep_the_host_from_being_asked(
    nw: Newswatch, site: Site, site_config: Path, make_newswatch: Callable[..., Newswatch]
) -> None:
    here = make_newswatch(site_config)
    children = [site.url(f"/{number}.xml") for number in range(3)]
    whole = gzip.compress(sitemap(*every_day(), base=site.url("")))
    packed = {"Content-Encoding": "gzip"}
    site.answers["/robots.txt"] = (200, {}, robots(site.url("/i.xml")))
    site.answers["/i.xml"] = (200, {}, index(*children))
    site.answers |= {
        "/0.xml": (200, packed, whole[:50]),
        "/1.xml": (200, packed, whole),
        "/2.xml": (200, packed, whole),
    }
    (source,) = find_past(here, PastWanted(("site",), FIRST, LAST, ("sitemap",))).report.sources
    assert len(source.faults) == 1
    assert source.entry_count == 60


class WordPress(Answers):
    """A site of 250 posts of September, whose interface is as `page_of` has it."""

    page_of: Callable[[list[dict[str, object]], int], list[dict[str, object]] | None]

    async def get(self, request: Request) -> Response | Failure:
        if "/wp-json/" in request.url:
            number = int(request.url.rpartition("page=")[2])
            posts = [
                {
                    "link": f"{BASE}/p/{n}",
                    "date_gmt": f"{datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=2.8 * n):%Y-%m-%dT%H:%M:%S}",
                    "title": {"rendered": f"Post {n}"},
                }
                for n in range(250)
            ]
            posts[7]["link"] = ""  # one of a kind that has no page
            page = type(self).page_of(posts, number)
            self.pages[request.url] = json.dumps(page).encode() if page is not None else b""
            if page is None:
                del self.pages[request.url]
                self.failures[request.url] = Failure(request.url, "http_400", "answered 400", is_transient=False)
        return await super().get(request)


@pytest.mark.parametrize("per_page", [100, 20])
def test_posts_are_read_to_the_end_however_many_a_page_has(here: Newswatch, per_page: int) -> None:
    class Capped(WordPress):
        page_of = staticmethod(lambda posts, n: posts[(n - 1) * per_page : n * per_page] or None)

    (source,) = found(here, Capped(), kinds=("wordpress",)).sources
    assert (source.entry_count, source.covered) == (249, ((FIRST, LAST),))


def test_an_interface_that_gives_the_same_page_for_ever_is_asked_no_more_and_covers_nothing(here: Newswatch) -> None:
    class Stuck(WordPress):
        page_of = staticmethod(lambda posts, _: posts[100:200])

    answers = Stuck()
    (source,) = found(here, answers, kinds=("wordpress",)).sources
    assert (source.entry_count, source.covered) == (100, ())
    assert len(answers.asked) < 5


def polled(nw: Newswatch, answers: Answers, *addresses: str) -> None:
    """The feed lists these today, and a poll has them with their pages."""
    items = "".join(f"<item><title>Of {url}</title><link>{url}</link></item>" for url in addresses)
    feed = nw.feeds["vale-ledger"]
    answers.pages[feed.url] = f'<rss version="2.0"><channel><title>Site</title>{items}</channel></rss>'.encode()
    answers.pages |= {url: ordinary_page(f"The harbour of {url[-9:]}").encode() for url in addresses}
    poll(answers.of(nw), ["vale-ledger"], "poll")
    assert fetch_pending(answers.of(nw), "poll").story_count == len(addresses)


def test_an_interface_that_lacks_what_the_feed_has_now_covers_nothing(here: Newswatch) -> None:
    """The site's stories are of a kind of their own, and posts are its blog."""

    class Blog(WordPress):
        page_of = staticmethod(lambda posts, n: posts[(n - 1) * 100 : n * 100] or None)

        async def get(self, request: Request) -> Response | Failure:
            if "order=desc" in request.url:
                posts = [
                    {
                        "link": f"{BASE}/p/{n}",
                        "date_gmt": f"{NOW - n * DAY:%Y-%m-%dT%H:%M:%S}",
                        "title": {"rendered": "P"},
                    }
                    for n in range(-1, 30)
                ]
                self.pages[request.url] = json.dumps(posts).encode()
                return await Answers.get(self, request)
            return await super().get(request)

    answers = Blog()
    polled(here, answers, *(f"{BASE}/news/story-{n}" for n in range(5)))
    (source,) = found(here, answers, kinds=("wordpress",)).sources
    assert (source.entry_count, source.covered) == (249, ())
    assert "lacks 5 of 5 stories" in source.faults[-1]
    answers = Blog()
    (source,) = found(replace(here, catalogue=other_feed(here)), answers, kinds=("wordpress",)).sources
    assert source.covered == ((FIRST, LAST),)


def other_feed(nw: Newswatch) -> Catalogue:
    """That of BASE as one that was never polled."""
    feed = nw.feeds["vale-ledger"].model_copy(update={"id": "never-polled", "outlet": "vale-ledger"})
    return nw.catalogue.model_copy(update={"feeds": (feed,)})


def test_of_a_host_that_authors_share_only_the_feeds_part_is_taken(here: Newswatch) -> None:
    feed = here.feeds["vale-ledger"].model_copy(update={"url": f"{BASE}/feed/@ada"})
    nw = replace(here, catalogue=here.catalogue.model_copy(update={"feeds": (feed,)}))
    answers = Answers({f"{BASE}/robots.txt": robots(f"{BASE}/sitemap.xml")})
    polled(nw, answers, f"{BASE}/@ada/one-11111", f"{BASE}/@ada/two-22222")
    urls = [f"{BASE}/@{author}/{day:%Y-%m-%d}-story" for author in ("ada", "bob", "cat") for day in every_day()]
    dated = (f"<url><loc>{url}</loc><lastmod>2026-11-01</lastmod></url>" for url in urls)
    answers.pages[f"{BASE}/sitemap.xml"] = f"<urlset>{''.join(dated)}</urlset>".encode()
    report = found(nw, answers, kinds=("sitemap",))
    assert report.new_count == 30
    assert report.passed_over["of another part of the site"] == 60


def rss(number: int, *dates: date) -> bytes:
    items = (
        f"<item><title>Story {day}</title><link>{BASE}/{day}-{n}</link><pubDate>{day:%d %b %Y} 12:00:00 +0000</pubDate>"
        "</item>"
        for n, day in enumerate(dates)
    )
    following = f'<atom:link rel="next" href="{BASE}/feed?page={number + 1}"/>'
    return (
        f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Site</title>{following}'
        f"{''.join(items)}</channel></rss>"
    ).encode()


def test_an_old_story_that_is_pinned_to_the_top_is_not_the_end_of_the_pages(here: Newswatch) -> None:
    pinned = date(2019, 5, 1)
    today = NOW.date()
    pages = {}
    for number in range(1, 14):
        newest = today - (number - 1) * 7 * DAY
        pages[f"{BASE}/feed" + (f"?page={number}" if number > 1 else "")] = rss(
            number, pinned, *(newest - n * DAY for n in range(7))
        )
    (source,) = found(here, Answers(pages), kinds=("paged_feed",)).sources
    assert source.held_count == 30
    assert source.covered == ((FIRST, LAST),)


def test_pages_that_end_early_cover_what_they_reach_over_alone(here: Newswatch) -> None:
    pages = {
        f"{BASE}/feed": rss(1, date(2019, 5, 1), *every_day(date(2026, 10, 1), NOW.date())),
        f"{BASE}/feed?page=2": rss(2, *reversed(every_day(date(2026, 9, 20), LAST))),
    }
    (source,) = found(here, Answers(pages), kinds=("paged_feed",)).sources
    assert source.covered in ((), ((date(2026, 9, 21), LAST),))


def test_days_of_pages_beyond_a_limit_are_not_covered_until_they_are_noted(here: Newswatch) -> None:
    answers = Answers(
        {
            f"{BASE}/robots.txt": robots(f"{BASE}/sitemap-2026-09.xml"),
            f"{BASE}/sitemap-2026-09.xml": sitemap(*every_day()),
        }
    )
    for limit, expected in ((10, 0), (None, 30)):
        asked = PastWanted(("vale-ledger",), FIRST, LAST, ("sitemap",), limit)
        past = find_past(answers.of(here), asked)
        note_past(here, past, "recovery")
        assert sum((days.last - days.first).days + 1 for days in past.covered) == expected


@pytest.mark.parametrize(
    ("addresses", "broken"),
    [
        (("sitemap-2026-09.xml?page=1", "sitemap-2026-09.xml?page=2"), "sitemap-2026-09.xml?page=2"),
        (("sitemap-2026-09-1.xml", "sitemap-2026-09-2.xml"), "sitemap-2026-09-2.xml"),
        (("video-2026-09.xml", "news-2026-09.xml"), "news-2026-09.xml"),
        (("sitemap.xml?yyyy=2026&amp;mm=09&amp;dd=14",), ""),
    ],
)
def test_a_part_of_a_period_does_not_speak_for_all_of_it(
    here: Newswatch, addresses: tuple[str, ...], broken: str
) -> None:
    pages = {f"{BASE}/{a}".replace("&amp;", "&"): sitemap(date(2026, 9, 14), date(2026, 9, 16)) for a in addresses}
    pages |= {f"{BASE}/robots.txt": robots(f"{BASE}/i.xml")}
    pages |= {f"{BASE}/i.xml": index(*(f"{BASE}/{a}" for a in addresses))}
    pages.pop(f"{BASE}/{broken}", None)
    answers = Answers(pages, {f"{BASE}/{broken}": Failure(f"{BASE}/{broken}", "http_403", "no", is_transient=False)})
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    asked = {request.url for request in answers.asked}
    assert {f"{BASE}/{a}".replace("&amp;", "&") for a in addresses} <= asked
    assert sum((last - first).days + 1 for first, last in source.covered) <= 1


def test_a_news_sitemap_does_not_cover_the_days_at_its_ends(here: Newswatch) -> None:
    answers = Answers(
        {
            f"{BASE}/robots.txt": robots(f"{BASE}/news.xml"),
            f"{BASE}/news.xml": sitemap(*every_day(date(2026, 9, 10), date(2026, 9, 13))),
        }
    )
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    assert source.covered == ((date(2026, 9, 11), date(2026, 9, 12)),)


def test_stories_of_another_site_say_nothing_of_this_ones_days(here: Newswatch) -> None:
    answers = Answers(
        {
            f"{BASE}/robots.txt": robots(f"{BASE}/sitemap-2026-09.xml"),
            f"{BASE}/sitemap-2026-09.xml": sitemap(*every_day(), base="http://other.example"),
        }
    )
    (source,) = found(here, answers, kinds=("sitemap",)).sources
    assert source.covered == ()
