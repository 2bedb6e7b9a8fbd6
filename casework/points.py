"""Points: the villages and units that have their own address and QR code for complaints."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import segno
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, require
from casework.channel_models import IntakePoint
from casework.errors import BadInput, NotVisible
from casework.roles import Actor, covers, is_division

LONGEST_NAME: Final = 64


def points(session: Session, actor: Actor) -> Sequence[IntakePoint]:
    """The points of the actor's office, open ones first."""
    require(actor, Permission.REVIEW_COMPLAINT)
    query = select(IntakePoint).where(IntakePoint.division == actor.division)
    return session.scalars(query.order_by(IntakePoint.active.desc(), IntakePoint.name, IntakePoint.id)).all()


def open_point(session: Session, actor: Actor, *, name: str, about: str | None, at: datetime) -> IntakePoint:
    """A new point for a village or unit within the office's division.

    about: code of a village or town below the office; None for units of the office's own level, which have none of
    their own: the office's code would say that every report is on the office itself and has to go up.
    """
    require(actor, Permission.REVIEW_COMPLAINT)
    if actor.id is None or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise BadInput("name", f"请填写村或单位名称，不超过 {LONGEST_NAME} 字")
    if about is not None and (
        not is_division(about) or not covers(actor.division, about) or about == actor.division
    ):
        raise BadInput("about", "区划代码应是本机关辖区内的村或乡镇；本级单位没有自己的代码，请不填")
    point = IntakePoint(
        token=secrets.token_urlsafe(9), name=name.strip(), division=actor.division, about=about, active=True,
        created_by=actor.id, created_at=at,
    )  # fmt: skip
    session.add(point)
    session.flush()
    audit.record(session, at=at, actor=actor, action="change:open_point", target=f"point/{point.id}")
    return point


def close_point(session: Session, actor: Actor, point_id: int, *, at: datetime) -> IntakePoint:
    """Take a point out of use, for instance when its code was pasted over: a new one has a new token."""
    point = point_of(session, actor, point_id)
    point.active = False
    audit.record(session, at=at, actor=actor, action="change:close_point", target=f"point/{point.id}")
    return point


def point_of(session: Session, actor: Actor, point_id: int) -> IntakePoint:
    """A point of the actor's office, or `NotVisible`."""
    require(actor, Permission.REVIEW_COMPLAINT)
    point = session.get(IntakePoint, point_id)
    if point is None or point.division != actor.division:
        raise NotVisible
    return point


def point_by_token(session: Session, token: str) -> IntakePoint:
    """The open point of a token, or `NotVisible`."""
    point = session.scalar(
        select(IntakePoint).where(IntakePoint.token == token, IntakePoint.active.is_(True))
    )
    if point is None:
        raise NotVisible
    return point


def qr_svg(address: str) -> bytes:
    """The QR code of an address as SVG for printing; a quarter of it may be dirty or torn."""
    written = io.BytesIO()
    segno.make(address, error="q").save(written, kind="svg", scale=8, border=4, dark="#000", light="#fff")
    return written.getvalue()
