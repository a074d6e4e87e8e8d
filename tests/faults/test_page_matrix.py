"""Each way in which a page or its host's robots.txt may fail: one named outcome, and a story in the end."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clocks import Clock
from fault import FEED_TYPE
from hostile import Hostile, plain, raw, redirect
from matrix import SETTINGS, catalogue
from pages import HTML, MAX_PAGE_BYTES, PAGE_FAULTS, PageFault, story

from newswatch.ledger import schema as t
from newswatch.net import politeness
from newswatch.pipeline import Newswatch, fetch_pending, open_newswatch, poll
from newswatch.settings import Settings
from newswatch.tables import batch_tables

each_fault = pytest.mark.parametrize("fault", PAGE_FAULTS, ids=lambda f: f.name)


@dataclass(frozen=True)
class Run:
    """What became of every entry after its first try and in the end."""

    first: dict[str, Counter[str]]  # feed → outcomes of its one page
    last: dict[str, Counter[str]]
    states: dict[str, Any]
    stories: dict[str, dict[str, Any]]
    asked: Counter[tuple[str, str]]  # host label, path


@pytest.fixture(scope="module")
def run(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder: Path = tmp_path_factory.mktemp("pages")
    clock = Clock()
    with Hostile() as hostile:
        hostile.answers["rules/robots.txt"] = plain(b"User-agent: *\nDisallow: /\n")
        feeds = []
        for fault in PAGE_FAULTS:
            hostile.answers |= {f"{fault.name}{path}": answer for path, answer in fault.answers.items()}
            hostile.answers[f"good/{fault.name}"] = plain(_feed(fault, hostile.port), Content_Type=FEED_TYPE)
            url = f"http://good.localhost:{hostile.port}/{fault.name}"
            feeds.append({"id": fault.name, "url": url, "allow_private": True})
        values = SETTINGS | {"home": folder, "data_url": str(folder / "data"), "database_url": new_database()}
        values |= {"config_dir": catalogue(folder / "config", feeds), "max_page_bytes": MAX_PAGE_BYTES}
        values |= {"request_deadline_seconds": 2.0}  # thrice, as silence is tried again
        nw = replace(open_newswatch(Settings.model_validate(values)), clock=clock)
        poll(nw, list(nw.feeds), "test")
        fetch_pending(nw, "test")
        first = _outcomes(nw)
        for minutes in (10, 40):
            clock.advance(minutes=minutes)
            fetch_pending(nw, "test")
        asked = Counter((call.label, call.path) for call in hostile.calls)
    with nw.ledger.begin() as connection:
        states = {row.feed_id: row for row in connection.execute(sa.select(t.entries))}
    yield Run(first, _outcomes(nw), states, _stories(nw), asked)
    nw.close()


def _feed(fault: PageFault, port: int) -> bytes:
    link = f"http://{fault.name}.localhost:{port}/story"
    text = f"<title>On {fault.name}</title><description>The feed's own words.</description>"
    item = f"<item>{text}<link>{link}</link></item>"
    return f'<rss version="2.0"><channel><title>Good</title>{item}</channel></rss>'.encode()


def _outcomes(nw: Newswatch) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    with nw.ledger.begin() as connection:
        for row in connection.execute(sa.select(t.outcomes).where(t.outcomes.c.kind == "page")):
            found.setdefault(row.feed_id, Counter())[row.outcome] += row.outcome_count
    return found


def _stories(nw: Newswatch) -> dict[str, dict[str, Any]]:
    with nw.ledger.begin() as connection:
        paths = sorted(set(connection.scalars(sa.select(t.stories.c.path))))
    return {row["feed_id"]: row for path in paths for row in batch_tables.STORY_TEXTS.from_bytes(nw.store.read(path))}


@each_fault
def test_the_page_ends_in_its_named_outcome_each_time_it_is_tried(fault: PageFault, run: Run) -> None:
    assert run.first[fault.name] == {fault.outcome: 1}
    assert run.last[fault.name] == {fault.outcome: 3 if fault.is_passing else 1}


@each_fault
def test_the_entry_becomes_a_story_whatever_happens(fault: PageFault, run: Run) -> None:
    entry, kept = run.states[fault.name], run.stories[fault.name]
    assert (entry.state, entry.attempt_count) == ("done", 3 if fault.is_passing else 1)
    assert entry.story_id == kept["story_id"]
    assert kept["text_source"] == fault.text_source
    if fault.text_source == "feed":
        assert (kept["title"], kept["text"]) == (f"On {fault.name}", "The feed's own words.")
    else:
        lede = kept["text"].split("\n")[kept["zones"].index("lede")]
        assert lede.startswith("The harbour board met")


@each_fault
def test_the_page_is_asked_for_no_oftener_than_it_should(fault: PageFault, run: Run) -> None:
    assert run.asked[fault.name, "/story"] == fault.asked
    assert run.asked[fault.name, "/private/story"] == 0
    assert run.asked["rules", "/story"] == 0


def test_the_pause_that_robots_txt_asks_for_is_kept_within_reason(
    make_newswatch: Callable[..., Newswatch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(politeness, "MAX_CRAWL_DELAY_SECONDS", 0.4)
    moments: list[datetime] = []
    with Hostile() as hostile:
        items = "".join(f"<item><link>http://slow.localhost:{hostile.port}/{n}</link></item>" for n in range(3))
        body = f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()
        hostile.answers["good/feed"] = plain(body, Content_Type=FEED_TYPE)
        hostile.answers["slow/robots.txt"] = plain(b"User-agent: *\nCrawl-delay: 86400\n")

        async def page(call: Any) -> None:
            moments.append(datetime.now())  # noqa: DTZ005 - a difference is all that counts
            await story()(call)

        hostile.answers["slow"] = page
        feed = {"id": "good", "url": f"http://good.localhost:{hostile.port}/feed", "allow_private": True}
        nw = make_newswatch(catalogue(tmp_path / "config", [feed]))
        poll(nw, ["good"], "test")
        fetch_pending(nw, "test")
    assert len(moments) == 3
    assert all((late - early).total_seconds() > 0.35 for early, late in itertools.pairwise(moments))


def test_a_robots_txt_is_asked_for_once_for_all_pages_of_its_host(
    make_newswatch: Callable[..., Newswatch], tmp_path: Path
) -> None:
    with Hostile() as hostile:
        items = "".join(f"<item><link>http://many.localhost:{hostile.port}/{n}</link></item>" for n in range(5))
        hostile.answers |= {
            "good/feed": plain(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode(), Content_Type=FEED_TYPE),
            "many/robots.txt": plain(b"User-agent: *\nDisallow: /none\n"),
            "many": plain(b"<p>short</p>", Content_Type=HTML, Set_Cookie="id=1"),
            "many/4": redirect("/again"),
            "many/again": raw(b""),
        }
        feed = {"id": "good", "url": f"http://good.localhost:{hostile.port}/feed", "allow_private": True}
        nw = make_newswatch(catalogue(tmp_path / "config", [feed]))
        poll(nw, ["good"], "test")
        fetch_pending(nw, "test")
        asked = Counter(call.path for call in hostile.calls if call.label == "many")
        assert asked == Counter(["/robots.txt", "/0", "/1", "/2", "/3", "/4", "/again"])
        assert not any(call.header("Cookie") for call in hostile.calls)
