"""Units per listing: a cart that sells cases of a product shows a case for so many units of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cart", sa.Column("units_per_listing", sa.Integer(), nullable=False, server_default="1"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 6")
