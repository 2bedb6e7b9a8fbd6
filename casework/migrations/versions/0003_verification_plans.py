"""Weekly verification plans and second readers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "town_capacity",
        sa.Column("town", sa.String(length=12), nullable=False),
        sa.Column("cases", sa.BigInteger(), nullable=False),
        sa.Column("by", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name=op.f("fk_town_capacity_by")),
        sa.PrimaryKeyConstraint("town", name=op.f("pk_town_capacity")),
    )
    op.create_table(
        "verification_plan",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("bundle_version", sa.String(length=64), nullable=False),
        sa.Column("below", sa.JSON(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", ROW_ID, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["user_account.id"], name=op.f("fk_verification_plan_confirmed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_plan")),
        sa.UniqueConstraint("division", "week", name=op.f("uq_verification_plan_division_week")),
    )
    op.create_index(op.f("ix_verification_plan_division"), "verification_plan", ["division"], unique=False)
    op.create_index(op.f("ix_verification_plan_week"), "verification_plan", ["week"], unique=False)
    op.create_table(
        "plan_case",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("plan_id", ROW_ID, nullable=False),
        sa.Column("entity", sa.String(length=32), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("selected_by", sa.String(length=32), nullable=False),
        sa.Column("propensity", sa.Float(precision=53), nullable=True),
        sa.Column("band", sa.BigInteger(), nullable=True),
        sa.Column("hard", sa.String(length=16), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("task_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["verification_plan.id"], name=op.f("fk_plan_case_plan_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_plan_case_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_case")),
        sa.UniqueConstraint(
            "plan_id", "entity", "entity_id", name=op.f("uq_plan_case_plan_id_entity_entity_id")
        ),
    )
    op.create_index(op.f("ix_plan_case_plan_id"), "plan_case", ["plan_id"], unique=False)
    op.create_index(op.f("ix_plan_case_task_id"), "plan_case", ["task_id"], unique=False)
    op.create_table(
        "second_reading",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("task_id", ROW_ID, nullable=False),
        sa.Column("reader_id", ROW_ID, nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("first_outcome", sa.String(length=32), nullable=True),
        sa.Column("settled_outcome", sa.String(length=32), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_second_reading_task_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["user_account.id"], name=op.f("fk_second_reading_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_reading")),
        sa.UniqueConstraint("task_id", name=op.f("uq_second_reading_task_id")),
    )
    op.create_index(op.f("ix_second_reading_reader_id"), "second_reading", ["reader_id"], unique=False)


def downgrade() -> None:
    for table in ("second_reading", "plan_case", "verification_plan", "town_capacity"):
        op.drop_table(table)
