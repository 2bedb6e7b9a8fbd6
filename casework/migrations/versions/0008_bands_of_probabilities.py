"""Bounds of the probability of a score; scores stored before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BOUNDS = ("probability_low", "probability_high")


def upgrade() -> None:
    for bound in BOUNDS:
        op.add_column("score", sa.Column(bound, sa.Float(precision=53), nullable=True))


def downgrade() -> None:
    for bound in reversed(BOUNDS):
        op.drop_column("score", bound)
