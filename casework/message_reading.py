"""What a message says and what of it the registers know, for whoever may see the message: proposals to confirm.

Nothing of it is stored: it is read again from the text that the reader may see whenever the page is opened, so that it cannot outlive the
access to the message. Names of officials are opened only for those who may (`Permission.REVEAL_IDENTITY`), with an audit
row; for others posts are linked without comparing names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.access import RiskFacts, managing_level
from casework.complaints import locked_complaint
from casework.errors import BadInput
from casework.events import move
from casework.group_index import share
from casework.identity import Vault, masked, revealed
from casework.linking import Entries, Link, Programme, Project, Target, Term, Tier, link, villages_of
from casework.locating import place_given
from casework.models import Complaint, Place
from casework.redaction import shown_text
from casework.roles import Actor, covers
from casework.scope import within
from casework.states import ComplaintAction
from casework.working_days import local_date
from ml.extraction.folding import fold
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.reading import Reading, read
from ml.extraction.spans import Kind
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.lake import Lake
from registers.query import Value, bind, parse_query

_WHAT: Final = {Target.OFFICIAL: "干部", Target.PROGRAMME: "补贴项目", Target.PROJECT: "工程项目"}
_TERMS: Final = """
SELECT o.person_key, o.village_code, o.post, o.term_start, o.term_end, o.managing_authority
FROM official AS o
WHERE o.village_code = :village
"""
_PROJECTS: Final = """
SELECT p.project_id, p.village_code, p.name, p.kind, p.approved_on, p.completed_on
FROM project AS p
WHERE p.village_code = :village
"""
_PROGRAMMES: Final = """
SELECT s.programme_id, s.name, s.category, s.valid_from, s.valid_to
FROM subsidy_programme AS s
"""


@dataclass(frozen=True)
class Proposal:
    """A link as a person reads it.

    Attributes:
        what: kind of the entry, in Chinese.
        label: the entry; an official by post and term, and by name only for those who may see it.
        stretch: the words of the message.
        tier, why, accused: as `casework.linking.Link` has them.
    """

    what: str
    label: str
    stretch: str
    tier: Tier
    why: str
    accused: bool


@dataclass(frozen=True)
class Understood:
    """A message as read and linked.

    Attributes:
        text: what this person may read (`redaction.shown_text`), in which the spans of the reading count.
        reading: what it says.
        villages: codes that it is about.
        proposals: links of tiers A and B.
        hints: links of tier C: to be looked at by hand, never a finding.
    """

    text: str
    reading: Reading
    villages: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    hints: tuple[Proposal, ...]


def understand(
    session: Session, actor: Actor, complaint: Complaint, *, home: Path, vault: Vault, at: datetime
) -> Understood:
    """Read and link one message that the actor may see (`complaints.visible_complaint` decides that first)."""
    received_on = local_date(complaint.received_at)
    text = shown_text(actor, complaint)
    gazetteer = Gazetteer.of(_names_below(session, complaint.division))
    with DuckDBEngine(Lake(home), as_of=received_on, threads=1) as engine:
        programmes = register_programmes(engine)
        reading = read(
            text,
            as_of=received_on,
            gazetteer=gazetteer,
            office=complaint.division,
            programme_names={fold(programme.name): programme.category for programme in programmes},
        )
        villages = villages_of(reading, about=complaint.about)
        entries, levels = register_entries(engine, villages, programmes)
    named = any(span != reading.sender for span in reading.of(Kind.PERSON))
    officials = [
        (term.person_key, RiskFacts(village_code=term.village_code, managing_level=levels[term.person_key]))
        for term in sorted(entries.terms, key=lambda term: term.person_key)
    ]
    names = revealed(session, actor, officials, vault=vault, at=at) if named else {}
    found = link(text, reading, entries, villages=villages, as_of=received_on, names=names)
    labels = _labels(entries, names)
    proposals = [_proposal(text, proposed, labels) for proposed in found]
    return Understood(
        text,
        reading,
        villages,
        tuple(proposal for proposal in proposals if proposal.tier != Tier.C),
        tuple(proposal for proposal in proposals if proposal.tier == Tier.C),
    )


def confirm_place(
    session: Session, actor: Actor, complaint_id: int, *, about: str, at: datetime
) -> Complaint:
    """The clerk confirms or corrects which division a message is about: it decides who may handle and see it.

    about: code, or a name as `locating.place_given` takes it. Raises `BadInput` for what is no known division that
    the receiving office stands above.
    """
    complaint = locked_complaint(session, actor, complaint_id)
    about = place_given(about, _names_below(session, complaint.division))
    known = session.get(Place, about) is not None
    if not known or about == complaint.division or not covers(complaint.division, about):
        raise BadInput("about", "所涉地点应为受理单位辖区内的下级区划")
    move(session, complaint, ComplaintAction.LOCATE, actor=actor, at=at, fields={"about": about})
    complaint.about = about
    share(session, complaint.id, office=complaint.office, about=about)
    return complaint


def _proposal(text: str, proposed: Link, labels: dict[tuple[Target, str], str]) -> Proposal:
    return Proposal(
        _WHAT[proposed.target],
        labels[proposed.target, proposed.entry],
        text[proposed.span.start : proposed.span.end],
        proposed.tier,
        proposed.why,
        proposed.accused,
    )


def _labels(entries: Entries, names: dict[str, str]) -> dict[tuple[Target, str], str]:
    posts = load_catalogue()["official"]["post"].values
    labels = {(Target.PROGRAMME, p.programme_id): p.name for p in entries.programmes}
    labels |= {(Target.PROJECT, p.project_id): p.name for p in entries.projects}
    for term in sorted(entries.terms, key=lambda term: term.first):
        called = names.get(term.person_key, masked(term.person_key))
        until = f"至 {term.last}" if term.last else "至今"
        labels[Target.OFFICIAL, term.person_key] = (
            f"{called}，{posts.get(term.post, [term.post])[0]}（{term.first} {until}）"
        )
    return labels


def register_programmes(engine: DuckDBEngine) -> list[Programme]:
    """The programmes of the register as the engine knows it; none where it was never delivered."""
    return [
        Programme(r["programme_id"], r["name"], r["category"], r["valid_from"], r["valid_to"])
        for r in _rows(engine, _PROGRAMMES, "subsidy_programme")
    ]


def register_entries(
    engine: DuckDBEngine, villages: Sequence[str], programmes: Sequence[Programme]
) -> tuple[Entries, dict[str, int]]:
    """Officials and projects of the villages beside the programmes; managing levels.

    A register that was never delivered gives no rows.
    """
    terms = [row for village in villages for row in _rows(engine, _TERMS, "official", village=village)]
    projects = [row for village in villages for row in _rows(engine, _PROJECTS, "project", village=village)]
    levels: dict[str, int] = {}
    for row in terms:  # who ever was managed from higher up stays closed to lower offices
        level = managing_level(row["managing_authority"])
        levels[row["person_key"]] = min(level, levels.get(row["person_key"], level))
    return Entries(
        [Term(r["person_key"], r["village_code"], r["post"], r["term_start"], r["term_end"]) for r in terms],
        programmes,
        [
            Project(
                r["project_id"], r["village_code"], r["name"], r["kind"], r["approved_on"], r["completed_on"]
            )
            for r in projects
        ],
    ), levels


def _rows(engine: DuckDBEngine, text: str, register: str, **parameters: Value) -> list[dict[str, Any]]:
    if register not in engine.registers:
        return []
    query = parse_query(
        text, source=f"message_reading {register}", relations=[register], parameters=list(parameters)
    )
    rows: list[dict[str, Any]] = engine.query(bind(query, parameters)).to_pylist()
    return rows


def _names_below(session: Session, division: str) -> dict[str, str]:
    query = select(Place.code, Place.name).where(within(Place.code, division))
    return dict(session.execute(query).all())
