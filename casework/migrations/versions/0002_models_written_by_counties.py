"""Models written by counties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "model_draft",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("model_id", sa.String(length=128), nullable=False),
        sa.Column("model_version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=True),
        sa.Column("author_id", ROW_ID, nullable=False),
        sa.Column("checker_id", ROW_ID, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(length=16), nullable=False),
        sa.Column("trial", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_model_draft_author_id")),
        sa.ForeignKeyConstraint(["checker_id"], ["user_account.id"], name=op.f("fk_model_draft_checker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_draft")),
    )
    op.create_index(op.f("ix_model_draft_division"), "model_draft", ["division"], unique=False)
    op.create_index(op.f("ix_model_draft_model_id"), "model_draft", ["model_id"], unique=False)
    op.create_index(op.f("ix_model_draft_scope"), "model_draft", ["scope"], unique=False)


def downgrade() -> None:
    op.drop_table("model_draft")
