"""Scores of suppliers: their names, all their villages, and a quick way to their warnings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("score", sa.Column("name", sa.String(length=256), nullable=True))
    op.create_table(
        "score_place",
        sa.Column("score_id", ROW_ID, nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["score_id"], ["score.id"], name=op.f("fk_score_place_score_id")),
        sa.PrimaryKeyConstraint("score_id", "village_code", name=op.f("pk_score_place")),
    )
    op.create_index(op.f("ix_warning_subject_id"), "warning", ["subject_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_warning_subject_id"), "warning")
    op.drop_table("score_place")
    op.drop_column("score", "name")
