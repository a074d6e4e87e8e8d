"""What `make run` does while it waits: it looks after database and Airflow, and bears what passes by itself."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from newswatch.errors import TransientError
from newswatch.storage import embedded_postgres
from newswatch_airflow.local.processes import Lines, Processes

MENDS, MENDS_SECONDS = 10, 600.0  # as often, in so much time, what ended by itself is started again
TELL_SECONDS = 10.0  # without a word; then what is waited for is said
T = TypeVar("T")


class Failed(Exception):
    """The run cannot go on; the message says why and where to look."""


class CommandFailed(Failed):
    """A command of the run has ended with an error. `told`: what it wrote to standard error."""

    def __init__(self, command: str, told: str) -> None:
        super().__init__(f"`{command}` failed:\n{told[-3000:]}")
        self.told = told


class Attendant:
    """Looks after the processes of the run in `home` and its embedded PostgreSQL. `say` tells the user a line."""

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        self.processes = Processes(home / "logs", home / "processes.json")
        self.postgres = home / "postgres"
        self.env: dict[str, str] = {}  # of the commands
        self.mended: list[float] = []  # when something that had ended by itself was started again
        self._say_it = say
        self._said_at = -math.inf

    def command(self, *command: str, is_told: bool = False) -> str:
        """Run a command to its end, again where the database died under it; returns what it printed.

        `is_told`: what it writes to standard error, as its progress, is said as it comes. Raises CommandFailed
        with what it said.
        """
        began = time.monotonic()
        program = str(Path(sys.executable).parent / command[0])
        with subprocess.Popen(
            [program, *command[1:]], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                printed, told = self._await(process, " ".join(command), is_told=is_told)
            except BaseException:
                process.kill()
                raise
        if not process.returncode:
            return printed
        time.sleep(1)  # a server that was killed is not gone at once
        self.look_after()
        if any(mended > began for mended in self.mended):
            return self.command(*command, is_told=is_told)
        raise CommandFailed(" ".join(command), told or printed)

    def _await(self, process: subprocess.Popen[str], command: str, *, is_told: bool) -> tuple[str, str]:
        """Look after everything else until the process ends; returns what it wrote to output and standard error."""
        printed, told = Lines(process.stdout), Lines(process.stderr)
        is_open, began = True, time.monotonic()
        while is_open:
            self.look_after()
            time.sleep(0.2)
            is_open = printed.is_open or told.is_open
            for line in told.fresh() if is_told else ():
                self._say(f"  {line}")
            self._tell_of(f"still at `{command}`", began)
        process.wait()
        return printed.text, told.text

    def until(self, is_there: Callable[[], bool], what: str, seconds: float = math.inf) -> None:
        """Wait for it, and say so now and then; after so many seconds go on without it."""
        began = time.monotonic()
        while not self.insist(is_there):
            self.look_after()
            if time.monotonic() - began > seconds:
                return
            self._tell_of(f"still waiting for {what}", began, f"; logs are in {self.processes.folder}")
            time.sleep(0.5)

    def insist(self, action: Callable[[], T]) -> T:
        """Do it, again and again while Airflow or the ledger does not answer in time or is just being started.

        Raises Airflow's refusals: another try is no help then.
        """
        began = time.monotonic()
        while True:
            try:
                return action()
            except (TransientError, httpx.HTTPError) as error:
                if not _may_pass(error):
                    raise
                self._tell_of("still trying", began, f": {error or type(error).__name__}")
                time.sleep(1)
                self.look_after()

    def _say(self, text: str) -> None:
        self._said_at = time.monotonic()
        self._say_it(text)

    def _tell_of(self, what: str, began: float, more: str = "") -> None:
        """Say what is waited for, unless something was said lately: a healthy run is never silent for long."""
        now = time.monotonic()
        if now - max(began, self._said_at) > TELL_SECONDS:
            self._say(f"{what}, since {now - began:.0f} s{more}")

    def look_after(self) -> None:
        """Start again what has ended by itself: the database, and parts of Airflow, which may end with it.

        Raises Failed where that happens too often, DatabaseFailed where the database does not start.
        """
        if not embedded_postgres.is_running(self.postgres):
            self._mend("PostgreSQL", self.postgres.with_name("postgres.run") / "log")
            embedded_postgres.start(self.postgres, self._say)
            self._say("PostgreSQL runs again")
        ended = self.processes.ended()
        if ended:
            self._mend(ended, self.processes.log(ended))
            self.processes.start_again(ended)

    def _mend(self, what: str, log: Path) -> None:
        now = time.monotonic()
        self.mended = [*(mended for mended in self.mended if mended > now - MENDS_SECONDS), now]
        if len(self.mended) > MENDS:
            raise Failed(f"{what} has ended by itself, one time too often; see {log}")
        self._say(f"{what} has ended by itself, see {log}; starting it again …")


def _may_pass(error: TransientError | httpx.HTTPError) -> bool:
    """Whether the error may pass by itself: a busy machine answers late, and a part that was started again, soon."""
    if not isinstance(error, httpx.HTTPStatusError):
        return True
    return error.response.status_code >= 500 or error.response.status_code in (409, 429)
