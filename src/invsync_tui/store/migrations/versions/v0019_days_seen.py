"""The days on which work was done, by which a clock that is ahead is told; what is too old goes by them alone.

The history of levels and listings was trimmed by triggers at the time of day, whatever the clock was set to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
_SENT = "(SELECT pushed_rules_rev > 0 FROM cart WHERE id = new.cart_id)"

HISTORY = (
    "CREATE TRIGGER level_history_au AFTER UPDATE OF available ON level WHEN old.available IS NOT new.available BEGIN "
    "INSERT INTO level_history (product_id, warehouse_id, at, before, after) "
    "VALUES (new.product_id, new.warehouse_id, new.loaded_at, old.available, new.available) "
    "ON CONFLICT (product_id, warehouse_id, at) DO UPDATE SET after = excluded.after; END",
    "CREATE TRIGGER listing_history_au AFTER UPDATE OF desired, acked ON listing "
    f"WHEN (old.desired IS NOT new.desired AND (old.outcome IS NOT NULL OR {_SENT})) "
    f"OR (old.acked IS NOT new.acked AND (old.synced_at IS NOT NULL OR {_SENT})) BEGIN "
    "INSERT INTO listing_history (listing_id, at, run_id, desired_before, desired, acked_before, acked) "
    f"VALUES (new.id, {_NOW}, new.run_id, old.desired, new.desired, old.acked, new.acked) "
    "ON CONFLICT (listing_id, at) DO UPDATE SET run_id = excluded.run_id, desired = excluded.desired, "
    "acked = excluded.acked; END",
)


def upgrade() -> None:
    op.create_table(
        "day_seen",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("day_seen_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO day_seen (day) SELECT ended_at / 86400 FROM run WHERE ended_at IS NOT NULL "
        "UNION SELECT at / 86400 FROM audit"
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER level_history_au")
        op.execute("DROP TRIGGER listing_history_au")
        for trigger in HISTORY:
            op.execute(trigger)
        op.execute("PRAGMA user_version = 19")
