"""Keywords that an office's clerks keep: a message that holds one is read by a person, whatever the model says.

One that only a copy holds raises the case behind which the copy stands (`casework.grouping.keywords_of_copies`).

A keyword confirms nothing. Its effect on the cases that wait for review is shown before it is saved; every list that was
ever in force stays readable, and taking one up again is a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Subquery, and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, require
from casework.errors import BadInput, NotVisible
from casework.group_models import ComplaintCopy
from casework.inbox_models import KeywordHit, LexiconVersion
from casework.models import Complaint
from casework.roles import Actor
from casework.scope import visible_complaints
from casework.states import ComplaintState
from ml.triage.copies import compact

MOST_WORDS: Final = 500
SHORTEST_WORD, LONGEST_WORD = 2, 20


@dataclass(frozen=True)
class Effect:
    """What a list would do to the cases that wait for review. raised, dropped: (case, the words) that only it, or only
    the list in force, would put before a person; counts: cases by word, words that hit nothing included."""

    cases: int
    raised: Sequence[tuple[Complaint, list[str]]]
    dropped: Sequence[tuple[Complaint, list[str]]]
    counts: Mapping[str, int]


def parse_keywords(text: str) -> list[str]:
    """One keyword a line. Raises `BadInput`."""
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) > 1:
            raise BadInput("words", f"第 {number} 行：每行只写一个词，词中不空格")
        word = compact(parts[0])
        if not SHORTEST_WORD <= len(word) <= LONGEST_WORD:
            raise BadInput("words", f"第 {number} 行：关键词应为 {SHORTEST_WORD} 至 {LONGEST_WORD} 个字")
        found[word] = None
    if len(found) > MOST_WORDS:
        raise BadInput("words", f"关键词至多 {MOST_WORDS} 个")
    return list(found)


def as_text(keywords: Iterable[str]) -> str:
    """The list as `parse_keywords` reads it."""
    return "\n".join(keywords)


def in_force(session: Session, division: str) -> list[str]:
    """The keywords of an office; none before the first version."""
    newest = session.scalar(
        select(LexiconVersion)
        .where(LexiconVersion.division == division)
        .order_by(LexiconVersion.id.desc())
        .limit(1)
    )
    return _keywords(newest) if newest else []


def versions(session: Session, actor: Actor) -> Sequence[LexiconVersion]:
    """The lists of the actor's office, the newest first."""
    require(actor, Permission.REVIEW_COMPLAINT)
    query = select(LexiconVersion).where(LexiconVersion.division == actor.division)
    return session.scalars(query.order_by(LexiconVersion.id.desc())).all()


def effect(session: Session, actor: Actor, keywords: Sequence[str]) -> Effect:
    """What `save` would change: cases of the office that wait for review, each with what its copies hold.

    Of these the ones that this person may see: nobody learns of a message about themselves.
    """
    require(actor, Permission.REVIEW_COMPLAINT)
    now = in_force(session, actor.division)
    cases = session.scalars(
        select(Complaint).where(visible_complaints(actor), _waiting(actor)).order_by(Complaint.id.desc())
    ).all()
    of_copies = _texts_of_copies(session, actor)
    raised, dropped = [], []
    counts = dict.fromkeys(keywords, 0)
    for one in cases:
        texts = {one.work_text, *of_copies.get(one.id, ())}
        before, after = _hits_in_any(texts, now), _hits_in_any(texts, keywords)
        for word in after:
            counts[word] += 1
        if after and not before:
            raised.append((one, after))
        if before and not after:
            dropped.append((one, before))
    return Effect(len(cases), raised, dropped, counts)


def save(
    session: Session,
    actor: Actor,
    keywords: Sequence[str],
    *,
    note: str,
    at: datetime,
    restores: int | None = None,
) -> LexiconVersion:
    """Put a list into force, and look again through the messages of the office that wait for review, with copies."""
    require(actor, Permission.REVIEW_COMPLAINT)
    if actor.id is None or not note.strip():
        raise BadInput("note", "请写明改动的理由")
    version = LexiconVersion(
        division=actor.division,
        entries=[{"word": word} for word in keywords],
        note=note.strip()[:500],
        restores=restores,
        by=actor.id,
        at=at,
    )
    session.add(version)
    session.flush()
    audit.record(
        session, at=at, actor=actor, action="change:lexicon", target=f"lexicon/{version.id}",
        detail={"words": len(keywords)},
    )  # fmt: skip
    again = or_(_waiting(actor), Complaint.id.in_(select(_copies_waiting(actor).c.complaint_id)))
    messages = session.execute(select(Complaint.id, Complaint.work_text).where(again)).all()
    gone = delete(KeywordHit).where(KeywordHit.complaint_id.in_(select(Complaint.id).where(again)))
    session.execute(gone.execution_options(synchronize_session=False))
    note_hits(session, [(complaint_id, hits(text, keywords)) for complaint_id, text in messages])
    return version


def restore(session: Session, actor: Actor, version_id: int, *, at: datetime) -> LexiconVersion:
    """Take an earlier list of the office up again, as a new version: the undo of whatever came after it."""
    version = session.get(LexiconVersion, version_id)
    if version is None or version.division != actor.division:
        raise NotVisible
    return save(
        session, actor, _keywords(version), note=f"恢复第 {version.id} 版", at=at, restores=version.id
    )


def hits(text: str, keywords: Sequence[str]) -> list[str]:
    """The keywords in a text, whatever its punctuation, width and script."""
    if not keywords:
        return []
    read = compact(text)
    return [word for word in keywords if word in read]


def note_hits(session: Session, found: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Write which keywords stand in which complaints: (id, what `hits` found)."""
    rows = [{"complaint_id": complaint_id, "word": word} for complaint_id, words in found for word in words]
    if rows:
        session.execute(insert(KeywordHit), rows)


def words_found(session: Session, complaint_ids: Sequence[int]) -> dict[int, list[str]]:
    """The keywords noted for each complaint that has any."""
    found: dict[int, list[str]] = {}
    query = select(KeywordHit.complaint_id, KeywordHit.word).where(KeywordHit.complaint_id.in_(complaint_ids))
    for complaint_id, word in session.execute(query.order_by(KeywordHit.complaint_id, KeywordHit.word)):
        found.setdefault(complaint_id, []).append(word)
    return found


def _keywords(version: LexiconVersion) -> list[str]:
    return [entry["word"] for entry in version.entries]


def _waiting(actor: Actor) -> ColumnElement[bool]:
    return and_(Complaint.division == actor.division, Complaint.state == ComplaintState.TRIAGED)


def _copies_waiting(actor: Actor) -> Subquery:
    """(copy, lead) of the cases of the office that wait for review."""
    joined = select(ComplaintCopy.complaint_id, ComplaintCopy.lead_id).join(
        Complaint, Complaint.id == ComplaintCopy.lead_id
    )
    return joined.where(_waiting(actor)).subquery()


def _texts_of_copies(session: Session, actor: Actor) -> dict[int, set[str]]:
    """The texts of the copies behind each case that waits for review."""
    found: dict[int, set[str]] = {}
    pairs = _copies_waiting(actor)
    query = select(pairs.c.lead_id, Complaint.work_text).join(Complaint, Complaint.id == pairs.c.complaint_id)
    for lead, text in session.execute(query):
        found.setdefault(lead, set()).add(text)
    return found


def _hits_in_any(texts: Iterable[str], keywords: Sequence[str]) -> list[str]:
    """The keywords that stand in one of the texts at least."""
    found = {word for text in texts for word in hits(text, keywords)}
    return [word for word in keywords if word in found]
