"""The ledger's tables. Small facts only: no story text. A change here needs an Alembic revision beside it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
_MOMENT = sa.DateTime(timezone=True)

# What the last good polls left behind, and when the next is due.
feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("feed_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("body_sha256", sa.Text),
    sa.Column("full_at", _MOMENT),
    sa.Column("polled_at", _MOMENT),
    sa.Column("succeeded_at", _MOMENT),
    sa.Column("next_due_at", _MOMENT),
    sa.Column("failure_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_outcome", sa.Text),
    sa.Column("covered_from", _MOMENT),
    sa.Column("covered_to", _MOMENT),
    sa.Column("entry_rate", sa.Float),
    sa.Column("last_new_at", _MOMENT),
    sa.Column("newest_at", _MOMENT),
    sa.Column("longest_quiet_seconds", sa.Float),
    sa.Column("ttl_minutes", sa.Integer),
    sa.Column("skip_hours", ARRAY(sa.SmallInteger)),
    sa.Column("skip_days", ARRAY(sa.SmallInteger)),
    sa.Column("moved_to", sa.Text),
    sa.Column("moved_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_detail", sa.Text),
    sa.Column(
        "alternatives", JSONB
    ),  # of a refused feed: [how, address] of other sources that its site was found to have
    sa.Column("alternatives_at", _MOMENT),  # when they were looked for
    sa.Column("told_condition", sa.Text),  # what watch_feeds told of it last; null: nothing, or that it is well again
    sa.Column("lease_run_id", sa.Text),
    sa.Column("lease_token", sa.Text),
    sa.Column("lease_until", _MOMENT),
)

# Every entry ever seen; `pending` ones wait for their page.
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("feed_id", sa.Text, primary_key=True),
    sa.Column("entry_key", sa.Text, primary_key=True),
    sa.Column("url", sa.Text),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),  # the entries file that holds its text
    sa.Column("first_seen_at", _MOMENT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", _MOMENT),
    sa.Column("story_id", sa.Text),
    sa.Column("fingerprint", sa.Text),  # of its title, its text and its latest date, 16 hex digits each
    sa.Column("via", sa.Text),  # what of the site's past listed it; null: a poll of the feed
    sa.Column("lease_run_id", sa.Text),
    sa.Column("lease_token", sa.Text),
    sa.Column("lease_until", _MOMENT),
    sa.Index(None, "next_attempt_at", postgresql_where=sa.text("state = 'pending'")),
    sa.Index(None, "story_id"),
    sa.Index(None, "feed_id", "fingerprint"),
)

stories = sa.Table(
    "stories",
    metadata,
    sa.Column("story_id", sa.Text, primary_key=True),
    sa.Column("canonical_url", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("published_at_source", sa.Text, nullable=False),
    sa.Column("first_seen_at", _MOMENT, nullable=False),
    sa.Column("batch_id", sa.Text, nullable=False),  # that made the text
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("tagged_batch_id", sa.Text),  # the batch that has its mentions, as counted at arrival
    sa.Column("tagged_with", sa.Text),  # the code, topics, dictionaries and recurring lines of that; a hash
    sa.Column("revision_number", sa.Integer, nullable=False, server_default="1"),
    sa.Column("host", sa.Text),  # of the canonical URL; with the three below, what recurring lines are learnt from
    sa.Column("headline_key", sa.BigInteger),
    sa.Column("edge_keys", ARRAY(sa.BigInteger)),
    sa.Column("inner_keys", ARRAY(sa.BigInteger)),
    sa.Column("page_url", sa.Text),  # what answered, and its validators; null: no page was had
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("via", sa.Text),  # what of its site's past listed it; null: a poll of the feed
    sa.Column("link_story_id", sa.Text),  # of the first of several stories behind one link that is no story's page
    sa.Index(None, "day"),
    sa.Index(None, "link_story_id", postgresql_where=sa.text("link_story_id IS NOT NULL")),
    sa.Index(None, "first_seen_at", postgresql_where=sa.text("tagged_batch_id IS NULL")),
)

# Every text that a story has had; `stories` points to the newest.
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("story_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("seen_at", _MOMENT, nullable=False),
    sa.Column("batch_id", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
)
# Stories that are to be looked at again: because they match a topic, or because a feed lists them with other words.
visits = sa.Table(
    "visits",
    metadata,
    sa.Column("story_id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),  # that is asked: one shard has all of a host's requests
    sa.Column("began_at", _MOMENT),  # of the visits of a story that matches; null: it does not
    sa.Column("visit_count", sa.Integer, nullable=False, server_default="0"),  # of those
    sa.Column("due_at", _MOMENT),  # of the next one of those; null: there is none
    sa.Column("listed_due_at", _MOMENT),  # of the visit for what a feed lists; null: its words are those of last time
    sa.Column("listed_day", sa.Date),  # of the last visit of that kind, and how many there were that day
    sa.Column("listed_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("feed_id", sa.Text),  # with the next: the entry that was listed with other words
    sa.Column("entry_key", sa.Text),
    sa.Column("lease_run_id", sa.Text),
    sa.Column("lease_token", sa.Text),
    sa.Column("lease_until", _MOMENT),
    sa.Index(None, "due_at"),
    sa.Index(None, "listed_due_at"),
)
# For each day the recurring lines that were known when it was first read: a rebuild cuts the same ones.
frozen_lines = sa.Table(
    "frozen_lines",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("frozen_at", _MOMENT, nullable=False),
)

# What hosts asked for, from one run to the next.
host_pauses = sa.Table(
    "host_pauses",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("paused_until", _MOMENT, nullable=False),
)
# Who asks a host just now, or until when it is let rest: processes that know nothing of each other take turns. Of no
# use after a crash, and so not logged.
host_turns = sa.Table(
    "host_turns",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("until", _MOMENT, nullable=False),
    prefixes=["UNLOGGED"],
)
robots = sa.Table(
    "robots",
    metadata,
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("fetched_at", _MOMENT, nullable=False),
)

# Every link ever seen, and the story it leads to.
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("story_id", sa.Text, nullable=False),
    sa.Index(None, "story_id"),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("committed_at", _MOMENT, nullable=False),
)
batch_files = sa.Table(
    "batch_files",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("byte_count", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("replaced_at", _MOMENT),  # since when its rows lie in another file; null: it counts
    sa.Index(None, "batch_id"),
)

polls = sa.Table(
    "polls",
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),
    sa.Column("feed_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("polled_at", _MOMENT, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("entry_count", sa.Integer, nullable=False),
    sa.Column("new_entry_count", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("raw_path", sa.Text),
    sa.Column("is_gap", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index(None, "day"),
)
outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("feed_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("outcome_count", sa.Integer, nullable=False),
    sa.Column("example", sa.Text, nullable=False),
    sa.Index(None, "day"),
)

# Days that a feed's windows reach over wholly.
coverage = sa.Table(
    "coverage",
    metadata,
    sa.Column("feed_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("known_at", _MOMENT),  # of the poll that made it so; null: of before this was noted
    sa.Column("via", sa.Text),  # what of the site's past lists the whole day; null: polls
    sa.Index(None, "day"),
)
# Windows of polls that a gap has ended; the one that goes on is in `feeds`. What is covered in another zone follows.
# And stretches of time of which something of a site's past listed all.
ended_windows = sa.Table(
    "ended_windows",
    metadata,
    sa.Column("feed_id", sa.Text, primary_key=True),
    sa.Column("covered_from", _MOMENT, primary_key=True),
    sa.Column("covered_to", _MOMENT, nullable=False),
    sa.Column("via", sa.Text),  # with the next: what listed it all, and since when that is known; null: polls
    sa.Column("known_at", _MOMENT),
)

# The time zone that every `day` of this ledger is of: one row.
day_zone = sa.Table("day_zone", metadata, sa.Column("timezone", sa.Text, primary_key=True))

generation = sa.Sequence("day_generation", metadata=metadata)
dirty_days = sa.Table(
    "dirty_days",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("generation", sa.BigInteger, generation, server_default=generation.next_value(), nullable=False),
    sa.Column("announced_at", _MOMENT),
)

builds = sa.Table(
    "builds",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("inputs_sha256", sa.Text, nullable=False),
    sa.Column("topics_version", sa.Text, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("built_at", _MOMENT, nullable=False),
    sa.Column("built_by", sa.Text, nullable=False, server_default=""),  # dag id/run id; empty: the command line
    sa.Column("files", JSONB, nullable=False),  # table → SHA-256
    sa.Column("is_staged", sa.Boolean, nullable=False, server_default=sa.false()),  # files await their place
)
digests = sa.Table(
    "digests",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("issued_by", sa.Text, nullable=False),  # the same issuer gets the same number again
    sa.Column("issued_at", _MOMENT, nullable=False),
    sa.Column("topics_version", sa.Text, nullable=False),
    sa.Column("files", JSONB, nullable=False),  # path → SHA-256
    sa.Column("delivered_at", _MOMENT),
    sa.Column("record", JSONB),  # topic → its stories: what the next issue of the day is compared with
    sa.UniqueConstraint("day", "issued_by"),
)
# An issue on its way to a channel. What stays `sending`: its task died, and nobody knows whether it arrived.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),  # the id of an Airflow connection
    sa.Column("state", sa.Text, nullable=False),  # sending, delivered, failed
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("changed_at", _MOMENT, nullable=False),
)

# Every accepted content of the two YAML files; the last one stays in force while a newer edit is wrong.
catalogues = sa.Table(
    "catalogues",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("topics_version", sa.Text, nullable=False),
    sa.Column("feeds_text", sa.Text, nullable=False),
    sa.Column("topics_text", sa.Text, nullable=False),
    sa.Column("accepted_at", _MOMENT, nullable=False),
)

# Case forms of a version's terms: a dictionary that takes half a second to load is asked once, not by every task.
word_forms = sa.Table(
    "word_forms",
    metadata,
    sa.Column("topics_version", sa.Text, primary_key=True),
    sa.Column("made_by", sa.Text, primary_key=True),  # code and dictionaries
    sa.Column("forms", JSONB, nullable=False),  # by language, by phrase
)
