"""Webhooks: the address of each cart, the deliveries that came, and the listings that are to be read again soon."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NO_ROWID = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    op.create_table(
        "hook_address",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("made_at", BIG, nullable=False),
        sa.Column("heard_at", BIG, nullable=True),
        sa.Column("refused_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("cart_id", name="hook_address_pk"),
        **NO_ROWID,
    )
    op.create_table(
        "hook_delivery",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "delivery", name="hook_delivery_pk"),
        **NO_ROWID,
    )
    op.create_table(
        "hook_ref",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("cart_id", "ref", name="hook_ref_pk"),
        **NO_ROWID,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 14")
