"""The question before a payment: a business system asks, the supervision models answer, nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends

from api.context import Db, Svc
from api.precheck_schemas import CitedLaw, PaymentAnswer, PaymentFinding, PaymentQuestion, SilentModel
from api.security import Requires
from casework.access import Permission
from casework.errors import NotVisible
from casework.roles import Actor, covers
from registers.catalogue import load_catalogue
from supervision.precheck.desk import Silent
from supervision.precheck.payment import lake_row, place_of

router = APIRouter(prefix="/api/prechecks", tags=["支付前核查"])


@router.post("", summary="支付前核查：可付、先看、先停，附理由")
def ask_before_payment(
    body: PaymentQuestion,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.CHECK_PAYMENT))],
) -> PaymentAnswer:
    session.commit()  # the audit row is all that the database is needed for; it waits for no model
    catalogue = load_catalogue()
    row = lake_row(body.in_register, body.columns, catalogue=catalogue, home=svc.home)
    if not covers(actor.division, place_of(catalogue[body.in_register], row)):
        raise NotVisible
    answer = svc.prechecks.ask(body.in_register, row, as_of=body.as_of)
    findings = [
        PaymentFinding(
            model_id=hit.model.id,
            model_name=hit.model.name,
            level=hit.level,
            reason=hit.reason,
            law=[CitedLaw.model_validate(clause) for clause in hit.law],
            check=list(hit.model.guide.check),
            clears_if=list(hit.model.guide.clears_if),
        )
        for hit in answer.hits
    ]
    return PaymentAnswer(
        answer=answer.verdict,
        as_of=answer.as_of,
        data_as_of=answer.data_as_of,
        recorded=answer.recorded,
        simulated=answer.simulated,
        checked=answer.checked,
        findings=findings,
        unknown=_silent(answer.unknown),
        unchecked=_silent(answer.unchecked),
    )


def _silent(models: Iterable[Silent]) -> list[SilentModel]:
    return [SilentModel(model_id=s.model.id, model_name=s.model.name, why=s.why) for s in models]
