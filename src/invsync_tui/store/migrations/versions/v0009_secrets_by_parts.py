"""Secrets by parts: references of what a connector needs beside the first secret."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("source", "cart"):
        op.add_column(table, sa.Column("secrets", sa.Text(), nullable=False, server_default="{}"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 9")
