"""Several stories behind one link that is no story's page."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEX = "ix_stories_link_story_id"


def upgrade() -> None:
    op.add_column("stories", sa.Column("link_story_id", sa.Text()))
    where = sa.text("link_story_id IS NOT NULL")
    op.create_index(op.f(_INDEX), "stories", ["link_story_id"], unique=False, postgresql_where=where)


def downgrade() -> None:
    op.drop_index(op.f(_INDEX), table_name="stories")
    op.drop_column("stories", "link_story_id")
