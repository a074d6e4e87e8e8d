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

TYPES = ("string", "int64", "float64", "bool", "date", "timestamp", "strings", "ints", "statements")


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
            "ints": pa.list_(pa.int64()),
            "statements": pa.list_(pa.struct([(name, pa.string()) for name in ("fact", "witness", "said")])),
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
    _c("language", "string", "ISO 639-1: the page's claim unless the text is certainly in another, else the feed's."),
    _c("language_source", "string", "Who says so: page, text (detected in it), feed."),
    _c("title", "string", "The headline."),
    _c(
        "title_source",
        "string",
        "The witness whose spelling it is: json_ld, opengraph, h1, feed, microdata, twitter, title.",
    ),
    _c("authors", "strings", "Names as the page or feed gives them; may be empty."),
    _c("authors_source", "string", "The witness who names them; empty where nobody does."),
    _c("section", "string", "The publisher's rubric; empty where none is stated."),
    _c("published_at", "timestamp", "What the publisher says, UTC; null where nothing credible is said."),
    _c(
        "published_at_source",
        "string",
        "Who dates the story: json_ld, opengraph, meta, microdata, marked_time, feed, time, shown (in words below the "
        "headline), text; else first_seen.",
    ),
    _c("is_day_only", "bool", "A day is stated without a time: published_at is its midnight."),
    _c("updated_at", "timestamp", "The last change that the page states, UTC; null where it states none."),
    _c("first_seen_at", "timestamp", "When Newswatch first saw the entry, UTC."),
    _c("text_source", "string", "page: the fetched page; feed: only the feed's own summary could be had."),
    _c("is_paywalled", "bool", "The publisher says that the story must be paid for."),
    _c("is_partial", "bool", "Only the story's beginning could be had."),
)
_COUNT_COLUMNS = (
    _c("revision_number", "int64", "1: as first read; higher: its text was changed after that."),
    _c("text_chars", "int64", "Length of the story's own lines in code points, line breaks counted."),
    _c("removed_count", "int64", "Lines cut from the page's text: pleas, prompts, bylines, boxes, recurring lines."),
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
    "a story as one reading of its page made it",
    ("story_id",),
    (
        *_STORY_COLUMNS,
        _c(
            "text",
            "string",
            "Every line of the page's text, those that were cut too; `zones` tells which are the story's.",
        ),
        _c("zones", "strings", "For each line: lede, body, quote, caption, or cut."),
        _c("reasons", "strings", "For each line that is cut why: see the list of reasons below; else empty."),
        _c(
            "witnesses",
            "statements",
            "What each witness says of the headline, dates, authors, section, language, access.",
        ),
        _c("headline_key", "int64", "Hash of the headline's letters."),
        _c(
            "edge_keys",
            "ints",
            "Hashes of the story's first and last lines, to learn which recur; 0: a line that cannot.",
        ),
        _c("inner_keys", "ints", "Hashes of its longest inner lines, to tell it from other stories."),
        _c("raw_path", "string", "WARC file that holds the page's bytes; null where there is no page."),
        _c("raw_offset", "int64", "Where its record begins in that file, bytes."),
        _c("raw_bytes", "int64", "Length of that record, bytes."),
    ),
    is_batch=True,
)
KNOWN_LINES = Table(
    "known_lines",
    "a line that recurs in different stories of a host, as learnt when a day was first read",
    ("host", "line_key"),
    (
        _c("host", "string", "Host of the stories' addresses, without www."),
        _c("line_key", "int64", "Hash of the line's letters, digits being all alike."),
    ),
    is_batch=True,
)
STORIES = Table("stories", "a canonical URL of the day", ("story_id",), (*_STORY_COLUMNS, *_COUNT_COLUMNS))
MENTIONS = Table(
    "mentions",
    "one match of one term in one story",
    ("topic", "story_id", "zone", "start", "end"),
    (
        _DAY,
        _TOPIC,
        _STORY,
        _OUTLET,
        _c("term", "string", "The term's text as topics.yaml writes it; of a pattern its name."),
        _c("zone", "string", "Where it stands: headline, lede (standfirst or first paragraph), body, quote, caption."),
        _c("start", "int64", "First code point of the match, in the headline or in the `text` of story_texts."),
        _c("end", "int64", "End of the match, exclusive."),
        _c("surface", "string", "The matched words as they stand there."),
        _c("sentence", "string", "The sentence around them: the proof."),
        _c("sentence_start", "int64", "First code point of the sentence, in the headline or in the text."),
        _c(
            "sentence_end",
            "int64",
            "End of the sentence, exclusive. Of one over 1000 the part around the match counts.",
        ),
        _c("is_about", "bool", "The story is about the topic: named in headline or lede, or three times and more."),
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
        _c(
            "about_story_count",
            "int64",
            "Of those, stories about it: named in headline or lede, or three times and more.",
        ),
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
        _VERSION,
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
        _c(
            "kind",
            "string",
            "What ended so: feed (a poll), entry (an item of it), page (a fetch), visit (a page again).",
        ),
        _c("outcome", "string", "How it ended: see the list of outcomes below."),
        _FEED,
        _c("outcome_count", "int64", "How often."),
        _c("example", "string", "One of them: URL or entry key, with the detail."),
    ),
)
DAY_TABLES = (STORIES, MENTIONS, TOPIC_DAYS, OUTLET_DAYS, FEED_DAYS, OUTCOMES)
BATCH_TABLES = (ENTRIES, STORY_TEXTS, KNOWN_LINES)
