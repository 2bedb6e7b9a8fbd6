"""What triage says of a message beside the key matter: official class, urgency, no substance, spam."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaint", sa.Column("official_class", sa.String(length=16), nullable=True))
    op.add_column("complaint", sa.Column("urgency", sa.String(length=64), nullable=False, server_default=""))
    op.add_column(
        "complaint", sa.Column("no_substance", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("complaint", sa.Column("spam", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for column in ("spam", "no_substance", "urgency", "official_class"):
        op.drop_column("complaint", column)
