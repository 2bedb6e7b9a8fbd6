"""Groups of copies: a copy names the first of its group; an index finds it. Older complaints stand alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_index(op.f("ix_complaint_duplicate_group"), "complaint")
    op.drop_column("complaint", "duplicate_group")
    op.create_table(
        "complaint_copy",
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("lead_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_copy_complaint_id")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["complaint.id"], name=op.f("fk_complaint_copy_lead_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaint_copy")),
    )
    op.create_index(op.f("ix_complaint_copy_lead_id"), "complaint_copy", ["lead_id"], unique=False)
    op.create_table(
        "group_exemplar",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("lead_id", ROW_ID, nullable=False),
        sa.Column("root_id", ROW_ID, nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=12), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_group_exemplar_complaint_id")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["complaint.id"], name=op.f("fk_group_exemplar_lead_id")),
        sa.ForeignKeyConstraint(["root_id"], ["complaint.id"], name=op.f("fk_group_exemplar_root_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_exemplar")),
        sa.UniqueConstraint("complaint_id", name=op.f("uq_group_exemplar_complaint_id")),
    )
    op.create_index(op.f("ix_group_exemplar_lead_id"), "group_exemplar", ["lead_id"], unique=False)
    op.create_index(op.f("ix_group_exemplar_last_at"), "group_exemplar", ["last_at"], unique=False)
    op.create_table(
        "group_band",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("exemplar_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["exemplar_id"], ["group_exemplar.id"], name=op.f("fk_group_band_exemplar_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "exemplar_id", name=op.f("pk_group_band")),
    )
    op.create_index(op.f("ix_group_band_exemplar_id"), "group_band", ["exemplar_id"], unique=False)


def downgrade() -> None:
    op.drop_table("group_band")
    op.drop_table("group_exemplar")
    op.drop_table("complaint_copy")
    op.add_column(
        "complaint", sa.Column("duplicate_group", sa.String(length=64), nullable=False, server_default="")
    )
    op.create_index(op.f("ix_complaint_duplicate_group"), "complaint", ["duplicate_group"], unique=False)
