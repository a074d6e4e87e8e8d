"""The time zone that the days are of, and the windows from which covered days of another one follow."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "day_zone",
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("timezone", name=op.f("pk_day_zone")),
    )
    op.create_table(
        "ended_windows",
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("covered_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covered_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", "covered_from", name=op.f("pk_ended_windows")),
    )


def downgrade() -> None:
    op.drop_table("ended_windows")
    op.drop_table("day_zone")
