"""Bodies that all villages of a county share: bureaus, town governments, hospitals, insurers; and firms' staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Final

from simulation.identity import Issuer
from simulation.records_wider import Certificate, SocialInsurance, Unit
from simulation.timeline import Period, day_in, next_month

BUREAUS: Final = ("交通运输局", "水利局", "农业农村局", "教育局", "住房和城乡建设局", "自然资源和规划局")
HOSPITALS: Final = ("人民医院", "中医院")
INSURERS: Final = ("财产保险股份有限公司", "农业保险股份有限公司", "联合保险股份有限公司")
AGENTS_AN_INSURER: Final = 6
STAFF: Final = {
    "builder": ("constructor", "constructor", "safety", "technical"),
    "supplier": ("other", "other"),
    "service": ("cost", "other"),
    "farm": ("other",),
}
"""Insured staff of a firm by trade, by certificate."""
INSURED_SHARE: Final = {"builder": 1.0, "supplier": 0.5, "service": 0.6, "farm": 0.2}
CERTIFICATE_NAMES: Final = {"constructor": "JZ", "safety": "AQ", "technical": "GC", "cost": "ZJ"}


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody employed by a firm; `role` is the certificate held, or `other`."""

    id_number: str
    role: str
    phone: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What a firm leaves behind when it sends in a bid: its computer, network, author name, price software."""

    address: str
    phone: str
    device: str
    network: str
    author: str
    lock: str
    agent: str  # ID number of whoever hands in the bid


@dataclass(frozen=True, slots=True)
class Body:
    """A public body, hospital or insurer with the people who act for it: doctors, agents."""

    code: str
    name: str
    people: tuple[str, ...] = ()


@dataclass(slots=True)
class Institutions:
    """`towns` and `clinics` are keyed by the town's division code."""

    bureaus: list[Body] = field(default_factory=list)
    towns: dict[str, Body] = field(default_factory=dict)
    clinics: dict[str, Body] = field(default_factory=dict)
    hospitals: list[Body] = field(default_factory=list)
    insurers: list[Body] = field(default_factory=list)


def outsider(issuer: Issuer, rnd: Random, *, born: tuple[int, int] = (1966, 1996)) -> str:
    """The ID number of a grown person who lives in none of the simulated villages."""
    birth = date(rnd.randint(*born), rnd.randint(1, 12), rnd.randint(1, 28))
    return issuer.id_number(birth=birth, sex=rnd.choice(("male", "male", "female")))


def found_institutions(
    issuer: Issuer, *, county: tuple[str, str], towns: list[tuple[str, str]], rnd: Random, start: date
) -> tuple[Institutions, list[Unit]]:
    """The bodies of a county and their rows; `county` and `towns` are pairs of division code and name."""
    made = Institutions()
    units: list[Unit] = []

    def enter(prefix: str, name: str, kind: str, where: str, *, posts: int, parent: str | None = None) -> str:
        code = issuer.credit_code(prefix)
        established = date(start.year - rnd.randint(8, 30), rnd.randint(1, 12), 1)
        units.append(
            Unit(unit_id=code, name=name, kind=kind, division_code=where, parent_unit_id=parent,
                 headcount=posts, established_on=established)
        )  # fmt: skip
        return code

    for name in BUREAUS:
        code = enter("11", county[1] + name, "government", county[0], posts=rnd.randint(20, 60))
        made.bureaus.append(Body(code, county[1] + name))
    for name in HOSPITALS:
        code = enter("12", county[1] + name, "medical", county[0], posts=rnd.randint(200, 500))
        made.hospitals.append(Body(code, county[1] + name, tuple(outsider(issuer, rnd) for _ in range(12))))
    for where, name in towns:
        town = enter("11", f"{name}人民政府", "government", where, posts=rnd.randint(35, 80))
        made.towns[where] = Body(town, f"{name}人民政府")
        enter("12", f"{name}中心小学", "school", where, posts=rnd.randint(20, 70), parent=town)
        clinic = enter("12", f"{name}卫生院", "medical", where, posts=rnd.randint(15, 50), parent=town)
        made.clinics[where] = Body(clinic, f"{name}卫生院", tuple(outsider(issuer, rnd) for _ in range(4)))
    for name in INSURERS:
        agents = tuple(outsider(issuer, rnd) for _ in range(AGENTS_AN_INSURER))
        made.insurers.append(Body(issuer.credit_code("91"), f"模拟{name}", agents))
    return made, units


def furnish(issuer: Issuer, rnd: Random, *, address: str, phone: str, agent: str | None = None) -> Desk:
    """A desk of its own for a firm; without `agent` somebody from outside hands in the bids."""
    device = "-".join(f"{rnd.randrange(256):02X}" for _ in range(6))
    return Desk(
        address=address,
        phone=phone,
        device=device,
        network=f"100.{rnd.randint(64, 127)}.{rnd.randrange(256)}.{rnd.randint(1, 254)}",
        author=f"user{rnd.randrange(10**5):05d}",
        lock=f"JS{rnd.randrange(10**8):08d}",
        agent=agent or outsider(issuer, rnd),
    )


def employ(issuer: Issuer, rnd: Random, *, trade: str) -> tuple[Worker, ...]:
    """The staff of a firm: builders must have certified people, many small firms insure nobody."""
    if rnd.random() >= INSURED_SHARE[trade]:
        return ()
    return tuple(Worker(outsider(issuer, rnd), role, issuer.phone()) for role in STAFF[trade])


def insure(
    payer: str, person: str, *, rnd: Random, first: date, last: date, end: date
) -> list[SocialInsurance]:
    """Monthly pension contributions of an employer for one person, each paid in the month after, up to `end`."""
    base = rnd.randrange(400_000, 800_000, 10_000)
    rows = []
    month = first.replace(day=1)
    while month <= last:
        paid_on = day_in(rnd, next_month(month), first=5, last=20)
        if paid_on <= end:
            rows.append(
                SocialInsurance(payer_id=payer, person_key=person, kind="pension_employee", period=month,
                                base_fen=base, paid_on=paid_on)
            )  # fmt: skip
        month = next_month(month)
    return rows


def staff_rows(
    firm: str, staff: tuple[Worker, ...], *, rnd: Random, period: Period
) -> tuple[list[SocialInsurance], list[Certificate]]:
    """Contributions and certificates of a firm's staff through the period."""
    insured: list[SocialInsurance] = []
    certified: list[Certificate] = []
    for worker in staff:
        insured += insure(
            firm, worker.id_number, rnd=rnd, first=period.start, last=period.end, end=period.end
        )
        if worker.role in CERTIFICATE_NAMES:
            certified.append(certify(firm, worker, rnd=rnd, period=period))
    return insured, certified


def certify(firm: str, worker: Worker, *, rnd: Random, period: Period) -> Certificate:
    return Certificate(
        certificate_no=f"{CERTIFICATE_NAMES[worker.role]}99{rnd.randrange(10**9):09d}",
        person_key=worker.id_number,
        kind=worker.role,
        company_id=firm,
        registered_on=date(period.start.year - rnd.randint(1, 4), rnd.randint(1, 12), rnd.randint(1, 28)),
        valid_to=date(period.end.year + rnd.randint(1, 3), 12, 31),
    )
