"""What of the environment counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from newswatch.errors import ConfigError
from newswatch.settings import SOURCED, forget_sourced, load_settings


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
    forget_sourced(environ)
    assert environ == {"NEWSWATCH_CONFIG_DIR": "include", "PATH": "/bin"}  # what the user set since then stays


def test_a_setting_may_stand_in_a_file_so_that_no_environment_has_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger_database_url"
    path.write_text("postgresql+psycopg2://me:geheim@db/x\n")
    settings = load_settings({"NEWSWATCH_DATABASE_URL_FILE": str(path)})
    assert settings.database_url == "postgresql+psycopg2://me:geheim@db/x"


def test_a_setting_s_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"NEWSWATCH_DATABASE_URL_FILE: .*/none cannot be read: .*No such file"):
        load_settings({"NEWSWATCH_DATABASE_URL_FILE": str(tmp_path / "none")})


def test_a_setting_is_given_once(tmp_path: Path) -> None:
    path = tmp_path / "contact"
    path.write_text("desk@example.org")
    with pytest.raises(ConfigError, match="NEWSWATCH_CONTACT_FILE and NEWSWATCH_CONTACT are both set"):
        load_settings({"NEWSWATCH_CONTACT_FILE": str(path), "NEWSWATCH_CONTACT": "x"})
