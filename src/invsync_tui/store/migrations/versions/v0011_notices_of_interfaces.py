"""What a system says of its interface: its version, and when it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("source", "cart"):
        op.add_column(table, sa.Column("notices", sa.Text(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 11")
