"""Units that are added to an order later: told from those that the readings knew, and pending for themselves."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = "cart_id, ref, product_id, location, quantity, taken_at, shop, name, reported_at, seen_at, known_at, until"


def upgrade() -> None:
    op.create_table(
        "order_known",
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "merchant_id", "shop", "ref", "product_id", "location", "until", name=op.f("order_known_pk")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("order_known_age", "order_known", ["until"], unique=False)
    op.drop_index("pending_order_product", "pending_order")
    op.rename_table("pending_order", "pending_order_before")
    op.create_table(
        "pending_order",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("part", BIG, server_default=sa.text("0"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("taken_at", BIG, nullable=False),
        _defaulted("shop", sa.Text(), "''"),
        _defaulted("name", sa.Text(), "''"),
        _defaulted("reported_at", BIG, "0"),
        _defaulted("seen_at", BIG, "0"),
        sa.Column("known_at", BIG, nullable=True),
        _defaulted("until", BIG, "0"),
        sa.PrimaryKeyConstraint("cart_id", "ref", "product_id", "location", "part", name=op.f("pending_order_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("pending_order_product", "pending_order", ["product_id", "taken_at"], unique=False)
    op.execute(f"INSERT INTO pending_order ({NAMES}) SELECT {NAMES} FROM pending_order_before")
    op.drop_table("pending_order_before")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 20")


def _defaulted(name: str, kind: Any, default: str) -> Any:
    return sa.Column(name, kind, server_default=sa.text(default), nullable=False)
