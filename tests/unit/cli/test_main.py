"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from made_pages import PARAGRAPHS, ordinary_page

from newswatch.cli.main import main
from newswatch.settings import SHIPPED_CONFIG_DIR

PAGE = ordinary_page()


def run(*arguments: str, stdin: str = "", **environ: str) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin, env=environ)


def test_check_says_that_the_shipped_files_are_good() -> None:
    done = run("check", NEWSWATCH_CONFIG_DIR=str(SHIPPED_CONFIG_DIR))
    assert done.exit_code == 0
    assert "well formed" in done.stdout
    assert "examples hold" in done.stdout
    assert "in force from the next poll" in done.stdout
    assert "newswatch build FIRST..LAST" in done.stdout


def test_check_names_each_mistake_on_standard_error_and_exits_with_one(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds:\n  - {id: one, outlet: O, url: 'ftp://example.com', language: en}\n")
    (tmp_path / "topics.yaml").write_text("topics: []\n")
    done = run("check", NEWSWATCH_CONFIG_DIR=str(tmp_path))
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "feeds.yaml:2: feeds: 'one': url:" in done.stderr
    assert "topics.yaml:1: topics:" in done.stderr


def test_a_wrong_setting_is_a_message_and_no_traceback() -> None:
    done = run("check", NEWSWATCH_TIMEZONE="Kyiv")
    assert done.exit_code == 1
    assert "NEWSWATCH_TIMEZONE" in done.stderr
    assert "Traceback" not in done.output


def test_tag_answers_one_json_line_a_mention() -> None:
    lines = [
        json.dumps({"id": 1, "title": "Donetsk today", "text": "Calm in Donetsk.", "language": "en"}),
        "",
        json.dumps({"id": "b", "text": "Nothing here."}),
        json.dumps({"id": "c", "text": "Москва и Вашингтон обсудили СНВ-III."}, ensure_ascii=False),
    ]
    done = run("tag", stdin="\n".join(lines) + "\n")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [(m["id"], m["topic"], m["zone"], m["surface"]) for m in found] == [
        (1, "donetsk", "headline", "Donetsk"),
        (1, "donetsk", "lede", "Donetsk"),
        ("c", "new-start", "lede", "СНВ-III"),
    ]
    assert (found[1]["start"], found[1]["end"], found[1]["sentence"]) == (8, 15, "Calm in Donetsk.")


@pytest.mark.parametrize("bad", ["not json", "[]", '"x"', '{"text": "no id"}', '{"id": 1, "text": 5}', "null"])
def test_tag_names_a_line_that_it_cannot_read_tags_the_others_and_exits_with_one(bad: str) -> None:
    done = run("tag", stdin=f'{bad}\n{{"id": 2, "text": "In Donetsk."}}\n')
    assert done.exit_code == 1
    assert "line 1" in done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [2]


def test_extract_prints_the_story_of_one_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    done = run("extract", str(tmp_path / "a.html"), "--url", "https://example.com/a")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["text"].startswith(PARAGRAPHS[0])
    assert (found["path"], found["language"]) == (str(tmp_path / "a.html"), "en")


def test_extract_answers_each_line_of_a_manifest_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (tmp_path / "c.html").write_text("<html></html>")
    (tmp_path / "d.html.gz").write_bytes(gzip.compress(PAGE.encode())[:-9])
    names = ["a.html", "none.html", "b.html.gz", "c.html", "d.html.gz"]
    manifest = "".join(json.dumps({"path": str(tmp_path / n), "url": f"https://example.com/{n}"}) + "\n" for n in names)
    done = run("extract", "--manifest", "-", stdin=manifest)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["path"]).name for line in found] == names
    assert ["error" in line for line in found] == [False, True, False, True, True]


@pytest.mark.parametrize("url", ["example.com/a", "http://[", "", "http://example.com:99999/", "nonsense"])
def test_an_address_that_is_none_costs_its_neighbours_nothing(url: str, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    lines = [{"path": str(tmp_path / "a.html"), "url": given} for given in (url, "https://example.com/a")]
    done = run("extract", "--manifest", "-", stdin="".join(json.dumps(line) + "\n" for line in lines))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 2, done.output
    assert "text" in found[1]


def test_extract_names_a_manifests_wrong_lines() -> None:
    done = run("extract", "--manifest", "-", stdin='{"path": "a"}\nnot json\n')
    assert done.exit_code == 1
    assert "line 1" in done.stderr
    assert "line 2" in done.stderr


def test_extract_exits_with_one_where_no_page_gave_a_story_and_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    (tmp_path / "c.html").write_text("<html></html>")
    lines = [
        json.dumps({"path": str(tmp_path / n), "url": "https://example.com/a"}) for n in ("c.html", "none", "a.html")
    ]
    all_failed = run("extract", "--manifest", "-", stdin="\n".join(lines[:2]))
    assert (all_failed.exit_code, all_failed.stderr) == (1, "newswatch: 2 of 2 pages gave no story.\n")
    some_failed = run("extract", "--manifest", "-", stdin="\n".join(lines))
    assert (some_failed.exit_code, some_failed.stderr) == (0, "newswatch: 2 of 3 pages gave no story.\n")
    one = run("extract", str(tmp_path / "c.html"), "--url", "https://example.com/a")
    assert (one.exit_code, one.stderr) == (1, "newswatch: 1 of 1 page gave no story.\n")


def test_extract_of_a_pipe_or_a_device_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), "/dev/null", "/dev/zero"):
        done = run("extract", path, "--url", "https://example.com/a")
        assert done.exit_code == 1
        assert "no ordinary file" in json.loads(done.stdout)["error"]


SECRETS = {
    "NEWSWATCH_DATABASE_URL": "postgresql://me:geheim-1@db.example/ledger",
    "NEWSWATCH_DATA_URL": "s3://me:geheim-2@bucket/data?secret=geheim-3&region=x",
    "NEWSWATCH_NOTIFY_URLS": "mailtos://me:geheim-4@mail.example slack://geheim-5/b/c",
    "NEWSWATCH_CONTACT": "https://me:geheim-6@example.com",
    "NEWSWATCH_PAGES_URL": "https://example.com/?access_token=geheim-7",
}


def test_settings_shows_no_password_of_any_address() -> None:
    done = run("settings", **SECRETS)
    assert done.exit_code == 0
    assert "geheim" not in done.output
    assert "postgresql://me:***@db.example/ledger" in done.stdout
    assert "region=x" in done.stdout


def test_a_wrong_setting_is_named_without_the_password_in_it() -> None:
    done = run("check", NEWSWATCH_SHARDS="postgresql://me:geheim@db/x")
    assert done.exit_code == 1
    assert "NEWSWATCH_SHARDS" in done.stderr
    assert "geheim" not in done.output


def test_a_poll_in_which_no_feed_is_read_exits_with_one_and_shows_examples(database_url: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "topics.yaml").symlink_to(SHIPPED_CONFIG_DIR / "topics.yaml")
    entry = "  - {{id: f{n}, outlet: F{n}, url: 'http://f{n}.localhost:9/feed', language: en, allow_private: true}}\n"
    (config / "feeds.yaml").write_text("feeds:\n" + "".join(entry.format(n=n) for n in range(7)))
    environ = {
        "NEWSWATCH_CONFIG_DIR": str(config),
        "NEWSWATCH_HOME": str(tmp_path),
        "NEWSWATCH_HOST_DELAY_SECONDS": "0",
    }
    done = run("poll", NEWSWATCH_DATABASE_URL=database_url, **environ)
    assert done.exit_code == 1
    assert "connection_failed 7" in done.stdout
    said = done.stderr[done.stderr.index("No feed could be read") :].splitlines()
    assert [line.split(":")[0].strip() for line in said[1:6]] == [f"f{n}" for n in range(5)]
    assert all("connection_failed" in line for line in said[1:6])
    assert said[6:] == ["  … and 2 more, in the table `outcomes`"]


def test_a_ledger_of_another_schema_is_named_and_no_traceback(database_url: str, tmp_path: Path) -> None:
    environ = {"NEWSWATCH_DATABASE_URL": database_url, "NEWSWATCH_HOME": str(tmp_path)}
    assert run("migrate", **environ).exit_code == 0
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    done = run("explain", "https://example.com/a", **environ)
    assert done.exit_code == 1
    assert "of schema 9999" in done.stderr
    assert "newswatch migrate --to" in done.stderr


@pytest.mark.parametrize("argument", ["--help", "check", "tag"])
def test_a_light_command_imports_nothing_heavy(argument: str) -> None:
    heavy = {"sqlalchemy", "aiohttp", "pyarrow", "fsspec", "structlog", "alembic", "newswatch.pipeline"}
    program = (
        "import sys; from newswatch.cli.main import main; main(sys.argv[1:], standalone_mode=False); "
        "print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, argument]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True)
    assert heavy & set(done.stderr.split()) == set()


def test_check_counts_in_the_singular_too(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds:\n  - {id: a, outlet: A, url: 'https://a.example/f', language: en}\n")
    examples = "examples: {match: [A quay.], no_match: [A pier.]}"
    (tmp_path / "topics.yaml").write_text(
        f"topics:\n  - {{id: quay, name: Quay, description: Q., terms: [quay], {examples}}}\n"
    )
    done = run("check", NEWSWATCH_CONFIG_DIR=str(tmp_path))
    assert done.stdout.startswith("1 feed of 1 outlet and 1 topic are well formed; all 2 examples hold.")


def test_extract_without_an_address_says_how_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    done = run("extract", str(tmp_path / "a.html"))
    assert done.exit_code == 2
    assert "--url" in done.stderr


@pytest.mark.parametrize("url", ["https://example.com/none", "no address", "http://[", "http://example.com:99999/"])
def test_explaining_an_unknown_story_says_so_and_exits_with_one(url: str, database_url: str, tmp_path: Path) -> None:
    done = run("explain", url, NEWSWATCH_DATABASE_URL=database_url, NEWSWATCH_DATA_URL=str(tmp_path))
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit), done.exception
    assert "no story is known" in done.stderr


def test_building_and_explaining_go_by_the_data_that_is_named(database_url: str, tmp_path: Path) -> None:
    environ = {
        "NEWSWATCH_DATABASE_URL": database_url,
        "NEWSWATCH_DATA_URL": str(tmp_path),
        "NEWSWATCH_HOME": str(tmp_path),
    }
    done = run("build", "2026-11-21..2026-11-22", "--empty", **environ)
    assert done.exit_code == 0, done.output
    assert [line[:10] for line in done.stdout.splitlines()] == ["2026-11-21", "2026-11-22"]
    assert (tmp_path / "digests/2026-11-22/digest.html").is_file()
    assert (tmp_path / "tables/topic_days/2026-11-21.parquet").is_file()


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-11-22..2026-11-20", "22.11.2026", ""])
def test_a_day_that_is_none_is_refused_with_the_way_to_write_it(day: str) -> None:
    done = run("build", day)
    assert done.exit_code == 2
    assert "day" in done.stderr or "ends before" in done.stderr


HELP = {
    "check": "exit 1",
    "poll": "--due",
    "build": "2026-11-16..2026-11-22",
    "extract": "--manifest",
    "tag": '{"id", "title", "text"}',
    "explain": "URL",
    "migrate": "schema",
    "settings": "environment variable",
    "dictionary": "column",
    "days": "another time zone",
    "feeds": "OPML",
    "topics": "versions",
    "url-rules": "docs/urls.md",
    "verify": "quarantine/",
    "backup": "of the moment at which it began",
    "restore": "must be empty",
    "maintain": "NEWSWATCH_ORPHAN_DAYS",
    "recover": "manifest.csv (file,url,date,title)",
    "export": "WARC for their pages",
    "import": "compared with its hash",
}


def test_every_command_is_known_to_this_list() -> None:
    assert set(main.commands) == set(HELP)


@pytest.mark.parametrize("command", HELP)
def test_the_help_of_a_command_says_how_it_is_used(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"Usage: main {command}" in done.stdout
    assert HELP[command] in " ".join(done.stdout.split())


def test_settings_never_show_the_password() -> None:
    done = run("settings", NEWSWATCH_DATABASE_URL="postgresql://user:secret@host/db")
    assert "secret" not in done.stdout
    assert "NEWSWATCH_DATABASE_URL=postgresql://user:***@host/db" in done.stdout
