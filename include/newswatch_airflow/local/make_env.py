"""`make env`: write what docker compose reads: settings to `.env`, secrets made here to a file each below `secrets/`.

Standard library only, for it runs before anything is installed. A file that is there stays as it is.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
# Containers read a secret's file under users of their own; nobody else on this machine gets through the folder.
PRIVATE_FOLDER, PRIVATE, IN_PRIVATE_FOLDER = 0o700, 0o600, 0o644

Kept = Mapping[str, str]
# Only letters, digits, - and _ (and the = that ends a Fernet key): nothing that a URL would read as something else.
MAKERS: dict[str, Callable[[Kept], str]] = {
    "postgres_password": lambda _: secrets.token_hex(24),
    "airflow_database_url": lambda kept: _postgres_url("postgresql+psycopg2", kept, "airflow"),
    "ledger_database_url": lambda kept: _postgres_url("postgresql+psycopg2", kept, "newswatch"),
    "jwt_secret": lambda _: secrets.token_urlsafe(64),
    "api_secret": lambda _: secrets.token_urlsafe(64),
    "fernet_key": lambda _: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "admin_password": lambda _: secrets.token_urlsafe(12),
    "redis_password": lambda _: secrets.token_hex(24),
    "celery_broker_url": lambda kept: f"redis://:{kept['redis_password']}@redis:6379/0",
    "celery_result_url": lambda kept: _postgres_url("db+postgresql", kept, "airflow"),
    "flower_login": lambda _: f"admin:{secrets.token_urlsafe(12)}",
}
# What an earlier version wrote into .env, and the database may know already.
FORMER_NAMES = {
    "postgres_password": "POSTGRES_PASSWORD",
    "jwt_secret": "AIRFLOW_JWT_SECRET",
    "api_secret": "AIRFLOW_API_SECRET",
    "fernet_key": "AIRFLOW_FERNET_KEY",
    "admin_password": "ADMIN_PASSWORD",
}
SECRETS_DIR = "SECRETS_DIR"
ENV = f"""\
# Settings of this installation, for docker compose. Its secrets are files: keep them too, for the database knows
# postgres_password from its first start, and connections saved in Airflow need fernet_key.
{SECRETS_DIR}=./secrets

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


def _postgres_url(scheme: str, kept: Kept, database: str) -> str:
    return f"{scheme}://newswatch:{kept['postgres_password']}@postgres/{database}"


def write(env: Path) -> str:
    """Write `.env` and the secrets beside it that are missing, and return what to tell the user: no secret is in that.

    What an earlier version has written into `.env` as a secret becomes that secret's file.
    """
    text = env.read_text(encoding="utf-8") if env.exists() else ""
    given = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in text.splitlines())}
    folder = env.parent / (given.get(SECRETS_DIR) or "secrets")
    lines = [*_write_env(env, given), *_write_secrets(folder, given)]
    former = [name for name in FORMER_NAMES.values() if name in given]
    if former:
        lines.append(f"{env} still has {', '.join(former)}: take these lines out, their values are in {folder} now.")
    if (mode := env.stat().st_mode) & 0o077 and former:
        lines.append(f"Others on this machine can read {env} ({mode & 0o777:o}): chmod 600 {env}")
    return "\n".join([*lines, f"Login: admin, with the password in {folder / 'admin_password'}.", NEXT])


NEXT = "Next: docker compose up --detach --wait\n"


def _write_env(env: Path, given: Mapping[str, str]) -> list[str]:
    if not env.exists():
        _create(env, ENV, PRIVATE)
        return [f"Wrote {env}."]
    if SECRETS_DIR in given:
        return [f"{env} is there already and stays as it is."]
    with open(env, "a", encoding="utf-8") as file:
        file.write(f"\n{SECRETS_DIR}=./secrets\n")
    return [f"Added {SECRETS_DIR} to {env}."]


def _write_secrets(folder: Path, given: Mapping[str, str]) -> list[str]:
    """Make what is missing; a secret that is made of others, of those that are there."""
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    lines, kept, made = [], dict[str, str](), []
    for name, make in MAKERS.items():
        path = folder / name
        if path.exists():
            kept[name] = path.read_text(encoding="utf-8").strip()
            continue
        kept[name] = given.get(FORMER_NAMES.get(name, "")) or make(kept)
        _create(path, kept[name], IN_PRIVATE_FOLDER)
        made.append(name)
    lines.append(f"Wrote into {folder}: {', '.join(made)}." if made else f"The secrets in {folder} stay as they are.")
    if folder.stat().st_mode & 0o077:
        lines.append(f"Others on this machine can look into {folder}: chmod 700 {folder}")
    return lines


def _create(path: Path, text: str, mode: int) -> None:
    """Write a file that is not there yet, whole or not at all."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with ExitStack() as unless_whole:
        unless_whole.callback(path.unlink)
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)  # whatever the shell's umask leaves of it
            file.write(text)
        unless_whole.pop_all()


if __name__ == "__main__":
    sys.stdout.write(write(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / ".env"))
