"""An index of the messages that press, so that the inbox need not read the many copies of a mailing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_PRESSING = sa.text("coalesce(decided_urgency, urgency) != ''")


def upgrade() -> None:
    op.create_index(
        "ix_complaint_pressing", "complaint", ["id"], sqlite_where=_PRESSING, postgresql_where=_PRESSING
    )


def downgrade() -> None:
    op.drop_index("ix_complaint_pressing", "complaint")
