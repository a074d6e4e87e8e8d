"""OPML: other readers' lists come in whole or with a reason, and ours go out and come back."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from newswatch.cli import feeds
from newswatch.cli.main import main
from newswatch.config import edit_feeds, opml
from newswatch.config.catalogue import Feed, load_catalogue
from newswatch.errors import ConfigError
from newswatch.settings import SHIPPED_CONFIG_DIR
from newswatch.urls.canonical import twin_key

NOW = datetime(2026, 11, 22, 18, 1, tzinfo=UTC)
FEEDS = """\
# Ours.
feeds:
  # World
  - id: quay
    outlet: The Quay
    url: https://quay.example/rss # the old one
    language: en

  - id: "7-days"
    outlet: 7 Days
    url: https://days.example/rss
    language: uk
    timezone: Europe/Kyiv
# the end
"""


def document(*outlines: str, declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return f'{declaration}<opml version="2.0"><head/><body>{"".join(outlines)}</body></opml>'.encode()


def outline(url: str, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<outline type="rss" xmlUrl="{url}"{more}/>'


def read(*outlines: str) -> list[tuple[str, str]]:
    return [(o.url, o.title) for o in opml.read(document(*outlines)).outlines]


def test_feeds_are_found_in_folders_of_any_depth() -> None:
    inner = "<outline text='World'><outline text='Europe'>" + outline("https://a.example/rss", text="A") + "</outline>"
    assert read(
        inner + outline("https://b.example/rss", title="B") + "</outline>", outline("https://c.example/rss")
    ) == [
        ("https://a.example/rss", "A"),
        ("https://b.example/rss", "B"),
        ("https://c.example/rss", ""),
    ]


def test_an_address_in_two_folders_is_one_feed() -> None:
    one = outline("https://a.example/rss", text="A", language="uk")
    assert read(f"<outline text='x'>{one}</outline>", f"<outline text='y'>{one}</outline>") == [
        ("https://a.example/rss", "A")
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/rss?a=1&amp;b=2", "https://a.example/rss?a=1&b=2"),
        ("https://a.example/rss?a=1&b=2", "https://a.example/rss?a=1&b=2"),
        ("https://a.example/rss?a=1&copy=2", "https://a.example/rss?a=1&copy=2"),
        ("https://a.example/rss?a=1&#38;b=2", "https://a.example/rss?a=1&b=2"),
    ],
)
def test_an_ampersand_is_read_as_it_was_meant(url: str, expected: str) -> None:
    assert read(outline(url, text="A")) == [(expected, "A")]


def test_entities_of_html_are_read_in_titles() -> None:
    assert read(outline("https://a.example/rss", text="A&nbsp;&mdash;&laquo;B&raquo; &amp; C")) == [
        ("https://a.example/rss", "A —«B» & C")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
def test_titles_are_read_in_the_encoding_that_the_file_states(encoding: str) -> None:
    text = document(outline("https://a.example/rss", text="Ранок"), declaration="").decode()
    text = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    assert opml.read(text.encode(encoding)).outlines[0].title == "Ранок"


def test_the_language_of_an_outline_is_kept() -> None:
    assert (
        opml.read(document(outline("https://a.example/rss", text="A", language="uk-UA"))).outlines[0].language
        == "uk-UA"
    )


def test_a_site_without_a_feed_and_a_list_of_lists_are_refused_with_the_reason() -> None:
    found = opml.read(
        document(
            '<outline text="A" type="link" url="https://a.example/list.opml"/>',
            '<outline text="B" type="rss" xmlUrl="" htmlUrl="https://b.example/"/>',
        )
    ).outlines
    assert [(o.url, bool(o.refusal)) for o in found] == [
        ("https://a.example/list.opml", True),
        ("https://b.example/", True),
    ]


def test_a_broken_file_is_read_as_far_as_it_goes_and_the_fault_is_named() -> None:
    whole = document(outline("https://a.example/rss", text="A"), outline("https://b.example/rss", text="B"))
    found = opml.read(whole[: whole.index(b"https://b") + 5])
    assert [o.title for o in found.outlines] == ["A"]
    assert found.problem.startswith("line 1:")
    assert opml.read(whole).problem == ""


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE = {
    "an external entity": '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "a growing entity": f'<!DOCTYPE opml [<!ENTITY l0 "ha">{BOMB}]>',
    "an external type": '<!doctype opml SYSTEM "http://127.0.0.1:1/opml.dtd">',
}


@pytest.mark.parametrize("declaration", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_any_encoding(declaration: str, encoding: str) -> None:
    text = document(outline("https://a.example/&x;&l11;", text="&x;&l11;"), declaration=declaration).decode()
    with pytest.raises(opml.NotOpml, match="document type"):
        opml.read(text.encode(encoding))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"no xml",
        b"<rss/>",
        b"\0\1\2",
        b"\xff\xfe",
        b"<?xml version='1.0' encoding='nonsense'?><opml/>",
    ],
)
def test_what_is_no_opml_is_refused(body: bytes) -> None:
    with pytest.raises(opml.NotOpml):
        opml.read(body)


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(opml.NotOpml, match="longer"):
        opml.read(document(" " * opml.MAX_BYTES))


def test_a_deep_or_wide_file_costs_no_long_time() -> None:
    started = time.monotonic()
    opml.read(document("<outline text='x'>" * 100_000))
    wide = opml.read(document(*(outline(f"https://a.example/{n}", text="A") for n in range(20_000))))
    assert len(wide.outlines) == 20_000
    assert time.monotonic() - started < 20


def test_all_that_is_exported_comes_back() -> None:
    feeds = [
        *load_catalogue(SHIPPED_CONFIG_DIR).feeds,
        Feed(id="page", outlet="P", url="https://p.example/n", language="en", kind="page", links="h3 > a[href]"),
        Feed(id="many", outlet="by entry", url="https://all.example/", language="en"),
        Feed(id="odd", outlet='A/B, "C" & Ї', url="https://a.example/?a=1&b=2", language="uk", timezone="Europe/Kyiv"),
    ]
    content = opml.write(feeds, NOW)
    back = opml.read(content)
    assert back.problem == ""
    assert [
        (o.id, o.outlet, o.url, o.language, o.timezone or None, o.kind or None, o.links or None) for o in back.outlines
    ] == [(feed.id, feed.outlet, feed.url, feed.language, feed.timezone, feed.kind, feed.links) for feed in feeds]
    root = etree.fromstring(content)
    first = root.find(".//outline")
    assert root.get("version") == "2.0"
    assert first is not None
    assert {"text", "title", "type", "xmlUrl", "language", "category"} <= set(first.attrib)


def test_an_export_does_not_hand_on_the_way_into_a_private_network() -> None:
    feed = Feed(id="a", outlet="A", url="http://127.0.0.1/rss", language="en", allow_private=True)
    assert b"rivate" not in opml.write([feed], NOW)


# feeds.yaml is only ever added to


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "feeds.yaml").write_text(FEEDS, encoding="utf-8")
    (tmp_path / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    return tmp_path


def feed(**values: object) -> Feed:
    return edit_feeds.checked(
        **({"id": "new", "outlet": "New", "url": "https://new.example/rss", "language": "no"} | values)
    )


def test_an_added_feed_stands_at_the_end_in_the_files_own_style(folder: Path) -> None:
    edit_feeds.add(folder, [feed(), feed(id="9", url="https://new.example/9")])
    assert (folder / "feeds.yaml").read_text(encoding="utf-8") == FEEDS + (
        "\n  - id: new\n    outlet: New\n    url: https://new.example/rss\n    language: 'no'\n"
        "\n  - id: '9'\n    outlet: New\n    url: https://new.example/9\n    language: 'no'\n"
    )
    assert [f.id for f in load_catalogue(folder).feeds] == ["quay", "7-days", "new", "9"]
    assert sorted(p.name for p in folder.iterdir()) == ["feeds.yaml", "topics.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "feeds:\n- id: a\n  outlet: A\n  url: https://a.example/\n  language: en",
        "feeds:\r\n    -   id: a\r\n        outlet: A\r\n        url: https://a.example/\r\n        language: en\r\n",
        "feeds:\n  - {id: a, outlet: A, url: 'https://a.example/', language: en}\n  # more\n",
        "\ufefffeeds:\n  - id: a\n    outlet: A\n    url: https://a.example/\n    language: en\n\n\n",
        SHIPPED_CONFIG_DIR.joinpath("feeds.yaml").read_text(encoding="utf-8"),
    ],
    ids=["no indent, no last line break", "wide, Windows", "braces", "a mark at the start", "the shipped one"],
)
def test_every_line_that_was_there_stays_to_the_byte(folder: Path, text: str) -> None:
    path = folder / "feeds.yaml"
    path.write_bytes(text.encode())
    before = load_catalogue(folder).feeds
    edit_feeds.add(folder, [feed(outlet='Ї: "x" #1 - no')])
    assert path.read_bytes().startswith(text.encode())
    assert b"\r\n" not in text.encode() or b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert load_catalogue(folder).feeds == (*before, feed(outlet='Ї: "x" #1 - no'))


@pytest.mark.parametrize(
    "text",
    [
        "feeds: [{id: a, outlet: A, url: 'https://a.example/', language: en}]\n",
        FEEDS + "...\n",
        FEEDS.replace("\nfeeds:", "\n--- # one\nfeeds:") + "---\n",
    ],
    ids=["brackets", "an end mark", "two documents"],
)
def test_a_form_that_cannot_be_added_to_is_left_alone_and_the_entry_is_shown(folder: Path, text: str) -> None:
    path = folder / "feeds.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        edit_feeds.add(folder, [feed()])
    assert path.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in folder.iterdir()) == ["feeds.yaml", "topics.yaml"]


def test_an_id_that_is_taken_leaves_the_file_as_it_was(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"'quay' stands there already.*in line 4"):
        edit_feeds.add(folder, [feed(id="quay")])
    assert (folder / "feeds.yaml").read_text(encoding="utf-8") == FEEDS


def test_a_file_that_was_wrong_before_is_left_as_it_was(folder: Path) -> None:
    (folder / "feeds.yaml").write_text(FEEDS.replace("language", "langage"), encoding="utf-8")
    with pytest.raises(ConfigError, match="langage"):
        edit_feeds.add(folder, [feed()])
    assert "new.example" not in (folder / "feeds.yaml").read_text(encoding="utf-8")


def test_somebody_elses_change_of_the_same_moment_is_not_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, appended = folder / "feeds.yaml", edit_feeds.appended

    def meanwhile(text: str, new: list[Feed]) -> str:
        path.write_text(FEEDS + "# theirs\n", encoding="utf-8")
        return appended(text, new)

    monkeypatch.setattr(edit_feeds, "appended", meanwhile)
    with pytest.raises(ConfigError, match="somebody else"):
        edit_feeds.add(folder, [feed()])
    assert path.read_text(encoding="utf-8") == FEEDS + "# theirs\n"


def test_a_disk_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(edit_feeds.os, "fsync", fail)
    with pytest.raises(ConfigError, match=r"No space left.*It is as it was"):
        edit_feeds.add(folder, [feed()])
    assert (folder / "feeds.yaml").read_text(encoding="utf-8") == FEEDS
    assert sorted(p.name for p in folder.iterdir()) == ["feeds.yaml", "topics.yaml"]


def test_a_link_to_the_file_stays_a_link_and_its_mode_stays(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.yaml"
    (folder / "feeds.yaml").rename(real)
    real.chmod(0o640)
    (folder / "feeds.yaml").symlink_to(real)
    edit_feeds.add(folder, [feed()])
    assert (folder / "feeds.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "new.example" in real.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("title", "url", "expected"),
    [
        ("The Harbour Post | World", "https://x.example/rss", "the-harbour-post-world"),
        ("Щоденні об'єкти", "https://x.example/rss", "shchodenni-obyekti"),
        ("Les Échos", "https://x.example/rss", "les-echos"),
        ("新聞", "https://www.x.example/rss", "x-example"),
        ("", "https://feeds.x.example/rss", "x-example"),
        ("Quay", "https://x.example/rss", "quay-2"),
        ("x" * 90, "https://x.example/rss", "x" * 40),
        ("--", "https://[2001:db8::1]/rss", "2001-db8-1"),
    ],
)
def test_an_id_is_made_of_the_title_else_of_the_host_and_is_never_taken(title: str, url: str, expected: str) -> None:
    assert edit_feeds.make_id(title, url, {"quay"}) == expected


# The commands


def run(folder: Path, *arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["feeds", *arguments], input=stdin, env={"NEWSWATCH_CONFIG_DIR": str(folder)})


LIST = document(
    "<outline text='World'>" + outline("https://new.example/rss", text="Нові вісті", language="uk") + "</outline>",
    outline("http://www.quay.example/rss/", text="The Quay"),
    outline("https://other.example/rss", text="Quay"),
    outline("ftp://other.example/rss", text="Old"),
)


def test_an_import_shows_what_is_new_there_or_refused_and_adds_after_a_yes(folder: Path) -> None:
    (folder / "list.opml").write_bytes(LIST)
    done = run(folder, "import", str(folder / "list.opml"), "--language", "en", stdin="y\n")
    assert done.exit_code == 0, done.output
    assert "new      https://new.example/rss as 'novi-visti'" in done.stdout
    assert "there    http://www.quay.example/rss/ as 'quay'" in done.stdout
    assert "new      https://other.example/rss as 'quay-2'" in done.stdout
    assert "refused  ftp://other.example/rss: it is no web address." in done.stdout
    assert "2 new, 1 there, 1 refused" in done.stdout
    added = load_catalogue(folder).feeds[2:]
    assert [(f.id, f.outlet, f.language) for f in added] == [
        ("novi-visti", "Нові вісті", "uk"),
        ("quay-2", "Quay", "en"),
    ]


def test_an_import_of_many_feeds_looks_at_each_address_but_a_few_times(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for module in (edit_feeds, feeds):  # the command's, and the catalogue's
        monkeypatch.setattr(module, "twin_key", lambda url: asked.append(url) or twin_key(url))
    many = document(
        *(outline(f"https://h{n}.example/rss", text=f"Feed {n}") for n in range(300)),
        *(outline(f"http://www.h{n}.example/rss/", text=f"Feed {n}") for n in range(300)),
    )
    done = run(folder, "import", "-", "--language", "en", "--dry-run", stdin=many)
    assert "300 new, 300 there, 0 refused" in done.stdout
    assert "there    http://www.h7.example/rss/ as 'feed-7'" in done.stdout
    assert len(asked) == 602  # the outlines and the two that feeds.yaml has


def test_an_import_without_a_language_refuses_those_that_state_none_and_says_how_to_give_one(folder: Path) -> None:
    done = run(folder, "import", "-", "--yes", stdin=LIST)
    assert done.exit_code == 0, done.output
    assert "refused  https://other.example/rss: it states no language." in done.stdout
    assert "--language en" in done.stdout
    assert [f.id for f in load_catalogue(folder).feeds] == ["quay", "7-days", "novi-visti"]


@pytest.mark.parametrize(("arguments", "stdin"), [(["--dry-run"], ""), (["--yes", "--dry-run"], ""), ([], "n\n")])
def test_nothing_is_written_on_a_no_or_a_dry_run(folder: Path, arguments: list[str], stdin: str) -> None:
    (folder / "list.opml").write_bytes(LIST)
    done = run(folder, "import", str(folder / "list.opml"), *arguments, stdin=stdin)
    assert done.exit_code == 0, done.output
    assert "Nothing was written." in done.stdout
    assert (folder / "feeds.yaml").read_text(encoding="utf-8") == FEEDS


def test_an_import_of_a_hostile_file_is_a_message_and_no_traceback(folder: Path) -> None:
    done = run(folder, "import", "-", stdin=document(declaration=HOSTILE["an external entity"]))
    assert done.exit_code == 1
    assert "document type" in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_an_export_imports_into_another_folder_as_the_same_feeds(folder: Path, tmp_path: Path) -> None:
    exported = run(folder, "export", "--output", str(tmp_path / "out.opml"))
    assert exported.exit_code == 0, exported.output
    assert run(folder, "export").stdout.count("<outline") == 2
    other = tmp_path / "other"
    other.mkdir()
    first = "feeds:\n  - id: first\n    outlet: First\n    url: https://first.example/\n    language: en\n"
    (other / "feeds.yaml").write_text(first)
    (other / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    done = run(other, "import", str(tmp_path / "out.opml"), "--yes")
    assert done.exit_code == 0, done.output
    assert load_catalogue(other).feeds[1:] == load_catalogue(folder).feeds
    assert "0 new, 3 there, 0 refused" in run(other, "import", "-", stdin=run(other, "export").stdout).stdout
