"""Which installation a command works on, and what it says of it on standard error."""

from __future__ import annotations

import fcntl
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import click

from newswatch.errors import ConfigError
from newswatch.settings import PREFIX, SHIPPED_CONFIG_DIR, Settings, forget_sourced, load_settings, without_secrets

if TYPE_CHECKING:
    from newswatch.pipeline import Newswatch

# What `make run` leaves in its home: variables to source, and a file that it holds locked for as long as it runs.
ENV_FILE = "env"
LOCK_FILE = "run.lock"
_PLACES = (f"{PREFIX}HOME", f"{PREFIX}DATA_URL", f"{PREFIX}DATABASE_URL")


def chosen() -> Settings:
    """The settings of the environment; with `--home` those of the installation in that folder. Errors as there."""
    home: Path | None = click.get_current_context().find_root().params.get("home")
    if home is None:
        return load_settings()
    own = dict(os.environ)
    forget_sourced(own)
    own = {name: value for name, value in own.items() if name not in _PLACES}
    return load_settings({**own, **_env_of(home), f"{PREFIX}HOME": str(home)})


def log_to_stderr() -> None:
    """Where the logs of what follows go; with `--verbose` all of them, else those of failures."""
    import structlog  # it takes a tenth of a second, which a command without logs need not wait

    is_verbose = click.get_current_context().find_root().params["verbose"]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if is_verbose else logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if chosen().json_logs:
        import structlog.processors as p

        as_json = p.JSONRenderer(ensure_ascii=False, default=str)
        structlog.configure(processors=[p.add_log_level, p.TimeStamper("iso", utc=True), p.dict_tracebacks, as_json])


def named(*, fills_it: bool = False) -> Settings:
    """The chosen settings, for a command that opens what is stored by itself; logs and standard error are set up.

    `fills_it`: as in `opened`. Raises ConfigError where there is no installation and the command fills none.
    """
    from newswatch import pipeline

    log_to_stderr()
    settings = chosen()
    tell_which(settings)
    if not fills_it and not pipeline.is_installed(settings):
        raise ConfigError(
            [
                f"There is no installation in {settings.home}: nothing was ever polled there, and nothing is made now. "
                "`newswatch poll` makes one; --home or NEWSWATCH_HOME mean another folder."
            ]
        )
    return settings


@contextmanager
def opened(open_: Callable[[Settings], Newswatch], *, fills_it: bool = False) -> Iterator[Newswatch]:
    """The chosen installation, opened; says which it is where another one runs, and whether it is empty.

    `fills_it`: the command is what puts something into an empty one, and makes one where there is none.
    """
    settings = named(fills_it=fills_it)
    with closing(open_(settings)) as nw:
        if not fills_it and nw.is_empty():
            click.echo(f"newswatch: the ledger is empty, nothing was ever polled: {_ledger(settings)}", err=True)
        yield nw


def tell_which(settings: Settings) -> None:
    """Name the installation on standard error where others run and it is none of them, with the line to source."""
    others = dict(_running(settings.home))
    if not others or any(_places(settings) == _places(other) for other in others.values()):
        return
    config, ledger, data = _places(settings)
    click.echo(f"newswatch: this works on config {config}, ledger {ledger}, data {data}.", err=True)
    for home in others:
        click.echo(f"Another installation runs. To mean that one:  . {shlex.quote(str(home / ENV_FILE))}", err=True)


def _places(settings: Settings) -> tuple[str, str, str]:
    return str(settings.config_dir), _ledger(settings), without_secrets(settings.data_url)


def _ledger(settings: Settings) -> str:
    is_own = not settings.database_url or f"{settings.home}/" in unquote_plus(settings.database_url)
    return f"{settings.home}/postgres" if is_own else without_secrets(settings.database_url)


def _running(home: Path) -> Iterator[tuple[Path, Settings]]:
    """Homes of the installations beside `home` and beside the shipped configuration that run, with their settings."""
    folders = dict.fromkeys((home.parent, SHIPPED_CONFIG_DIR.parent / "var"))
    for lock in (path for folder in folders for path in sorted(folder.glob(f"*/{LOCK_FILE}"))):
        if _is_held(lock):
            try:
                yield lock.parent, load_settings(_env_of(lock.parent))
            except ConfigError:
                continue  # one of another version, or one that has only begun


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go of again at once
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _env_of(home: Path) -> dict[str, str]:
    """Newswatch's variables out of the file to source. An older one names the embedded server, which may not run."""
    try:
        lines = (home / ENV_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in lines if line.startswith(f"export {PREFIX}"))
    found = {name: "".join(shlex.split(value)) for name, _, value in pairs}
    if f"{home.resolve()}/" in unquote_plus(found.get(f"{PREFIX}DATABASE_URL", "")):
        del found[f"{PREFIX}DATABASE_URL"]
    return found
