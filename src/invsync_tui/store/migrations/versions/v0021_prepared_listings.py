"""Where a read of a cart's listings goes on, while the cart prepares what is to be read."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("cart", sa.Column("listing_cursor", sa.Text(), nullable=False, server_default=""))
    op.add_column("cart", sa.Column("listing_cursor_at", BIG, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 21")
