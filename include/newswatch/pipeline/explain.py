"""Explain: all that is known of one story."""

from __future__ import annotations

from typing import Any

from newswatch import tables, urls
from newswatch.errors import UnknownStory
from newswatch.ledger import days, stories
from newswatch.pipeline.context import Newswatch


def explain(nw: Newswatch, url: str) -> dict[str, Any]:
    """Where the story's bytes are, who saw it when, what was decided, what it mentions, which days show it.

    Raises UnknownStory where no link that was ever seen leads to it.
    """
    if urls.resolve(url, "") is None:
        raise UnknownStory(f"no story is known at {url!r}: that is no web address. Write it as the digest shows it.")
    address = urls.canonical(url)
    with nw.ledger.begin() as connection:
        known = stories.find(connection, urls.names_of(address))
        if known is None:
            raise UnknownStory(
                f"no story is known at {address}. Is it the link that a feed gave, and does this ledger hold that feed?"
            )
        story_id = known["story_id"]
        aliases = stories.aliases_of(connection, story_id)
        entries = stories.entries_of(connection, story_id)
        build = days.build_of(connection, known["day"])
        digests = days.digests_of(connection, known["day"])
    rows = tables.STORY_TEXTS.from_bytes(nw.store.read(known["path"]))
    story = next(row for row in rows if row["story_id"] == story_id)
    mentions = nw.matcher.find(story["title"], story["text"], story["language"])
    return {
        "story_id": story_id,
        "canonical_url": known["canonical_url"],
        "aliases": aliases,
        "title": story["title"],
        "outlet": story["outlet"],
        "language": story["language"],
        "day": known["day"],
        "published_at": story["published_at"],
        "published_at_source": story["published_at_source"],
        "first_seen_at": known["first_seen_at"],
        "entries": [{n: e[n] for n in ("feed_id", "entry_key", "url", "first_seen_at", "path")} for e in entries],
        "bytes": {"file": story["raw_path"], "offset": story["raw_offset"], "length": story["raw_bytes"]},
        "text": {
            "file": known["path"],
            "batch": known["batch_id"],
            "source": story["text_source"],
            "chars": story["text_chars"],
            "removed_lines": story["removed_count"],
        },
        "topics_version": nw.catalogue.topics_version,
        "mentions": [
            {"topic": m.topic, "term": m.term, "zone": m.zone, "start": m.start, "end": m.end, "sentence": m.sentence}
            for m in mentions
        ],
        "tables_built_at": build["built_at"] if build else None,
        "digests": [{"number": d["number"], "issued_at": d["issued_at"], "issued_by": d["issued_by"]} for d in digests],
    }
