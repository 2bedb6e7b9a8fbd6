"""Cardinal's golden cases, imported as open contracting data and answered by our models.

What Cardinal flags per contracting process, tenderer, buyer and procuring entity, with its values; where ours says it
otherwise, docs/decisions/0007-cardinal-differences.md says why, and the test says so too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cunjian.imports import Refused, import_path
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.lake import Lake
from registers.pseudonyms import Pseudonyms, load_key
from registers.query import bind, parse_query
from supervision.catalogue import MODELS_FOLDER, Model
from supervision.runner import run_models

GOLDEN = Path(__file__).parents[1] / "golden" / "cardinal"
DAY = date(2026, 11, 1)
FILLED = {  # what the fixtures leave out and a register requires
    "village_code": "990101101201",
    "buyer_id": "buyer",
    "published_on": "2000-01-01",
    "submitted_on": "2000-01-05",
    "awarded_on": "2000-02-01",
}
IN_CHINESE = {"NPC": "固定价", "EXC": "应急工程", "x": "竞争性谈判", "y": "竞争性磋商"}
"""The procurement method details of the fixtures, as our models know the same thing."""

Values = dict[str, float]


@dataclass(frozen=True)
class Golden:
    """A fixture: our model, the settings that its name or Cardinal's own test gives, and what is filled in."""

    stem: str
    model: str
    code: str
    group: str = "OCID"
    parameters: Mapping[str, float] = field(default_factory=dict)
    leave: tuple[str, ...] = ()  # filled columns that the fixture itself holds
    fill: Mapping[str, str] = field(default_factory=dict)
    value: Callable[[Mapping[str, Any]], float] = lambda _: 1.0

    def expected(self) -> Values:
        content = json.loads((GOLDEN / f"{self.stem}.expected").read_text(encoding="utf-8"))
        return {name: flags[self.code] for name, flags in content[self.group].items()}


NOTICE = {"open_days": 15, "other_days": 15}
QUARTILES = {"min_peers": 5}
CASES = [
    Golden(
        "R003-threshold-10", "tender_short_notice", "R003",
        parameters={"open_days": 10, "other_days": 10}, leave=("published_on",),
    ),
    Golden(
        "R003-procurement_method_details-x-5-y-10", "tender_short_notice", "R003",
        parameters=NOTICE | {"talks_days": 5, "consult_days": 10}, leave=("published_on",),
    ),
    Golden("R018", "tender_single_bidder", "R018"),
    Golden(
        "R024", "winning_price_close", "R024", parameters=QUARTILES | {"min_amount_fen": 1, "near_permille": 0},
        value=lambda m: m["permille"] / 1000,
    ),
    Golden(
        "R025", "bidder_seldom_wins", "R025", "Tenderer", parameters=QUARTILES | {"min_bids": 1, "never_bids": 100},
        value=lambda m: m["wins"] / m["bids"],
    ),
    Golden("R028", "bid_prices_identical", "R028"),
    Golden("R030", "late_bid_won", "R030", leave=("submitted_on",)),
    Golden(
        "R035", "all_but_winner_disqualified", "R035", parameters={"min_disqualified": 1},
        value=lambda m: m["disqualified"],
    ),
    Golden("R036", "lowest_bid_disqualified", "R036", fill={"bidder_id": "bidder"}),
    Golden(
        "R038", "organiser_rejects_many_bids", "R038", "Buyer", leave=("buyer_id",),
        parameters=QUARTILES | {"min_bids": 1, "min_tenders": 1}, value=lambda m: m["percent"] / 100,
    ),
    Golden(
        "R038", "organiser_rejects_many_bids", "R038", "ProcuringEntity", leave=("buyer_id",),
        parameters=QUARTILES | {"min_bids": 1, "min_tenders": 1}, value=lambda m: m["percent"] / 100,
    ),
    Golden(
        "R038-tenderer", "bidder_often_rejected", "R038", "Tenderer",
        parameters=QUARTILES | {"min_bids": 1, "min_rejected": 1}, value=lambda m: m["percent"] / 100,
    ),
    Golden(
        "R048-minimum_contracting_processes-1", "supplier_of_everything", "R048", "Tenderer",
        parameters=QUARTILES | {"min_tenders": 1, "min_classes": 2}, value=lambda m: m["classes"],
    ),
    Golden(
        "R058", "winning_bid_far_below", "R058", parameters=QUARTILES | {"min_amount_fen": 1},
        value=lambda m: m["percent"] / 100,
    ),
]  # fmt: skip
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.stem} {case.group}")


def in_chinese(text: str) -> str:
    for theirs, ours in IN_CHINESE.items():
        old, new = (
            json.dumps({"procurementMethodDetails": word}, ensure_ascii=False)[1:-1]
            for word in (theirs, ours)
        )
        text = text.replace(old.replace(": ", ":"), new)
    return text


def imported(case: Golden, home: Path, folder: Path) -> Lake:
    """The fixture in a home of its own, by way of `cunjian import`."""
    path = folder / f"{case.stem}.jsonl"
    text = in_chinese((GOLDEN / path.name).read_text(encoding="utf-8"))
    bids = [{"status": "valid", "tenderers": [{"id": name}]} for name in ("one", "two")]
    unrelated = {"ocid": "unrelated", "bids": {"details": bids}, "tender": {"procurementMethod": "open"}}
    files = [(path, text)]
    if '"bids"' not in text and '"awards"' not in text:  # a county without any bid could not be computed
        files.append((folder / "unrelated.jsonl", json.dumps(unrelated)))
    for file, content in files:
        file.write_text(content, encoding="utf-8")
        left = case.leave if file == path else ()
        constants = {name: text for name, text in {**FILLED, **case.fill}.items() if name not in left}
        for result in import_path(
            file, home=home, catalogue=load_catalogue(), delivered_on=DAY, constants=constants
        ):
            assert not isinstance(result, Refused), result
    return Lake(home)


def with_parameters(case: Golden) -> Model:
    content = yaml.safe_load((MODELS_FOLDER / "tender" / f"{case.model}.yaml").read_text(encoding="utf-8"))
    for name, value in case.parameters.items():
        content["parameters"][name]["value"] = value
    return Model.model_validate(content)


def flagged(case: Golden, home: Path, folder: Path) -> Values:
    """Subjects found, with Cardinal's value of the indicator."""
    with DuckDBEngine(imported(case, home, folder), as_of=DAY) as engine:
        found = run_models(engine, [with_parameters(case)]).findings.to_pylist()
    return {str(row["subject_id"]): case.value(json.loads(row["measures"])) for row in found}


def named(case: Golden, home: Path, expected: Values) -> Values:
    """Cardinal's ids as our lake knows them: contracting processes as they are, parties by their surrogates."""
    if case.group == "OCID":
        return expected
    keys = Pseudonyms(load_key(home, "pseudonym"))
    return {keys.party(name): value for name, value in expected.items()}


@each_case
def test_flags_what_cardinal_flags(case: Golden, tmp_path: Path) -> None:
    found = flagged(case, tmp_path / "home", tmp_path)
    expected = named(case, tmp_path / "home", case.expected())
    if case.stem == "R038":  # one finding list for both roles, two lists in Cardinal
        found = {name: value for name, value in found.items() if name in expected}
    assert found == pytest.approx(expected)


def test_organisers_are_the_buyer_and_the_procuring_entity_and_nobody_else(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.stem == "R038")
    keys = {Pseudonyms(load_key(tmp_path / "home", "pseudonym")).party(name) for name in ("B", "P")}
    assert flagged(case, tmp_path / "home", tmp_path).keys() == keys


@pytest.mark.parametrize(
    ("stem", "more", "less"),
    [("R003", set(), {"direct"}), ("R003-procurement_methods-open+selective", {"limited", "missing"}, set())],
)
def test_difference_short_notice_looks_at_all_but_direct_awards(
    stem: str, more: set[str], less: set[str], tmp_path: Path
) -> None:
    """A direct award invites nobody, so it has no notice to be short; the other methods are no setting of ours."""
    case = Golden(stem, "tender_short_notice", "R003", parameters=NOTICE, leave=("published_on",))
    found = flagged(case, tmp_path / "home", tmp_path)
    assert found.keys() == (case.expected().keys() | more) - less


@pytest.mark.parametrize(
    ("stem", "more", "less"),
    [("R024", set(), set()), ("R028", set(), set()), ("R030", set(), set()), ("R058", {"L"}, set()), ("R035", {"D", "E"}, {"V"})],
)  # fmt: skip
def test_parties_stand_in_the_evidence(stem: str, more: set[str], less: set[str], tmp_path: Path) -> None:
    """Cardinal flags parties of flagged processes too; ours shows their bids as proof. R058: also the bid compared
    with; R035: the bids that were rejected instead of the winner's."""
    case = next(case for case in CASES if case.stem == stem)
    content = json.loads((GOLDEN / f"{stem}.expected").read_text(encoding="utf-8"))
    keys = Pseudonyms(load_key(tmp_path / "home", "pseudonym"))
    with DuckDBEngine(imported(case, tmp_path / "home", tmp_path), as_of=DAY) as engine:
        proof = run_models(engine, [with_parameters(case)]).evidence["row_id"].to_pylist()
        asked = parse_query("SELECT b.row_id, b.bidder_id FROM bid AS b", source="test", relations=["bid"])
        bidders = {row["row_id"]: row["bidder_id"] for row in engine.query(bind(asked, {})).to_pylist()}
    shown = {bidders[row] for row in proof}
    assert shown == {keys.party(name) for name in (content["Tenderer"].keys() | more) - less}
