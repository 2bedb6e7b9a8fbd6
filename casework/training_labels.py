"""What people decided about messages, as rows for training: masked text, answer, who by number, and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.fields import label_of
from casework.inbox_models import BlindCase, BlindReading
from casework.models import Complaint, ReviewLabel
from ml.triage.masking import mask
from ml.triage.text import normalise

SCHEMA: Final = pa.schema(
    [
        ("complaint_id", pa.int64()), ("masked", pa.string()), ("key", pa.bool_()), ("nature", pa.string()),
        ("field", pa.string()), ("model_field", pa.string()), ("source", pa.string()), ("corrected", pa.bool_()), ("by", pa.int64()),
        ("at", pa.timestamp("us", tz="UTC")), ("simulated", pa.bool_()),
    ]
)  # fmt: skip


def label_rows(session: Session) -> list[dict[str, object]]:
    """One row a message that a person has answered, by complaint id.

    source: "settled" (a disagreement that was settled), "agreed" (two blind readings alike) or "review" (the newest
    decision of the inbox); the earlier in this list goes before the later. masked: the text of
    `ml.triage.masking.mask`, without names, places, contacts and figures. by: account number of who decided last.
    model_field: the label of the model for the field (`casework.fields.label_of`), None where it has none.
    corrected: the decision differs from what the model had proposed (None where the reader did not see a proposal).
    """
    labels: dict[int, dict[str, object]] = {}
    for label in session.scalars(select(ReviewLabel).order_by(ReviewLabel.id)):
        labels[label.complaint_id] = _row(
            label, "review", by=label.by, at=label.at, corrected=label.corrected
        )
    for case, readings in _readings(session):
        one, other = readings
        if case.settled_at is not None and case.settled_by is not None:
            labels[case.complaint_id] = _row(case, "settled", by=case.settled_by, at=case.settled_at)
        elif (one.key, one.nature, one.field) == (other.key, other.nature, other.field):
            labels[case.complaint_id] = _row(other, "agreed", by=other.reader, at=other.at)
    texts = select(Complaint.id, Complaint.work_text, Complaint.simulated).order_by(Complaint.id)
    return [
        {"complaint_id": row_id, "masked": mask(normalise(text)), **labels[row_id], "simulated": simulated}
        for row_id, text, simulated in session.execute(texts.where(Complaint.id.in_(labels)))
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


def _row(
    answer: ReviewLabel | BlindCase | BlindReading,
    source: str,
    *,
    by: int,
    at: datetime,
    corrected: bool | None = None,
) -> dict[str, object]:
    return {
        "key": answer.key,
        "nature": answer.nature,
        "field": answer.field,
        "model_field": label_of(answer.field or ""),
        "source": source,
        "corrected": corrected,
        "by": by,
        "at": at,
    }
