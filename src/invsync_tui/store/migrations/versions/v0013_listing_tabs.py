"""Further tabs of listings: mismatch in the order of the difference, held, overridden; excluded and locked apart.

The difference is in sellable units: what the cart shows less what it holds back for its own open orders, less what it
is to show. Its indexes are of expressions, so the models do not have them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABS = (
    ("listing_held", "outcome = 'held'"),
    ("listing_override", "override IS NOT NULL"),
    ("listing_excluded", "excluded <> 0"),
    ("listing_locked", "locked <> 0"),
)
MISMATCH = "observed - allocated <> desired AND gone_at IS NULL"
DIFFERENCE = "observed - allocated - desired"


def upgrade() -> None:
    op.drop_index("listing_withheld", "listing")
    for name, where in TABS:
        condition = sa.text(where)
        op.create_index(name, "listing", ["cart_id", "key", "id"], sqlite_where=condition, postgresql_where=condition)
    op.execute(f"CREATE INDEX listing_mismatch ON listing (cart_id, ({DIFFERENCE}), id) WHERE {MISMATCH}")
    op.execute(f"CREATE INDEX listing_mismatch_all ON listing (({DIFFERENCE}), id) WHERE {MISMATCH}")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 13")
