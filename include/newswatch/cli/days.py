"""The commands `newswatch days …`: what is stored, counted in days of another time zone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

import click

from newswatch.settings import load_settings

if TYPE_CHECKING:
    from newswatch.pipeline import RezoneReport


@click.group("days")
def days() -> None:
    """Count what is stored in days of another time zone."""


@days.command()
@click.option("--yes", is_flag=True, help="Move them; without it only what would move is shown.")
def rezone(yes: bool) -> None:
    """Move what is stored to its days in the zone of NEWSWATCH_TIMEZONE, after that was changed.

    Stories, polls, outcomes and covered days move, all or nothing; stored bytes and issued digests stay as they are.
    The tables of every day that is touched are to be made again: the next runs of the DAG poll_feeds see to that, or
    `newswatch build` does it. Asked again, it says whether any day is still one of another zone.
    """
    from newswatch import pipeline

    report = pipeline.rezone(load_settings(), is_dry_run=not yes)
    if report.before == report.after and not report.touched:
        click.echo(f"What is stored is counted in days of {report.after}: nothing is to be moved.")
        return
    moved = sum(report.story_moves.values())
    verb = "moved" if yes else "would move"
    click.echo(f"{report.before} to {report.after}: {moved} of {report.story_count} stories {verb}")
    for (old, new), count in report.story_moves.items():
        click.echo(f"{old} → {new}  {count}")
    _tell_what_follows(report, is_done=yes)


def _tell_what_follows(report: RezoneReport, *, is_done: bool) -> None:
    if report.touched:
        click.echo(f"Tables to be made again: {_spans(report.touched)}")
    if report.issued:
        click.echo(f"Digests that stay as issued until their day is built by hand: {_spans(report.issued)}")
    if not is_done:
        click.echo("Nothing was moved yet: `newswatch days rezone --yes` does it.")


def _spans(days: Collection[date]) -> str:
    """Days in order as `newswatch build` takes them: runs of them as ranges."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return " ".join(f"{run[0]}..{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
