"""A feature file that is wrong does not load, and the message says what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from features.dictionary import (
    SETS_FOLDER,
    FeatureError,
    definition_hash,
    load_entity,
    load_group,
    load_groups,
)
from features.pages import feature_page

GOOD = """\
id: sample
entity: village
name: 样例
needs:
  ledger_entry: [village_code, amount_fen]
parameters:
  limit_fen: {value: 5, unit: fen, min: 1, max: 9, source: 样例}
sql: |
  SELECT e.village_code AS entity_id,
         CAST(COUNT(*) AS DOUBLE) AS payments,
         CAST(COUNT(CASE WHEN e.amount_fen > :limit_fen THEN 1 END) AS DOUBLE) / NULLIF(COUNT(*), 0) AS large_share
  FROM ledger_entry AS e
  GROUP BY e.village_code
features:
  - name: large_share
    label: 大额占比
    unit: share
    direction: up
    meaning: 大额支出的笔数占比
    shrink: {count: payments, weight: 5}
"""


def _write(folder: Path, text: str, name: str = "sample") -> Path:
    path = folder / "village" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_loads(tmp_path):
    feature = load_group(_write(tmp_path, GOOD)).features[0]
    assert (feature.name, feature.group) == ("large_share", "sample")
    assert feature.needs == {"ledger_entry": ("village_code", "amount_fen")}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("direction: up", "direction: higher", "direction"),
        ("label: 大额占比", "label: ''", "label"),
        ("unit: share", "unit: apples", "unit 'apples' is not one of"),
        ("value: 5, unit: fen", "value: 50, unit: fen", "outside its bounds 1 to 9"),
        ("amount_fen]", "amount_fen, colour]", "ledger_entry.colour"),
        ("[village_code, amount_fen]", "[village_code]", "declare ledger_entry: amount_fen under needs"),
        ("ledger_entry: [", "leger: [", "leger"),
        (":limit_fen THEN", ":limit THEN", "parameter :limit is not declared"),
        ("FROM ledger_entry AS e", "FROM payroll AS e", "'payroll' is not declared"),
        ("NULLIF(COUNT(*), 0)", "COUNT(*)", "NULLIF"),
        ("COUNT(*) AS DOUBLE) AS payments", "RANDOM() AS DOUBLE) AS payments", "not in the subset"),
        ("AS large_share", "AS big_share", "big_share"),
        ("count: payments", "count: entries", "entries"),
        ("weight: 5", "weight: 0", "weight"),
        ("id: sample", "id: other", "name entity, id and file alike"),
        ("entity: village", "entity: official", "name entity, id and file alike"),
        ("features:\n", "features: []\nrest:\n", "features"),
        ("sql: |", "query: |", "query.sql"),
        (GOOD, "- id: sample", "write one mapping"),
        ("needs:", "needs: [", "sample.yaml"),
    ],
)
def test_a_bad_file_is_refused_with_its_mend(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(FeatureError, match=r"sample\.yaml") as caught:
        load_group(_write(tmp_path, GOOD.replace(old, new, 1)))
    assert message in str(caught.value)


def test_the_message_names_the_line_of_the_file(tmp_path):
    bad = GOOD.replace("NULLIF(COUNT(*), 0)", "COUNT(*)")
    line = next(i for i, text in enumerate(bad.splitlines(), start=1) if "/ COUNT(*)" in text)
    with pytest.raises(FeatureError, match=f"sample.yaml:{line}:"):
        load_group(_write(tmp_path, bad))


def test_a_name_belongs_to_one_group(tmp_path):
    _write(tmp_path, GOOD)
    _write(tmp_path, GOOD.replace("id: sample", "id: twin"), "twin")
    with pytest.raises(FeatureError, match=r"twin.yaml: sample.yaml has large_share already"):
        load_groups("village", tmp_path)


def test_a_bad_entity_file_is_refused(tmp_path):
    content = yaml.safe_load((SETS_FOLDER / "village" / "entity.yaml").read_text(encoding="utf-8"))
    content["populations"][0]["sql"] = "SELECT now() AS entity_id FROM division"
    _write(tmp_path, yaml.safe_dump(content), "entity")
    with pytest.raises(FeatureError, match=r"village/entity.yaml"):
        load_entity("village", tmp_path)


def test_the_definition_hash_is_stable_and_of_one_entity():
    assert definition_hash("village") == definition_hash("village")
    assert definition_hash("village") != definition_hash("official")


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("value: 5,", "value: 6,", True),
        ("> :limit_fen", ">= :limit_fen", True),
        ("weight: 5", "weight: 6", True),
        ("direction: up", "direction: both", True),
        ("meaning: 大额支出的笔数占比", "meaning: 另一种说法的含义", False),
        ("label: 大额占比", "label: 大额支出占比", False),
    ],
)
def test_the_hash_follows_what_decides_the_numbers_and_no_words(tmp_path, old, new, changes, monkeypatch):
    def hash_of(text: str) -> str:
        group = load_group(_write(tmp_path, text))
        monkeypatch.setattr("features.dictionary.load_groups", lambda _: (group,))
        return definition_hash("village")

    assert (hash_of(GOOD) != hash_of(GOOD.replace(old, new, 1))) is changes


@pytest.mark.parametrize("entity", ["village", "official", "supplier"])
def test_the_page_names_every_feature_with_its_meaning(entity):
    page = feature_page(entity)
    for group in load_groups(entity):
        assert f"### {group.name} `{group.id}`" in page
        for feature in group.features:
            assert f"| `{feature.name}` | {feature.label} |" in page
            assert feature.meaning in page
