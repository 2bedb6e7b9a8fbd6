"""Message ids count by office: what one office took in keeps no other from taking in a message of that number."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BY_CHANNEL = "uq_complaint_channel_message_id"
BY_OFFICE = "uq_complaint_division_channel_message_id"


def upgrade() -> None:
    with op.batch_alter_table("complaint") as complaint:
        complaint.drop_constraint(op.f(BY_CHANNEL), type_="unique")
        complaint.create_unique_constraint(op.f(BY_OFFICE), ["division", "channel", "message_id"])


def downgrade() -> None:
    with op.batch_alter_table("complaint") as complaint:
        complaint.drop_constraint(op.f(BY_OFFICE), type_="unique")
        complaint.create_unique_constraint(op.f(BY_CHANNEL), ["channel", "message_id"])
