"""A small newsroom that was read, built and issued once, and copies of it for tests that damage one."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from clocks import Clock
from installations import read_newsroom
from kept_newsroom import ISSUED
from shared_parsers import SharedParsers

from newswatch.pipeline import (
    Newswatch,
    build_day,
    deliver,
    issue_digest,
    never_built,
    open_newswatch,
)  # fmt: skip
from newswatch.settings import Settings

_numbers = itertools.count()


@pytest.fixture(scope="session")
def undisturbed(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, parsers: SharedParsers
) -> Settings:
    """Two days of the newsroom, each with tables, one with a delivered digest. Not to be changed: see `kept`."""
    folder = tmp_path_factory.mktemp("undisturbed")
    nw, _ = read_newsroom(folder, new_database(), parsers, timedelta(days=2))
    for day in never_built(nw, [ISSUED - timedelta(days=back) for back in range(4, -3, -1)]):
        build_day(nw, day)
    deliver(nw, ISSUED, issue_digest(nw, ISSUED, "issuer").number)
    nw.close()
    return nw.settings


@pytest.fixture
def kept(undisturbed: Settings, server_url: str, tmp_path: Path, parsers: SharedParsers) -> Iterator[Newswatch]:
    """A copy of it, files and ledger, to be damaged."""
    shutil.copytree(undisturbed.data_url, tmp_path / "data")
    source, name = sa.make_url(undisturbed.database_url).database, f"kept_{next(_numbers)}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY file_copy'))
    engine.dispose()
    url = sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
    values = {"home": tmp_path, "data_url": str(tmp_path / "data"), "database_url": url}
    nw = replace(open_newswatch(undisturbed.model_copy(update=values), parsers=parsers), clock=Clock())
    yield nw
    nw.close()
