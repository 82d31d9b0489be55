"""Long lists: indexes for their orders, numbers kept up to date, shared codes, names, and a compact history.

Everything that is kept by triggers is written only when it really changes, so an unchanged download still writes no
data page, and a first load writes no history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HISTORY_SECONDS = 30 * 86400
"""How long the history of a row is kept; a row trims its own when it changes."""

NAMES = (
    "CREATE VIRTUAL TABLE product_name_fts USING fts5(name, content='product', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 2', prefix='2 3', detail=none, columnsize=0)",
    "CREATE TRIGGER product_name_ai AFTER INSERT ON product WHEN new.name <> '' BEGIN "
    "INSERT INTO product_name_fts (rowid, name) VALUES (new.id, new.name); END",
    "CREATE TRIGGER product_name_ad AFTER DELETE ON product WHEN old.name <> '' BEGIN "
    "INSERT INTO product_name_fts (product_name_fts, rowid, name) VALUES ('delete', old.id, old.name); END",
    "CREATE TRIGGER product_name_gone AFTER UPDATE OF name ON product WHEN old.name <> '' AND old.name <> new.name BEGIN "
    "INSERT INTO product_name_fts (product_name_fts, rowid, name) VALUES ('delete', old.id, old.name); END",
    "CREATE TRIGGER product_name_new AFTER UPDATE OF name ON product WHEN new.name <> '' AND old.name <> new.name BEGIN "
    "INSERT INTO product_name_fts (rowid, name) VALUES (new.id, new.name); END",
)

_ADD = (
    "INSERT INTO census (subject, owner, label, n) VALUES ({subject}, {owner}, {label}, 1) "
    "ON CONFLICT (subject, owner, label) DO UPDATE SET n = n + 1"
)
_TAKE = "UPDATE census SET n = n - 1 WHERE subject = {subject} AND owner = {owner} AND label = {label}"


def _census(table: str, subject: str, owner: str, label: str, absent: str) -> list[str]:
    """Triggers that count the rows of a table that are not marked `absent`.

    One trigger for all that an update may do: what is asked for each changed row has to be asked once only.
    """
    add = _ADD.format(subject=f"'{subject}'", owner=f"new.{owner}", label=label)
    old = label.replace("new.", "old.")
    take = _TAKE.format(subject=f"'{subject}'", owner=f"old.{owner}", label=old)
    insert = f"CREATE TRIGGER {table}_census_ai AFTER INSERT ON {table} WHEN new.{absent} IS NULL BEGIN {add}; END"
    delete = f"CREATE TRIGGER {table}_census_ad AFTER DELETE ON {table} WHEN old.{absent} IS NULL BEGIN {take}; END"
    watched, differs = absent, f"(old.{absent} IS NULL) <> (new.{absent} IS NULL)"
    if label != "''":
        watched, differs = f"{absent}, {label.removeprefix('new.')}", f"({differs} OR {old} IS NOT {label})"
    gained = add.replace("VALUES (", "SELECT ").replace(", 1) ON", f", 1 WHERE new.{absent} IS NULL ON")
    update = (
        f"CREATE TRIGGER {table}_census_au AFTER UPDATE OF {watched} ON {table} WHEN {differs} BEGIN "
        f"{take} AND old.{absent} IS NULL; {gained}; END"
    )
    return [insert, delete, update]


CENSUS = (
    *_census("product", "products", "merchant_id", "new.kinds", "missing_since"),
    *_census("level", "levels", "warehouse_id", "''", "missing_since"),
    *_census("listing", "listings", "cart_id", "''", "gone_at"),
)

_SAME = "merchant_id = {row}.merchant_id AND kind = {row}.kind AND key = {row}.key AND code = {row}.code"


def _recount(row: str) -> str:
    same = _SAME.format(row=row)
    counted = " AND ".join(f"c.{part}" for part in same.split(" AND "))
    return (
        f"DELETE FROM collision WHERE {same}; "
        "INSERT INTO collision (merchant_id, kind, key, code, n) "
        f"SELECT {row}.merchant_id, {row}.kind, {row}.key, {row}.code, count(*) FROM product_code AS c "
        f"CROSS JOIN product AS p ON p.id = c.product_id WHERE {counted} AND p.missing_since IS NULL HAVING count(*) > 1;"
    )


COLLISIONS = (
    # A new product is marked missing until a complete load has ended, so a first load counts once, at its end.
    "CREATE TRIGGER product_code_collision_ai AFTER INSERT ON product_code WHEN EXISTS (SELECT 1 FROM product_code AS c "
    "WHERE c.merchant_id = new.merchant_id AND c.key = new.key AND c.kind = new.kind AND c.code = new.code "
    f"AND c.product_id <> new.product_id) BEGIN {_recount('new')} END",
    "CREATE TRIGGER product_code_collision_ad AFTER DELETE ON product_code WHEN EXISTS (SELECT 1 FROM collision "
    f"WHERE {_SAME.format(row='old')}) BEGIN {_recount('old')} END",
    "CREATE TRIGGER product_collision_au AFTER UPDATE OF missing_since ON product "
    "WHEN (old.missing_since IS NULL) <> (new.missing_since IS NULL) BEGIN "
    "DELETE FROM collision WHERE (merchant_id, kind, key, code) IN "
    "(SELECT m.merchant_id, m.kind, m.key, m.code FROM product_code AS m WHERE m.product_id = new.id); "
    "INSERT INTO collision (merchant_id, kind, key, code, n) "
    "SELECT c.merchant_id, c.kind, c.key, c.code, count(*) FROM product_code AS m "
    "CROSS JOIN product_code AS c ON c.merchant_id = m.merchant_id AND c.key = m.key AND c.kind = m.kind AND c.code = m.code "
    "CROSS JOIN product AS p ON p.id = c.product_id WHERE m.product_id = new.id AND p.missing_since IS NULL "
    "GROUP BY c.merchant_id, c.kind, c.key, c.code HAVING count(*) > 1; END",
)

_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"

HISTORY = (
    "CREATE TRIGGER level_history_au AFTER UPDATE OF available ON level WHEN old.available IS NOT new.available BEGIN "
    "INSERT INTO level_history (product_id, warehouse_id, hour, at, before, after) "
    "VALUES (new.product_id, new.warehouse_id, new.loaded_at / 3600, new.loaded_at, old.available, new.available) "
    "ON CONFLICT (product_id, warehouse_id, hour) DO UPDATE SET at = excluded.at, after = excluded.after; "
    "DELETE FROM level_history WHERE product_id = new.product_id AND warehouse_id = new.warehouse_id "
    f"AND hour < (new.loaded_at - {HISTORY_SECONDS}) / 3600; END",
    # The first plan and the first acknowledgement of a listing write none: `before` of the next change tells the start.
    "CREATE TRIGGER listing_history_au AFTER UPDATE OF desired, acked ON listing "
    "WHEN (old.outcome IS NOT NULL AND old.desired IS NOT new.desired) "
    "OR (old.synced_at IS NOT NULL AND old.acked IS NOT new.acked) BEGIN "
    "INSERT INTO listing_history (listing_id, hour, at, desired_before, desired, acked_before, acked) "
    f"VALUES (new.id, {_NOW} / 3600, {_NOW}, old.desired, new.desired, old.acked, new.acked) "
    "ON CONFLICT (listing_id, hour) DO UPDATE SET at = excluded.at, desired = excluded.desired, acked = excluded.acked; "
    f"DELETE FROM listing_history WHERE listing_id = new.id AND hour < ({_NOW} - {HISTORY_SECONDS}) / 3600; END",
)

FILL = (
    "UPDATE product SET kinds = coalesce((SELECT group_concat(kind) FROM (SELECT DISTINCT kind FROM product_code AS c "
    "WHERE c.product_id = product.id ORDER BY kind)), '')",
    "INSERT INTO census SELECT 'products', merchant_id, kinds, count(*) FROM product WHERE missing_since IS NULL "
    "GROUP BY merchant_id, kinds",
    "INSERT INTO census SELECT 'levels', warehouse_id, '', count(*) FROM level WHERE missing_since IS NULL "
    "GROUP BY warehouse_id",
    "INSERT INTO census SELECT 'listings', cart_id, '', count(*) FROM listing WHERE gone_at IS NULL GROUP BY cart_id",
    "INSERT INTO collision SELECT c.merchant_id, c.kind, c.key, c.code, count(*) FROM product_code AS c "
    "JOIN product AS p ON p.id = c.product_id WHERE p.missing_since IS NULL "
    "GROUP BY c.merchant_id, c.kind, c.key, c.code HAVING count(*) > 1",
)
"""What the triggers would have written; the bulk load of a generated store uses it too."""

BUILD_NAMES = "INSERT INTO product_name_fts (product_name_fts) VALUES ('rebuild')"

ORDERS = (
    # An expression, since NULL has no place in a key: never synced comes first.
    "CREATE INDEX listing_synced ON listing (cart_id, coalesce(synced_at, 0), id)",
)

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("product", sa.Column("kinds", sa.Text(), server_default=sa.text("''"), nullable=False))
    _tables()
    _indexes()
    if op.get_bind().dialect.name == "sqlite":
        for statement in (*FILL, *ORDERS, *NAMES, BUILD_NAMES, *CENSUS, *COLLISIONS, *HISTORY):
            op.execute(sa.text(statement.replace(":", r"\:")))
        op.execute("PRAGMA user_version = 2")


def _tables() -> None:
    op.create_table(
        "census",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("n", Big, nullable=False),
        sa.PrimaryKeyConstraint("subject", "owner", "label", name=op.f("census_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "collision",
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "kind", "key", "code", name=op.f("collision_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "level_history",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("before", Big, nullable=True),
        sa.Column("after", Big, nullable=True),
        sa.PrimaryKeyConstraint("product_id", "warehouse_id", "hour", name=op.f("level_history_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "listing_history",
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("desired_before", Big, nullable=True),
        sa.Column("desired", Big, nullable=True),
        sa.Column("acked_before", Big, nullable=True),
        sa.Column("acked", Big, nullable=True),
        sa.PrimaryKeyConstraint("listing_id", "hour", name=op.f("listing_history_pk")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _indexes() -> None:
    op.create_index("level_available", "level", ["warehouse_id", "available", "product_id"], unique=False)
    op.create_index("level_loaded", "level", ["warehouse_id", "loaded_at", "product_id"], unique=False)
    present = sa.text("missing_since IS NULL")
    op.create_index(
        "product_kinds", "product", ["merchant_id", "kinds", "sku", "id"], unique=False, sqlite_where=present
    )
    for name, columns, where in LISTING_TABS:
        op.create_index(name, "listing", columns, unique=False, sqlite_where=sa.text(where))


LISTING_TABS = (
    ("listing_unmatched", ["cart_id", "match_reason", "key", "id"], "match_reason IS NOT NULL"),
    ("listing_failed", ["cart_id", "key", "id"], "outcome IN ('failed', 'in_doubt')"),
    ("listing_drift", ["cart_id", "key", "id"], "shown <> observed"),
    ("listing_withheld", ["cart_id", "key", "id"], "excluded <> 0 OR locked <> 0"),
)


def downgrade() -> None:
    raise NotImplementedError("A store is not taken back to an older schema.")
