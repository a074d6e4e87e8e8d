"""Which installation a command means: named where another one runs, chosen by --home, silent otherwise."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from newswatch.cli.installation import tell_which
from newswatch.cli.main import main
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch_airflow.local import make_run


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environ)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The home of an installation that runs, as `make run` leaves and locks it."""
    home = tmp_path / "var" / "running one"
    home.mkdir(parents=True)
    values = {"NEWSWATCH_HOME": home, "NEWSWATCH_CONFIG_DIR": tmp_path / "its-config", "AIRFLOW_HOME": home}
    (home / "env").write_text("".join(f"export {k}={shlex.quote(str(v))}\n" for k, v in values.items()))
    with make_run._only_one(home):
        yield home


@pytest.fixture
def environ(tmp_path: Path, database_url: str) -> dict[str, str]:
    home = tmp_path / "var" / "mine"
    return {"NEWSWATCH_HOME": str(home), "NEWSWATCH_DATABASE_URL": database_url}


def test_beside_one_that_runs_a_command_names_its_own_and_how_to_mean_the_other(
    running: Path, environ: dict[str, str]
) -> None:
    done = run("build", "2026-11-20", "--empty", **environ)
    assert done.exit_code == 0, done.output
    said = done.stderr.splitlines()
    assert f"config {SHIPPED_CONFIG_DIR}, ledger postgresql" in said[0]
    assert said[0].endswith(f"data {environ['NEWSWATCH_HOME']}/data.")
    assert said[1].endswith(f". '{running}/env'")
    assert "the ledger is empty, nothing was ever polled" in said[2]


def test_nothing_is_named_where_none_runs(running: Path, environ: dict[str, str]) -> None:
    (running / "run.lock").unlink()
    (running / "run.lock").touch()  # of one that has ended
    done = run("build", "2026-11-20", "--empty", **environ)
    assert [line.partition(",")[0] for line in done.stderr.splitlines()] == ["newswatch: the ledger is empty"]


def test_the_running_one_itself_is_not_named(running: Path, environ: dict[str, str], tmp_path: Path) -> None:
    (running / "env").write_text(
        f"export NEWSWATCH_HOME={environ['NEWSWATCH_HOME']}\n"
        f"export NEWSWATCH_DATABASE_URL={shlex.quote(environ['NEWSWATCH_DATABASE_URL'])}\n"
    )
    done = run("build", "2026-11-20", "--empty", **environ)
    assert done.exit_code == 0, done.output
    assert "Another installation runs" not in done.stderr


def test_home_goes_before_the_environment_and_takes_what_its_own_file_says(running: Path, tmp_path: Path) -> None:
    inside = f"postgresql://a@/ledger?host={str(running.resolve()).replace('/', '%2F')}%2Fpostgres.run"
    with (running / "env").open("a") as file:
        file.write(f"export NEWSWATCH_DATABASE_URL={shlex.quote(inside)}\n")
    others = {f"NEWSWATCH_{name}": "postgresql://elsewhere/x" for name in ("DATA_URL", "DATABASE_URL")}
    done = run("--home", str(running), "settings", NEWSWATCH_HOME=str(tmp_path), **others)
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("NEWSWATCH_"))
    assert shown["NEWSWATCH_HOME"] == str(running)
    assert shown["NEWSWATCH_CONFIG_DIR"] == str(tmp_path / "its-config")
    assert shown["NEWSWATCH_DATA_URL"] == f"{running}/data"
    assert shown["NEWSWATCH_DATABASE_URL"] == ""  # its own server, which may have to be started


def test_home_takes_nothing_from_another_ones_file_that_was_sourced(running: Path, tmp_path: Path) -> None:
    other = tmp_path / "env"
    other.write_text("export NEWSWATCH_TIMEZONE=Europe/Kyiv\nexport NEWSWATCH_DIGEST_HOUR=4\n")
    sourced = {"NEWSWATCH_TIMEZONE": "Europe/Kyiv", "NEWSWATCH_DIGEST_HOUR": "7", "NEWSWATCH_SOURCED_FROM": str(other)}
    shown = run("--home", str(running), "settings", **sourced).stdout
    assert "NEWSWATCH_TIMEZONE=UTC" in shown
    assert "NEWSWATCH_DIGEST_HOUR=7" in shown  # set by hand since


def test_home_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    done = run("--home", str(tmp_path / "none"), "settings")
    assert done.exit_code == 2
    assert "--home" in done.stderr


def test_the_running_one_is_itself_too_where_its_embedded_servers_url_is_set(
    running: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As for the commands that `make run` calls: its env file names no server. The home has a blank in it."""
    url = sa.URL.create("postgresql+psycopg2", "postgres", database="newswatch", query={"host": f"{running}/postgres"})
    places = {"home": running, "config_dir": running.parents[1] / "its-config"}
    own = Settings.model_validate(places | {"database_url": url.render_as_string(), "data_url": f"{running}/data"})
    assert "+" in own.database_url.partition("?")[2]
    tell_which(own)
    assert capsys.readouterr().err == ""
    tell_which(own.model_copy(update={"data_url": "/elsewhere"}))
    assert "Another installation runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["topics", "versions"],
        ["topics", "diff"],
        ["build", "2026-11-20"],
        ["explain", "https://example.com/a"],
        ["verify"],
        ["maintain", "--dry-run"],
        ["days", "forget", "2026-11-20"],
        ["days", "rezone"],
        ["backup", "copies"],
        ["export", "copies", "2026-11-20"],
        ["recover", "a-feed", "--from", "2026-11-20", "--to", "2026-11-21", "--dry-run"],
    ],
)
def test_where_there_is_no_installation_a_verb_that_fills_none_says_so_and_makes_nothing(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    for home in ("none", "home"):  # one that is not there, one that is empty
        done = run(*words, NEWSWATCH_HOME=str(tmp_path / home), NEWSWATCH_DATABASE_URL="")
        assert done.exit_code == 1, done.output
        assert f"There is no installation in {tmp_path / home}: nothing was ever polled there" in done.stderr
        assert "`newswatch poll` makes one" in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["home"]


def test_a_log_is_an_object_a_line_where_that_is_set(environ: dict[str, str]) -> None:
    environ |= {"NEWSWATCH_CONFIG_DIR": str(SHIPPED_CONFIG_DIR), "NEWSWATCH_JSON_LOGS": "1"}
    program = Path(sys.executable).parent / "newswatch"
    for command in (["migrate"], ["--verbose", "maintain"]):
        done = subprocess.run([program, *command], env=os.environ | environ, capture_output=True, text=True, check=True)
    logged = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [(line["event"], line["level"]) for line in logged] == [("store maintained", "info")]
    assert datetime.fromisoformat(logged[0]["timestamp"]).tzinfo
