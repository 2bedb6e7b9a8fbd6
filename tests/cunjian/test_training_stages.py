"""Training of every entity on one home: what cannot be trained is left out with its reason, and stops nothing."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest

from cunjian import report
from cunjian.training_stages import _train_each, planted_truth
from features.compute import NothingToDescribe
from features.dictionary import ENTITIES
from registers.pseudonyms import Pseudonyms, load_key
from registers.values import credit_code_check, id_check_digit
from simulation.truth import TRUTH_COLUMNS
from training.train import NothingToLearnFrom

_UNIT, _ANOTHER, _NUMBER = "91330100MA2B00001", "91330100MA2B00002", "11010119900307003"
COMPANY, BYSTANDER = _UNIT + credit_code_check(_UNIT), _ANOTHER + credit_code_check(_ANOTHER)
PERSON = _NUMBER + id_check_digit(_NUMBER)


def test_an_entity_of_which_there_is_nothing_is_left_out_and_told(capsys):
    def train(entity):
        if entity == "supplier":
            raise NothingToDescribe("没有供应商可以打分，请先导入村级账目之一")
        return SimpleNamespace(entity=entity)

    done = _train_each(ENTITIES, train)
    assert [one.entity for one in done.trained] == ["village", "official"]
    report.left_out(done.left_out)
    told = capsys.readouterr()
    assert told.out == ""
    assert "供应商没有训练：没有供应商可以打分" in told.err.replace("\n", "")


def test_nothing_at_all_is_an_error():
    def train(entity):
        raise NothingToLearnFrom(f"只有 1 个{entity}")

    with pytest.raises(NothingToLearnFrom, match="只有 1 个village；只有 1 个official"):
        _train_each(ENTITIES, train)


def test_planted_truth_tells_suppliers_from_people(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    row = dict.fromkeys(TRUTH_COLUMNS, "") | {"village_code": "990101101201", "officials": PERSON}
    detail = f'{{"subjects":["{COMPANY}","{PERSON}","990101101201"],"records":[]}}'
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, TRUTH_COLUMNS)
        writer.writeheader()
        writer.writerow(row | {"kind": "scheme", "detail": detail})
        writer.writerow(row | {"kind": "innocent", "detail": detail.replace(COMPANY, BYSTANDER)})
    truth = planted_truth(path, home=tmp_path)
    person = Pseudonyms(load_key(tmp_path, "pseudonym")).person(PERSON)
    assert truth == {"village": {"990101101201"}, "official": {person}, "supplier": {COMPANY}}
