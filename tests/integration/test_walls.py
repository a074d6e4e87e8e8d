"""Walls: a refused feed is one, what its site leaves open is found, and what was agreed goes to its own host alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ask import feed_row, last_poll, stories
from clocks import Clock
from made_pages import ordinary_page
from test_health import health
from web_site import Site

from newswatch.pipeline import Newswatch, fetch_pending, find_alternatives, poll, watch_feeds
from newswatch.settings import SHIPPED_CONFIG_DIR

SECRET = "hush-4711-hush"
POSTS = "/wp-json/wp/v2/posts?per_page=50&_fields=guid,link,date_gmt,modified_gmt,title,excerpt"
Open = Callable[..., Newswatch]


@pytest.fixture
def open_with(make_newswatch: Callable[..., Newswatch], site: Site, tmp_path: Path) -> Open:
    """Opens a Newswatch with the feed `site` at /feed and the lines given, and beside it the feed `other` at /other."""

    def make(**more: Any) -> Newswatch:
        folder = tmp_path / "walls"
        folder.mkdir()
        common = {"outlet": "The Site", "language": "en", "allow_private": True}
        feeds = [
            {"id": "site", "url": site.url("/feed")} | common | more,
            {"id": "other", "url": site.url("/other")} | common,
        ]
        (folder / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}))
        (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
        return make_newswatch(folder)

    return make


def answer_posts(site: Site) -> None:
    post = {"link": site.url("/story"), "date_gmt": "2026-11-20T10:00:00", "title": {"rendered": "Ships"}}
    site.answers[POSTS] = (200, {"Content-Type": "application/json"}, json.dumps([post]).encode())


@pytest.mark.parametrize(
    "answer",
    [
        (401, {}, b"no"),
        (403, {}, b"no"),
        (503, {"cf-mitigated": "challenge"}, b"<html>wait</html>"),
        (200, {}, b"<html><meta http-equiv=refresh content=5><script>go()</script></html>"),
    ],
)
def test_a_wall_is_refused_and_what_the_site_leaves_open_is_found_once_a_week(
    open_with: Open, site: Site, clock: Clock, answer: Any
) -> None:
    nw = open_with()
    site.feed(path="/other")
    site.answers["/feed"] = answer
    site.answers["/"] = answer
    site.answers["/robots.txt"] = (200, {}, f"Sitemap: {site.url('/sitemap.xml')}\n".encode())
    answer_posts(site)
    poll(nw, ["site", "other"], "test")
    assert find_alternatives(nw)
    assert not find_alternatives(nw)
    shown = health(nw)["site"]
    assert shown.condition == "refused"
    assert "`headers` or `auth`" in shown.way_out
    assert [(other.how, other.url) for other in shown.alternatives] == [
        ("WordPress' interface, `kind: wordpress`", site.url(POSTS)),
        ("a sitemap, of its past alone: `newswatch recover`", site.url("/sitemap.xml")),
    ]
    assert health(nw)["other"].alternatives == ()
    asked = site.hits["/"]
    clock.advance(days=6)
    assert not find_alternatives(nw)
    clock.advance(days=1)
    assert find_alternatives(nw)
    assert site.hits["/"] == asked + 1


def test_it_is_told_once_and_a_feed_that_is_open_again_has_no_alternatives(
    open_with: Open, site: Site, clock: Clock
) -> None:
    nw = open_with()
    site.answers["/feed"] = (403, {}, b"no")
    answer_posts(site)
    poll(nw, ["site"], "test")
    assert [(n.feed_id, n.condition) for n in watch_feeds(nw, lambda _: None)] == [("site", "refused")]
    assert watch_feeds(nw, lambda _: None) == []
    find_alternatives(nw)
    site.feed(site.item("/story"))
    clock.advance(hours=1)
    poll(nw, ["site"], "test")
    shown = health(nw)["site"]
    assert (shown.condition, shown.alternatives) == ("well", ())


def test_what_was_found_is_a_feed_when_it_is_put_into_feeds_yaml(open_with: Open, site: Site) -> None:
    nw = open_with(url=site.url(POSTS), kind="wordpress")
    answer_posts(site)
    site.html("/story", ordinary_page("Ships come in"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert [story["title"] for story in stories(nw)] == ["Ships come in"]


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_login_goes_to_the_feeds_own_host_alone_and_is_kept_nowhere(
    open_with: Open, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SITE_TOKEN", SECRET)
    nw = open_with(
        auth={"bearer": "${SITE_TOKEN}"}, headers={"X-Desk": "desk@example.org", "X-Api-Key": "${SITE_TOKEN}"}
    )
    elsewhere = f"http://elsewhere.localhost:{site.port}/moved"
    site.html("/story", ordinary_page("Ships come in"))
    site.html("/else", ordinary_page("Elsewhere"))
    site.answers["/feed"] = (302, {"Location": elsewhere}, b"")
    other = f"<item><title>E</title><link>http://elsewhere.localhost:{site.port}/else</link></item>"
    site.feed(site.item("/story"), other, path="/moved")
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert len(stories(nw)) == 2
    sent = {
        (r["host"].partition(".")[0], r["path"]): (r.get("authorization"), r.get("x-api-key")) for r in site.requests
    }
    agreed = (f"Bearer {SECRET}", SECRET)
    assert sent == {
        ("site", "/feed"): agreed,
        ("elsewhere", "/moved"): (None, None),
        ("site", "/robots.txt"): agreed,
        ("elsewhere", "/robots.txt"): (None, None),
        ("site", "/story"): agreed,
        ("elsewhere", "/else"): (None, None),
    }
    assert SECRET.encode() not in everything(tmp_path)
    assert SECRET not in f"{feed_row(nw, 'site')}{last_poll(nw, 'site')}{capfd.readouterr()}"


def test_a_variable_that_is_missing_is_that_feeds_error_alone(
    open_with: Open, site: Site, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.delenv("SITE_PASSWORD", raising=False)
    nw = open_with(auth={"user": "desk", "password": "${SITE_PASSWORD}"})
    site.feed()
    site.feed(path="/other")
    report = poll(nw, ["site", "other"], "test")
    assert report.feed_outcomes == {"ok": 1, "secret_missing": 1}
    assert "SITE_PASSWORD" in last_poll(nw, "site").detail
    assert site.hits["/feed"] == 0
    monkeypatch.setenv("SITE_PASSWORD", SECRET)
    clock.advance(hours=1)
    assert poll(nw, ["site"], "test").feed_outcomes == {"ok": 1}
    assert site.requests[-1]["authorization"] == "Basic ZGVzazpodXNoLTQ3MTEtaHVzaA=="


def test_what_is_meant_for_https_is_never_sent_in_clear() -> None:
    from newswatch.net.client import Credentials

    agreed = Credentials("https://paper.example/feed", {"X-Api-Key": SECRET})
    assert agreed.headers_for("https://paper.example/other") == {"X-Api-Key": SECRET}
    for url in ("http://paper.example/feed", "https://www.paper.example/feed", "https://paper.example:8443/feed"):
        assert agreed.headers_for(url) == {}
    assert SECRET not in repr(agreed)


def test_a_listing_page_is_a_feed_that_obeys_robots_and_proves_what_it_covers(
    open_with: Open, site: Site, clock: Clock
) -> None:
    nw = open_with(kind="page", links="h3 a")
    names = [f"/2026/11/{day:02}/story" for day in range(20, 10, -1)]
    for name in names:
        site.html(name, ordinary_page(f"Story of {name}"))
    site.html("/feed", "".join(f"<h3><a href='{name}'>Story of {name}</a></h3>" for name in names))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert len(stories(nw)) == 10
    assert last_poll(nw, "site").new_entry_count == 10
    clock.advance(hours=2)
    report = poll(nw, ["site"], "test")
    assert report.feed_outcomes == {"not_modified": 1}
    row = feed_row(nw, "site")
    assert row.covered_to == clock()
    assert row.covered_from < clock()
    assert not last_poll(nw, "site").is_gap
    site.answers["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /feed\n")
    clock.advance(days=2)
    assert poll(nw, ["site"], "test").feed_outcomes == {"robots_disallowed": 1}
