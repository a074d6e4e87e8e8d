"""The commands `newswatch topics …`: what a change would do, which versions there were, what a term looks for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newswatch.cli import installation
from newswatch.cli.params import Days
from newswatch.errors import ConfigError
from newswatch.local_days import spans
from newswatch.settings import Settings
from newswatch.text.counting import counted

if TYPE_CHECKING:
    from newswatch.pipeline import Comparison, Newswatch, StoryChange
    from newswatch.topics.schema import Topic

USUAL_DAYS = 7


@click.group("topics")
def topics() -> None:
    """See what a change of topics.yaml would do, list its versions, print what a topic looks for."""


@topics.command()
@click.argument("days", nargs=-1, type=Days(), metavar="[DAY...]")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The edited file (default: topics.yaml).",
)
@click.option("--against", help="A version of `topics versions` (default: the one in force, or the one before it).")
@click.option("--sentences", default=10, show_default=True, help="How many of a topic's stories to show each way.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each story gained or lost.")
def diff(days: tuple[list[date], ...], path: Path | None, against: str | None, sentences: int, as_json: bool) -> None:
    """Compare the edited topics.yaml with the version in force, over the stored stories of each DAY.

    DAY is 2026-11-22 or 2026-11-16..2026-11-22; left out: the last seven days. Shows for each topic which stories it
    would gain and lose, each with its sentence. Nothing is changed: edit a copy, compare it with
    --file, then put it in place. A file that is in force already is compared with the version before it.
    """
    from newswatch import pipeline
    from newswatch.config.catalogue import parse_topics, read_text

    edited = path or installation.chosen().config_dir / "topics.yaml"
    text = read_text(edited)
    try:
        new = parse_topics(text)
    except ConfigError as error:
        raise ConfigError([p.replace("topics.yaml", edited.name, 1) for p in error.problems]) from None
    with installation.opened(pipeline.open_in_force) as nw:
        wanted = [day for group in days for day in group] or _last_days(nw.settings)
        version, old = _other_side(nw, text, against)
        found = pipeline.compare_topics(nw, old, new, wanted)
    if as_json:
        for change in found.changes:
            click.echo(json.dumps(_fields(change), ensure_ascii=False, default=str))
        return
    names = {topic.id: topic.name for topic in (*old, *new)}
    span = f"{wanted[0]}" if len(wanted) == 1 else f"{min(wanted)} to {max(wanted)}, {len(set(wanted))} days"
    click.echo(f"{edited.name} beside version {version}: {span}, {counted(found.story_count, 'story')}")
    for id_ in (*found.changed_ids, *found.new_ids, *found.gone_ids):
        _show(found, id_, names[id_], sentences)
    if found.same_ids:
        click.echo(f"\nunchanged: {', '.join(found.same_ids)}")
    is_in_force = text == nw.catalogue.topics_text
    when = "In force" if is_in_force else "In force from the next poll, once it is topics.yaml"
    click.echo(f"\n{when}; in these days' tables and digests after: newswatch build {spans(set(wanted))}")


def _last_days(settings: Settings) -> list[date]:
    today = datetime.now(settings.tz).date()
    return [today - timedelta(days=back) for back in range(USUAL_DAYS - 1, -1, -1)]


def _other_side(nw: Newswatch, text: str, against: str | None) -> tuple[str, Sequence[Topic]]:
    """The version to compare with, and its topics. Raises ConfigError where there is none."""
    from newswatch import pipeline

    if against:
        return against, pipeline.topics_of_version(nw, against)
    if text != nw.catalogue.topics_text:
        return nw.catalogue.topics_version, nw.catalogue.topics
    earlier = [v.topics_version for v in pipeline.versions(nw)[1:]]
    if not earlier:
        raise ConfigError(
            ["This topics.yaml is in force, and there was none before it. Name an edited one with --file."]
        )
    return earlier[0], pipeline.topics_of_version(nw, earlier[0])


def _fields(change: StoryChange) -> dict[str, object]:
    names = ("topic", "day", "story_id", "canonical_url", "outlet", "title")
    side = "gained" if change.is_gained else "lost"
    return {"change": side, **{name: getattr(change, name) for name in names}, **change.mention._asdict()}


def _show(found: Comparison, id_: str, name: str, limit: int) -> None:
    mine = [c for c in found.changes if c.topic == id_]
    gained, lost = ([c for c in mine if c.is_gained is side] for side in (True, False))
    what = " (new)" if id_ in found.new_ids else " (gone)" if id_ in found.gone_ids else ""
    kept = found.kept_counts.get(id_, 0)
    moved = found.other_mentions_counts.get(id_, 0)
    other = f", {moved} of them with other mentions" if moved else ""
    click.echo(f"\n{name}{what}: {len(gained)} gained, {len(lost)} lost, {kept} kept{other}")
    for sign, changes in (("+", gained), ("-", lost)):
        for change in changes[:limit]:
            m = change.mention
            begin, end = m.start - m.sentence_start, m.end - m.sentence_start
            marked = f"{m.sentence[:begin]}[{m.surface}]{m.sentence[end:]}".replace("\n", " ")
            click.echo(f"  {sign} {change.day}  {change.outlet}: {change.title}")
            click.echo(f"      {m.zone}, {m.term!r}: {marked}")
        if len(changes) > limit:
            click.echo(f"  {sign} … and {len(changes) - limit} more (--sentences {len(changes)} shows all)")


@topics.command("versions")
def list_versions() -> None:
    """List every version of topics.yaml that was in force, the last accepted first."""
    from newswatch import pipeline

    with installation.opened(pipeline.open_in_force) as nw:
        for row in pipeline.versions(nw):
            click.echo(f"{row.topics_version}  accepted {row.accepted_at:%Y-%m-%d %H:%M} UTC")


@topics.command()
@click.argument("topic_id")
def forms(topic_id: str) -> None:
    """Print every spelling that the topic TOPIC_ID looks for, term by term, word forms included."""
    from newswatch.config.catalogue import load_catalogue
    from newswatch.topics.phrase_index import spellings

    known = {topic.id: topic for topic in load_catalogue(installation.chosen().config_dir).topics}
    if topic_id not in known:
        raise ConfigError([f"topics.yaml has no topic {topic_id!r}. It has {', '.join(known)}."])
    for _, term, _ in known[topic_id].leaves():
        found = [s for phrase in term.phrases for s in spellings(phrase, term.inflection)]
        click.echo(f"{term.label}: {', '.join(found) if found else term.pattern}")
