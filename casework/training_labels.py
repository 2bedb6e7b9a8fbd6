"""What people decided about messages, as rows for training: masked text, answer, who by number, and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from casework.duplicates import standings
from casework.fields import label_of
from casework.inbox_models import BlindCase, BlindReading, ReviewLabel, UrgencyLabel
from casework.models import Complaint
from casework.urgency import NONE
from ml.triage.labels import CLASSES
from ml.triage.masking import mask
from ml.triage.text import normalise

SCHEMA: Final = pa.schema(
    [
        ("complaint_id", pa.int64()), ("masked", pa.string()), ("key", pa.bool_()), ("nature", pa.string()),
        ("field", pa.string()), ("model_field", pa.string()), ("official_class", pa.string()), ("urgency", pa.string()), ("source", pa.string()), ("duplicate", pa.string()), ("corrected", pa.bool_()), ("by", pa.int64()),
        ("at", pa.timestamp("us", tz="UTC")), ("simulated", pa.bool_()),
    ]
)  # fmt: skip


_CHUNK: Final = 1_000


def label_rows(session: Session) -> list[dict[str, object]]:
    """One row a message that a person has answered, by complaint id.

    source: "settled" (a disagreement that was settled), "agreed" (two blind readings alike), "review" (the newest
    decision of the inbox) or "urgency" (nothing but the urgency was decided); the earlier in this list goes before the
    later. masked: the text of `ml.triage.masking.mask`, without names, places, contacts and figures. by: account number
    of who decided last.
    model_field: the label of the model for the field (`casework.fields.label_of`), None where it has none.
    official_class: of the newest review, where it does not contradict key; of a key matter 检举控告, which it is by
    definition; None where nobody said. urgency: ids joined by "+", "none" where a person saw that nothing presses, None
    where nobody said.
    duplicate: how it stands to earlier messages (`casework.duplicates.Duplicate`), of which nobody decides.
    corrected: the decision differs from what the model had proposed (None where the reader did not see a proposal).
    """
    labels: dict[int, dict[str, object]] = {}
    urgencies: dict[int, str] = {}
    for pressing in session.scalars(select(UrgencyLabel).order_by(UrgencyLabel.id)):
        urgencies[pressing.complaint_id] = pressing.urgency or NONE
        labels[pressing.complaint_id] = _row(None, "urgency", by=pressing.by, at=pressing.at)
    classes: dict[int, tuple[bool, str | None]] = {}
    for label in session.scalars(select(ReviewLabel).order_by(ReviewLabel.id)):
        classes[label.complaint_id] = (label.key, label.official_class)
        labels[label.complaint_id] = _row(
            label, "review", by=label.by, at=label.at, corrected=label.corrected
        )
    for case, readings in _readings(session):
        one, other = readings
        if case.settled_at is not None and case.settled_by is not None:
            labels[case.complaint_id] = _row(case, "settled", by=case.settled_by, at=case.settled_at)
        elif (one.key, one.nature, one.field) == (other.key, other.nature, other.field):
            labels[case.complaint_id] = _row(other, "agreed", by=other.reader, at=other.at)
    ids = sorted(labels)
    complaints = [
        complaint
        for start in range(0, len(ids), _CHUNK)
        for complaint in session.scalars(
            select(Complaint).where(Complaint.id.in_(ids[start : start + _CHUNK]))
        )
    ]
    standing = standings(session, complaints, visible=true())
    return [
        {
            "complaint_id": one.id,
            "masked": mask(normalise(one.work_text)),
            **labels[one.id],
            "official_class": _class(labels[one.id]["key"], classes.get(one.id)),
            "urgency": urgencies.get(one.id),
            "duplicate": standing[one.id].duplicate.value,
            "simulated": one.simulated,
        }
        for one in sorted(complaints, key=lambda one: one.id)
    ]


def export_labels(session: Session, path: Path) -> int:
    """Write the rows as Parquet; return how many there are."""
    rows = label_rows(session)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return len(rows)


def _readings(session: Session) -> list[tuple[BlindCase, list[BlindReading]]]:
    """Cases that two people have read, with their readings."""
    cases: dict[int, tuple[BlindCase, list[BlindReading]]] = {}
    query = select(BlindCase, BlindReading).join(BlindReading, BlindReading.case_id == BlindCase.id)
    for case, reading in session.execute(query.order_by(BlindReading.id)):
        cases.setdefault(case.id, (case, []))[1].append(reading)
    return [(case, readings) for case, readings in cases.values() if len(readings) == 2]


def _class(key: object, reviewed: tuple[bool, str | None] | None) -> str | None:
    """The official class of a message that is a key matter, or is none; reviewed: what its newest review says of both."""
    if key is True:
        return CLASSES[0]
    return reviewed[1] if reviewed is not None and reviewed[0] == key else None


def _row(
    answer: ReviewLabel | BlindCase | BlindReading | None,
    source: str,
    *,
    by: int,
    at: datetime,
    corrected: bool | None = None,
) -> dict[str, object]:
    return {
        "key": answer.key if answer else None,
        "nature": answer.nature if answer else None,
        "field": answer.field if answer else None,
        "model_field": label_of(answer.field or "") if answer else None,
        "source": source,
        "corrected": corrected,
        "by": by,
        "at": at,
    }
