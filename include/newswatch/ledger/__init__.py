"""The ledger: what is known, kept in PostgreSQL. The only package that talks to a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from newswatch.errors import RefusedByLedger, TransientError

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
        """Bring the schema to this code's version; several processes may call it at once."""
        if self._is_current():  # as nearly always: Alembic alone costs a third of a second
            return
        with self.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            upgrade(connection)

    def _is_current(self) -> bool:
        head = max(known_revisions())
        with self.begin() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return False
            return bool(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == head)

    def close(self) -> None:
        self._engine.dispose()


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema to a revision, in the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def known_revisions() -> frozenset[str]:
    """Every revision of the schema that this code knows."""
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))


MIGRATION_LOCK = 0x6E657773  # any number that nobody else locks in this database
