"""Intake: a message becomes a sealed complaint with a receipt, once, and is sorted by the triage model.

The same channel and message id give the same receipt, however often a gateway sends them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from casework.errors import BadInput
from casework.events import record_start, recorded
from casework.locating import locate
from casework.models import Complaint, Place
from casework.receipts import new_receipt
from casework.redaction import redact_for_work
from casework.roles import TRIAGE_MACHINE, is_division
from casework.scope import within
from casework.sealing import Sealer
from casework.states import COMPLAINT_TRANSITIONS, ComplaintAction, ComplaintState, step
from ml.extraction.gazetteer import Gazetteer

LONGEST_TEXT: Final = 20_000
LONGEST_MESSAGE_ID: Final = 128
LOOK_BACK: Final = timedelta(days=60)
_LOOK_BACK_ROWS: Final = 2_000


class TriageVerdict(Protocol):
    """What the triage model says of one text; see `ml.triage.TriageResult`."""

    @property
    def key_probability(self) -> float: ...
    @property
    def key(self) -> bool: ...
    @property
    def abstain(self) -> bool: ...
    @property
    def nature(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def reasons(self) -> Sequence[str]: ...


class Triage(Protocol):
    """A model that reads texts; see `ml.triage.TriageModel`."""

    def predict(self, texts: list[str], /) -> Sequence[TriageVerdict]: ...


Grouper = Callable[[Sequence[str]], Iterable[int]]
"""Texts → group number of each; near-identical texts share a number."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as a channel delivers it.

    channel: sms, web, phone, ... . message_id: unique within the channel. sender: how to reach the sender, sealed
    with the text. division: the office's own code. about: code of the village or body it speaks of, when the form
    asked for it; else the text is searched for a place name.
    """

    channel: str
    message_id: str
    text: str
    division: str
    received_at: datetime
    sender: str | None = None
    about: str | None = None
    simulated: bool = False


@dataclass(frozen=True)
class Accepted:
    """What a channel is told. `duplicate`: this message had come before; the receipt is that of then."""

    receipt: str
    duplicate: bool
    complaint_id: int


def receive(
    session: Session,
    messages: Sequence[Message],
    *,
    sealer: Sealer,
    triage: Triage,
    triage_version: str,
    group: Grouper | None = None,
) -> list[Accepted]:
    """Store and sort messages in the caller's transaction; one answer each, in order.

    Raises `BadInput` for an empty or overlong text and for malformed codes, before anything is stored.
    """
    for message in messages:
        _check(message)
    places = {
        division: Gazetteer.of(_places_below(session, division)) for division in {m.division for m in messages}
    }
    answers, fresh = [], []
    for message in messages:
        complaint, is_new = _store(session, message, sealer=sealer, places=places[message.division])
        answers.append(Accepted(complaint.receipt, not is_new, complaint.id))
        if is_new:
            fresh.append(complaint)
    if fresh:
        if group is not None:
            _join_groups(session, fresh, group=group)
        _sort(session, fresh, triage=triage, triage_version=triage_version)
    return answers


def _check(message: Message) -> None:
    if not message.text.strip():
        raise BadInput("text", "内容为空")
    if len(message.text) > LONGEST_TEXT:
        raise BadInput("text", f"内容超过 {LONGEST_TEXT} 字，请分开提交")
    if not 0 < len(message.message_id.strip()) <= LONGEST_MESSAGE_ID:
        raise BadInput("message_id", f"缺少消息编号，或超过 {LONGEST_MESSAGE_ID} 个字符")
    if not all(map(_is_storable, (message.text, message.message_id, message.sender or ""))):
        raise BadInput("text", "含有无法保存的字符，请去掉后重新提交")
    if not is_division(message.division):
        raise BadInput("division", "受理单位的区划代码应为 2、4、6、9 或 12 位数字")
    if message.about is not None and not is_division(message.about):
        raise BadInput("about", "被反映单位的区划代码应为 2、4、6、9 或 12 位数字")


def _is_storable(text: str) -> bool:
    """No NUL (PostgreSQL refuses it) and no half of a surrogate pair (UTF-8 has none)."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _store(
    session: Session, message: Message, *, sealer: Sealer, places: Gazetteer
) -> tuple[Complaint, bool]:
    """Insert unless (channel, message id) is there; two deliveries at once end with one row."""
    receipt = _free_receipt(session, message.received_at.year)
    original = f"{message.sender or ''}\n{message.text}"
    work_text = redact_for_work(message.text)
    insert = (sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert)(Complaint)
    new_id = session.scalar(
        insert.values(
            receipt=receipt,
            channel=message.channel,
            message_id=message.message_id,
            received_at=message.received_at,
            division=message.division,
            about=message.about or locate(message.text, places, office=message.division),
            sealed=sealer.seal(original, bound_to=receipt),
            work_text=work_text,
            duplicate_group=_fingerprint(work_text),
            simulated=message.simulated,
            reasons=[],
            state=ComplaintState.RECEIVED,
            version=1,
        )
        .on_conflict_do_nothing(index_elements=["channel", "message_id"])
        .returning(Complaint.id)
    )
    complaint = session.scalars(
        select(Complaint).where(
            Complaint.channel == message.channel, Complaint.message_id == message.message_id
        )
    ).one()
    if new_id is None:
        return complaint, False
    record_start(session, complaint, actor=TRIAGE_MACHINE, at=message.received_at)
    return complaint, True


def _free_receipt(session: Session, year: int) -> str:
    while True:
        receipt = new_receipt(year)
        if session.scalar(select(Complaint.id).where(Complaint.receipt == receipt)) is None:
            return receipt


def _places_below(session: Session, division: str) -> dict[str, str]:
    query = select(Place.code, Place.name).where(within(Place.code, division), Place.code != division)
    return dict(session.execute(query).all())


def _sort(session: Session, complaints: Sequence[Complaint], *, triage: Triage, triage_version: str) -> None:
    verdicts = triage.predict([complaint.work_text for complaint in complaints])
    for complaint, verdict in zip(complaints, verdicts, strict=True):
        complaint.key_probability = float(verdict.key_probability)
        complaint.model_key = bool(verdict.key)
        complaint.abstain = bool(verdict.abstain)
        complaint.model_nature = verdict.nature
        complaint.model_field = verdict.field
        complaint.topic = verdict.topic
        complaint.reasons = [str(reason) for reason in verdict.reasons]
        complaint.triage_model = triage_version
        change = step(
            COMPLAINT_TRANSITIONS,
            complaint.state,
            ComplaintAction.TRIAGE,
            actor=TRIAGE_MACHINE,
            at=complaint.received_at,
        )
        complaint.state = recorded(session, complaint, change)


def _join_groups(session: Session, fresh: Sequence[Complaint], *, group: Grouper) -> None:
    """Give fresh complaints the group of a near-identical one, earlier in the batch or within `LOOK_BACK`."""
    newest = max(complaint.received_at for complaint in fresh)
    fresh_ids = [complaint.id for complaint in fresh]
    earlier = session.scalars(
        select(Complaint)
        .where(
            Complaint.received_at >= newest - LOOK_BACK,
            Complaint.division.in_({complaint.division for complaint in fresh}),
            Complaint.id.not_in(fresh_ids),
        )
        .order_by(Complaint.id.desc())
        .limit(_LOOK_BACK_ROWS)
    ).all()
    known = [*reversed(earlier), *fresh]
    names: dict[int, str] = {}
    for complaint, number in zip(known, group([c.work_text for c in known]), strict=True):
        complaint.duplicate_group = names.setdefault(int(number), complaint.duplicate_group)


def _fingerprint(work_text: str) -> str:
    """Equal for texts that differ only in spaces, punctuation, width and case."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", work_text).lower() if c.isalnum())
    return hashlib.sha256((kept or work_text).encode()).hexdigest()[:24]
