"""What worked on something is called its run everywhere, as in Airflow."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LEASED = ("feeds", "entries", "visits")


def upgrade() -> None:
    op.alter_column("batches", "owner", new_column_name="run_id")
    for table in LEASED:
        op.alter_column(table, "lease_owner", new_column_name="lease_run_id")


def downgrade() -> None:
    op.alter_column("batches", "run_id", new_column_name="owner")
    for table in LEASED:
        op.alter_column(table, "lease_run_id", new_column_name="lease_owner")
