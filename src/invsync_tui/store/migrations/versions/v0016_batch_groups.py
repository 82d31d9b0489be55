"""Listings that a cart sets by one request are a group: the variations of a product in WooCommerce."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listing", sa.Column("batch_group", sa.Text(), nullable=False, server_default=""))
    # A variation of WooCommerce is known by PRODUCT/VARIATION, and is set by its product.
    op.execute(
        "UPDATE listing SET batch_group = substr(ref, 1, instr(ref, '/') - 1) WHERE instr(ref, '/') > 0 "
        "AND cart_id IN (SELECT id FROM cart WHERE system = 'woocommerce')"
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 16")
