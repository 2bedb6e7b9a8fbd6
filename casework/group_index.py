"""Copies of one message are one case: a new message joins the group of which it is a copy, whenever that began.

A group is known by a few exemplars: its first message, and copies that differ much from those already kept. Their
band keys lie in the database, so that a mailing of 50,000 costs one look-up a message and goes on after a restart.
What the keys propose is decided by exact similarity of the work texts, in which senders are hidden and the accused
and places stay: these tell two cases apart. Messages that name different villages are never one group, and a closed
case takes no more copies: a new message on it is read again. So is one that says more than a case that was put aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zlib import crc32

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from casework.access import reader_of
from casework.group_models import ComplaintCopy, GroupBand, GroupExemplar
from casework.group_placing import Exemplar, Group, Incoming, Index, NewExemplar, Placement, PutAside
from casework.models import Complaint
from casework.raising import doubtful
from casework.states import ComplaintState
from ml.triage.copies import band_keys, compact, shingle_sets

MOST_EXEMPLARS: Final = 32
"""Exemplars of a group; later copies find the group by these."""

ALIKE_ENOUGH: Final = 0.8
"""A copy that shares this much with an exemplar adds nothing to the index."""

LOOK_BACK: Final = timedelta(days=60)
"""A group that had no copy for so long takes no more."""

_PUT_ASIDE: Final = (ComplaintState.NOT_KEY, ComplaintState.TRANSFERRED)
_CHUNK: Final = 5_000
ItemT = TypeVar("ItemT")


def place(session: Session, incoming: Sequence[Incoming]) -> Placement:
    """Find for each message the group that it is a copy of, else make it the first of its own. Writes nothing."""
    compacted = [compact(message.text) for message in incoming]
    sets = shingle_sets(compacted)
    keys = _keys_of(incoming, compacted)
    oldest = min(message.at for message in incoming) - LOOK_BACK
    index = Index(_known_exemplars(session, keys, oldest=oldest))
    placement = Placement([])
    for row, message in enumerate(incoming):
        found = index.nearest(message, keys[row], sets[row])
        if found is None:
            group = Group(lead=row, new=True, about=message.about, exemplars=0, last_at=message.at)
        else:
            group = found[0].group
            group.join(message)
            index.note(found[0])
        placement.groups.append(group)
        if keys[row] and (found is None or found[1] < ALIKE_ENOUGH) and group.exemplars < MOST_EXEMPLARS:
            group.exemplars += 1
            root, root_id = (found[0].root, found[0].root_id) if found else (sets[row], None)
            placement.new_exemplars.append(NewExemplar(row, compacted[row], keys[row], root_id))
            index.add(Exemplar(group, sets[row], root, root_id), keys[row])
    return placement


def keep(session: Session, placement: Placement, incoming: Sequence[Incoming], ids: Sequence[int]) -> None:
    """Write what `place` found, once the messages have their ids: copies, exemplars, and what groups learned."""
    copies = [
        {"complaint_id": row_id, "lead_id": placement.lead_id(row, ids)}
        for row, row_id in enumerate(ids)
        if not placement.is_lead(row)
    ]
    if copies:
        session.execute(insert(ComplaintCopy), copies)
    if placement.new_exemplars:
        _keep_exemplars(session, placement, incoming, ids)
    for group in dict.fromkeys(placement.groups):
        _keep_group(session, group)


def _keep_exemplars(
    session: Session, placement: Placement, incoming: Sequence[Incoming], ids: Sequence[int]
) -> None:
    rows = [
        {
            "complaint_id": ids[new.row],
            "lead_id": placement.lead_id(new.row, ids),
            "root_id": placement.lead_id(new.row, ids) if new.root_id is None else new.root_id,
            "division": incoming[new.row].division,
            "text": new.text,
            "last_at": placement.groups[new.row].last_at,
        }
        for new in placement.new_exemplars
    ]
    adding = insert(GroupExemplar).returning(GroupExemplar.id, sort_by_parameter_order=True)
    bands = [
        {"key": key, "exemplar_id": exemplar_id}
        for exemplar_id, new in zip(session.scalars(adding, rows).all(), placement.new_exemplars, strict=True)
        for key in dict.fromkeys(new.keys)
    ]
    session.execute(insert(GroupBand), bands)


def share(session: Session, lead_id: int, *, office: str | None, about: str | None) -> None:
    """Give the copies of a case its place, if it has one, and its office, unless that may not read of the place."""
    shared = {"office": reader_of(office, about=about)} | ({"about": about} if about else {})
    behind = select(ComplaintCopy.complaint_id).where(ComplaintCopy.lead_id == lead_id)
    session.execute(
        update(Complaint)
        .where(Complaint.id.in_(behind))
        .values(**shared)
        .execution_options(synchronize_session="fetch")
    )


def _keep_group(session: Session, group: Group) -> None:
    if not group.new and group.learned:  # from now on nobody of that place sees the case, nor its copies
        session.execute(
            update(Complaint)
            .where(Complaint.id == group.lead, Complaint.about.is_(None))
            .values(about=group.about)
            .execution_options(synchronize_session="fetch")
        )
        share(session, group.lead, office=group.office, about=group.about)
    if not group.new:
        session.execute(
            update(GroupExemplar)
            .where(GroupExemplar.lead_id == group.lead)
            .values(last_at=group.last_at)
            .execution_options(synchronize_session=False)
        )


def forget(session: Session, *, before: datetime) -> None:
    """Drop from the index the groups that had no copy since; the groups themselves stay."""
    old = select(GroupExemplar.id).where(GroupExemplar.last_at < before)
    quiet = {"synchronize_session": False}
    session.execute(delete(GroupBand).where(GroupBand.exemplar_id.in_(old)).execution_options(**quiet))
    session.execute(delete(GroupExemplar).where(GroupExemplar.last_at < before).execution_options(**quiet))


def index_alone(session: Session, complaint: Complaint) -> None:
    """Let the index know a complaint as the only exemplar of its own group."""
    known = session.scalar(select(GroupExemplar).where(GroupExemplar.complaint_id == complaint.id))
    if known is not None:
        known.lead_id, known.root_id = complaint.id, complaint.id
        session.flush()
        return
    text = compact(complaint.work_text)
    if not text:
        return
    exemplar = GroupExemplar(
        complaint_id=complaint.id, lead_id=complaint.id, root_id=complaint.id, division=complaint.division,
        text=text, last_at=complaint.received_at,
    )  # fmt: skip
    session.add(exemplar)
    session.flush()
    salt = _salt(complaint.division, simulated=complaint.simulated)
    keys = dict.fromkeys(band_keys([text], salts=[salt])[0].tolist())
    session.execute(insert(GroupBand), [{"key": key, "exemplar_id": exemplar.id} for key in keys])


def _keys_of(incoming: Sequence[Incoming], compacted: Sequence[str]) -> list[list[int]]:
    """Band keys of each message; none for one of which no readable text is left."""
    keys: list[list[int]] = [[] for _ in incoming]
    if readable := [row for row, text in enumerate(compacted) if text]:
        texts = [compacted[row] for row in readable]
        salts = [_salt(incoming[row].division, simulated=incoming[row].simulated) for row in readable]
        for row, found in zip(readable, band_keys(texts, salts=salts).tolist(), strict=True):
            keys[row] = found
    return keys


def _known_exemplars(
    session: Session, keys: Sequence[Sequence[int]], *, oldest: datetime
) -> defaultdict[int, list[Exemplar]]:
    """Exemplars of the database by band key, for the keys of this batch."""
    wanted = sorted({key for row in keys for key in row})
    pairs = [
        (key, exemplar_id)
        for chunk in _chunks(wanted)
        for key, exemplar_id in session.execute(
            select(GroupBand.key, GroupBand.exemplar_id).where(GroupBand.key.in_(chunk))
        )
    ]
    exemplars = _load(session, sorted({exemplar_id for _, exemplar_id in pairs}), oldest=oldest)
    index: defaultdict[int, list[Exemplar]] = defaultdict(list)
    for key, exemplar_id in sorted(pairs):
        if exemplar_id in exemplars:
            index[key].append(exemplars[exemplar_id])
    return index


def _load(session: Session, exemplar_ids: Sequence[int], *, oldest: datetime) -> dict[int, Exemplar]:
    root = aliased(Complaint)
    query = (
        select(
            GroupExemplar.id, GroupExemplar.lead_id, GroupExemplar.root_id, GroupExemplar.text,
            GroupExemplar.last_at, GroupExemplar.complaint_id, root.work_text, Complaint.state, Complaint.about,
            Complaint.office, Complaint.urgency, doubtful(Complaint).label("doubtful"),
            Complaint.work_text.label("lead_text"),
        )
        .join(Complaint, Complaint.id == GroupExemplar.lead_id)
        .join(root, root.id == GroupExemplar.root_id)
        .where(GroupExemplar.last_at >= oldest, Complaint.state != ComplaintState.CLOSED)
    )  # fmt: skip
    found = [
        row
        for chunk in _chunks(exemplar_ids)
        for row in session.execute(query.where(GroupExemplar.id.in_(chunk)))
    ]
    sizes = _exemplars_of(session, sorted({row.lead_id for row in found}))
    aside = {
        row.lead_id: PutAside(
            frozenset(filter(None, row.urgency.split("+"))), compact(row.lead_text), bool(row.doubtful)
        )
        for row in found
        if row.state in _PUT_ASIDE
    }
    groups = {
        row.lead_id: Group(
            lead=row.lead_id,
            new=False,
            about=row.about,
            exemplars=sizes[row.lead_id],
            last_at=row.last_at,
            office=row.office,
            put_aside=aside.get(row.lead_id),
        )
        for row in found
    }
    sets = shingle_sets([row.text for row in found])
    others = [row for row in found if row.root_id != row.complaint_id]
    roots = dict(
        zip(
            [row.id for row in others],
            shingle_sets([compact(row.work_text) for row in others]),
            strict=True,
        )
    )
    return {
        row.id: Exemplar(groups[row.lead_id], shingles, roots.get(row.id, shingles), row.root_id)
        for row, shingles in zip(found, sets, strict=True)
    }


def _exemplars_of(session: Session, lead_ids: Sequence[int]) -> dict[int, int]:
    """Number of exemplars of each group."""
    counts: dict[int, int] = {}
    for chunk in _chunks(lead_ids):
        query = select(GroupExemplar.lead_id, func.count()).where(GroupExemplar.lead_id.in_(chunk))
        counts |= dict(session.execute(query.group_by(GroupExemplar.lead_id)).all())
    return counts


def _salt(division: str, *, simulated: bool) -> int:
    """Messages of two offices, or made-up and real ones, have no band key in common."""
    return crc32(f"{division}|{simulated}".encode())


def _chunks(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
