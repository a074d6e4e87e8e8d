"""Revisions of stories, visits to their pages, and lines that recur on a host."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_KEYS = postgresql.ARRAY(sa.BigInteger())
_COLUMNS = (
    ("host", sa.Text()),
    ("headline_key", sa.BigInteger()),
    ("edge_keys", _KEYS),
    ("inner_keys", _KEYS),
    ("page_url", sa.Text()),
    ("etag", sa.Text()),
    ("last_modified", sa.Text()),
)


def upgrade() -> None:
    op.add_column("stories", sa.Column("revision_number", sa.Integer(), nullable=False, server_default="1"))
    for name, kind in _COLUMNS:
        op.add_column("stories", sa.Column(name, kind))
    op.create_table(
        "revisions",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("story_id", "number", name=op.f("pk_revisions")),
    )
    op.execute(
        "INSERT INTO revisions (story_id, number, seen_at, batch_id, path) "
        "SELECT s.story_id, 1, b.committed_at, s.batch_id, s.path FROM stories s JOIN batches b USING (batch_id)"
    )
    op.create_table(
        "visits",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("visit_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("due_at", _MOMENT),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_visits")),
    )
    op.create_index(op.f("ix_visits_due_at"), "visits", ["due_at"], unique=False)
    op.create_table(
        "frozen_lines",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("frozen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_frozen_lines")),
    )


def downgrade() -> None:
    for table in ("frozen_lines", "visits", "revisions"):
        op.drop_table(table)
    for name, _ in _COLUMNS:
        op.drop_column("stories", name)
    op.drop_column("stories", "revision_number")
