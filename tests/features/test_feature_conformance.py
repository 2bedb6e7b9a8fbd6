"""What holds for every feature: it is explained, sees no future, and depends on nothing but the facts of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import numpy as np
import pandas as pd
import pytest
from random_county import AS_OF, Row, Rows, random_county

from features.compute import FeatureSet, feature_set, villages_of
from features.dictionary import ENTITIES, UNITS, definition_hash, dictionary, load_entity, load_groups
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.query import bind, columns_read

pytestmark = pytest.mark.xdist_group("feature conformance")  # one worker makes what these tests share

MINIMUM = {"village": 45, "official": 24, "supplier": 30}
FEATURES = [(entity, name) for entity in ENTITIES for name in dictionary(entity)]
GROUPS = [(entity, group) for entity in ENTITIES for group in load_groups(entity)]
REFERENCE_REGISTERS = (
    "division", "person", "household_member", "kinship", "death", "official", "company", "company_role",
    "subsidy_programme", "tender", "bid_trace", "social_insurance", "contract_change", "sanction",
)  # fmt: skip
LOOKS_ACROSS_VILLAGES = {
    "crowded_account_share", "labour_crowded_account_share", "duplicate_invoice_share", "dear_purchase_share",
    "low_rent_share", "long_day_share", "long_month_share", "exclusive_claim_share", "cadre_company_share",
    "kin_company_share",
}  # fmt: skip


@pytest.fixture(scope="module")
def county() -> Rows:
    return random_county()


@pytest.fixture(scope="module")
def engine(county) -> Iterator[DuckDBEngine]:
    with DuckDBEngine.from_rows(county, as_of=AS_OF) as engine:
        yield engine


@pytest.fixture(scope="module")
def usual(county) -> dict[str, FeatureSet]:
    return _sets(county)


def _sets(rows: Rows, *, as_of: date = AS_OF) -> dict[str, FeatureSet]:
    with DuckDBEngine.from_rows(rows, as_of=as_of) as engine:
        return {entity: feature_set(engine, entity) for entity in ENTITIES}


def _assert_equal(found: dict[str, FeatureSet], expected: dict[str, FeatureSet]) -> None:
    for entity in ENTITIES:
        for part in ("values", "counts", "standardised"):
            pd.testing.assert_frame_equal(
                getattr(found[entity], part), getattr(expected[entity], part), rtol=0, atol=1e-8
            )
        pd.testing.assert_series_equal(found[entity].peers, expected[entity].peers)


@pytest.mark.parametrize("entity", ENTITIES)
def test_there_are_enough_features(entity):
    assert len(dictionary(entity)) >= MINIMUM[entity]


@pytest.mark.parametrize(("entity", "name"), FEATURES)
def test_feature_is_explained_in_chinese(entity, name):
    feature = dictionary(entity)[name]
    for text in (feature.label, feature.meaning):
        assert any("一" <= sign <= "鿿" for sign in text)
    assert feature.direction in ("up", "down", "both")


def test_labels_are_not_used_twice():
    for entity in ENTITIES:
        labels = [feature.label for feature in dictionary(entity).values()]
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(("entity", "group"), GROUPS, ids=lambda part: getattr(part, "id", part))
def test_group_declares_exactly_the_columns_that_it_reads(entity, group):
    catalogue = load_catalogue()
    read = columns_read(group.query.parsed)
    for register, columns in group.query.needs.items():
        known = {column.name for column in catalogue[register].lake_columns}
        assert read[register] & known == set(columns), f"{entity}/{group.id}: {register}"


@pytest.mark.parametrize("entity", ENTITIES)
def test_places_declare_exactly_the_columns_that_they_read(entity):
    catalogue = load_catalogue()
    for query in load_entity(entity).places:
        read = columns_read(query.parsed)
        for register, columns in query.needs.items():
            known = {column.name for column in catalogue[register].lake_columns}
            assert read[register] & known == set(columns), f"{entity}: {register}"


def test_every_supplier_has_to_do_with_the_village_that_it_stands_at(engine, usual):
    places = villages_of(engine, "supplier")
    for supplier, code in usual["supplier"].villages.items():
        assert code in places[supplier]
    assert any(len(codes) > 1 for codes in places.values())
    assert all(list(codes) == sorted(set(codes)) for codes in places.values())


def test_what_becomes_known_later_adds_no_place(county):
    day = AS_OF.replace(year=AS_OF.year - 1)
    catalogue = load_catalogue()
    until_then = {
        name: [row for row in rows if row.get("known_from", row[catalogue[name].event_date]) <= day]
        for name, rows in county.items()
    }
    found = []
    for rows in (county, until_then):
        with DuckDBEngine.from_rows(rows, as_of=day) as engine:
            found.append(villages_of(engine, "supplier"))
    assert found[0] == found[1]
    assert found[0]


def test_villages_and_officials_are_of_one_village(engine):
    assert villages_of(engine, "village") == villages_of(engine, "official") == {}


def test_a_contract_alone_is_a_place(county):
    row = county["contract"][0] | {"counterparty_id": "91330100MA2B00001X", "signed_on": AS_OF}
    with DuckDBEngine.from_rows({"contract": [row]}, as_of=AS_OF) as engine:
        assert villages_of(engine, "supplier") == {"91330100MA2B00001X": (row["village_code"],)}
    person = row | {"counterparty_id": "P0a1b2c3d4e5f60718293"}
    with DuckDBEngine.from_rows({"contract": [person]}, as_of=AS_OF) as engine:
        assert villages_of(engine, "supplier") == {}


@pytest.mark.parametrize(("entity", "group"), GROUPS, ids=lambda part: getattr(part, "id", part))
def test_group_declares_no_parameter_that_it_does_not_use(entity, group):
    assert set(group.query.parameters) == group.query.parsed.parameters - {"as_of"}


@pytest.mark.parametrize(("entity", "group"), GROUPS, ids=lambda part: getattr(part, "id", part))
def test_group_selects_numbers_only(engine, entity, group):
    """No date, place, name or id can become an input of a model."""
    table = engine.query(bind(group.query.parsed, {**group.query.values, "as_of": AS_OF}))
    kinds = {name: str(table.schema.field(name).type) for name in table.column_names if name != "entity_id"}
    assert set(kinds.values()) == {"double"}, f"{entity}/{group.id}: {kinds}"


def test_no_village_feature_is_a_bare_count():
    """A count grows with the village; only shares, rates and amounts per resident compare villages."""
    assert not [f.name for f in dictionary("village").values() if f.unit in ("count", "yuan")]


@pytest.mark.parametrize(("entity", "name"), FEATURES)
def test_value_is_a_number_within_its_unit_or_unknown(usual, entity, name):
    values = usual[entity].values[name]
    unit = UNITS[dictionary(entity)[name].unit]
    assert values.dtype == np.float64
    assert not np.isinf(values).any()
    assert values.dropna().between(unit.low, unit.high).all()


@pytest.mark.parametrize("entity", ENTITIES)
def test_matrix_has_one_row_an_entity_and_the_columns_of_the_dictionary(county, usual, entity):
    found = usual[entity]
    assert found.values.index.is_unique
    assert list(found.values.columns) == list(dictionary(entity))
    assert found.definition_hash == definition_hash(entity)
    assert not found.normalised().isin([np.inf, -np.inf]).to_numpy().any()
    codes = {row["division_code"] for row in county["division"]}
    assert set(found.villages) <= codes
    assert set(found.peers.index) == set(found.values.index)


def test_the_future_changes_nothing(county, usual):
    """Rows dated later, rows known later, and dates that lie ahead in rows of today."""
    later = {name: [_later(row) for row in rows[:200]] for name, rows in county.items()}
    known_later = {
        name: [row | {"known_from": AS_OF + timedelta(days=1)} for row in rows[:200]]
        for name, rows in county.items()
    }
    together = {name: county[name] + later[name] + known_later[name] for name in county}
    _assert_equal(_sets(together), usual)


def _later(row: Row) -> Row:
    shift = timedelta(days=4000)
    return {name: value + shift if isinstance(value, date) else value for name, value in row.items()}


def test_a_past_day_is_seen_as_it_was(county):
    day = AS_OF - timedelta(days=200)
    catalogue = load_catalogue()
    until_then = {
        name: [row for row in rows if row.get("known_from", row[catalogue[name].event_date]) <= day]
        for name, rows in county.items()
    }
    _assert_equal(_sets(county, as_of=day), _sets(until_then, as_of=day))


def test_row_order_does_not_matter(county, usual):
    random = Random(5)  # noqa: S311  seeded, no secret
    _assert_equal(_sets({name: random.sample(rows, len(rows)) for name, rows in county.items()}), usual)


def test_duplicated_rows_in_joined_registers_change_nothing(county, usual):
    doubled = {name: rows * (2 if name in REFERENCE_REGISTERS else 1) for name, rows in county.items()}
    _assert_equal(_sets(doubled), usual)


def test_renaming_villages_people_and_firms_changes_nothing(county, usual):
    random = Random(7)  # noqa: S311  seeded, no secret
    codes = sorted({str(row["division_code"]) for row in county["division"]})
    new_codes = dict(zip(codes, random.sample(codes, len(codes)), strict=True))
    people = sorted({str(row["person_key"]) for row in county["person"]})
    new_people = dict(zip(people, random.sample(people, len(people)), strict=True))
    firms = sorted({str(row["company_id"]) for row in county["company"]})
    new_firms = dict(zip(firms, random.sample(firms, len(firms)), strict=True))
    renamed = _sets(_renamed(county, new_codes | new_people | new_firms))
    for entity, names in (("village", new_codes), ("official", new_people), ("supplier", new_firms)):
        before = usual[entity]
        for part in ("values", "standardised"):
            after = getattr(renamed[entity], part)
            expected = getattr(before, part).rename(index=names).reindex(after.index)
            pd.testing.assert_frame_equal(after, expected, rtol=0, atol=1e-8)


def _renamed(county: Rows, names: dict[str, str]) -> Rows:
    def name_of(value: object) -> object:
        return names.get(value, value) if isinstance(value, str) else value

    return {
        register: [{column: name_of(value) for column, value in row.items()} for row in rows]
        for register, rows in county.items()
    }


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_value_of_a_batch_is_the_value_computed_alone(engine, usual, entity):
    entity_id = usual[entity].values.index[3]
    alone = feature_set(engine, entity).only([entity_id])
    batch = usual[entity].only([entity_id])
    pd.testing.assert_frame_equal(alone.values, batch.values)
    pd.testing.assert_frame_equal(alone.normalised(), batch.normalised())
    assert len(alone.values) == 1
    assert alone.peers[entity_id] == usual[entity].peers[entity_id]


def test_only_what_is_said_to_looks_beyond_the_village(county, usual):
    """With the rows of all other villages gone, every other feature keeps its value."""
    code = usual["village"].values.index[4]
    own = {name: [row for row in rows if _place(name, row) in (None, code)] for name, rows in county.items()}
    found = _sets(own)["village"].values.loc[code].drop(LOOKS_ACROSS_VILLAGES)
    expected = usual["village"].values.loc[code].drop(LOOKS_ACROSS_VILLAGES)
    pd.testing.assert_series_equal(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("half", [0, 1])
def test_a_missing_register_gives_unknown_and_no_error(county, usual, half):
    names = [name for name in sorted(county) if name != "official"]
    missing = set(names[half::2])
    found = _sets({name: rows for name, rows in county.items() if name not in missing})
    for entity in ENTITIES:
        known = found[
            entity
        ].values.index  # suppliers are listed by several registers, of which some are missing
        assert set(known) <= set(usual[entity].values.index)
        assert entity == "supplier" or len(known) == len(usual[entity].values)
        for feature in dictionary(entity).values():
            values = found[entity].values[feature.name]
            if missing.intersection(feature.needs):
                assert values.isna().all(), feature.name
            else:
                expected = usual[entity].values[feature.name].loc[known]
                pd.testing.assert_series_equal(values, expected, rtol=0, atol=1e-8)


def test_a_register_without_rows_of_the_county_gives_unknown_there(county):
    """A zero would say that nobody was paid after death, where nobody knows who died."""
    moved = {
        name: rows + [_moved(row, to="990202") for row in rows if _place(name, row) and name != "death"]
        for name, rows in county.items()
    }
    values = _sets(moved)["village"].values["after_death_share"]
    assert values[values.index.str.startswith("990101")].notna().any()
    assert values[values.index.str.startswith("990202")].isna().all()


def _place(register: str, row: Row) -> object:
    column = load_catalogue()[register].village_column
    return row.get(column) if column else None


def _moved(row: Row, *, to: str) -> Row:
    places = {name: f"{to}{str(row[name])[6:]}" for name in ("village_code", "division_code") if name in row}
    return row | places


def test_an_unknown_entity_is_an_error(usual):
    with pytest.raises(KeyError):
        usual["village"].only(["000000000000"])


def test_peers_of_each_entity_are_defined_by_declared_attributes():
    for entity in ENTITIES:
        peers = load_entity(entity).peers
        wanted = {"entity_id"} | {attribute.name for attribute in peers.attributes}
        assert set(peers.query.parsed.tree.named_selects) == wanted


def test_rows_of_the_county_move_most_features(usual):
    """The random county is of use only if values differ between its rows."""
    for entity in ENTITIES:
        assert (usual[entity].values.nunique() > 1).mean() > 0.7
