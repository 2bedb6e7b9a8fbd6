"""The map: counties, towns and villages with their sizes, and the firms that all villages of a county share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Final

from simulation import names
from simulation.identity import Issuer
from simulation.institutions import (
    Desk,
    Institutions,
    Worker,
    employ,
    found_institutions,
    furnish,
    staff_rows,
)
from simulation.records import Company, CompanyRole, Division, Rows
from simulation.records_wider import Sanction
from simulation.timeline import Period

CITY_CODE: Final = "9901"
TOWNS_A_COUNTY: Final = 20
VILLAGES_A_TOWN: Final = (12, 21)
MEDIAN_HOUSEHOLDS: Final = 98
FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 16, 700
DESERT: Final = (83.0, 39.0)  # longitude and latitude of an uninhabited desert, so that no map misleads

TRADES: Final = {"builder": 14, "supplier": 24, "service": 10, "farm": 6}
"""Firms a county by trade."""


@dataclass(frozen=True, slots=True)
class VillagePlan:
    """What is fixed about a village before anyone lives in it."""

    code: str
    name: str
    town_code: str
    town_name: str
    county_code: str
    terrain: str
    kind: str
    households: int
    price_level: float  # of land and shops, beside the county's mean of 1
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class TownPlan:
    code: str
    name: str
    villages: tuple[VillagePlan, ...]


@dataclass(frozen=True, slots=True)
class CountyPlan:
    code: str
    name: str
    towns: tuple[TownPlan, ...]

    @property
    def villages(self) -> Iterator[VillagePlan]:
        return (village for town in self.towns for village in town.villages)


@dataclass(slots=True)
class Firm:
    """A registered business; its owners live outside the simulated villages unless a village registers it."""

    code: str
    name: str
    trade: str
    desk: Desk | None = None  # of firms that bid
    staff: tuple[Worker, ...] = ()


@dataclass(slots=True)
class Market:
    """The firms of a county by trade, its public bodies, and the issuer of the county's numbers."""

    issuer: Issuer
    public: Institutions
    firms: dict[str, list[Firm]] = field(default_factory=dict)

    def pick(self, trade: str, rnd: Random) -> Firm:
        """A firm of the trade; the first ones of the list win more often."""
        firms = self.firms[trade]
        return firms[min(int(rnd.expovariate(2.5 / len(firms))), len(firms) - 1)]


def plan_counties(villages: int, *, seed: int) -> Iterator[CountyPlan]:
    """Counties of at most 20 towns, one after another, until there are that many villages.

    Household counts are lognormal, with a factor that the villages of a town share: most villages are small
    and a few are several times the median.
    """
    left = villages
    number = 0
    while left > 0:
        number += 1
        county = _plan_county(number, most_villages=left, rnd=Random(f"{seed}:county:{number}"))
        left -= sum(1 for _ in county.villages)
        yield county


def _plan_county(number: int, *, most_villages: int, rnd: Random) -> CountyPlan:
    code = f"{CITY_CODE}{number:02d}"
    taken: set[str] = set()
    towns: list[TownPlan] = []
    left = most_villages
    while left > 0 and len(towns) < TOWNS_A_COUNTY:
        size = min(left, rnd.randint(*VILLAGES_A_TOWN))
        towns.append(_plan_town(len(towns), county_code=code, villages=size, taken=taken, rnd=rnd))
        left -= size
    return CountyPlan(code, f"模拟第{number}县", tuple(towns))


def _plan_town(index: int, *, county_code: str, villages: int, taken: set[str], rnd: Random) -> TownPlan:
    street = index == 0  # the county seat
    town_code = f"{county_code}{1 if street else 99 + index:03d}"
    town_name = names.place_name(rnd, taken=taken, second=names.TOWN_SECOND) + ("街道" if street else "镇")
    terrain = "plain" if street else rnd.choices(["plain", "hill", "mountain"], [4, 4, 2])[0]
    town_size = rnd.lognormvariate(0, 0.25)
    price_level = rnd.lognormvariate(0.3 if street else 0.0, 0.15)
    centre = (DESERT[0] + rnd.uniform(-0.4, 0.4), DESERT[1] + rnd.uniform(-0.3, 0.3))
    village_names: set[str] = set()
    plans = []
    for serial in range(1, villages + 1):
        urban = rnd.random() < (0.6 if street else 0.06)
        households = MEDIAN_HOUSEHOLDS * town_size * rnd.lognormvariate(0, 0.5)
        plans.append(
            VillagePlan(
                code=f"{town_code}{serial if urban else 199 + serial:03d}",
                name=names.place_name(rnd, taken=village_names) + ("社区" if urban else "村"),
                town_code=town_code,
                town_name=town_name,
                county_code=county_code,
                terrain=terrain,
                kind="community" if urban else "village",
                households=round(min(max(households, FEWEST_HOUSEHOLDS), MOST_HOUSEHOLDS)),
                price_level=price_level * rnd.lognormvariate(0, 0.08),
                longitude=round(centre[0] + rnd.gauss(0, 0.03), 5),
                latitude=round(centre[1] + rnd.gauss(0, 0.03), 5),
            )
        )
    return TownPlan(town_code, town_name, tuple(plans))


def open_market(county: CountyPlan, *, rnd: Random, period: Period) -> tuple[Market, Rows]:
    """The county's shared firms with outside owners, as registered before the period, its bodies, and their rows."""
    issuer = Issuer(county.code)
    towns = [(town.code, town.name) for town in county.towns]
    public, units = found_institutions(
        issuer, county=(county.code, county.name), towns=towns, rnd=rnd, start=period.start
    )
    market = Market(issuer, public)
    rows = Rows(division=list(_upper_divisions(county, start=period.start)), unit=units)
    scale = math.sqrt(max(1.0, len(county.towns) / 6))
    for trade, number in TRADES.items():
        market.firms[trade] = [
            _register_firm(market, rows, trade=trade, rnd=rnd, period=period)
            for _ in range(round(number * scale))
        ]
    _punish_firms(market, rows, rnd=rnd, period=period)
    return market, rows


def _punish_firms(market: Market, rows: Rows, *, rnd: Random, period: Period) -> None:
    """A supplier and a builder in a dozen have been punished once: barred from tenders for a year, or fined."""
    for trade, kind in (("builder", "tender_ban"), ("supplier", "administrative")):
        for firm in market.firms[trade][len(market.firms[trade]) // 2 :: 6]:
            decided = date(period.start.year - 2, rnd.randint(1, 12), rnd.randint(1, 28))
            rows.sanction.append(
                Sanction(
                    sanction_no=f"模罚字〔{decided.year}〕{rnd.randrange(10**6):06d}号",
                    subject_id=firm.code,
                    kind=kind,
                    authority="模拟县发展和改革局" if kind == "tender_ban" else "模拟县市场监督管理局",
                    decided_on=decided,
                    starts_on=decided,
                    ends_on=decided.replace(year=decided.year + 1, day=1),
                    amount_fen=rnd.randrange(1_000_000, 10_000_000, 500_000),
                )
            )


def _upper_divisions(county: CountyPlan, *, start: date) -> Iterator[Division]:
    valid_from = date(start.year - 4, 1, 1)
    if county.code.endswith("01"):
        yield Division(division_code="99", name="模拟省", level="province", valid_from=valid_from)
        yield Division(
            division_code=CITY_CODE, name="模拟市", level="city", parent_code="99", valid_from=valid_from
        )
    yield Division(
        division_code=county.code,
        name=county.name,
        level="county",
        parent_code=CITY_CODE,
        valid_from=valid_from,
    )
    for town in county.towns:
        yield Division(
            division_code=town.code,
            name=town.name,
            level="town",
            parent_code=county.code,
            valid_from=valid_from,
        )


def _register_firm(market: Market, rows: Rows, *, trade: str, rnd: Random, period: Period) -> Firm:
    registered = date(period.start.year - rnd.randint(1, 15), rnd.randint(1, 12), rnd.randint(1, 28))
    firm = Firm(
        code=market.issuer.credit_code("91"),
        name=names.firm_name(rnd, trade, place="模拟"),
        trade=trade,
        staff=employ(market.issuer, rnd, trade=trade),
    )
    phone = market.issuer.phone()
    address = f"模拟县工业路{rnd.randint(1, 998)}号{rnd.randint(1, 30)}室"
    desk = furnish(market.issuer, rnd, address=address, phone=phone)
    rows.company.append(
        Company(
            company_id=firm.code,
            name=firm.name,
            kind="company",
            registered_on=registered,
            status="active",
            capital_fen=rnd.choice((10, 50, 100, 200, 500, 1000)) * 1_000_000,
            industry={"builder": "建筑业", "supplier": "批发业", "service": "商务服务业", "farm": "农业"}[
                trade
            ],
            phone_key=phone,
            address=address,
        )
    )
    for role, share in (
        ("legal_representative", rnd.choice((51.0, 60.0, 80.0, 100.0))),
        ("shareholder", None),
    ):
        sex = rnd.choice(("male", "male", "female"))
        birth = date(rnd.randint(1960, 1990), rnd.randint(1, 12), rnd.randint(1, 28))
        owner = market.issuer.id_number(birth=birth, sex=sex)
        rows.company_role.append(
            CompanyRole(
                company_id=firm.code, person_key=owner, role=role, share_percent=share, from_date=registered
            )
        )
    insured, certified = staff_rows(firm.code, firm.staff, rnd=rnd, period=period)
    rows.social_insurance += insured
    rows.certificate += certified
    return replace(firm, desk=desk)
