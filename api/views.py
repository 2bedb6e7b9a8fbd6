"""From rows of casework to the bodies of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sqlalchemy.orm import Session

from api.schemas import (
    ComplaintDetail,
    ComplaintRow,
    EventRow,
    EvidenceRow,
    TaskDetail,
    TaskRow,
    TriageAnswer,
    WarningDetail,
    WarningRow,
    WatchRow,
)
from casework.access import TaskKind
from casework.duplicates import standings
from casework.events import history
from casework.grouping import copy_counts, doubted_in_copies, keywords_of_copies, pressing_copies
from casework.guides import Models, guide_for
from casework.lexicon import words_found
from casework.models import CaseWarning, Complaint, ModelDraft, Task
from casework.redaction import shown_text
from casework.roles import Actor
from casework.runs import Evidence, evidence_rows
from casework.scope import visible_complaints
from casework.second_readings import hidden_reports
from casework.watchlist import Watched


def watch_row(watched: Watched) -> WatchRow:
    """A score with what this person may see of it."""
    of_person = {name: getattr(watched, name) for name in WatchRow.model_fields if hasattr(watched, name)}
    of_score = {
        name: getattr(watched.score, name) for name in WatchRow.model_fields if hasattr(watched.score, name)
    }
    return WatchRow.model_validate(of_score | of_person)


def evidence_row(evidence: Evidence) -> EvidenceRow:
    return EvidenceRow(
        register_id=evidence.register,
        row_id=evidence.row_id,
        role=evidence.role,
        occurred_on=evidence.occurred_on,
        amount_fen=evidence.amount_fen,
        key=evidence.key,
        source_file=evidence.source_file,
        source_row=evidence.source_row,
    )


def evidence_by_finding(home: Path, found: Sequence[CaseWarning]) -> dict[str, list[Evidence]]:
    """The register rows behind warnings, by finding."""
    grouped: dict[str, list[Evidence]] = {}
    for row in evidence_rows(home, found):
        grouped.setdefault(row.finding_id, []).append(row)
    return grouped


def warning_detail(
    session: Session, warning: CaseWarning, evidence: Sequence[Evidence], *, models: Models
) -> WarningDetail:
    return WarningDetail.model_validate(
        {
            **WarningRow.model_validate(warning).model_dump(),
            "measures": warning.measures,
            "legal_basis": warning.legal_basis,
            "guide": guide_for(models.get(warning.model_id), kind=TaskKind.VERIFICATION),
            "evidence": [evidence_row(row) for row in evidence],
            "history": events(session, warning),
        }
    )


def triage_answer(complaint: Complaint) -> TriageAnswer:
    return TriageAnswer(
        key_probability=complaint.key_probability,
        key=complaint.model_key,
        abstain=complaint.abstain,
        nature=complaint.model_nature,
        field=complaint.model_field,
        topic=complaint.topic,
        official_class=complaint.official_class,
        urgency=_ids(complaint.urgency),
        no_substance=complaint.no_substance,
        spam=complaint.spam,
        reasons=complaint.reasons,
        model=complaint.triage_model,
    )


def _ids(joined: str) -> list[str]:
    return joined.split("+") if joined else []


def complaint_rows(session: Session, actor: Actor, complaints: Sequence[Complaint]) -> list[ComplaintRow]:
    ids = [complaint.id for complaint in complaints]
    copies, pressing = copy_counts(session, ids), pressing_copies(session, ids)
    words, of_copies = words_found(session, ids), keywords_of_copies(session, ids)
    doubted = doubted_in_copies(session, ids)
    standing = standings(session, complaints, visible=visible_complaints(actor))
    return [
        _complaint_row(
            actor,
            complaint,
            copies=copies.get(complaint.id, 0),
            copies_urgency=list(pressing.get(complaint.id, ())),
            keywords=words.get(complaint.id, []),
            **asdict(standing[complaint.id]),
            copies_keywords=list(of_copies.get(complaint.id, ())),
            copies_doubted=complaint.id in doubted,
        )
        for complaint in complaints
    ]


def complaint_detail(session: Session, actor: Actor, complaint: Complaint) -> ComplaintDetail:
    """A complaint with the text that this person may read."""
    row = complaint_rows(session, actor, [complaint])[0].model_dump()
    return ComplaintDetail.model_validate({**row, "history": events(session, complaint)})


def task_rows(session: Session, actor: Actor, found: Sequence[Task]) -> list[TaskRow]:
    """Rows of tasks; the outcome is left out where this person's own answer is still to come."""
    hidden = hidden_reports(session, actor, [task.id for task in found])
    return [
        TaskRow.model_validate(task).model_copy(update={"outcome": None} if task.id in hidden else {})
        for task in found
    ]


def _complaint_row(actor: Actor, complaint: Complaint, **beside: object) -> ComplaintRow:
    """beside: what other rows say of it, by field of `ComplaintRow`."""
    named = {name: getattr(complaint, name) for name in ComplaintRow.model_fields if hasattr(complaint, name)}
    given = {
        "text": shown_text(actor, complaint),
        "official_class": complaint.decided_class,
        "urgency": None if complaint.decided_urgency is None else _ids(complaint.decided_urgency),
        "triage": triage_answer(complaint),
    }
    return ComplaintRow.model_validate({**named, **given, **beside})


def task_detail(session: Session, actor: Actor, task: Task) -> TaskDetail:
    """A task; without its report for a second reader who has not answered yet."""
    (row,) = task_rows(session, actor, [task])
    hidden = bool(hidden_reports(session, actor, [task.id]))
    return TaskDetail.model_validate(
        {
            **row.model_dump(),
            "guide": task.guide,
            "note": None if hidden else task.note,
            "amount_fen": None if hidden else task.amount_fen,
            "history": task_history(session, actor, task),
        }
    )


def task_history(session: Session, actor: Actor, task: Task) -> list[EventRow]:
    """Events of a task; what a report said is left out where this person's own answer is still to come."""
    rows = events(session, task)
    if not hidden_reports(session, actor, [task.id]):
        return rows
    return [row.model_copy(update={"fields": {}}) for row in rows]


def events(session: Session, row: CaseWarning | Complaint | Task | ModelDraft) -> list[EventRow]:
    return [EventRow.model_validate(event) for event in history(session, row)]
