"""What every verb needs: settings, catalogue, store, ledger, clock."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa
import structlog

from newswatch import local_days
from newswatch.config.catalogue import Catalogue, Feed, load_catalogue, parse_catalogue
from newswatch.errors import ConfigError
from newswatch.ledger import Ledger, batches, catalogues, days, zone
from newswatch.ledger.batches import Batch, BatchFile
from newswatch.ledger.leases import Lease
from newswatch.net.client import Client, Fetcher
from newswatch.net.politeness import HostMemory
from newswatch.pipeline.host_turns import LedgerTurns
from newswatch.sandbox.pool import ParserPool
from newswatch.settings import Settings
from newswatch.storage import embedded_postgres, schemes
from newswatch.storage.files import Store
from newswatch.stories.attribution import Outlets
from newswatch.tables.parquet import Table
from newswatch.topics import inflection
from newswatch.topics.matcher import Matcher
from newswatch.topics.schema import declined
from newswatch.version import code_version

log = structlog.get_logger("newswatch")
LEASE_MARGIN = timedelta(minutes=5)


OpenClient = Callable[[Settings, Callable[[], datetime], HostMemory | None], AbstractAsyncContextManager[Client]]


def utc_now() -> datetime:
    return datetime.now(UTC)


def polite_client(settings: Settings, clock: Callable[[], datetime], memory: HostMemory | None) -> Fetcher:
    """A client with the installation's manners and limits, and what it knows of hosts."""
    return Fetcher(
        contact=settings.contact,
        delay_seconds=settings.host_delay_seconds,
        deadline_seconds=settings.request_deadline_seconds,
        clock=clock,
        memory=memory,
    )


def parser_pool(settings: Settings) -> ParserPool:
    """Parser processes with the installation's limits; none runs yet."""
    return ParserPool(
        size=settings.parse_workers,
        deadline_seconds=settings.parse_deadline_seconds,
        memory_bytes=settings.parse_memory_bytes,
    )


_preloaded: dict[str, Matcher] = {}  # by version of the topics; a process that was forked finds them here


def preload_matcher(catalogue: Catalogue) -> None:
    """Make the matcher of these topics for the processes that are forked from this one; word forms are made anew."""
    _preloaded[catalogue.topics_version] = Matcher(catalogue.topics)


@dataclass(frozen=True)
class Newswatch:
    """One open installation. `config_warning`: why the last good configuration is in force instead of the files.

    `parsers` are its own and end with it. `open_client` is what speaks to the network, for tests to put another there.
    `progress` hears of long steps: what is done, how many of them are, and of how many, as far as that is known.
    """

    settings: Settings
    catalogue: Catalogue
    store: Store
    ledger: Ledger
    parsers: ParserPool
    clock: Callable[[], datetime] = utc_now
    open_client: OpenClient = polite_client
    config_warning: str | None = None
    batch_ids: Callable[[], str] = field(default=lambda: uuid.uuid4().hex)
    progress: Callable[[str, int, int | None], None] = lambda what, done, total: None

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        return {feed.id: feed for feed in self.catalogue.feeds}

    @cached_property
    def outlets(self) -> Outlets:
        """Who publishes an entry."""
        return Outlets(self.catalogue.feeds)

    @cached_property
    def word_forms(self) -> inflection.Made:
        """Of the terms in force, as an earlier process made them for the ledger; else made now, and kept there."""
        version = self.catalogue.topics_version
        made_by = f"{code_version()} {inflection.dictionaries()}"
        with self.ledger.begin() as connection:
            known: inflection.Made | None = catalogues.word_forms(connection, version, made_by)
        if known is None:
            known = inflection.made(declined(self.catalogue.topics))
            with self.ledger.begin() as connection:
                catalogues.save_word_forms(connection, version, made_by, known)
        return known

    @cached_property
    def matcher(self) -> Matcher:
        """Of the topics in force."""
        if made := _preloaded.get(self.catalogue.topics_version):
            return made
        return Matcher(self.catalogue.topics, inflection.WordForms(self.word_forms))

    def day_of(self, moment: datetime) -> date:
        return local_days.day_of(moment, self.settings.tz)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction of the ledger that writes days; until it ends they stay those of the configured zone.

        Raises ConfigError where they are of another one meanwhile, and as `Ledger.begin`.
        """
        with self.ledger.begin() as connection:
            zone.hold(connection, self.settings.timezone)
            yield connection

    def lease(self, run_id: str, seconds: float) -> Lease:
        until = self.clock() + timedelta(seconds=seconds) + LEASE_MARGIN
        return Lease(run_id=run_id, token=uuid.uuid4().hex, until=until)

    def new_batch(self, kind: str, run_id: str) -> Batch:
        """Sortable by time, so that a folder's listing is its history."""
        now = self.clock()
        batch_id = f"{now:%Y%m%dT%H%M%S}-{self.batch_ids()[:12]}"
        return Batch(batch_id, kind, run_id, code_version(), now)

    def hashes(self, wanted: Iterable[str]) -> dict[str, str]:
        """SHA-256 by path, of those of the batches' files that the ledger knows."""
        with self.ledger.begin() as connection:
            return days.file_hashes(connection, sorted(set(wanted)))

    def rows(self, path: str, table: Table) -> list[dict[str, Any]]:
        """A batch's file of rows, compared with the ledger. Raises MissingFile, DamagedFile."""
        return self.store.load(path, table.from_bytes, self.hashes([path]).get(path))

    def write_rows(self, path: str, table: Table, rows: list[dict[str, object]]) -> BatchFile:
        return self.write_file(path, table.to_bytes(rows), len(rows))

    def write_file(self, path: str, content: bytes, row_count: int) -> BatchFile:
        return BatchFile(path, row_count, len(content), self.store.write(path, content))

    def client(self, memory: HostMemory | None = None) -> AbstractAsyncContextManager[Client]:
        """What requests go through, in turns with other processes; what it learns of hosts is added to `memory`."""
        memory = memory or HostMemory()
        memory.turns = memory.turns or LedgerTurns(self.ledger)
        return self.open_client(self.settings, self.clock, memory)

    def feed_of(self, feed_id: str) -> Feed:
        """The feed; one that has left feeds.yaml meanwhile goes under its id."""
        known = self.feeds.get(feed_id)
        return known or Feed(id=feed_id, outlet=feed_id, url="http://unlisted.invalid/", language="und")

    def is_empty(self) -> bool:
        """Whether the ledger counts no batch: nothing was ever polled."""
        with self.ledger.begin() as connection:
            return not batches.are_any(connection)

    def close(self) -> None:
        """End the parsers and let go of the ledger."""
        self.parsers.close()
        self.ledger.close()


def open_newswatch(
    settings: Settings, *, keeps_last_good: bool = False, parsers: ParserPool | None = None
) -> Newswatch:
    """Open store and ledger (its schema brought up to date) and read the configuration, which is then in force.

    `keeps_last_good`: where feeds.yaml or topics.yaml is wrong, go on with what was accepted last and say so in
    `config_warning`. `parsers`: processes that run already. Raises ConfigError otherwise, or where nothing was ever
    accepted; and where the days that are stored are of another zone than the configured one.
    """
    store = open_store(settings)
    make_home(settings)
    ledger, good, timezone = _ledger(settings)
    warning = None
    try:
        zone.check(timezone, settings.timezone)
    except ConfigError:
        ledger.close()
        raise
    try:
        catalogue = load_catalogue(settings.config_dir, good)
    except ConfigError as error:
        old = read_good(good) if keeps_last_good and good else None
        if old is None:
            ledger.close()
            raise
        catalogue = old
        warning = str(error)
        log.warning("configuration refused, last good one in force", problems=error.problems)
    else:
        if good != (catalogue.feeds_text, catalogue.topics_text):
            with ledger.begin() as connection:
                catalogues.accept(connection, catalogue, utc_now())
    return Newswatch(settings, catalogue, store, ledger, parsers or parser_pool(settings), config_warning=warning)


def open_in_force(settings: Settings) -> Newswatch:
    """As `open_newswatch`, with the configuration that is in force: an edited file stays an edited file.

    To read: its zone is that of the days that are stored. Raises ConfigError where no configuration is in force yet.
    """
    store = open_store(settings)
    ledger, good, timezone = _ledger(settings)
    catalogue = read_good(good) if good else None
    if catalogue is None:
        ledger.close()
        raise ConfigError(
            ["No configuration that this version can read is in force yet. Poll first: that puts one in force."]
        )
    settings = settings.model_copy(update={"timezone": timezone})
    return Newswatch(settings, catalogue, store, ledger, parser_pool(settings))


def read_good(texts: tuple[str, str]) -> Catalogue | None:
    """The catalogue that was accepted last; None: an older Newswatch accepted it, and this one cannot read it."""
    try:
        return parse_catalogue(*texts, texts)
    except ConfigError:
        return None


def open_store(settings: Settings) -> Store:
    """The configured store; to be called first, so that nothing runs yet. Raises ConfigError where it can be none."""
    schemes.check(settings.data_url)
    return Store(settings.data_url)


def open_ledger(settings: Settings) -> Ledger:
    """The ledger, its schema brought up to date."""
    ledger = Ledger(ledger_url(settings))
    ledger.migrate()
    return ledger


def _ledger(settings: Settings) -> tuple[Ledger, tuple[str, str] | None, str]:
    """The ledger, the texts of feeds.yaml and topics.yaml that were accepted last, and the zone of its days."""
    ledger = open_ledger(settings)
    with ledger.begin() as connection:
        return ledger, catalogues.last_good(connection), zone.settle(connection, settings.timezone)


def is_installed(settings: Settings) -> bool:
    """Whether there is an installation to look at. A database that the user names is taken for one; else its own is."""
    return bool(settings.database_url) or embedded_postgres.is_made(settings.home / "postgres")


def make_home(settings: Settings) -> None:
    """Where the data are to lie in it: both for their owner alone, unless they are there already."""
    data = settings.home / "data"
    if settings.data_url != str(data):
        return
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"environment: NEWSWATCH_HOME={settings.home}: cannot be written: {error}"]) from error


def ledger_url(settings: Settings) -> str:
    """The configured ledger, else the one in the embedded server, started here if it does not run."""
    if settings.database_url:
        return settings.database_url
    return embedded_postgres.database(
        embedded_postgres.start(settings.home / "postgres"), embedded_postgres.LEDGER_DATABASE
    )
