"""What a digest puts first: stories about a topic before those that name it in passing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newswatch.config.catalogue import parse_catalogue
from newswatch.digest.charts import ChartDay
from newswatch.digest.content import Issue, TrendNote, compose, reading_of
from newswatch.digest.formats import to_html, to_markdown

DAY = date(2026, 11, 22)
FEEDS = "feeds:\n  - {id: one, outlet: The One, url: 'https://example.com/rss', language: en}\n"
TOPICS = """\
topics:
  - {id: quay, name: Quay, description: The quay., terms: [{text: quay}], examples: {match: [quay], no_match: [x]}}
  - {id: pier, name: Pier, description: The pier., terms: [{text: pier}], examples: {match: [pier], no_match: [x]}}
"""


def story(id_: str) -> dict[str, Any]:
    moment = datetime(2026, 11, 22, 9, tzinfo=UTC)
    return {
        "story_id": id_,
        "canonical_url": f"https://example.com/{id_}",
        "title": f"Title of {id_}",
        "outlet": "The One",
        "language": "en",
        "published_at": moment,
        "first_seen_at": moment,
        "is_day_only": False,
        "text_source": "page",
        "cluster_id": id_,
        "original_outlet": "The One",
        "original_at": moment,
    }


def mention(id_: str, topic: str, *, is_about: bool, zone: str = "body") -> dict[str, Any]:
    return {
        "topic": topic,
        "story_id": id_,
        "outlet": "The One",
        "zone": zone,
        "start": 4,
        "end": 8,
        "sentence": f"The {topic} of {id_}.",
        "sentence_start": 0,
        "is_about": is_about,
    }


def digest(mentions: list[dict[str, Any]], pages_url: str = "") -> Any:
    stories = [story(id_) for id_ in sorted({m["story_id"] for m in mentions})]
    days = []
    for topic in ("quay", "pier"):
        mine = [m for m in mentions if m["topic"] == topic]
        days.append(
            {
                "topic": topic,
                "story_count": len({m["story_id"] for m in mine}),
                "original_count": len({m["story_id"] for m in mine}),
                "about_story_count": len({m["story_id"] for m in mine if m["is_about"]}),
                "outlet_count": 1,
                "mention_count": len(mine),
                "seen_story_count": len(stories),
                "failed_story_count": 0,
                "feed_count": 1,
                "covering_feed_count": 1,
            }
        )
    tables = {"stories": stories, "mentions": mentions, "topic_days": days}
    at = datetime(2026, 11, 23, 6, tzinfo=UTC)
    return compose(Issue(DAY, 1, at, tables, {}, parse_catalogue(FEEDS, TOPICS), ZoneInfo("UTC"), pages_url=pages_url))


def test_stories_about_a_topic_come_before_those_that_name_it_in_passing() -> None:
    made = digest(
        [
            mention("a", "quay", is_about=False),
            mention("b", "quay", is_about=True),
            mention("c", "quay", is_about=True, zone="headline"),
        ]
    )
    for shown in (to_html(made), to_markdown(made)):
        places = [shown.index(words) for words in ("Title of c", "Title of b", "Named in passing", "Title of a")]
        assert places == sorted(places)
        assert "2 about it" in shown
        assert shown.count("Named in passing") == 1


def test_where_all_stories_are_about_it_nothing_is_said_of_passing() -> None:
    made = digest([mention("a", "quay", is_about=True)])
    assert "passing" not in to_markdown(made)
    assert "about it" not in to_html(made)


def test_a_story_is_listed_under_the_topic_that_it_is_about() -> None:
    names_quay_often = [mention("a", "quay", is_about=False) | {"start": 4 + n} for n in range(2)]
    made = digest([*names_quay_often, mention("a", "pier", is_about=True, zone="lede")])
    sections = {section.id: section for section in made.sections}
    assert not sections["quay"].lines
    assert [(name, line.title) for name, line in sections["quay"].elsewhere] == [("Pier", "Title of a")]
    assert [line.is_about for line in sections["pier"].lines] == [True]


def test_a_day_that_is_not_over_is_no_outage_and_a_spike_on_it_is_one() -> None:
    trend = {"state": "cannot_tell", "baseline": 2.0, "missing_share": 1.0, "usual": (0, 5)}
    chart = [ChartDay(date(2026, 11, 26), 1), ChartDay(date(2026, 11, 27), 0)]
    assert reading_of(trend, chart) == TrendNote(
        "cannot_tell", "nobody looked all day; 0 to 5 is usual on a Friday", "0 to 5"
    )
    assert reading_of(trend, chart, is_over=False) == TrendNote("open", "0 to 5 is usual on a Friday", "0 to 5")
    assert reading_of(trend | {"state": "spike"}, chart, is_over=False).state == "spike"


def test_of_a_topic_that_was_never_seen_no_range_is_usual() -> None:
    trend = {"state": "normal", "baseline": 0.0, "missing_share": 0.0, "usual": (0, 3)}
    chart = [ChartDay(date(2026, 11, day), count) for day, count in ((23, None), (24, 0), (25, 0), (26, 0), (27, 2))]
    assert reading_of(trend, chart) == TrendNote("normal", "no story on 3 days before", "none")
    assert reading_of(trend | {"state": "spike"}, chart) == TrendNote("spike", "no story on 3 days before", "none")
    seen = [*chart[:2], ChartDay(date(2026, 11, 25), 1), *chart[3:]]
    assert reading_of(trend, seen) == TrendNote("normal", "0 to 3 is usual on a Friday", "0 to 3")
    assert reading_of(trend, chart[-1:]) == TrendNote("normal", "0 to 3 is usual on a Friday", "0 to 3")


NAMED_BY_ANOTHER = [
    mention("a", "quay", is_about=False),
    mention("a", "pier", is_about=True, zone="lede"),
    mention("b", "quay", is_about=True),
]


def test_every_item_and_topic_leads_to_its_page_and_each_count_to_its_marked_words() -> None:
    made = digest(NAMED_BY_ANOTHER, "https://pages.example/newswatch/")
    html, text = to_html(made), to_markdown(made)
    for id_ in ("a", "b"):
        assert f'href="https://pages.example/newswatch/story/{id_}" data-page="story/{id_}"' in html
        assert f"(https://pages.example/newswatch/story/{id_})" in text
    assert 'href="https://pages.example/newswatch/topic/pier?last=2026-11-22&amp;span=7"' in html
    assert "(https://pages.example/newswatch/topic/pier?last=2026-11-22&amp;span=7)" in text
    elsewhere = html.partition("Listed elsewhere")[2]
    assert '<a href="#text-a">' in elsewhere
    assert 'id="text-a"' in html
    assert "<mark>quay</mark> of a." in elsewhere  # this topic's word, not the other's
    assert "**quay** of a" in text


def test_without_an_address_of_pages_a_digest_has_no_links_to_them() -> None:
    made = digest(NAMED_BY_ANOTHER)
    assert "data-page" not in to_html(made)
    assert "every mention" not in to_html(made) + to_markdown(made)
