"""Every Parquet table in one place: grain, key, columns, types, units, meaning. The data dictionary is made from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TYPES = ("string", "int64", "float64", "bool", "date", "timestamp", "strings")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str  # one of TYPES
    doc: str


@dataclass(frozen=True)
class Table:
    """One table: a file a day under `tables/<name>/`, or a batch's file where `is_batch`."""

    name: str
    grain: str
    key: tuple[str, ...]  # sorts the rows and is unique
    columns: tuple[Column, ...]
    is_batch: bool = False

    @cached_property
    def schema(self) -> pa.Schema:
        import pyarrow as pa

        types = {
            "string": pa.string(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "bool": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", tz="UTC"),
            "strings": pa.list_(pa.string()),
        }
        return pa.schema([pa.field(c.name, types[c.type]) for c in self.columns])

    def to_bytes(self, rows: list[dict[str, Any]] | pd.DataFrame) -> bytes:
        """The rows, sorted by the key, as one Parquet file. The same rows give the same bytes."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if isinstance(rows, list):
            table = self._from_rows(rows)
        else:
            table = pa.Table.from_pandas(rows, schema=self.schema, preserve_index=False)
        table = table.replace_schema_metadata(None).sort_by([(name, "ascending") for name in self.key])
        buffer = BytesIO()
        pq.write_table(table, buffer, compression="zstd", compression_level=3, store_schema=True)
        return buffer.getvalue()

    def _from_rows(self, rows: list[dict[str, Any]]) -> pa.Table:
        """The rows by way of JSON: pyarrow's own conversion of lists imports pandas, 60 MB and half a second a task."""
        from pyarrow import json as arrow_json

        lines = "\n".join(json.dumps(row, ensure_ascii=False, default=_as_json) for row in rows).encode()
        if not lines:
            return self.schema.empty_table()
        return arrow_json.read_json(
            BytesIO(lines),
            arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),  # no row straddles two blocks
            arrow_json.ParseOptions(explicit_schema=self.schema, unexpected_field_behavior="error"),
        ).select(self.schema.names)

    def from_bytes(self, content: bytes) -> list[dict[str, Any]]:
        """The rows of a file that `to_bytes` made."""
        import pyarrow.parquet as pq

        rows: list[dict[str, Any]] = pq.read_table(BytesIO(content), schema=self.schema).to_pylist()
        return rows

    def frame(self, content: bytes) -> pd.DataFrame:
        """The file as a pandas frame."""
        import pyarrow.parquet as pq

        frame: pd.DataFrame = pq.read_table(BytesIO(content), schema=self.schema).to_pandas()
        return frame


def _as_json(value: object) -> object:
    """Moments and days as Arrow reads them from JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days
    raise TypeError(f"{type(value).__name__} has no place in a table")


def _c(name: str, type_: str, doc: str) -> Column:
    assert type_ in TYPES, type_
    return Column(name, type_, doc)


_DAY = _c("day", "date", "The day, in the configured time zone.")
_STORY = _c("story_id", "string", "First 16 hex digits of the SHA-256 of the canonical URL.")
_TOPIC = _c("topic", "string", "Topic id of topics.yaml.")
_OUTLET = _c("outlet", "string", "Publisher's name of feeds.yaml.")
_FEED = _c("feed_id", "string", "Feed id of feeds.yaml.")
_VERSION = _c("topics_version", "string", "First 12 hex digits of the SHA-256 of the topics.yaml that tagged the row.")

_STORY_COLUMNS = (
    _DAY,
    _STORY,
    _c("canonical_url", "string", "The story's one address: no tracking parameters, no fragment."),
    _OUTLET,
    _FEED,
    _c("language", "string", "ISO 639-1: the page's claim, else the feed's."),
    _c("title", "string", "The headline."),
    _c("authors", "strings", "Names as the page or feed gives them; may be empty."),
    _c("published_at", "timestamp", "What the publisher says, UTC; null where nothing credible is said."),
    _c("published_at_source", "string", "Who dates the story: feed, page, page_day (no time of day), first_seen."),
    _c("first_seen_at", "timestamp", "When Newswatch first saw the entry, UTC."),
    _c("text_source", "string", "page: the fetched page; feed: only the feed's own summary could be had."),
    _c("text_chars", "int64", "Length of the text in code points."),
    _c("removed_count", "int64", "Lines taken out of the page's text as pleas, prompts and boxes."),
)

ENTRIES = Table(
    "entries",
    "an entry when it was first seen",
    ("feed_id", "entry_key"),
    (
        _FEED,
        _c("entry_key", "string", "Identity within the feed: guid, else link, else content hash."),
        _c("url", "string", "Absolute link as the feed gives it; null where it gives none."),
        _c("title", "string", "The feed's title, plain text."),
        _c("summary", "string", "The feed's summary or content, plain text, at most 4000 characters."),
        _c("authors", "strings", "Names as the feed gives them."),
        _c("published_at", "timestamp", "The feed's date, UTC; null where it states none or none that is credible."),
        _c("first_seen_at", "timestamp", "Time of the poll that brought it, UTC."),
    ),
    is_batch=True,
)
STORY_TEXTS = Table(
    "story_texts",
    "a story as one fetch made it",
    ("story_id",),
    (
        *_STORY_COLUMNS,
        _c("text", "string", "The cleaned text, a paragraph a line."),
        _c("raw_path", "string", "WARC file that holds the page's bytes; null where there is no page."),
        _c("raw_offset", "int64", "Where its record begins in that file, bytes."),
        _c("raw_bytes", "int64", "Length of that record, bytes."),
    ),
    is_batch=True,
)
STORIES = Table("stories", "a canonical URL of the day", ("story_id",), _STORY_COLUMNS)
MENTIONS = Table(
    "mentions",
    "one match of one term in one story",
    ("topic", "story_id", "zone", "start", "end"),
    (
        _DAY,
        _TOPIC,
        _STORY,
        _OUTLET,
        _c("term", "string", "The term's text as topics.yaml writes it."),
        _c("zone", "string", "Where it stands: headline, lede (first paragraph), body."),
        _c("start", "int64", "First code point of the match, in the headline or in the text."),
        _c("end", "int64", "End of the match, exclusive."),
        _c("surface", "string", "The matched words as they stand there."),
        _c("sentence", "string", "The sentence around them: the proof."),
        _c("sentence_start", "int64", "First code point of the sentence, in the headline or in the text."),
        _VERSION,
    ),
)
_COVERAGE = (
    _c("seen_story_count", "int64", "All stories of the day, whatever they are about."),
    _c("feed_count", "int64", "Feeds of feeds.yaml when the table was built."),
    _c("covering_feed_count", "int64", "Of those, feeds whose polls' windows reach over the whole day."),
)
TOPIC_DAYS = Table(
    "topic_days",
    "a topic on a day; a real zero has its row",
    ("topic",),
    (
        _DAY,
        _TOPIC,
        _c("story_count", "int64", "Stories with at least one mention."),
        _c("headline_story_count", "int64", "Of those, stories with a mention in the headline."),
        _c("mention_count", "int64", "Mentions in all zones."),
        _c("outlet_count", "int64", "Outlets with such a story."),
        _c("story_share", "float64", "story_count / seen_story_count; null where nothing was seen."),
        *_COVERAGE,
        _VERSION,
    ),
)
OUTLET_DAYS = Table(
    "outlet_days",
    "an outlet on a day; an outlet that published nothing has its row",
    ("outlet",),
    (
        _DAY,
        _OUTLET,
        _c("story_count", "int64", "Stories of the day."),
        _c("topic_story_count", "int64", "Of those, stories that mention any topic."),
        _c("feed_only_count", "int64", "Of those, stories whose page could not be had."),
        _c("feed_count", "int64", "The outlet's feeds in feeds.yaml when the table was built."),
        _c("covering_feed_count", "int64", "Of those, feeds whose polls' windows reach over the whole day."),
    ),
)
FEED_DAYS = Table(
    "feed_days",
    "a feed on a day of polling",
    ("feed_id",),
    (
        _DAY,
        _FEED,
        _OUTLET,
        _c("poll_count", "int64", "Polls of the day, by the time of the poll."),
        _c("success_count", "int64", "Of those, polls that gave a feed or said that nothing had changed."),
        _c("failure_count", "int64", "Of those, polls that failed."),
        _c("unchanged_count", "int64", "Of those that did not fail, polls that brought nothing new to read."),
        _c("damaged_count", "int64", "Of those that did not fail, polls whose document could be read in part."),
        _c("gap_count", "int64", "Polls that knew nothing of what was listed: entries may be lost before them."),
        _c("new_entry_count", "int64", "Entries seen for the first time."),
        _c("last_success_at", "timestamp", "The day's last poll that did not fail, UTC; null where all failed."),
        _c("last_outcome", "string", "Outcome of the day's last poll."),
        _c("poll_seconds", "float64", "Time that the requests took, in all."),
        _c("is_covered", "bool", "Whether the feed's windows reach over the whole day."),
    ),
)
OUTCOMES = Table(
    "outcomes",
    "an outcome of a kind of thing on the day of its poll or fetch",
    ("kind", "outcome", "feed_id"),
    (
        _DAY,
        _c("kind", "string", "What ended so: feed (a poll), entry (an item of it), page (a fetch)."),
        _c("outcome", "string", "How it ended: see the list of outcomes below."),
        _FEED,
        _c("outcome_count", "int64", "How often."),
        _c("example", "string", "One of them: URL or entry key, with the detail."),
    ),
)
DAY_TABLES = (STORIES, MENTIONS, TOPIC_DAYS, OUTLET_DAYS, FEED_DAYS, OUTCOMES)
BATCH_TABLES = (ENTRIES, STORY_TEXTS)

OUTCOME_DOCS = {
    "ok": "feed, page: read and understood.",
    "not_modified": "feed: 304, or the same bytes as before.",
    "new": "entry: first seen here; its page is to be fetched.",
    "known": "entry: seen before.",
    "host_paused": "its host had asked for rest or failed three times in a row. A page waits some hours first.",
    "changed": "entry: seen before, with another title or text than now; its story stays as it was read.",
    "reused": "entry: a key seen before, now with another title at another address: a story of its own.",
    "left_out": "entry: beyond the 5,000 that are read of one document, or cut in half at its end.",
    "damaged": "feed: its end or some of its entries could not be read; the others count, its validators do not.",
    "unreadable": "feed: no reader, ours included, made anything of it; its bytes are kept.",
    "no_link": "entry: no usable link; the feed's own text became the story.",
    "empty": "entry: neither link nor text; nothing to keep.",
    "same_story": "page: another entry led to the same canonical URL.",
    "http_NNN": "feed, page: the server's status.",
    "gone": "feed: 410; polled weekly.",
    "not_a_feed": "feed: a 200 that is no feed.",
    "no_story": "page: HTML without a story's text.",
    "robots_disallowed": "page: the host's robots.txt asks us not to.",
    "robots_unreachable": "page: robots.txt could not be had; tried again later.",
    "timeout": "the request, or the parser, had no result by its deadline.",
    "crashed": "the parser's process ended, for example at its memory limit.",
    "failed": "the parser raised an error.",
    "too_large": "more bytes than the limit, on the wire or decoded.",
    "truncated": "the body ended before its stated end.",
    "bad_encoding": "a Content-Encoding that was not asked for or does not decode.",
    "address_refused": "a private or otherwise refused address or port.",
    "connection_failed": "no connection, or it broke.",
    "name_unknown": "the host name does not resolve.",
    "tls_failed": "no trusted TLS connection.",
    "redirect_loop": "more than five redirects, or a circle.",
    "bad_redirect": "redirected to something that is no web address.",
    "bad_url": "the link is no address.",
    "bad_answer": "the answer is no HTTP.",
}


def dictionary() -> str:
    """The data dictionary, in Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Made by `make docs` from `include/newswatch/tables.py`; do not edit.",
        "",
        "One Parquet file a table and day: `tables/<table>/YYYY-MM-DD.parquet`, with the day in its `day` column.",
        "Read a whole table with `pandas.read_parquet('…/tables/topic_days')` or, in DuckDB,",
        "`SELECT * FROM '…/tables/topic_days/*.parquet'`.",
    ]
    for table in (*DAY_TABLES, *BATCH_TABLES):
        place = "batches" if table.is_batch else "tables"
        lines += ["", f"## {table.name}", "", f"`{place}/{table.name}/`, one row: {table.grain}."]
        lines += [f"Key within a file: {', '.join(f'`{k}`' for k in table.key)}.", ""]
        lines += ["| column | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{c.name}` | {c.type} | {c.doc} |" for c in table.columns]
    lines += ["", "## Outcomes", "", "| outcome | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {doc} |" for name, doc in OUTCOME_DOCS.items()]
    return "\n".join(lines) + "\n"
