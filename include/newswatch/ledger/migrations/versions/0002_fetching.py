"""What polite and gapless polling remembers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_HOURS = postgresql.ARRAY(sa.SmallInteger())


def upgrade() -> None:
    for column in (
        sa.Column("full_at", _MOMENT),
        sa.Column("entry_rate", sa.Float()),
        sa.Column("last_new_at", _MOMENT),
        sa.Column("newest_at", _MOMENT),
        sa.Column("longest_quiet_seconds", sa.Float()),
        sa.Column("ttl_minutes", sa.Integer()),
        sa.Column("skip_hours", _HOURS),
        sa.Column("skip_days", _HOURS),
        sa.Column("moved_to", sa.Text()),
        sa.Column("moved_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_detail", sa.Text()),
        sa.Column("told_condition", sa.Text()),
    ):
        op.add_column("feeds", column)
    op.add_column("entries", sa.Column("fingerprint", sa.Text()))
    op.add_column("polls", sa.Column("is_gap", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "host_pauses",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("paused_until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_pauses")),
    )
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fetched_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_robots")),
    )


def downgrade() -> None:
    for table in ("robots", "host_pauses"):
        op.drop_table(table)
    op.drop_column("polls", "is_gap")
    op.drop_column("entries", "fingerprint")
    names = ("full_at", "entry_rate", "last_new_at", "newest_at", "longest_quiet_seconds", "ttl_minutes")
    for name in (*names, "skip_hours", "skip_days", "moved_to", "moved_count", "last_detail", "told_condition"):
        op.drop_column("feeds", name)
