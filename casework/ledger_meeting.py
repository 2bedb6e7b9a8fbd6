"""Complaint meets ledger: what registers and models say of the village and the field that a complaint speaks of.

Each raises the other: a complaint stands higher in the inbox while a warning of the same village and field is at work,
a warning stands higher while such a complaint is open. The raise is a condition of the list, not a stored mark, so
that it is always today's and always within what the person may see. Whoever may not see a warning sees no row of it;
who a complaint speaks of sees neither the complaint nor that it raised anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from casework.access import RiskFacts, meets_ledger, sees_risk
from casework.complaints import facts_of
from casework.fields import field_id
from casework.models import CaseWarning, Complaint
from casework.raising import AT_WORK, OPEN_CASES, field_of_complaint, meets
from casework.roles import Actor
from casework.runs import VillageVerdict, village_verdicts
from casework.scope import within
from casework.working_days import local_date
from ml.extraction.dates import dates
from ml.extraction.folding import fold
from ml.extraction.spans import Period
from supervision.catalogue import FIELD_NAMES

PERIOD: Final = timedelta(days=3 * 365)
"""How far back from the complaint an event counts as of its period, where the complaint names no dates."""
_BORN: Final = re.compile(r"(?:出)?生(?!效|产|活)")


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """What is known of a complaint's village and field.

    hits: warnings of that village and field that this person may open, the gravest first; hidden: number of further
    ones that raise the complaint but that this person may not open. began, ended: first and last day of the complaint's
    period. in_period: ids of hits with an event in it. not_computable: models of the field that lack data for this
    village, with the reason; clear: number of models that found nothing. as_of: day of the run, None before the first.
    """

    village: str
    field: str
    hits: Sequence[CaseWarning]
    hidden: int
    began: date
    ended: date
    in_period: frozenset[int]
    not_computable: Sequence[VillageVerdict]
    clear: int
    not_applicable: int
    as_of: date | None

    @property
    def answer(self) -> str:
        """hits, missing or nothing: the one word for the case."""
        return (
            "hits"
            if self.hits or self.hidden
            else "missing"
            if self.not_computable or not self.clear
            else "nothing"
        )


def meeting(session: Session, actor: Actor, complaint: Complaint, *, home: Path) -> Meeting | None:
    """What the ledger says beside a visible complaint; None when it is not linked to a village and a field of models,
    or when this person stands in no position to look at that village."""
    field = complaint.field or field_id(complaint.model_field)
    if complaint.about is None or field not in FIELD_NAMES or not meets_ledger(actor, facts_of(complaint)):
        return None
    found = session.scalars(
        select(CaseWarning)
        .where(
            within(CaseWarning.village_code, complaint.about),
            CaseWarning.field == field,
            CaseWarning.state.in_(AT_WORK),
            CaseWarning.managing_level >= len(actor.division),
        )
        .order_by(CaseWarning.level_rank.desc(), CaseWarning.id)
    ).all()
    hits = [
        warning
        for warning in found
        if sees_risk(
            actor, RiskFacts(village_code=warning.village_code, managing_level=warning.managing_level)
        )
    ]
    began, ended = _period(complaint)
    as_of, verdicts = village_verdicts(home, complaint.about)
    of_field = [verdict for verdict in verdicts if verdict.field == field]
    return Meeting(
        village=complaint.about,
        field=field,
        hits=hits,
        hidden=len(found) - len(hits),
        began=began,
        ended=ended,
        in_period=frozenset(
            one.id
            for one in hits
            if one.first_on and one.last_on and began <= one.last_on and one.first_on <= ended
        ),
        not_computable=[verdict for verdict in of_field if verdict.not_computable],
        clear=sum(bool(verdict.clear and not verdict.hit) for verdict in of_field),
        not_applicable=sum(
            bool(verdict.not_applicable and not verdict.hit and not verdict.clear) for verdict in of_field
        ),
        as_of=as_of,
    )


def _period(complaint: Complaint) -> tuple[date, date]:
    """From the first day that the message names, a birthday left out, else `PERIOD` before, to the day it came in."""
    received_on, text = local_date(complaint.received_at), fold(complaint.work_text)
    named = [span for span in dates(text, as_of=received_on) if not _BORN.match(text, span.end)]
    first = [span.value.first for span in named if isinstance(span.value, Period)]
    return min(first, default=received_on - PERIOD), received_on


def complaints_beside(
    session: Session, visible: ColumnElement[bool], warning: CaseWarning
) -> Sequence[Complaint]:
    """Open visible complaints on the village and field of a warning, the newest first."""
    return session.scalars(
        select(Complaint)
        .where(
            visible,
            Complaint.state.in_(OPEN_CASES),
            literal(warning.village_code).startswith(Complaint.about),
            field_of_complaint() == warning.field,
        )
        .order_by(Complaint.id.desc())
        .limit(50)
    ).all()


def raise_sentences(session: Session, actor: Actor, complaints: Sequence[Complaint]) -> Mapping[int, str]:
    """For each raised complaint of a page the reason, in one sentence without any row of the warnings."""
    ids = [complaint.id for complaint in complaints]
    query = (
        select(Complaint.id, func.count(CaseWarning.id), func.max(CaseWarning.level_rank))
        .join(CaseWarning, meets(actor))
        .where(Complaint.id.in_(ids))
        .group_by(Complaint.id)
    )
    levels = {3: "红色", 2: "黄色", 1: "蓝色"}
    return {
        row_id: f"同村同领域有 {number} 条登记数据疑点，最高{levels[rank]}"
        for row_id, number, rank in session.execute(query)
    }
