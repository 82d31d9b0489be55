"""Second thoughts: plans that are kept, what runs knew, every change of a quantity, links, freezes, findings, exchanges."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HISTORY_SECONDS = 30 * 86400
"""How long the history of a row is kept; a row trims its own when it changes."""

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
_SENT = "(SELECT pushed_rules_rev > 0 FROM cart WHERE id = new.cart_id)"

HISTORY = (
    # Two changes within a second are one: what was between them was never sent.
    "CREATE TRIGGER level_history_au AFTER UPDATE OF available ON level WHEN old.available IS NOT new.available BEGIN "
    "INSERT INTO level_history (product_id, warehouse_id, at, before, after) "
    "VALUES (new.product_id, new.warehouse_id, new.loaded_at, old.available, new.available) "
    "ON CONFLICT (product_id, warehouse_id, at) DO UPDATE SET after = excluded.after; "
    "DELETE FROM level_history WHERE product_id = new.product_id AND warehouse_id = new.warehouse_id "
    f"AND at < new.loaded_at - {HISTORY_SECONDS}; END",
    # A level that appears after the first good download came from nothing; those of the first one are not noted.
    "CREATE TRIGGER level_history_ai AFTER INSERT ON level WHEN (SELECT s.confirmed_at FROM warehouse AS w "
    "JOIN source AS s ON s.merchant_id = w.merchant_id WHERE w.id = new.warehouse_id) IS NOT NULL BEGIN "
    "INSERT OR IGNORE INTO level_history (product_id, warehouse_id, at, before, after) "
    "VALUES (new.product_id, new.warehouse_id, new.loaded_at, NULL, new.available); END",
    # The first plan of a listing and what the cart was found to show already are not noted before anything was sent to the
    # cart: that keeps a first load cheap, and nothing is known of the time before it.
    "CREATE TRIGGER listing_history_au AFTER UPDATE OF desired, acked ON listing "
    f"WHEN (old.desired IS NOT new.desired AND (old.outcome IS NOT NULL OR {_SENT})) "
    f"OR (old.acked IS NOT new.acked AND (old.synced_at IS NOT NULL OR {_SENT})) BEGIN "
    "INSERT INTO listing_history (listing_id, at, run_id, desired_before, desired, acked_before, acked) "
    f"VALUES (new.id, {_NOW}, new.run_id, old.desired, new.desired, old.acked, new.acked) "
    "ON CONFLICT (listing_id, at) DO UPDATE SET run_id = excluded.run_id, desired = excluded.desired, "
    "acked = excluded.acked; "
    f"DELETE FROM listing_history WHERE listing_id = new.id AND at < {_NOW} - {HISTORY_SECONDS}; END",
)

LEVELS_OF_PRODUCT = ["product_id", "warehouse_id", "available", "read_at", "loaded_at", "missing_since"]
TROUBLE = ["cart_id", "match_reason", "reason", "outcome", "skip", "tracked", "excluded", "locked", "id", "gone_at"]
TROUBLED = (
    "gone_at IS NULL AND (reason <> 'UNCHANGED' AND reason <> 'SWITCH_OFF' AND reason <> 'WAREHOUSE_DISABLED' "
    "OR match_reason IS NOT NULL OR skip IS NOT NULL OR tracked = 0 OR excluded <> 0 OR locked <> 0)"
)
RENAMES = (
    "CREATE TRIGGER listing_rename_au AFTER UPDATE OF sku ON listing WHEN old.sku <> new.sku BEGIN "
    "INSERT INTO listing_rename (listing_id, at, before, after) "
    f"VALUES (new.id, {_NOW}, old.sku, new.sku) ON CONFLICT (listing_id, at) DO UPDATE SET after = excluded.after; END",
)


def upgrade() -> None:
    _columns()
    _tables()
    _history()
    op.create_index(
        "listing_observed", "listing", ["cart_id", "observed_at", "id"], sqlite_where=sa.text("gone_at IS NULL")
    )
    # All that a plan reads of a product's levels, side by side: one page in the place of one for each warehouse.
    op.drop_index("level_product", "level")
    op.create_index("level_product", "level", LEVELS_OF_PRODUCT)
    # With the one column of its own condition that it lacked, causes are counted without a look at the listings.
    where = sa.text(TROUBLED)
    op.drop_index("listing_troubled", "listing")
    op.create_index("listing_troubled", "listing", TROUBLE, sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "sqlite":
        for statement in (*HISTORY, *RENAMES):
            op.execute(sa.text(statement.replace(":", r"\:")))
        op.execute("PRAGMA user_version = 4")


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text(f"'{default}'"), nullable=False)


def _number(name: str, default: int) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=sa.text(f"'{default}'"), nullable=False)


def _columns() -> None:
    for table in ("merchant", "cart"):
        op.add_column(table, sa.Column("frozen_at", Big, nullable=True))
        op.add_column(table, _text("frozen_by"))
        op.add_column(table, _text("frozen_why"))
    for column in (_number("jump_factor", 10), _number("jump_count", 25), _number("jump_percent", 10)):
        op.add_column("cart", column)
    op.add_column("cart", _text("heal", "never"))
    op.add_column("listing", _number("heal", 0))
    op.add_column("run", sa.Column("plan_id", sa.Integer(), nullable=True))
    op.add_column("run", _text("groups"))
    op.add_column("run", _text("settings"))


def _tables() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of_run", sa.Integer(), nullable=True),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        _text("reason"),
        sa.Column("rules_rev", sa.Integer(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("trips", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("plan_pk")),
        sqlite_strict=True,
    )
    op.create_index("plan_cart", "plan", ["cart_id", "id"])
    op.create_table(
        "decision_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("decision_record_pk")),
        sqlite_strict=True,
    )
    op.create_index("decision_record_run", "decision_record", ["cart_id", "run_id", "first_id"])
    op.create_table(
        "source_record",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", "warehouse_id", name=op.f("source_record_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "link",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "ref", name=op.f("link_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("link_product", "link", ["product_id"])
    op.create_table(
        "listing_rename",
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("listing_id", "at", name=op.f("listing_rename_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("listing_rename_at", "listing_rename", ["at", "listing_id"])
    op.create_table(
        "finding",
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("since", Big, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "cart_id", "cause", name=op.f("finding_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exchange",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        _text("batch_id"),
        sa.Column("at_ms", Big, nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        _text("vendor_id"),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        _text("error"),
        sa.PrimaryKeyConstraint("id", name=op.f("exchange_pk")),
        sqlite_strict=True,
    )
    op.create_index("exchange_run", "exchange", ["run_id", "id"])
    op.create_index("exchange_batch", "exchange", ["batch_id"], sqlite_where=sa.text("batch_id <> ''"))


def _history() -> None:
    """The old history had one change an hour and row; what it knew is carried over."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER level_history_au")
        op.execute("DROP TRIGGER listing_history_au")
    for table in ("level_history", "listing_history"):
        op.rename_table(table, f"{table}_hourly")
    op.create_table(
        "level_history",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("before", Big, nullable=True),
        sa.Column("after", Big, nullable=True),
        sa.PrimaryKeyConstraint("product_id", "warehouse_id", "at", name=op.f("level_history_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "listing_history",
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("desired_before", Big, nullable=True),
        sa.Column("desired", Big, nullable=True),
        sa.Column("acked_before", Big, nullable=True),
        sa.Column("acked", Big, nullable=True),
        sa.PrimaryKeyConstraint("listing_id", "at", name=op.f("listing_history_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO level_history (product_id, warehouse_id, at, before, after) "
        "SELECT product_id, warehouse_id, at, before, after FROM level_history_hourly"
    )
    op.execute(
        "INSERT INTO listing_history (listing_id, at, desired_before, desired, acked_before, acked) "
        "SELECT listing_id, at, desired_before, desired, acked_before, acked FROM listing_history_hourly"
    )
    for table in ("level_history", "listing_history"):
        op.drop_table(f"{table}_hourly")


def downgrade() -> None:
    raise NotImplementedError("A store is not taken back to an older schema.")
