"""A message beside the registers: what is linked, whose names are opened, who confirms the place."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from casework.audit_models import AuditEntry
from casework.complaints import visible_complaint
from casework.errors import BadInput, NotVisible, RoleNotAllowed, UnknownTransition
from casework.events import history
from casework.intake import receive
from casework.linking import Entries, Tier
from casework.message_reading import confirm_place, register_entries, register_programmes, understand
from casework.models import Complaint, Place
from casework.states import ComplaintState
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.identity import IdentityVault
from registers.importing import import_file
from registers.lake import Lake
from registers.query import bind, parse_query
from registers.values import id_check_digit
from tests.casework_world import COUNTY, NOW, TOWN_A, VILLAGE_A, VILLAGE_B, KeywordTriage, message


def id_number(first17: str) -> str:
    return first17 + id_check_digit(first17)


CHIEF, BOOKKEEPER, OTHER_CHIEF = (id_number(f"3301021970010{n}001") for n in (1, 2, 3))
PEOPLE = [(CHIEF, "钱小河"), (BOOKKEEPER, "孙一平"), (OTHER_CHIEF, "周同山")]
OFFICIALS = [
    (CHIEF, VILLAGE_A, "党支部书记", "乡镇", "2021-01-01"),
    (BOOKKEEPER, VILLAGE_A, "会计", "县委组织部", "2018-01-01"),
    (OTHER_CHIEF, VILLAGE_B, "党支部书记", "乡镇", "2018-01-01"),
]


@pytest.fixture
def delivered(small_world, tmp_path):
    """The small world with a register of officials, their names in the vault, and a works project."""
    files = {
        "person": [
            ("身份证号", "姓名", "户籍村代码", "登记日期"),
            *((*who, VILLAGE_A, "2010-01-01") for who in PEOPLE),
        ],
        "official": [("身份证号", "村代码", "职务", "干部管理权限", "任职日期"), *OFFICIALS],
        "project": [
            ("项目编号", "村代码", "项目名称", "发包方式", "预算金额", "立项日期"),
            ("XM1", VILLAGE_A, "三组道路硬化工程", "直接发包", "1000", "2026-01-10"),
        ],
        "subsidy_programme": [
            ("项目编码", "项目名称", "项目类别", "是否审核家庭经济状况", "生效日期"),
            ("BT1", "阳光助残暖心计划", "残疾人补贴", "否", "2020-01-01"),
        ],
    }
    for name, rows in files.items():
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
        report = import_file(
            path, lake=Lake(small_world.home), catalogue=load_catalogue(), delivered_on=date(2026, 9, 30)
        )
        assert report.quarantined == 0, report
    return small_world


@pytest.fixture
def ask(delivered):
    """ask(text, who): what that person gets to see of a message with this text; and the audit rows of names opened."""

    def receive_and_read(text, who, *, office=None):
        with delivered.sessions.begin() as session:
            (answer,) = receive(
                session,
                [message(text)],
                sealer=delivered.sealer,
                triage=KeywordTriage(),
                triage_version="t",
                at=NOW,
            )
            complaint = session.get_one(Complaint, answer.complaint_id)
            if office:
                complaint.state, complaint.office = ComplaintState.KEY_MATTER, office
            actor = delivered.actor(session, who)
            visible_complaint(session, actor, complaint.id)
            found = understand(
                session, actor, complaint, home=delivered.home, vault=IdentityVault(delivered.home), at=NOW
            )
            opened = [
                row.detail["person_keys"]
                for row in session.scalars(select(AuditEntry).where(AuditEntry.action == "reveal"))
            ]
            return found, opened

    return receive_and_read


def entries_on(home, day):
    with DuckDBEngine(Lake(home), as_of=day) as engine:
        return register_entries(engine, [VILLAGE_A], register_programmes(engine))


ACCUSING = "清溪镇石桥村支书钱小河今年3月在三组道路硬化工程里虚报两万四"


def test_the_clerk_sees_posts_linked_and_no_name_is_opened(ask):
    found, opened = ask(ACCUSING, "clerk")
    official = next(row for row in found.proposals if row.what == "干部")
    assert (official.tier, official.why, official.accused) == (Tier.B, "村、职务和任期相符，未核对姓名", True)
    assert "钱小河" not in official.label
    assert opened == []


def test_who_may_reveal_names_gets_them_compared_with_an_audit_row(ask):
    found, opened = ask(ACCUSING, "supervisor", office=COUNTY)
    official = next(row for row in found.proposals if row.what == "干部")
    assert (official.tier, official.why) == (Tier.A, "村、职务、任期和姓名相符")
    assert official.label.startswith("钱小河，党支部书记（2021-01-01")
    assert len(opened) == 1


def test_an_office_below_the_managing_one_opens_no_name_of_that_official(ask, delivered):
    found, opened = ask("清溪镇石桥村会计孙一平虚报误工", "town_a", office=TOWN_A)
    (official,) = [row for row in found.proposals if row.what == "干部"]
    assert (official.tier, official.why) == (Tier.B, "村、职务和任期相符，未核对姓名")
    with DuckDBEngine(Lake(delivered.home), as_of=date(2026, 11, 22)) as engine:
        query = parse_query(
            "SELECT o.person_key, o.post FROM official AS o", source="test", relations=["official"]
        )
        keys = {row["post"]: row["person_key"] for row in engine.query(bind(query, {})).to_pylist()}
    assert all(keys["accountant"] not in revealed for revealed in opened)


def test_no_name_in_the_message_no_name_opened(ask):
    _, opened = ask("清溪镇石桥村支书虚报误工", "supervisor", office=COUNTY)
    assert opened == []


def test_the_accused_line_gets_nothing_to_read(ask):
    with pytest.raises(NotVisible):
        ask("清溪镇政府截留补贴，石桥村支书也有份", "town_a", office=TOWN_A)


def test_a_project_of_the_village_is_linked(ask):
    found, _ = ask(ACCUSING, "clerk")
    project = next(row for row in found.proposals if row.what == "工程项目")
    assert (project.tier, project.label, project.stretch) == (Tier.A, "三组道路硬化工程", "三组道路硬化工程")


def test_a_programme_is_known_by_the_name_that_only_the_register_has(ask):
    found, _ = ask("清溪镇石桥村没有按阳光助残暖心计划发钱", "clerk")
    programme = next(row for row in found.proposals if row.what == "补贴项目")
    assert (programme.tier, programme.stretch) == (Tier.A, "阳光助残暖心计划")


def test_registers_are_read_as_known_when_the_message_came(delivered):
    before, after = (entries_on(delivered.home, day)[0] for day in (date(2020, 1, 1), date(2026, 11, 22)))
    assert (
        {term.post for term in before.terms}
        < {term.post for term in after.terms}
        == {"secretary", "accountant"}
    )


def test_without_registers_the_message_is_read_all_the_same(small_world):
    entries, levels = entries_on(small_world.home, date(2026, 11, 22))
    assert (entries, levels) == (Entries([], [], []), {})


@pytest.fixture
def placed(small_world):
    """place(who, about): the complaint after that person said which place it is about."""
    with small_world.sessions.begin() as session:
        (answer,) = receive(
            session,
            [message("克扣补贴的事")],
            sealer=small_world.sealer,
            triage=KeywordTriage(),
            triage_version="t",
            at=NOW,
        )

    def place(who, about, *, state=None):
        with small_world.sessions.begin() as session:
            complaint = session.get_one(Complaint, answer.complaint_id)
            if state:
                complaint.state = state
                session.flush()
            confirm_place(session, small_world.actor(session, who), complaint.id, about=about, at=NOW)
            return complaint.about, [(event.action, event.fields) for event in history(session, complaint)][
                -1
            ]

    return place


@pytest.fixture
def more_places(small_world):
    with small_world.sessions.begin() as session:
        session.add_all(
            [
                Place(code="330102001002", name="东山村村民委员会"),
                Place(code="330102002002", name="东山村"),
                Place(code="110101001001", name="外地村"),
            ]
        )


def test_the_clerk_confirms_the_place_and_it_is_written_down(placed):
    assert placed("clerk", VILLAGE_A) == (VILLAGE_A, ("locate", {"about": VILLAGE_A}))


@pytest.mark.parametrize("about", [COUNTY, "330102999001", "110101001001", "", "nothing"])
def test_only_a_known_division_below_the_office_is_a_place(placed, about):
    with pytest.raises(BadInput):
        placed("clerk", about)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("石桥村", VILLAGE_A),
        (" 石橋村 ", VILLAGE_A),
        ("石桥", VILLAGE_A),
        ("清溪镇", TOWN_A),
        ("清溪镇东山村", "330102001002"),
        ("330102001", TOWN_A),
        ("３３０１０２００１００１", VILLAGE_A),
    ],
)
def test_a_place_may_be_given_by_a_name_that_only_it_has(placed, more_places, written, code):
    assert placed("clerk", written) == (code, ("locate", {"about": code}))


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (
            "东山村",
            "有 2 处同名，请填区划代码：清溪镇东山村村民委员会 330102001002；白云乡东山村 330102002002",
        ),
        ("白云乡石桥村", "没有找到"),
        ("青山县", "没有找到"),
        ("外地村", "没有找到"),
        ("石桥村的事", "没有找到"),
    ],
)
def test_an_unknown_or_shared_name_is_refused_with_what_to_do(placed, more_places, written, why):
    with pytest.raises(BadInput, match=why):
        placed("clerk", written)


def test_after_the_review_the_place_stands(placed):
    with pytest.raises(UnknownTransition):
        placed("clerk", VILLAGE_A, state=ComplaintState.NOT_KEY)


def test_a_supervisor_does_not_place_what_is_not_routed(placed):
    with pytest.raises((NotVisible, RoleNotAllowed)):
        placed("supervisor", VILLAGE_A)
