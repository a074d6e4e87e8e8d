"""With what a story was tagged at arrival: as long as a build would do the same, its mentions count for the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stories", sa.Column("tagged_with", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("stories", "tagged_with")
