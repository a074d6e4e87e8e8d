"""Silent edits: stories that matched are looked at again, and every text that they have had is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from answers import Answers
from ask import count, dirty_days, make_clean, rows, stories, story_lines, values
from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newsroom.server import Newsroom, find_story
from newsroom.stories import as_first_printed
from newswatch.errors import LeaseLost
from newswatch.ledger import revisions
from newswatch.ledger import schema as t
from newswatch.ledger.revisions import PlannedVisit
from newswatch.pipeline import Newswatch, build_day, explain, fetch_pending, poll, tag_new, visit_due
from newswatch.sandbox.pool import ParserPool
from newswatch.stories import edits
from newswatch.urls.canonical import host_of

MATCHING = (
    "Inspectors of the New START treaty met in the old customs house on Tuesday and counted 18 visits.",
    "Their hosts asked for figures, which the clerk promised for the following week, with a plan of the works.",
)
PLAIN = ("The harbour board met on Tuesday.", "Members asked for figures and were promised them within the week.")


def show(site: Site, path: str, *paragraphs: str, title: str = "Inspectors meet", **headers: str) -> None:
    site.html(path, ordinary_page(title, *paragraphs), **headers)


@pytest.fixture
def read(site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock) -> Newswatch:
    """Two stories read and tagged, of which one matches a topic."""
    nw = make_newswatch(site_config)
    stamp = f"<pubDate>{clock():%a, %d %b %Y %H:%M:%S GMT}</pubDate>"
    show(site, "/treaty", *MATCHING, ETag='"first"')
    show(site, "/quay", *PLAIN, title="Board meets")
    site.feed(site.item("/treaty", stamp), site.item("/quay", stamp))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    tag_new(nw, "test")
    make_clean(nw)
    return nw


def visit(nw: Newswatch, clock: Clock, hours: float) -> dict[str, int]:
    clock.advance(hours=hours)
    return visit_due(nw, "test").outcomes


def test_a_story_that_matched_is_looked_at_after_one_six_and_twenty_four_hours_and_no_other_is(
    read: Newswatch, site: Site, clock: Clock
) -> None:
    site.hits.clear()
    assert visit(read, clock, 0.9) == {}
    assert visit(read, clock, 0.2) == {"unchanged": 1}
    assert visit(read, clock, 1) == {}
    assert visit(read, clock, 4) == {"unchanged": 1}
    assert visit(read, clock, 18) == {"unchanged": 1}
    assert visit(read, clock, 1000) == {}
    assert (site.hits["/treaty"], site.hits["/quay"]) == (3, 0)
    assert count(read, t.revisions) == 2
    assert count(read, t.batch_files) == len(set(values(read, sa.select(t.batch_files.c.path))))


def test_the_visit_asks_with_the_validators_that_the_page_came_with(read: Newswatch, site: Site, clock: Clock) -> None:
    site.answers["/treaty"] = (304, {}, b"")
    assert visit(read, clock, 1.1) == {"not_modified": 1}
    assert site.requests[-1]["if-none-match"] == '"first"'


def test_a_visit_for_which_the_machine_is_too_busy_is_none_and_is_made_in_an_hour(
    read: Newswatch, site: Site, clock: Clock
) -> None:
    show(site, "/treaty", MATCHING[0].replace("18", "19"), MATCHING[1])
    with ParserPool(size=1, deadline_seconds=8, memory_bytes=1_000_000_000, patience_seconds=1e-3) as starved:
        assert visit(replace(read, parsers=starved), clock, 1.1) == {}
    assert values(read, sa.select(t.visits.c.visit_count)) == [0]
    assert visit(read, clock, 0.9) == {}
    assert visit(read, clock, 0.2) == {"edited": 1}


def test_a_changed_figure_is_a_new_revision_the_old_one_stays_and_the_difference_is_shown(
    read: Newswatch, site: Site, clock: Clock
) -> None:
    (before,) = [s for s in stories(read) if "treaty" in s["canonical_url"]]
    show(site, "/treaty", MATCHING[0].replace("18", "19"), MATCHING[1])
    assert visit(read, clock, 1.1) == {"edited": 1}

    told = explain(read, site.url("/treaty"))
    assert [r["number"] for r in told["revisions"]] == [1, 2]
    assert told["revisions"][1]["changes"] == [f"- {MATCHING[0]}", f"+ {MATCHING[0].replace('18', '19')}"]
    (after,) = [s for s in stories(read) if "treaty" in s["canonical_url"]]
    assert story_lines(after)[0].endswith("19 visits.")
    assert {after[n] == before[n] for n in ("day", "published_at", "first_seen_at", "story_id")} == {True}
    assert after["day"] in dirty_days(read)
    assert read.store.exists(told["revisions"][0]["file"])


def test_an_edited_story_counts_with_its_new_text_and_its_number(read: Newswatch, site: Site, clock: Clock) -> None:
    show(site, "/treaty", MATCHING[0].replace("New START", "arms"), MATCHING[1], "Donetsk was not spoken of.")
    visit(read, clock, 1.1)
    (day,) = {s["day"] for s in stories(read)}
    report = build_day(read, day)
    assert (report.topic_story_counts["new-start"], report.topic_story_counts["donetsk"]) == (0, 1)
    numbers = {s["title"]: s["revision_number"] for s in read_table(read, "stories", day)}
    assert numbers == {"Inspectors meet": 2, "Board meets": 1}
    assert tag_new(read, "test").topic_story_counts == {"donetsk": 1}


def read_table(nw: Newswatch, name: str, day: Any) -> list[dict[str, Any]]:
    from newswatch.storage import paths
    from newswatch.tables import day_tables

    table = next(table for table in day_tables.DAY_TABLES if table.name == name)
    return table.from_bytes(nw.store.read(paths.table(name, day)))


def test_a_box_that_changes_beside_the_story_is_no_edit(read: Newswatch, site: Site, clock: Clock) -> None:
    show(site, "/treaty", MATCHING[0], MATCHING[1], "Read more: The quay is closed", "12 comments")
    assert visit(read, clock, 1.1) == {"unchanged": 1}
    assert count(read, t.revisions) == 2


def test_each_change_is_a_revision_and_the_same_reading_twice_is_one(read: Newswatch, site: Site, clock: Clock) -> None:
    show(site, "/treaty", MATCHING[0], "The hosts asked for nothing at all, the clerk said on Wednesday morning.")
    assert visit(read, clock, 1.1) == {"edited": 1}
    assert visit(read, clock, 5) == {"unchanged": 1}
    show(site, "/treaty", *MATCHING, title="Inspectors have met")
    assert visit(read, clock, 18) == {"edited": 1}
    told = explain(read, site.url("/treaty"))["revisions"]
    assert [r["number"] for r in told] == [1, 2, 3]
    assert told[2]["changes"][:2] == ["- Inspectors meet", "+ Inspectors have met"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((404, {}, b"gone"), "http_404"),
        ((500, {}, b""), "http_500"),
        (None, "connection_failed"),
        ((200, {"Content-Type": "text/html"}, b"<title>404 not found</title><p>Nothing here.</p>"), "soft_404"),
        ((200, {"Content-Type": "text/html"}, b""), "no_story"),
    ],
)
def test_a_visit_that_finds_no_story_is_an_outcome_and_the_story_stays(
    read: Newswatch, site: Site, clock: Clock, answer: Any, outcome: str
) -> None:
    site.answers["/treaty"] = answer
    assert visit(read, clock, 1.1) == {outcome: 1}
    assert len(stories(read)) == 2
    kept = rows(read, sa.select(t.outcomes).where(t.outcomes.c.kind == "visit"))
    assert [(row.outcome, row.outcome_count) for row in kept] == [(outcome, 1)]
    show(site, "/treaty", *MATCHING)
    assert visit(read, clock, 5) == {"unchanged": 1}


def test_a_page_that_robots_txt_has_closed_meanwhile_is_not_visited(read: Newswatch, site: Site, clock: Clock) -> None:
    site.answers["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /treaty\n")
    with read.ledger.begin() as connection:
        connection.execute(sa.delete(t.robots))
    site.hits.clear()
    assert visit(read, clock, 1.1) == {"robots_disallowed": 1}
    assert site.hits["/treaty"] == 0


def test_a_budget_of_visits_is_kept_and_the_rest_stays_due(read: Newswatch, clock: Clock) -> None:
    none = read.settings.model_copy(update={"visit_cap": 0})
    from dataclasses import replace

    assert visit(replace(read, settings=none), clock, 1.1) == {}
    assert visit(read, clock, 0) == {"unchanged": 1}


def test_a_host_that_asks_for_rest_is_visited_later(read: Newswatch, site: Site, clock: Clock) -> None:
    site.answers["/treaty"] = (429, {"Retry-After": "1800"}, b"")
    assert visit(read, clock, 1.1) == {"http_429": 1}
    site.hits.clear()
    with read.ledger.begin() as connection:
        connection.execute(sa.update(t.visits).values(due_at=clock()))
    assert visit(read, clock, 0) == {}
    assert site.hits["/treaty"] == 0
    show(site, "/treaty", *MATCHING)
    assert visit(read, clock, 1.5) == {"unchanged": 1}


def test_a_late_writer_loses(read: Newswatch, site: Site, clock: Clock) -> None:
    def take_over() -> None:
        with read.ledger.begin() as connection:  # as a second try does
            connection.execute(sa.update(t.visits).values(lease_token="another"))

    edited = ordinary_page("Inspectors meet", MATCHING[0].replace("18", "19"), MATCHING[1])
    answers = Answers({site.url("/treaty"): edited.encode()}, meanwhile=take_over)
    with pytest.raises(LeaseLost):
        visit(answers.of(read), clock, 1.1)
    assert len(answers.asked) == 1
    assert count(read, t.revisions) == 2
    assert {s["revision_number"] for s in map(dict, (r._mapping for r in rows(read, sa.select(t.stories))))} == {1}


def test_a_story_that_came_days_after_its_day_is_not_visited(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    old = clock() - timedelta(days=3)
    show(site, "/treaty", *MATCHING)
    site.feed(site.item("/treaty", f"<pubDate>{old:%a, %d %b %Y %H:%M:%S GMT}</pubDate>"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert tag_new(nw, "test").topic_story_counts["new-start"] == 1
    assert count(nw, t.visits) == 0


def test_the_newsrooms_silent_edits_are_found(nw: Newswatch, newsroom: Newsroom, clock: Clock) -> None:
    clock.now = clock.now.replace(day=20, hour=5)  # a day on which three stories that match are edited
    feed_ids = [feed_id for feed_id in nw.feeds if feed_id.startswith(("tidewater", "northgate", "svodka"))]
    for _ in range(12):  # as the scheduled run does, an hour apart
        poll(nw, feed_ids, "test")
        fetch_pending(nw, "test")
        visit_due(nw, "test")
        tag_new(nw, "test")
        clock.advance(hours=1)

    edited = rows(
        nw,
        sa.select(t.stories.c.canonical_url, t.stories.c.path, t.stories.c.story_id).where(
            t.stories.c.revision_number > 1
        ),
    )
    assert len(edited) >= 2
    for row in edited:
        host, _, path = row.canonical_url.removeprefix("http://").partition("/")
        story = find_story(host.partition(".")[0], f"/{path}")
        assert story is not None
        assert story.updated_at is not None
        changes = explain(nw, row.canonical_url)["revisions"][1]["changes"]
        was, now = (set(s.paragraphs) for s in (as_first_printed(story), story))
        assert {line[2:] for line in changes if line[0] == "-"} == was - now
        assert {line[2:] for line in changes if line[0] == "+"} == now - was


def test_a_lost_file_ends_its_own_visits_and_no_others(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    for number, path in enumerate(("/first", "/second")):  # two polls: two files
        show(site, path, *MATCHING)
        day = clock() - timedelta(days=number)
        site.feed(site.item(path, f"<pubDate>{day:%a, %d %b %Y %H:%M:%S GMT}</pubDate>"))
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")
    tag_new(nw, "test")
    assert count(nw, t.visits) == 2
    (lost,) = values(nw, sa.select(t.stories.c.path).where(t.stories.c.canonical_url.endswith("/first")))
    Path(nw.store.locate(lost)).unlink()
    assert visit(nw, clock, 1.1) == {"unchanged": 1}
    assert visit(nw, clock, 5) == {"unchanged": 1}


def test_a_page_that_leads_to_the_front_page_is_not_the_story(read: Newswatch, site: Site, clock: Clock) -> None:
    show(site, "/", *PLAIN, title="Harbour paper")
    site.answers["/treaty"] = (302, {"Location": "/"}, b"")
    assert visit(read, clock, 1.1) == {"no_story": 1}
    assert {s["title"] for s in stories(read)} == {"Inspectors meet", "Board meets"}


def test_a_page_that_is_another_story_by_now_is_not_the_story(read: Newswatch, site: Site, clock: Clock) -> None:
    site.answers["/treaty"] = (302, {"Location": "/quay"}, b"")
    html = site.answers["/quay"][2].replace(b"</head>", b"<link rel=canonical href='/quay'></head>")
    site.answers["/quay"] = (200, {"Content-Type": "text/html"}, html)
    assert visit(read, clock, 1.1) == {"another_story": 1}
    assert {s["title"] for s in stories(read)} == {"Inspectors meet", "Board meets"}


def test_a_beginning_never_takes_the_place_of_the_whole(read: Newswatch, site: Site, clock: Clock) -> None:
    show(site, "/treaty", MATCHING[0], "To continue reading, subscribe now.")
    html = site.answers["/treaty"][2].replace(
        b"</head>", b"<meta property='article:content_tier' content='locked'></head>"
    )
    site.answers["/treaty"] = (200, {"Content-Type": "text/html"}, html)
    assert visit(read, clock, 1.1) == {"partial": 1}
    (row,) = [s for s in stories(read) if "treaty" in s["canonical_url"]]
    assert story_lines(row) == list(MATCHING)


def test_visits_belong_to_the_host_that_is_asked_and_are_spread_over_hosts(
    read: Newswatch, site: Site, clock: Clock
) -> None:
    assert values(read, sa.select(t.visits.c.host)) == [host_of(site.url("/treaty"))]
    with read.ledger.begin() as connection:
        connection.execute(sa.delete(t.visits))
        for number in range(40):
            host, story_id = ("slow.example", f"s{number}") if number < 39 else ("quick.example", "q")
            at = clock() + timedelta(seconds=number)
            story = {"story_id": story_id, "canonical_url": story_id, "day": clock().date(), "first_seen_at": at}
            known = {"published_at_source": "feed", "batch_id": "b", "path": "p", "page_url": f"http://{host}/{number}"}
            connection.execute(sa.insert(t.stories).values(story | known))
            revisions.plan_visits(connection, [PlannedVisit(story_id, host, at, at)])
        lease = read.lease("test", 60)
        taken = revisions.claim(connection, 0, 1, 3, lease, clock() + timedelta(hours=1))
    assert [v.story_id for v in taken] == ["q", "s0", "s1"]


def test_a_story_that_is_tagged_again_long_after_is_not_visited(read: Newswatch, clock: Clock) -> None:
    with read.ledger.begin() as connection:
        connection.execute(sa.delete(t.visits))
        connection.execute(sa.update(t.stories).values(tagged_batch_id=None))
    clock.advance(hours=24 * 20)
    assert tag_new(read, "test").story_count == 2
    assert count(read, t.visits) == 0


def test_a_page_that_shows_another_storys_address_without_a_word_is_not_the_story(
    read: Newswatch, site: Site, clock: Clock
) -> None:
    site.answers["/treaty"] = (302, {"Location": "/quay"}, b"")
    assert visit(read, clock, 1.1) == {"another_story": 1}
    assert {s["title"] for s in stories(read)} == {"Inspectors meet", "Board meets"}


def live_blog(site: Site, clock: Clock, *entries: str, until: str = "") -> None:
    """Show /live with these entries, the newest first, last changed now."""
    end = f', "coverageEndTime": "{until}"' if until else ""
    said = f'{{"@type": "LiveBlogPosting", "headline": "Storm", "dateModified": "{clock():%Y-%m-%dT%H:%M:%SZ}"{end}}}'
    articles = "".join(f"<article><time>10:0{n}</time><p>{entry}</p></article>" for n, entry in enumerate(entries))
    head = f'<title>Storm</title><script type="application/ld+json">{said}</script>'
    site.html("/live", f"<html lang=en><head>{head}</head><body><h1>Storm</h1><main>{articles}</main></body></html>")


FIRST = "The storm reached the outer quay before noon and took two boats with it, the harbour master said."
SECOND = "The New START talks in the customs house were put off until the ferry runs again, the hosts said."


@pytest.fixture
def live(site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock) -> Newswatch:
    """A live blog read and tagged, which matches no topic yet."""
    nw = make_newswatch(site_config)
    live_blog(site, clock, FIRST)
    site.feed(site.item("/live", f"<pubDate>{clock():%a, %d %b %Y %H:%M:%S GMT}</pubDate>"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert tag_new(nw, "test").topic_story_counts == {}
    return nw


def test_a_live_blog_is_revisited_every_hour_while_it_is_written(live: Newswatch, site: Site, clock: Clock) -> None:
    assert visit(live, clock, 1.1) == {"unchanged": 1}
    live_blog(site, clock, SECOND, FIRST)
    assert visit(live, clock, 1.1) == {"edited": 1}
    assert tag_new(live, "test").topic_story_counts == {"new-start": 1}
    asked = [visit(live, clock, 1.1) for _ in range(9)]
    assert asked == [{"unchanged": 1}] * 5 + [{}] * 4, "six hours without a change end it"
    (story,) = stories(live)
    assert story["updated_at"] > story["first_seen_at"]
    assert visit(live, clock, 20) == {}


def test_a_live_blog_that_states_its_end_is_over_then(live: Newswatch, site: Site, clock: Clock) -> None:
    end = clock() + timedelta(hours=2)
    live_blog(site, clock, SECOND, FIRST, until=f"{end:%Y-%m-%dT%H:%M:%SZ}")
    assert [visit(live, clock, 1.1) for _ in range(4)] == [{"edited": 1}, {"unchanged": 1}, {}, {}]


def test_a_live_blog_is_not_revisited_for_ever(live: Newswatch, site: Site, clock: Clock) -> None:
    made = 0
    for _ in range(60):
        live_blog(site, clock, SECOND, FIRST)
        made += sum(visit(live, clock, 1.05).values())
    assert 40 <= made <= edits.LIVE_HOURS
