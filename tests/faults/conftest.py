"""Small newsrooms that were read, built and issued once, and copies of them for tests that change one."""

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
from installations import opened, read_newsroom
from kept_newsroom import CRUMBLED, ISSUED, LONG_AGO
from shared_parsers import SharedParsers

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.pipeline import (
    Newswatch,
    build_day,
    deliver,
    fetch_pending,
    issue_digest,
    never_built,
    open_newswatch,
    poll,
    tag_new,
)  # fmt: skip
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings

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


@pytest.fixture(scope="session")
def crumbled(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, parsers: SharedParsers
) -> Settings:
    """Four days of the newsroom, read in batches of one, all built and one issued. Not to be changed: see `crumbs`."""
    folder, clock = tmp_path_factory.mktemp("crumbled"), Clock(LONG_AGO)
    with pytest.MonkeyPatch.context() as patch, Newsroom(clock=clock) as newsroom:
        patch.setattr("newsroom.feeds.HISTORY", timedelta(days=4))
        patch.setattr("newswatch.pipeline.batching.BATCH_COUNT", 1)
        patch.setattr("newswatch.pipeline.tag.STORIES_A_BATCH", 1)
        write_config(folder / "config", port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
        values = {"config_dir": folder / "config", "home": folder, "data_url": str(folder / "data")}
        settings = Settings.model_validate(values | {"database_url": new_database(), "host_delay_seconds": 0})
        nw = replace(opened(settings, parsers), clock=clock)
        poll(nw, list(nw.feeds), "read")
        fetch_pending(nw, "read")
        tag_new(nw, "read")
    for day in never_built(nw, [LONG_AGO.date() + timedelta(days=ahead) for ahead in range(-6, 1)]):
        build_day(nw, day)
    deliver(nw, CRUMBLED, issue_digest(nw, CRUMBLED, "issuer").number)
    nw.close()
    return settings


@pytest.fixture
def kept(undisturbed: Settings, server_url: str, tmp_path: Path, parsers: SharedParsers) -> Iterator[Newswatch]:
    """A copy of it, files and ledger, to be damaged."""
    nw = _copy(undisturbed, server_url, tmp_path, parsers)
    yield nw
    nw.close()


@pytest.fixture
def crumbs(crumbled: Settings, server_url: str, tmp_path: Path, parsers: SharedParsers) -> Iterator[Newswatch]:
    """A copy of the newsroom with many small files."""
    nw = replace(_copy(crumbled, server_url, tmp_path, parsers), clock=Clock(LONG_AGO + timedelta(days=1)))
    yield nw
    nw.close()


def _copy(settings: Settings, server_url: str, folder: Path, parsers: SharedParsers) -> Newswatch:
    """A copy of the installation in the folder, files and ledger."""
    shutil.copytree(settings.data_url, folder / "data")
    source, name = sa.make_url(settings.database_url).database, f"kept_{next(_numbers)}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY file_copy'))
    engine.dispose()
    url = sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
    values = {"home": folder, "data_url": str(folder / "data"), "database_url": url}
    return replace(open_newswatch(settings.model_copy(update=values), parsers=parsers), clock=Clock())
