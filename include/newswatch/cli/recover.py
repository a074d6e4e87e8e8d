"""The command `newswatch recover`: a feed's past, from what its site still lists."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from newswatch.cli import installation
from newswatch.cli.progress import Progress
from newswatch.text.counting import counted

OWNER = "command line: recover"
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FEED...")
@click.option("--from", "first", type=DAY, required=True, help="First day, in the configured time zone.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--source", "kinds", multiple=True, help="Only this source (may be given more than once); else all.")
@click.option("--list", "file", type=click.Path(dir_okay=False, path_type=Path), help="Pages that you know, see below.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many pages, the newest first.")
@click.option("--dry-run", is_flag=True, help="Only say what is found.")
@click.option("--yes", is_flag=True, help="Fetch without asking.")
def recover(
    names: tuple[str, ...],
    first: datetime,
    last: datetime,
    kinds: tuple[str, ...],
    file: Path | None,
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
    """
    from newswatch import pipeline

    wanted = pipeline.PastWanted(names, first.date(), last.date(), kinds, limit=limit, list_file=file)
    with closing(Progress()) as progress, installation.opened(pipeline.open_newswatch, fills_it=True) as opened:
        nw = replace(opened, progress=progress)
        found = pipeline.find_past(nw, wanted)
        progress.close()
        click.echo("\n".join((*found.report.source_lines(), *found.report.summary())))
        if dry_run or not (yes or not found.pages or click.confirm("Fetch them?", default=True)):
            click.echo("Nothing was noted or fetched.")
            return
        dirty = pipeline.note_past(nw, found, OWNER)
        fetched = pipeline.fetch_past(nw, OWNER)
        tagged = pipeline.tag_new(nw, OWNER)
    click.echo(f"pages    {_counts(fetched.page_outcomes)}")
    click.echo(f"stories  {fetched.story_count} new; {_counts(tagged.topic_story_counts)}")
    if touched := dirty | fetched.dirty_days:
        click.echo(
            f"{counted(len(touched), 'day')} to be built: a running Airflow does, or newswatch build "
            f"{min(touched)}..{max(touched)} --no-digest"
        )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
