"""The audit log: a row for every look and every change, sealed in batches that hang on each other.

A batch's hash covers its entries and the hash before it, so that a changed, removed or slipped-in row shows, and
so does a removed batch. Rows not sealed yet, and the newest batch, are protected by carrying the head outside
daily (`head`). Rows hold ids only: no text of a complaint, no name, no number of a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from casework.audit_models import AuditBatch, AuditEntry, AuditHead
from casework.roles import Actor

BATCH_SIZE: Final = 200
GENESIS: Final = "0" * 64


@dataclass(frozen=True)
class Fault:
    """A place where the log is not what was sealed. batch: its id, or None for the chain as a whole."""

    batch: int | None
    problem: str


def record(
    session: Session,
    *,
    at: datetime,
    actor: Actor | None,
    action: str,
    target: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add one row in the caller's transaction; every `BATCH_SIZE` rows a batch is sealed."""
    entry = AuditEntry(
        at=at,
        user_id=actor.id if actor else None,
        role=actor.role.value if actor else None,
        action=action,
        target=target,
        detail=dict(detail or {}),
    )
    session.add(entry)
    session.flush()
    if entry.id % BATCH_SIZE == 0:
        seal(session, at=at)


def record_many(session: Session, *, at: datetime, actor: Actor, rows: Sequence[tuple[str, str]]) -> None:
    """Add many rows (action, target) of one actor at once and seal what lies open."""
    values: dict[str, object] = {
        "at": at, "user_id": actor.id, "role": actor.role.value, "detail": {}, "batch_id": None,
    }  # fmt: skip
    session.execute(insert(AuditEntry), [values | {"action": what, "target": which} for what, which in rows])
    seal(session, at=at)


def hold(session: Session) -> None:
    """Put transactions that write many rows in one line: the next waits here until this one has ended."""
    session.execute(select(AuditHead).with_for_update()).scalar_one()


def seal(session: Session, *, at: datetime) -> int:
    """Seal all rows that lie open into one batch; return how many there were. One batch at a time."""
    chain = session.execute(select(AuditHead).with_for_update()).scalar_one()
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.batch_id.is_(None)).order_by(AuditEntry.id)
    ).all()
    if not entries:
        return 0
    batch = AuditBatch(
        sealed_at=at,
        entries=len(entries),
        previous_hash=chain.hash,
        hash=_batch_hash(entries, previous=chain.hash, sealed_at=at),
    )
    session.add(batch)
    session.flush()
    session.execute(
        update(AuditEntry)
        .where(AuditEntry.id.in_([entry.id for entry in entries]))
        .values(batch_id=batch.id)
        .execution_options(synchronize_session="fetch")
    )
    chain.hash = batch.hash
    return len(entries)


def head(session: Session) -> str:
    """Hash of the newest batch: the figure to keep outside."""
    return session.execute(select(AuditHead.hash)).scalar_one()


def verify_chain(session: Session, *, kept_heads: Sequence[str] = ()) -> list[Fault]:
    """Recompute every batch. An empty list means: what was sealed is unchanged and complete.

    kept_heads: heads carried outside earlier; one that no batch has now means that the chain was cut or rewritten.
    """
    faults: list[Fault] = []
    previous = GENESIS
    seen = {GENESIS}
    for batch in session.scalars(select(AuditBatch).order_by(AuditBatch.id)):
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.batch_id == batch.id).order_by(AuditEntry.id)
        ).all()
        if batch.previous_hash != previous:
            faults.append(Fault(batch.id, "与上一批不相接：有批次被删除或改写"))
        if len(entries) != batch.entries:
            faults.append(Fault(batch.id, f"应有 {batch.entries} 条，实有 {len(entries)} 条"))
        elif _batch_hash(entries, previous=batch.previous_hash, sealed_at=batch.sealed_at) != batch.hash:
            faults.append(Fault(batch.id, "内容与封存时不一致"))
        previous = batch.hash
        seen.add(batch.hash)
    if head(session) != previous:
        faults.append(Fault(None, "链尾与记录的链头不一致：末尾批次被删除"))
    faults += [Fault(None, f"外存链头 {kept[:12]}… 不在链上") for kept in kept_heads if kept not in seen]
    return faults


def _batch_hash(entries: Sequence[AuditEntry], *, previous: str, sealed_at: datetime) -> str:
    digest = hashlib.sha256(f"{previous}|{_moment(sealed_at)}".encode())
    for entry in entries:
        digest.update(b"\n" + _canonical(entry).encode())
    return digest.hexdigest()


def _canonical(entry: AuditEntry) -> str:
    fields = [
        entry.id, _moment(entry.at), entry.user_id, entry.role, entry.action, entry.target, entry.detail,
    ]  # fmt: skip
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
