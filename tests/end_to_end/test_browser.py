"""The UI in a real browser: log in, read the digest inside Airflow, choose another day, follow a link out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian's package: chromium)"),
]
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
DAY = datetime.now(UTC).date() - timedelta(days=2)


@pytest.fixture(scope="module")
def page(running: Run) -> Iterator[object]:
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


def test_the_digest_in_airflows_menu_shows_the_numbers_of_the_tables(running: Run, page):
    page.goto(f"{running.url}/plugin/newswatch")
    frame = page.frame_locator("iframe")
    frame.locator("#days").select_option(str(DAY))
    frame.locator("h1", has_text=f"{DAY.day} {DAY:%B %Y}").wait_for()
    shown = {
        row.locator("td").nth(0).inner_text(): int(row.locator("td").nth(1).inner_text())
        for row in frame.locator("tbody tr").all()
    }
    rows = pd.read_parquet(Path(running.home) / "data" / "tables" / "topic_days" / f"{DAY}.parquet")
    assert sorted(shown.values()) == sorted(rows["story_count"])
    assert shown["Donetsk"] == rows.loc[rows["topic"] == "donetsk", "story_count"].item()


def test_the_feeds_and_their_faults_are_one_click_away(running: Run, page):
    page.goto(f"{running.url}/plugin/newswatch")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Feeds").click()
    frame.locator("h1", has_text="Feeds").wait_for()
    rows = {row.get_attribute("id"): row.inner_text() for row in frame.locator("tbody tr").all()}
    assert len(rows) > 20
    assert "gone" in rows["tidewater-archive"]
    assert "well" in rows["northgate-wire"]
    frame.get_by_role("link", name="Digests").click()
    frame.locator("#days").wait_for()


def test_a_storys_link_opens_at_its_outlet_in_spite_of_airflows_frame(running: Run, page):
    page.goto(f"{running.url}/plugin/newswatch")
    link = page.frame_locator("iframe").locator("li > a").first
    with page.context.expect_page() as opened:
        link.click()
    story = opened.value
    story.wait_for_load_state()
    assert ".newsroom.localhost" in story.url
    assert "make-believe newsroom" in story.inner_text("body")
    story.close()
