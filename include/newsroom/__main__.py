"""``python -m newsroom``: serve the newsroom, or look at what it publishes."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from newsroom.archive import write_archive
from newsroom.config import write_config
from newsroom.feeds import HISTORY
from newsroom.server import DOMAIN, Newsroom, utc_now
from newsroom.stories import stories_of


@click.group()
def main() -> None:
    """A make-believe newsroom on loopback."""


@main.command()
@click.option("--port", default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--domain", default=DOMAIN, show_default=True)
@click.option("--now", metavar="ISO", help="The newsroom's time at the start; it runs on from there.")
@click.option("--config-dir", type=click.Path(path_type=Path), help="Write feeds.yaml and topics.yaml here.")
@click.option("--topics", type=click.Path(exists=True, path_type=Path), help="The topics file to link.")
@click.option("--broken", is_flag=True, help="Serve The Broken Buoy too: an outlet whose every feed has a fault.")
@click.option("--wharf", is_flag=True, help="Serve the wharf too: outlets that are no ordinary RSS.")
@click.option("--verbose", is_flag=True, envvar="NEWSROOM_VERBOSE", help="Log each request.")
def serve(
    port: int,
    host: str,
    domain: str,
    now: str | None,
    config_dir: Path | None,
    topics: Path | None,
    broken: bool,
    wharf: bool,
    verbose: bool,
) -> None:
    """Serve the newsroom until SIGTERM or SIGINT."""
    if (config_dir is None) != (topics is None):
        raise click.UsageError("--config-dir and --topics go together")
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    newsroom = Newsroom(port=port, host=host, domain=domain, clock=_clock(now), is_broken_on=broken, is_wharf_on=wharf)
    try:
        newsroom.start()
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    try:
        if config_dir and topics:
            write_config(config_dir, port=newsroom.port, domain=domain, topics=topics, broken=broken, wharf=wharf)
        click.echo(f"newsroom listening on http://{domain}:{newsroom.port}")
        sys.stdout.flush()
        done.wait()
    finally:
        newsroom.stop()


@main.command()
def history() -> None:
    """Print how many days the feeds reach back."""
    click.echo(HISTORY.days)


@main.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
def show(day: datetime) -> None:
    """Print a day's stories: time, outlet, language, headline, topics."""
    for story in stories_of(day.date()):
        facts = ", ".join(sorted(story.topics) + [f"trap:{trap}" for trap in sorted(story.traps)])
        reprint = " (reprint)" if story.origin else ""
        click.echo(
            f"{story.published_at:%H:%M}  {story.outlet_id:<10} {story.language}  "
            f"{story.headline}{reprint}{f'  [{facts}]' if facts else ''}"
        )


@main.command()
@click.argument("first", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("last", type=click.DateTime(["%Y-%m-%d"]))
def counts(first: datetime, last: datetime) -> None:
    """Print how many stories each day has: all, on New START, on Donetsk."""
    click.echo(f"{'day':<14} {'all':>5} {'new-start':>10} {'donetsk':>8}")
    rows: list[tuple[int, int, int]] = []
    for day in _days(first.date(), last.date()):
        topics = [story.topics for story in stories_of(day)]
        row = (len(topics), sum("new-start" in t for t in topics), sum("donetsk" in t for t in topics))
        rows.append(row)
        click.echo(f"{day:%Y-%m-%d %a} {row[0]:>5} {row[1]:>10} {row[2]:>8}")
    total = [sum(column) for column in zip(*rows, strict=True)]
    if total:
        click.echo(f"{'total':<14} {total[0]:>5} {total[1]:>10} {total[2]:>8}")


@main.command()
@click.argument("first", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("last", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--port", type=int, help="Port of the pages' addresses.")
@click.option("--others", default=0, help="After each story its page as so many other sites have it.")
def archive(first: datetime, last: datetime, file: Path, port: int | None, others: int) -> None:
    """Write the pages of the days to a WARC file (.warc.gz), for `newswatch recover --archive`."""
    count = write_archive(file, first.date(), last.date(), port=port, others=others)
    click.echo(f"{count} records")


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(ordinal) for ordinal in range(first.toordinal(), last.toordinal() + 1)]


def _clock(start: str | None) -> Callable[[], datetime]:
    """The real clock, or one that began at ``start`` and runs on; a start without a zone is UTC."""
    if start is None:
        return utc_now
    try:
        moment = datetime.fromisoformat(start)
    except ValueError as error:
        raise click.BadParameter(f"{start!r} is no ISO time", param_hint="--now") from error
    offset: timedelta = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - utc_now()
    return lambda: utc_now() + offset


if __name__ == "__main__":
    main(prog_name="newsroom")
