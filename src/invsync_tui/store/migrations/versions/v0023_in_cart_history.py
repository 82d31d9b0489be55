"""The history of a listing also has what its cart showed: a reading that differs from the one before is noted.

A push that is confirmed wrote a row before, which now has what the cart shows as well. `in_cart` of the counters is the
time up to which rows say nothing of it; it is taken from the rows, since a clock says another thing each time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
_SENT = "(SELECT pushed_rules_rev > 0 FROM cart WHERE id = new.cart_id)"
_IN_CART = "CASE WHEN {0}.gone_at IS NULL THEN {0}.observed - {0}.allocated END"
_BEFORE, _AFTER = _IN_CART.format("old"), _IN_CART.format("new")

HISTORY = (
    "CREATE TRIGGER listing_history_au AFTER UPDATE OF desired, acked, observed, allocated, gone_at ON listing "
    f"WHEN (old.desired IS NOT new.desired AND (old.outcome IS NOT NULL OR {_SENT})) "
    f"OR ((old.acked IS NOT new.acked OR ({_BEFORE}) IS NOT ({_AFTER})) AND (old.synced_at IS NOT NULL OR {_SENT})) BEGIN "
    "INSERT INTO listing_history (listing_id, at, run_id, desired_before, desired, acked_before, acked, in_cart_before, "
    f"in_cart) VALUES (new.id, {_NOW}, "
    # A reading is no work of the run that decided on the listing last.
    "CASE WHEN old.desired IS NOT new.desired OR old.acked IS NOT new.acked THEN new.run_id END, "
    f"old.desired, new.desired, old.acked, new.acked, {_BEFORE}, {_AFTER}) "
    "ON CONFLICT (listing_id, at) DO UPDATE SET run_id = CASE WHEN desired IS NOT excluded.desired "
    "OR acked IS NOT excluded.acked THEN excluded.run_id ELSE run_id END, desired = excluded.desired, "
    "acked = excluded.acked, in_cart = excluded.in_cart; END"
)


def upgrade() -> None:
    op.add_column("listing_history", sa.Column("in_cart_before", BIG, nullable=True))
    op.add_column("listing_history", sa.Column("in_cart", BIG, nullable=True))
    op.execute("INSERT INTO counter (name, value) SELECT 'in_cart', coalesce(max(at), 0) FROM listing_history")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER listing_history_au")
        op.execute(HISTORY)
        op.execute("PRAGMA user_version = 23")
