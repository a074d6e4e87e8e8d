"""A digest that is issued again says what it replaces; an issue that stands keeps its bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import yaml
from clocks import Clock
from desk import AFTER, DAY, NEXT, Desk, late_part
from told import FRIDAY, Told, at, html

from newswatch.config.catalogue import parse_catalogue
from newswatch.pipeline import issue_digest, message_of


def test_a_reissue_says_what_it_replaces_and_which_stories_are_new(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(21, 6)
    issue_digest(nw, FRIDAY, "first")
    issue_digest(nw, FRIDAY, "nothing new")
    assert "it replaces issue 1 of 2026-11-21 06:00" in html(nw, FRIDAY, 2)
    assert "Re-issued, unchanged." in html(nw, FRIDAY, 2)
    other = "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported."
    tell("/2", at(21, 12), other)
    issue_digest(nw, FRIDAY, "a story more")
    corrected = html(nw, FRIDAY, 3)
    assert "<bdi>Donetsk</bdi>: 1 → 2 stories; added: <bdi>Report /2 from Donetsk</bdi>" in corrected
    assert "(issue 3)" in message_of(nw, FRIDAY, 3).title
    assert issue_digest(nw, FRIDAY, "a story more").number == 3
    assert html(nw, FRIDAY, 3) == corrected


def test_an_issue_stays_as_it_was_when_its_run_is_repeated_later(told: Told, clock: Clock) -> None:
    nw, tell = told
    tell("/1", at(20, 9))
    clock.now = at(21, 6)
    issue_digest(nw, FRIDAY, "run")
    names = [f"digests/{FRIDAY}/issue-1/digest.{end}" for end in ("html", "md", "csv", "json")]
    before = {name: nw.store.read(name) for name in names}
    other = "Water returned to Donetsk after four days, for three hours a morning, the waterworks of the city reported."
    tell("/2", at(21, 12), other)
    assert issue_digest(nw, FRIDAY, "run").number == 1
    assert {name: nw.store.read(name) for name in names} == before
    clock.now = at(22, 6)
    issue_digest(nw, FRIDAY + timedelta(days=1), "next")
    assert "Report /2" in html(nw, FRIDAY + timedelta(days=1)).split("Late additions")[1]


def test_a_reissue_of_the_next_day_lists_the_late_story_again_in_the_same_words(late: Desk) -> None:
    late.at(24, 6)
    first = late.issue(NEXT)
    late.at(25, 6)
    late.issue(AFTER)
    late.at(25, 9)
    again = late.issue(NEXT, "again", 2)
    for name in ("digest.html", "digest.md"):
        listed, relisted = (late_part(files[name]).replace("issue 2.", "issue 1.") for files in (first, again))
        assert relisted == listed
    assert "Re-issued, unchanged." in again["digest.md"]


def test_a_digest_whose_run_is_repeated_later_keeps_its_bytes(late: Desk) -> None:
    """As when an issuing task is cleared in the UI after more stories have come: another text is another issue."""
    before = late.issued(DAY)
    late.at(23, 18)
    late.issue(DAY)
    assert late.issued(DAY) == before


def test_a_digest_whose_run_is_repeated_with_nothing_new_keeps_its_bytes(late: Desk) -> None:
    late.at(23, 13)
    second = late.issue(DAY, "second", 2)
    late.at(23, 18)
    assert late.issue(DAY, "second", 2) == second


def test_a_reissue_without_a_story_that_left_says_how_many_were_removed(late: Desk) -> None:
    late.at(23, 13)
    late.issue(DAY, "second", 2)
    feeds, topics = late.nw.catalogue.feeds_text, late.nw.catalogue.topics_text
    old = yaml.safe_load(topics)
    narrow = {
        "id": "donetsk", "name": "Donetsk", "description": "The city.",
        "terms": [{"text": "waterworks"}], "examples": {"match": ["The waterworks."], "no_match": ["No."]},
    }  # fmt: skip
    kept = [narrow, *(t for t in old["topics"] if t["id"] == "new-start")]
    late.nw = replace(late.nw, catalogue=parse_catalogue(feeds, yaml.safe_dump({"topics": kept})))
    files = late.issue(DAY, "third", 3)
    assert "it replaces issue 2 of 2026-11-23 13:00" in files["digest.html"]
    assert "<bdi>Donetsk</bdi>: 2 → 1 story; 1 removed" in files["digest.html"]
    assert "not watched any more" in files["digest.html"]
