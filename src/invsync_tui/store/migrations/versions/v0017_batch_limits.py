"""How many listings of one request a cart was found to take, where it refuses larger requests for their size."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("cart", sa.Column("batch_most", sa.Integer(), nullable=True))
    op.add_column("cart", sa.Column("batch_most_at", BIG, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 17")
