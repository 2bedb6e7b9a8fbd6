"""Linking people: equal ID numbers, a name with something else that agrees, and a name alone, which is no link."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from registers import linkage
from registers.linkage import link, links

WANG = {"name": "王建国", "phone": "13800000001", "address": "某镇某村3组12号", "birth_date": "1970-05-01"}
ID = "990101197005010019"


def pairs(*rows: dict[str, Any], right: list[dict[str, Any]] | None = None) -> dict[tuple[str, str], Any]:
    """Tier, probability and what agrees, of rows named by their place: a, b, c, …; those of `right` 1, 2, 3, …"""
    columns = ("row_id", "id_number", "name", "phone", "address", "birth_date")

    def table(given: Any, ids: str) -> pa.Table:
        named = [{"row_id": ids[place]} | row for place, row in enumerate(given)]
        return pa.table({c: pa.array([row.get(c) for row in named], pa.string()) for c in columns})

    found = link(table(rows, "abcdef"), table(right, "123456") if right is not None else None)
    return {(p["left_id"], p["right_id"]): p for p in found.to_pylist()}


def tiers(*rows: dict[str, Any], right: list[dict[str, Any]] | None = None) -> dict[tuple[str, str], str]:
    return {pair: found["tier"] for pair, found in pairs(*rows, right=right).items()}


def test_one_id_number_is_one_person_whatever_the_name() -> None:
    found = pairs({"name": "王建国", "id_number": ID}, {"name": "王健国", "id_number": ID})
    assert found["a", "b"]["tier"] == "A"
    assert found["a", "b"]["probability"] == 1
    assert found["a", "b"]["same"] == "id_number"


@pytest.mark.parametrize("column", ["phone", "birth_date"])
def test_a_name_with_one_thing_that_agrees_is_a_link(column: str) -> None:
    found = pairs({"name": "王建国", column: WANG[column]}, {"name": "王　建国", column: WANG[column]})
    assert found["a", "b"]["tier"] == "B"
    assert found["a", "b"]["same"] == f"name,{column}"


def test_an_address_in_another_writing_agrees() -> None:
    rewritten = WANG["address"].replace("3组12号", "三組 第十二號")
    found = pairs(*({"name": "王建国", "address": address} for address in (WANG["address"], rewritten)))
    assert found["a", "b"]["tier"] == "B"
    assert found["a", "b"]["same"] == "name,address"


def test_a_village_without_a_house_number_is_not_an_address_that_agrees() -> None:
    assert tiers(*[{"name": "王建国", "address": "某镇某村"}] * 2) == {("a", "b"): "C"}


def test_a_name_alone_is_tier_c_and_never_a_link() -> None:
    found = link(pa.table({"row_id": ["a", "b"], "name": ["王建国", "王建国"]}))
    assert found["tier"].to_pylist() == ["C"]
    assert links(found).num_rows == 0


def test_a_lower_threshold_makes_no_link_of_a_name_alone() -> None:
    found = link(pa.table({"row_id": ["a", "b"], "name": ["王建国", "王建国"]}), threshold=0.0)
    assert found["tier"].to_pylist() == ["C"]


def test_one_name_and_two_birth_dates_are_two_persons() -> None:
    assert (
        tiers({"name": "王建国", "birth_date": "19700501"}, {"name": "王建国", "birth_date": "19811203"})
        == {}
    )


def test_two_id_numbers_are_two_persons_whatever_else_agrees() -> None:
    assert tiers(WANG | {"id_number": ID}, WANG | {"id_number": "990101197005010027"}) == {}
    assert tiers(WANG | {"id_number": ID}, WANG) == {("a", "b"): "B"}


def test_a_brother_of_the_same_household_is_another_person() -> None:
    """DuckDB compares bytes: 欧阳建国 and 欧阳建华 look 93 % alike to it, and must not be to us."""
    household = {"phone": WANG["phone"], "address": WANG["address"]}
    assert tiers({"name": "欧阳建国", **household}, {"name": "欧阳建华", **household}) == {}


def test_twins_and_father_and_son_of_one_household_are_two_persons() -> None:
    """Twins share birth date, phone and address and half of the name; their names have to be the same."""
    assert tiers(WANG | {"name": "王小明"}, WANG | {"name": "王小亮"}) == {}
    father, son = WANG | {"name": "王大山"}, WANG | {"name": "王小山", "birth_date": "1995-02-03"}
    assert tiers(father, son) == {}
    assert tiers(WANG, WANG | {"name": "李秀英", "birth_date": "1971-06-08"}) == {}


def test_a_slip_of_the_pen_in_a_chinese_name_needs_two_further_agreements() -> None:
    slip = WANG | {"name": "王健国"}
    assert tiers(WANG, slip) == {("a", "b"): "B"}
    assert tiers(WANG, slip | {"phone": None, "address": None}) == {}
    assert tiers(WANG, slip | {"birth_date": None, "address": None}) == {}
    assert tiers(WANG, slip | {"birth_date": None}) == {("a", "b"): "B"}


def test_namesakes_in_one_village_are_not_linked_by_the_village_nor_by_a_neighbouring_house() -> None:
    rows = [{"name": "王建国", "address": f"某省某市某县某镇某村3组{house}号"} for house in (12, 13)]
    assert tiers(*rows) == {("a", "b"): "C"}


def test_month_and_day_exchanged_and_a_digit_of_the_phone_are_not_enough_for_a_chinese_name() -> None:
    one, other = (
        WANG | {"address": None},
        WANG | {"address": None, "birth_date": "1970-01-05", "phone": "13800000002"},
    )
    assert tiers(one, other) == {("a", "b"): "C"}
    assert tiers(one, other | {"phone": one["phone"]}) == {("a", "b"): "B"}


def test_one_who_could_be_two_persons_is_neither() -> None:
    """Two of one name share a phone: a row with name and phone alone belongs to nobody, with a birth date to one."""
    one = {"name": "王建国", "phone": "13800000001", "birth_date": "1970-05-01", "id_number": ID}
    other = one | {"birth_date": "1971-09-09", "id_number": "990101197109090027"}
    written = {"name": "王建国", "phone": "13800000001"}
    assert tiers(one, other, right=[written]) == {("a", "1"): "C", ("b", "1"): "C"}
    found = tiers(one, other, right=[written | {"birth_date": "1970-05-01"}])
    assert found["a", "1"] == "B"
    assert found.get(("b", "1")) != "B"


def test_what_follows_from_links_is_a_link_unless_it_contradicts() -> None:
    """a knows the phone, c the birth date, b both; a second ID number ends the chain."""
    a = {"name": "王建国", "phone": "13800000001"}
    c = {"name": "王建国", "birth_date": "1970-05-01"}
    found = pairs(a, a | c, c)
    assert {pair: p["tier"] for pair, p in found.items()} == dict.fromkeys(
        [("a", "b"), ("a", "c"), ("b", "c")], "B"
    )
    assert found["a", "c"]["same"] == ""
    assert found["a", "c"]["probability"] == min(found[p]["probability"] for p in (("a", "b"), ("b", "c")))
    ids = tiers(a | {"id_number": ID}, a | c, c | {"id_number": "990101197005010027"})
    assert list(ids.values()).count("B") <= 1
    assert ids.get(("a", "c")) is None


def test_a_latin_name_is_forgiven_a_slip_and_a_turn() -> None:
    rows = [
        {"name": name, "birth_date": "19770501"}
        for name in ("Mikhayla Hannagan", "hannagan mikhayla", "Mikhayla Hannagn", "M Hannagan")
    ]
    assert set(tiers(*rows).values()) == {"B"}
    assert len(tiers(*rows)) == 6
    assert tiers(rows[0], {"name": "Hannagan", "birth_date": "19770501"}) == {("a", "b"): "B"}


def test_a_sister_with_the_family_name_is_another_person() -> None:
    """Registers of twins look like this; what is alike in the name is not enough."""
    household = {"birth_date": "19770501", "address": "12 High Street 2119"}
    assert tiers({"name": "Holly Green", **household}, {"name": "Madison Green", **household}) == {}


def test_two_tables_are_linked_across_and_not_within() -> None:
    found = tiers(WANG, WANG, right=[WANG, {"name": "李四", "phone": WANG["phone"]}])
    assert found == {("a", "1"): "B", ("b", "1"): "B"}


def test_the_order_of_rows_changes_nothing() -> None:
    rows = {
        "row_id": list("abcd"),
        "name": ["王建国", "王建国", "李四", "李 四"],
        "phone": ["138", "138", "139", "139"],
    }
    table = pa.table(rows)
    assert link(table).equals(link(table.take([3, 1, 0, 2])))


def test_rows_enough_are_estimated_from_and_the_result_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred persons twice, the second time without half of the phones: every pair is found, no other."""
    monkeypatch.setattr(linkage, "ROWS_TO_ESTIMATE", 600)
    monkeypatch.setattr(linkage, "PAIRS_TO_ESTIMATE", 50)
    names = [
        f"{family}{given}"
        for family in "赵钱孙李周吴郑冯陈褚"
        for given in "甲乙丙丁戊己庚辛壬癸"
        for _ in range(3)
    ]
    first = {
        "row_id": [f"l{n:03d}" for n in range(300)],
        "name": names,
        "phone": [f"138{n:08d}" for n in range(300)],
        "birth_date": [f"19{50 + n % 40}{1 + n % 12:02d}{1 + n % 28:02d}" for n in range(300)],
    }
    second = first | {
        "row_id": [f"r{n:03d}" for n in range(300)],
        "phone": [None if n % 2 else phone for n, phone in enumerate(first["phone"])],
    }
    found = link(pa.table(first), pa.table(second))
    sure = links(found)
    assert {
        (a[1:], b[1:]) for a, b in zip(sure["left_id"].to_pylist(), sure["right_id"].to_pylist(), strict=True)
    } == {(f"{n:03d}", f"{n:03d}") for n in range(300)}
    assert found.equals(link(pa.table(first), pa.table(second)))


def test_what_is_needed_is_said() -> None:
    with pytest.raises(ValueError, match="row_id"):
        link(pa.table({"name": ["王建国"]}))
    with pytest.raises(ValueError, match="each once"):
        link(pa.table({"row_id": ["a", "a"], "name": ["王建国", "李四"]}))


def test_no_rows_give_no_pairs() -> None:
    empty = pa.table({"row_id": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    assert link(empty).num_rows == 0
