"""The first ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("day_generation")))
    op.create_table(
        "aliases",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_aliases")),
    )
    op.create_index(op.f("ix_aliases_story_id"), "aliases", ["story_id"], unique=False)
    op.create_table(
        "batch_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_batch_files")),
    )
    op.create_index(op.f("ix_batch_files_batch_id"), "batch_files", ["batch_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_table(
        "builds",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        sa.Column("topics_version", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_builds")),
    )
    op.create_table(
        "catalogues",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("topics_version", sa.Text(), nullable=False),
        sa.Column("feeds_text", sa.Text(), nullable=False),
        sa.Column("topics_text", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_catalogues")),
    )
    op.create_table(
        "coverage",
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", "day", name=op.f("pk_coverage")),
    )
    op.create_index(op.f("ix_coverage_day"), "coverage", ["day"], unique=False)
    op.create_table(
        "digests",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topics_version", sa.Text(), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("day", "number", name=op.f("pk_digests")),
        sa.UniqueConstraint("day", "issued_by", name=op.f("uq_digests_day_issued_by")),
    )
    op.create_table(
        "dirty_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default=sa.text("nextval('day_generation')"), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_dirty_days")),
    )
    op.create_table(
        "entries",
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("story_id", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("feed_id", "entry_key", name=op.f("pk_entries")),
    )
    op.create_index(
        op.f("ix_entries_next_attempt_at"),
        "entries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(op.f("ix_entries_story_id"), "entries", ["story_id"], unique=False)
    op.create_table(
        "feeds",
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_sha256", sa.Text(), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("covered_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covered_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feeds")),
    )
    op.create_table(
        "outcomes",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome_count", sa.Integer(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "kind", "outcome", "feed_id", name=op.f("pk_outcomes")),
    )
    op.create_index(op.f("ix_outcomes_day"), "outcomes", ["day"], unique=False)
    op.create_table(
        "polls",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("new_entry_count", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("raw_path", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", "feed_id", name=op.f("pk_polls")),
    )
    op.create_index(op.f("ix_polls_day"), "polls", ["day"], unique=False)
    op.create_table(
        "stories",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("canonical_url", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("published_at_source", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("tagged_batch_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_stories")),
    )
    op.create_index(op.f("ix_stories_day"), "stories", ["day"], unique=False)
    op.create_index(
        op.f("ix_stories_first_seen_at"),
        "stories",
        ["first_seen_at"],
        unique=False,
        postgresql_where=sa.text("tagged_batch_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_stories_first_seen_at"), table_name="stories", postgresql_where=sa.text("tagged_batch_id IS NULL")
    )
    op.drop_index(op.f("ix_stories_day"), table_name="stories")
    op.drop_table("stories")
    op.drop_index(op.f("ix_polls_day"), table_name="polls")
    op.drop_table("polls")
    op.drop_index(op.f("ix_outcomes_day"), table_name="outcomes")
    op.drop_table("outcomes")
    op.drop_table("feeds")
    op.drop_index(op.f("ix_entries_story_id"), table_name="entries")
    op.drop_index(
        op.f("ix_entries_next_attempt_at"), table_name="entries", postgresql_where=sa.text("state = 'pending'")
    )
    op.drop_table("entries")
    op.drop_table("dirty_days")
    op.drop_table("digests")
    op.drop_index(op.f("ix_coverage_day"), table_name="coverage")
    op.drop_table("coverage")
    op.drop_table("catalogues")
    op.drop_table("builds")
    op.drop_table("batches")
    op.drop_index(op.f("ix_batch_files_batch_id"), table_name="batch_files")
    op.drop_table("batch_files")
    op.drop_index(op.f("ix_aliases_story_id"), table_name="aliases")
    op.drop_table("aliases")
    op.execute(sa.schema.DropSequence(sa.Sequence("day_generation")))
