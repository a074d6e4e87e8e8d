"""Entries, stories and covered days that something of a site's past listed, and no poll."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("entries", "stories", "coverage", "ended_windows"):
        op.add_column(table, sa.Column("via", sa.Text))
    op.add_column("ended_windows", sa.Column("known_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    # Without the column these would pass for what polls reach over, and these for news of today.
    op.execute("DELETE FROM ended_windows WHERE via IS NOT NULL")
    op.execute("DELETE FROM coverage WHERE via IS NOT NULL")
    op.execute("UPDATE entries SET state = 'done' WHERE via IS NOT NULL AND state = 'pending'")
    op.drop_column("ended_windows", "known_at")
    for table in ("entries", "stories", "coverage", "ended_windows"):
        op.drop_column(table, "via")
