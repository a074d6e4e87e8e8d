"""Import of saved pages: WARC, WACZ, folders of them, HTML with a manifest; whole and damaged."""

from __future__ import annotations

import gzip
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from answers import Answers
from ask import values
from installations import faults
from made_pages import ordinary_page

from newsroom.archive import write_archive
from newsroom.server import Newsroom
from newsroom.stories import stories_between
from newswatch.errors import ConfigError, TransientError
from newswatch.ledger import schema as t
from newswatch.pipeline import (
    ArchiveReport,
    ArchiveWanted,
    Newswatch,
    PastWanted,
    fetch_past,
    find_past,
    import_archive,
    note_past,
    tag_new,
)

FIRST, LAST = date(2026, 9, 7), date(2026, 9, 8)
RUN = "archive"


@pytest.fixture
def archive(tmp_path: Path, newsroom: Newsroom) -> Path:
    """Two days of the newsroom, with two other sites' pages after each of its own."""
    path = tmp_path / "crawl.warc.gz"
    write_archive(path, FIRST, LAST, port=newsroom.port, others=2)
    return path


def imported(nw: Newswatch, path: Path, **wanted: object) -> ArchiveReport:
    return import_archive(nw, ArchiveWanted(path, FIRST, LAST, **wanted), RUN)  # type: ignore[arg-type]


def paths_of(nw: Newswatch) -> set[str]:
    return {"/" + url.split("/", 3)[3] for url in values(nw, sa.select(t.stories.c.canonical_url))}


def printed(first: date = FIRST, last: date = LAST) -> set[str]:
    return {story.path for story in stories_between(first, last)}


def test_the_catalogues_pages_become_stories_of_their_days_and_all_others_are_counted(
    nw: Newswatch, archive: Path, newsroom: Newsroom, tmp_path: Path
) -> None:
    report = imported(nw, archive)
    assert paths_of(nw) == printed()
    assert report.story_count == len(printed())
    assert set(values(nw, sa.select(t.stories.c.day))) == {FIRST, LAST}
    assert set(values(nw, sa.select(t.stories.c.via))) == {"archive"}
    assert report.passed_over["of other hosts"] == 2 * len(printed())
    assert report.record_count == report.passed_over.total() + report.page_outcomes.total()
    assert report.faults == []
    assert newsroom.hits.total() == 0
    assert faults(nw, tmp_path) == []


def test_a_second_import_changes_nothing(nw: Newswatch, archive: Path) -> None:
    imported(nw, archive)
    again = imported(nw, archive)
    assert (again.story_count, again.passed_over["known"]) == (0, len(printed()))
    assert paths_of(nw) == printed()


def test_a_dry_run_counts_and_reads_nothing(nw: Newswatch, archive: Path) -> None:
    report = import_archive(nw, ArchiveWanted(archive, FIRST, LAST), RUN, is_dry_run=True)
    assert report.page_outcomes == {"to be read": len(printed())}
    assert paths_of(nw) == set()


def test_only_the_days_feeds_and_topics_that_are_asked_for(nw: Newswatch, archive: Path) -> None:
    wanted = ArchiveWanted(archive, FIRST, FIRST, ("The Vale Ledger", "ranok"))
    report = import_archive(nw, wanted, RUN)
    expected = {s.path for s in stories_between(FIRST, FIRST) if s.outlet_id in ("ledger", "ranok")}
    assert paths_of(nw) == expected
    assert report.passed_over["of other days"] > 0
    matching = imported(nw, archive, is_matching=True)
    assert matching.passed_over["of no topic"] > 0
    of_topics = {s.path for s in stories_between(FIRST, LAST) if s.topics}
    assert of_topics <= paths_of(nw)
    tag_new(nw, RUN)
    assert not ({s.path for s in stories_between(LAST, LAST) if not s.topics and not s.traps} & paths_of(nw))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.55, 0.7])
def test_a_cut_archive_gives_what_is_before_the_cut_and_is_named(nw: Newswatch, archive: Path, share: float) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    report = imported(nw, archive)
    assert 0 < len(paths_of(nw)) < len(printed())
    assert any("it is cut" in fault for fault in report.faults)
    archive.write_bytes(whole)
    assert imported(nw, archive).faults == []
    assert paths_of(nw) == printed()


def test_a_page_with_a_flipped_bit_is_named_and_no_other_text(
    nw: Newswatch, newsroom: Newsroom, tmp_path: Path
) -> None:
    packed, plain = tmp_path / "a.warc.gz", tmp_path / "b.warc"
    write_archive(packed, FIRST, FIRST, port=newsroom.port)
    content = bytearray(gzip.decompress(packed.read_bytes()))
    content[content.index(b"<p", content.index(b"<body")) + 20] ^= 1
    plain.write_bytes(content)
    report = imported(nw, plain)
    assert report.passed_over["damaged"] == len(report.faults) == 1
    assert len(paths_of(nw)) == len(printed(FIRST, FIRST)) - 1


def test_an_import_cut_off_between_noting_and_committing_goes_on(
    nw: Newswatch, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise TransientError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["newswatch.pipeline.import_archive"], "commit_pages", fails)
        with pytest.raises(TransientError):
            imported(nw, archive)
    assert values(nw, sa.select(sa.func.count()).select_from(t.entries))[0] > 0
    assert imported(nw, archive).story_count == len(printed())
    assert paths_of(nw) == printed()


def as_wacz(archive: Path, folder: Path) -> Path:
    path = folder / "crawl.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("datapackage.json", "{}")
        packed.write(archive, "archive/data.warc.gz", zipfile.ZIP_STORED)
    return path


def as_folder(archive: Path, folder: Path) -> Path:
    (folder / "months" / "09").mkdir(parents=True)
    archive.rename(folder / "months" / "09" / "a.warc.gz")
    (folder / "months" / "readme.txt").write_text("two days")
    return folder / "months"


@pytest.mark.parametrize("packed", [as_wacz, as_folder])
def test_wacz_files_and_folders(
    nw: Newswatch, archive: Path, tmp_path: Path, packed: Callable[[Path, Path], Path]
) -> None:
    imported(nw, packed(archive, tmp_path))
    assert paths_of(nw) == printed()


def test_a_folder_of_html_with_a_manifest(nw: Newswatch, newsroom: Newsroom, tmp_path: Path) -> None:
    from newsroom.pages import Site, story_page

    folder = tmp_path / "saved"
    folder.mkdir()
    story = next(s for s in stories_between(FIRST, LAST) if s.outlet_id == "ranok")
    (folder / "1.html").write_bytes(story_page(story, Site("newsroom.localhost", newsroom.port)))
    base = newsroom.base_url("ranok")
    lines = [
        f"1.html,{base}{story.path},2026-09-07,",
        f"../secret,{base}/2,,",
        f"3.html,{base}/3,,",
        "4,https://x.example/,,",
    ]
    (folder / "manifest.csv").write_text("file,url,date,title\n" + "\n".join(lines))
    (tmp_path / "secret").write_text("<p>not in the folder</p>")
    report = imported(nw, folder)
    assert paths_of(nw) == {story.path}
    assert ["names no file in the folder" in report.faults[0], "3.html: cannot be read" in report.faults[1]] == [
        True
    ] * 2
    assert report.passed_over["of other hosts"] == 1


def test_what_is_no_archive_is_said(nw: Newswatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no archive. Give a .warc"):
        imported(nw, tmp_path / "none.txt")
    (tmp_path / "bad.warc.gz").write_bytes(b"no gzip at all")
    report = imported(nw, tmp_path / "bad.warc.gz")
    assert len(report.faults) == 1


def test_a_page_that_its_host_no_longer_has_comes_from_an_archive(
    nw: Newswatch, newsroom: Newsroom, tmp_path: Path
) -> None:
    """That it was noted and could not be had says nothing of what an archive has."""
    path = tmp_path / "crawl.warc.gz"
    write_archive(path, FIRST, LAST, port=newsroom.port)
    story = next(s for s in stories_between(FIRST, LAST) if s.outlet_id == "ranok")
    listed = tmp_path / "pages.txt"
    listed.write_text(f"{newsroom.base_url('ranok')}{story.path}")
    note_past(nw, find_past(nw, PastWanted(("ranok",), FIRST, LAST, list_file=listed)), RUN)
    fetch_past(Answers().of(nw), RUN)
    assert paths_of(nw) == set()
    report = imported(nw, path)
    assert paths_of(nw) == printed()
    assert report.record_count == report.passed_over.total() + report.page_outcomes.total()


def test_a_day_of_a_manifest_is_that_day_west_of_greenwich_too(
    make_newswatch: Callable[..., Newswatch], config_dir: Path, newsroom: Newsroom, tmp_path: Path
) -> None:
    nw = make_newswatch(config_dir, timezone="America/New_York")
    (tmp_path / "1.html").write_text(ordinary_page("The board met"))
    url = f"{newsroom.base_url('ranok')}/board"
    (tmp_path / "manifest.csv").write_text(f"file,url,date\n1.html,{url},2026-09-07\n")
    imported(nw, tmp_path)
    assert values(nw, sa.select(t.stories.c.day)) == [FIRST]
