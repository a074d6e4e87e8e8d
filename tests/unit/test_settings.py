"""What of the environment counts."""

from __future__ import annotations

from pathlib import Path

from newswatch.settings import SOURCED, forget_sourced


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
