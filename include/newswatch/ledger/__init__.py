"""The ledger: what is known, kept in PostgreSQL. The only package that talks to a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from newswatch.errors import ConfigError, RefusedByLedger, TransientError

if TYPE_CHECKING:
    from alembic.config import Config

_REFUSALS = ("22", "23", "54")  # PostgreSQL, appendix A: data exception, constraint violation, limit exceeded
MIGRATIONS = Path(__file__).parent / "migrations"


class Ledger:
    """One database. Each `begin` is one transaction: it commits whole or not at all."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=2,
            executemany_mode="values_plus_batch",
            connect_args={"options": "-c timezone=UTC"},  # times come back as they are shown: in UTC
        )

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A connection in a transaction.

        Raises TransientError where the database cannot be reached or go on, RefusedByLedger where it does not take a
        row.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            code = getattr(error.orig, "pgcode", None) or ""
            if code.startswith(_REFUSALS):
                raise RefusedByLedger(f"the ledger does not take it: {error.orig}") from error
            is_gone = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or error.connection_invalidated
            if is_gone:
                raise TransientError(f"the ledger does not answer: {error.orig}") from error
            raise

    def migrate(self) -> None:
        """Bring the schema to this code's version; several processes may call it at once.

        Raises ConfigError where the schema is of a later version, which this code does not know.
        """
        known, found = known_revisions(), self._revision()
        newest = max(known)
        if found == newest:  # as nearly always: Alembic alone costs a third of a second
            return
        if found and found not in known:
            way_out = f"Run the version that made it, or let that one go back: newswatch migrate --to {newest}"
            raise ConfigError([f"The ledger is of schema {found}, this version knows none after {newest}. {way_out}"])
        with self.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            upgrade(connection)

    def go_back(self, revision: str) -> None:
        """Bring the schema back to an earlier revision; what only later ones can hold is dropped.

        Raises ConfigError where there is no such revision before the ledger's own.
        """
        found = self._revision() or ""
        earlier = sorted(r for r in known_revisions() if r < found)
        if revision not in earlier:
            raise ConfigError([f"The ledger is of schema {found}; back it goes to {', '.join(earlier)}."])
        with self.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            downgrade(connection, revision)

    def _revision(self) -> str | None:
        """That of the schema; None: there is none yet."""
        with self.begin() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            return found

    def close(self) -> None:
        self._engine.dispose()


def downgrade(connection: sa.Connection, revision: str) -> None:
    """Bring the schema back to a revision, in the caller's transaction."""
    from alembic import command

    command.downgrade(_alembic(connection), revision)


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema to a revision, in the caller's transaction."""
    from alembic import command

    command.upgrade(_alembic(connection), revision)


def _alembic(connection: sa.Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def known_revisions() -> frozenset[str]:
    """Every revision of the schema that this code knows."""
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))


MIGRATION_LOCK = 0x6E657773  # any number that nobody else locks in this database
