"""Word forms of topics, made once and kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "word_forms",
        sa.Column("topics_version", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("forms", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("topics_version", "made_by", name=op.f("pk_word_forms")),
    )


def downgrade() -> None:
    op.drop_table("word_forms")
