"""Links of people on lists without ID numbers: surrogates only, the same every time, kept up to date by imports."""

from __future__ import annotations

import ast
import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.deliveries import VILLAGE, as_csv, person
from cunjian.imports import Refused, import_path
from registers.catalogue import load_catalogue
from registers.identity import Identity
from registers.person_links import find_links
from registers.pseudonyms import Pseudonyms, load_key
from registers.quality import QualityReport
from registers.values import id_check_digit

PEOPLE = ("身份证号", "姓名", "联系电话", "户籍村代码", "登记日期")
LIST = ("村代码", "名册编号", "行号", "名册类别", "姓名", "联系电话", "出生日期", "用工日期", "金额")
NAMES = ("欧阳测试人", "王建国", "李秀英")
PHONES = ("13900001234", "13900005678", "13900009999")
JAN, FEB, MAR = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
LINKS = "SELECT from_key, to_key, tier, probability, agrees FROM person_link"
ROOT = Path(__file__).parents[2]


def people(*more: tuple[str, ...]) -> list[tuple[str, ...]]:
    given = enumerate(zip(NAMES, PHONES, strict=True), start=1)
    return [PEOPLE, *((person(n), name, phone, VILLAGE, "2020-01-01") for n, (name, phone) in given), *more]


def line(number: int, name: str, phone: str = "", born: str = "", day: str = "2024-01-20") -> tuple[str, ...]:
    return (VILLAGE, "G1", str(number), "用工", name, phone, born, day, "100")


class Office:
    """Delivers rows through `cunjian import` and asks for the links as they were known on a day."""

    def __init__(self, home: Path, ask: Any) -> None:
        self.home = home
        self._ask = ask
        self._files = 0

    def deliver(self, register: str, rows: list[tuple[str, ...]], *, on: date = JAN) -> list[QualityReport]:
        self._files += 1
        path = self.home.parent / f"{register}_{self._files}.csv"
        path.write_bytes(as_csv(rows))
        found = list(
            import_path(path, home=self.home, catalogue=load_catalogue(), delivered_on=on, redelivered=True)
        )
        assert not [report for report in found if isinstance(report, Refused)]
        return [report for report in found if isinstance(report, QualityReport)]

    def tiers(self, *, as_of: date = JAN) -> dict[tuple[str, str], str]:
        """Tier by the name on the list and the person's number (1, 2, 3, …)."""
        persons = {self.key(n): str(n) for n in range(1, 40)}
        written = {
            row["written_key"]: str(row["source_row"])
            for row in self._ask("SELECT written_key, source_row FROM name_list", as_of=as_of)
        }
        return {
            (written[r["from_key"]], persons[r["to_key"]]): r["tier"] for r in self._ask(LINKS, as_of=as_of)
        }

    def key(self, number: int) -> str:
        return Pseudonyms(load_key(self.home, "pseudonym")).person(person(number))


@pytest.fixture
def office(home: Path, ask) -> Office:
    return Office(home, ask)


def test_a_person_on_a_list_is_found_in_the_register_with_id_numbers(office: Office) -> None:
    office.deliver("person", people())
    reports = office.deliver(
        "name_list",
        [LIST, line(1, "王 建国", "13900005678"), line(2, "李秀英"), line(3, "赵无名", "13700000000")],
    )
    assert [report.register for report in reports] == ["name_list", "person_link"]
    assert office.tiers() == {("2", "2"): "B", ("3", "3"): "C"}


def test_the_birth_date_of_the_id_number_counts(office: Office) -> None:
    office.deliver("person", people())
    born = f"{person(2)[6:10]}-{person(2)[10:12]}-{person(2)[12:14]}"
    office.deliver("name_list", [LIST, line(1, "王建国", "", born), line(2, "王建国", "", "1931-02-03")])
    assert office.tiers() == {("2", "2"): "B"}


def test_no_name_no_phone_and_no_id_number_is_in_what_is_written(office: Office) -> None:
    office.deliver("person", people())
    office.deliver(
        "name_list",
        [LIST, line(1, NAMES[0], PHONES[0]), line(2, NAMES[1]), line(3, "王建国", PHONES[1], "1970-05-01")],
    )
    readable = ""
    for path in (office.home / "lake").rglob("*.parquet"):
        readable += json.dumps(
            pq.read_table(path, partitioning=None).to_pylist(), default=str, ensure_ascii=False
        )
    for folder in ("lake", "quality"):
        readable += "".join(path.read_text("utf-8") for path in (office.home / folder).rglob("*.json"))
    assert "person_link" in readable
    secret = [*NAMES, *PHONES, *(person(n) for n in (1, 2, 3)), "1970-05-01", "19700501"]
    assert [text for text in secret if text in readable] == []
    assert list(office.home.rglob("person_link.csv")) == [], "the file that was imported is gone"


def test_the_same_deliveries_give_the_same_links_and_a_second_import_changes_nothing(
    office: Office, ask
) -> None:
    office.deliver("person", people())
    rows = [LIST, line(1, NAMES[0], PHONES[0]), line(2, NAMES[1]), line(3, NAMES[2], PHONES[2])]
    office.deliver("name_list", rows)
    first = ask(f"{LINKS} ORDER BY from_key, to_key", as_of=JAN)
    assert [report.register for report in office.deliver("name_list", rows)] == ["name_list"]
    assert ask(f"{LINKS} ORDER BY from_key, to_key", as_of=JAN) == first
    report = office.deliver("person", people(), on=FEB)[-1]
    assert (report.register, report.accepted, report.replaced) == ("person_link", 0, 0)
    assert ask(f"{LINKS} ORDER BY from_key, to_key", as_of=FEB) == first


def test_a_second_import_adds_links_and_withdraws_what_no_longer_holds_and_the_past_stays(
    office: Office,
) -> None:
    """Another of the name with the same phone makes the link doubtful; before, it was what was known."""
    office.deliver("person", people())
    office.deliver("name_list", [LIST, line(1, NAMES[0], PHONES[0]), line(2, NAMES[1], PHONES[1])])
    before = {("2", "1"): "B", ("3", "2"): "B"}
    assert office.tiers() == before
    office.deliver("person", [PEOPLE, (person(30), NAMES[1], PHONES[1], VILLAGE, "2020-01-01")], on=FEB)
    assert office.tiers(as_of=JAN) == before
    assert office.tiers(as_of=FEB) == {("2", "1"): "B", ("3", "2"): "C", ("3", "30"): "C"}
    crowd = [(person(n), NAMES[1], f"1370000{n:04d}", VILLAGE, "2020-01-01") for n in range(31, 36)]
    office.deliver("person", [PEOPLE, *crowd], on=MAR)
    assert office.tiers(as_of=MAR) == {("2", "1"): "B", ("3", "2"): "withdrawn", ("3", "30"): "withdrawn"}


def test_a_list_that_comes_late_is_linked_from_the_newest_delivery_on(office: Office) -> None:
    """Training and past runs must not know a link before both sides were there."""
    office.deliver("person", people(), on=FEB)
    office.deliver("name_list", [LIST, line(1, NAMES[1], PHONES[1])], on=JAN)
    assert office.tiers(as_of=JAN) == {}
    assert office.tiers(as_of=FEB) == {("2", "2"): "B"}


def test_a_name_that_many_bear_gives_no_row(office: Office) -> None:
    crowd = [(person(n), "张伟", f"1370000{n:04d}", VILLAGE, "2020-01-01") for n in range(10, 16)]
    office.deliver("person", people(*crowd))
    office.deliver("name_list", [LIST, line(1, "张伟"), line(2, NAMES[1])])
    assert office.tiers() == {("3", "2"): "C"}


def test_a_quarantined_sheet_is_a_list(office: Office) -> None:
    """Rows of a labour sheet without ID number are set aside; the file with them can be imported as it is."""
    office.deliver("person", people())
    headers = ("村代码", "用工单号", "身份证号", "姓名", "电话", "用工日期", "用工事项", "半工日数", "金额")
    sheet = [headers, (VILLAGE, "S1", "", NAMES[1], PHONES[1], "2024-01-20", "清淤", "2", "100")]
    (report,) = office.deliver("labour_day", sheet)
    assert report.quarantined == 1
    path = office.home / report.quarantine_file
    found = import_path(
        path, home=office.home, catalogue=load_catalogue(), delivered_on=JAN, register="name_list", constants={"kind": "用工"}
    )  # fmt: skip
    assert [(report.register, report.accepted) for report in found] == [("name_list", 1), ("person_link", 1)]
    assert office.tiers() == {("2", "2"): "B"}


def test_without_a_list_nothing_is_opened(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registers.person_links.find_links", None)
    assert [report.register for report in office.deliver("person", people())] == ["person"]


class _Vault:
    """A vault of many made-up people."""

    def __init__(self, identities: list[tuple[str, Any]]) -> None:
        self._identities = identities

    def for_linkage(self) -> Any:
        return iter(self._identities)


def citizen(number: int, name: str) -> tuple[str, Identity]:
    first17 = f"990101{1940 + number % 60}{1 + number % 12:02d}{1 + number % 28:02d}{number % 1000:03d}"
    id_number = first17 + id_check_digit(first17)
    return f"P{number:05d}", Identity(id_number, name, f"138{number:08d}")


@pytest.mark.parametrize("known", [60, 0], ids=["some are known", "nobody is known"])
@pytest.mark.parametrize(
    "given", ["明芳强军伟丽杰娟勇艳建国平桂英兰珍华", "明芳强"], ids=["rare", "common names"]
)
def test_a_list_in_a_large_county(known: int, given: str) -> None:
    """Enough persons to estimate from and few true pairs or none: the estimate must not take namesakes for persons."""
    names = [f"{a}{b}{c}" for a in "赵钱孙李周吴郑冯陈褚卫蒋" for b in given for c in given]
    persons = [citizen(n, names[n % len(names)]) for n in range(4000)]
    lists = [
        (
            f"W{n:03d}",
            Identity("", names[n * 13 % len(names)], f"139{n:08d}", f"{1930 + n % 70}0{1 + n % 9}11"),
        )
        for n in range(300)
    ]
    for n in range(known):
        _, who = persons[n * 60]
        lists[n] = (lists[n][0], Identity("", who.name, who.phone))
    found = find_links(_Vault([*persons, *lists]), {key for key, _ in lists})  # type: ignore[arg-type]
    links = {pair for pair, (tier, _, _) in found.items() if tier == "B"}
    assert links == {(f"W{n:03d}", f"P{n * 60:05d}") for n in range(known)}


def test_only_the_linkage_reads_the_whole_vault() -> None:
    """`for_linkage` opens everybody: one module may call it, and `registers` shows nobody (`reveal`)."""
    callers = {
        (node.attr, path.relative_to(ROOT).as_posix())
        for package in (
            "registers",
            "supervision",
            "features",
            "ml",
            "training",
            "casework",
            "api",
            "cunjian",
        )
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"for_linkage", "reveal"}
    }
    assert {path for attr, path in callers if attr == "for_linkage"} == {"registers/person_links.py"}
    assert not [
        path
        for attr, path in callers
        if attr == "reveal" and not path.startswith(("casework/", "cunjian/demo"))
    ]
