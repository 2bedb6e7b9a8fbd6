"""The page of the question before a payment: a form a register, and the answer of `api.routes_prechecks`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.datastructures import FormData
from fastapi.responses import HTMLResponse

from api.context import Db, Svc
from api.precheck_schemas import PaymentQuestion
from api.problems import refused
from api.rendering import render
from api.routes_prechecks import ask_before_payment
from api.security import Requires
from casework.access import Permission
from casework.errors import BadInput, NotVisible
from casework.roles import Actor
from registers.catalogue import Column, load_catalogue
from registers.values import BadValue, parse_amount_fen
from supervision.precheck.desk import PaymentRefused
from supervision.precheck.index import IndexMissing, newest_index
from supervision.precheck.plan import PAYMENT_REGISTERS

router = APIRouter(include_in_schema=False)
Checker = Annotated[Actor, Depends(Requires(Permission.CHECK_PAYMENT))]
PaymentRegister = Literal["subsidy_payment", "labour_day", "ledger_entry"]
DAY_ASKED: Final = "as_of"


async def submitted_cells(request: Request) -> FormData:
    """The form as it came: its fields are the columns of the register."""
    return await request.form()


@router.get("/prechecks")
def show_precheck(
    request: Request,
    svc: Svc,
    _actor: Checker,
    register: PaymentRegister = "subsidy_payment",
) -> HTMLResponse:
    try:
        newest_index(svc.home)
    except IndexMissing as error:
        return _page(request, register, {}, missing=str(error))
    return _page(request, register, {})


@router.post("/prechecks")
def answer_precheck(
    *,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Checker,
    form: Annotated[FormData, Depends(submitted_cells)],
    register: PaymentRegister = "subsidy_payment",
) -> HTMLResponse:
    """The answer above the form; what was typed goes back to the person who typed it and nowhere else."""
    columns = load_catalogue()[register].columns
    typed = {
        name: text.strip()
        for name in (DAY_ASKED, *(column.name for column in columns))
        if isinstance(text := form.get(name), str) and text.strip()
    }
    try:
        answer = ask_before_payment(_question(register, typed, columns), session, svc, actor)
    except IndexMissing as error:
        kind = refused(request, session, error)
        return _page(request, register, typed, missing=str(error), status=kind.status)
    except (PaymentRefused, BadInput, NotVisible) as error:
        kind = refused(request, session, error)
        return _page(request, register, typed, problem=str(error), status=kind.status)
    return _page(request, register, typed, answer=answer)


def _question(
    register: PaymentRegister, typed: Mapping[str, str], columns: tuple[Column, ...]
) -> PaymentQuestion:
    cells = {column.name: _cell(column, typed[column.name]) for column in columns if column.name in typed}
    try:
        as_of = date.fromisoformat(typed[DAY_ASKED]) if DAY_ASKED in typed else None
    except ValueError as error:
        raise BadInput(DAY_ASKED, "核查日期应写成 2026-11-20") from error
    return PaymentQuestion.model_validate({"register": register, "columns": cells, "as_of": as_of})


def _cell(column: Column, text: str) -> str | int:
    """Amounts are typed in yuan; the question wants fen."""
    if column.type != "amount":
        return text
    try:
        return parse_amount_fen(text)
    except BadValue as error:
        raise BadInput(column.name, f"{column.zh}：{error}") from error


def _page(
    request: Request, register: str, typed: Mapping[str, str], *, status: int = 200, **shown: object
) -> HTMLResponse:
    catalogue = load_catalogue()
    columns = [column for column in catalogue[register].columns if not column.derived_from]
    page = {
        "register": register,
        "registers": {name: catalogue[name].name for name in PAYMENT_REGISTERS},
        "needed": [column for column in columns if column.required],
        "others": [column for column in columns if not column.required],
        "typed": typed,
    }
    return render(request, "precheck.html", page | shown, status=status)
