"""Every page fits its window, with all that can be opened open and long names in it, and is of Airflow's theme."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from clocks import Clock
from installed import close_pages, installation, log_in
from looks import Look, browser
from test_hostile_pages import OURS

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.pipeline import build_day, fetch_pending, issue_digest, open_newswatch, poll, tag_new
from newswatch.settings import SHIPPED_CONFIG_DIR, load_settings
from newswatch_airflow.ui.site import LINKS_JS, THEME_JS

DAY = date(2026, 11, 21)
WIDTHS = (1200, 1128, 1090, 768, 390, 360, 320, 318)  # two of them are what Airflow's frame leaves of 1200 and 390
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch" * 2
FEED = f"""
- id: {LONG.lower()[:63]}
  outlet: {LONG[:112]}
  url: http://missing.lost.buoy.newsroom.localhost:PORT/a/{LONG}/feed.xml
  language: en
  allow_private: true
"""
TOPIC = f"""
  - id: long
    name: {LONG[:78]}
    description: {LONG} is said by officials of {LONG}.
    terms: [{{text: officials}}, {{text: agency}}]
    examples: {{match: [Officials said so.], no_match: [A pier.]}}
"""
# What is wider than the window, and what sticks out of it where nothing scrolls.
OUTSIDE = """(() => {
  for (const opened of document.querySelectorAll("details")) opened.open = true;
  const width = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > width ? [`page ${document.documentElement.scrollWidth}`] : [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest(".scroll, svg, option")) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1))
      found.push(`${element.localName}.${element.className} to ${box.right}: ${element.textContent.slice(0, 40)}`);
  }
  return found.slice(0, 5);
})()"""


@pytest.fixture(scope="module")
def pages(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, web_application: Any
) -> Iterator[dict[str, Any]]:
    """Every page by its name, of an installation that reads the newsroom's broken feeds too."""
    folder = tmp_path_factory.mktemp("layout")
    with pytest.MonkeyPatch.context() as patch, Newsroom(clock=Clock(), is_broken_on=True) as newsroom:
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=3))
        config = folder / "config"
        write_config(config, port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml", broken=True)
        with (config / "feeds.yaml").open("a", encoding="utf-8") as file:
            file.write(FEED.replace("PORT", str(newsroom.port)))
        with (config / "topics.yaml").open("a", encoding="utf-8") as file:
            file.write(TOPIC)
        environ = installation(folder, config, new_database()) | {
            "NEWSWATCH_REQUEST_DEADLINE_SECONDS": "2",
            "NEWSWATCH_PAGES_URL": "http://127.0.0.1:8080/newswatch",
        }
        for name, value in environ.items():
            patch.setenv(name, value)
        nw = open_newswatch(load_settings())
        for _ in range(3):
            poll(nw, list(nw.feeds), "test")
        fetch_pending(nw, "test")
        tag_new(nw, "test")
        for n in (0, 1):
            build_day(nw, DAY + timedelta(days=n), "refresh_day/partition__1+00:00")
        for run in ("a", "b"):
            issue_digest(nw, DAY, f"daily_digest/{run}")
        nw.close()
        close_pages()
        log_in(web_application, "VIEWER")
        topic = web_application.get(f"/newswatch/topic/long?last={DAY}").text
        story = re.findall(r'href="/newswatch/(story/[0-9a-f]+)"', topic)[0]
        paths = {
            "today": "",
            "day": f"day/{DAY}",
            "topics": "topics",
            "topic": f"topic/long?last={DAY}",
            "year": f"topic/long?last={DAY}&span=365",
            "story": story,
            "digest": f"digest/{DAY}",
            "feeds": "feeds",
            "none": f"topic/{LONG}",
        }
        yield {name: web_application.get(f"/newswatch/{path}") for name, path in paths.items()}
        close_pages()


PAGES = ("today", "day", "topics", "topic", "year", "story", "digest", "feeds", "none")


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    with browser(OURS, {"/newswatch/links.js": LINKS_JS, "/newswatch/theme.js": THEME_JS}) as load:
        yield load


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_its_window(pages: dict[str, Any], look: Look, name: str, width: int) -> None:
    page = pages[name]
    seen = look(page.text, script=OUTSIDE, headers=page.headers, width=width)
    assert seen.answer == []


# Of a large chart's labels: the height of the smallest, and those that lie over another or leave the chart.
LABELS = """(() => {
  const chart = document.querySelector(".scroll > svg"), around = chart.getBoundingClientRect();
  const boxes = [...chart.querySelectorAll("text")].map(text => text.getBoundingClientRect());
  const sizes = [...chart.querySelectorAll("text")].map(
    text => parseFloat(getComputedStyle(text).fontSize) * around.width / chart.viewBox.baseVal.width);
  const over = (a, b) => a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const out = box => box.left < around.left - 1 || box.right > around.right + 1 || box.bottom > around.bottom + 1;
  return [Math.min(...sizes), boxes.filter(a => out(a) || boxes.some(b => over(a, b))).length];
})()"""


@pytest.mark.parametrize("width", [1200, 768, 480, 390, 360])
@pytest.mark.parametrize("name", ["topic", "year"])
def test_a_charts_labels_can_be_read_on_every_screen(pages: dict[str, Any], look: Look, name: str, width: int) -> None:
    page = pages[name]
    smallest, lost_count = look(page.text, script=LABELS, headers=page.headers, width=width).answer
    assert smallest >= 10.5
    assert lost_count == 0


def test_no_cell_of_the_feeds_has_the_colour_of_a_condition(pages: dict[str, Any], look: Look) -> None:
    page = pages["feeds"]
    script = "[...new Set([...document.querySelectorAll('td')].map(td => getComputedStyle(td).backgroundColor))]"
    assert look(page.text, script=script, headers=page.headers).answer == ["rgba(0, 0, 0, 0)"]
    assert "1 empty</span>" in page.text


CHOOSE = """(() => {{
  localStorage.setItem("theme", "{theme}");
  window.dispatchEvent(new StorageEvent("storage"));  // as the window around the frame does
  const colour = getComputedStyle(document.body).backgroundColor;
  localStorage.clear();
  window.dispatchEvent(new StorageEvent("storage"));
  return [colour, getComputedStyle(document.body).backgroundColor];
}})()"""


@pytest.mark.parametrize("name", ["today", "digest"])
@pytest.mark.parametrize(
    ("theme", "colour"), [("dark", "rgb(0, 0, 0)"), ("light", "rgb(255, 255, 255)"), ("system", "rgb(255, 255, 255)")]
)
def test_a_page_follows_the_theme_that_airflow_keeps_and_else_the_systems(
    pages: dict[str, Any], look: Look, name: str, theme: str, colour: str
) -> None:
    page = pages[name]
    seen = look(page.text, script=CHOOSE.format(theme=theme), headers=page.headers)
    assert seen.answer == [colour, "rgb(255, 255, 255)"]  # the browser under test asks for a light one
    assert seen.faults == []
