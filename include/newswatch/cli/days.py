"""The commands `newswatch days …`: what is made of a day, and in which time zone days are counted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from newswatch.cli import installation
from newswatch.cli.params import Days
from newswatch.local_days import spans
from newswatch.text.counting import counted

if TYPE_CHECKING:
    from newswatch.pipeline import RezoneReport


@click.group("days")
def days() -> None:
    """Forget days, or count what is stored in days of another time zone."""


@days.command()
@click.option("--yes", is_flag=True, help="Move them; without it only what would move is shown.")
def rezone(yes: bool) -> None:
    """Move what is stored to its days in the zone of NEWSWATCH_TIMEZONE, after that was changed.

    Stories, polls, outcomes and covered days move, all or nothing; stored bytes and issued digests stay as they are.
    The tables of every day that is touched are to be made again: the next runs of the DAG poll_feeds see to that, or
    `newswatch build` does it. Asked again, it says whether any day is still one of another zone.
    """
    from newswatch import pipeline

    report = pipeline.rezone(installation.named(), is_dry_run=not yes)
    if report.before == report.after and not report.touched:
        click.echo(f"What is stored is counted in days of {report.after}: nothing is to be moved.")
        return
    moved = sum(report.story_moves.values())
    verb = "moved" if yes else "would move"
    click.echo(f"{report.before} to {report.after}: {moved} of {counted(report.story_count, 'story')} {verb}")
    for (old, new), count in report.story_moves.items():
        click.echo(f"{old} → {new}  {count}")
    _tell_what_follows(report, is_done=yes)


def _tell_what_follows(report: RezoneReport, *, is_done: bool) -> None:
    if report.touched:
        click.echo(f"Tables to be made again: {spans(report.touched)}")
    if report.issued:
        click.echo(f"Digests that stay as issued until their day is built by hand: {spans(report.issued)}")
    if not is_done:
        click.echo("Nothing was moved yet: `newswatch days rezone --yes` does it.")


@days.command()
@click.argument("which", nargs=-1, required=True, type=Days(), metavar="DAY...")
def forget(which: tuple[list[date], ...]) -> None:
    """Take the tables and digests of each DAY away, as of one that was built by a slip; stories stay.

    What has been sent to readers stays with them. `newswatch build DAY` makes tables and a first digest again.
    """
    from newswatch import pipeline

    with installation.opened(pipeline.open_newswatch) as nw:
        for day in (day for group in which for day in group):
            done = pipeline.forget_day(nw, day)
            issues = counted(done.issue_count, "issue")
            found = "tables" if done.had_tables else "no tables"
            click.echo(f"{day}  {found} and {issues} of its digest taken away; its stories stay")
