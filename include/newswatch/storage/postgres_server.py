"""The server of one cluster, as the processes of an installation share it: started, joined, awaited, ended.

What is true is what the kernel says, by locks that end with whoever holds them, however that ends: the server's own
processes hold `server.lock`, everybody who uses it `users.lock`, its keeper `keeper.lock`, and `start.lock` whoever
starts or ends it just now. A number in a file is never believed: it may be another process's by now.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from newswatch.errors import DatabaseFailed
from newswatch.storage.postgres_cluster import PRIVATE, Cluster

Tell = Callable[[str], None]
LOOK_SECONDS = 0.02
TELL_SECONDS = 5.0  # between two words about what is waited for
LOST_SECONDS = 5.0  # after which a server that no file names is looked for
STOP_SECONDS = 60.0  # for open sessions to be closed and all to be written; after that it has to recover
QUIT_SECONDS = 10.0
_ENDINGS = ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, QUIT_SECONDS), (signal.SIGKILL, QUIT_SECONDS))
_LOG_BYTES = 5_000_000  # a longer log is put aside at the next start
_used: dict[Path, Lock] = {}  # this process's hold on `users.lock`, by cluster


class Lock:
    """An advisory lock on a file of its own, held by an open descriptor and by all processes that inherit it."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def take(self, how: int = fcntl.LOCK_EX) -> bool:
        """Take it at once; False where another one holds it."""
        try:
            fcntl.flock(self.descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_free(self) -> bool:
        """Whether nobody holds it for himself alone. Never to be asked of a descriptor that holds it: that lets go."""
        is_taken = self.take(fcntl.LOCK_SH)
        if is_taken:
            self.let_go()
        return is_taken

    def let_go(self) -> None:
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self.descriptor)


class Server:
    """The server of `cluster`. `tell` gets a line now and then while something is waited for."""

    def __init__(self, cluster: Cluster, tell: Tell) -> None:
        self.cluster = cluster
        self._tell = tell

    def start(self) -> Path:
        """Start it, or join the one that runs, for the life of this process; returns the folder of its socket.

        Raises DatabaseFailed, and OSError where a folder cannot be written.
        """
        self.cluster.folder.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        self.cluster.run_folder.mkdir(mode=PRIVATE, exist_ok=True)
        with self.alone(), self.lock("server") as server:
            self._use()
            self._keep()
            if server.is_free() or not self._is_joined(server):
                self._launch(server)
            return self.cluster.socket_folder()

    def is_running(self) -> bool:
        """Whether any process of it is alive."""
        if not self.cluster.run_folder.exists():
            return False
        with self.lock("server") as server:
            return not server.is_free()

    def stop(self) -> None:
        """End it, whoever uses it. Returns when it has ended, and its keeper too."""
        if not self.cluster.run_folder.exists():
            return
        with self.alone():
            self.end()
            self.cluster.clean_up()
        if self.cluster.folder in _used:
            _used.pop(self.cluster.folder).close()
        with self.lock("keeper") as keeper:
            self._until(keeper.is_free, "the end of the database's keeper", QUIT_SECONDS)

    def end(self) -> None:
        """End what runs: asked first, then made to. To be called in `alone`. Raises DatabaseFailed where it goes on."""
        with self.lock("server") as server:
            for number, seconds in _ENDINGS if self.processes() else _ENDINGS[-1:]:
                if not server.is_free():
                    self._signal(number)
                    self._until(server.is_free, "the database, which is to end", seconds)
            if not server.is_free():
                raise DatabaseFailed(
                    "A process that cannot be seen or ended from here, in another container perhaps, works on "
                    f"{self.cluster.folder}. End it there."
                )

    def processes(self) -> list[psutil.Process]:
        """The server's: PostgreSQL by their name and at work in the cluster's folder. The postmaster comes first."""
        found = {}
        for process in psutil.process_iter():
            if self._is_its(process):
                found[process.pid] = process
        return sorted(found.values(), key=lambda process: _parent(process) in found)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else starts or ends the server meanwhile."""
        with self.lock("start") as start:
            self._until(start.take, "another process that starts or ends the database")
            yield

    def lock(self, name: str) -> Lock:
        """One of the locks, open and not held."""
        return Lock(self.cluster.run_folder / f"{name}.lock")

    def _launch(self, server: Lock) -> None:
        self._end_older()
        self.cluster.prepare()
        if self.cluster.log.exists() and self.cluster.log.stat().st_size > _LOG_BYTES:
            self.cluster.log.replace(self.cluster.log.with_name("log.old"))
        with self._open_log() as log, self.lock("server") as held:
            begin = log.tell()
            self._until(held.take, "a look at the database's lock", QUIT_SECONDS)
            self.cluster.start_server(held.descriptor, log.fileno())
        # From here on the server's own processes alone hold the lock.
        self._until(lambda: self._state() == "ready" or server.is_free(), "the database")
        if server.is_free():
            raise DatabaseFailed(f"The database did not start.{self._last_words(begin)}")

    def _is_joined(self, server: Lock) -> bool:
        """Wait until the running server takes connections; False where it ends instead, or has to be ended."""
        lost = time.monotonic() + LOST_SECONDS
        self._until(
            lambda: self._state() == "ready" or server.is_free() or (self._state() is None and time.monotonic() > lost),
            "the database",
        )
        if self._state() is None and not server.is_free():
            self._tell("the database's postmaster.pid is damaged or out of date: it is ended and started again")
            self.end()
        return not server.is_free()

    def _end_older(self) -> None:
        """A server that holds no lock was started by an older Newswatch, which let everybody in."""
        found = self.processes()
        if found:
            self._tell("ending a database server that an older Newswatch had started")
            with suppress(psutil.Error):
                found[0].send_signal(signal.SIGINT)
            self._until(lambda: not self.processes(), "the older database server, which is to end")

    def _state(self) -> str | None:
        """What the server says of itself, `ready` for one; None where no live process of it is named as its first."""
        try:
            lines = self.cluster.pid_file.read_text(encoding="utf-8", errors="replace").splitlines()
            process = psutil.Process(int(lines[0]))
        except (OSError, ValueError, IndexError, OverflowError, psutil.Error):
            return None
        if not self._is_its(process):
            return None
        return lines[7].strip() if len(lines) > 7 else ""

    def _is_its(self, process: psutil.Process) -> bool:
        try:
            return process.name() == "postgres" and os.path.samefile(process.cwd(), self.cluster.folder)
        except (psutil.Error, OSError):
            return False

    def _signal(self, number: signal.Signals) -> None:
        """To the postmaster, which ends all others, where it is asked; else to all, for some may have lost theirs."""
        found = self.processes()
        for process in found[:1] if number == signal.SIGINT else found:
            with suppress(psutil.Error):
                process.send_signal(number)

    def _use(self) -> None:
        """Hold it in use until this process ends. A forked child shares the hold."""
        if self.cluster.folder not in _used:
            _used[self.cluster.folder] = users = self.lock("users")
            fcntl.flock(users.descriptor, fcntl.LOCK_SH)

    def _keep(self) -> None:
        """See that it has a keeper, which inherits the lock that says so."""
        with self.lock("keeper") as keeper, self._open_log() as log:
            if not self._until(keeper.take, "a look at the keeper's lock", LOOK_SECONDS):
                return
            subprocess.run(
                [sys.executable, "-m", "newswatch.storage.postgres_keeper", self.cluster.folder],
                pass_fds=[keeper.descriptor],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )

    def _until(self, is_so: Callable[[], bool], what: str, seconds: float = float("inf")) -> bool:
        """Wait for it, `seconds` at most, and say now and then what is waited for; whether it has come."""
        began = told = time.monotonic()
        while not is_so():
            now = time.monotonic()
            if now > began + seconds:
                return False
            if now > told + TELL_SECONDS:
                told = now
                self._tell(f"waiting for {what}, {now - began:.0f} s so far{self._last_line()}")
            time.sleep(LOOK_SECONDS)
        return True

    def _open_log(self) -> IO[bytes]:
        return open(os.open(self.cluster.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")

    def _last_line(self) -> str:
        lines = self._log_from(0).splitlines()
        return f"; it says: {lines[-1]}" if lines else ""

    def _last_words(self, begin: int) -> str:
        words = "\n".join(self._log_from(begin).splitlines()[-12:])
        return f" Its last words, in {self.cluster.log}:\n{words}" if words else f" Its log: {self.cluster.log}"

    def _log_from(self, begin: int) -> str:
        try:
            with open(self.cluster.log, "rb") as log:
                log.seek(max(begin, os.fstat(log.fileno()).st_size - 4000))
                return log.read().decode("utf-8", "replace").strip()
        except OSError:
            return ""


def _parent(process: psutil.Process) -> int | None:
    with suppress(psutil.Error):
        return process.ppid()
    return None
