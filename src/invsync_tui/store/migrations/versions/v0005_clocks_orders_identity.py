"""Clocks that jump, orders that several carts see, the identity of a source, retention, and who did what.

Each part below adds its own columns and tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _schedule()
    _orders()
    _sources()
    _retention()
    _workers()
    _connections()
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 5")


def _schedule() -> None:
    """When runs are due, and what they owe to those who asked for them."""
    op.add_column("run", sa.Column("then_push", sa.Integer(), server_default=sa.text("'0'"), nullable=False))
    op.add_column("run", sa.Column("after_again", sa.Integer(), server_default=sa.text("'0'"), nullable=False))
    op.add_column("run", sa.Column("again_for", sa.Text(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("push_batch", sa.Column("within_ms", sa.Integer(), server_default=sa.text("'0'"), nullable=False))


def _orders() -> None:
    """Orders that the WMS may not know yet, and the carts that they count against."""
    op.add_column("source", _orders_number("orders_within", 900))
    op.add_column("source", sa.Column("clock_offset", sa.Integer(), nullable=True))
    op.add_column("cart", _orders_text("shop"))
    op.add_column("cart", _orders_text("location"))
    op.add_column("cart", sa.Column("clock_offset", sa.Integer(), nullable=True))
    op.add_column("listing", sa.Column("elsewhere", Big, nullable=True))
    op.add_column("listing", _orders_number("elsewhere_allocated", 0, Big))
    op.add_column("listing", _orders_number("threshold", 0, Big))
    op.drop_index("pending_order_product", "pending_order")
    op.rename_table("pending_order", "pending_order_before")
    op.create_table(
        "pending_order",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("taken_at", Big, nullable=False),
        _orders_text("shop"),
        _orders_text("name"),
        _orders_number("reported_at", 0, Big),
        _orders_number("seen_at", 0, Big),
        sa.Column("known_at", Big, nullable=True),
        _orders_number("until", 0, Big),
        sa.PrimaryKeyConstraint("cart_id", "ref", "product_id", "location", name=op.f("pending_order_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("pending_order_product", "pending_order", ["product_id", "taken_at"], unique=False)
    # Which shop they are of is found out when their cart reports them again; until then each cart's are its own.
    op.execute(
        "INSERT INTO pending_order (cart_id, ref, product_id, location, quantity, taken_at, shop, name, reported_at, seen_at, "
        "until) SELECT cart_id, ref, product_id, '', quantity, taken_at, 'cart ' || cart_id, ref, taken_at, taken_at, "
        "taken_at + 900 FROM pending_order_before"
    )
    op.drop_table("pending_order_before")


def _orders_number(name: str, default: int, kind: Any = sa.Integer) -> Any:
    return sa.Column(name, kind, server_default=sa.text(str(default)), nullable=False)


def _orders_text(name: str) -> Any:
    return sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)


def _sources() -> None:
    """What a source was read as, and the state of its warehouses and products."""
    for table, name, default in (
        ("source", "identity", ""),
        ("source", "notes", ""),
        ("warehouse", "gone_why", ""),
        ("cart", "inactive_products", "keep"),
        ("cart", "gone_accepted", "[]"),
        ("cart", "identity", ""),
    ):
        op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=default))
    for name in ("inactive", "uncounted"):
        op.add_column("product", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE warehouse SET gone_why = 'vanished' WHERE vanished_at IS NOT NULL")


def _retention() -> None:
    """How long records are kept."""


def _workers() -> None:
    """Who executes, and who asked for it."""
    op.add_column("worker", sa.Column("boot", sa.Text(), nullable=False, server_default=""))
    op.add_column("worker", sa.Column("uptime", Big, nullable=False, server_default="0"))


def _connections() -> None:
    """What a connection's last error is filed under."""
    for table in ("source", "cart"):
        op.add_column(table, sa.Column("last_reason", sa.Text(), nullable=False, server_default=""))
