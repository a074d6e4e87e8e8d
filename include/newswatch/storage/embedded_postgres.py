"""The embedded PostgreSQL: a server that comes with the installation and lives in one folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from newswatch.errors import DatabaseFailed, TransientError
from newswatch.storage.postgres_cluster import PORT, SUPERUSER, VERSION_FILE, Cluster
from newswatch.storage.postgres_server import Server, Tell

LEDGER_DATABASE = "newswatch"
# PostgreSQL, appendix A: duplicate_database, or unique_violation where both make it in the same instant.
_MADE_MEANWHILE = ("42P04", "23505")


def _to_standard_error(text: str) -> None:
    sys.stderr.write(f"newswatch: {text}\n")
    sys.stderr.flush()


def start(folder: Path, tell: Tell = _to_standard_error) -> str:
    """Start the server in `folder`, or join the one that runs there, and return the URL of its `postgres` database.

    It ends soon after the last process that started or joined it. `tell` gets a line now and then while a recovery is
    waited for. Raises DatabaseFailed.
    """
    with _clearly(folder):
        socket_folder = _server(folder, tell).start()
    query = {"host": str(socket_folder), "port": str(PORT)}
    return sa.URL.create("postgresql+psycopg2", SUPERUSER, database="postgres", query=query).render_as_string()


def is_made(folder: Path) -> bool:
    """Whether a cluster lies in `folder`. None is made by asking."""
    return (folder / VERSION_FILE).exists()


def is_running(folder: Path) -> bool:
    """Whether the server in `folder` lives. Raises DatabaseFailed where that cannot be looked at."""
    with _clearly(folder):
        return _server(folder, _to_standard_error).is_running()


def stop(folder: Path, tell: Tell = _to_standard_error) -> None:
    """Stop the server in `folder`, whoever else has joined it. Raises DatabaseFailed where it goes on."""
    with _clearly(folder):
        _server(folder, tell).stop()


def database(server_url: str, name: str) -> str:
    """Create the database, in UTF-8, if the server at `server_url` has none of that name; returns its URL.

    Raises TransientError where the server does not answer, SQLAlchemy's errors where it refuses.
    """
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            exists = connection.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = :n"), {"n": name}).scalar()
            if not exists:
                connection.execute(sa.text(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"))
    except sa.exc.OperationalError as error:
        raise TransientError(f"the database server does not answer, or cannot go on: {error.orig}") from error
    except (sa.exc.ProgrammingError, sa.exc.IntegrityError) as error:
        if getattr(error.orig, "pgcode", "") not in _MADE_MEANWHILE:
            raise
    finally:
        engine.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _server(folder: Path, tell: Tell) -> Server:
    return Server(Cluster(folder.absolute()), tell)


@contextmanager
def _clearly(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseFailed(f"The database in {folder} cannot be used: {error}") from error
