"""Keywords that an office's clerks keep: a message that holds one is read by a person, whatever the model says.

A keyword confirms nothing. Its effect on the last messages is shown before it is saved; every list that was ever in
force stays readable, and taking one up again is a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, require
from casework.errors import BadInput, NotVisible
from casework.fields import FIELDS
from casework.inbox_models import KeywordHit, LexiconVersion
from casework.models import Complaint
from casework.roles import Actor
from casework.scope import visible_complaints
from casework.states import ComplaintState
from ml.triage.copies import compact

LAST_MESSAGES: Final = 500
MOST_WORDS: Final = 500
SHORTEST_WORD, LONGEST_WORD = 2, 20
_FIELD_OF_NAME: Final = {name: field for field, name in FIELDS.items()}


@dataclass(frozen=True)
class Keyword:
    """A word to look for, and the field that it speaks for, if any."""

    word: str
    field: str | None = None


@dataclass(frozen=True)
class Effect:
    """What a list would do to the last messages. raised, dropped: (message, the words) that only it, or only the
    list in force, would put before a person; counts: messages by word, words that hit nothing included."""

    messages: int
    raised: Sequence[tuple[Complaint, list[str]]]
    dropped: Sequence[tuple[Complaint, list[str]]]
    counts: Mapping[str, int]


def parse_keywords(text: str) -> list[Keyword]:
    """One keyword a line, with the Chinese name of a field behind it if it speaks for one. Raises `BadInput`."""
    found: dict[str, Keyword] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts:
            continue
        word = compact(parts[0])
        if not SHORTEST_WORD <= len(word) <= LONGEST_WORD:
            raise BadInput("words", f"第 {number} 行：关键词应为 {SHORTEST_WORD} 至 {LONGEST_WORD} 个字")
        if len(parts) > 2 or (len(parts) == 2 and parts[1] not in _FIELD_OF_NAME):
            raise BadInput("words", f"第 {number} 行：领域应为 {'、'.join(_FIELD_OF_NAME)}")
        found[word] = Keyword(word, _FIELD_OF_NAME[parts[1]] if len(parts) == 2 else None)
    if len(found) > MOST_WORDS:
        raise BadInput("words", f"关键词至多 {MOST_WORDS} 个")
    return list(found.values())


def as_text(keywords: Iterable[Keyword]) -> str:
    """The list as `parse_keywords` reads it."""
    return "\n".join(
        f"{keyword.word} {FIELDS[keyword.field]}" if keyword.field else keyword.word for keyword in keywords
    )


def in_force(session: Session, division: str) -> list[Keyword]:
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


def effect(session: Session, actor: Actor, keywords: Sequence[Keyword]) -> Effect:
    """What a list would change on the last messages that this person may see."""
    require(actor, Permission.REVIEW_COMPLAINT)
    now = in_force(session, actor.division)
    messages = session.scalars(
        select(Complaint)
        .where(visible_complaints(actor), Complaint.division == actor.division)
        .order_by(Complaint.id.desc())
        .limit(LAST_MESSAGES)
    ).all()
    raised, dropped = [], []
    counts = {keyword.word: 0 for keyword in keywords}
    for message in messages:
        before, after = hits(message.work_text, now), hits(message.work_text, keywords)
        for word in after:
            counts[word] += 1
        if after and not before:
            raised.append((message, after))
        if before and not after:
            dropped.append((message, before))
    return Effect(len(messages), raised, dropped, counts)


def save(
    session: Session,
    actor: Actor,
    keywords: Sequence[Keyword],
    *,
    note: str,
    at: datetime,
    restores: int | None = None,
) -> LexiconVersion:
    """Put a list into force, and look again through the messages of the office that wait for review."""
    require(actor, Permission.REVIEW_COMPLAINT)
    if actor.id is None or not note.strip():
        raise BadInput("note", "请写明改动的理由")
    version = LexiconVersion(
        division=actor.division,
        entries=[{"word": keyword.word, "field": keyword.field} for keyword in keywords],
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
    waiting = session.execute(
        select(Complaint.id, Complaint.work_text).where(
            Complaint.division == actor.division, Complaint.state == ComplaintState.TRIAGED
        )
    ).all()
    ids = select(Complaint.id).where(
        Complaint.division == actor.division, Complaint.state == ComplaintState.TRIAGED
    )
    gone = delete(KeywordHit).where(KeywordHit.complaint_id.in_(ids))
    session.execute(gone.execution_options(synchronize_session=False))
    note_hits(session, [(complaint_id, hits(text, keywords)) for complaint_id, text in waiting])
    return version


def restore(session: Session, actor: Actor, version_id: int, *, at: datetime) -> LexiconVersion:
    """Take an earlier list of the office up again, as a new version: the undo of whatever came after it."""
    version = session.get(LexiconVersion, version_id)
    if version is None or version.division != actor.division:
        raise NotVisible
    return save(
        session, actor, _keywords(version), note=f"恢复第 {version.id} 版", at=at, restores=version.id
    )


def hits(text: str, keywords: Sequence[Keyword]) -> list[str]:
    """The keywords in a text, whatever its punctuation, width and script."""
    if not keywords:
        return []
    read = compact(text)
    return [keyword.word for keyword in keywords if keyword.word in read]


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


def _keywords(version: LexiconVersion) -> list[Keyword]:
    return [Keyword(entry["word"], entry["field"]) for entry in version.entries]
