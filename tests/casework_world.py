"""A small made-up world for the tests of casework and HTTP: two towns, runs and scores on disk, one person per role.

Files follow the contract of the pipeline's columns; nothing that writes them is imported.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from casework.accounts import actor_of
from casework.database import open_engine, sessions, sqlite_url
from casework.intake import Message
from casework.migrations import upgrade
from casework.models import User
from casework.publishing import Post, publish_directory, publish_run, publish_scores
from casework.roles import Actor, Role
from casework.runs import EVIDENCE_COLUMNS, FINDING_COLUMNS, NEWER_SCORE_COLUMNS, SCORE_COLUMNS
from casework.sealing import Sealer
from ml.triage import TriageResult
from tests.conftest_pg import create_database, drop_database

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
COUNTY, TOWN_A, TOWN_B = "330102", "330102001", "330102002"
VILLAGE_A, VILLAGE_B = "330102001001", "330102002001"
RUN = "2026-10-31-0123456789ab"
AS_OF = date(2026, 10, 31)
SECRETARY, ACCOUNTANT = "Pa0000000000000000001", "Pa0000000000000000002"
PASSWORD = "correct-horse-battery"
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""A hash names its cost itself: signing in works as ever, in a thousandth of the time of the hashes of `create_user`."""
PLACES = {COUNTY: "青山县", TOWN_A: "清溪镇", TOWN_B: "白云乡", VILLAGE_A: "石桥村", VILLAGE_B: "柳林村"}
PEOPLE = {
    "clerk": (Role.CLERK, COUNTY),
    "supervisor": (Role.SUPERVISOR, COUNTY),
    "supervisor2": (Role.SUPERVISOR, COUNTY),
    "town_a": (Role.SUPERVISOR, TOWN_A),
    "town_b": (Role.SUPERVISOR, TOWN_B),
    "liaison": (Role.LIAISON, VILLAGE_A),
    "leader": (Role.LEADER, COUNTY),
    "technician": (Role.TECHNICIAN, COUNTY),
    "system_admin": (Role.SYSTEM_ADMIN, COUNTY),
    "security_admin": (Role.SECURITY_ADMIN, COUNTY),
    "audit_admin": (Role.AUDIT_ADMIN, COUNTY),
}
MODEL = SimpleNamespace(
    id="assistance_paid_after_death",
    version=1,
    name="死亡后继续发放救助金",
    field="assistance",
    what="死亡登记满宽限期后，该人名下仍有救助金发放。",
    why="可能存在冒领、虚报，或经办人未及时停发。",
    innocent_reasons=["一次性丧葬补助"],
    guide=SimpleNamespace(
        check=["核对死亡证明与户籍注销日期", "调取发放银行流水，查实际支取人"],
        evidence=["死亡证明", "银行流水"],
        clears_if=["款项已原路退回"],
    ),
)


class KeywordTriage:
    """A stand-in for the triage model: a few words decide."""

    def predict(self, texts: list[str], /) -> list[TriageResult]:
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> TriageResult:
        words = [word for word in ("克扣", "亲戚", "贪污") if word in text]
        unsure = "好像" in text
        share = 0.93 if words else 0.5 if unsure else 0.08
        nature = "accusation" if words else "consultation"
        return TriageResult(
            key_probability=share,
            key=bool(words),
            abstain=unsure,
            nature=nature,
            field="land_requisition" if words else "other",
            topic="",
            official_class="检举控告" if words else "业务范围外",
            urgency=("retaliation",) if "报复" in text else (),
            no_substance=False,
            reasons=tuple(words),
            spam="中奖" in text,
        )


class KnownNames:
    """A stand-in for the identity vault."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def reveal(self, person_keys: Sequence[str], /) -> Mapping[str, SimpleNamespace]:
        self.opened += person_keys
        names = {SECRETARY: "赵一山", ACCOUNTANT: "钱二水"}
        return {key: SimpleNamespace(name=names[key]) for key in person_keys if key in names}


@dataclass
class World:
    """A home, a migrated database and one account per entry of `PEOPLE`."""

    home: Path
    url: str
    engine: Engine
    sessions: sessionmaker[Session]
    users: dict[str, int] = field(default_factory=dict)
    sealer: Sealer = field(default_factory=lambda: Sealer(b"k" * 32))

    def actor(self, session: Session, who: str) -> Actor:
        return actor_of(session.get_one(User, self.users[who]))


def finding(finding_id: str, *, village: str = VILLAGE_A, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "finding_id": finding_id,
        "model_id": MODEL.id,
        "model_version": 1,
        "model_name": MODEL.name,
        "field": MODEL.field,
        "subject_type": "person",
        "subject_id": "Pb0000000000000000009",
        "village_code": village,
        "level": "yellow",
        "level_rank": 2,
        "first_on": date(2026, 3, 5),
        "last_on": date(2026, 4, 5),
        "amount_fen": 120_000,
        "rows": 2,
        "reason": "死亡 30 天后仍发放 2 笔，共 1,200.00 元",
        "measures": json.dumps({"payments": 2}),
        "legal_basis": json.dumps(
            [{"title": "社会救助暂行办法", "article": "第六十八条", "to_be_confirmed": True}]
        ),
        "official_keys": json.dumps([]),
    }
    return row | changes


def official_finding(finding_id: str, key: str = SECRETARY) -> dict[str, object]:
    return finding(finding_id, subject_type="official", subject_id=key, level="red", level_rank=3)


def score(entity_id: str, village: str, *, risk: float) -> dict[str, object]:
    return {
        "entity_id": entity_id,
        "name": None,
        "village_code": village,
        "villages": [village],
        "as_of": AS_OF,
        "probability": None if risk < 0.9 else 0.12,
        "probability_low": None if risk < 0.9 else 0.05,
        "probability_high": None if risk < 0.9 else 0.23,
        "risk": risk,
        "percentile": risk * 100,
        "anomaly": 0.7,
        "hits": 2,
        "peer_group": "平原·中等规模",
        "reasons": json.dumps(
            [
                {
                    "feature": "payee_concentration",
                    "label": "收款方集中度",
                    "sentence": "收款方集中度 0.62，同类村一般为 0.18",
                    "contribution": 0.31,
                }
            ]
        ),
        "bundle_version": "20261031-1",
        "feature_hash": "0" * 16,
        "simulated": True,
    }


def write_run(home: Path, run_id: str, findings: Sequence[dict[str, object]]) -> None:
    folder = home / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"run_id": run_id, "simulated": True}))
    _write(folder / "findings.parquet", findings, FINDING_COLUMNS)
    evidence = [
        {
            "finding_id": row["finding_id"],
            "register": "subsidy_payment",
            "row_id": f"subsidy_payment:{number:016x}",
            "role": "proof",
            "occurred_on": date(2026, 3 + number, 5),
            "amount_fen": 60_000,
            "key": json.dumps({"programme_id": "DB", "period": "2026-03"}),
            "batch_id": "b1",
            "source_file": "救助发放2026.xlsx",
            "source_row": 118 + number,
        }
        for row in findings
        for number in range(2)
    ]
    _write(folder / "evidence.parquet", evidence, [*EVIDENCE_COLUMNS, "batch_id"])


def write_scores(home: Path) -> None:
    folder = home / "scores" / AS_OF.isoformat()
    folder.mkdir(parents=True)
    villages = [score(VILLAGE_A, VILLAGE_A, risk=0.98), score(VILLAGE_B, VILLAGE_B, risk=0.55)]
    officials = [score(SECRETARY, VILLAGE_A, risk=0.9), score(ACCOUNTANT, VILLAGE_B, risk=0.4)]
    columns = [*SCORE_COLUMNS, *NEWER_SCORE_COLUMNS, "as_of"]
    _write(folder / "village.parquet", villages, columns)
    _write(folder / "official.parquet", officials, columns)


def message(text: str, *, number: int = 1, **changes: object) -> Message:
    given: dict[str, object] = {
        "channel": "web",
        "message_id": f"m{number}",
        "text": text,
        "division": COUNTY,
        "received_at": NOW,
        "simulated": True,
    }
    return Message(**(given | changes))


def add_user(session: Session, login: str, role: Role, division: str, *, name: str = "") -> User:
    """An account with `PASSWORD`; `create_user` is tested in casework/test_audit_and_accounts.py."""
    user = User(
        login=login,
        name=name or login,
        password_hash=PASSWORD_HASH,
        role=role,
        division=division,
        active=True,
        created_at=NOW,
    )
    session.add(user)
    session.flush()
    return user


def populate(world: World) -> None:
    """Accounts, directory, one run with a finding in each town and one about an official, and scores."""
    write_run(world.home, RUN, [finding("f-a"), finding("f-b", village=VILLAGE_B), official_finding("f-o")])
    write_scores(world.home)
    with world.sessions.begin() as session:
        for login, (role, division) in PEOPLE.items():
            world.users[login] = add_user(session, login, role, division, name=f"{login} 用户").id
        publish_directory(
            session,
            places=PLACES,
            posts=[
                Post(person_key=SECRETARY, village_code=VILLAGE_A, post="secretary", authority="县委组织部"),
                Post(person_key=ACCOUNTANT, village_code=VILLAGE_B, post="accountant"),
            ],
        )
        publish_run(session, world.home, RUN, at=NOW)
        publish_scores(session, world.home, AS_OF, at=NOW)


def _write(path: Path, rows: Sequence[dict[str, object]], columns: Sequence[str]) -> None:
    pq.write_table(pa.table({name: [row[name] for row in rows] for name in columns}), path)


@pytest.fixture(scope="session")
def populated_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A home with its populated SQLite database, made once and copied for each test; and the ids of its users."""
    home = tmp_path_factory.mktemp("home")
    return home, _build(home, sqlite_url(home))


@pytest.fixture(scope="session")
def populated_postgresql(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a populated database on the server, the template of those of the tests."""
    url = create_database(postgresql_server, "populated")
    _build(tmp_path_factory.mktemp("home"), url)
    return "populated"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, populated_home: tuple[Path, dict[str, int]]
) -> Iterator[World]:
    """The populated world; every test that asks for it runs on both databases."""
    template, users = populated_home
    home = shutil.copytree(template, tmp_path / "home")
    if request.param == "sqlite":
        yield from _opened(home, sqlite_url(home), dict(users))
        return
    server = request.getfixturevalue("postgresql_server")
    url = create_database(server, f"t{uuid4().hex}", template=request.getfixturevalue("populated_postgresql"))
    yield from _opened(home, url, dict(users))
    drop_database(server, url)


@pytest.fixture
def small_world(tmp_path: Path, populated_home: tuple[Path, dict[str, int]]) -> Iterator[World]:
    """The populated world on SQLite only, for tests where the database makes no difference."""
    template, users = populated_home
    home = shutil.copytree(template, tmp_path / "home")
    yield from _opened(home, sqlite_url(home), dict(users))


def _opened(home: Path, url: str, users: dict[str, int]) -> Iterator[World]:
    engine = open_engine(url)
    yield World(home=home, url=url, engine=engine, sessions=sessions(engine), users=users)
    engine.dispose()


def _build(home: Path, url: str) -> dict[str, int]:
    upgrade(url)
    engine = open_engine(url)
    world = World(home=home, url=url, engine=engine, sessions=sessions(engine))
    populate(world)
    engine.dispose()
    return world.users
