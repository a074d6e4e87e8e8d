"""Schemas of the tables of a day: grain, key, columns, types, units, meaning. The data dictionary is made from them."""

from __future__ import annotations

from newswatch.tables.parquet import Table, coded, plain

DAY = plain("day", "date", "The day, in the configured time zone.")
STORY = plain("story_id", "string", "First 16 hex digits of the SHA-256 of the canonical URL.")
TOPIC = coded("topic", "Topic id of topics.yaml.")
OUTLET = coded(
    "outlet",
    "Publisher's name of feeds.yaml; of an aggregator's story (`outlet: by entry`) the one that its entry names.",
)
FEED = coded("feed_id", "Feed id of feeds.yaml.")
VERSION = coded("topics_version", "First 12 hex digits of the SHA-256 of the topics.yaml that tagged the row.")
VIA = plain(
    "via",
    "string",
    "What listed it where no poll of its feed did: sitemap, wordpress, paged_feed, list, archive; else null.",
    is_later=True,
)

STORY_COLUMNS = (
    DAY,
    STORY,
    plain("canonical_url", "string", "The story's one address: no tracking parameters, no fragment."),
    OUTLET,
    FEED,
    coded("language", "ISO 639-1: the page's claim unless the text is certainly in another, else the feed's."),
    coded("language_source", "Who says so: page, text (detected in it), feed."),
    plain("title", "string", "The headline."),
    coded(
        "title_source",
        "The source whose spelling it is: json_ld, opengraph, h1, feed, microdata, twitter, title.",
    ),
    plain("authors", "strings", "Names as the page or feed gives them; may be empty."),
    coded("authors_source", "The source that names them; empty where nobody does."),
    plain("section", "string", "The publisher's rubric; empty where none is stated."),
    plain("published_at", "timestamp", "What the publisher says, UTC; null where nothing credible is said."),
    coded(
        "published_at_source",
        "Who dates the story: json_ld, opengraph, meta, microdata, marked_time, feed, time, shown (in words below the "
        "headline), address; else first_seen.",
    ),
    plain("is_day_only", "bool", "A day is stated without a time: published_at is its midnight."),
    plain("updated_at", "timestamp", "The last change that the page states, UTC; null where it states none."),
    plain("first_seen_at", "timestamp", "When Newswatch first saw the entry, UTC."),
    VIA,
    coded("text_source", "page: the fetched page; feed: only the feed's own summary could be had."),
    plain("is_paywalled", "bool", "The publisher says that the story must be paid for."),
    plain("is_partial", "bool", "Only the story's beginning could be had."),
)
_COUNT_COLUMNS = (
    plain("revision_number", "int64", "1: as first read; higher: its text was changed after that."),
    plain("text_chars", "int64", "Length of the story's own lines in code points, line breaks counted."),
    plain("removed_count", "int64", "Lines cut from the page's text: pleas, prompts, bylines, boxes, recurring lines."),
)

_CLUSTER_COLUMNS = (
    plain(
        "cluster_id",
        "string",
        "story_id of the original: the earliest story with this text, of the day or the two before.",
    ),
    coded("original_outlet", "The outlet that printed the original."),
    plain("original_at", "timestamp", "When the original was published, UTC; first seen, where it states no time."),
)
STORIES = Table(
    "stories", "a canonical URL of the day", ("story_id",), (*STORY_COLUMNS, *_COUNT_COLUMNS, *_CLUSTER_COLUMNS)
)
MENTIONS = Table(
    "mentions",
    "one match of one term in one story",
    ("topic", "story_id", "zone", "start", "end"),
    (
        DAY,
        TOPIC,
        STORY,
        OUTLET,
        coded("term", "The term's text as topics.yaml writes it; of a pattern its name."),
        coded("zone", "Where it stands: headline, lede (standfirst or first paragraph), body, quote, caption."),
        plain("start", "int64", "First code point of the match, in the headline or in the `text` of story_texts."),
        plain("end", "int64", "End of the match, exclusive."),
        plain("surface", "string", "The matched words as they stand there."),
        plain("sentence", "string", "The sentence around them: the proof."),
        plain("sentence_start", "int64", "First code point of the sentence, in the headline or in the text."),
        plain(
            "sentence_end",
            "int64",
            "End of the sentence, exclusive. Of one over 1000 the part around the match counts.",
        ),
        plain("is_about", "bool", "The story is about the topic: named in headline or lede, or three times and more."),
        VERSION,
    ),
)
_STORY_COUNTS = (
    plain("story_count", "int64", "Stories with at least one mention."),
    plain(
        "original_count",
        "int64",
        "The same, but stories that share a text count once: a cluster that goes on next day counts again there.",
    ),
)
_ABOUT_COUNT = plain("about_story_count", "int64", "Of the stories, those about it: see `is_about` of mentions.")
_HEADLINE_COUNT = plain("headline_story_count", "int64", "Of the stories, those with a mention in the headline.")
_MENTION_COUNT = plain("mention_count", "int64", "Mentions in all zones.")
_FETCH_COUNTS = (
    plain("fetched_story_count", "int64", "Of those seen, stories whose page was had."),
    plain("failed_story_count", "int64", "Of those seen, stories of which only the feed's own text could be had."),
)
_COVERING_COUNT = plain(
    "covering_feed_count", "int64", "Of those, feeds whose polls' windows reach over the whole day."
)
TOPIC_DAYS = Table(
    "topic_days",
    "a topic on a day; a real zero has its row",
    ("topic",),
    (
        DAY,
        TOPIC,
        *_STORY_COUNTS,
        _ABOUT_COUNT,
        _HEADLINE_COUNT,
        _MENTION_COUNT,
        plain("headline_mention_count", "int64", "Of those, mentions in headlines."),
        plain("outlet_count", "int64", "Outlets with such a story."),
        plain("story_share", "float64", "story_count / seen_story_count; null where nothing was seen."),
        plain("seen_story_count", "int64", "All stories of the day, whatever they are about."),
        *_FETCH_COUNTS,
        plain("feed_count", "int64", "Feeds of feeds.yaml when the table was built."),
        _COVERING_COUNT,
        plain(
            "listed_feed_count",
            "int64",
            "Of those, feeds whose day no poll covers, but a list of their site's past; null in older files.",
            is_later=True,
        ),
        coded(
            "topic_terms_version",
            "First 12 hex digits of the SHA-256 of the topic's terms: days with the same one can be compared.",
            formerly="topic_version",
        ),
        VERSION,
    ),
)
TOPIC_OUTLET_DAYS = Table(
    "topic_outlet_days",
    "a topic in an outlet on a day, where there is such a story; what has no row is zero, if outlet_days covers it",
    ("topic", "outlet"),
    (
        DAY,
        TOPIC,
        OUTLET,
        *_STORY_COUNTS,
        _ABOUT_COUNT,
        _HEADLINE_COUNT,
        _MENTION_COUNT,
        plain("outlet_story_count", "int64", "All stories of the outlet on the day."),
        plain("story_share", "float64", "story_count / outlet_story_count."),
        VERSION,
    ),
)
TOPIC_PAIR_DAYS = Table(
    "topic_pair_days",
    "two topics that a story of the day mentions both; each pair once, in the order of their ids",
    ("topic", "other_topic"),
    (
        DAY,
        TOPIC,
        coded("other_topic", "Topic id, later in the alphabet than `topic`."),
        plain("story_count", "int64", "Stories that mention both."),
        plain("original_count", "int64", "The same, but stories that share a text count once."),
        plain("sentence_count", "int64", "Sentences that mention both."),
        VERSION,
    ),
)
TOPIC_TRENDS = Table(
    "topic_trends",
    "a topic on a day beside what is usual on that weekday",
    ("topic",),
    (
        DAY,
        TOPIC,
        plain("story_count", "int64", "As in topic_days."),
        plain(
            "baseline", "float64", "Median of story_count on the same weekday of the eight weeks before; null: too few."
        ),
        plain(
            "spread",
            "float64",
            "1.4826 times their median absolute deviation from it, or its square root if that is more, or 1.",
        ),
        plain("deviation", "float64", "(story_count - baseline) / spread."),
        plain(
            "compared_day_count", "int64", "Days that the baseline was taken from: same topic_terms_version, no outage."
        ),
        plain(
            "missing_share",
            "float64",
            "Share of the topic's stories of these weeks that came from outlets which are out.",
        ),
        coded("state", "normal, spike, silence, too_few or cannot_tell: see below."),
    ),
)
OUTLET_DAYS = Table(
    "outlet_days",
    "an outlet on a day; one with a feed of its own that published nothing has its row",
    ("outlet",),
    (
        DAY,
        OUTLET,
        plain("story_count", "int64", "Stories of the day."),
        plain("original_count", "int64", "The same, but stories that share a text count once."),
        plain("reprint_count", "int64", "Stories whose text another outlet had printed before."),
        plain("topic_story_count", "int64", "Of the stories, those that mention any topic."),
        plain("mention_count", "int64", "Mentions of any topic."),
        plain("feed_only_count", "int64", "Of the stories, those whose page could not be had."),
        plain(
            "feed_count",
            "int64",
            "The outlet's own feeds in feeds.yaml when the table was built; 0: aggregators alone bring its stories.",
        ),
        _COVERING_COUNT,
        VERSION,
    ),
)
FEED_DAYS = Table(
    "feed_days",
    "a feed on a day of polling",
    ("feed_id",),
    (
        DAY,
        FEED,
        coded("outlet", "Publisher's name of feeds.yaml; `by entry` of an aggregator."),
        plain("poll_count", "int64", "Polls of the day, by the time of the poll."),
        plain("success_count", "int64", "Of those, polls that gave a feed or said that nothing had changed."),
        plain("failure_count", "int64", "Of those, polls that failed."),
        plain("unchanged_count", "int64", "Of those that did not fail, polls that brought nothing new to read."),
        plain("damaged_count", "int64", "Of those that did not fail, polls whose document could be read in part."),
        plain("gap_count", "int64", "Polls that knew nothing of what was listed: entries may be lost before them."),
        plain("new_entry_count", "int64", "Entries seen for the first time."),
        plain("last_success_at", "timestamp", "The day's last poll that did not fail, UTC; null where all failed."),
        coded("last_outcome", "Outcome of the day's last poll."),
        plain("poll_seconds", "float64", "Time that the requests took, in all."),
        plain("is_covered", "bool", "Whether the feed's windows reach over the whole day."),
    ),
)
OUTCOMES = Table(
    "outcomes",
    "an outcome of a kind of thing on the day of its poll or fetch",
    ("kind", "outcome", "feed_id"),
    (
        DAY,
        coded(
            "kind",
            "What ended so: feed (a poll), entry (an item of it), page (a fetch), visit (a page again), file (what is "
            "stored, when it was read).",
        ),
        coded("outcome", "How it ended: see the list of outcomes below."),
        FEED,
        plain("outcome_count", "int64", "How often."),
        plain("example", "string", "One of them: URL or entry key, with the detail."),
    ),
)
DAY_TABLES = (
    STORIES, MENTIONS, TOPIC_DAYS, TOPIC_OUTLET_DAYS, TOPIC_PAIR_DAYS, OUTLET_DAYS, FEED_DAYS, OUTCOMES
)  # fmt: skip
TABLES = (*DAY_TABLES, TOPIC_TRENDS)
