"""Intake: a message becomes a sealed complaint with a receipt, once, and is sorted by the triage model.

At one office the same channel and message id give the same receipt, however often a gateway sends them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from casework import audit
from casework.duplicates import sender_digest
from casework.errors import BadInput
from casework.events import record_arrivals
from casework.group_index import LOOK_BACK, forget, keep, place
from casework.group_placing import Incoming, Placement
from casework.lexicon import hits, in_force, note_hits
from casework.locating import locate
from casework.models import Complaint, Place
from casework.receipts import new_receipt
from casework.redaction import redact_for_work
from casework.roles import TRIAGE_MACHINE, is_division
from casework.scope import within
from casework.sealing import Sealer, sealed_text
from casework.states import COMPLAINT_TRANSITIONS, Change, ComplaintAction, ComplaintState, step
from casework.upward import behind_mark, goes_up
from ml.extraction.gazetteer import Gazetteer
from ml.triage import TriageResult

LONGEST_TEXT: Final = 20_000
LONGEST_MESSAGE_ID: Final = 128
CLOCKS_DIFFER: Final = timedelta(days=1)
"""A time of sending that lies further ahead of the delivery comes from a wrong clock."""

BATCH: Final = 1_000
"""Messages that are read and written together."""


class Triage(Protocol):
    """A model that reads texts; see `ml.triage.TriageModel`."""

    def predict(self, texts: list[str], /) -> Sequence[TriageResult]: ...


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as a channel delivers it.

    channel: sms, web, phone, ... . message_id: unique within the channel of the office. sender: how to reach the sender,
    sealed with the text. division: the office's own code. about: code of the village or body it speaks of, when the
    form asked for it, unless the text speaks of a body above that; else the text is searched for a place name.
    receipt: what the sender was given already, by a public intake that does not know the database.
    enclosed: hash of the files that came with it.
    """

    channel: str
    message_id: str
    text: str
    division: str
    received_at: datetime
    sender: str | None = None
    about: str | None = None
    receipt: str | None = None
    enclosed: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Accepted:
    """What a channel is told.

    redelivered: this message had come before; the receipt is that of then. differs: so had its number, but with another
    text, sender or files: what came now is not kept, and the receipt may be somebody else's.
    """

    receipt: str
    redelivered: bool
    complaint_id: int
    differs: bool = False


def receive(
    session: Session,
    messages: Sequence[Message],
    *,
    sealer: Sealer,
    triage: Triage,
    triage_version: str,
    at: datetime,
) -> list[Accepted]:
    """Store, group and sort messages in the caller's transaction; one answer each, in order.

    at: when they are delivered; a message dated later than that by more than `CLOCKS_DIFFER` counts as received then.
    Raises `BadInput` for an empty or overlong text and for malformed codes, before anything is stored.
    """
    for message in messages:
        check_message(message)
    answers: list[Accepted] = []
    for start in range(0, len(messages), BATCH):
        batch = [_in_time(message, at=at) for message in messages[start : start + BATCH]]
        answers += _receive_batch(
            session, batch, sealer=sealer, triage=triage, triage_version=triage_version, at=at
        )
    return answers


def _in_time(message: Message, *, at: datetime) -> Message:
    return replace(message, received_at=at) if message.received_at > at + CLOCKS_DIFFER else message


def _receive_batch(
    session: Session,
    messages: Sequence[Message],
    *,
    sealer: Sealer,
    triage: Triage,
    triage_version: str,
    at: datetime,
) -> list[Accepted]:
    """Read first, then write in one line with other deliveries: two of one mailing at once end in one group."""
    known = _known(session, messages)
    told = set(known)
    if read := _read(session, _not_in(messages, known), triage=triage):
        audit.hold(session)
        told = set(_known(session, messages))
        fresh = [reading for reading in read if _name(reading.message) not in told]
        _store(session, fresh, sealer=sealer, triage_version=triage_version, at=at)
        known = _known(session, messages)
    answers = []
    for message in messages:
        stored = known[_name(message)]
        differs = stored.digest not in (None, _delivery_digest(sealer, message))
        answers.append(Accepted(stored.receipt, _name(message) in told, stored.complaint_id, differs))
        told.add(_name(message))
    return answers


def check_text(text: str, *, longest: int = LONGEST_TEXT) -> None:
    """Raise `BadInput` for a text that is empty, overlong, or cannot be stored."""
    if not text.strip():
        raise BadInput("text", "内容为空")
    if len(text) > longest:
        raise BadInput("text", f"内容超过 {longest} 字，请分开提交")
    if not _is_storable(text):
        raise BadInput("text", "含有无法保存的字符，请去掉后重新提交")


def check_message(message: Message) -> None:
    """Raise `BadInput` for a message that `receive` does not take."""
    check_text(message.text)
    if not 0 < len(message.message_id.strip()) <= LONGEST_MESSAGE_ID:
        raise BadInput("message_id", f"缺少消息编号，或超过 {LONGEST_MESSAGE_ID} 个字符")
    if not all(map(_is_storable, (message.message_id, message.sender or ""))):
        raise BadInput("text", "含有无法保存的字符，请去掉后重新提交")
    if not is_division(message.division):
        raise BadInput("division", "受理单位的区划代码应为 2、4、6、9 或 12 位数字")
    if message.about is not None and not is_division(message.about):
        raise BadInput("about", "被反映单位的区划代码应为 2、4、6、9 或 12 位数字")
    marked = message.channel == "sms" and behind_mark(message.text) is not None
    if marked or goes_up(message.about, division=message.division):
        raise BadInput("about", "反映本机关或上级的，本机关不得登记；请走直达上级的通道")


def _is_storable(text: str) -> bool:
    """No NUL (PostgreSQL refuses it) and no half of a surrogate pair (UTF-8 has none)."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True)
class _Reading:
    """A message as it will be stored: its work text, what it is about, and what triage says."""

    message: Message
    work_text: str
    about: str | None
    verdict: TriageResult


_Name = tuple[str, str, str]


def _name(message: Message) -> _Name:
    """What tells a message from others: two offices may give the same number, one office gives it again for the same."""
    return message.division, message.channel, message.message_id


def _delivery_digest(sealer: Sealer, message: Message) -> str:
    text = "".join(message.text.split())
    return sealer.digest(f"delivery:{message.division}:{message.sender or ''}\n{text}\n{message.enclosed}")


class _Stored(NamedTuple):
    receipt: str
    complaint_id: int
    digest: str | None


def _known(session: Session, messages: Sequence[Message]) -> dict[_Name, _Stored]:
    """Those messages that are stored already."""
    ids: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        ids.setdefault((message.division, message.channel), []).append(message.message_id)
    found: dict[_Name, _Stored] = {}
    columns = (Complaint.message_id, Complaint.receipt, Complaint.id, Complaint.delivery_digest)
    for (division, channel), names in sorted(ids.items()):
        query = select(*columns).where(
            Complaint.division == division, Complaint.channel == channel, Complaint.message_id.in_(names)
        )
        found |= {
            (division, channel, name): _Stored(receipt, row_id, digest)
            for name, receipt, row_id, digest in session.execute(query)
        }
    return found


def _not_in(messages: Sequence[Message], known: Mapping[_Name, object]) -> list[Message]:
    """The messages that are new, each once."""
    new = {_name(message): message for message in reversed(messages) if _name(message) not in known}
    return [message for message in messages if new.get(_name(message)) is message]


def _read(session: Session, messages: Sequence[Message], *, triage: Triage) -> list[_Reading]:
    """Redact, locate and triage; equal texts are triaged once."""
    places = {
        division: Gazetteer.of(_places_below(session, division))
        for division in {m.division for m in messages}
    }
    texts = [redact_for_work(message.text) for message in messages]
    distinct = list(dict.fromkeys(texts))
    verdicts = dict(zip(distinct, triage.predict(distinct) if distinct else [], strict=True))
    return [
        _Reading(
            message,
            text,
            locate(message.text, places[message.division], office=message.division, about=message.about),
            verdicts[text],
        )
        for message, text in zip(messages, texts, strict=True)
    ]


def _store(
    session: Session, readings: Sequence[_Reading], *, sealer: Sealer, triage_version: str, at: datetime
) -> None:
    """Write readings as complaints: the first of a group waits for review, a copy joins it."""
    if not readings:
        return
    forget(session, before=min(at, *(reading.message.received_at for reading in readings)) - LOOK_BACK)
    divisions = {reading.message.division for reading in readings}
    keywords = {division: in_force(session, division) for division in divisions}
    words = [hits(reading.work_text, keywords[reading.message.division]) for reading in readings]
    incoming = [
        Incoming(
            text=reading.work_text,
            division=reading.message.division,
            about=reading.about,
            simulated=reading.message.simulated,
            at=reading.message.received_at,
            urgency=frozenset(reading.verdict.urgency),
            words=frozenset(found),
            doubtful=reading.verdict.key or reading.verdict.abstain,
        )
        for reading, found in zip(readings, words, strict=True)
    ]
    placement = place(session, incoming)
    receipts = _receipts_of(session, [reading.message for reading in readings])
    rows = [
        {
            **_row(reading, receipt, sealer=sealer, triage_version=triage_version),
            "state": ComplaintState.TRIAGED if placement.is_lead(number) else ComplaintState.COPY,
            "about": placement.about_of(number),
            "office": placement.office_of(number),
        }
        for number, (reading, receipt) in enumerate(zip(readings, receipts, strict=True))
    ]
    made = insert(Complaint).returning(Complaint.id, sort_by_parameter_order=True)
    ids = session.scalars(made, rows).all()
    keep(session, placement, incoming, ids)
    note_hits(session, zip(ids, words, strict=True))
    record_arrivals(
        session,
        [
            (row_id, _first_change(placement, number, ids, at=reading.message.received_at))
            for number, (row_id, reading) in enumerate(zip(ids, readings, strict=True))
        ],
        at=max(reading.message.received_at for reading in readings),
    )


def _first_change(
    placement: Placement, number: int, ids: Sequence[int], *, at: datetime
) -> Change[ComplaintState]:
    joins = not placement.is_lead(number)
    return step(
        COMPLAINT_TRANSITIONS,
        ComplaintState.RECEIVED,
        ComplaintAction.JOIN if joins else ComplaintAction.TRIAGE,
        actor=TRIAGE_MACHINE,
        at=at,
        fields={"lead": placement.lead_id(number, ids)} if joins else None,
    )


def _row(reading: _Reading, receipt: str, *, sealer: Sealer, triage_version: str) -> dict[str, object]:
    message, verdict = reading.message, reading.verdict
    return {
        "receipt": receipt,
        "channel": message.channel,
        "message_id": message.message_id,
        "received_at": message.received_at,
        "division": message.division,
        "sealed": sealer.seal(sealed_text(message.sender, message.text), bound_to=receipt),
        "sender_digest": sender_digest(sealer, message.sender, division=message.division),
        "delivery_digest": _delivery_digest(sealer, message),
        "work_text": reading.work_text,
        "simulated": message.simulated,
        "key_probability": verdict.key_probability,
        "model_key": verdict.key,
        "abstain": verdict.abstain,
        "model_nature": verdict.nature,
        "model_field": verdict.field,
        "topic": verdict.topic,
        "official_class": verdict.official_class,
        "urgency": "+".join(verdict.urgency),
        "no_substance": verdict.no_substance,
        "spam": verdict.spam,
        "reasons": list(verdict.reasons),
        "triage_model": triage_version,
        "version": 1,
    }


def _receipts_of(session: Session, messages: Sequence[Message]) -> list[str]:
    """What senders were given already, and for the others receipts that are free.

    Raises `BadInput` for a given receipt that another complaint has.
    """
    given = [message.receipt for message in messages if message.receipt]
    taken = select(Complaint.receipt).where(Complaint.receipt.in_(given))
    if given and (len(set(given)) < len(given) or session.scalar(taken.limit(1))):
        raise BadInput("receipt", "回执号已被使用")
    free = iter(_free_receipts(session, [m.received_at.year for m in messages if not m.receipt]))
    return [message.receipt or next(free) for message in messages]


def _free_receipts(session: Session, years: Sequence[int]) -> list[str]:
    """A receipt of each year, none of them in use and none twice."""
    found: list[str] = []
    taken: set[str] = set()
    while len(found) < len(years):
        drawn = {new_receipt(year): None for year in years[len(found) :]}
        taken |= set(session.scalars(select(Complaint.receipt).where(Complaint.receipt.in_(drawn))))
        for receipt in drawn:
            if receipt not in taken and receipt.startswith(f"{years[len(found)]:04d}"):
                taken.add(receipt)
                found.append(receipt)
    return found


def _places_below(session: Session, division: str) -> dict[str, str]:
    query = select(Place.code, Place.name).where(within(Place.code, division), Place.code != division)
    return dict(session.execute(query).all())
