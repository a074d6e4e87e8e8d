"""`make env`: write the `.env` that docker compose reads, with secrets made here, readable by its owner alone.

Standard library only, for it runs before anything is installed. A file that is there stays as it is.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
PRIVATE = 0o600

# Only letters, digits, - and _ (and the = that ends a Fernet key): nothing that a URL or docker compose would read
# as something else.
MAKERS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "AIRFLOW_JWT_SECRET": lambda: secrets.token_urlsafe(64),
    "AIRFLOW_API_SECRET": lambda: secrets.token_urlsafe(64),
    "AIRFLOW_FERNET_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
}
HEAD = """\
# Secrets of this installation, for docker compose. Keep them: the database knows POSTGRES_PASSWORD from its first
# start, and connections saved in Airflow need AIRFLOW_FERNET_KEY.
"""
REST = """
# Settings, with their defaults.
# NEWSWATCH_PORT=8080
# NEWSWATCH_TIMEZONE=UTC
# NEWSWATCH_DIGEST_HOUR=6
# NEWSWATCH_DIGEST_DEADLINE_MINUTES=60
# NEWSWATCH_JSON_LOGS=1
# NEWSWATCH_CONTACT=
# NEWSWATCH_CHANNELS=
# NEWSWATCH_NOTIFY_URLS=
# NEWSWATCH_PAGES_URL=http://localhost:8080/newswatch
# All others that `newswatch settings` shows may stand here too: every service gets them.

# Invented stories instead of your feeds, with databases and data of their own: take the # from these lines.
# COMPOSE_PROJECT_NAME=newswatch-demo
# COMPOSE_PROFILES=demo
# NEWSWATCH_CONFIG_DIR=/opt/newswatch/demo-config
# NEWSWATCH_HOST_DELAY_SECONDS=0
"""


def env_text() -> str:
    """The file's text, with new secrets."""
    return HEAD + "".join(f"{name}={make()}\n" for name, make in MAKERS.items()) + REST


def write(path: Path) -> str:
    """Write the file unless there is one, and return what to tell the user; no secret is in that."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        return _about_existing(path)
    with ExitStack() as unless_whole:
        unless_whole.callback(path.unlink)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(env_text())
        unless_whole.pop_all()
    return (
        f"Wrote {path} (mode 0600): {', '.join(MAKERS)}.\n"
        "Login: admin, with the ADMIN_PASSWORD in it. Next: docker compose up --detach --wait\n"
    )


def _about_existing(path: Path) -> str:
    """A file is there: say so, and what is wrong with it."""
    lines = [f"{path} is there already and stays as it is."]
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return f"{lines[0]}\nIt cannot be read: {error.strerror}.\n"
    given = {name.strip() for name, _, value in (line.partition("=") for line in text.splitlines()) if value.strip()}
    missing = [name for name in MAKERS if name not in given]
    if missing:
        lines.append(f"It lacks {', '.join(missing)}: add what is missing by hand, or move it away and run this again.")
    if path.stat().st_mode & 0o077:
        lines.append(f"Others on this machine can read it: chmod 600 {path}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(write(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / ".env"))
