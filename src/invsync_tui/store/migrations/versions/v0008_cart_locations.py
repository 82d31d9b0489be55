"""Locations of a cart: a row of `cart` with `of_cart` sets stock at a further location through that cart's connection.

Carts of a merchant that differ in nothing but the location were one cart with several locations all along, and become
it. They share the lease of the first one from now on: its epoch must be no older than any that their listings know.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CARTS = sa.text("SELECT id, merchant_id, system, url, login, secret, options, deadline_ms FROM cart ORDER BY id")
JOIN = sa.text("UPDATE cart SET of_cart = :first WHERE id = :id")
EPOCH = sa.text("SELECT coalesce(max(epoch), 0) FROM lease WHERE key IN (:first, :other)")
RAISE = sa.text("UPDATE lease SET epoch = :epoch WHERE key = :first AND epoch < :epoch")
TAKE_OVER = sa.text(
    "INSERT INTO lease (key, epoch, holder, until) SELECT :first, epoch, holder, until FROM lease "
    "WHERE key = :other AND NOT EXISTS (SELECT 1 FROM lease WHERE key = :first)"
)


def upgrade() -> None:
    op.add_column("cart", sa.Column("of_cart", sa.Integer(), nullable=True))
    bind = op.get_bind()
    firsts: dict[tuple[Any, ...], int] = {}
    for number, *connection, options, deadline in bind.execute(CARTS).fetchall():
        values = json.loads(options)
        location = str(values.pop("location", "")).strip()
        first = firsts.setdefault((*connection, json.dumps(values, sort_keys=True), deadline), number)
        if first != number and location:
            bind.execute(JOIN, {"first": first, "id": number})
            names = {"first": f"push:{first}", "other": f"push:{number}"}
            epoch = bind.execute(EPOCH, names).scalar()
            bind.execute(TAKE_OVER, names)
            bind.execute(RAISE, {"first": f"push:{first}", "epoch": epoch})
    if bind.dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 8")
