"""Schemas of the tables of batches: what one task attempt produced, never changed afterwards."""

from __future__ import annotations

from newswatch.tables.day_tables import DAY, FEED, STORY_COLUMNS, VIA
from newswatch.tables.parquet import Table, coded, plain

ENTRIES = Table(
    "entries",
    "an entry when it was first seen, or listed with other words than before",
    ("feed_id", "entry_key"),
    (
        FEED,
        plain("entry_key", "string", "Identity within the feed: guid, else link, else content hash."),
        plain("url", "string", "Absolute link as the feed gives it; null where it gives none."),
        plain("title", "string", "The feed's title, plain text."),
        plain("summary", "string", "The feed's summary or content, plain text, at most 4000 characters."),
        plain("authors", "strings", "Names as the feed gives them."),
        plain("published_at", "timestamp", "The feed's date, UTC; null where it states none or none that is credible."),
        plain("published_day", "date", "That day where the feed states no time, in the feed's zone.", is_later=True),
        plain(
            "source_name",
            "string",
            "Whose entry it is, where the feed took it from another one; else null.",
            is_later=True,
        ),
        plain("source_url", "string", "The address of that one, where the feed states it.", is_later=True),
        plain("first_seen_at", "timestamp", "Time of the poll that brought it, UTC."),
        VIA,
    ),
    is_batch=True,
)
STORY_TEXTS = Table(
    "story_texts",
    "a story as one reading of its page made it",
    ("story_id",),
    (
        plain("day", "date", "Its day when it was written; the ledger has the one that counts, in the zone of today."),
        *(column for column in STORY_COLUMNS if column is not DAY),
        plain(
            "text",
            "string",
            "Every line of the page's text, those that were cut too; `zones` tells which are the story's.",
        ),
        coded("zones", "For each line: lede, body, quote, caption, or cut.", "strings"),
        coded("reasons", "For each line that is cut why: see the list of reasons below; else empty.", "strings"),
        plain(
            "claims",
            "claims",
            "What each source says of the headline, dates, authors, section, language, access.",
            formerly="witnesses",
        ),
        plain("headline_key", "int64", "Hash of the headline's letters."),
        plain(
            "edge_keys",
            "ints",
            "Hashes of the story's first and last lines, to learn which recur; 0: a line that cannot.",
        ),
        plain("inner_keys", "ints", "Hashes of its longest inner lines, to tell it from other stories."),
        plain(
            "sketch", "ints", "The 24 smallest hashes of the text's word shingles; empty of one too short to compare."
        ),
        plain("figure_keys", "ints", "Hashes of up to 24 of its figures."),
        plain("name_keys", "ints", "Hashes of up to 24 of its words with a capital inside a sentence."),
        coded("credits", "Who is credited with it, in small letters: authors, and agencies named.", "strings"),
        plain("raw_path", "string", "WARC file that holds the page's bytes; null where there is no page."),
        plain("raw_offset", "int64", "Where its record begins in that file, bytes."),
        plain("raw_bytes", "int64", "Length of that record, bytes."),
    ),
    is_batch=True,
)
KNOWN_LINES = Table(
    "known_lines",
    "a line that recurs in different stories of a host, as learnt when a day was first read",
    ("host", "line_key"),
    (
        coded("host", "Host of the stories' addresses, without www."),
        plain("line_key", "int64", "Hash of the line's letters, digits being all alike."),
    ),
    is_batch=True,
)
BATCH_TABLES = (ENTRIES, STORY_TEXTS, KNOWN_LINES)
