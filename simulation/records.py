"""The rows of all registers, as the generators and the schemes handle them before they are written.

Field names are the column names of `registers/catalogue/`, in their order; money is integer fen, a month is
the first day of it. `simulation.writer` turns a row into the cells of a sheet; a test keeps both in step.
The registers of the wider circle of departments are in `simulation.records_wider`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date

from simulation.records_wider import (
    Asset,
    Attendance,
    AwardItem,
    BankFlow,
    Bid,
    BidTrace,
    Certificate,
    ContractChange,
    Disability,
    House,
    InsurancePolicy,
    LandCompensation,
    LandParcel,
    MedicalClaim,
    MeetingResolution,
    RentPayment,
    Sanction,
    SocialInsurance,
    Tender,
    Unit,
    Vehicle,
    WiderRecord,
)


@dataclass(slots=True, kw_only=True)
class Division:
    division_code: str
    name: str
    level: str
    parent_code: str | None = None
    kind: str | None = None
    population: int | None = None
    households: int | None = None
    arable_mu: float | None = None
    terrain: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    valid_from: date
    valid_to: date | None = None


@dataclass(slots=True, kw_only=True)
class Person:
    person_key: str
    name: str | None = None
    phone: str | None = None
    sex: str | None = None
    birth_date: date | None = None
    village_code: str
    household_id: str | None = None
    registered_on: date


@dataclass(slots=True, kw_only=True)
class HouseholdMember:
    household_id: str
    person_key: str
    village_code: str
    relation: str | None = None
    from_date: date
    to_date: date | None = None


@dataclass(slots=True, kw_only=True)
class Kinship:
    person_key: str
    relative_key: str
    relation: str
    source: str | None = None
    registered_on: date


@dataclass(slots=True, kw_only=True)
class Death:
    person_key: str
    village_code: str | None = None
    death_date: date
    registered_on: date
    cremated_on: date | None = None
    source: str | None = None


@dataclass(slots=True, kw_only=True)
class Official:
    person_key: str
    village_code: str
    unit_name: str | None = None
    post: str
    managing_authority: str | None = None
    party_member: bool | None = None
    term_start: date
    term_end: date | None = None


@dataclass(slots=True, kw_only=True)
class Payroll:
    person_key: str
    village_code: str | None = None
    unit_name: str
    period: date
    pay_type: str
    amount_fen: int
    standard_fen: int | None = None
    pay_date: date


@dataclass(slots=True, kw_only=True)
class Company:
    company_id: str
    name: str
    kind: str | None = None
    registered_on: date
    status: str
    status_date: date | None = None
    capital_fen: int | None = None
    industry: str | None = None
    village_code: str | None = None
    phone_key: str | None = None
    address: str | None = None


@dataclass(slots=True, kw_only=True)
class CompanyRole:
    company_id: str
    person_key: str
    role: str
    share_percent: float | None = None
    from_date: date
    to_date: date | None = None


@dataclass(slots=True, kw_only=True)
class LedgerEntry:
    village_code: str
    voucher_no: str
    line_no: int
    entry_date: date
    posted_on: date | None = None
    account_code: str | None = None
    account_name: str | None = None
    flow: str
    amount_fen: int
    summary: str | None = None
    counterparty_id: str | None = None
    invoice_no: str | None = None
    invoice_date: date | None = None
    payment_method: str | None = None
    approver_key: str | None = None
    handler_key: str | None = None
    project_id: str | None = None
    contract_id: str | None = None


@dataclass(slots=True, kw_only=True)
class SubsidyProgramme:
    programme_id: str
    name: str
    category: str
    needs_tested: bool
    one_off: bool | None = None
    standard_fen: int | None = None
    standard_unit: str | None = None
    min_age: int | None = None
    exclusive_with: str | None = None
    valid_from: date
    valid_to: date | None = None


@dataclass(slots=True, kw_only=True)
class SubsidyPayment:
    programme_id: str
    person_key: str
    village_code: str
    period: date
    pay_date: date
    amount_fen: int
    quantity: float | None = None
    account_key: str | None = None
    collector_key: str | None = None
    handler_key: str | None = None


@dataclass(slots=True, kw_only=True)
class LabourDay:
    village_code: str
    sheet_no: str
    person_key: str
    work_date: date
    job: str
    half_days: int
    rate_fen: int | None = None
    amount_fen: int
    account_key: str | None = None
    confirmer_key: str | None = None
    confirmed_on: date | None = None
    project_id: str | None = None
    pay_date: date | None = None


@dataclass(slots=True, kw_only=True)
class Project:
    project_id: str
    village_code: str
    name: str
    kind: str | None = None
    funding: str | None = None
    method: str
    contractor_id: str | None = None
    estimate_fen: int | None = None
    contract_fen: int | None = None
    settled_fen: int | None = None
    approved_on: date
    resolution_no: str | None = None
    started_on: date | None = None
    completed_on: date | None = None
    accepted_on: date | None = None
    audited_on: date | None = None


@dataclass(slots=True, kw_only=True)
class Procurement:
    village_code: str
    purchase_no: str
    purchased_on: date
    item_class: str
    description: str | None = None
    method: str
    supplier_id: str
    quantity: float | None = None
    unit: str | None = None
    unit_price_fen: int | None = None
    amount_fen: int
    approver_key: str | None = None
    handler_key: str | None = None
    resolution_no: str | None = None
    accepted_on: date | None = None
    project_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Contract:
    contract_id: str
    village_code: str
    kind: str
    title: str | None = None
    counterparty_id: str
    amount_fen: int | None = None
    signed_on: date
    start_on: date | None = None
    end_on: date | None = None
    method: str | None = None
    resolution_no: str | None = None
    project_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Lease:
    lease_id: str
    village_code: str
    asset_id: str | None = None
    asset_name: str | None = None
    asset_kind: str
    area_mu: float | None = None
    tenant_id: str
    method: str | None = None
    signed_on: date
    start_on: date
    end_on: date
    annual_rent_fen: int | None = None
    paid_until: date | None = None
    exempt_reason: str | None = None
    resolution_no: str | None = None


@dataclass(slots=True, kw_only=True)
class SealUse:
    seal_use_id: str
    village_code: str
    seal: str
    used_on: date
    used_hour: int | None = None
    document_kind: str
    purpose: str | None = None
    approver_key: str | None = None
    approved_on: date | None = None
    keeper_key: str | None = None
    resolution_no: str | None = None
    resolution_on: date | None = None
    contract_id: str | None = None
    blank: bool | None = None
    off_site: bool | None = None


Record = (
    Division | Person | HouseholdMember | Kinship | Death | Official | Payroll | Company | CompanyRole
    | LedgerEntry | SubsidyProgramme | SubsidyPayment | LabourDay | Project | Procurement | Contract
    | Lease | SealUse | WiderRecord
)  # fmt: skip


@dataclass(slots=True)
class Rows:
    """The rows of one village (or of one county's shared part), by register."""

    division: list[Division] = field(default_factory=list)
    person: list[Person] = field(default_factory=list)
    household_member: list[HouseholdMember] = field(default_factory=list)
    kinship: list[Kinship] = field(default_factory=list)
    death: list[Death] = field(default_factory=list)
    official: list[Official] = field(default_factory=list)
    payroll: list[Payroll] = field(default_factory=list)
    company: list[Company] = field(default_factory=list)
    company_role: list[CompanyRole] = field(default_factory=list)
    ledger_entry: list[LedgerEntry] = field(default_factory=list)
    subsidy_programme: list[SubsidyProgramme] = field(default_factory=list)
    subsidy_payment: list[SubsidyPayment] = field(default_factory=list)
    labour_day: list[LabourDay] = field(default_factory=list)
    project: list[Project] = field(default_factory=list)
    procurement: list[Procurement] = field(default_factory=list)
    contract: list[Contract] = field(default_factory=list)
    lease: list[Lease] = field(default_factory=list)
    seal_use: list[SealUse] = field(default_factory=list)
    unit: list[Unit] = field(default_factory=list)
    disability: list[Disability] = field(default_factory=list)
    social_insurance: list[SocialInsurance] = field(default_factory=list)
    attendance: list[Attendance] = field(default_factory=list)
    certificate: list[Certificate] = field(default_factory=list)
    vehicle: list[Vehicle] = field(default_factory=list)
    house: list[House] = field(default_factory=list)
    bank_flow: list[BankFlow] = field(default_factory=list)
    asset: list[Asset] = field(default_factory=list)
    rent_payment: list[RentPayment] = field(default_factory=list)
    land_parcel: list[LandParcel] = field(default_factory=list)
    land_compensation: list[LandCompensation] = field(default_factory=list)
    contract_change: list[ContractChange] = field(default_factory=list)
    meeting_resolution: list[MeetingResolution] = field(default_factory=list)
    tender: list[Tender] = field(default_factory=list)
    bid: list[Bid] = field(default_factory=list)
    bid_trace: list[BidTrace] = field(default_factory=list)
    medical_claim: list[MedicalClaim] = field(default_factory=list)
    insurance_policy: list[InsurancePolicy] = field(default_factory=list)
    sanction: list[Sanction] = field(default_factory=list)
    award_item: list[AwardItem] = field(default_factory=list)

    def by_register(self) -> Iterator[tuple[str, list[Record]]]:
        """Every register's id with its rows."""
        for slot in fields(self):
            yield slot.name, getattr(self, slot.name)


REGISTERS: tuple[str, ...] = tuple(slot.name for slot in fields(Rows))
