"""What the mailbox of the public intake brought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mailbox_complaint",
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("answered", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_mailbox_complaint_complaint_id")
        ),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_mailbox_complaint")),
    )
    op.create_table(
        "mailbox_letter",
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_mailbox_letter")),
    )


def downgrade() -> None:
    for table in ("mailbox_letter", "mailbox_complaint"):
        op.drop_table(table)
