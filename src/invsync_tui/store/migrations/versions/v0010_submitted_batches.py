"""Batches that a cart applies later: the ticket, when to ask what became of it, and when the listings are read back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUBMITTED = sa.text("state = 'submitted'")


def upgrade() -> None:
    op.add_column("push_batch", sa.Column("ticket", sa.Text(), nullable=False, server_default=""))
    for name in ("waits_since", "look_after", "give_up_at"):
        op.add_column("push_batch", sa.Column(name, BIG, nullable=True))
    op.create_index(
        "push_batch_submitted",
        "push_batch",
        ["cart_id", "look_after"],
        sqlite_where=SUBMITTED,
        postgresql_where=SUBMITTED,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 10")
