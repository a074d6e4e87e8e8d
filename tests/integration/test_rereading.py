"""Stored bytes read again with today's code, and recurring lines that stay as they were when a day was first read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ask import dirty_days, make_clean, rows, stories, story_lines, values
from click.testing import CliRunner
from clocks import Clock
from made_pages import ordinary_page
from web_site import Site

from newswatch.cli.main import main
from newswatch.ledger import schema as t
from newswatch.pages import boilerplate_phrases, time_precedence
from newswatch.pages.model import Claim
from newswatch.pipeline import Newswatch, build_day, explain, fetch_pending, poll, reextract_day, tag_new
from newswatch.pipeline.recurring_lines import frozen_lines
from newswatch.storage import paths
from newswatch.stories.story import from_row, to_row
from newswatch.tables import batch_tables, day_tables

PROMPT = "Every letter to the desk by the window is opened by two people."


def paragraphs(name: str) -> list[str]:
    return [
        f"{name} spoke for {n} minutes about the state of quay number {n} and what {name} had seen there."
        for n in range(2, 14)
    ]


def show(site: Site, name: str, *lines: str, head: str = "") -> None:
    site.html(f"/{name}", ordinary_page(f"{name} speaks", *lines, head=head))


@pytest.fixture
def open_site(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> Callable[..., Newswatch]:
    """Reads the site's pages of these names, whose stories end with the site's prompt."""

    def read(*names: str, day: int = 0) -> Newswatch:
        nw = make_newswatch(site_config)
        stamp = f"<pubDate>{clock() - timedelta(days=day):%a, %d %b %Y %H:%M:%S GMT}</pubDate>"
        for name in names:
            show(site, name, *paragraphs(name), PROMPT)
        site.feed(*(site.item(f"/{name}", stamp) for name in names))
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")
        tag_new(nw, "test")
        return nw

    return read


def cut_of(nw: Newswatch, row: dict[str, Any]) -> list[str]:
    after = frozen_lines(nw, [row["day"]]).cut(from_row(row, row["day"]), row["day"])
    return [line.text for line in after.lines if line.reason == "recurring"]


def test_a_line_that_recurs_on_a_host_is_cut_when_its_day_is_read(open_site: Callable[..., Newswatch]) -> None:
    nw = open_site("anna", "boris", "clara")
    assert {tuple(cut_of(nw, row)) for row in stories(nw)} == {(PROMPT,)}
    (day,) = {row["day"] for row in stories(nw)}
    build_day(nw, day)
    table = day_tables.STORIES.from_bytes(nw.store.read(paths.table("stories", day)))
    chars = {row["title"]: len("\n".join(paragraphs(row["title"].split()[0]))) for row in table}
    assert {row["title"]: row["text_chars"] for row in table} == chars
    assert {row["removed_count"] for row in table} == {2}  # the headline, the prompt


def test_what_is_learnt_later_leaves_a_day_as_it_was_first_read(
    open_site: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = open_site("anna")
    first_day = nw.day_of(clock())
    build_day(nw, first_day)
    before = nw.store.read(paths.table("stories", first_day))
    clock.advance(days=1)
    open_site("boris", "clara", "denys")
    assert not build_day(nw, first_day).is_changed
    assert nw.store.read(paths.table("stories", first_day)) == before
    assert {tuple(cut_of(nw, row)) for row in stories(nw) if row["day"] != first_day} == {(PROMPT,)}


def test_reading_a_day_again_learns_its_lines_from_all_that_is_known_by_then(
    open_site: Callable[..., Newswatch], clock: Clock
) -> None:
    nw = open_site("anna")
    first_day = nw.day_of(clock())
    build_day(nw, first_day)
    clock.advance(days=1)
    open_site("boris", "clara", "denys")
    report = reextract_day(nw, first_day, "test")
    assert (report.story_count, report.changed_count, report.failed_count) == (1, 0, 0)
    assert build_day(nw, first_day).is_changed
    assert [cut_of(nw, row) for row in stories(nw) if row["day"] == first_day] == [[PROMPT]]


def test_better_cleaning_reaches_old_stories_when_it_is_asked_for_and_is_no_edit(
    open_site: Callable[..., Newswatch], monkeypatch: pytest.MonkeyPatch, clock: Clock, site: Site
) -> None:
    nw = open_site("anna")
    site.answers.clear()  # no network is needed
    (before,) = stories(nw)
    make_clean(nw)
    # Today's code cuts a line that it kept when the page was read: the stored row is made to be an older one.
    _rewrite(
        nw,
        before
        | {"zones": ["lede" if z == "cut" else z for z in before["zones"]], "reasons": [""] * len(before["zones"])},
    )
    report = reextract_day(nw, before["day"], "test")
    assert (report.story_count, report.changed_count) == (1, 1)
    (after,) = stories(nw)
    assert story_lines(after) == story_lines(before)
    assert [r["number"] for r in explain(nw, site.url("/anna"))["revisions"]] == [1]
    assert before["day"] in dirty_days(nw)
    assert reextract_day(nw, before["day"], "test").changed_count == 0


def _rewrite(nw: Newswatch, row: dict[str, Any]) -> None:
    (path,) = set(values(nw, sa.select(t.stories.c.path)))
    sha256 = nw.store.write(path, batch_tables.STORY_TEXTS.to_bytes([row]))
    with nw.ledger.begin() as connection:
        connection.execute(sa.update(t.batch_files).where(t.batch_files.c.path == path).values(sha256=sha256))


def test_a_story_whose_bytes_give_a_better_date_moves_and_both_days_are_dirty(
    site: Site,
    make_newswatch: Callable[..., Newswatch],
    site_config: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nw = make_newswatch(site_config)
    true = clock() - timedelta(days=4)
    show(
        site, "anna", *paragraphs("anna"), head=f'<meta property="article:published_time" content="{true.isoformat()}">'
    )
    site.feed(site.item("/anna"))
    with monkeypatch.context() as patch:  # as by code that did not know the metadata yet
        patch.setattr(time_precedence, "published", lambda *_, **__: None)
        poll(nw, ["site"], "test")
        fetch_pending(nw, "test")
    (row,) = stories(nw)
    assert (row["day"], row["published_at_source"]) == (clock().date(), "first_seen")
    make_clean(nw)

    report = reextract_day(nw, row["day"], "test")
    assert report.moved_to == (true.date(),)
    (moved,) = stories(nw)
    assert (moved["day"], moved["published_at"], moved["published_at_source"]) == (true.date(), true, "opengraph")
    assert {row["day"], moved["day"]} <= dirty_days(nw)
    assert build_day(nw, row["day"]).story_count == 0
    assert build_day(nw, moved["day"]).story_count == 1


def test_a_story_whose_bytes_are_lost_or_give_none_stays_as_it_was(
    open_site: Callable[..., Newswatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    nw = open_site("anna", "boris")
    before = stories(nw)
    (path,) = {row["raw_path"] for row in before}
    Path(nw.store.locate(path)).unlink()
    report = reextract_day(nw, before[0]["day"], "test")
    assert (report.story_count, report.changed_count, report.failed_count) == (2, 0, 2)
    assert stories(nw) == before


def test_compressed_bytes_are_read_again_too(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path
) -> None:
    import gzip

    import brotli

    nw = make_newswatch(site_config)
    for name, encode, coding in (("anna", gzip.compress, "gzip"), ("boris", brotli.compress, "br")):
        show(site, name, *paragraphs(name))
        status, headers, body = site.answers[f"/{name}"]
        site.answers[f"/{name}"] = (status, headers | {"Content-Encoding": coding}, encode(body))
    site.feed(site.item("/anna"), site.item("/boris"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    report = reextract_day(nw, stories(nw)[0]["day"], "test")
    assert (report.story_count, report.changed_count, report.failed_count) == (2, 0, 0)


def test_the_command_line_reads_again_where_it_is_asked_to(open_site: Callable[..., Newswatch]) -> None:
    nw = open_site("anna")
    (row,) = stories(nw)
    settings = nw.settings
    environ = {
        "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
        "NEWSWATCH_DATABASE_URL": settings.database_url,
        "NEWSWATCH_DATA_URL": settings.data_url,
        "NEWSWATCH_HOME": str(settings.home),
    }
    done = CliRunner().invoke(main, ["build", "--no-digest", "--extract", str(row["day"])], env=environ)
    assert done.exit_code == 0, done.output
    assert f"{row['day']}  1 story read again, 0 read otherwise" in done.stdout


def test_explain_shows_lines_zones_what_was_cut_and_who_said_what(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    plea = "Please consider supporting our journalism with a small gift today."
    linked = {
        "@type": "NewsArticle",
        "headline": "anna speaks",
        "datePublished": clock().isoformat(),
        "author": "Ann Lee",
    }
    head = f'<script type="application/ld+json">{json.dumps(linked)}</script>'
    show(site, "anna", *paragraphs("anna")[:2], plea, head=head)
    site.feed(site.item("/anna"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    told = explain(nw, site.url("/anna"))
    assert [(line["zone"], line.get("reason")) for line in told["lines"]] == [
        ("cut", "headline"), ("lede", None), ("body", None), ("cut", "plea"),
    ]  # fmt: skip
    assert told["lines"][-1]["text"] == plea
    assert (told["title_source"], told["authors_source"], told["published_at_source"]) == ("json_ld",) * 3
    assert "title by feed: Story at /anna" in told["claims"]
    assert f"published_at by json_ld: {clock().isoformat()}" in told["claims"]


def test_a_caption_is_matched_as_one_and_a_line_that_was_cut_is_not(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path
) -> None:
    nw = make_newswatch(site_config)
    show(site, "anna", *paragraphs("anna"))
    status, headers, body = site.answers["/anna"]
    figure = b"<figure><img><figcaption>Inspectors of the New START treaty on the quay</figcaption></figure>"
    more = b"<p>Read more: Shelling in Donetsk</p><blockquote>New START was a good treaty, I told them.</blockquote>"
    site.answers["/anna"] = (status, headers, body.replace(b"</article>", figure + more + b"</article>"))
    site.feed(site.item("/anna"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    assert tag_new(nw, "test").topic_story_counts == {"inspections": 1, "new-start": 1}
    (row,) = stories(nw)
    build_day(nw, row["day"])
    found = day_tables.MENTIONS.from_bytes(nw.store.read(paths.table("mentions", row["day"])))
    assert {(m["topic"], m["zone"]) for m in found} >= {("new-start", "caption"), ("new-start", "quote")}
    assert not [m for m in found if m["topic"] == "donetsk"]
    for m in found:
        assert row["text"][m["start"] : m["end"]] == m["surface"]
        assert row["text"][m["sentence_start"] :].startswith(m["sentence"])


def test_a_claim_keeps_its_source_through_the_store(open_site: Callable[..., Newswatch], site: Site) -> None:
    nw = open_site("anna")
    (row,) = stories(nw)
    assert Claim("title", "h1", "anna speaks") in (from_row(row, row["day"]).claims or ())
    assert Claim("title", "feed", "Story at /anna") in (from_row(row, row["day"]).claims or ())
    assert to_row(from_row(row, row["day"])) == row
    assert rows(nw, sa.select(t.stories.c.host))[0].host == f"site.localhost:{site.port}"
    assert boilerplate_phrases.reason_by_wording(PROMPT) is None  # it is cut for recurring, and for nothing else


def test_a_visit_that_comes_between_keeps_its_text(
    open_site: Callable[..., Newswatch], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newswatch.pipeline import reextract as module

    nw = open_site("anna")
    (row,) = stories(nw)
    write = module.write_stories

    def write_late(*arguments: Any) -> Any:
        with nw.ledger.begin() as connection:  # what a visit commits
            connection.execute(sa.update(t.stories).values(path="another.parquet", revision_number=2))
        return write(*arguments)

    monkeypatch.setattr(module, "write_stories", write_late)
    monkeypatch.setattr(
        boilerplate_phrases, "reason_by_wording", lambda line: "plea" if "quay number 7" in line else None
    )
    reextract_day(nw, row["day"], "test")
    assert values(nw, sa.select(t.stories.c.path)) == ["another.parquet"]
    assert values(nw, sa.select(t.revisions.c.path)) != ["another.parquet"]


def test_explaining_a_story_learns_nothing(open_site: Callable[..., Newswatch], site: Site) -> None:
    nw = open_site("anna", "boris", "clara")
    with nw.ledger.begin() as connection:
        connection.execute(sa.delete(t.frozen_lines))
    told = explain(nw, site.url("/anna"))
    assert told["lines"][-1]["zone"] != "cut"
    assert values(nw, sa.select(t.frozen_lines.c.day)) == []


def test_an_entry_of_a_headline_alone_can_be_built_and_explained(
    site: Site, make_newswatch: Callable[..., Newswatch], site_config: Path, clock: Clock
) -> None:
    nw = make_newswatch(site_config)
    site.answers["/none"] = (404, {}, b"gone")
    site.feed(site.item("/none", f"<pubDate>{clock():%a, %d %b %Y %H:%M:%S GMT}</pubDate>"))
    poll(nw, ["site"], "test")
    fetch_pending(nw, "test")
    (row,) = stories(nw)
    assert row["title"]
    if not row["zones"]:
        assert explain(nw, site.url("/none"))["lines"] == []
    assert build_day(nw, row["day"]).story_count == 1
