"""What the tests share: an embedded PostgreSQL, a database a test, a newsroom on loopback, a clock to set."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from bucket_server import BucketServer
from clocks import Clock
from shared_parsers import SharedParsers
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from newsroom.config import write_config
from newsroom.server import Newsroom
from newswatch.ledger import Ledger
from newswatch.pipeline import Newswatch, open_newswatch
from newswatch.settings import SHIPPED_CONFIG_DIR, Settings
from newswatch.storage import embedded_postgres

_SCRATCH = Path(tempfile.mkdtemp(prefix="nw-"))
HISTORY = timedelta(days=3)  # how far the newsroom's feeds reach back here
_numbers = itertools.count()

hypothesis.settings.register_profile("newswatch", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("newswatch")


# What lasts longest is begun first.
_ORDER = ("end_to_end", "dags", "integration", "faults", "golden", "quality", "unit", "compose")
_TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _ORDER.index(item.path.relative_to(_TESTS).parts[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return _FileOrAirflow(config, log) if config.getvalue("dist") == "loadfile" else None


class _FileOrAirflow(LoadScopeScheduling):
    """A file goes to one worker whole; files that share a whole Airflow, or its web application, go to one together.

    xdist's own groups are marks that it puts into the tests' ids, where this pytest has them no more.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        folder = path.rpartition("/")[0]
        return folder if folder.endswith(("/end_to_end", "/dags")) else path


@pytest.fixture(scope="session", autouse=True)
def _scratch() -> Iterator[None]:
    yield
    embedded_postgres.stop(_SCRATCH / "pg")
    shutil.rmtree(_SCRATCH, ignore_errors=True)


@pytest.fixture(scope="session")
def server_url() -> str:
    """A PostgreSQL server for the whole session. No test cuts its power: it need not wait for the disk."""
    url = embedded_postgres.start(_SCRATCH / "pg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(sa.text("ALTER SYSTEM SET file_copy_method = clone"))  # a database in a third of the time
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def migrated(server_url: str) -> str:
    """Name of a database that holds an empty ledger, to be copied."""
    ledger = Ledger(embedded_postgres.database(server_url, "template_ledger"))
    ledger.migrate()
    ledger.close()
    return "template_ledger"


@pytest.fixture(scope="session")
def new_database(server_url: str, migrated: str) -> Callable[[], str]:
    """Makes a fresh ledger database and returns its URL."""

    def make() -> str:
        name = f"ledger_{next(_numbers)}"
        engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}" STRATEGY file_copy'))
        engine.dispose()
        return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def newsroom(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    """The make-believe newsroom, with three days of history, at the test's own time."""
    monkeypatch.setattr("newsroom.feeds.HISTORY", HISTORY)
    with Newsroom(clock=clock) as running:
        yield running


@pytest.fixture(scope="session")
def parsers() -> Iterator[SharedParsers]:
    """Parser processes for all tests that ask for none of their own, with the limits that are the default."""
    given = Settings()
    pool = SharedParsers(
        size=given.parse_workers,
        deadline_seconds=given.parse_deadline_seconds,
        memory_bytes=given.parse_memory_bytes,
    )
    yield pool
    pool.end()


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[BucketServer]:
    """An S3 server on loopback. Who uses it sets its `environ`."""
    with BucketServer() as running:
        yield running


@pytest.fixture
def bucket(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket, in the environment that it needs; the server has forgotten what it did before."""
    for name, value in bucket_server.environ.items():
        monkeypatch.setenv(name, value)
    bucket_server.behave()
    bucket_server.requests.clear()
    return bucket_server.new_bucket()


@pytest.fixture
def make_newswatch(
    database_url: str, tmp_path: Path, clock: Clock, parsers: SharedParsers
) -> Iterator[Callable[..., Newswatch]]:
    """Opens a Newswatch on the test's database and folder; all that were opened are closed at the end.

    One with limits of its own for parsers has parsers of its own.
    """
    opened: list[Newswatch] = []

    def make(config_dir: Path, **settings: object) -> Newswatch:
        values = {
            "config_dir": config_dir,
            "home": tmp_path,
            "data_url": str(tmp_path / "data"),
            "database_url": database_url,
            "host_delay_seconds": 0.0,
            "request_deadline_seconds": 5.0,
        }
        shared = None if any(name.startswith("parse_") for name in settings) else parsers
        nw = replace(open_newswatch(Settings.model_validate(values | settings), parsers=shared), clock=clock)
        opened.append(nw)
        return nw

    yield make
    for nw in opened:
        nw.close()


@pytest.fixture
def config_dir(newsroom: Newsroom, tmp_path: Path) -> Path:
    """The configuration with which Newswatch reads this newsroom, with the shipped topics."""
    folder = tmp_path / "config"
    write_config(folder, port=newsroom.port, topics=SHIPPED_CONFIG_DIR / "topics.yaml")
    return folder


@pytest.fixture
def nw(make_newswatch: Callable[..., Newswatch], config_dir: Path) -> Newswatch:
    """Newswatch reading the newsroom, nothing polled yet."""
    return make_newswatch(config_dir)


@pytest.fixture
def empty(server_url: str, tmp_path: Path) -> Callable[[Newswatch], Settings]:
    """Makes the settings of an empty installation that has another one's configuration."""

    def make(nw: Newswatch) -> Settings:
        name = f"empty_{uuid.uuid4().hex[:8]}"
        engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        engine.dispose()
        url = sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
        home = tmp_path / name
        return nw.settings.model_copy(update={"home": home, "data_url": str(home / "data"), "database_url": url})

    return make
