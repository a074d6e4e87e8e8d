"""`newswatch feeds add`: over real HTTP, from a site's address to an entry in feeds.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from newswatch.cli.main import main
from newswatch.config.catalogue import load_catalogue
from newswatch.net.client import Fetcher, Request
from newswatch.net.ip_policy import WEB_PORTS
from newswatch.net.messages import Failure, Response
from newswatch.settings import SHIPPED_CONFIG_DIR

Add = Callable[..., Result]
Site = Any  # conftest's: several modules of that name are about
FEEDS = (
    "# Ours.\nfeeds:\n  - id: other\n    outlet: Other\n    url: https://other.example/rss\n    language: en # sure\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "feeds.yaml").write_text(FEEDS, encoding="utf-8")
    (folder / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return folder


@pytest.fixture
def add(folder: Path, database_url: str, tmp_path: Path) -> Add:
    def run(site: str, *options: str, stdin: str = "", allow: bool = True, **settings: str) -> Result:
        environ = {
            "NEWSWATCH_CONFIG_DIR": str(folder),
            "NEWSWATCH_DATABASE_URL": database_url,
            "NEWSWATCH_HOME": str(tmp_path),
            "NEWSWATCH_DATA_URL": str(tmp_path / "data"),
            "NEWSWATCH_HOST_DELAY_SECONDS": "0",
            "NEWSWATCH_REQUEST_DEADLINE_SECONDS": "5",
            **settings,
        }
        private = ["--allow-private"] if allow else []
        return CliRunner().invoke(main, ["feeds", "add", site, *private, *options], input=stdin, env=environ)

    return run


def dated(site: Site, name: str, day: int, title: str = "") -> str:
    stamp = f"<pubDate>{day:02} Nov 2024 10:00:00 GMT</pubDate>"
    return f"<item><title>{title or name}</title><link>{site.url(f'/{name}')}</link>{stamp}</item>"


def html(site: Site, path: str, head: str = "", body: str = "") -> None:
    text = f"<!doctype html><html lang='uk'><head>{head}</head><body>{body}</body></html>"
    site.html(path, text)


def unchanged(folder: Path) -> bool:
    return (folder / "feeds.yaml").read_text(encoding="utf-8") == FEEDS and len(list(folder.iterdir())) == 2


def test_the_feed_that_a_page_names_is_shown_and_added_after_a_yes(site: Site, folder: Path, add: Add) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/world.rss" title="World">'
    html(site, "/world", f'{link}<meta property="og:site_name" content="The Harbour Post">')
    site.feed(dated(site, "a", 3, "Calm in Donetsk"), dated(site, "b", 2), dated(site, "c", 1), path="/world.rss")
    done = add(site.url("/world"), stdin="y\n")
    assert done.exit_code == 0, done.output
    assert "3, of 2024-11-01 10:00 to 2024-11-03 10:00 UTC, about 1 a day" in done.stdout
    assert "donetsk: 1 of 3" in done.stdout
    assert "“Calm in Donetsk”" in done.stdout
    assert "uk (the page says so)" in done.stdout
    text = (folder / "feeds.yaml").read_text(encoding="utf-8")
    assert text.startswith(FEEDS)
    new = load_catalogue(folder).feeds[1]
    assert (new.id, new.outlet, new.url) == ("site", "The Harbour Post", site.url("/world.rss"))
    assert (new.language, new.allow_private) == ("uk", True)


def test_a_feeds_own_address_is_enough_and_options_come_before_what_is_found(
    site: Site, folder: Path, add: Add
) -> None:
    site.feed(dated(site, "a", 1), path="/here.xml")
    done = add(site.url("/here.xml"), "--yes", "--id", "quay", "--outlet", "The Quay", "--language", "en")
    assert done.exit_code == 0, done.output
    new = load_catalogue(folder).feeds[1]
    assert (new.id, new.outlet, new.url, new.language) == ("quay", "The Quay", site.url("/here.xml"), "en")
    assert set(site.hits) == {"/here.xml"}


def test_of_many_feeds_the_user_picks_by_number(site: Site, folder: Path, add: Add) -> None:
    html(site, "/", body="".join(f'<a href="/rss/{name}">{name}</a>' for name in ("one", "two", "three")))
    for day, name in enumerate(("one", "two", "three"), 1):
        site.feed(dated(site, name, day), path=f"/rss/{name}")
    done = add(site.url("/"), stdin="9\n1, 3\ny\n")
    assert done.exit_code == 0, done.output
    assert "Write numbers from 1 to 3" in done.output
    assert [feed.url for feed in load_catalogue(folder).feeds[1:]] == [site.url("/rss/one"), site.url("/rss/three")]
    assert [feed.id for feed in load_catalogue(folder).feeds[1:]] == ["site", "site-2"]


def test_unasked_the_first_feed_with_dates_is_taken_and_with_all_every_one(site: Site, folder: Path, add: Add) -> None:
    html(site, "/", body='<a href="/rss/undated">x</a><a href="/rss/dated">x</a>')
    site.feed(site.item("/a"), path="/rss/undated")
    site.feed(dated(site, "b", 1), path="/rss/dated")
    assert add(site.url("/"), "--yes").exit_code == 0
    assert [feed.url for feed in load_catalogue(folder).feeds[1:]] == [site.url("/rss/dated")]
    again = add(site.url("/"), "--yes", "--all")
    assert "feeds.yaml has it as 'site'" in again.stdout
    assert [feed.url for feed in load_catalogue(folder).feeds[2:]] == [site.url("/rss/undated")]
    assert [feed.outlet for feed in load_catalogue(folder).feeds[2:]] == ["Site"]


def test_common_places_are_asked_only_where_the_page_names_none_and_robots_txt_is_obeyed(
    site: Site,
    folder: Path,
    add: Add,
) -> None:
    html(site, "/")
    site.answers["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /feed$\n")
    site.feed(dated(site, "a", 1), path="/feed")
    site.feed(dated(site, "a", 1), path="/rss.xml")
    site.feed(dated(site, "b", 1), path="/atom.xml")
    done = add(site.url("/"), "--yes")
    assert done.exit_code == 0, done.output
    assert load_catalogue(folder).feeds[1].url == site.url("/rss.xml")
    assert site.hits["/feed"] == site.hits["/atom.xml"] == 0


def test_a_page_deep_in_the_site_that_names_no_feed_leads_to_the_home_page(site: Site, folder: Path, add: Add) -> None:
    html(site, "/world/2026")
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/all">')
    site.feed(dated(site, "a", 1), path="/all")
    assert add(site.url("/world/2026"), "--yes").exit_code == 0
    assert load_catalogue(folder).feeds[1].url == site.url("/all")
    assert site.hits["/rss.xml"] == 0


def test_a_feed_that_has_moved_for_good_is_added_under_its_new_address(site: Site, folder: Path, add: Add) -> None:
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/old">')
    site.answers["/old"] = (301, {"Location": "/new"}, b"")
    site.feed(dated(site, "a", 1), path="/new")
    assert add(site.url("/"), "--yes").exit_code == 0
    assert load_catalogue(folder).feeds[1].url == site.url("/new")


def test_where_no_feed_is_found_each_address_that_was_tried_is_named_with_its_outcome(
    site: Site,
    folder: Path,
    add: Add,
) -> None:
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/broken">')
    html(site, "/broken")
    site.answers["/rss"] = None
    done = add(site.url("/"))
    assert done.exit_code == 1
    assert f"no feed was found at {site.url('/')}" in done.stderr
    assert f"not_a_feed           {site.url('/broken')} (a link in the page's head)" in done.stderr
    assert f"http_404             {site.url('/rss.xml')} (a guess)" in done.stderr
    assert f"connection_failed    {site.url('/rss')} (a guess)" in done.stderr
    assert unchanged(folder)


def test_a_page_that_cannot_be_had_is_the_end_of_it(site: Site, folder: Path, add: Add) -> None:
    site.answers["/"] = (503, {}, b"later")
    done = add(site.url("/"))
    assert done.exit_code == 1
    assert "http_503" in done.stderr
    assert set(site.hits) == {"/"}
    assert unchanged(folder)


def test_a_deep_address_where_nothing_is_leads_to_the_home_page(site: Site, folder: Path, add: Add) -> None:
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/all">')
    site.feed(dated(site, "a", 1), path="/all")
    done = add(site.url("/nothing/here"), "--yes")
    assert done.exit_code == 0, done.output
    assert load_catalogue(folder).feeds[1].url == site.url("/all")
    assert site.hits["/nothing/here"] == site.hits["/"] == 1


def test_a_home_page_that_helps_no_more_is_named_among_what_was_tried(site: Site, folder: Path, add: Add) -> None:
    done = add(site.url("/nothing/here"))
    assert done.exit_code == 1
    assert f"http_404             {site.url('/nothing/here')} (the address that was given)" in done.stderr
    assert f"http_404             {site.url('/')} (the site's home page)" in done.stderr
    html(site, "/")
    for path in ("/nothing/here", "/world"):
        done = add(site.url(path))
        assert f"no_feed              {site.url('/')} (the site's home page)" in done.stderr
        assert f"http_404             {site.url('/feed')} (a guess)" in done.stderr
        html(site, "/world")
    assert f"no_feed              {site.url('/world')} (the address that was given)" in done.stderr
    assert unchanged(folder)


def test_a_deep_address_of_a_site_that_is_down_is_the_end_of_it(site: Site, folder: Path, add: Add) -> None:
    site.answers["/world"] = (503, {}, b"later")
    assert add(site.url("/world")).exit_code == 1
    assert set(site.hits) == {"/world"}


def test_what_strangers_wrote_is_read_in_a_child_alone(
    site: Site, folder: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read in the command's own process")

    monkeypatch.setattr("newswatch.feeds.autodiscovery.read_page", refuse)
    monkeypatch.setattr("newswatch.feeds.autodiscovery.read_heading", refuse)
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/all">')
    site.feed(dated(site, "a", 1), path="/all")
    done = add(site.url("/"), "--yes")
    assert done.exit_code == 0, done.output
    assert load_catalogue(folder).feeds[1].id == "site"


def test_a_page_that_takes_too_long_to_read_is_named_so(site: Site, folder: Path, add: Add) -> None:
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/all">' + "<p>a <b>b</b>" * 100_000)
    done = add(site.url("/"), NEWSWATCH_PARSE_DEADLINE_SECONDS="0.01")
    assert done.exit_code == 1
    assert f"timeout              {site.url('/')} (the address that was given)" in done.stderr
    assert f"http_404             {site.url('/feed')} (a guess)" in done.stderr


@pytest.mark.parametrize("names", ["page", "robots"])
def test_a_port_is_opened_for_the_users_own_address_and_not_for_what_a_page_names(
    names: str, site: Site, folder: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: dict[str, frozenset[int]] = {}
    get = Fetcher.get

    async def watched(self: Fetcher, request: Request) -> Response | Failure:
        ports[request.url] = request.ports
        return await get(self, request)

    monkeypatch.setattr(Fetcher, "get", watched)
    others = ["http://feeds.localhost:25/rss/news", f"http://site.localhost:{site.port + 1}/rss/news"]
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    html(site, "/", "".join(map(link.format, ["/all", *(others if names == "page" else [])])))
    robots = "".join(f"Sitemap: {other}\n" for other in others) if names == "robots" else ""
    site.answers["/robots.txt"] = (200, {}, robots.encode())
    site.feed(dated(site, "a", 1), path="/all")
    assert add(site.url("/"), "--yes").exit_code == 0
    assert [ports[other] for other in others] == [WEB_PORTS, WEB_PORTS]
    own = WEB_PORTS | {site.port}
    assert [ports[site.url(path)] for path in ("/", "/all", "/robots.txt")] == [own, own, own]


def test_an_address_that_a_page_names_is_refused_without_a_word_on_opening_the_network(
    site: Site, folder: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = "http://127.0.0.1:25/feed"
    monkeypatch.setattr("newswatch.net.client.ip_policy.refusal", lambda _, port, **__: "no" if port == 25 else None)
    html(site, "/", f'<link rel="alternate" type="application/rss+xml" href="{inside}">')
    done = add(site.url("/"), allow=False)
    assert done.exit_code == 1
    assert f"address_refused      {inside}" in done.stderr
    assert "--allow-private" not in done.stderr


def test_an_address_of_this_machine_is_refused_with_the_way_to_allow_it(site: Site, folder: Path, add: Add) -> None:
    site.feed(dated(site, "a", 1))
    done = add(site.url("/feed"), allow=False)
    assert done.exit_code == 1
    assert "address_refused" in done.stderr
    assert "--allow-private" in done.stderr
    assert not site.hits
    assert unchanged(folder)


@pytest.mark.parametrize("site_text", ["mailto:a@example.com", "ftp://example.com/", "http://[", ""])
def test_what_is_no_web_address_is_refused_before_anything_is_asked(site_text: str, folder: Path, add: Add) -> None:
    done = add(site_text)
    assert done.exit_code == 1
    assert "is no web address" in done.stderr
    assert unchanged(folder)


@pytest.mark.parametrize(("options", "stdin"), [(["--dry-run"], ""), (["--dry-run", "--yes"], ""), ([], "n\n")])
def test_nothing_is_written_on_a_dry_run_or_a_no(
    site: Site, folder: Path, add: Add, options: list[str], stdin: str
) -> None:
    site.feed(dated(site, "a", 1))
    done = add(site.url("/feed"), "--language", "en", *options, stdin=stdin)
    assert done.exit_code == 0, done.output
    assert "Nothing was written." in done.stdout
    assert unchanged(folder)


def test_a_language_that_nobody_states_is_asked_for_or_must_be_given(site: Site, folder: Path, add: Add) -> None:
    site.feed(dated(site, "a", 1))
    unasked = add(site.url("/feed"), "--yes")
    assert unasked.exit_code == 1
    assert "--language en" in unasked.stderr
    assert unchanged(folder)
    asked = add(site.url("/feed"), stdin="ru\ny\n")
    assert asked.exit_code == 0, asked.output
    assert load_catalogue(folder).feeds[1].language == "ru"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--id", "other"], ["'other'", "https://other.example/rss"]),
        (["--id", "The Quay"], ["'The Quay'", "id"]),
        (["--language", "English"], ["language"]),
    ],
)
def test_a_wrong_or_taken_value_is_named_and_nothing_is_written(
    site: Site,
    folder: Path,
    add: Add,
    options: list[str],
    words: list[str],
) -> None:
    site.feed(dated(site, "a", 1))
    done = add(site.url("/feed"), "--yes", "--language", "en", *options)
    assert done.exit_code == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert unchanged(folder)


def test_a_feed_that_is_there_already_is_named_and_not_added_again(site: Site, folder: Path, add: Add) -> None:
    site.feed(dated(site, "a", 1))
    assert add(site.url("/feed"), "--yes", "--language", "en").exit_code == 0
    before = (folder / "feeds.yaml").read_text(encoding="utf-8")
    again = add(site.url("/feed"), "--yes", "--language", "en")
    assert again.exit_code == 0, again.output
    assert "feeds.yaml has it as 'site'" in again.stdout
    assert "Nothing to add" in again.stdout
    assert (folder / "feeds.yaml").read_text(encoding="utf-8") == before


def test_control_characters_of_a_hostile_feed_do_not_reach_the_terminal(site: Site, folder: Path, add: Add) -> None:
    site.feed(dated(site, "a", 1, "Calm in Donetsk &#x9b;31m"), path="/feed")
    done = add(site.url("/feed"), "--dry-run", "--language", "en")
    assert done.exit_code == 0, done.output
    assert "\x9b" not in done.output
    assert "\x1b" not in done.output


def test_a_news_sitemap_that_robots_txt_names_is_asked_and_others_are_not(site: Site, folder: Path, add: Add) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/world">'
    html(site, "/", link)
    site.feed(dated(site, "a", 1), path="/world")
    robots = f"Sitemap: {site.url('/sitemap.xml')}\nSitemap: {site.url('/sitemaps/news.xml')}\n"
    site.answers["/robots.txt"] = (200, {}, robots.encode())
    space = "http://www.google.com/schemas/sitemap-news/0.9"
    story = "<n:publication_date>2024-11-20T10:00:00Z</n:publication_date><n:title>Calm in Donetsk</n:title>"
    entry = f"<url><loc>{site.url('/a')}</loc><n:news>{story}</n:news></url>"
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="{space}">{entry}</urlset>'
    site.answers["/sitemaps/news.xml"] = (200, {"Content-Type": "application/xml"}, sitemap.encode())
    done = add(site.url("/"), "--yes", "--all")
    assert done.exit_code == 0, done.output
    assert "robots.txt" in done.stdout
    assert site.hits["/sitemap.xml"] == site.hits["/news-sitemap.xml"] == 0
    assert [f.url for f in load_catalogue(folder).feeds[1:]] == [site.url("/world"), site.url("/sitemaps/news.xml")]


def test_an_address_without_a_scheme_is_asked_by_https_and_then_by_http(site: Site, folder: Path, add: Add) -> None:
    site.feed(dated(site, "a", 1))
    done = add(f"site.localhost:{site.port}/feed", "--yes", "--language", "en")
    assert done.exit_code == 0, done.output
    assert load_catalogue(folder).feeds[1].url == site.url("/feed")


def answered_feed(site: Site, path: str, *names: str) -> None:
    site.feed(*(dated(site, name, day) for day, name in enumerate(names, 1)), path=path)


def test_another_listing_of_a_known_feeds_stories_says_so_and_is_taken_only_when_named(
    site: Site, folder: Path, add: Add
) -> None:
    html(site, "/", body='<a href="/rss/all">a</a><a href="/rss/all.atom">b</a><a href="/rss/sport">c</a>')
    names = [f"story-{n}" for n in range(10)]
    answered_feed(site, "/rss/all", *names)
    answered_feed(site, "/rss/all.atom", *names[:9], "newer?utm_source=atom")
    answered_feed(site, "/rss/sport", "match", names[0])
    assert add(site.url("/rss/all"), "--yes", "--language", "en", "--id", "site-all").exit_code == 0
    refused = add(site.url("/"), "--language", "en", stdin="none\n")
    assert refused.stdout.endswith("Nothing was written.\n")  # the third would have been a gain
    shown = add(site.url("/"), "--language", "en", stdin="\ny\n")
    assert shown.exit_code == 0, shown.output
    assert "lists the same 9 of 10 stories as site-all" in shown.stdout, shown.output
    assert "lists the same 1 of 2 stories as site-all" in shown.stdout
    assert [feed.url for feed in load_catalogue(folder).feeds[2:]] == [site.url("/rss/sport")]
    unasked = add(site.url("/"), "--language", "en", "--yes")
    assert "Nothing was written" in unasked.stdout
    assert len(load_catalogue(folder).feeds) == 3
    assert add(site.url("/"), "--language", "en", stdin="2\ny\n").exit_code == 0
    assert load_catalogue(folder).feeds[3].url == site.url("/rss/all.atom")


def test_what_a_polled_feed_has_listed_before_counts_too(
    site: Site, folder: Path, add: Add, tmp_path: Path, database_url: str
) -> None:
    answered_feed(site, "/rss", "a", "b", "c")
    for name in "abc":
        site.page(f"/{name}", title=f"The board met on {name}")
    assert add(site.url("/rss"), "--yes", "--language", "en", "--id", "site-rss").exit_code == 0
    environ = {"NEWSWATCH_CONFIG_DIR": str(folder), "NEWSWATCH_DATABASE_URL": database_url}
    environ |= {"NEWSWATCH_HOME": str(tmp_path), "NEWSWATCH_DATA_URL": str(tmp_path / "data")}
    polled = CliRunner().invoke(main, ["poll"], env=environ | {"NEWSWATCH_HOST_DELAY_SECONDS": "0"})
    assert polled.exit_code == 0, polled.output
    answered_feed(site, "/atom", "c", "b", "a")
    done = add(site.url("/atom"), "--yes", "--language", "en")
    assert "lists the same 3 of 3 stories as site-rss" in done.stdout
    assert "--all takes the feed" in done.stdout
    assert len(load_catalogue(folder).feeds) == 2


def test_of_two_new_listings_of_the_same_stories_the_second_names_the_first(site: Site, folder: Path, add: Add) -> None:
    html(site, "/", body='<a href="/rss/one">x</a><a href="/rss/two">x</a>')
    answered_feed(site, "/rss/one", "a", "b")
    answered_feed(site, "/rss/two", "b", "a")
    done = add(site.url("/"), "--dry-run")
    assert f"lists the same 2 of 2 stories as {site.url('/rss/one')}" in done.stdout
    assert done.stdout.count("lists the same") == 1


@pytest.mark.parametrize("status", [429, 500, 503, None])
def test_where_the_fault_may_pass_the_advice_is_to_try_again(
    status: int | None, site: Site, folder: Path, add: Add
) -> None:
    html(site, "/", '<link rel="alternate" type="application/rss+xml" href="/news">')
    site.answers["/news"] = (status, {}, b"busy") if status else None
    done = add(site.url("/"))
    assert done.exit_code == 1
    assert "Try again later" in done.stderr
    assert "give that instead" not in done.stderr


def test_where_only_a_guess_may_pass_or_nothing_the_feeds_own_address_is_asked_for(
    site: Site, folder: Path, add: Add
) -> None:
    html(site, "/")
    assert "Try again" not in (gone := add(site.url("/")).stderr)
    assert "give that instead" in gone
    site.answers["/rss"] = (503, {}, b"busy")
    guessed = add(site.url("/")).stderr
    assert "http_503 may pass" in guessed
    assert "give that instead" in guessed


def test_a_link_that_may_give_a_feed_another_time_is_named_beside_those_found(
    site: Site, folder: Path, add: Add
) -> None:
    html(site, "/", body='<a href="/rss/one">x</a><a href="/rss/two">x</a>')
    answered_feed(site, "/rss/one", "a")
    site.answers["/rss/two"] = (500, {}, b"busy")
    done = add(site.url("/"), "--yes")
    assert f"Not to be had just now: {site.url('/rss/two')} (an anchor on the page): http_500. Try again" in done.stderr


def test_a_page_without_a_feed_is_added_with_its_selector_and_checked_live(
    add: Add, folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    html(site, "/news", body="<h3><a href='/2026/11/20/a'>Ferry is late</a></h3><h3><a href='/b'>Pier is shut</a></h3>")
    assert add(site.url("/news"), "--links", "h3 >").exit_code == 2
    done = add(site.url("/news"), "--links", "h4 a", "--yes")
    assert done.exit_code == 1
    assert "finds no link" in done.stderr
    done = add(site.url("/news"), "--links", "h3 a", "--yes", "--outlet", "The Site")
    assert done.exit_code == 0, done.output
    feed = load_catalogue(folder).feeds[-1]
    assert (feed.url, feed.kind, feed.links, feed.language) == (site.url("/news"), "page", "h3 a", "uk")
    for name, value in (("CONFIG_DIR", str(folder)), ("HOST_DELAY_SECONDS", "0")):
        monkeypatch.setenv(f"NEWSWATCH_{name}", value)
    checked = CliRunner().invoke(main, ["check", "--live"])
    assert checked.exit_code == 0, checked.output
    assert f"{feed.id}: 2 links, 1 with a day; the first: “Ferry is late”" in checked.output
    html(site, "/news", body="<h2><a href='/b'>Pier is shut</a></h2>")
    checked = CliRunner().invoke(main, ["check", "--live"])
    assert checked.exit_code == 1
    assert "`links: h3 a` finds no link" in checked.stderr


def test_json_feeds_wordpress_and_aggregators_are_found(add: Add, folder: Path, site: Site) -> None:
    html(site, "/", head="<link rel='alternate' type='application/feed+json' href='/feed.json'>")
    document = '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "1", "url": "/a"}]}'
    site.answers["/feed.json"] = (200, {"Content-Type": "application/feed+json"}, document.encode())
    assert add(site.url("/"), "--yes").exit_code == 0
    feed = load_catalogue(folder).feeds[-1]
    assert (feed.url, feed.kind) == (site.url("/feed.json"), None)
    source = "<item><title>{0}</title><link>https://x.example/{0}</link><source url='https://{0}.example'>{0}</source></item>"
    site.feed(source.format("one"), source.format("two"), path="/many")
    assert add(site.url("/many"), "--yes", "--language", "en").exit_code == 0
    assert load_catalogue(folder).feeds[-1].outlet == "by entry"
    page = "<link rel='alternate' type='application/rss+xml' href='{}'>"
    html(site, "/beside", head=page.format("/many") + page.format("/own"))
    site.feed("<item><title>one</title><link>https://x.example/one</link></item>", path="/own")
    assert "lists the same" not in add(site.url("/beside"), "--dry-run").output
    posts = "/wp-json/wp/v2/posts?per_page=50&_fields=guid,link,date_gmt,modified_gmt,title,excerpt"
    site.answers[posts] = (200, {}, b'[{"link": "https://w.example/1", "title": {"rendered": "W"}}]')
    site.answers["/walled"] = (403, {}, b"no")
    assert add(site.url("/walled"), "--yes", "--language", "en", "--outlet", "W").exit_code == 0
    assert load_catalogue(folder).feeds[-1].kind == "wordpress"
