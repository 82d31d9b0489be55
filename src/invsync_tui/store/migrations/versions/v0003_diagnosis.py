"""Diagnosis: one partial index from which the causes of a whole cart are counted without reading its listings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TROUBLED = (
    "gone_at IS NULL AND (reason <> 'UNCHANGED' AND reason <> 'SWITCH_OFF' AND reason <> 'WAREHOUSE_DISABLED' "
    "OR match_reason IS NOT NULL OR skip IS NOT NULL OR tracked = 0 OR excluded <> 0 OR locked <> 0)"
)


def upgrade() -> None:
    columns = ["cart_id", "match_reason", "reason", "outcome", "skip", "tracked", "excluded", "locked", "id"]
    where = sa.text(TROUBLED)
    op.create_index("listing_troubled", "listing", columns, unique=False, sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 3")
