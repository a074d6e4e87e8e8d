"""Entries whose address has a parameter that is another at every poll."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ask import count, stories
from clocks import Clock
from web_site import Site

from newswatch.ledger import schema as t
from newswatch.pipeline import Newswatch, fetch_pending, poll


@pytest.fixture
def nw(make_newswatch: Callable[..., Newswatch], site_config: Path) -> Newswatch:
    return make_newswatch(site_config)


def item(site: Site, path: str, title: str, extra: str = "") -> str:
    site.page(path, title=title)
    link = site.url(path).replace("&", "&amp;")
    return f"<item><title>{title}</title><link>{link}</link><description>{title}, it says.</description>{extra}</item>"


def outcomes(nw: Newswatch, clock: Clock) -> dict[str, int]:
    clock.advance(hours=1)
    found = poll(nw, ["site"], "test").entry_outcomes
    fetch_pending(nw, "test")
    return found


@pytest.mark.parametrize("extra", ["", "<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>"])
@pytest.mark.parametrize("titles", [["Quay"], ["Quay", "Ferry", "Mayor"]])
@pytest.mark.parametrize("address", ["/story-{0}?rnd={1}", "/show?id={0}&x={1}", "/show?x={1}&id={0}"])
def test_a_parameter_that_is_new_at_each_poll_makes_no_new_entry(
    nw: Newswatch, site: Site, clock: Clock, address: str, titles: list[str], extra: str
) -> None:
    for round_ in range(3):
        paths = [address.format(n, 1000 * round_ + n) for n in range(len(titles))]
        site.feed(*(item(site, path, title, extra) for path, title in zip(paths, titles, strict=True)))
        assert outcomes(nw, clock) == {"known" if round_ else "new": len(titles)}
    assert len(stories(nw)) == count(nw, t.entries) == len(titles)


def test_a_new_entry_among_them_is_new(nw: Newswatch, site: Site, clock: Clock) -> None:
    titles = ["Quay", "Ferry"]
    site.feed(*(item(site, f"/{title}?rnd=1{n}", title) for n, title in enumerate(titles)))
    outcomes(nw, clock)
    titles.append("Mayor")
    site.feed(*(item(site, f"/{title}?rnd=2{n}", title) for n, title in enumerate(titles)))
    assert outcomes(nw, clock) == {"known": 2, "new": 1}
    site.feed(*(item(site, f"/{title}?rnd=3{n}", title) for n, title in enumerate(titles)))
    assert outcomes(nw, clock) == {"known": 3}


def test_a_number_that_stays_with_its_story_tells_stories_apart(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.feed(item(site, "/show?id=1", "Weather"), item(site, "/show?id=2", "Quay"))
    outcomes(nw, clock)
    site.feed(item(site, "/show?id=3", "Weather"), item(site, "/show?id=2", "Quay"))
    assert outcomes(nw, clock) == {"known": 1, "new": 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<guid isPermaLink='false'>1</guid>", "<guid isPermaLink='false'>2</guid>"),
        ("<pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate>", "<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>"),
    ],
)
def test_another_guid_or_date_is_another_entry(
    nw: Newswatch, site: Site, clock: Clock, first: str, second: str
) -> None:
    site.feed(item(site, "/show?id=1", "Weather", first))
    outcomes(nw, clock)
    site.feed(item(site, "/show?id=2", "Weather", second))
    assert outcomes(nw, clock) == {"new": 1}


def test_another_page_or_other_parameters_are_another_entry(nw: Newswatch, site: Site, clock: Clock) -> None:
    site.feed(item(site, "/show?id=1&rnd=1", "Weather"))
    outcomes(nw, clock)
    for path in ("/other?id=1&rnd=2", "/show?id=2&rnd=3", "/show?id=1&page=2&rnd=4"):
        site.feed(item(site, path, "Weather"))
        assert outcomes(nw, clock) == {"new": 1}
