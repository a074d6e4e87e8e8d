"""Of a feed that is refused: the other sources that its site was found to have, and when they were looked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", sa.Column("alternatives", JSONB))
    op.add_column("feeds", sa.Column("alternatives_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("feeds", "alternatives_at")
    op.drop_column("feeds", "alternatives")
