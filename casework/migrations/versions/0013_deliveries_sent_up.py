"""Which SMS went up unrecorded, by a keyed hash, so that a delivery that is repeated goes up once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upward_delivery",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_upward_delivery")),
    )


def downgrade() -> None:
    op.drop_table("upward_delivery")
