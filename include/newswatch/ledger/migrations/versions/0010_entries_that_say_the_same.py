"""Entries of a feed by what they say."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_entries_feed_id_fingerprint"), "entries", ["feed_id", "fingerprint"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_entries_feed_id_fingerprint"), table_name="entries")
