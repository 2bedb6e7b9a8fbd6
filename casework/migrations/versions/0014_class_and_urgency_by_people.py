"""Class and urgency as people decide them; a keyed hash by which one sender's messages are known as such."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from casework.columns import RowId, UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaint", sa.Column("decided_class", sa.String(length=16), nullable=True))
    op.add_column("complaint", sa.Column("decided_urgency", sa.String(length=64), nullable=True))
    op.add_column("complaint", sa.Column("sender_digest", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_complaint_sender_digest"), "complaint", ["sender_digest"])
    op.add_column("review_label", sa.Column("official_class", sa.String(length=16), nullable=True))
    op.create_table(
        "urgency_label",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("complaint_id", RowId, sa.ForeignKey("complaint.id"), nullable=False),
        sa.Column("urgency", sa.String(length=64), nullable=False),
        sa.Column("by", RowId, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index(op.f("ix_urgency_label_complaint_id"), "urgency_label", ["complaint_id"])


def downgrade() -> None:
    op.drop_table("urgency_label")
    op.drop_column("review_label", "official_class")
    op.drop_index(op.f("ix_complaint_sender_digest"), "complaint")
    for column in ("sender_digest", "decided_urgency", "decided_class"):
        op.drop_column("complaint", column)
