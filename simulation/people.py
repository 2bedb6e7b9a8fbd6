"""Who lives in the village: families of brothers and sisters, their households, and who is whose kin."""

from __future__ import annotations

import math
from datetime import date
from random import Random
from typing import Final

from simulation import names
from simulation.records import Death, HouseholdMember, Kinship, Person
from simulation.timeline import after
from simulation.village import Household, Resident, Village

INVERSE: Final = {
    "spouse": "spouse",
    "parent": "child",
    "child": "parent",
    "sibling": "sibling",
    "grandparent": "grandchild",
    "grandchild": "grandparent",
    "in_law": "in_law",
}
MOTHER_AGE: Final = (20, 34)
MU_PER_PERSON: Final = {"plain": 1.3, "hill": 1.0, "mountain": 0.7}


class Settlement:
    """Fills a village with people, family by family."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.rnd: Random = village.rnd
        self.today = village.period.start
        self.daughters: list[tuple[Resident, list[Resident]]] = []  # may marry in the village; with siblings
        weights = [1 / (rank + 1) for rank in range(self.rnd.randint(3, 8))]
        self.clans = ([names.surname(self.rnd) for _ in weights], weights)

    def settle(self) -> None:
        target = self.village.plan.households
        while len(self.village.households) < target:
            self._family(room=target - len(self.village.households))
        _namesakes(self.village)
        _mortality(self.village)
        for household in self.village.households:
            people = len(household.members)
            mu = people * MU_PER_PERSON[self.village.plan.terrain] * self.rnd.uniform(0.6, 1.4)
            household.holding_mu = 0.0 if self.village.plan.kind == "community" else round(mu, 2)

    def _family(self, *, room: int) -> None:
        """One to four grown siblings, each the root of a household or married into one, and their parents."""
        clan = self.rnd.choices(*self.clans)[0]
        eldest = self.today.year - self.rnd.randint(26, 72)
        count = self.rnd.choices((1, 2, 3, 4), (40, 32, 19, 9))[0]
        siblings: list[Resident] = []
        daughters: list[Resident] = []
        for turn in range(count):
            born = min(eldest + turn * self.rnd.randint(1, 4), self.today.year - 22)
            if room - (len(siblings) - len(daughters)) > 0 and (turn == 0 or self.rnd.random() < 0.72):
                siblings.append(self._household(clan, born=born))
            elif siblings:
                elsewhere = Household("", clan, wealth=0.5)
                daughter = self._resident(clan, sex="female", born=born, household=elsewhere)
                siblings.append(daughter)
                daughters.append(daughter)
        for i, one in enumerate(siblings):
            for other in siblings[i + 1 :]:
                self._tie(one, other, "sibling")
        self.daughters += [(daughter, siblings) for daughter in daughters]
        if self.rnd.random() < 0.55:
            self._parents(siblings, daughters, eldest=eldest)

    def _household(self, clan: str, *, born: int) -> Resident:
        """A household with head, usually a spouse, and their children; returns the head."""
        number = len(self.village.households) + 1
        household = Household(f"{self.village.code}{number:04d}", clan, wealth=self.rnd.random())
        self.village.households.append(household)
        head = self._resident(
            clan, sex="male" if self.rnd.random() < 0.9 else "female", born=born, household=household
        )
        household.members.append((head, "head"))
        spouse = self._spouse(head, born=born) if self.rnd.random() < 0.86 else None
        if spouse is not None:
            household.members.append((spouse, "spouse"))
            self._tie(head, spouse, "spouse")
        for child in self._children(head, mother_born=born + self.rnd.randint(-3, 3)):
            household.members.append((child, "child"))
            self._tie(head, child, "child")
            if spouse is not None:
                self._tie(spouse, child, "child")
        return head

    def _spouse(self, head: Resident, *, born: int) -> Resident:
        """A daughter of the village of fitting age, if there is one, else someone from elsewhere."""
        for index, (daughter, siblings) in enumerate(self.daughters):
            fits = head.sex == "male" and abs(daughter.birth.year - born) <= 6
            if fits and head not in siblings and self.rnd.random() < 0.7:
                del self.daughters[index]
                daughter.household = head.household
                for sibling in siblings:
                    if sibling is not daughter:
                        self._tie(head, sibling, "in_law")
                return daughter
        sex = "female" if head.sex == "male" else "male"
        age = born + self.rnd.randint(-4, 4)
        return self._resident(names.surname(self.rnd), sex=sex, born=age, household=head.household)

    def _children(self, head: Resident, *, mother_born: int) -> list[Resident]:
        children = []
        for _ in range(self.rnd.choices((0, 1, 2, 3), (18, 38, 34, 10))[0]):
            born = mother_born + self.rnd.randint(*MOTHER_AGE)
            stays = self.today.year - born < 26 or self.rnd.random() < 0.3
            if born < self.today.year and stays:
                sex = self.rnd.choice(("male", "female"))
                child = self._resident(head.household.surname, sex=sex, born=born, household=head.household)
                children.append(child)
                if self.rnd.random() < 0.012:
                    children.append(self._twin(child))
        return children

    def _twin(self, child: Resident) -> Resident:
        """A second child with the same day of birth: the ID numbers differ in the last digits alone."""
        twin = self._resident(child.name[0], sex=child.sex, born=child.birth.year, household=child.household)
        issuer = self.village.market.issuer
        twin.birth, twin.id_number = child.birth, issuer.id_number(birth=child.birth, sex=child.sex)
        return twin

    def _parents(self, siblings: list[Resident], daughters: list[Resident], *, eldest: int) -> None:
        """One or two old parents in the household of one of the heads."""
        heads = [sibling for sibling in siblings if sibling not in daughters]
        host = self.rnd.choice(heads).household
        born = eldest - self.rnd.randint(21, 29)
        couple: list[Resident] = []
        for sex, chance in (("female", 0.9), ("male", 0.7)):
            age = self.today.year - born
            if age <= 99 and self.rnd.random() < chance * (1.15 - age / 110):
                clan = host.surname if sex == "male" else names.surname(self.rnd)
                couple.append(self._resident(clan, sex=sex, born=born, household=host))
        if len(couple) == 2:
            self._tie(couple[0], couple[1], "spouse")
        for parent in couple:
            host.members.append((parent, "parent"))
            for sibling in siblings:
                self._tie(sibling, parent, "parent")
            for child, relation in host.members:
                if relation == "child":
                    self._tie(child, parent, "grandparent")

    def _resident(self, clan: str, *, sex: str, born: int, household: Household) -> Resident:
        birth = date(born, self.rnd.randint(1, 12), self.rnd.randint(1, 28))
        issuer = self.village.market.issuer
        return Resident(
            id_number=issuer.id_number(birth=birth, sex=sex),
            name=clan + names.given_name(self.rnd),
            sex=sex,
            birth=birth,
            account=issuer.account(),
            household=household,
        )

    def _tie(self, one: Resident, other: Resident, relation: str) -> None:
        """`other` is the `relation` of `one`; also the other way round."""
        ties = self.village.ties
        ties.setdefault(one.id_number, []).append((other, relation))
        ties.setdefault(other.id_number, []).append((one, INVERSE[relation]))


def settle(village: Village) -> None:
    """People, families and the land that they hold."""
    Settlement(village).settle()


def pass_away(village: Village, resident: Resident, *, died: date) -> None:
    """Somebody dies on that day: whatever the registers have of them afterwards is taken back."""
    resident.died = died
    person, rows = resident.id_number, village.rows
    rows.subsidy_payment = [r for r in rows.subsidy_payment if r.person_key != person or r.period <= died]
    rows.medical_claim = [
        r for r in rows.medical_claim if r.person_key != person or (r.discharged_on or r.admitted_on) <= died
    ]
    rows.insurance_policy = [
        r for r in rows.insurance_policy if r.insured_id != person or r.signed_on <= died
    ]
    rows.land_compensation = [
        r for r in rows.land_compensation if r.person_key != person or r.agreed_on <= died
    ]
    rows.labour_day = [r for r in rows.labour_day if r.person_key != person or r.work_date <= died]
    rows.sanction = [r for r in rows.sanction if r.subject_id != person or r.decided_on <= died]


def _namesakes(village: Village) -> None:
    """Some people share a name with a neighbour: a coincidence that matching by name would trip over."""
    residents = list(village.residents)
    for resident in residents:
        if village.rnd.random() < 0.01:
            resident.name = resident.name[0] + village.rnd.choice(residents).name[1:]


def _mortality(village: Village) -> None:
    """Deaths in the period by a hazard that grows with age (about 0.2 % a year at 40, 9 % at 80)."""
    for resident in village.residents:
        for year in village.period.years():
            years = year - resident.birth.year
            if years > 0 and village.rnd.random() < min(0.5, 0.00004 * math.exp(0.096 * years)):
                day = date(year, village.rnd.randint(1, 12), village.rnd.randint(1, 28))
                if day in village.period:
                    resident.died = day
                break


def register_people(village: Village) -> None:
    """Rows of the registers person, household_member, kinship and death."""
    rnd, rows, start = village.rnd, village.rows, village.period.start
    for household in village.households:
        for resident, relation in household.members:
            registered = max(resident.birth, date(start.year - rnd.randint(1, 30), rnd.randint(1, 12), 1))
            grown = resident.age(start) >= 18
            rows.person.append(
                Person(
                    person_key=resident.id_number,
                    name=resident.name,
                    phone=village.market.issuer.phone() if grown and rnd.random() < 0.6 else None,
                    sex=resident.sex,
                    birth_date=resident.birth,
                    village_code=village.code,
                    household_id=household.id,
                    registered_on=registered,
                )
            )
            rows.household_member.append(
                HouseholdMember(
                    household_id=household.id,
                    person_key=resident.id_number,
                    village_code=village.code,
                    relation=relation,
                    from_date=registered,
                )
            )
            _register_kin(village, resident, on=date(start.year - rnd.randint(1, 8), rnd.randint(1, 12), 1))
            if resident.died is not None:
                _register_death(village, resident, died=resident.died)


def _register_kin(village: Village, resident: Resident, *, on: date) -> None:
    seen = set()
    for relative, relation in village.ties.get(resident.id_number, ()):
        if relative.id_number not in seen:
            seen.add(relative.id_number)
            village.rows.kinship.append(
                Kinship(
                    person_key=resident.id_number,
                    relative_key=relative.id_number,
                    relation=relation,
                    source="户籍登记",
                    registered_on=max(on, resident.birth, relative.birth),
                )
            )


def _register_death(village: Village, resident: Resident, *, died: date) -> None:
    """Most deaths are registered within a month, one in eight takes up to seven."""
    rnd = village.rnd
    late = rnd.random() < 0.12
    registered = resident.death_known or after(rnd, died, least=40 if late else 2, most=210 if late else 28)
    if registered in village.period:
        cremated = after(rnd, died, least=2, most=5)
        village.rows.death.append(
            Death(
                person_key=resident.id_number,
                village_code=village.code,
                death_date=died,
                registered_on=registered,
                cremated_on=cremated if rnd.random() < 0.85 else None,
                source=rnd.choice(("公安户籍注销", "民政殡葬火化", "卫健死亡证明")),
            )
        )
