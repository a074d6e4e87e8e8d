"""Explain: all that is known of one story."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from itertools import pairwise
from typing import Any

from newswatch.errors import MissingFile, UnknownStory
from newswatch.ledger import days, digests, revisions, stories
from newswatch.ledger.revisions import Revision
from newswatch.pipeline.installation import Newswatch
from newswatch.pipeline.recurring_lines import frozen_lines
from newswatch.pipeline.story_files import read_stories
from newswatch.stories import edits
from newswatch.stories.story import Story
from newswatch.topics.matcher import about
from newswatch.urls.canonical import canonical_url, is_own_address, names_of, resolve


def explain(nw: Newswatch, url: str) -> dict[str, Any]:
    """Where the story's bytes are, who saw it when, what is claimed of it, its lines and what was cut of them, what it
    mentions, how it was changed, which days show it.

    Raises UnknownStory where no link that was ever seen leads to it.
    """
    if resolve(url, "") is None:
        raise UnknownStory(f"no story is known at {url!r}: that is no web address. Write it as the digest shows it.")
    address = url if is_own_address(url) else canonical_url(url)
    with nw.ledger.begin() as connection:
        known = stories.find(connection, names_of(address))
        if known is None:
            raise UnknownStory(
                f"no story is known at {address}. Is it the link that a feed gave, and does this ledger hold that feed?"
            )
        story_id = known.story_id
        aliases = stories.aliases_of(connection, story_id)
        entries = stories.entries_of(connection, story_id)
        texts = revisions.of_story(connection, story_id)
        build = days.build_of(connection, known.day)
        issued = digests.digests_of(connection, known.day)
    read = read_stories(nw, {known.path: {story_id: known.day}})[0]
    story = frozen_lines(nw, [known.day], may_learn=False).cut(read, known.day)
    mentions = nw.matcher.find(story.title, story.text, story.language, story.zones)
    subjects, raw = about(mentions), story.raw
    return {
        "story_id": story_id,
        "canonical_url": known.canonical_url,
        "aliases": aliases,
        **_believed(story),
        "day": known.day,
        "first_seen_at": known.first_seen_at,
        "claims": [f"{c.field} by {c.source}: {c.value}" for c in story.claims or ()],
        "entries": [asdict(entry) for entry in entries],
        "bytes": {"file": raw and raw.path, "offset": raw and raw.offset, "length": raw and raw.length},
        "text": {"file": known.path, "batch": known.batch_id, "source": story.text_source},
        "lines": _lines(story),
        "revisions": _revisions(nw, texts, known.day),
        "topics_version": nw.catalogue.topics_version,
        "mentions": [m | {"is_about": m["topic"] in subjects} for m in (m._asdict() for m in mentions)],
        "tables_built_at": build.built_at if build else None,
        "digests": [{"number": d.number, "issued_at": d.issued_at, "issued_by": d.issued_by} for d in issued],
    }


def _believed(story: Story) -> dict[str, Any]:
    """What is believed, each with the source of the claim."""
    names = (
        "title", "title_source", "authors", "authors_source", "language", "language_source", "published_at",
        "published_at_source", "is_day_only", "updated_at", "outlet", "section", "is_paywalled", "is_partial",
    )  # fmt: skip
    return {name: getattr(story, name) for name in names}


def _lines(story: Story) -> list[dict[str, str]]:
    """Every line with its zone, and why it was cut."""
    return [
        {"zone": line.zone, **({"reason": line.reason} if line.reason else {}), "text": line.text}
        for line in story.lines
    ]


def _revisions(nw: Newswatch, texts: list[Revision], day: date) -> list[dict[str, Any]]:
    """Each text that the story has had, and what the publisher changed for it."""
    read: list[Story | None] = []
    for text in texts:
        try:
            read.append(read_stories(nw, {text.path: {text.story_id: day}})[0])
        except MissingFile:  # its day's other texts are there: a lost file costs a comparison
            read.append(None)
    changed = [[], *(edits.changes(a, b) if a and b else ["a file is missing"] for a, b in pairwise(read))]
    return [
        {"number": text.number, "seen_at": text.seen_at, "file": text.path, "changes": lines}
        for text, lines in zip(texts, changed, strict=True)
    ]
