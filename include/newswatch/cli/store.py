"""The commands `newswatch backup`, `restore`, `maintain`: what is stored, copied elsewhere, brought back, tidied."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import click

from newswatch.cli import installation
from newswatch.cli.progress import Progress
from newswatch.local_days import spans
from newswatch.text.counting import counted


@click.command()
@click.argument("dest")
def backup(dest: str) -> None:
    """Copy the ledger and all files that it names to DEST, a folder or fsspec URL of backups.

    Polls and builds may run meanwhile: the copy is of the moment at which it began. A second one to the same DEST adds
    what is new; earlier ones stay as they are. Exit 1 where a file was lost or damaged before: all else is copied. The
    passwords, connections and runs that Airflow keeps are no part of it.
    """
    from newswatch import pipeline

    with closing(Progress()) as progress:
        report = pipeline.backup(installation.named(), dest, progress)
    made = report.manifest
    click.echo(
        f"backup {made.name}: {counted(made.file_count, 'file')} of {_size(made.byte_count)}, "
        f"{counted(sum(table.row_count for table in made.tables.values()), 'row')}; "
        f"new in {dest}: {counted(report.new_object_count, 'object')} of {_size(report.new_byte_count)}"
    )
    if made.unbuilt:
        click.echo(
            f"{counted(len(made.unbuilt), 'day')} built anew meanwhile, or with damaged tables: "
            "a restore lets them be built."
        )
    if made.problems:
        _name(made.problems)
        click.echo("All else is copied. `newswatch verify --repair` says what can be had again.", err=True)
        sys.exit(1)


@click.command()
@click.argument("src")
@click.option("--name", help="The backup to bring back, as --list shows it (default: the newest).")
@click.option("--list", "only_lists", is_flag=True, help="Only show which backups there are.")
@click.option("--leave-damaged", is_flag=True, help="Go on without files whose copies are lost or damaged.")
def restore(src: str, name: str | None, only_lists: bool, leave_damaged: bool) -> None:
    """Bring a backup back from SRC, the folder or URL that `newswatch backup` filled.

    Data folder and ledger of the environment must be empty. Every file is compared with its hash before it counts. A
    restore that was cut off goes on when it is asked again.
    """
    from newswatch import pipeline

    if only_lists:
        for known in pipeline.backups_in(src):
            click.echo(known)
        return
    settings = installation.named(fills_it=True)
    with closing(Progress()) as progress:
        report = pipeline.restore(settings, src, progress, name=name, leaves_damaged=leave_damaged)
    manifest = report.manifest
    files = counted(manifest.file_count - len(report.damaged), "file")
    click.echo(f"restored {manifest.name}: {files}, days of {manifest.timezone}")
    if report.unbuilt:
        click.echo(f"To be built, as the next polls do: newswatch build {spans(report.unbuilt)}")
    if report.remark:
        click.echo(report.remark, err=True)
    if manifest.timezone != settings.timezone:
        click.echo(f"Set NEWSWATCH_TIMEZONE={manifest.timezone}, the zone of the days that were brought back.")
    if manifest.problems or report.damaged:
        _name(dict(manifest.problems) | dict.fromkeys(report.damaged, "lost in the backup"))
        sys.exit(1)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def maintain(dry_run: bool) -> None:
    """Tidy what is stored: what killed writers left, files that nothing counts on, and what the policy lets go.

    The policy is in the settings (`newswatch settings`): NEWSWATCH_ORPHAN_DAYS, _AS_KNOWN_DAYS, _RAW_FEED_DAYS,
    _RAW_LIMIT_BYTES, _KEEP_ROWS, _LOW_DISK_BYTES. By itself it keeps all that the ledger counts on. Polls and builds
    may run meanwhile.
    """
    from newswatch import pipeline

    with installation.opened(pipeline.open_in_force) as nw, closing(Progress()) as progress:
        report = pipeline.maintain(replace(nw, progress=progress), is_dry_run=dry_run)
    for sweep in report.sweeps:
        size = "" if sweep.byte_count is None else f", {_size(sweep.byte_count)}"
        click.echo(f"{'would be ' if dry_run else ''}{sweep.done}: {sweep.count}{size}")
    if not report.sweeps:
        click.echo("nothing to be done")
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)


def _name(problems: Mapping[str, str]) -> None:
    for path, problem in problems.items():
        click.echo(f"{path}: {problem}", err=True)


def _size(count: int) -> str:
    """Bytes for people."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
