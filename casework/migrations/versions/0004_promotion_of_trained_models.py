"""Promotion of trained models by two people; scores keep the hash of their feature definitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "model_promotion",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("model_version", sa.String(length=32), nullable=False),
        sa.Column("report_digest", sa.String(length=64), nullable=True),
        sa.Column("gates", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requested_by", ROW_ID, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", ROW_ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("override", sa.String(), nullable=True),
        sa.Column("previous", sa.String(length=32), nullable=True),
        sa.Column("rollback_of", ROW_ID, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["user_account.id"], name=op.f("fk_model_promotion_requested_by")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user_account.id"], name=op.f("fk_model_promotion_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["rollback_of"], ["model_promotion.id"], name=op.f("fk_model_promotion_rollback_of")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_promotion")),
    )
    op.create_index(op.f("ix_model_promotion_kind"), "model_promotion", ["kind"], unique=False)
    with op.batch_alter_table("score") as score:
        score.add_column(sa.Column("feature_hash", sa.String(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("score") as score:
        score.alter_column("feature_hash", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("score") as score:
        score.drop_column("feature_hash")
    op.drop_table("model_promotion")
