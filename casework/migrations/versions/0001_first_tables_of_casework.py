"""First tables of casework."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NO_BATCH_YET = "0" * 64
TABLES_NEWEST_FIRST = (
    "warning_official",
    "verification",
    "warning",
    "task",
    "review_label",
    "login_session",
    "event",
    "audit_entry",
    "user_account",
    "score",
    "place",
    "official_post",
    "complaint",
    "audit_head",
    "audit_batch",
)


def upgrade() -> None:
    op.create_table(
        "audit_batch",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_batch")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_batch_hash")),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.execute(sa.text("INSERT INTO audit_head (id, hash) VALUES (1, :hash)").bindparams(hash=NO_BATCH_YET))
    op.create_table(
        "complaint",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("receipt", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=12), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("work_text", sa.String(), nullable=False),
        sa.Column("duplicate_group", sa.String(length=64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("key_probability", sa.Float(precision=53), nullable=True),
        sa.Column("model_key", sa.Boolean(), nullable=True),
        sa.Column("abstain", sa.Boolean(), nullable=True),
        sa.Column("model_nature", sa.String(length=32), nullable=True),
        sa.Column("model_field", sa.String(length=32), nullable=True),
        sa.Column("topic", sa.String(length=32), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("triage_model", sa.String(length=64), nullable=True),
        sa.Column("nature", sa.String(length=32), nullable=True),
        sa.Column("field", sa.String(length=32), nullable=True),
        sa.Column("office", sa.String(length=12), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("channel", "message_id", name=op.f("uq_complaint_channel_message_id")),
        sa.UniqueConstraint("receipt", name=op.f("uq_complaint_receipt")),
    )
    op.create_index(op.f("ix_complaint_division"), "complaint", ["division"], unique=False)
    op.create_index(op.f("ix_complaint_duplicate_group"), "complaint", ["duplicate_group"], unique=False)
    op.create_index(op.f("ix_complaint_office"), "complaint", ["office"], unique=False)
    op.create_table(
        "official_post",
        sa.Column("person_key", sa.String(length=64), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("managing_level", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_official_post")),
    )
    op.create_table(
        "place",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_place")),
    )
    op.create_table(
        "score",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("entity", sa.String(length=32), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("managing_level", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("probability", sa.Float(precision=53), nullable=True),
        sa.Column("risk", sa.Float(precision=53), nullable=False),
        sa.Column("percentile", sa.Float(precision=53), nullable=False),
        sa.Column("anomaly", sa.Float(precision=53), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("peer_group", sa.String(length=128), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("bundle_version", sa.String(length=64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score")),
        sa.UniqueConstraint("entity", "entity_id", "as_of", name=op.f("uq_score_entity_entity_id_as_of")),
    )
    op.create_index(op.f("ix_score_as_of"), "score", ["as_of"], unique=False)
    op.create_index(op.f("ix_score_village_code"), "score", ["village_code"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("login", name=op.f("uq_user_account_login")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", ROW_ID, nullable=True),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("batch_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["audit_batch.id"], name=op.f("fk_audit_entry_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_batch_id"), "audit_entry", ["batch_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("entity", sa.String(length=32), nullable=False),
        sa.Column("entity_id", ROW_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("previous", sa.String(length=32), nullable=True),
        sa.Column("new", sa.String(length=32), nullable=False),
        sa.Column("actor_id", ROW_ID, nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_event_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_entity_id"), "event", ["entity_id"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
    )
    op.create_index(op.f("ix_login_session_user_id"), "login_session", ["user_id"], unique=False)
    op.create_table(
        "review_label",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("key", sa.Boolean(), nullable=False),
        sa.Column("nature", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("by", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name=op.f("fk_review_label_by")),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_review_label_complaint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_label")),
    )
    op.create_index(op.f("ix_review_label_complaint_id"), "review_label", ["complaint_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("origin_id", ROW_ID, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("guide", sa.JSON(), nullable=False),
        sa.Column("office", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=12), nullable=True),
        sa.Column("managing_level", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.String(length=32), nullable=True),
        sa.Column("entity_id", sa.String(length=64), nullable=True),
        sa.Column("assignee_id", ROW_ID, nullable=False),
        sa.Column("created_by", ROW_ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("selected_by", sa.String(length=32), nullable=False),
        sa.Column("propensity", sa.Float(precision=53), nullable=True),
        sa.Column("reported_by", ROW_ID, nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["user_account.id"], name=op.f("fk_task_assignee_id")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_task_created_by")),
        sa.ForeignKeyConstraint(["reported_by"], ["user_account.id"], name=op.f("fk_task_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(op.f("ix_task_assignee_id"), "task", ["assignee_id"], unique=False)
    op.create_index(op.f("ix_task_office"), "task", ["office"], unique=False)
    op.create_index(op.f("ix_task_origin_id"), "task", ["origin_id"], unique=False)
    op.create_table(
        "warning",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("finding_id", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=128), nullable=False),
        sa.Column("model_version", sa.BigInteger(), nullable=False),
        sa.Column("model_name", sa.String(length=128), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("managing_level", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("level_rank", sa.BigInteger(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("legal_basis", sa.JSON(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("first_run", sa.String(length=64), nullable=False),
        sa.Column("last_run", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("proposed_by", ROW_ID, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["proposed_by"], ["user_account.id"], name=op.f("fk_warning_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warning")),
        sa.UniqueConstraint("finding_id", name=op.f("uq_warning_finding_id")),
    )
    op.create_index(op.f("ix_warning_model_id"), "warning", ["model_id"], unique=False)
    op.create_index(op.f("ix_warning_village_code"), "warning", ["village_code"], unique=False)
    op.create_table(
        "verification",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("entity", sa.String(length=32), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("selected_on", sa.Date(), nullable=False),
        sa.Column("selected_by", sa.String(length=32), nullable=False),
        sa.Column("propensity", sa.Float(precision=53), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
        sa.UniqueConstraint(
            "entity", "entity_id", "selected_on", "selected_by", "source", name=op.f("uq_verification_row")
        ),
    )
    op.create_table(
        "warning_official",
        sa.Column("warning_id", ROW_ID, nullable=False),
        sa.Column("person_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["warning_id"], ["warning.id"], name=op.f("fk_warning_official_warning_id")),
        sa.PrimaryKeyConstraint("warning_id", "person_key", name=op.f("pk_warning_official")),
    )
    op.create_index(op.f("ix_warning_official_person_key"), "warning_official", ["person_key"], unique=False)


def downgrade() -> None:
    for table in TABLES_NEWEST_FIRST:
        op.drop_table(table)
