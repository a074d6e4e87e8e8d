"""`make run`: everything on one machine, from an empty folder to the last digest, with progress while it works."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import TypeVar

import click
import httpx

from newswatch.errors import NewswatchError, TransientError
from newswatch.pipeline import Reader
from newswatch.settings import PREFIX, SHIPPED_CONFIG_DIR, SOURCED, Settings, forget_sourced, load_settings
from newswatch.storage import embedded_postgres, schemes
from newswatch.text.counting import counted
from newswatch_airflow.ids import DAG_IDS, DAILY_DIGEST
from newswatch_airflow.local.api import AirflowApi
from newswatch_airflow.local.attendant import Attendant, CommandFailed, Failed
from newswatch_airflow.local.environment import PROJECT, USER, airflow_environment, free_port, is_free

WHARF_TOKEN = "NEWSROOM_TOKEN"  # noqa: S105 - the variable that one of the newsroom's feeds wants
# Logs of tasks are read from the disk; what serves them to other machines would listen to all of them.
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
NO_FEED_READ = "No feed could be read"  # as `newswatch poll` says, with exit code 1
SHIPPED_TOPICS = SHIPPED_CONFIG_DIR / "topics.yaml"
DIGEST_DAYS = 7
DIGESTS_SECONDS = 300.0  # after that the run is ready without them, and says when they come
SCHEDULE_SECONDS = 60.0  # for a scheduled run to appear; after that its day is backfilled as the others
T = TypeVar("T")


class Stopped(Exception):
    """Ctrl-C or a polite kill."""


def main() -> None:
    """Run until Ctrl-C. Exit code 1 with a message where something does not start."""
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        _Run().run()
    except Stopped:
        click.echo("\nStopped. `make run` goes on from here.")
    except (Failed, NewswatchError, httpx.HTTPError) as error:
        sys.exit(f"\nmake run: {error}")


def _stop(number: int, frame: FrameType | None) -> None:
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)  # the clean-up is not interrupted
    raise Stopped


class _Run:
    """One `make run`: on the newsroom, or on the user's own two lists where NEWSWATCH_CONFIG_DIR names them."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        forget_sourced(os.environ)  # this run has a home of its own to choose
        self._is_newsroom = not os.environ.get("NEWSWATCH_CONFIG_DIR")
        self._is_broken_on, self._is_wharf_on = (
            os.environ.get(name, "0") not in ("", "0") for name in ("NEWSROOM_BROKEN", "NEWSROOM_WHARF")
        )
        for name in ("NEWSWATCH_DATA_URL", "NEWSWATCH_DATABASE_URL"):
            if self._is_newsroom and os.environ.get(name):
                raise Failed(
                    f"{name} is set, and invented stories must not get there. Unset it, or name your own feeds and "
                    "topics: NEWSWATCH_CONFIG_DIR=include make run"
                )
        settings = load_settings()
        schemes.check(settings.data_url)
        named = os.environ.get("NEWSWATCH_HOME")
        self._home = PROJECT / "var" / "newsroom" if self._is_newsroom and not named else settings.home
        self._attendant = Attendant(self._home, self._say)

    def run(self) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(self._home), contextlib.ExitStack() as stack:
            left = self._attendant.processes.end_leftovers()
            if left:
                self._say(f"ended {counted(left, 'process', 'processes')} that an earlier run had left")
            stack.callback(embedded_postgres.stop, self._attendant.postgres, self._say)
            stack.callback(self._attendant.processes.stop)
            stack.callback(self._say, "stopping Airflow and PostgreSQL …")  # called first
            settings = self._start()
            with AirflowApi(self._attendant.env["AIRFLOW__API__BASE_URL"], USER, self._password()) as api:
                is_any_read = self._first_poll(settings)
                self._wait_for_airflow(api)
                waiting = self._digests(api, settings) if is_any_read else set()
                self._show(settings, waiting if is_any_read else {_yesterday(settings)})
                while True:
                    time.sleep(1)
                    self._attendant.look_after()
                    waiting = self._newly_issued(waiting)

    def _say(self, text: str) -> None:
        click.echo(f"[{time.monotonic() - self._began:4.0f} s] {text}")

    def _start(self) -> Settings:
        """Databases, newsroom and Airflow's processes; returns the settings of the started installation."""
        self._say(f"everything of this run is kept in {_short(self._home)}")
        port = _api_port()
        base = dict(os.environ)
        if self._is_newsroom:
            base |= {"NEWSWATCH_CONFIG_DIR": str(self._home / "config"), "NEWSWATCH_HOST_DELAY_SECONDS": "0"}
        if self._is_wharf_on:
            base.setdefault(WHARF_TOKEN, "low-tide")
        self._attendant.env = airflow_environment(self._home, port, base)
        self._say("PostgreSQL runs")
        if self._is_newsroom:
            self._start_newsroom()
        settings = load_settings(self._attendant.env)
        self._save_env(settings)
        self._attendant.command("newswatch", "check")
        self._say("bringing Airflow's database up to date …")
        self._attendant.command("airflow", "db", "migrate")
        for component, options in COMPONENTS.items():
            self._attendant.processes.start(component, ["airflow", component, *options], self._attendant.env)
        self._say("Airflow is starting")
        return settings

    def _start_newsroom(self) -> None:
        """On the port of the first run: the stories' addresses are made of it."""
        kept = self._home / "newsroom.port"
        port = int(kept.read_text()) if kept.exists() else free_port()
        if not is_free(port):
            raise Failed(
                f"port {port} is taken, and this newsroom's stories are known under it. End what listens there, "
                "or start afresh with another folder: NEWSWATCH_HOME=… make run"
            )
        kept.write_text(str(port))
        command = [sys.executable, "-m", "newsroom", "serve", "--port", str(port)]
        command += ["--config-dir", self._attendant.env["NEWSWATCH_CONFIG_DIR"]]
        command += ["--topics", str(SHIPPED_TOPICS)]
        if self._is_broken_on:
            command.append("--broken")
        if self._is_wharf_on:
            command.append("--wharf")
        self._attendant.processes.start("newsroom", command, self._attendant.env)
        self._attendant.until(lambda: not is_free(port), "the newsroom")
        self._say(f"the make-believe newsroom listens on http://newsroom.localhost:{port}")
        copied = Path(self._attendant.env["NEWSWATCH_CONFIG_DIR"]) / "topics.shipped.yaml"  # see newsroom.config
        if copied.exists() and copied.read_bytes() != SHIPPED_TOPICS.read_bytes():
            self._say(f"topics.yaml is as you edited it; the shipped one has changed: diff {copied} {SHIPPED_TOPICS}")
        if self._is_broken_on:
            self._say(f"with broken feeds, one fault each: http://buoy.newsroom.localhost:{port}")

    def _first_poll(self, settings: Settings) -> bool:
        """Poll what is due, and build the days that have stories and no tables yet, by the command line's verbs.

        False: no feed could be read and nothing is stored, so that no day is worth a table.
        """
        command = self._attendant.command
        self._say("polling the feeds and fetching new pages …")
        try:
            for line in command("newswatch", "poll", "--due", is_told=True).splitlines():
                self._say(f"  {line}")
        except CommandFailed as error:
            if NO_FEED_READ not in error.told:
                raise
            if not self._has_tables():
                self._say("  nothing to build yet: Airflow polls again every 15 minutes, once the network is there")
                return False
        yesterday = _yesterday(settings)
        history_days = int(command("python", "-m", "newsroom", "history"))  # which is the newsroom's to say
        oldest = yesterday - timedelta(days=history_days - 1)
        last = yesterday - timedelta(days=DIGEST_DAYS)
        self._say(f"building the days from {oldest} to {last} …")
        built = command("newswatch", "build", "--missing", f"{oldest}..{last}", is_told=True).splitlines()
        self._say(f"  {counted(len(built), 'day')} built")
        return True

    def _wait_for_airflow(self, api: AirflowApi) -> None:
        self._say("waiting for Airflow …")
        self._attendant.until(api.is_healthy, "Airflow")
        self._attendant.insist(api.log_in)
        self._attendant.until(lambda: api.knows(*DAG_IDS), "Airflow's DAG processor")
        self._attendant.insist(lambda: api.unpause(*DAG_IDS))
        self._say("Airflow is up, its DAGs run")

    def _digests(self, api: AirflowApi, settings: Settings) -> set[date]:
        """Have Airflow issue the last week's missing digests, by a backfill as a user would start it.

        Returns the days that are still waited for: on a busy machine the run is ready before them.
        """
        yesterday = _yesterday(settings)
        wanted = {yesterday - timedelta(days=n) for n in range(DIGEST_DAYS)}
        if wanted <= self._attendant.insist(self._issued):
            return set()

        def takes_one() -> bool:
            return api.close_backfill(DAILY_DIGEST)

        due = _last_due(settings, datetime.now(settings.tz))
        # The schedule makes a run for it as soon as the DAG is on, whatever a backfill has: a second issue of one day.
        self._attendant.until(lambda: api.has_run(DAILY_DIGEST, due), "Airflow's scheduler", SCHEDULE_SECONDS)
        self._attendant.until(takes_one, "the end of an earlier run's backfill")
        missing = sorted(wanted - self._attendant.insist(self._issued))
        if not missing:
            return set()
        self._attendant.insist(lambda: api.backfill(DAILY_DIGEST, missing[0], missing[-1], reprocess="failed"))
        self._say(f"backfill of {DAILY_DIGEST} from {missing[0]} to {missing[-1]} …")
        waiting = set(missing)

        def are_all_issued() -> bool:
            nonlocal waiting
            waiting = self._newly_issued(waiting)
            return not waiting

        self._attendant.until(are_all_issued, "the backfill's digests", DIGESTS_SECONDS)
        if not waiting:  # then a user's own backfill is taken
            self._attendant.until(takes_one, "the backfill's last runs", DIGESTS_SECONDS)
        return waiting

    def _newly_issued(self, waiting: set[date]) -> set[date]:
        """Say which of the days have got their digest; returns the others."""
        if not waiting:
            return waiting
        with contextlib.suppress(TransientError):  # it is looked at again in a second
            for day in sorted(self._issued() & waiting):
                self._say(f"  digest of {day}")
                waiting = waiting - {day}
        return waiting

    def _has_tables(self) -> bool:
        """Whether any day was ever built."""
        return self._attendant.insist(lambda: self._read(lambda reader: bool(reader.builds())))

    def _issued(self) -> set[date]:
        return self._read(lambda reader: {digest.day for digest in reader.digests()})

    def _read(self, look: Callable[[Reader], T]) -> T:
        reader = Reader(load_settings(self._attendant.env))
        try:
            return look(reader)
        finally:
            reader.close()

    def _show(self, settings: Settings, waiting: set[date]) -> None:
        """Where everything is; `waiting`: days whose digests are to come."""
        yesterday = _yesterday(settings)
        facts = {
            "feeds": "the make-believe newsroom: invented stories" if self._is_newsroom else str(settings.config_dir),
            "Airflow": f"{self._attendant.env['AIRFLOW__API__BASE_URL']}   login {USER} / {self._password()}",
            "digest": f"{settings.data_url}/digests/{yesterday}/digest.html",
            "tables": f"{settings.data_url}/tables",
            "topics": str(settings.config_dir / "topics.yaml"),
            "command line": f". {_short(self._home / 'env')}; newswatch --help",
        }
        if self._is_newsroom:
            facts["real feeds"] = "NEWSWATCH_CONFIG_DIR=include make run   (data apart from these)"
        if yesterday not in waiting:
            rows = self._attendant.insist(lambda: self._read(lambda reader: reader.table("topic_days", yesterday)))
            click.echo(f"\ntopic_days of {yesterday}\n\n{_table(rows)}\n")
        for name, fact in facts.items():
            click.echo(f"{name:14}{fact}")
        if waiting and self._has_tables():
            failed = f"{self._attendant.env['AIRFLOW__API__BASE_URL']}/dags/{DAILY_DIGEST}"
            click.echo(f"\nThis machine is busy: {len(waiting)} digests are still to come. Their runs: {failed}")
        click.echo(f"\nReady after {time.monotonic() - self._began:.0f} s. Ctrl-C stops everything.")

    def _save_env(self, settings: Settings) -> None:
        """A file to source, so that `newswatch` and `airflow` in a terminal mean this run's, from any folder.

        The embedded server is not named there: `newswatch` finds it by its home, and starts it where nobody else has.
        """
        ours = ("AIRFLOW_", PREFIX, WHARF_TOKEN)
        values = {n: v for n, v in self._attendant.env.items() if n.startswith(ours) and v}
        values |= {f"{PREFIX}CONFIG_DIR": str(settings.config_dir), SOURCED: str(self._home / "env")}
        if not os.environ.get(f"{PREFIX}DATABASE_URL"):
            del values[f"{PREFIX}DATABASE_URL"]
        if "://" not in (data := values.get(f"{PREFIX}DATA_URL", "://")):
            values[f"{PREFIX}DATA_URL"] = os.path.abspath(data)
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(values.items())]
        lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
        path = self._home / "env"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def _password(self) -> str:
        passwords = Path(self._attendant.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text()
        return str(json.loads(passwords)[USER])


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with open(home / "run.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed(
                f"another `make run` works in {home}. Stop it, or set NEWSWATCH_HOME to another folder."
            ) from None
        yield


def _api_port() -> int:
    """NEWSWATCH_PORT, else 8080, else, where that is taken, a free one."""
    stated = os.environ.get("NEWSWATCH_PORT") or "0"
    if not stated.isdecimal():
        raise Failed(f"NEWSWATCH_PORT={stated!r} is no port. Write a number, 8080 for one.")
    wanted = int(stated)
    if wanted:
        if not is_free(wanted):
            raise Failed(f"port {wanted} (NEWSWATCH_PORT) is taken. Choose another one.")
        return wanted
    return 8080 if is_free(8080) else free_port()


def _yesterday(settings: Settings) -> date:
    return datetime.now(settings.tz).date() - timedelta(days=1)


def _last_due(settings: Settings, now: datetime) -> date:
    """The last day whose digest the schedule has had to issue by `now`, a time in the settings' zone."""
    is_hour_over = now.hour >= settings.digest_hour
    return now.date() - timedelta(days=1 if is_hour_over else 2)


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _table(rows: list[dict[str, object]]) -> str:
    """The day's summary as text, right-aligned numbers."""
    names = ("topic", "story_count", "mention_count", "outlet_count", "seen_story_count", "covering_feed_count")
    lines = [names, *(tuple(str(row[n]) for n in names) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


if __name__ == "__main__":
    main()
