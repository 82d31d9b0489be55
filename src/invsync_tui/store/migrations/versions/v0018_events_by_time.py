"""Events of all runs by time: without it a page of the newest reads every event that is kept."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("run_event_at", "run_event", ["at", "run_id", "n"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version = 18")
