"""What is measured on sets of real pages, held against made-up ones."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path

import extraction_sets as sets
import pytest
from extraction_sets import CHARACTER, Found, Page

TEXT = "The mill at Orrin burned down in the night and nobody was hurt."


def page(*texts: str, title: str = "", published_at: str | None = None, **more: object) -> Page:
    moment = datetime.fromisoformat(published_at) if published_at else None
    return Page("id", Path("none"), "https://www.gazette.example/a", texts, title, moment, **more)  # type: ignore[arg-type]


def test_a_body_is_scored_by_shingles_against_the_truth_that_it_fits_best() -> None:
    standfirst = "Fire in the valley, the second this year."
    assert sets.body_score(page(f"{standfirst}\n{TEXT}", TEXT), TEXT) == (1.0, 1.0)
    precision, recall = sets.body_score(page(TEXT), f"{TEXT} Subscribe to our newsletter.")
    assert (round(precision, 3), recall) == (round(10 / 14, 3), 1.0)
    assert sets.body_score(page(TEXT), "") == (1.0, 0.0)
    assert sets.f1(1.0, 0.0) == 0.0
    japanese = "港湾委員会は火曜日に会合を開いた"
    assert sets.body_score(page(japanese, token=CHARACTER), japanese[:8]) == (1.0, 5 / 13)


def test_words_count_as_often_as_they_stand_there_whatever_their_case() -> None:
    assert sets.word_f1(page("one two two"), "ONE two") == pytest.approx(0.8)
    assert sets.word_f1(page("one two"), "") == 0.0


def test_a_snippet_is_there_by_its_whole_words() -> None:
    assert sets.has(TEXT, "mill at  ORRIN, burned")
    assert not sets.has(TEXT, "mill at Orr")


@pytest.mark.parametrize(
    ("found", "is_right"),
    [
        ("2026-11-22T23:30:00+00:00", True),  # half past midnight of the 23rd there
        ("2026-11-23", True),
        ("2026-11-22", True),  # the day in UTC
        ("2026-11-22T20:00:00+00:00", False),
        ("2026-11-24", False),
        ("", False),
    ],
)
def test_a_day_is_that_of_the_truth_where_it_was_printed(found: str, is_right: bool) -> None:
    assert sets.is_day_right(page(TEXT, published_at="2026-11-23T00:30:00+01:00"), found) is is_right


@pytest.mark.parametrize(
    ("found", "is_acceptable"),
    [
        ("Mill burns down", True),  # the truth
        ("Orrin valley: A mill is lost to fire", True),  # h1 with its kicker
        ("A mill is lost to fire", True),
        ("Fire takes the mill", True),  # JSON-LD
        ("A mill is lost to fire | The Orrin Gazette", False),
        ("A mill is lost to fire - gazette", False),
        ("Something else", False),
        ("", False),
    ],
)
def test_a_title_is_the_truth_or_a_headline_that_the_page_states_without_the_sites_name(
    found: str, is_acceptable: bool, tmp_path: Path
) -> None:
    path = tmp_path / "page.html.gz"
    html = (
        '<html><head><meta property="og:site_name" content="The Orrin Gazette">'
        '<meta property="og:title" content="A mill is lost to fire | The Orrin Gazette">'
        '<script type="application/ld+json">{"headline": "Fire takes the mill"}</script></head>'
        "<body><h1><span>Orrin valley:</span> A mill is lost to fire</h1></body></html>"
    )
    path.write_bytes(gzip.compress(html.encode()))
    of = Page("id", path, "https://www.gazette.example/a", (TEXT,), "Mill burns down")
    assert sets.is_title_acceptable(of, found) is is_acceptable


def test_a_story_is_lost_where_the_other_has_it() -> None:
    pages = [page(TEXT)] * 4
    ours = [Found(TEXT), Found("", error="live_blog: it holds text"), Found("mill"), Found("")]
    theirs = [Found(TEXT), Found(TEXT), Found(TEXT), Found("mill")]
    assert sets.lost(pages, ours, theirs) == ["id (live_blog)", "id"]


def test_sets_are_read_line_by_line_and_one_that_is_not_there_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sets, "CORPORA", tmp_path)
    (tmp_path / "wcxb-dev").mkdir()
    row = {"file": "html/7.html.gz", "url": "https://a.example/", "text": "a\u2028b", "is_news": True}
    rows = [row | {"with": ["a"], "without": ["c"]}] * 2
    (tmp_path / "wcxb-dev" / "truth.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
    monkeypatch.setattr(
        sets, "EXTRACTORS", {"first": lambda pages: [Found("a b")] * 2, "second": lambda pages: [Found("c")] * 2}
    )
    sets.report()
    shown = capsys.readouterr().out
    assert "fundus-half is not here" in shown
    assert "wcxb-dev, 2 pages" in shown
    values = {line[:31].strip(): line[31:].split() for line in shown.splitlines() if line.endswith("00")}
    assert values["word F1"] == ["1.0000", "0.0000"]
    assert values["snippets that must not, absent"] == ["1.0000", "0.0000"]


def test_words_of_the_storys_box_that_stand_in_no_line_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from newswatch.pages import accounting

    story = "".join(f"<p>In the year {n} {TEXT} {TEXT}</p>" for n in range(1, 9))
    html = f"<body><p>Menu</p><main><section>{story}<form>Your name</form></section></main></body>".encode()
    missing, size = sets.unaccounted(html, "https://www.gazette.example/a")
    assert (missing.total(), size > len(TEXT) * 8) == (0, True)
    monkeypatch.setattr(accounting, "completed", lambda tree, blocks, box, _: accounting.Account(list(blocks), box))
    assert sets.characters(sets.unaccounted(html, "https://www.gazette.example/a")[0]) == len("Yourname")
    assert sets.unaccounted(b"", "https://www.gazette.example/a")[1] == 0
