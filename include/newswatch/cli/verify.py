"""The command `newswatch verify`: what is stored beside what the ledger says."""

from __future__ import annotations

import sys
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import click

from newswatch.cli import installation
from newswatch.cli.progress import Progress
from newswatch.text.counting import counted

if TYPE_CHECKING:
    from newswatch.pipeline import Walk

NOUNS = {"files": "files of batches", "days": "built days", "store": "stored files"}  # stages, as they are summed up
STATE_FILE = "verify.json"  # in NEWSWATCH_HOME: how far a walk got that was cut off


@click.command()
@click.option("--repair", is_flag=True, help="Make again what can be made, put the rest into quarantine/.")
@click.option("--from-start", is_flag=True, help="Begin anew where an earlier walk was cut off.")
def verify(repair: bool, from_start: bool) -> None:
    """Check every stored file against the ledger, and the ledger against the files; exit 1 if anything is wrong.

    One line a fault: its kind, the file, what is wrong. With --repair tables, trends and digests are made again, texts
    are read again from their pages' bytes, and what cannot be had again is moved to the folder quarantine/ of the data,
    with a note on what is lost; exit 1 then. Polls and builds may run meanwhile. What an earlier repair has noted is
    no fault again.
    """
    from newswatch import pipeline

    with installation.opened(pipeline.open_in_force) as nw, closing(Progress()) as progress:

        def tell(walk: Walk) -> None:
            progress(f"{walk.stage} looked at", walk.counts.get(walk.stage, 0))

        walk = pipeline.verify(nw, nw.settings.home / STATE_FILE, tell, from_start=from_start)
        progress.close()
        for fault in walk.faults:
            click.echo(fault)
        is_lost = False
        for done in pipeline.repair(nw, walk.faults, f"verify-{uuid.uuid4().hex[:8]}") if repair else ():
            click.echo(f"repaired  {done}")
            is_lost = is_lost or bool(done.lost)
    looked_at = ", ".join(f"{walk.counts.get(stage, 0)} {noun}" for stage, noun in NOUNS.items())
    if walk.faults:
        after = "see above what became of them" if repair else "`newswatch verify --repair` mends what can be mended"
        click.echo(f"{counted(len(walk.faults), 'fault')}; looked at {looked_at}: {after}.", err=True)
        sys.exit(0 if repair and not is_lost else 1)
    click.echo(f"nothing wrong: {counted(walk.story_count, 'story')}; looked at {looked_at}")
