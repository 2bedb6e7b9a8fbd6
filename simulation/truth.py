"""What was planted, as one line of `truth.csv` each; and the short brief of a village that outlives it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Final

from registers.catalogue import load_catalogue
from registers.values import BadValue, parse_credit_code, parse_id_number
from simulation.village import Post, Truth, Village

TRUTH_COLUMNS: Final = (
    "village_code", "officials", "scheme", "kind", "from", "to", "amount_fen", "conspicuous", "detail",
    "field",
)  # fmt: skip
POST_NAMES: Final = {
    "secretary": "书记",
    "director": "主任",
    "deputy": "副书记",
    "accountant": "会计",
    "cashier": "出纳",
    "member": "委员",
    "supervisor": "监委会主任",
    "group_leader": "组长",
    "town_staff": "驻村干部",
}


@dataclass(frozen=True, slots=True)
class Story:
    """A truth without its rows."""

    scheme: str
    kind: str
    first_on: date
    last_on: date
    amount_fen: int
    officials: tuple[str, ...]  # ID numbers
    actor: str  # such as 王书记: how villagers call the official
    conspicuous: float
    suppliers: tuple[str, ...] = ()  # credit codes of those concerned with whom the village dealt


@dataclass(frozen=True, slots=True)
class Brief:
    """What later steps need to know of a village: names, officials' ID numbers, stories, suppliers' credit codes."""

    code: str
    name: str
    town_name: str
    officials: tuple[str, ...]
    call_names: tuple[str, ...]  # of officials, such as 李主任
    stories: tuple[Story, ...]
    sloppiness: float
    suppliers: tuple[str, ...] = ()  # whom the village paid, commissioned or bought from, and who bid here


def truth_line(village: Village, truth: Truth) -> list[str]:
    """The cells of `truth.csv`; several officials are separated by `;`, `detail` is JSON with register keys.

    `field` is that of the scheme among the 14 fields of supervision, empty for a coincidence.
    """
    detail = {
        "subjects": list(truth.subjects),
        "records": [[register, record_key(register, row)] for register, row in truth.register_rows],
    }
    return [
        village.code,
        ";".join(official.id_number for official in truth.officials),
        truth.scheme,
        truth.kind,
        truth.first_on.isoformat(),
        truth.last_on.isoformat(),
        str(truth.amount_fen),
        f"{truth.conspicuous:.3f}",
        json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
        truth.field,
    ]


def record_key(register: str, row: object) -> list[str]:
    """The part of the register's key that its department writes, as texts in the order of the catalogue."""
    about = load_catalogue()[register]
    return [str(getattr(row, name)) for name in about.key if about[name].derived_from is None]


def brief(village: Village) -> Brief:
    suppliers = _suppliers(village)
    return Brief(
        code=village.code,
        name=village.plan.name,
        town_name=village.plan.town_name,
        officials=tuple(dict.fromkeys(post.resident.id_number for post in village.posts)),
        call_names=tuple(dict.fromkeys(_call_name(post) for post in village.posts)),
        stories=tuple(_story(village, truth, suppliers) for truth in village.truth),
        sloppiness=village.sloppiness,
        suppliers=tuple(sorted(suppliers)),
    )


def _suppliers(village: Village) -> set[str]:
    """Credit codes of the units that the village dealt with; a person is no supplier."""
    rows = village.rows
    parties = {
        *(entry.counterparty_id for entry in rows.ledger_entry if entry.flow == "expense"),
        *(project.contractor_id for project in rows.project),
        *(bought.supplier_id for bought in rows.procurement),
        *(bid.bidder_id for bid in rows.bid),
    }
    return {party for party in parties if party and _is_unit(party)}


def _is_unit(party: str) -> bool:
    """Whether it is a credit code; an ID number that could pass for one is a person's, as in the registers."""
    for parse, unit in ((parse_id_number, False), (parse_credit_code, True)):
        try:
            parse(party)
        except BadValue:
            continue
        return unit
    return False


def _call_name(post: Post) -> str:
    return post.resident.name[0] + POST_NAMES[post.post]


def _story(village: Village, truth: Truth, suppliers: set[str]) -> Story:
    calls = [_call_name(post) for post in village.posts if post.resident in truth.officials]
    return Story(
        scheme=truth.scheme,
        kind=truth.kind,
        first_on=truth.first_on,
        last_on=truth.last_on,
        amount_fen=truth.amount_fen,
        officials=tuple(official.id_number for official in truth.officials),
        actor=calls[0] if calls else "村干部",
        conspicuous=truth.conspicuous,
        suppliers=tuple(subject for subject in truth.subjects if subject in suppliers),
    )
