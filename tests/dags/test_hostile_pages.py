"""Hostile text wherever a page shows what others wrote: in a real browser it is text, and the page is built as ever."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from clocks import NOW
from installed import close_pages, installation, log_in
from looks import SKELETON, Frame, Look, Seen, browser, not_isolated
from payloads import CSV, XSS

from newswatch.feeds.model import Entry, SeenEntry
from newswatch.ledger import revisions
from newswatch.ledger import stories as ledger_stories
from newswatch.ledger.batches import Outcomes, commit
from newswatch.net.messages import Response
from newswatch.pages.model import Claim, ExtractedPage, StoryLine
from newswatch.pipeline import Newswatch, build_day, issue_digest, open_newswatch, poll, tag_new
from newswatch.pipeline.story_files import first_revision, new_story, write_stories
from newswatch.settings import load_settings
from newswatch.stories.assemble import FetchedPage, assemble
from newswatch.stories.story import RawRecord, Story
from newswatch.urls.canonical import names_of

DAY = NOW.date()
TEXTS = XSS + CSV[::2]
SOME = 36  # of the texts: so many name a topic, or have the page of their story looked at; those take their time
RUN = "daily_digest/manual__1"
OF_TOPIC = f"topic/topic-0?last={DAY}&span=7"
MEEK = [f"text {number}" for number in range(len(TEXTS))]
OURS = Frame(
    elements=frozenset(
        {
            *("html", "head", "meta", "title", "style", "script", "body", "header", "nav", "main", "section", "footer"),
            *(
                "p",
                "h1",
                "h2",
                "h3",
                "div",
                "span",
                "a",
                "b",
                "code",
                "mark",
                "strong",
                "br",
                "time",
                "blockquote",
                "bdi",
            ),
            *("table", "thead", "tbody", "tr", "th", "td", "ol", "ul", "li", "dl", "dt", "dd", "details", "summary"),
            *("form", "label", "input", "select", "option", "button", "noscript", "svg", "rect"),
        }
    ),
    attributes=frozenset(
        {
            *("lang", "charset", "name", "content", "class", "id", "href", "rel", "src", "defer", "title", "datetime"),
            *("aria-current", "aria-label", "action", "type", "value", "selected", "colspan", "data-now", "data-name"),
            *("data-airflow", "download", "dir"),
        }
    ),
    links=re.compile(r"#|https?://|/newswatch/|/dags/"),
    in_charts=frozenset({"svg", "g", "path", "defs", "clipPath", "rect", "use", "pattern", "title", "text"}),
)


def hostile_story(nw: Newswatch, number: int, text: str, *, is_copy: bool) -> Story:
    """A story whose every text is the hostile one; a copy is another outlet's, with the same lines."""
    feed = list(nw.feeds.values())[number - is_copy]
    moment = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC) + timedelta(minutes=number, seconds=is_copy)
    said = " ".join(text.split())
    prose = " ".join(f"word{number}x{n}" for n in range(80))
    lines = [StoryLine(f"{said} met at the quay {said}", "lede"), StoryLine(prose, "body"), StoryLine(said, "caption")]
    url = f"https://example.com/{number}{'-copy' if is_copy else ''}/{quote(said)}"
    page = ExtractedPage(
        claims=tuple(Claim(field, "h1", text) for field in ("title", "author", "section", "published_at")),
        lines=(*lines, StoryLine(said, "cut", "byline")),
        language="en",
        canonical_url=url,
        is_partial=False,
    )
    seen = SeenEntry(Entry(feed.id, url, url, text, "", (text,), moment), moment)
    story = assemble(seen, feed, FetchedPage(url, page, RawRecord("raw/none.warc.gz", 0, 0)), nw.settings.tz)
    assert story is not None
    return replace(story, title=text, authors=(text,), section=text, language=text)


def write_catalogue(folder: Path, texts: Sequence[str]) -> None:
    """Outlets and topics of these names; every topic but the first, that of all stories, is found in nothing.

    Outlets that differ in blanks and letter case alone would be refused: they get a number.
    """
    keys = [" ".join(text.casefold().split()) for text in texts]
    feeds = [
        {
            "id": f"feed-{n}",
            "outlet": text if keys.index(keys[n]) == n else f"{text}{n}",
            "url": f"http://127.0.0.1:9/{n}/{quote(text)}",
            "language": "en",
            "allow_private": True,
        }
        for n, text in enumerate(texts)
    ]
    topics = [
        {
            "id": f"topic-{n}",
            "name": text[:80],
            "description": text,
            "terms": [{"text": f"nowhere {n}" if n else "quay"}],
            "examples": {"match": [f"nowhere {n}" if n else "the quay"], "no_match": ["x"]},
        }
        for n, text in enumerate(texts[:SOME])
    ]
    folder.mkdir(parents=True)
    (folder / "feeds.yaml").write_text(json.dumps({"feeds": feeds}), encoding="utf-8")
    (folder / "topics.yaml").write_text(json.dumps({"topics": topics}), encoding="utf-8")


def fill(texts: Sequence[str]) -> list[str]:
    """Store, tag and build a day of these texts; returns the ids of its stories, a story and its copy in turn."""
    nw = open_newswatch(load_settings())
    made = [hostile_story(nw, n, text, is_copy=is_copy) for n, text in enumerate(texts) for is_copy in (False, True)]
    places = [text if n % 3 else f"https://example.com/{n}/{text}" for n, text in enumerate(texts) for _ in range(2)]
    in_files = [replace(story, canonical_url=url) for story, url in zip(made, places, strict=True)]
    earlier = [replace(story, title=f"Was {story.title}") for story in in_files]
    answer = Response("https://example.com/", 200, (), b"", b"", NOW, 0.0)
    with nw.ledger.begin() as connection:
        for number, stored in enumerate((earlier, in_files), 1):
            batch = nw.new_batch("fetch", "test")
            commit(connection, batch, write_stories(nw, batch, stored), Outcomes())
            kept = [new_story(story, batch, answer) for story in made]
            revisions.add(connection, [replace(first_revision(story), number=number, seen_at=NOW) for story in kept])
        ledger_stories.add(connection, kept)
        names = {n: story.story_id for story in made for n in names_of(story.canonical_url)}
        names |= {text: story.story_id for text, story in zip(texts, made[::2], strict=True)}
        ledger_stories.add_aliases(connection, names)
    tag_new(nw, "test")
    poll(nw, list(nw.feeds)[:5], "test")  # nobody answers
    for number in (1, 2):
        build_day(nw, DAY, RUN)
        issue_digest(nw, DAY, f"{RUN}{number}")
    nw.close()
    return [story.story_id for story in made]


@dataclass(frozen=True)
class Pages:
    """What an installation shows of its texts: page → HTML and headers; the download of the topic of all
    stories. A story's page goes by its number."""

    html: dict[str, tuple[str, dict[str, str]]]
    download: str


def pages_of(client: Any, folder: Path, database_url: str, texts: Sequence[str], stories: int) -> Pages:
    """An installation whose texts are these, and its pages, those of so many stories among them."""
    write_catalogue(folder / "config", texts)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in installation(folder, folder / "config", database_url).items():
            patch.setenv(name, value)
        ids = fill(texts)
        log_in(client, "VIEWER")
        paths = ["", f"day/{DAY}", "topics", OF_TOPIC, "feeds", "digest", f"digest/{DAY}/1", f"run/{RUN}2"]
        paths += [f"{OF_TOPIC}&outlet={quote(texts[0])}&language={quote(texts[1])}"]
        named = [path.replace(quote(texts[0]), "0").replace(quote(texts[1]), "1") for path in paths]
        named += [f"story/{n}" for n in range(stories)]
        paths += [f"story/{id_}" for id_ in ids[: 2 * stories : 2]]
        answers = {name: client.get(f"/newswatch/{path}") for name, path in zip(named, paths, strict=True)}
        download = client.get(f"/newswatch/{OF_TOPIC.replace('?', '/mentions.csv?')}")
        close_pages()
    assert {path: a.status_code for path, a in answers.items() if a.status_code != 200} == {}
    return Pages({path: (a.text, dict(a.headers)) for path, a in answers.items()}, download.text)


@pytest.fixture(scope="module")
def hostile(web_application: Any, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return pages_of(web_application, tmp_path_factory.mktemp("hostile"), new_database(), TEXTS, SOME)


@pytest.fixture(scope="module")
def meek(web_application: Any, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return pages_of(web_application, tmp_path_factory.mktemp("meek"), new_database(), MEEK, 1)


def test_every_text_of_others_keeps_its_own_direction(meek: Pages) -> None:
    assert {path: found for path, (html, _) in meek.html.items() if (found := not_isolated(html, r"\btext \d"))} == {}


@pytest.fixture(scope="module")
def look(hostile: Pages, meek: Pages) -> Iterator[Look]:
    """The browser, once all pages are there: nothing of ours that waits for the network runs beside it."""
    from newswatch_airflow.ui.site import LINKS_JS, THEME_JS

    with browser(OURS, {"/newswatch/links.js": LINKS_JS, "/newswatch/theme.js": THEME_JS}) as load:
        yield load


def skeleton(elements: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, tuple[str, ...]]]:
    return Counter((e["tag"], tuple(e["attributes"])) for e in elements)


def flat(texts: Sequence[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


@pytest.fixture(scope="module")
def seen(hostile: Pages, meek: Pages, look: Look) -> dict[str, Seen]:
    """A page of each kind without its policy, which would hide what the escaping let through."""
    return {path: look(hostile.html[path][0], "ol.lines > li > a", "option", wait=300) for path in sorted(meek.html)}


def test_no_page_runs_loads_or_becomes_what_others_wrote(seen: dict[str, Seen]) -> None:
    assert {path: faults for path, page in seen.items() if (faults := page.faults)} == {}


def test_each_hostile_story_is_text_on_its_page(hostile: Pages, meek: Pages, look: Look) -> None:
    """Parsed by the browser all at once: what is built as a harmless story's page cannot run anything."""
    html = [html for path, (html, _) in hostile.html.items() if path.startswith("story/")]
    document = "new DOMParser().parseFromString(p, 'text/html')"
    parse = f"p => {{ const d = {document}; return [d.querySelector('h1').textContent, ({SKELETON})(d)] }}"
    parsed: Any = look("<!doctype html><title>x</title>", script=f"{json.dumps(html)}.map({parse})").answer
    assert flat([headline for headline, _ in parsed]) == flat(TEXTS[:SOME])
    assert [faults for _, elements in parsed if (faults := OURS.strange(elements))] == []
    harmless = skeleton(look(meek.html["story/0"][0]).elements)
    for text, (_, elements) in zip(TEXTS, parsed, strict=False):
        assert skeleton(elements) == harmless, text


def test_pages_of_hostile_texts_are_built_like_those_of_harmless_ones(
    seen: dict[str, Seen], meek: Pages, look: Look
) -> None:
    for path in seen.keys() & meek.html.keys():
        assert skeleton(seen[path].elements) == skeleton(look(meek.html[path][0]).elements), path


def test_pages_with_their_own_policy_are_as_quiet(hostile: Pages, meek: Pages, look: Look) -> None:
    for path in hostile.html.keys() & meek.html.keys():
        html, headers = hostile.html[path]
        policy = {"content-security-policy": headers["content-security-policy"]}
        assert look(html, headers=policy).faults == [], path


def test_pages_show_every_text_as_it_was_written(seen: dict[str, Seen]) -> None:
    texts = set(flat(TEXTS))
    assert texts <= set(flat(seen[OF_TOPIC].texts["option"]))  # outlets and languages
    assert set(flat(seen[OF_TOPIC].texts["ol.lines > li > a"])) <= texts


def test_the_browser_notices_each_kind_of_fault(look: Look) -> None:
    for html, fault in (
        ("<script>window.pwned=1</script>", "ran a script"),
        ("<img src=x onerror=alert(1)>", "has onerror on <img>"),
        ("<p style='color:red'>", "has style on <p>"),
        ("<a href='javascript:alert(1)'>x</a>", "links to 'javascript:alert(1)'"),
        ("<script src='/newswatch/other.js'></script>", "asked for http://page.test/newswatch/other.js"),
    ):
        assert fault in look(f"<!doctype html><body>{html}", wait=50).faults


def test_the_download_of_a_topic_has_no_formula(hostile: Pages) -> None:
    rows = list(csv.DictReader(StringIO(hostile.download.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 2 * len(TEXTS)
    for row in rows:
        for value in row.values():
            for piece in re.split(r"[;\t\r\n]", value):  # whatever separator a spreadsheet takes
                assert not re.match(r"[\s\"]*[=+\-@＝＋－＠]", piece), value
