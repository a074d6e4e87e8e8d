"""The command `newswatch recover`: a feed's past, from what its site still lists."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newswatch.cli import installation
from newswatch.cli.progress import Progress
from newswatch.text.counting import counted, named_counts

if TYPE_CHECKING:
    from newswatch.pipeline import ArchiveWanted, TagReport

OWNER = "command line: recover"
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("names", nargs=-1, metavar="FEED...")
@click.option("--from", "first", type=DAY, required=True, help="First day, in the configured time zone.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--source", "kinds", multiple=True, help="Only this source (may be given more than once); else all.")
@click.option("--list", "file", type=click.Path(dir_okay=False, path_type=Path), help="Pages that you know, see below.")
@click.option("--archive", type=click.Path(exists=True, path_type=Path), help="Take saved pages, see below.")
@click.option("--matching", is_flag=True, help="Of an archive only stories that mention a topic.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many pages, the newest first.")
@click.option("--dry-run", is_flag=True, help="Only say what is found.")
@click.option("--yes", is_flag=True, help="Fetch without asking.")
def recover(
    names: tuple[str, ...],
    first: datetime,
    last: datetime,
    kinds: tuple[str, ...],
    file: Path | None,
    archive: Path | None,
    matching: bool,
    limit: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Fetch stories that FEED (a feed's id or an outlet's name) published before it was polled.

    Looks for what the site lists of those days: sitemaps (sitemap), WordPress' interface (wordpress), pages that follow
    the feed (paged_feed); shows what each has, asks, and fetches what is new, as politely as a poll. Cut off it goes on
    when it is called again.

    --list FILE: pages that you know, one address a line, or CSV whose first line is url,date,title (the last two may be
    missing), in place of all sources.

    --archive PATH: pages that somebody has saved: a WARC or WACZ file, a folder of such, or a folder of HTML files with
    a manifest.csv (file,url,date,title). Nobody is asked. Pages of FEED's sites, without FEED those of all feeds.
    """
    from newswatch import pipeline

    if archive:
        of_archive = pipeline.ArchiveWanted(archive, first.date(), last.date(), names, is_matching=matching)
        return _import(of_archive, is_dry_run=dry_run)
    wanted = pipeline.PastWanted(names, first.date(), last.date(), kinds, limit=limit, list_file=file)
    with closing(Progress()) as progress, installation.opened(pipeline.open_newswatch, fills_it=not dry_run) as opened:
        nw = replace(opened, progress=progress)
        found = pipeline.find_past(nw, wanted)
        progress.close()
        click.echo("\n".join((*found.report.source_lines(), *found.report.summary())))
        if dry_run or not (yes or not found.pages or click.confirm("Fetch them?", default=True)):
            click.echo("Nothing was noted or fetched.")
            return None
        pipeline.note_past(nw, found, OWNER)
        fetched = pipeline.fetch_past(nw, OWNER)
        covered = pipeline.cover_past(nw, found.covered)
        tagged = pipeline.tag_new(nw, OWNER)
    _say(fetched.page_outcomes, fetched.story_count, tagged, covered | fetched.dirty_days)
    return None


def _import(wanted: ArchiveWanted, *, is_dry_run: bool) -> None:
    from newswatch import pipeline

    with (
        closing(Progress()) as progress,
        installation.opened(pipeline.open_newswatch, fills_it=not is_dry_run) as opened,
    ):
        nw = replace(opened, progress=progress)
        report = pipeline.import_archive(nw, wanted, OWNER, is_dry_run=is_dry_run)
        tagged = None if is_dry_run else pipeline.tag_new(nw, OWNER)
    click.echo(f"records  {report.record_count}; passed over: {named_counts(report.passed_over)}")
    for fault in report.faults:
        click.echo(f"damaged  {fault}", err=True)
    if tagged is None:
        click.echo(f"pages    {named_counts(report.page_outcomes)}\nNothing was read: this was a dry run.")
    else:
        _say(report.page_outcomes, report.story_count, tagged, report.dirty_days)
    if report.faults:
        sys.exit(1)


def _say(outcomes: Mapping[str, int], story_count: int, tagged: TagReport, touched: Collection[date]) -> None:
    click.echo(f"pages    {named_counts(outcomes)}")
    click.echo(f"stories  {story_count} new; {named_counts(tagged.topic_story_counts)}")
    if touched:
        click.echo(
            f"{counted(len(touched), 'day')} to be built: a running Airflow does, or newswatch build "
            f"{min(touched)}..{max(touched)} --no-digest"
        )
