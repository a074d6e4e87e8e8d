"""The invented stories: the same everywhere, true topics, traps, reprints and updates."""

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from itertools import pairwise

import pytest
from clocks import NOW

from newsroom.feeds import entries_of
from newsroom.outlets import BY_ID
from newsroom.stories import OUTAGE_OUTLET, Story, as_first_printed, in_feed_from, stories_between, stories_of

FIRST = date(2026, 9, 14)
FORMS = {
    "new-start": r"New START\b|New Strategic Arms|СНВ-III|СНВ-3|ДСНВ|СНО-III|Нов\w+ СТАРТ",
    "donetsk": r"Donetsk|Донец[кь]|донецк|Донеч",
    "zaporizhzhia-plant": r"Zaporizhzhia (nuclear )?(power )?plant|Запорожск\w+ АЭС|Запорізьк\w+ АЕС",
    "ctbt": r"CTBT|Test-Ban|ДВЗЯИ|ДВЗЯВ",
    "luhansk": r"Luhansk|Луганс|Луганщ",
    "inspections": r"(?i)inspect|инспек|інспек",
}
SHAKHTAR = r"Shakhtar Donetsk|«Шахтёр» \(Донецк\)|«Шахтар» Донецьк"


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return list(stories_between(FIRST, NOW.date()))


def text_of(story: Story) -> str:
    return "\n".join((story.headline, story.standfirst, *story.paragraphs))


def test_same_stories_in_another_process() -> None:
    code = "from datetime import date; from newsroom import stories_of; import hashlib, sys\n" + (
        "def plain(s): return [getattr(s, n) if not isinstance(getattr(s, n), frozenset) "
        "else sorted(getattr(s, n)) for n in s.__slots__]\n"
        "text = repr([plain(s) for s in stories_of(date(2026, 11, 21))])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_day_holds_a_dozen_to_two_dozen_stories(stories: list[Story]) -> None:
    days: dict[date, int] = {}
    for story in stories:
        days[story.published_at.date()] = days.get(story.published_at.date(), 0) + 1
    assert len(days) == 70
    assert all(12 <= count <= 24 for count in days.values())
    assert len({story.id for story in stories}) == len({(s.outlet_id, s.path) for s in stories}) == len(stories)
    assert all(5 <= len(story.paragraphs) <= 11 for story in stories)


def test_shares_of_topics(stories: list[Story]) -> None:
    assert 0.04 < sum("new-start" in story.topics for story in stories) / len(stories) < 0.09
    assert 0.09 < sum("donetsk" in story.topics for story in stories) / len(stories) < 0.16


def test_patterns_on_the_first_demo_dates() -> None:
    for day in (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)):
        assert 6 <= sum("new-start" in story.topics for story in stories_of(day)) <= 9
    silence = list(stories_between(date(2026, 11, 5), date(2026, 11, 10)))
    assert silence
    assert not any("donetsk" in story.topics for story in silence)
    outage = list(stories_between(date(2026, 10, 28), date(2026, 10, 31)))
    assert outage
    assert not any(story.outlet_id == OUTAGE_OUTLET for story in outage)


@pytest.mark.parametrize("first", [date(2026, 12, 1), date(2027, 3, 9), date(2028, 2, 1)])
def test_patterns_in_any_ten_weeks(first: date) -> None:
    days = [stories_of(first + timedelta(days=number)) for number in range(70)]
    new_start = [sum("new-start" in story.topics for story in day) >= 6 for day in days]
    silent = [not any("donetsk" in story.topics for story in day) for day in days]
    out = [not any(story.outlet_id == OUTAGE_OUTLET for story in day) for day in days]
    assert any(all(new_start[at : at + 2]) for at in range(69))
    assert any(all(silent[at : at + 6]) for at in range(65))
    assert any(all(out[at : at + 4]) for at in range(67))


def test_topics_are_true(stories: list[Story]) -> None:
    for story in stories:
        text = re.sub(SHAKHTAR, "", text_of(story)) if "shakhtar" in story.traps else text_of(story)
        for topic, forms in FORMS.items():
            if topic in story.topics:
                assert re.search(forms, text), (topic, story.id)
            elif topic != "inspections":  # a word of other trades too
                trapped = "a-new-start" in story.traps and topic == "new-start"
                assert trapped or not re.search(forms, text), (topic, story.id)


def test_traps_occur_in_each_language(stories: list[Story]) -> None:
    for language in ("en", "ru", "uk"):
        traps = {trap for story in stories if story.language == language for trap in story.traps}
        assert traps == {"a-new-start", "shakhtar"}
    assert any("A New Start" in story.headline for story in stories)
    assert not any("NEW START" in text_of(story) for story in stories)


def test_no_marks_of_the_grammar_are_left(stories: list[Story]) -> None:
    for story in stories:
        assert not re.search(r"[\[\]{}|]|  ", text_of(story)), story.id


def test_reprints_share_most_paragraphs(stories: list[Story]) -> None:
    by_id = {story.id: story for story in stories}
    reprints = [story for story in stories if story.origin]
    assert len({story.origin for story in reprints}) == 70
    for story in reprints:
        origin = by_id[story.origin or ""]
        shared = set(story.paragraphs) & set(origin.paragraphs)
        assert len(shared) >= 0.75 * len(origin.paragraphs)
        assert story.credit == origin.credit == "Northgate Wire"
        assert story.outlet_id != origin.outlet_id
        assert story.language == origin.language
        assert timedelta() < story.published_at - origin.published_at < timedelta(hours=5)


def test_different_stories_are_different_texts(stories: list[Story]) -> None:
    own = [story for story in stories if story.origin is None]
    texts = {story.paragraphs for story in own}
    assert len(texts) == len(own)
    alike = 0
    for one, two in pairwise(own):
        alike += len(set(one.paragraphs) & set(two.paragraphs)) > 2
    assert alike < 0.01 * len(own)


def test_late_story_enters_three_days_later(stories: list[Story]) -> None:
    outlet = BY_ID["meridian"]
    feed = outlet.feeds[0]
    late = [s for s in stories if s.outlet_id == outlet.id and in_feed_from(s, late_story=True) != s.published_at]
    assert len(late) == len({story.published_at.date() for story in late}) > 50
    story = late[-5]
    assert story not in entries_of(outlet, feed, story.published_at + timedelta(days=2, hours=23))
    assert story in entries_of(outlet, feed, story.published_at + timedelta(days=3))


def test_an_updated_story_was_printed_otherwise_at_first_and_no_other_one_was() -> None:
    stories = list(stories_between(date(2026, 11, 1), date(2026, 11, 14)))
    updated = [s for s in stories if s.updated_at]
    assert len(updated) > 20
    for story in stories:
        first = as_first_printed(story)
        assert (first != story) == (story.updated_at is not None)
        assert (first.headline, first.standfirst, first.topics) == (story.headline, story.standfirst, story.topics)
    figures = sum(len(as_first_printed(s).paragraphs) == len(s.paragraphs) for s in updated)
    assert 0.3 < figures / len(updated) <= 1
