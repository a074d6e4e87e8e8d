"""Topics over what is stored: a change before it is made, versions, and tagging again."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from ask import Read
from click.testing import CliRunner, Result
from clocks import NOW

from newswatch.cli.main import main
from newswatch.ledger import catalogues
from newswatch.pipeline import build_day
from newswatch.tables import day_tables
from newswatch.tables.parquet import Table

TODAY = NOW.date()
DAYS = [TODAY - timedelta(days=n) for n in range(4, -1, -1)]
SPAN = f"{DAYS[0]}..{DAYS[-1]}"
HARBOUR = """
  - id: harbour
    name: Harbour
    description: The harbour.
    terms: [{text: harbour, near: [{words: [board, quay, market]}]}]
    examples: {match: [The harbour board met.], no_match: [At the station.]}
"""


@pytest.fixture(autouse=True)
def _in_force(read: Read, tmp_path: Path) -> None:
    """Other tests open the same ledger with topics of their own."""
    read.with_topics(read.nw.catalogue.topics_text, tmp_path / "in-force").close()


@pytest.fixture
def edited(read: Read, tmp_path: Path) -> Path:
    """A copy of topics.yaml, to be edited."""
    path = tmp_path / "edited.yaml"
    path.write_text(read.nw.catalogue.topics_text, encoding="utf-8")
    return path


def run(read: Read, *arguments: str) -> Result:
    settings = read.nw.settings
    environment = {
        "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
        "NEWSWATCH_HOME": str(settings.home),
        "NEWSWATCH_DATA_URL": settings.data_url,
        "NEWSWATCH_DATABASE_URL": settings.database_url,
    }
    return CliRunner().invoke(main, ["topics", *arguments], env=environment)


def rows(read: Read, table: Table, day: date) -> list[dict[str, Any]]:
    return table.from_bytes(read.nw.store.read(f"tables/{table.name}/{day}.parquet"))


def test_an_edit_shows_what_it_gains_and_loses_with_the_sentences_that_prove_it(read: Read, edited: Path) -> None:
    text = edited.read_text(encoding="utf-8")
    begin, end = text.index("  - id: donetsk"), text.index("  - id: luhansk")
    kept = text[begin : text.index("    terms:\n", begin)] + (
        "    terms: [{text: near Donetsk}, {text: в Донецке}]\n"
        "    examples: {match: [near Donetsk], no_match: [far away]}\n"
    )
    edited.write_text(text[:begin] + kept + HARBOUR + text[end:], encoding="utf-8")

    done = run(read, "diff", SPAN, "--file", str(edited), "--json")
    assert done.exit_code == 0, done.stderr
    changes = [json.loads(line) for line in done.stdout.splitlines()]
    gained = [c for c in changes if c["change"] == "gained"]
    lost = [c for c in changes if c["change"] == "lost"]
    assert {c["topic"] for c in gained} == {"harbour"}
    assert {c["topic"] for c in lost} == {"donetsk"}
    for change in changes:
        begin = change["start"] - change["sentence_start"]
        assert change["sentence"][begin : begin + len(change["surface"])] == change["surface"]
        assert change["sentence_end"] - change["sentence_start"] == len(change["sentence"])

    before = {(row["story_id"], str(day)) for day in DAYS for row in _mentions(read, day) if row["topic"] == "donetsk"}
    assert {(c["story_id"], c["day"]) for c in lost} <= before

    shown = run(read, "diff", SPAN, "--file", str(edited), "--sentences", "1")
    last = shown.stdout.splitlines()[-1]
    assert last.startswith("In force from the next poll, once it is topics.yaml; ")
    assert last.endswith(f"newswatch build {SPAN}")
    assert f"{DAYS[0]} to {DAYS[-1]}, 5 days" in shown.stdout
    assert f"Harbour (new): {len(gained)} gained, 0 lost, 0 kept" in shown.stdout
    assert f"Donetsk: 0 gained, {len(lost)} lost, {len(before) - len(lost)} kept" in shown.stdout
    assert f"… and {len(lost) - 1} more (--sentences {len(lost)} shows all)" in shown.stdout
    assert "unchanged: new-start, luhansk" in shown.stdout


def _mentions(read: Read, day: date) -> list[dict[str, Any]]:
    build_day(read.nw, day)
    return rows(read, day_tables.MENTIONS, day)


def test_looking_changes_nothing(read: Read, edited: Path) -> None:
    with edited.open("a", encoding="utf-8") as file:
        file.write(HARBOUR)
    with read.nw.ledger.begin() as connection:
        before = catalogues.topics_versions(connection), catalogues.last_good(connection)
    assert run(read, "diff", SPAN, "--file", str(edited)).exit_code == 0
    with read.nw.ledger.begin() as connection:
        assert (catalogues.topics_versions(connection), catalogues.last_good(connection)) == before


def test_a_wrong_edit_is_named_with_its_line(read: Read, edited: Path) -> None:
    with edited.open("a", encoding="utf-8") as file:
        file.write(HARBOUR.replace("At the station.", "The harbour board slept."))
    done = run(read, "diff", SPAN, "--file", str(edited))
    assert done.exit_code == 1
    line = len(edited.read_text(encoding="utf-8").splitlines())
    assert f"edited.yaml:{line}: topic 'harbour': the term 'harbour' matches" in done.stderr


def test_a_file_in_force_is_compared_with_the_version_before_it(read: Read, tmp_path: Path) -> None:
    old = read.nw.catalogue.topics_version
    newer = read.with_topics(read.nw.catalogue.topics_text + HARBOUR, tmp_path / "newer")
    newer.close()
    listed = run(read, "versions").stdout.splitlines()
    assert [line.split()[0] for line in listed[:2]] == [newer.catalogue.topics_version, old]

    done = run(read, "diff", SPAN, "--file", str(tmp_path / "newer" / "topics.yaml"))
    assert f"beside version {old}" in done.stdout
    assert "Harbour (new)" in done.stdout
    assert "no version" not in run(read, "diff", SPAN, "--against", old).stdout.lower()
    unknown = run(read, "diff", SPAN, "--against", "0123456789ab")
    assert unknown.exit_code == 1
    assert "No topics version '0123456789ab' was ever in force" in unknown.stderr


def test_without_days_the_last_week_is_compared(read: Read, edited: Path) -> None:
    with edited.open("a", encoding="utf-8") as file:
        file.write(HARBOUR)
    assert ", 7 days, " in run(read, "diff", "--file", str(edited)).stdout


def test_every_spelling_of_a_topic_can_be_seen(read: Read) -> None:
    shown = run(read, "forms", "donetsk").stdout
    assert "Донецкая область: Донецкая область, " in shown
    assert "Донецкой областью" in shown
    unknown = run(read, "forms", "doneck")
    assert unknown.exit_code == 1
    assert "no topic 'doneck'. It has new-start, donetsk" in unknown.stderr


def test_tables_tagged_again_are_those_that_were_tagged_on_arrival(read: Read, tmp_path: Path) -> None:
    """Built with the topics of the arrival, with others, and with those of the arrival again."""
    at_arrival = {(t.name, day): b"" for t in day_tables.DAY_TABLES for day in DAYS}
    for day in DAYS:
        build_day(read.nw, day)
        at_arrival |= {
            (t.name, day): read.nw.store.read(f"tables/{t.name}/{day}.parquet") for t in day_tables.DAY_TABLES
        }

    text = read.nw.catalogue.topics_text
    others = text[: text.index("  - id: donetsk")] + text[text.index("  - id: luhansk") :] + HARBOUR
    other = read.with_topics(others, tmp_path / "other")
    reports = [build_day(other, day) for day in DAYS]
    assert all(report.is_changed for report in reports)
    assert all("donetsk" in (report.topic_story_counts_before or ()) for report in reports)
    assert not any("donetsk" in report.topic_story_counts for report in reports)
    other.close()

    again = read.with_topics(text, tmp_path / "again")
    assert again.catalogue.topics_version == read.nw.catalogue.topics_version
    for day in DAYS:
        build_day(again, day)
        for table in day_tables.DAY_TABLES:
            assert again.store.read(f"tables/{table.name}/{day}.parquet") == at_arrival[table.name, day]
    again.close()

    files = sorted(Path(read.nw.store.locate("batches/mentions")).rglob("*.parquet"))
    arrived = [row for file in files for row in day_tables.MENTIONS.from_bytes(file.read_bytes()) if row["day"] in DAYS]
    tagged = [row for day in DAYS for row in day_tables.MENTIONS.from_bytes(at_arrival["mentions", day])]
    key = [*day_tables.MENTIONS.key]
    assert sorted(arrived, key=lambda r: [r[k] for k in key]) == sorted(tagged, key=lambda r: [r[k] for k in key])


def test_word_forms_are_made_once_and_kept(read: Read) -> None:
    """What one task made the next one takes from the ledger, and finds the same."""
    assert [m.surface for m in read.nw.matcher.find("", "В Донецкой области", "ru")] == ["Донецкой области"]
    code = (
        "import sys\n"
        "from newswatch.pipeline import open_newswatch\n"
        "from newswatch.settings import load_settings\n"
        "nw = open_newswatch(load_settings())\n"
        "found = [m.surface for m in nw.matcher.find('', 'В Донецкой области', 'ru')]\n"
        "sys.exit(found != ['Донецкой области'] or 'pymorphy3' in sys.modules)\n"
    )
    first, second = (in_a_process(read, code) for _ in range(2))
    assert second == 0
    assert first in (0, 1)  # it may have been the one to make them


def in_a_process(read: Read, code: str) -> int:
    settings = read.nw.settings
    environment = {
        "NEWSWATCH_CONFIG_DIR": str(settings.config_dir),
        "NEWSWATCH_HOME": str(settings.home),
        "NEWSWATCH_DATABASE_URL": settings.database_url,
        "PATH": "/usr/bin:/bin",
        "PYTHONUTF8": "1",
    }
    return subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode


def test_a_process_that_only_plans_loads_no_word_forms(read: Read) -> None:
    """Topics that were accepted are not tried out again: every task reads the configuration."""
    code = (
        "import sys\n"
        "from newswatch.pipeline import open_newswatch, plan_poll\n"
        "from newswatch.settings import load_settings\n"
        "nw = open_newswatch(load_settings())\n"
        "plan_poll(nw, 1)\n"
        "sys.exit('pymorphy3' in sys.modules or 'Stemmer' in sys.modules)\n"
    )
    assert in_a_process(read, code) == 0
