"""What an issue showed, where it was delivered, and since when a day is known to be covered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digests", sa.Column("record", postgresql.JSONB(), nullable=True))
    op.add_column("coverage", sa.Column("known_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("builds", sa.Column("built_by", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "deliveries",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "number", "channel", name=op.f("pk_deliveries")),
    )


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_column("builds", "built_by")
    op.drop_column("coverage", "known_at")
    op.drop_column("digests", "record")
