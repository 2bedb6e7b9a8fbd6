"""Fields of a complaint: those of the supervision models and three more; and the coarser labels of the triage model."""

from __future__ import annotations

from typing import Final

from ml.triage.labels import FIELDS as LABELS
from supervision.catalogue import FIELD_NAMES

FIELDS: Final = {
    **FIELD_NAMES,
    "law_enforcement": "执法司法",
    "election_governance": "选举与村务公开",
    "other": "其他",
}
QUICK_FIELDS: Final = (
    "collective_funds", "assets_resources", "village_projects", "procurement", "labour", "assistance",
    "agri_subsidy", "land_compensation", "election_governance",
)  # fmt: skip
"""The fields that have a key of their own in the inbox, 1 to 9: those of villages."""

# The labels that the triage model learns are coarser than the fields of a complaint.
FIELD_OF_LABEL: Final = {
    "procurement_tender": "procurement",
    "land_requisition": "land_compensation",
    "medical": "medical_fund",
    "education": "education_pension",
}


_LABEL_OF_FIELD: Final = {
    **{field: label for label, field in FIELD_OF_LABEL.items()},
    **{field: field for field in FIELDS if field in LABELS},
    "tender": "procurement_tender",
}


def label_of(field: str) -> str | None:
    """The label under which the triage model learns a field; None for one that it does not know."""
    return _LABEL_OF_FIELD.get(field)


def field_id(label: str | None) -> str:
    """Field id of a complaint for the label of the triage model; what is not known is "other"."""
    wanted = FIELD_OF_LABEL.get(label or "", label or "")
    return wanted if wanted in FIELDS else "other"
