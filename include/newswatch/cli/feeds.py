"""The commands `newswatch feeds …`: find feeds of a site, take them over from another reader, hand them on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newswatch.cli import installation
from newswatch.errors import ConfigError
from newswatch.text.counting import counted
from newswatch.urls.canonical import host_of, resolve, twin_key

if TYPE_CHECKING:
    from newswatch.config.catalogue import Feed
    from newswatch.pipeline import Discovery, Found

_YES = click.option("--yes", is_flag=True, help="Save without asking.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only show; save nothing.")


@click.group("feeds")
def feeds() -> None:
    """Find feeds and add them to feeds.yaml; take them from OPML, and give them as OPML."""


@feeds.command()
@click.argument("site")
@click.option("--id", "feed_id", help="The feed's id in feeds.yaml (default: made from its title).")
@click.option(
    "--outlet", help="Who publishes it (default: as other feeds of the site, else what the site calls itself)."
)
@click.option("--language", help="Language of the texts, ISO 639-1 (default: what the feed or the page states).")
@click.option(
    "--links", metavar="SELECTOR", help="SITE is a page without a feed: a CSS selector finds its stories' links."
)
@click.option("--all", "takes_all", is_flag=True, help="Take every feed that is found.")
@click.option("--allow-private", is_flag=True, help="Let the feed and its pages be on a private network.")
@_YES
@_DRY_RUN
def add(
    site: str,
    feed_id: str | None,
    outlet: str | None,
    language: str | None,
    links: str | None,
    takes_all: bool,
    allow_private: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Find the feeds of SITE (example.com, https://example.com/world or a feed's own address) and add some.

    Shows for each what it lists now and which topics that would match, asks which to take, and appends them to
    feeds.yaml in NEWSWATCH_CONFIG_DIR. Nothing is saved before the question is answered.
    """
    from newswatch import pipeline
    from newswatch.feeds import listing_page

    if links is not None and not listing_page.is_selector(links):
        raise click.BadParameter(f"{links!r} is no CSS selector. Write one such as 'h3 a'.", param_hint="--links")
    with installation.opened(pipeline.open_newswatch, fills_it=True) as nw:
        click.echo(f"Looking for feeds at {site} …")
        discovery = pipeline.discover(nw, site, allow_private=allow_private, language=language, links=links)
        known, config_dir = nw.catalogue.feeds, nw.settings.config_dir
    _show(discovery)
    if not discovery.found:
        _explain_none(site, discovery)
        sys.exit(1)
    for tried in discovery.passing:
        click.echo(f"Not to be had just now: {tried.url} ({tried.how}): {tried.outcome}. Try again later.", err=True)
    fresh = [found for found in discovery.found if not found.known_as]
    if dry_run or not fresh:
        click.echo("Nothing was written." if dry_run else "Nothing to add: feeds.yaml has all of them.")
        return
    chosen = _choose(discovery.found, fresh, takes_all=takes_all, asks=not yes)
    if not chosen:
        is_all_listed = all(found.is_second_listing for found in fresh)
        why = ": feeds in use list those stories. --all takes the feed all the same" if is_all_listed else ""
        click.echo(f"Nothing was written{why}.")
        return
    stated = {"id": feed_id, "outlet": outlet, "language": language, "allow_private": allow_private}
    _save(config_dir, _entries(chosen, stated, known, asks=not yes), asks=not yes)


def _entries(chosen: list[Found], stated: dict[str, Any], known: Sequence[Feed], *, asks: bool) -> list[Feed]:
    """Entries for the feeds that were chosen: what the user states comes before what was found."""
    from newswatch.config import edit_feeds

    taken = {feed.id: feed for feed in known}
    if stated["id"] and len(chosen) > 1:
        raise click.UsageError(f"--id names one feed, and {len(chosen)} were chosen. Leave it out.")
    if holder := taken.get(stated["id"]):
        raise ConfigError([f"feeds.yaml has a feed {holder.id!r} already: {holder.url}. Give another --id."])
    new: dict[str, Feed] = {}
    for found in chosen:
        feed = edit_feeds.checked(
            id=stated["id"] or edit_feeds.make_id(found.title, found.url, {*taken, *new}),
            outlet=stated["outlet"] or found.outlet[:120],
            url=found.url,
            language=stated["language"] or found.language or _ask_language(found.url, asks=asks),
            allow_private=stated["allow_private"],
            kind=found.kind,
            links=found.links,
        )
        new[feed.id] = feed
    return list(new.values())


def _show(discovery: Discovery) -> None:
    for number, found in enumerate(discovery.found, 1):
        click.echo(f"\n{number:>3}  {found.url}")
        for label, text in _facts(found):
            click.echo(f"     {label:<9} {text}")
    if discovery.left_out_count:
        click.echo(f"\nNot asked: {counted(discovery.left_out_count, 'more link')} that look like feeds.")
    click.echo("")


def _facts(found: Found) -> list[tuple[str, str]]:
    stories = counted(found.entry_count, "story")
    facts = [("title", found.title or "none"), ("found by", found.how), ("entries", _rhythm(found))]
    source = f" ({found.language_source} says so)" if found.language_source else ""
    facts.append(("language", f"{found.language or 'not stated'}{source}"))
    for topic in found.topics:
        facts.append(("matches", f"{topic.topic}: {topic.entry_count} of {found.entry_count}"))
        facts += [("", f"“{headline}”") for headline in topic.headlines]
    if not found.topics:
        facts.append(("matches", "no topic, as of now"))
    if found.known_as:
        facts.append(("known", f"feeds.yaml has it as {found.known_as!r}"))
    if found.same:
        facts.append(("same", f"lists the same {found.same.count} of {stories} as {found.same.feed}"))
    return facts


def _rhythm(found: Found) -> str:
    rhythm = found.rhythm
    if not rhythm.newest or not rhythm.oldest:
        return f"{found.entry_count}, none with a date"
    text = f"{found.entry_count}, of {rhythm.oldest:%Y-%m-%d %H:%M} to {rhythm.newest:%Y-%m-%d %H:%M} UTC"
    if rhythm.dated_count < found.entry_count:
        text += f" ({rhythm.dated_count} with a date)"
    return text if rhythm.per_day is None else f"{text}, about {rhythm.per_day:.3g} a day"


def _explain_none(site: str, discovery: Discovery) -> None:
    from newswatch.feeds import autodiscovery

    click.echo(f"newswatch: no feed was found at {site}. What was tried:", err=True)
    for tried in discovery.tried:
        click.echo(f"  {tried.outcome:<20} {tried.url} ({tried.how}) {tried.detail}".rstrip(), err=True)
    if discovery.is_refused:
        click.echo("A site on this machine or a private network is read only with --allow-private.", err=True)
    if discovery.passing:
        click.echo(f"Try again later: {', '.join(sorted({t.outcome for t in discovery.passing}))} may pass.", err=True)
    if all(tried.how == autodiscovery.GUESS for tried in discovery.passing):
        click.echo("If you know the feed's own address, give that instead of the site's.", err=True)


def _choose(found: tuple[Found, ...], fresh: list[Found], *, takes_all: bool, asks: bool) -> list[Found]:
    """All, the numbers that the user types, or, unasked, the first that is no second listing and whose entries have
    dates; none where all are second listings."""
    if takes_all:
        return fresh
    others = [f for f in fresh if not f.is_second_listing]
    first = next((f for f in others if f.rhythm.dated_count), others[0] if others else None)
    if not asks or (first and len(fresh) == 1):
        return [first] if first else []

    def picked(text: str) -> list[Found]:
        if text.strip().lower() == "all":
            return fresh
        if text.strip().lower() == "none":
            return []
        words = text.replace(",", " ").split()
        if not words or not all(w.isdecimal() and 1 <= int(w) <= len(found) for w in words):
            raise click.BadParameter(f"Write numbers from 1 to {len(found)}, parted by commas, all or none.")
        chosen = [found[int(w) - 1] for w in dict.fromkeys(words)]
        if known := next((f for f in chosen if f.known_as), None):
            raise click.BadParameter(f"feeds.yaml has {known.url} already, as {known.known_as!r}.")
        return chosen

    usual = str(found.index(first) + 1) if first else "none"
    chosen: list[Found] = click.prompt("Which to add? Numbers, all or none", default=usual, value_proc=picked)
    return chosen


def _ask_language(url: str, *, asks: bool) -> str:
    if not asks:
        raise ConfigError([f"{url} states no language. Give it: --language en"])
    language: str = click.prompt(f"Language of {url} (ISO 639-1, such as en, ru, uk)")
    return language


def _save(config_dir: Path, new: list[Feed], *, asks: bool) -> None:
    from newswatch.config import edit_feeds

    path = config_dir / "feeds.yaml"
    click.echo(edit_feeds.shown(new))
    what = "this feed" if len(new) == 1 else f"these {len(new)} feeds"
    if asks and not click.confirm(f"Add {what} to {path}?", default=True):
        click.echo("Nothing was written.")
        return
    edit_feeds.add(config_dir, new)
    click.echo(f"Added to {path}: {', '.join(feed.id for feed in new)}. The next poll reads {what}.")


@feeds.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--language", help="Language, ISO 639-1, of the feeds for which the file states none.")
@_YES
@_DRY_RUN
def import_opml(file: Any, language: str | None, yes: bool, dry_run: bool) -> None:
    """Add the feeds of an OPML FILE (- reads standard input), folders and all, to feeds.yaml.

    Each is shown as new, there already, or refused with the reason. Addresses are not asked.
    """
    from newswatch.config import edit_feeds, opml
    from newswatch.config.catalogue import load_catalogue

    config_dir, name = installation.chosen().config_dir, getattr(file, "name", "standard input")
    catalogue = load_catalogue(config_dir)
    try:
        subscriptions = opml.read(file.read(opml.MAX_BYTES + 1))
    except opml.NotOpml as error:
        raise ConfigError([f"{name}: {error}"]) from error
    if subscriptions.problem:
        click.echo(f"{name}: {subscriptions.problem}. What is after it may be missing.", err=True)
    known = _Known(edit_feeds.by_twin_key(catalogue.feeds), {feed.id for feed in catalogue.feeds})
    counts = {"new": 0, "there": 0, "refused": 0}
    for outline in subscriptions.outlines:
        kind, text = _judge(outline, known, language)
        counts[kind] += 1
        click.echo(f"{kind:<8} {text}")
    click.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()))
    if not known.new or dry_run:
        click.echo("Nothing was written.")
        return
    _save(config_dir, known.new, asks=not yes)


@dataclass
class _Known:
    """Feeds that are there and those that come new, for look-ups: each of ten thousand outlines asks for itself."""

    twins: dict[str, Feed]  # by `urls.twin_key`
    ids: set[str]
    new: list[Feed] = field(default_factory=list)

    def add(self, key: str, feed: Feed) -> None:
        self.twins[key] = feed
        self.ids.add(feed.id)
        self.new.append(feed)


def _judge(outline: Any, known: _Known, language: str | None) -> tuple[str, str]:
    """Whether an outline is new (and then put with the new ones), there already or refused, with a line to show."""
    from newswatch.config import edit_feeds
    from newswatch.feeds import autodiscovery

    if outline.refusal:
        return "refused", f"{outline.url}: {outline.refusal}."
    if resolve(outline.url, "") is None:
        return "refused", f"{outline.url}: it is no web address."
    key = twin_key(outline.url)
    if same := known.twins.get(key):
        return "there", f"{outline.url} as {same.id!r}"
    stated = autodiscovery.language_code(outline.language) or language
    if not stated:
        return "refused", f"{outline.url}: it states no language. Give one for all such feeds: --language en"
    values = {
        "id": edit_feeds.make_id(outline.id or outline.title, outline.url, known.ids),
        "outlet": outline.outlet or outline.title or host_of(outline.url),
        "url": outline.url,
        "language": stated,
        "timezone": outline.timezone or None,
        "kind": outline.kind or None,
        "links": outline.links or None,
    }
    try:
        feed = edit_feeds.checked(**values)
    except ConfigError as error:
        return "refused", f"{outline.url}: {error.problems[0]}"
    known.add(key, feed)
    return "new", f"{feed.url} as {feed.id!r}"


@feeds.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: print).")
def export_opml(output: Path | None) -> None:
    """Print all feeds as OPML 2.0, for another reader or for `newswatch feeds import`."""
    from newswatch.config import opml
    from newswatch.config.catalogue import load_catalogue

    content = opml.write(load_catalogue(installation.chosen().config_dir).feeds, datetime.now(UTC))
    if output is None:
        click.echo(content.decode(), nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise ConfigError([f"{output}: cannot be written: {error}"]) from error
    click.echo(f"Written: {output}")
