"""The commands `newswatch export` and `import`: stories with their bytes from one installation to another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date

import click

from newswatch.cli import installation
from newswatch.cli.params import Days
from newswatch.cli.progress import Progress
from newswatch.local_days import spans
from newswatch.text.counting import counted

OWNER = "command line: import"


@click.command()
@click.argument("dest")
@click.argument("days", nargs=-1, required=True, type=Days(), metavar="DAY...")
def export(dest: str, days: Sequence[list[date]]) -> None:
    """Write the stories of the days with their pages' bytes to DEST, a new folder or fsspec URL.

    Parquet for the stories, WARC for their pages, and which days each feed covers. For `newswatch import` in another
    installation, or for any program that reads these formats. A whole installation moves by backup and restore.
    """
    from newswatch import pipeline

    wanted = sorted({day for given in days for day in given})
    with closing(Progress()) as progress, installation.opened(pipeline.open_in_force) as nw:
        report = pipeline.export_stories(replace(nw, progress=progress), dest, wanted)
    click.echo(
        f"{counted(report.story_count, 'story', 'stories')} of {counted(len(wanted), 'day')}, "
        f"{counted(report.page_count, 'page')}, {report.byte_count / 1e6:.1f} MB, in {dest}"
    )
    _name("without its page", report.lost)


@click.command("import")
@click.argument("src")
def import_(src: str) -> None:
    """Take over the stories of SRC, the folder or URL that `newswatch export` filled; those that are known stay.

    Every file is compared with its hash first. Cut off it goes on when it is called again.
    """
    from newswatch import pipeline

    with closing(Progress()) as progress, installation.opened(pipeline.open_newswatch, fills_it=True) as opened:
        nw = replace(opened, progress=progress)
        report = pipeline.import_stories(nw, src, OWNER)
        pipeline.tag_new(nw, OWNER)
    click.echo(
        f"{counted(report.story_count, 'new story', 'new stories')}, {counted(report.page_count, 'page')}; "
        f"{report.known_count} known"
    )
    if report.dirty_days:
        click.echo(f"To be built: a running Airflow does, or newswatch build --no-digest {spans(report.dirty_days)}")
    _name("left out", report.damaged)


def _name(what: str, faults: Sequence[str]) -> None:
    """Name what is wrong, and end with exit 1 where anything is."""
    for fault in faults:
        click.echo(f"{what}: {fault}", err=True)
    if faults:
        sys.exit(1)
