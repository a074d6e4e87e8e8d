"""Files of batches whose rows lie in another one since."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch_files", sa.Column("replaced_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.execute("DELETE FROM batch_files WHERE replaced_at IS NOT NULL")
    op.drop_column("batch_files", "replaced_at")
