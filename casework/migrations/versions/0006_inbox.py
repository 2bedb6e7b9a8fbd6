"""Inbox: keywords of the clerks, hits, and messages that are read twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "lexicon_version",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("restores", ROW_ID, nullable=True),
        sa.Column("by", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _reference("lexicon_version", "restores", "lexicon_version"),
        _reference("lexicon_version", "by", "user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lexicon_version")),
    )
    op.create_index(op.f("ix_lexicon_version_division"), "lexicon_version", ["division"], unique=False)
    op.create_table(
        "keyword_hit",
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        _reference("keyword_hit", "complaint_id", "complaint"),
        sa.PrimaryKeyConstraint("complaint_id", "word", name=op.f("pk_keyword_hit")),
    )
    op.create_table(
        "blind_case",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("picked_by", ROW_ID, nullable=False),
        sa.Column("picked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Boolean(), nullable=True),
        sa.Column("nature", sa.String(length=32), nullable=True),
        sa.Column("field", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("settled_by", ROW_ID, nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        _reference("blind_case", "complaint_id", "complaint"),
        _reference("blind_case", "picked_by", "user_account"),
        _reference("blind_case", "settled_by", "user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blind_case")),
        sa.UniqueConstraint("complaint_id", name=op.f("uq_blind_case_complaint_id")),
    )
    op.create_table(
        "blind_reading",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("case_id", ROW_ID, nullable=False),
        sa.Column("reader", ROW_ID, nullable=False),
        sa.Column("key", sa.Boolean(), nullable=False),
        sa.Column("nature", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _reference("blind_reading", "case_id", "blind_case"),
        _reference("blind_reading", "reader", "user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blind_reading")),
        sa.UniqueConstraint("case_id", "reader", name=op.f("uq_blind_reading_case_id_reader")),
    )


def downgrade() -> None:
    for table in ("blind_reading", "blind_case", "keyword_hit", "lexicon_version"):
        op.drop_table(table)
