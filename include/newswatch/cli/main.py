"""The command `newswatch`: the pipeline's verbs without Airflow."""

from __future__ import annotations

import gc
import json
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newswatch import __version__
from newswatch.cli import days as days_commands
from newswatch.cli import exchange, installation, store
from newswatch.cli.feeds import feeds
from newswatch.cli.params import Days, Moment
from newswatch.cli.progress import Progress
from newswatch.cli.recover import recover
from newswatch.cli.topics import topics
from newswatch.cli.verify import verify
from newswatch.errors import ConfigError, NewswatchError
from newswatch.local_days import spans
from newswatch.settings import Settings, without_secrets
from newswatch.text.counting import counted, named_counts

if TYPE_CHECKING:
    from newswatch.config.catalogue import Catalogue
    from newswatch.pipeline import Newswatch, ReextractReport


EXAMPLES = 5  # of feeds that failed, where all of them did
OWNER = "newswatch poll"  # of leases: the next call goes on with what a killed one had taken


class _Group(click.Group):
    """Turns Newswatch's own errors into a message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
        except NewswatchError as error:
            click.echo(f"newswatch: {error}", err=True)
        except BrokenPipeError:  # the reader, `head` for one, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            if not _is_of_another_schema(error):
                raise
            click.echo(f"newswatch: the ledger's schema is not this version's: {_first_line(error)}", err=True)
            click.echo("`newswatch migrate` brings an older one up to date; a newer one needs its version.", err=True)
        sys.exit(1)


def _is_of_another_schema(error: Exception) -> bool:
    """Whether the database lacks a table or column."""
    return getattr(getattr(error, "orig", None), "pgcode", None) in ("42P01", "42703")  # PostgreSQL, appendix A


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@click.group(cls=_Group, epilog="Environment: NEWSWATCH_CONFIG_DIR, NEWSWATCH_DATA_URL, NEWSWATCH_DATABASE_URL.")
@click.version_option(__version__)
@click.option("--verbose", is_flag=True, help="Log what is done to standard error.")
@click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Folder of the installation that is meant, such as var/newsroom; goes before NEWSWATCH_HOME.",
)
def main(verbose: bool, home: Path | None) -> None:  # both are read where an installation is chosen and opened
    """Watch news feeds for topics: poll, build days, and ask why a story is there.

    feeds.yaml and topics.yaml are read from NEWSWATCH_CONFIG_DIR (default: the folder include/). Data go to
    NEWSWATCH_DATA_URL, a folder or fsspec URL, and small facts to the PostgreSQL at NEWSWATCH_DATABASE_URL (default: an
    embedded server, started when needed).
    """
    gc.set_threshold(50_000, 20, 20)  # most of what a start makes stays: looking it through again is a tenth of `check`


main.add_command(days_commands.days)
main.add_command(exchange.export)
main.add_command(exchange.import_)
main.add_command(feeds)
main.add_command(recover)
main.add_command(topics)
main.add_command(store.backup)
main.add_command(store.maintain)
main.add_command(store.restore)
main.add_command(verify)


@contextmanager
def _open(*, fills_it: bool = False) -> Iterator[Newswatch]:
    from newswatch.pipeline import open_newswatch, publish_staged

    progress = Progress()
    with installation.opened(open_newswatch, fills_it=fills_it) as nw:
        try:
            publish_staged(nw)
            yield replace(nw, progress=progress)
        finally:
            progress.close()


def _line(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


@main.command()
@click.option("--live", is_flag=True, help="Fetch each listing page too, and say how many links its selector finds.")
def check(live: bool) -> None:
    """Check feeds.yaml and topics.yaml and run every topic's examples; exit 1 if anything is wrong."""
    from newswatch.config.catalogue import load_catalogue

    settings = installation.chosen()
    catalogue = load_catalogue(settings.config_dir)
    examples = sum(len(t.examples.match) + len(t.examples.no_match) for t in catalogue.topics)
    feeds, outlets = counted(len(catalogue.feeds), "feed"), counted(len(catalogue.outlets), "outlet")
    click.echo(
        f"{feeds} of {outlets} and {counted(len(catalogue.topics), 'topic')} are well formed; all {examples} examples "
        f"hold. Topics version {catalogue.topics_version}."
    )
    click.echo(
        "They are in force from the next poll. Days that have tables keep those until they are built again: "
        "newswatch build FIRST..LAST"
    )
    if live and not _are_pages_well(catalogue, settings):
        sys.exit(1)


def _are_pages_well(catalogue: Catalogue, settings: Settings) -> bool:
    """Whether each listing page has links, with a line for each."""
    from newswatch.pipeline import check_pages

    checks = check_pages(catalogue.feeds, settings)
    if not checks:
        click.echo("No feed is a listing page (`kind: page`): nothing was fetched.")
    for done in checks:
        if done.problem:
            click.echo(f"{done.feed_id}: {done.problem}", err=True)
        else:
            first = f"; the first: “{done.titles[0]}”" if done.titles[0] else "; the first has no text"
            click.echo(f"{done.feed_id}: {counted(len(done.titles), 'link')}, {done.dated_count} with a day{first}")
    return not any(done.problem for done in checks)


@main.command()
@click.option("--due", is_flag=True, help="Only feeds whose turn it is, as the scheduled run does.")
def poll(due: bool) -> None:
    """Poll all feeds now, fetch the pages of new entries and say what they mention; exit 1 if no feed could be read."""
    from newswatch import pipeline

    with _open(fills_it=True) as nw:
        feed_ids = [f for shard in pipeline.plan_poll(nw, 1, only_due=due) for f in shard.feed_ids]
        polled = pipeline.poll(nw, feed_ids, OWNER)
        fetched = pipeline.fetch_pending(nw, OWNER)
        visited = pipeline.visit_due(nw, OWNER)
        tagged = pipeline.tag_new(nw, OWNER)
    click.echo(f"feeds    {named_counts(polled.feed_outcomes)}")
    click.echo(f"entries  {named_counts(polled.entry_outcomes)}")
    click.echo(f"pages    {named_counts(fetched.page_outcomes)}")
    if visited.outcomes:
        click.echo(f"visits   {named_counts(visited.outcomes)}")
    click.echo(f"stories  {fetched.story_count} new; {named_counts(tagged.topic_story_counts)}")
    if polled.held_count:
        left_out = counted(polled.held_count, "feed")
        click.echo(f"Left out, since somebody else polls just now: {left_out}.")
    if fetched.is_out_of_time:
        click.echo("The time for fetching was used up: the rest is pending, the next poll goes on with it.")
    if polled.feed_outcomes and not polled.is_any_read:
        click.echo("No feed could be read. Is there a network?", err=True)
        for feed_id, outcome, detail in polled.failures[:EXAMPLES]:
            click.echo(f"  {feed_id}: {outcome}  {detail}".rstrip(), err=True)
        if len(polled.failures) > EXAMPLES:
            click.echo(f"  … and {len(polled.failures) - EXAMPLES} more, in the table `outcomes`", err=True)
        sys.exit(1)


@main.command()
@click.argument("days", nargs=-1, required=True, type=Days(), metavar="DAY...")
@click.option("--digest/--no-digest", default=True, show_default=True, help="Issue the day's digest too.")
@click.option("--empty", is_flag=True, help="Build days too of which nothing is stored: their tables say zero.")
@click.option("--missing", is_flag=True, help="Only days of which something is stored and that were never built.")
@click.option("--extract", is_flag=True, help="First read the day's stories anew from their stored bytes.")
@click.option(
    "--as-known-at", type=Moment(), help="Tables alone, of what was committed before then, in a folder apart."
)
def build(
    days: tuple[list[date], ...], digest: bool, empty: bool, missing: bool, extract: bool, as_known_at: datetime | None
) -> None:
    """Build the tables and the digest of each DAY (2026-11-22, or 2026-11-16..2026-11-22) from what is stored.

    Stories are tagged with the topics of today's topics.yaml. A day that has a digest gets a numbered re-issue. With
    --extract their text, date and all else is first read again from the pages' bytes; a story with a better date moves
    to its day, which is to be built too.

    With --as-known-at the tables say what was known at that moment, by today's topics and code; they are put into a
    folder of their own, and those in force stay as they are.
    """
    from newswatch import pipeline

    run_id = f"cli-{uuid.uuid4().hex[:8]}"
    with _open() as nw:
        wanted = [day for group in days for day in group]
        if as_known_at:
            if extract or missing:
                raise click.UsageError("--as-known-at goes with neither --extract nor --missing.")
            at = as_known_at if as_known_at.tzinfo else as_known_at.replace(tzinfo=nw.settings.tz)
            if at > nw.clock():
                raise click.UsageError(f"--as-known-at {at}: nothing is known of the future.")
            for day in wanted:
                click.echo(f"{day}  as known at {at}: {nw.store.locate(pipeline.build_as_known(nw, day, at))}")
            return
        pipeline.refuse_days_to_come(nw, wanted)
        if not (empty or missing) and (none := pipeline.without_anything(nw, wanted)):
            raise NewswatchError(
                f"Nothing is stored of {spans(none)}: no story, no poll, no feed that reached over it. With --empty "
                "tables and digests of zeros are made all the same."
            )
        chosen = pipeline.never_built(nw, wanted) if missing else wanted
        for number, day in enumerate(chosen):
            nw.progress("days built", number, len(chosen))
            if extract:
                click.echo(_reextracted(pipeline.reextract_day(nw, day, run_id), day))
            built = pipeline.build_day(nw, day)
            text = f"{day}  {counted(built.story_count, 'story')}; {named_counts(built.topic_story_counts)}"
            if digest:
                issued = pipeline.issue_digest(nw, day, run_id)
                text += f"; digest {issued.number}: {nw.store.locate(issued.html_path)}"
            click.echo(text)


def _reextracted(done: ReextractReport, day: date) -> str:
    moved = f"; some moved to {', '.join(map(str, done.moved_to))}" if done.moved_to else ""
    failed = f"; {done.failed_count} could not be, and stay as they were" if done.failed_count else ""
    lost = f"; damaged or missing: {', '.join(done.lost_files)}" if done.lost_files else ""
    read = f"{counted(done.story_count, 'story')} read again"
    return f"{day}  {read}, {done.changed_count} read otherwise{failed}{lost}{moved}"


@main.command()
@click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", help="The page's address, needed with PATH.")
@click.option(
    "--manifest", type=click.File(encoding="utf-8"), help='JSON lines {"path": …, "url": …}; - reads standard input.'
)
def extract(path: Path | None, url: str | None, manifest: Any) -> None:
    """Extract the story of one saved page, or of each page that a manifest lists: one JSON line a page.

    A page that gives no story gets a line with `error`, and where none gives one the exit code is 1. A path is taken
    from the current folder; .gz is unpacked. Lines that recur in several stories of a host are learnt from the manifest
    and cut; `cut` shows all that was, and why.
    """
    if (path is None) == (manifest is None) or (path is not None and not url):
        raise click.UsageError("Give a PATH with --url, or --manifest alone.")
    from newswatch.pipeline import offline

    pages = [(str(path), str(url))] if path else offline.read_manifest(manifest)
    installation.log_to_stderr()
    failed = 0
    for result in offline.extract_pages(pages, installation.chosen()):
        failed += "error" in result
        _line(result)
    if failed:
        click.echo(f"newswatch: {failed} of {counted(len(pages), 'page')} gave no story.", err=True)
    if failed == len(pages):
        sys.exit(1)


@main.command()
def tag() -> None:
    """Tag texts: JSON lines {"id", "title", "text"} in (title and language optional), one JSON line a mention out.

    Offsets count characters of the title where the zone is headline, else of the text; the end is exclusive. A line
    that is no such object is named on standard error, the others are tagged, and the exit code is 1.
    """
    from newswatch.config.catalogue import load_catalogue
    from newswatch.topics.json_lines import tag_lines
    from newswatch.topics.matcher import Matcher

    failed = 0
    matcher = Matcher(load_catalogue(installation.chosen().config_dir).topics)
    for result in tag_lines(sys.stdin, matcher):
        if isinstance(result, str):
            failed += 1
            click.echo(result, err=True)
        else:
            _line(result)
    if failed:
        sys.exit(1)


@main.command()
@click.argument("url")
def explain(url: str) -> None:
    """Print all that is known of the story at URL: bytes, claims, lines, what was cut, mentions, revisions, days."""
    from newswatch import pipeline

    with _open() as nw:
        click.echo(json.dumps(pipeline.explain(nw, url), ensure_ascii=False, indent=2, default=str))


@main.command()
@click.option("--to", metavar="SCHEMA", help="Go back to an earlier schema, for an earlier version of Newswatch.")
def migrate(to: str | None) -> None:
    """Bring the ledger's schema to this version. Every other command does so by itself.

    --to SCHEMA brings it back, before an earlier version is installed again: what only later schemas can hold is
    dropped. Stop Airflow first; any other command of this version brings it forward again.
    """
    with _open(fills_it=to is None) as nw:
        if to is None:
            click.echo("The ledger is up to date.")
        else:
            nw.ledger.go_back(to)
            click.echo(f"The ledger is of schema {to}. Run the version that knows no later one now.")


@main.command("settings")
def show_settings() -> None:
    """Print the settings in force, each with its environment variable and meaning. A password is not shown."""
    settings = installation.chosen()
    for name, field in Settings.model_fields.items():
        value = without_secrets(str(getattr(settings, name)))  # a SecretStr shows none of itself
        click.echo(f"NEWSWATCH_{name.upper()}={value}\n    {field.description}")


@main.command("dictionary")
def show_dictionary() -> None:
    """Print the data dictionary: every table, column, type, unit and outcome."""
    from newswatch.days.dictionary import dictionary

    click.echo(dictionary(), nl=False)


@main.command("url-rules", hidden=True)
def show_url_rules() -> None:
    """Print docs/urls.md: how an address becomes canonical, and every tracking parameter."""
    from newswatch.urls.rules_page import rules

    click.echo(rules(), nl=False)
