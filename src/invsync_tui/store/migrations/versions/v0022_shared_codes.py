"""How many products share a code is counted up and down: to count all of them anew for each was quadratic.

A row of `collision` says of a code how many present products have it, and is there while they are several. So who comes
adds one to it, or makes it where there is one other; who goes takes one off. Looking for the other one reads past missing
products only while there is no row.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_SAME = "{0}.merchant_id = {1}.merchant_id AND {0}.key = {1}.key AND {0}.kind = {1}.kind AND {0}.code = {1}.code"


def _one_more(row: str, origin: str, where: str) -> str:
    """Add one to the codes that `row` stands for, of those that another present product has."""
    return (
        "INSERT INTO collision (merchant_id, kind, key, code, n) "
        f"SELECT {row}.merchant_id, {row}.kind, {row}.key, {row}.code, 2 {origin} WHERE {where}"
        f"(EXISTS (SELECT 1 FROM collision AS k WHERE {_SAME.format('k', row)}) "
        "OR EXISTS (SELECT 1 FROM product_code AS c CROSS JOIN product AS p ON p.id = c.product_id "
        f"WHERE {_SAME.format('c', row)} AND c.product_id <> {row}.product_id AND p.missing_since IS NULL)) "
        "ON CONFLICT (merchant_id, kind, key, code) DO UPDATE SET n = n + 1; "
    )


_OF_PRODUCT = (
    "(merchant_id, kind, key, code) IN "
    "(SELECT m.merchant_id, m.kind, m.key, m.code FROM product_code AS m WHERE m.product_id = new.id)"
)
_OF_CODE = "merchant_id = old.merchant_id AND kind = old.kind AND key = old.key AND code = old.code"

COLLISIONS = (
    # A new product is marked missing until a complete load has ended: it counts then.
    "CREATE TRIGGER product_code_collision_ai AFTER INSERT ON product_code "
    "WHEN (SELECT missing_since IS NULL FROM product WHERE id = new.product_id) BEGIN "
    f"{_one_more('new', '', '')}END",
    # The product may be gone already; it counted until now.
    "CREATE TRIGGER product_code_collision_ad AFTER DELETE ON product_code "
    "WHEN coalesce((SELECT missing_since IS NULL FROM product WHERE id = old.product_id), 1) BEGIN "
    f"UPDATE collision SET n = n - 1 WHERE {_OF_CODE}; "
    f"DELETE FROM collision WHERE {_OF_CODE} AND n < 2; END",
    "CREATE TRIGGER product_collision_comes AFTER UPDATE OF missing_since ON product "
    "WHEN old.missing_since IS NOT NULL AND new.missing_since IS NULL BEGIN "
    f"{_one_more('m', 'FROM product_code AS m', 'm.product_id = new.id AND ')}END",
    "CREATE TRIGGER product_collision_goes AFTER UPDATE OF missing_since ON product "
    "WHEN old.missing_since IS NULL AND new.missing_since IS NOT NULL BEGIN "
    f"UPDATE collision SET n = n - 1 WHERE {_OF_PRODUCT}; "
    f"DELETE FROM collision WHERE n < 2 AND {_OF_PRODUCT}; END",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("product_code_collision_ai", "product_code_collision_ad", "product_collision_au"):
            op.execute(f"DROP TRIGGER {name}")
        for trigger in COLLISIONS:
            op.execute(trigger)
        op.execute("PRAGMA user_version = 22")
