"""The UI in a real browser: log in, from Today to a topic to a story to its run, read the digest, follow a link out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from looks import CHROMIUM, FLAGS

from .conftest import Run

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian's package: chromium)"),
]
DAY = datetime.now(UTC).date() - timedelta(days=2)


@pytest.fixture(scope="module")
def page(running: Run) -> Iterator[Any]:
    """A page of a browser in which the admin is logged in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.goto(f"{running.url}/auth/login")
        user, password = running.login
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/auth/login" not in url)
        yield page
        browser.close()


def loaded(page: Any, locator: Any) -> Any:
    """The element once its page, in the frame, is loaded whole: before its script runs, choices and links fail."""
    locator.wait_for()
    page.locator("iframe").element_handle().content_frame().wait_for_load_state("load")
    return locator


def choose_day(page: Any) -> None:
    frame = page.frame_locator("iframe")
    loaded(page, frame.locator("select[name=day]")).select_option(str(DAY))
    frame.locator("h1", has_text=f"{DAY.day} {DAY:%B %Y}").wait_for()


def table(running: Run, name: str) -> pd.DataFrame:
    return pd.read_parquet(Path(running.home) / "data" / "tables" / name / f"{DAY}.parquet")


def test_from_today_to_a_topic_to_a_story_to_the_run_with_the_tables_numbers(running: Run, page: Any) -> None:
    page.goto(f"{running.url}/plugin/newswatch")
    frame = page.frame_locator("iframe")
    choose_day(page)
    rows = table(running, "topic_days").set_index("topic")
    mentioned = str(rows["story_count"].idxmax())
    link = frame.locator(f"td a[href*='/topic/{mentioned}?']")
    cells = link.locator("xpath=ancestor::tr").locator("td")
    assert int(cells.nth(1).inner_text()) == rows.loc[mentioned, "story_count"]
    assert int(cells.nth(2).inner_text()) == rows.loc[mentioned, "original_count"]
    assert int(cells.nth(5).inner_text()) == rows.loc[mentioned, "mention_count"]

    link.click()
    frame.locator("select[name=span]").select_option("7")
    frame.get_by_role("button", name="Show").click()
    frame.locator("select[name=span] option[selected][value='7']").wait_for(state="attached")
    mentions = table(running, "mentions").query("topic == @mentioned")
    of_day = frame.locator("ol.lines > li", has=frame.locator(f"a[href$='/day/{DAY}']"))
    assert of_day.count() == mentions["story_id"].nunique() == rows.loc[mentioned, "story_count"]
    assert of_day.locator("mark").count() == len(mentions)

    of_day.first.locator("a").first.click()
    frame.locator("h2", has_text="Provenance").wait_for()
    story_id = frame.locator("dt", has_text="Identity").locator("xpath=following-sibling::dd[1]/code").inner_text()
    assert story_id in set(mentions["story_id"])
    assert frame.locator("mark").count() >= len(mentions.query("story_id == @story_id"))

    run_link = loaded(page, frame.get_by_role("link", name="this run of"))
    with page.context.expect_page() as opened:
        run_link.click()
    run = opened.value
    run.wait_for_url(lambda url: "/runs/" in url)
    assert "/dags/" in run.url
    run.close()


def test_the_digest_shows_the_numbers_of_the_tables(running: Run, page: Any) -> None:
    page.goto(f"{running.url}/plugin/newswatch")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Digest", exact=True).click()
    frame.locator("p", has_text="daily digest").wait_for()
    choose_day(page)
    shown = {
        row.locator("td").nth(0).inner_text(): int(row.locator("td").nth(1).inner_text())
        for row in frame.locator("tbody tr").all()
    }
    rows = table(running, "topic_days")
    assert sorted(shown.values()) == sorted(rows["story_count"])
    assert shown["Donetsk"] == rows.loc[rows["topic"] == "donetsk", "story_count"].item()


def test_the_feeds_and_their_faults_are_one_click_away(running: Run, page: Any) -> None:
    page.goto(f"{running.url}/plugin/newswatch")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Feeds", exact=True).click()
    frame.locator("h1", has_text="Feeds").wait_for()
    rows = {row.get_attribute("id"): row.inner_text() for row in frame.locator("tbody tr").all()}
    assert len(rows) > 20
    assert "gone" in rows["tidewater-archive"]
    assert "well" in rows["northgate-wire"]


def test_a_storys_link_opens_at_its_outlet_in_spite_of_airflows_frame(running: Run, page: Any) -> None:
    page.goto(f"{running.url}/plugin/newswatch")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Digest", exact=True).click()
    link = loaded(page, frame.locator(".lines > li > a").first)
    with page.context.expect_page() as opened:
        link.click()
    story = opened.value
    story.wait_for_load_state()
    assert ".newsroom.localhost" in story.url
    assert "make-believe newsroom" in story.inner_text("body")
    story.close()
