"""Rules of the repository that no single module can hold: who imports whom, docs that are generated, no hosts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from newswatch.days.dictionary import dictionary
from newswatch.ledger.schema import metadata

PROJECT = Path(__file__).parents[2]


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_data_dictionary_says_what_the_code_declares() -> None:
    assert (PROJECT / "docs" / "tables.md").read_text() == dictionary(), "run `make docs`"


def test_the_migrations_lead_to_the_schema_that_the_code_declares(new_database: Callable[[], str]) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sa.create_engine(new_database())
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, *_: name != "alembic_version"}
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_no_lock_names_a_registry() -> None:
    for lock in PROJECT.glob("requirements*.txt"):
        text = lock.read_text()
        assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", text) == [], lock.name
        pins = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", text, re.M)
        assert len(pins) > 150
        assert text.count("--hash=sha256:") >= len(pins)
