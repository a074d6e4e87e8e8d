"""Which data a `make run` may touch: invented stories and real ones never meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from newswatch_airflow.local.make_run import SOURCED, Failed, _forget_sourced, _Run


def test_variables_of_a_sourced_env_file_do_not_choose_the_next_runs_home(tmp_path: Path) -> None:
    sourced = tmp_path / "env"
    sourced.write_text(
        f"export NEWSWATCH_HOME='{tmp_path}'\nexport NEWSWATCH_CONFIG_DIR=/a\nexport PATH=/x:\"$PATH\"\n"
    )
    environ = {
        SOURCED: str(sourced),
        "NEWSWATCH_HOME": str(tmp_path),
        "NEWSWATCH_CONFIG_DIR": "include",
        "PATH": "/bin",
    }
    _forget_sourced(environ)
    assert environ == {"NEWSWATCH_CONFIG_DIR": "include", "PATH": "/bin"}  # what the user set since then stays


@pytest.mark.parametrize("name", ["NEWSWATCH_DATA_URL", "NEWSWATCH_DATABASE_URL"])
def test_the_newsroom_refuses_a_place_that_may_hold_real_stories(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWSWATCH_CONFIG_DIR", raising=False)
    monkeypatch.setenv(name, "/somewhere")
    with pytest.raises(Failed, match=f"{name} is set.*NEWSWATCH_CONFIG_DIR=include make run"):
        _Run()
