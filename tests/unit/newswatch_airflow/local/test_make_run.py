"""Which data a `make run` may touch: invented stories and real ones never meet."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest

from newswatch.errors import TransientError
from newswatch.settings import Settings, load_settings
from newswatch.storage import embedded_postgres
from newswatch_airflow.local.attendant import MENDS, CommandFailed, Failed
from newswatch_airflow.local.make_run import (
    COMPONENTS,
    _last_due,
    _Run,
)


@pytest.mark.parametrize("name", ["NEWSWATCH_DATA_URL", "NEWSWATCH_DATABASE_URL"])
def test_the_newsroom_refuses_a_place_that_may_hold_real_stories(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWSWATCH_CONFIG_DIR", raising=False)
    monkeypatch.setenv(name, "/somewhere")
    with pytest.raises(Failed, match=f"{name} is set.*NEWSWATCH_CONFIG_DIR=include make run"):
        _Run()


@pytest.fixture
def a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Run:
    """One that has not begun, with a database that is said to run."""
    monkeypatch.delenv("NEWSWATCH_CONFIG_DIR", raising=False)
    monkeypatch.setenv("NEWSWATCH_HOME", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(embedded_postgres, "is_running", lambda folder: True)
    return _Run()


def test_a_database_that_has_ended_is_started_again(
    a_run: _Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(embedded_postgres, "is_running", lambda folder: bool(started))
    monkeypatch.setattr(embedded_postgres, "start", lambda folder, tell: started.append(folder))
    a_run._attendant.look_after()
    a_run._attendant.look_after()
    assert started == [tmp_path / "postgres"]
    assert "PostgreSQL has ended by itself" in capsys.readouterr().out


def test_what_ends_again_and_again_is_given_up(a_run: _Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(a_run._attendant.processes, "ended", lambda: "scheduler")
    monkeypatch.setattr(a_run._attendant.processes, "start_again", started.append)
    for _ in range(MENDS):
        a_run._attendant.look_after()
    with pytest.raises(Failed, match=r"scheduler has ended by itself, one time too often; see .*scheduler\.log"):
        a_run._attendant.look_after()
    assert started == ["scheduler"] * MENDS


def refusal(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://127.0.0.1/")
    return httpx.HTTPStatusError(f"GET /: {status}", request=request, response=httpx.Response(status, request=request))


@pytest.mark.parametrize(
    "error",
    [
        TransientError("the ledger does not answer"),
        httpx.ReadTimeout("timed out"),
        httpx.ConnectError("refused"),
        refusal(503),
        refusal(409),
    ],
)
def test_what_a_busy_machine_answers_late_does_not_end_the_run(
    a_run: _Run, error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    clock = count(0.0, 10.0)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))

    def action() -> str:
        tries.append(1)
        if len(tries) < 100:
            raise error
        return "done"

    assert a_run._attendant.insist(action) == "done"
    assert str(error) in capsys.readouterr().out


def test_what_airflow_refuses_is_not_asked_again(a_run: _Run) -> None:
    def action() -> None:
        raise refusal(403)

    with pytest.raises(httpx.HTTPStatusError):
        a_run._attendant.insist(action)


def test_what_is_late_is_said_and_never_ends_the_run(
    a_run: _Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(0.0, 10.0)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    answers = iter([False] * 500)
    a_run._attendant.until(lambda: next(answers, True), "Airflow")
    told = capsys.readouterr().out
    assert "still waiting for Airflow, since" in told
    assert "logs are in" in told
    a_run._attendant.until(lambda: False, "the digests", seconds=300)  # goes on without them


def test_what_a_command_says_of_its_progress_is_said_as_it_comes(
    a_run: _Run, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run._attendant.env = {"PATH": "/bin:/usr/bin"}
    script = "import sys; print('7 of 9', file=sys.stderr); print('x' * 300_000); print('end', file=sys.stderr)"
    printed = a_run._attendant.command("python", "-c", script, is_told=True)
    assert printed == "x" * 300_000 + "\n"
    told = capsys.readouterr().out
    assert "7 of 9" in told
    assert "end" in told


@pytest.mark.parametrize("is_told", [True, False])
def test_a_command_that_says_nothing_for_long_is_said_to_go_on(
    a_run: _Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, is_told: bool
) -> None:
    a_run._attendant.env = {"PATH": "/bin:/usr/bin"}
    wait, clock = time.sleep, count(0.0, 3.0)
    monkeypatch.setattr("time.sleep", lambda seconds: wait(0.01))
    monkeypatch.setattr("newswatch_airflow.local.attendant.time.monotonic", lambda: next(clock))
    a_run._attendant.command("python", "-c", "import time; time.sleep(0.3)", is_told=is_told)
    told = [line for line in capsys.readouterr().out.splitlines() if "still at `python -c import time" in line]
    assert len(told) > 1
    assert ", since " in told[0]


def test_a_command_under_which_the_database_died_is_run_again(
    a_run: _Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False])
    monkeypatch.setattr(embedded_postgres, "is_running", lambda folder: next(answers, True))
    monkeypatch.setattr(embedded_postgres, "start", lambda folder, tell: "")
    a_run._attendant.env = {"PATH": "/bin:/usr/bin"}
    script = f"from pathlib import Path; Path({str(tmp_path)!r}, 'tried').rmdir(); exit('it died')"
    (tmp_path / "tried").mkdir()
    with pytest.raises(
        Failed, match=r"No such file or directory: .*tried"
    ):  # the second time, after which none follows
        a_run._attendant.command("python", "-c", script)
    with pytest.raises(Failed, match="failed:\nno such luck"):
        a_run._attendant.command("python", "-c", "exit('no such luck')")


def test_no_part_of_airflow_serves_logs_to_other_machines() -> None:
    for component in ("scheduler", "triggerer"):  # the two that would: airflow.utils.serve_logs knows no host
        assert "--skip-serve-logs" in COMPONENTS[component]


@pytest.mark.parametrize(("stored", "goes_on"), [({}, False), ({"2026-11-20": None}, True)])
def test_a_start_without_a_network_builds_no_days_of_nothing(
    a_run: _Run,
    stored: dict[str, None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    goes_on: bool,
) -> None:
    commands: list[str] = []

    def command(*words: str, is_told: bool = False) -> str:
        commands.append(words[1])
        if words[1] == "poll":
            raise CommandFailed("newswatch poll", "No feed could be read. Is there a network?\n  a: name_unknown")
        return "70" if words[0] == "python" else ""

    monkeypatch.setattr(a_run._attendant, "command", command)
    monkeypatch.setattr(a_run, "_has_tables", lambda: bool(stored))
    assert a_run._first_poll(Settings()) == goes_on
    assert ("build" in commands) == goes_on
    assert goes_on or "Airflow polls again" in capsys.readouterr().out


def test_another_failure_of_the_poll_ends_the_start(a_run: _Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(*words: str, is_told: bool = False) -> str:
        raise CommandFailed("newswatch poll", "topics.yaml:3: no such thing")

    monkeypatch.setattr(a_run._attendant, "command", command)
    with pytest.raises(CommandFailed, match=r"topics\.yaml:3"):
        a_run._first_poll(Settings())


class ScriptedAirflow:
    """Airflow as `_digests` meets it: its scheduler makes the run of the due day at the third look."""

    def __init__(self, due: date) -> None:
        self.due = due
        self.looks = 0
        self.backfilled_after: int | None = None

    def has_run(self, dag_id: str, day: date) -> bool:
        assert day == self.due
        self.looks += 1
        return self.looks >= 3

    def close_backfill(self, dag_id: str) -> bool:
        return True

    def backfill(self, dag_id: str, first: date, last: date, *, reprocess: str) -> int:
        assert reprocess == "failed"  # a day that has a run under way is left to it
        self.backfilled_after = self.looks
        return 1


def test_the_first_backfill_waits_for_the_schedules_own_run_so_that_no_day_is_issued_twice(
    a_run: _Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    airflow = ScriptedAirflow(_last_due(settings, datetime.now(settings.tz)))
    days = {datetime.now(settings.tz).date() - timedelta(days=n) for n in range(1, 8)}
    monkeypatch.setattr(a_run, "_issued", lambda: days if airflow.backfilled_after else set())
    assert a_run._digests(airflow, settings) == set()  # type: ignore[arg-type]
    assert airflow.backfilled_after == 3


@pytest.mark.parametrize(("hour", "day"), [(5, 18), (6, 19), (23, 19)])
def test_the_last_day_that_is_due_changes_at_the_digests_hour(hour: int, day: int) -> None:
    now = datetime(2026, 11, 20, hour, tzinfo=UTC)
    assert _last_due(Settings(digest_hour=6), now) == date(2026, 11, day)


def saved_env(run: _Run, **more: str) -> dict[str, str]:
    run._attendant.env = {
        "NEWSWATCH_HOME": str(run._home),
        "NEWSWATCH_DATABASE_URL": "postgresql:///x?host=/tmp/s",
        **more,
    }
    run._save_env(load_settings(run._attendant.env))
    command = ["sh", "-c", f". {run._home}/env; env -0"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout
    return dict(line.split("=", 1) for line in listed.split("\0") if "=" in line)


def test_the_env_file_names_no_embedded_server_which_may_have_ended_when_it_is_sourced(
    a_run: _Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEWSWATCH_DATABASE_URL", raising=False)
    assert "NEWSWATCH_DATABASE_URL" not in saved_env(a_run)
    monkeypatch.setenv("NEWSWATCH_DATABASE_URL", "postgresql:///x?host=/tmp/s")  # the user's own
    assert saved_env(a_run)["NEWSWATCH_DATABASE_URL"] == "postgresql:///x?host=/tmp/s"


def test_the_env_file_means_the_same_folders_from_every_folder(
    a_run: _Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = saved_env(a_run, NEWSWATCH_CONFIG_DIR="lists", NEWSWATCH_DATA_URL="data here")
    assert env["NEWSWATCH_CONFIG_DIR"] == str(tmp_path / "lists")
    assert env["NEWSWATCH_DATA_URL"] == str(tmp_path / "data here")
    assert saved_env(a_run, NEWSWATCH_DATA_URL="s3://bucket/x")["NEWSWATCH_DATA_URL"] == "s3://bucket/x"
