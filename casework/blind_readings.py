"""Messages picked for reading because they teach most, read by two people who do not see each other's answer.

Picked are those of which the model is least sure and that nobody has reviewed, spread over what they speak of. A reader
sees the work text and nothing else, and nobody reads what they have decided on in the inbox; the second answer shows
whether both agree, and a disagreement is settled by a person with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, require
from casework.complaints import visible_complaint
from casework.errors import BadInput, NotVisible, SecondPersonRequired
from casework.fields import FIELDS
from casework.inbox_models import BlindCase, BlindReading, ReviewLabel
from casework.models import Complaint
from casework.roles import Actor
from casework.scope import visible_complaints
from casework.states import ComplaintState
from ml.triage.labels import NATURES
from ml.triage.likeness import spread_out

READERS: Final = 2
MOST_PICKED: Final = 50
_UNSURE_PER_PICK: Final = 8
_READ: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a reader says of a message."""

    key: bool
    nature: str
    field: str


@dataclass(frozen=True)
class Agreement:
    """cases: read by both; equal: with the same answer on key; kappa: Cohen's, None while it is not defined."""

    cases: int
    equal: int
    kappa: float | None


@dataclass(frozen=True)
class Disagreement:
    """A case with two different answers, and the settlement if there is one."""

    case: BlindCase
    complaint: Complaint
    readings: Sequence[BlindReading]


def pick(session: Session, actor: Actor, *, number: int, at: datetime) -> list[BlindCase]:
    """Add the messages that teach most: the least sure ones that nobody reviewed, then as unlike one another as can be."""
    require(actor, Permission.REVIEW_COMPLAINT)
    if not 0 < number <= MOST_PICKED or actor.id is None:
        raise BadInput("number", f"一次请挑选 1 至 {MOST_PICKED} 件")
    picked, reviewed = select(BlindCase.complaint_id), select(ReviewLabel.complaint_id)
    unsure = session.scalars(
        select(Complaint)
        .where(
            visible_complaints(actor),
            Complaint.state != ComplaintState.COPY,
            Complaint.key_probability.is_not(None),
            Complaint.id.not_in(picked),
            Complaint.id.not_in(reviewed),
        )
        .order_by(func.abs(Complaint.key_probability - 0.5), Complaint.id.desc())
        .limit(number * _UNSURE_PER_PICK)
    ).all()
    chosen = [unsure[row] for row in spread_out([message.work_text for message in unsure], number=number)]
    cases = [BlindCase(complaint_id=message.id, picked_by=actor.id, picked_at=at) for message in chosen]
    session.add_all(cases)
    session.flush()
    audit.record(
        session,
        at=at,
        actor=actor,
        action="change:pick_readings",
        target="readings",
        detail={"cases": len(cases)},
    )
    return cases


def next_case(session: Session, actor: Actor) -> tuple[BlindCase, Complaint] | None:
    """The oldest case that wants a reading and that this person has neither read nor decided in the inbox before."""
    require(actor, Permission.REVIEW_COMPLAINT)
    mine = select(BlindReading.case_id).where(BlindReading.reader == actor.id)
    full = select(BlindReading.case_id).group_by(BlindReading.case_id).having(func.count() >= READERS)
    found = session.execute(
        select(BlindCase, Complaint)
        .join(Complaint, Complaint.id == BlindCase.complaint_id)
        .where(
            visible_complaints(actor),
            BlindCase.id.not_in(mine),
            BlindCase.id.not_in(full),
            BlindCase.complaint_id.not_in(_decided_by(actor)),
        )
        .order_by(BlindCase.id)
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else None


def read(session: Session, actor: Actor, case_id: int, answer: Answer, *, at: datetime) -> BlindReading:
    """Keep this person's answer; it cannot be changed, and a third reader is not asked.

    Raises `SecondPersonRequired` for one who has read or decided the case before.
    """
    case = _visible(session, actor, case_id)
    _check(answer)
    readers = session.scalars(select(BlindReading.reader).where(BlindReading.case_id == case.id)).all()
    decided = session.scalar(_decided_by(actor).where(ReviewLabel.complaint_id == case.complaint_id).limit(1))
    if actor.id is None or actor.id in readers or len(readers) >= READERS or decided is not None:
        raise SecondPersonRequired("read")
    reading = BlindReading(
        case_id=case.id, reader=actor.id, key=answer.key, nature=answer.nature, field=answer.field, at=at
    )
    session.add(reading)
    session.flush()
    audit.record(session, at=at, actor=actor, action="change:read", target=f"reading/{case.id}")
    return reading


def disagreements(session: Session, actor: Actor) -> list[Disagreement]:
    """Cases that two people have read differently, those not settled first. One reading alone is shown to nobody."""
    require(actor, Permission.REVIEW_COMPLAINT)
    found = [pair for pair in _read_twice(session, actor) if _differ(pair.readings)]
    return sorted(found, key=lambda one: (one.case.settled_at is not None, one.case.id))


def agreement(session: Session, actor: Actor) -> Agreement:
    """How often two readers agree on whether a message is a key matter."""
    require(actor, Permission.REVIEW_COMPLAINT)
    answers = [(pair.readings[0].key, pair.readings[1].key) for pair in _read_twice(session, actor)]
    cases, equal = len(answers), sum(one == other for one, other in answers)
    if not cases:
        return Agreement(0, 0, None)
    first, second = (sum(column) / cases for column in zip(*answers, strict=True))
    by_chance = first * second + (1 - first) * (1 - second)
    kappa = None if by_chance == 1 else (equal / cases - by_chance) / (1 - by_chance)
    return Agreement(cases, equal, kappa)


def settle(
    session: Session, actor: Actor, case_id: int, answer: Answer, *, reason: str, at: datetime
) -> BlindCase:
    """Settle a disagreement, with the reason. Raises `BadInput` where there is none to settle."""
    case = _visible(session, actor, case_id)
    _check(answer)
    if not reason.strip() or actor.id is None:
        raise BadInput("reason", "请写明定论的理由")
    readings = session.scalars(select(BlindReading).where(BlindReading.case_id == case.id)).all()
    if len(readings) < READERS or not _differ(readings) or case.settled_at is not None:
        raise BadInput("case", "这一件没有待定的分歧")
    case.key, case.nature, case.field = answer.key, answer.nature, answer.field
    case.reason, case.settled_by, case.settled_at = reason.strip()[:500], actor.id, at
    audit.record(session, at=at, actor=actor, action="change:settle", target=f"reading/{case.id}")
    session.flush()
    return case


def _decided_by(actor: Actor) -> Select[int]:
    """Complaints that this person has confirmed or corrected in the inbox, in sight of the model's answer."""
    return select(ReviewLabel.complaint_id).where(ReviewLabel.by == actor.id)


def _read_twice(session: Session, actor: Actor) -> list[Disagreement]:
    rows = session.execute(
        select(BlindCase, Complaint, BlindReading)
        .join(Complaint, Complaint.id == BlindCase.complaint_id)
        .join(BlindReading, BlindReading.case_id == BlindCase.id)
        .where(visible_complaints(actor))
        .order_by(BlindCase.id, BlindReading.id)
        .limit(_READ)
    ).all()
    readings: dict[int, list[BlindReading]] = {}
    for case, _, reading in rows:
        readings.setdefault(case.id, []).append(reading)
    pairs = {case.id: Disagreement(case, complaint, readings[case.id]) for case, complaint, _ in rows}
    return [pair for pair in pairs.values() if len(pair.readings) >= READERS]


def _differ(readings: Sequence[BlindReading]) -> bool:
    return len({(reading.key, reading.nature, reading.field) for reading in readings}) > 1


def _visible(session: Session, actor: Actor, case_id: int) -> BlindCase:
    require(actor, Permission.REVIEW_COMPLAINT)
    case = session.get(BlindCase, case_id)
    if case is None:
        raise NotVisible
    visible_complaint(session, actor, case.complaint_id)
    return case


def _check(answer: Answer) -> None:
    if answer.nature not in NATURES:
        raise BadInput("nature", f"性质应为：{'、'.join(NATURES.values())}")
    if answer.field not in FIELDS:
        raise BadInput("field", f"领域应为：{'、'.join(FIELDS.values())}")
