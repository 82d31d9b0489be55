"""${message}"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    # Keep PRAGMA user_version in step, see store/opening.py.


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that the upgrade made.")
