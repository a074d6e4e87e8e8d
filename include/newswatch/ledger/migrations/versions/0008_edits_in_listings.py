"""Visits to stories that a feed lists with other words than before, whether they match a topic or not."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("listed_due_at", sa.DateTime(timezone=True)),
    ("listed_day", sa.Date()),
    ("feed_id", sa.Text()),
    ("entry_key", sa.Text()),
)


def upgrade() -> None:
    op.alter_column("visits", "began_at", nullable=True)
    op.add_column("visits", sa.Column("listed_count", sa.Integer(), nullable=False, server_default="0"))
    for name, kind in _COLUMNS:
        op.add_column("visits", sa.Column(name, kind))
    op.create_index(op.f("ix_visits_listed_due_at"), "visits", ["listed_due_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_visits_listed_due_at"), table_name="visits")
    for name, _ in _COLUMNS:
        op.drop_column("visits", name)
    op.drop_column("visits", "listed_count")
    op.execute("DELETE FROM visits WHERE began_at IS NULL")
    op.alter_column("visits", "began_at", nullable=False)
