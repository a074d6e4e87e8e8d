"""Maintenance: what killed writers left, what nothing counts on, and what the policy of the settings lets go.

It runs beside polls and builds: files of a day are touched under the day's lock, those of batches while no batch can be
committed, and nothing is taken away while a backup reads. What the ledger names goes from the ledger first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import groupby, islice

from newswatch.errors import ConfigError, MissingFile
from newswatch.ledger import audit, compaction, days, digests, dump, retention
from newswatch.ledger.retention import RawFile
from newswatch.pipeline.compact import compact
from newswatch.pipeline.copying import DEAD_AFTER
from newswatch.pipeline.installation import Newswatch, log
from newswatch.storage import paths
from newswatch.tables.batch_tables import STORY_TEXTS

FEWEST_ROW_DAYS = 7  # younger rows are in use
FILES_AT_ONCE = 500
MOVES_AT_ONCE = 50  # while those who commit batches wait


@dataclass(frozen=True, slots=True)
class Sweep:
    """What was done with files or rows of one kind, or would be. `byte_count`: of the files; None: they are rows."""

    done: str
    count: int
    byte_count: int | None = None


@dataclass(frozen=True, slots=True)
class MaintainReport:
    """What maintenance did, or in a dry run would do, and what somebody should look at."""

    sweeps: tuple[Sweep, ...]
    warnings: tuple[str, ...]


def maintain(nw: Newswatch, *, is_dry_run: bool) -> MaintainReport:
    """Tidy the store and the ledger by the policy of the settings; a dry run changes nothing.

    Raises ConfigError where the policy names rows that are kept, TransientError where storage or database fail: asked
    again, it goes on.
    """
    row_days = _row_days(nw.settings.keep_rows)
    sweeps: list[Sweep] = []
    warnings = []
    with nw.ledger.begin() as guard:
        if dump.may_take_files(guard):
            sweeper = _Sweeper(nw, is_dry_run)
            for number, sweep in enumerate(sweeper.sweeps(row_days), 1):
                nw.progress("kinds of things swept", number, None)
                if sweep.count:
                    sweeps.append(sweep)
            warnings += sweeper.warnings
        else:
            warnings.append("A backup or another maintenance is under way: nothing was taken away this time.")
    if not is_dry_run:
        with nw.ledger.begin() as connection:
            retention.analyse(connection)
    warnings += _low_disks(nw)
    log.info("store maintained", dry_run=is_dry_run, sweeps={sweep.done: sweep.count for sweep in sweeps})
    return MaintainReport(tuple(sweeps), tuple(warnings))


def _row_days(policy: str) -> dict[str, int]:
    """Days by table, of a policy like `robots=30 visits=365`."""
    wanted = {}
    for word in policy.split():
        table, _, count = word.partition("=")
        if table not in retention.ROW_TABLES or not count.isdecimal() or int(count) < FEWEST_ROW_DAYS:
            raise ConfigError(
                [
                    f"environment: NEWSWATCH_KEEP_ROWS: {word!r}: write table=days, with {FEWEST_ROW_DAYS} days at "
                    f"least, of {', '.join(retention.ROW_TABLES)}. All other rows are kept."
                ]
            )
        wanted[table] = int(count)
    return wanted


def _low_disks(nw: Newswatch) -> Iterator[str]:
    """A warning for each disk with little room."""
    places = [place for place in (nw.store.folder, nw.settings.home) if place and place.is_dir()]
    for place in {place.stat().st_dev: place for place in places}.values():
        free = shutil.disk_usage(place).free
        if free < nw.settings.low_disk_bytes:
            yield f"The disk of {place} has {free / 1e9:.1f} GB left (NEWSWATCH_LOW_DISK_BYTES)."


class _Sweeper:
    """One maintenance. `warnings` are known when all sweeps were made."""

    def __init__(self, nw: Newswatch, is_dry_run: bool) -> None:
        self._nw = nw
        self._store = nw.store
        self._is_dry_run = is_dry_run
        self._now = nw.clock()
        self._policy = nw.settings
        self.warnings: list[str] = []

    def sweeps(self, row_days: dict[str, int]) -> Iterator[Sweep]:
        yield self._remove("temporary files of killed writers", self._store.abandoned(self._now - DEAD_AFTER))
        yield self._replaced()
        yield self._staged()
        yield self._as_known()
        yield self._put_back()
        yield self._quarantine(list(self._orphans()))
        yield self._unissued()
        yield self._expired()
        yield self._compact()
        yield self._raw()
        for table, count in row_days.items():
            yield self._rows(table, timedelta(days=count))

    def _is_older(self, path: str, age: timedelta) -> bool:
        moment = self._store.modified(path)
        return moment is not None and self._now - moment > age

    @property
    def _patience(self) -> timedelta:
        return timedelta(days=self._policy.orphan_days)

    def _remove(self, what: str, found: Sequence[str]) -> Sweep:
        size = sum(map(self._store.size, found))
        if not self._is_dry_run:
            for path in found:
                self._store.remove(path)
        return Sweep(f"taken away: {what}", len(found), size)

    def _replaced(self) -> Sweep:
        """Small files whose rows an earlier maintenance has put into others."""
        with self._nw.ledger.begin() as connection:
            found = compaction.replaced(connection, self._now - DEAD_AFTER)
        sweep = self._remove("small files that were put together", found)
        if not self._is_dry_run:
            with self._nw.ledger.begin() as connection:
                compaction.forget(connection, found)
        return sweep

    def _compact(self) -> Sweep:
        done = compact(self._nw, is_dry_run=self._is_dry_run)
        self.warnings += done.warnings
        return Sweep("put together: small files of past days' batches", done.file_count, done.byte_count)

    def _staged(self) -> Sweep:
        """Tables of builds that were killed before the ledger named them; a build of the day writes its own anew."""
        count = size = 0
        leftovers = self._store.leftovers()
        staged = [path for path in leftovers if path.startswith(f"{paths.STAGED}/") and not path.endswith(".tmp")]
        for day, of_day in groupby(sorted(staged), key=lambda path: date.fromisoformat(path.split("/")[2])):
            with self._nw.ledger.begin() as connection:
                if not days.try_lock(connection, day):
                    continue
                build = days.build_of(connection, day)
                if build is None or not build.is_staged:
                    old = self._remove("", [path for path in of_day if self._is_older(path, DEAD_AFTER)])
                    count, size = count + old.count, size + (old.byte_count or 0)
        return Sweep("taken away: staged tables of killed builds", count, size)

    def _as_known(self) -> Sweep:
        count = size = 0
        age = timedelta(days=self._policy.as_known_days)
        for name in self._store.names("as-known") if age else ():
            found = list(self._store.walk(f"as-known/{name}"))
            if all(self._is_older(path, age) for path in found):
                count, size = count + len(found), size + sum(map(self._store.size, found))
                if not self._is_dry_run:
                    self._store.remove_folder(f"as-known/{name}")
        return Sweep("taken away: tables as they were known (as-known/)", count, size)

    def _orphans(self) -> Iterator[str]:
        """Files of batches that were never committed."""
        for folder in ("raw", "batches"):
            walked = self._store.walk(folder)
            while page := list(islice(walked, FILES_AT_ONCE)):
                with self._nw.ledger.begin() as connection:
                    named = audit.byte_counts(connection, page)
                yield from (path for path in page if path not in named and self._is_older(path, self._patience))

    def _quarantine(self, found: Sequence[str]) -> Sweep:
        """Set files of batches apart; the ledger is asked again while no batch can be committed."""
        size = sum(map(self._store.size, found))
        for begin in range(0, 0 if self._is_dry_run else len(found), MOVES_AT_ONCE):
            with self._nw.ledger.begin() as connection:
                self._set_apart(retention.unnamed(connection, found[begin : begin + MOVES_AT_ONCE]))
        return Sweep("put into quarantine/: files that the ledger does not name", len(found), size)

    def _unissued(self) -> Sweep:
        """Set files of issues apart that were cut off and got no row: that day's next issue has the same number."""
        count = size = 0
        issued = (path for path in self._store.walk("digests") if path.count("/") == 3)
        for day, of_day in groupby(issued, key=lambda path: date.fromisoformat(path.split("/")[1])):
            with self._nw.ledger.begin() as connection:
                if not days.try_lock(connection, day):
                    continue
                named = {path for row in digests.digests_of(connection, day) for path in row.files}
                old = [path for path in of_day if path not in named and self._is_older(path, self._patience)]
                count, size = count + len(old), size + sum(map(self._store.size, old))
                if not self._is_dry_run:
                    self._set_apart(old)
        return Sweep("put into quarantine/: digests that were never issued", count, size)

    def _set_apart(self, found: Sequence[str]) -> None:
        for path in found:
            self._store.move(path, paths.orphan(self._now.date(), path))

    def _put_back(self) -> Sweep:
        """What a writer that had slept for days has committed after all."""
        count = size = 0
        walked = self._store.walk(paths.ORPHANS)
        while page := list(islice(walked, FILES_AT_ONCE)):
            own = {path.split("/", 3)[3]: path for path in page}
            with self._nw.ledger.begin() as connection:
                named = audit.byte_counts(connection, own)
            for path, byte_count in named.items():
                count, size = count + 1, size + byte_count
                if not self._is_dry_run:
                    self._store.move(own[path], path)
        return Sweep("put back: files that the ledger names by now", count, size)

    def _expired(self) -> Sweep:
        count = size = 0
        for name in self._store.names(paths.ORPHANS):
            if self._now.date() - date.fromisoformat(name) > self._patience:
                found = list(self._store.walk(f"{paths.ORPHANS}/{name}"))
                count, size = count + len(found), size + sum(map(self._store.size, found))
                if not self._is_dry_run:
                    self._store.remove_folder(f"{paths.ORPHANS}/{name}")
        return Sweep("taken away: files that were long in quarantine/", count, size)

    def _raw(self) -> Sweep:
        """Bytes of feeds by age, then whatever is over the limit: bytes of feeds, then pages of which no story came.

        What a text of a story was read from stays, of earlier revisions too: `build --extract`, digests and
        `newswatch explain` count on it.
        """
        with self._nw.ledger.begin() as connection:
            files = retention.raw_files(connection)
        kept_days, limit = self._policy.raw_feed_days, self._policy.raw_limit_bytes
        first = self._now.date() - timedelta(days=kept_days) if kept_days else date.min
        going = [file for file in files if file.is_of_feeds and file.day < first]
        over = sum(file.byte_count for file in files) - sum(file.byte_count for file in going) - limit if limit else 0
        for file in self._least_needed([file for file in files if file.day >= first], over):
            going.append(file)
            over -= file.byte_count
        if over > 0:
            self.warnings.append(
                f"raw/ is {over / 1e6:.1f} MB over its limit (NEWSWATCH_RAW_LIMIT_BYTES): the rest is what stories "
                "were read from, and stays."
            )
        if not self._is_dry_run:
            self._take_raw([file.path for file in going])
        return Sweep("taken away: bytes as they came (raw/)", len(going), sum(file.byte_count for file in going))

    def _least_needed(self, files: Sequence[RawFile], over: int) -> Iterator[RawFile]:
        """Files of at least `over` bytes, if there are any that may go."""
        for file in (file for file in files if file.is_of_feeds):
            if over <= 0:
                return
            over -= file.byte_count
            yield file
        needed = self._read_by_stories() if over > 0 else None
        for file in (file for file in files if not file.is_of_feeds):
            if over <= 0 or needed is None:
                return
            if file.path not in needed:
                over -= file.byte_count
                yield file

    def _read_by_stories(self) -> set[str] | None:
        """Files of pages of which a text is kept; None: that cannot be told, for a file of texts is lost."""
        with self._nw.ledger.begin() as connection:
            texts = retention.text_files(connection)
        try:
            return {
                row[0]
                for path in texts
                for row in self._store.load(path, partial(STORY_TEXTS.values, columns=("raw_path",)))
            }
        except MissingFile as error:
            self.warnings.append(f"No bytes of pages are taken away: {error}")
            return None

    def _take_raw(self, found: Sequence[str]) -> None:
        for begin in range(0, len(found), FILES_AT_ONCE):
            page = found[begin : begin + FILES_AT_ONCE]
            with self._nw.ledger.begin() as connection:
                retention.forget_raw(connection, page)
            for path in page:  # killed here, it leaves orphans, which a later maintenance takes away
                self._store.remove(path)

    def _rows(self, table: str, age: timedelta) -> Sweep:
        with self._nw.ledger.begin() as connection:
            count = retention.take_rows(connection, table, self._now - age, is_dry_run=self._is_dry_run)
        return Sweep(f"taken away: rows of {table}", count)
