"""Copies have the office of their case; an index of the messages that press; what a delivery held, as a keyed hash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_PRESSING = sa.text("coalesce(decided_urgency, urgency) != ''")
_PLACE_OF_CASE = sa.text(
    "UPDATE complaint SET about = (SELECT lead.about FROM complaint_copy"
    " JOIN complaint AS lead ON lead.id = complaint_copy.lead_id"
    " WHERE complaint_copy.complaint_id = complaint.id) WHERE state = 'copy' AND about IS NULL"
)
_OFFICE_OF_CASE = sa.text(
    "UPDATE complaint SET office = (SELECT lead.office FROM complaint_copy"
    " JOIN complaint AS lead ON lead.id = complaint_copy.lead_id"
    " WHERE complaint_copy.complaint_id = complaint.id AND (complaint.about IS NULL OR"
    " (substr(complaint.about, 1, length(lead.office)) = lead.office AND complaint.about <> lead.office)))"
    " WHERE state = 'copy'"
)
_PLACE_OF_GROUP = sa.text(
    "UPDATE group_exemplar SET about = (SELECT complaint.about FROM complaint"
    " WHERE complaint.id = group_exemplar.lead_id)"
)


def upgrade() -> None:
    op.create_index(
        "ix_complaint_pressing", "complaint", ["id"], sqlite_where=_PRESSING, postgresql_where=_PRESSING
    )
    op.add_column("complaint", sa.Column("delivery_digest", sa.String(length=32), nullable=True))
    op.execute(_PLACE_OF_CASE)
    op.execute(_OFFICE_OF_CASE)
    op.drop_column("group_exemplar", "about")


def downgrade() -> None:
    op.add_column("group_exemplar", sa.Column("about", sa.String(length=12), nullable=True))
    op.execute(_PLACE_OF_GROUP)
    op.execute(sa.text("UPDATE complaint SET office = NULL WHERE state = 'copy'"))
    op.drop_column("complaint", "delivery_digest")
    op.drop_index("ix_complaint_pressing", "complaint")
