"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SEARCH = """
CREATE VIRTUAL TABLE product_fts USING fts5(
  codes_text, content='product', content_rowid='id', tokenize='trigram', columnsize=0);
CREATE TRIGGER product_fts_ai AFTER INSERT ON product BEGIN
  INSERT INTO product_fts (rowid, codes_text) VALUES (new.id, new.codes_text);
END;
CREATE TRIGGER product_fts_ad AFTER DELETE ON product BEGIN
  INSERT INTO product_fts (product_fts, rowid, codes_text) VALUES ('delete', old.id, old.codes_text);
END;
CREATE TRIGGER product_fts_au AFTER UPDATE OF codes_text ON product
WHEN old.codes_text IS NOT new.codes_text BEGIN
  INSERT INTO product_fts (product_fts, rowid, codes_text) VALUES ('delete', old.id, old.codes_text);
  INSERT INTO product_fts (rowid, codes_text) VALUES (new.id, new.codes_text);
END
"""


def upgrade() -> None:
    op.create_table(
        "alias_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("alias_type_pk")),
        sa.UniqueConstraint("merchant_id", "name", name=op.f("alias_type_merchant_id_name_unique")),
        sqlite_strict=True,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("after", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pk")),
        sqlite_strict=True,
    )
    op.create_index("audit_subject", "audit", ["subject", "id"], unique=False)
    op.create_table(
        "cart",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("secret", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("options", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("deadline_ms", sa.Integer(), server_default=sa.text("30000"), nullable=False),
        sa.Column("upload_enabled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("combine_all", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("push_kind", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cutoff_below", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("end_at_or_below", sa.Integer(), nullable=True),
        sa.Column("buffer", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("share_percent", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column("max_quantity", sa.Integer(), nullable=True),
        sa.Column("stale_after", sa.Integer(), nullable=True),
        sa.Column("zero_count", sa.Integer(), server_default=sa.text("25"), nullable=False),
        sa.Column("zero_percent", sa.Integer(), server_default=sa.text("10"), nullable=False),
        sa.Column("shrink_percent", sa.Integer(), server_default=sa.text("20"), nullable=False),
        sa.Column("relist_every", sa.Integer(), server_default=sa.text("86400"), nullable=False),
        sa.Column("observe_every", sa.Integer(), server_default=sa.text("900"), nullable=False),
        sa.Column("rules_rev", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("pushed_rules_rev", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("matched_rev", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("watermark", Big, server_default=sa.text("0"), nullable=False),
        sa.Column("match_mark", Big, server_default=sa.text("0"), nullable=False),
        sa.Column("listed_at", Big, nullable=True),
        sa.Column("observed_at", Big, nullable=True),
        sa.Column("last_error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("rev", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("cutoff_below >= 0 AND buffer >= 0", name="cart_not_negative"),
        sa.CheckConstraint("share_percent BETWEEN 0 AND 100", name="cart_share_percent"),
        sa.PrimaryKeyConstraint("id", name=op.f("cart_pk")),
        sa.UniqueConstraint("merchant_id", "name", name=op.f("cart_merchant_id_name_unique")),
        sqlite_strict=True,
    )
    op.create_table(
        "cart_warehouse",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "warehouse_id", name=op.f("cart_warehouse_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", Big, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("counter_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kit_component",
        sa.Column("kit_id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kit_id", "component_id", name=op.f("kit_component_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("kit_component_component", "kit_component", ["component_id"], unique=False)
    op.create_table(
        "lease",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("epoch", Big, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", Big, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("lease_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "level",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("on_hand", Big, nullable=True),
        sa.Column("available", Big, nullable=False),
        sa.Column("committed", Big, nullable=True),
        sa.Column("incoming", Big, nullable=True),
        sa.Column("read_at", Big, nullable=True),
        sa.Column("loaded_at", Big, nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("missing_since", Big, nullable=True),
        sa.PrimaryKeyConstraint("warehouse_id", "product_id", name=op.f("level_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("level_product", "level", ["product_id"], unique=False)
    op.create_index("level_seq", "level", ["seq", "product_id"], unique=False)
    op.create_table(
        "listing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tracked", sa.Integer(), nullable=True),
        sa.Column("skip", sa.Text(), nullable=True),
        sa.Column("allocated", Big, server_default=sa.text("0"), nullable=False),
        sa.Column("observed", Big, nullable=True),
        sa.Column("observed_at", Big, nullable=True),
        sa.Column("seq", Big, nullable=False),
        sa.Column("gone_at", Big, nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("match_reason", sa.Text(), nullable=True),
        sa.Column("override", sa.Integer(), nullable=True),
        sa.Column("excluded", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("desired", Big, nullable=True),
        sa.Column("target", Big, nullable=True),
        sa.Column("acked", Big, nullable=True),
        sa.Column("shown", Big, nullable=True),
        sa.Column("synced_at", Big, nullable=True),
        sa.Column("acked_epoch", Big, server_default=sa.text("0"), nullable=False),
        sa.Column("inflight", sa.Text(), nullable=True),
        sa.Column("pending", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("listing_pk")),
        sa.UniqueConstraint("cart_id", "ref", name=op.f("listing_cart_id_ref_unique")),
        sqlite_strict=True,
    )
    op.create_index("listing_key", "listing", ["cart_id", "key", "id"], unique=False)
    op.create_index(
        "listing_never", "listing", ["cart_id", "key", "id"], unique=False, sqlite_where=sa.text("synced_at IS NULL")
    )
    op.create_index("listing_pending", "listing", ["cart_id", "id"], unique=False, sqlite_where=sa.text("pending <> 0"))
    op.create_index(
        "listing_product",
        "listing",
        ["cart_id", "product_id"],
        unique=False,
        sqlite_where=sa.text("product_id IS NOT NULL"),
    )
    op.create_index("listing_run", "listing", ["run_id", "outcome", "reason", "id"], unique=False)
    op.create_index("listing_seq", "listing", ["cart_id", "seq"], unique=False)
    op.create_table(
        "merchant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("inventory_sync", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stale_after", sa.Integer(), server_default=sa.text("86400"), nullable=True),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("rev", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("merchant_pk")),
        sa.UniqueConstraint("name", name=op.f("merchant_name_unique")),
        sqlite_strict=True,
    )
    op.create_table(
        "pending_order",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("taken_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "ref", "product_id", name=op.f("pending_order_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("pending_order_product", "pending_order", ["product_id", "taken_at"], unique=False)
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("sku_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("codes_text", sa.Text(), nullable=False),
        sa.Column("is_kit", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sig", sa.Text(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("missing_since", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("product_pk")),
        sa.UniqueConstraint("merchant_id", "ref", name=op.f("product_merchant_id_ref_unique")),
        sqlite_strict=True,
    )
    op.create_index("product_seq", "product", ["seq", "id"], unique=False)
    op.create_index("product_sku", "product", ["merchant_id", "sku"], unique=False)
    op.create_table(
        "product_code",
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "key", "kind", "product_id", "code", name=op.f("product_code_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("product_code_product", "product_code", ["product_id"], unique=False)
    op.create_table(
        "pull_generation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("products", sa.Integer(), nullable=True),
        sa.Column("levels", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", Big, nullable=False),
        sa.Column("ended_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pull_generation_pk")),
        sqlite_strict=True,
    )
    op.create_index("pull_generation_merchant", "pull_generation", ["merchant_id", "id"], unique=False)
    op.create_table(
        "pull_page",
        sa.Column("generation_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("generation_id", "stage", "n", name=op.f("pull_page_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "push_batch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("epoch", Big, nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("answer_by_ms", Big, nullable=False),
        sa.Column("ended_at", Big, nullable=True),
        sa.Column("error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("push_batch_pk")),
        sqlite_strict=True,
    )
    op.create_index(
        "push_batch_open",
        "push_batch",
        ["cart_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('intent', 'in_doubt')"),
    )
    op.create_index("push_batch_run", "push_batch", ["run_id", "created_at"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", Big, nullable=False),
        sa.Column("after_run", sa.Integer(), nullable=True),
        sa.Column("full", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("again", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancel_requested", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", Big, server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", Big, nullable=True),
        sa.Column("ended_at", Big, nullable=True),
        sa.Column("heartbeat_at", Big, nullable=True),
        sa.Column("phase", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("done", Big, server_default=sa.text("0"), nullable=False),
        sa.Column("total", Big, nullable=True),
        sa.Column("phases", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("counts", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reasons", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("rate", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("trips", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("released", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("plan_seq", Big, nullable=True),
        sa.Column("error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("rev", Big, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("run_pk")),
        sqlite_strict=True,
    )
    op.create_index(
        "run_active",
        "run",
        ["kind", "key"],
        unique=True,
        sqlite_where=sa.text("state IN ('running', 'cancelling', 'held')"),
    )
    op.create_index("run_key", "run", ["kind", "key", "id"], unique=False)
    op.create_index("run_merchant", "run", ["merchant_id", "id"], unique=False)
    op.create_index("run_requested", "run", ["kind", "key"], unique=True, sqlite_where=sa.text("state = 'requested'"))
    op.create_table(
        "run_event",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "n", name=op.f("run_event_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "schedule",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("jitter", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Big, nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("schedule_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("secret", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("options", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("deadline_ms", sa.Integer(), server_default=sa.text("30000"), nullable=False),
        sa.Column("mark", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("full_every", sa.Integer(), server_default=sa.text("86400"), nullable=False),
        sa.Column("last_full_at", Big, nullable=True),
        sa.Column("confirmed_at", Big, nullable=True),
        sa.Column("last_error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("source_pk")),
        sa.UniqueConstraint("merchant_id", name=op.f("source_merchant_id_unique")),
        sqlite_strict=True,
    )
    op.create_table(
        "unlisted",
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "product_id", name=op.f("unlisted_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("unlisted_run", "unlisted", ["run_id", "reason"], unique=False)
    op.create_table(
        "warehouse",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("last_full_at", Big, nullable=True),
        sa.Column("vanished_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("warehouse_pk")),
        sa.UniqueConstraint("merchant_id", "ref", name=op.f("warehouse_merchant_id_ref_unique")),
        sqlite_strict=True,
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started_at", Big, nullable=False),
        sa.Column("heartbeat_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("worker_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO counter (name, value) VALUES ('seq', 0)")
    if op.get_bind().dialect.name == "sqlite":
        for statement in SEARCH.split(";\nCREATE"):
            op.execute(statement if statement.lstrip().startswith("CREATE") else "CREATE" + statement)
        op.execute("PRAGMA user_version = 1")


def downgrade() -> None:
    raise NotImplementedError("The first schema has nothing before it.")
