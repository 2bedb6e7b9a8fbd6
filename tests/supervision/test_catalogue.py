"""What does not load, and the steps of docs/how-to/add-a-model.md walked on a new model."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from registers.catalogue import load_catalogue
from supervision.cases import failures
from supervision.catalogue import MODELS_FOLDER, Clause, ModelError, load_model
from supervision.pages import model_page

SHIPPED = MODELS_FOLDER / "assistance" / "assistance_paid_after_death.yaml"
NEW = """
id: assistance_many_on_one_account
version: 1
name: 多人救助金打进同一账户
field: assistance
subject: village
what: 多名享受对象的救助金打进同一个银行账户。
why: 可能有人代管代领后截留。
legal_basis: [{title: 社会救助法, article: 第七十一条, in_force_from: 2026-07-01}, {title: 社会救助暂行办法, article: 第六十七条, in_force_from: 2014-05-01, in_force_to: 2026-06-30}]
innocent_reasons: [同一家庭共用一张卡, 监护人代管]
guide: {check: [到银行查该账户的开户人, 入户问每一名享受对象钱有没有到手], evidence: [开户资料], clears_if: [属同一家庭]}
registers: {subsidy_payment: [person_key, village_code, pay_date, amount_fen, account_key]}
parameters: {many: {value: 3, unit: person, min: 2, max: 20, source: 业务口径}}
population: SELECT DISTINCT p.village_code AS subject_id, p.village_code FROM subsidy_payment AS p
evidence: |
  SELECT p.village_code AS subject_id, p.village_code, p.pay_date AS occurred_on, p.amount_fen, p.row_id, p.person_key
  FROM subsidy_payment AS p
  WHERE (SELECT count(DISTINCT q.person_key) FROM subsidy_payment AS q
         WHERE q.account_key = p.account_key AND q.village_code = p.village_code) >= :many
finding: {people: count(DISTINCT person_key), amount_fen: sum(amount_fen)}
levels: {yellow: "people >= :many"}
reason: 有 {people} 人的救助金打进多人共用的账户，共 {amount} 元
cases:
  - name: 三人共用为黄色
    kind: hit
    given: &three
      subsidy_payment:
        - &paid {person_key: A, village_code: V1, pay_date: 2025-06-01, amount_fen: 60000, account_key: K}
        - {<<: *paid, person_key: B}
        - {<<: *paid, person_key: C}
    expect: {V1: {verdict: hit, level: yellow}}
  - name: 三人是疑点，两人不是
    kind: boundary
    given:
      subsidy_payment:
        - {<<: *paid}
        - {<<: *paid, person_key: B}
        - {<<: *paid, person_key: C}
        - {<<: *paid, village_code: V2}
        - {<<: *paid, village_code: V2, person_key: B}
    expect: {V1: {verdict: hit, level: yellow}, V2: {verdict: clear}}
  - name: 各用各的账户
    kind: clear
    given: {subsidy_payment: [{<<: *paid}, {<<: *paid, person_key: B, account_key: L}, {<<: *paid, person_key: C, account_key: M}]}
    expect: {V1: {verdict: clear}}
  - name: 同一人领三次不是三个人
    kind: exclusion
    given: {subsidy_payment: [{<<: *paid}, {<<: *paid}, {<<: *paid}]}
    expect: {V1: {verdict: clear}}
  - name: 没有填银行账号
    kind: not_computable
    given: {subsidy_payment: [{<<: *paid, account_key: null}]}
    expect: {V1: {verdict: not_computable}}
"""


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / str(content["field"]) / f"{content['id']}.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def test_the_steps_of_the_how_to(tmp_path: Path) -> None:
    path = written(tmp_path, yaml.safe_load(NEW))
    model = load_model(path)
    assert failures(model) == []
    page = model_page(model, load_catalogue())
    assert "第七十一条" in page
    assert "三人共用为黄色" in page


def test_a_case_that_does_not_hold_is_told(tmp_path: Path) -> None:
    content = yaml.safe_load(NEW)
    content["parameters"]["many"]["value"] = 4
    lines = failures(load_model(written(tmp_path, content)))
    assert len(lines) == 2
    assert "三人共用为黄色" in lines[0]


def test_a_case_with_a_misspelt_column_is_told(tmp_path: Path) -> None:
    content = yaml.safe_load(NEW)
    content["cases"][0]["given"]["subsidy_payment"][0]["acount_key"] = "K"
    assert "acount_key" in failures(load_model(written(tmp_path, content)))[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"legal_basis": []}, "legal_basis is empty; cite the clause or mark to_be_confirmed"),
        ({"legal_basis": [{"title": "某法"}]}, "give the article, or mark to_be_confirmed"),
        ({"innocent_reasons": ["一个"]}, "innocent_reasons"),
        (
            {
                "parameters": {
                    "grace_days": {"value": 999, "unit": "day", "min": 0, "max": 180, "source": "x"}
                }
            },
            "outside its bounds",
        ),
        ({"reason": "发放 {nobody_knows} 笔"}, "nobody_knows"),
        ({"levels": {"yellow": "payments >= 1", "red": "payments >= 3"}}, "most serious first"),
        ({"evidence": "SELECT * FROM subsidy_payment"}, "name the columns"),
        ({"evidence": "SELECT p.person_key AS subject_id FROM subsidy_payment AS p"}, "select village_code"),
        (
            {"population": "SELECT o.person_key AS subject_id, o.village_code FROM official AS o"},
            "'official' is not declared",
        ),
        ({"registers": {"no_such_register": ["x"]}, "partition": None}, "no_such_register"),
        ({"registers": {"subsidy_payment": ["no_such_column"]}, "partition": None}, "no_such_column"),
        ({"levels": {"red": "payments >= :unknown"}}, ":unknown is not declared"),
        ({"cases": []}, "cases: write one of kind boundary"),
        (
            {
                "evidence": "WITH death AS (SELECT d.person_key FROM death AS d) SELECT d.person_key FROM death AS d"
            },
            "hides a relation of that name",
        ),
        ({"surprise": 1}, "surprise"),
        ({"id": "another_name"}, "name id, field and file alike"),
    ],
)
def test_what_cannot_be_checked_does_not_load(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    registers = content["registers"] | change.get("registers", {})
    content |= change | {"registers": registers}
    path = tmp_path / "assistance" / SHIPPED.name
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(ModelError) as error:
        load_model(path)
    assert SHIPPED.stem in str(error.value)
    assert said in str(error.value)


def test_the_content_hash_follows_what_decides_and_nothing_else(tmp_path: Path) -> None:
    content = yaml.safe_load(NEW)
    before = load_model(written(tmp_path / "a", content)).content_hash
    assert load_model(written(tmp_path / "b", content | {"why": "另一种说法"})).content_hash == before
    changed = content | {"levels": {"yellow": "people > :many"}}
    assert load_model(written(tmp_path / "c", changed)).content_hash != before


def test_a_clause_is_in_force_on_its_days_only() -> None:
    old = Clause(title="旧", article="一", in_force_from=date(2014, 5, 1), in_force_to=date(2026, 6, 30))
    assert old.in_force(date(2026, 6, 30), date(2026, 7, 5))
    assert not old.in_force(date(2026, 7, 1), date(2026, 7, 5))
    assert not old.in_force(date(2014, 4, 1), date(2014, 4, 30))
