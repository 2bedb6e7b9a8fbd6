"""One village while it is being made: its people and their ties, its officials, its rows, its truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as given
from datetime import date
from random import Random

from simulation.county import Firm, Market, VillagePlan
from simulation.records import LedgerEntry, Record, Rows
from simulation.records_wider import BankFlow
from simulation.timeline import Period, age


@dataclass(slots=True, eq=False)
class Resident:
    id_number: str
    name: str
    sex: str
    birth: date
    account: str
    household: Household = given(repr=False)
    died: date | None = None
    death_known: date | None = None  # when the death was registered, where that is fixed

    def alive(self, on: date) -> bool:
        return self.died is None or self.died > on

    def age(self, on: date) -> int:
        return age(self.birth, on)


@dataclass(slots=True, eq=False)
class Household:
    """People under one roof. `wealth` is uniform in (0, 1): below 0.06 is truly poor.

    A household without an id is somewhere outside the village: a married sister's.
    """

    id: str
    surname: str
    wealth: float
    holding_mu: float = 0.0
    members: list[tuple[Resident, str]] = given(default_factory=list)  # with the relation to the head

    @property
    def head(self) -> Resident:
        return self.members[0][0]

    @property
    def residents(self) -> Iterator[Resident]:
        return (resident for resident, _ in self.members)


@dataclass(slots=True, frozen=True)
class Post:
    """A post held by a resident from `start` to `end` (None: still held)."""

    resident: Resident
    post: str
    start: date
    end: date | None = None

    def held(self, on: date) -> bool:
        return self.start <= on and (self.end is None or on <= self.end)


@dataclass(slots=True)
class Truth:
    """What really happened: a planted scheme or an innocent coincidence, and the rows that show it.

    `register_rows` pairs a register id with a row; the keys are read from the rows when the truth is written,
    so they carry final voucher numbers. `conspicuous` in (0, 1) is how much of it a passer-by can notice.
    """

    scheme: str
    kind: str  # scheme | innocent
    first_on: date
    last_on: date
    amount_fen: int
    officials: tuple[Resident, ...] = ()
    subjects: tuple[str, ...] = ()  # ID numbers and credit codes concerned
    field: str = ""  # one of the 14 fields of supervision; empty for a coincidence
    register_rows: list[tuple[str, Record]] = given(default_factory=list)
    conspicuous: float = 0.0


@dataclass(slots=True)
class Village:
    plan: VillagePlan
    period: Period
    market: Market
    rnd: Random
    sloppiness: float = 0.0  # 0 to 1: how often honest people here skip a step
    rows: Rows = given(default_factory=Rows)
    households: list[Household] = given(default_factory=list)
    ties: dict[str, list[tuple[Resident, str]]] = given(default_factory=dict)
    posts: list[Post] = given(default_factory=list)
    shops: list[Firm] = given(default_factory=list)
    collective: Firm | None = None
    entries: list[LedgerEntry] = given(default_factory=list)  # not numbered yet
    truth: list[Truth] = given(default_factory=list)
    worked: set[tuple[str, date]] = given(default_factory=set)  # who already has work on a day
    serials: dict[str, int] = given(default_factory=dict)
    account: str = ""  # of the collective, at the bank
    bank_lines: list[BankFlow] = given(default_factory=list)  # without an entry in the ledger
    agents: list[tuple[str, str]] = given(default_factory=list)  # insurer and ID number of who sells here

    @property
    def code(self) -> str:
        return self.plan.code

    @property
    def residents(self) -> Iterator[Resident]:
        return (resident for household in self.households for resident in household.residents)

    def kin(self, resident: Resident) -> list[tuple[Resident, str]]:
        """Relatives in the village with what they are to the resident, those of other households first."""
        ties = self.ties.get(resident.id_number, [])
        return sorted(ties, key=lambda tie: tie[0].household is resident.household)

    def kin_apart(self, resident: Resident) -> list[Resident]:
        """Relatives who live in other households of the village, grown up and alive all the time."""
        return [
            relative
            for relative, _ in self.kin(resident)
            if relative.household.id not in ("", resident.household.id)
            and relative.died is None
            and relative.age(self.period.start) >= 18
        ]

    def slips(self, chance: float) -> bool:
        """Whether somebody forgets a step just now; `chance` is that of a village that is sloppy in all it does."""
        return self.rnd.random() < chance * self.sloppiness

    def holder(self, post: str, on: date) -> Resident:
        """Who held the post that day; the secretary when nobody did."""
        secretary = self.posts[0].resident
        for held in self.posts:
            if held.held(on):
                if held.post == post:
                    return held.resident
                if held.post == "secretary":
                    secretary = held.resident
        return secretary

    def official_ids(self) -> set[str]:
        return {post.resident.id_number for post in self.posts}

    def serial(self, series: str, *, year: int) -> str:
        """The next number of a series of documents, such as `HT-2024-007`."""
        name = f"{series}-{year}"
        self.serials[name] = self.serials.get(name, 0) + 1
        return f"{name}-{self.serials[name]:03d}"

    def document(self, series: str, *, year: int) -> str:
        """As `serial`, but unique in the county: the village's code is in it."""
        return f"{self.code[4:]}-{self.serial(series, year=year)}"
