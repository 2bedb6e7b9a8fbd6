"""The rows of the registers of the wider circle of departments: banks, courts, hospitals, land, tenders.

As `simulation.records`: field names are the columns of `registers/catalogue/`, in their order; money is integer fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(slots=True, kw_only=True)
class Unit:
    unit_id: str
    name: str
    kind: str
    division_code: str
    parent_unit_id: str | None = None
    headcount: int | None = None
    established_on: date
    abolished_on: date | None = None


@dataclass(slots=True, kw_only=True)
class Disability:
    person_key: str
    village_code: str | None = None
    category: str
    grade: int
    certified_on: date
    valid_to: date | None = None
    status: str | None = None
    status_date: date | None = None


@dataclass(slots=True, kw_only=True)
class SocialInsurance:
    payer_id: str
    person_key: str
    kind: str
    period: date
    base_fen: int | None = None
    paid_on: date


@dataclass(slots=True, kw_only=True)
class Attendance:
    person_key: str
    village_code: str
    unit_name: str | None = None
    work_date: date
    status: str
    in_hour: int | None = None
    source: str
    recorder_key: str | None = None


@dataclass(slots=True, kw_only=True)
class Certificate:
    certificate_no: str
    person_key: str
    kind: str
    company_id: str
    registered_on: date
    left_on: date | None = None
    valid_to: date | None = None


@dataclass(slots=True, kw_only=True)
class Vehicle:
    vehicle_id: str
    owner_id: str
    kind: str
    price_fen: int | None = None
    commercial: bool | None = None
    registered_on: date
    transferred_on: date | None = None


@dataclass(slots=True, kw_only=True)
class House:
    house_id: str
    owner_id: str
    village_code: str | None = None
    kind: str
    area_m2: float | None = None
    price_fen: int | None = None
    danger_grade: str | None = None
    assessed_on: date | None = None
    rebuilt_on: date | None = None
    registered_on: date
    transferred_on: date | None = None


@dataclass(slots=True, kw_only=True)
class BankFlow:
    account_key: str
    flow_no: str
    village_code: str
    flow_on: date
    direction: str
    amount_fen: int
    balance_fen: int | None = None
    channel: str | None = None
    counterparty_id: str | None = None
    counterparty_account_key: str | None = None
    summary: str | None = None


@dataclass(slots=True, kw_only=True)
class Asset:
    asset_id: str
    village_code: str
    name: str
    kind: str
    area_mu: float | None = None
    original_fen: int | None = None
    acquired_on: date
    status: str
    status_date: date | None = None
    disposed_on: date | None = None
    appraised_fen: int | None = None
    disposed_fen: int | None = None
    disposal_method: str | None = None
    buyer_id: str | None = None
    resolution_no: str | None = None


@dataclass(slots=True, kw_only=True)
class RentPayment:
    lease_id: str
    receipt_no: str
    village_code: str
    paid_on: date
    amount_fen: int
    payer_id: str | None = None
    payment_method: str | None = None
    collector_key: str | None = None
    period_end: date | None = None


@dataclass(slots=True, kw_only=True)
class LandParcel:
    parcel_id: str
    village_code: str
    owner_kind: str
    contractor_key: str | None = None
    household_id: str | None = None
    land_use: str
    area_mu: float
    registered_on: date
    ended_on: date | None = None


@dataclass(slots=True, kw_only=True)
class LandCompensation:
    compensation_no: str
    village_code: str
    taking_id: str
    person_key: str | None = None
    household_id: str | None = None
    parcel_id: str | None = None
    house_id: str | None = None
    item: str
    quantity: float | None = None
    unit: str | None = None
    unit_price_fen: int | None = None
    amount_fen: int
    agreed_on: date
    paid_on: date | None = None
    account_key: str | None = None
    measurer_key: str | None = None
    published_on: date | None = None


@dataclass(slots=True, kw_only=True)
class ContractChange:
    contract_id: str
    change_no: str
    village_code: str
    changed_on: date
    kind: str
    before_fen: int | None = None
    after_fen: int | None = None
    before_end: date | None = None
    after_end: date | None = None
    new_party_id: str | None = None
    reason: str | None = None
    resolution_no: str | None = None


@dataclass(slots=True, kw_only=True)
class MeetingResolution:
    village_code: str
    resolution_no: str
    held_on: date
    kind: str
    matter: str
    title: str | None = None
    eligible: int | None = None
    present: int | None = None
    in_favour: int | None = None
    amount_fen: int | None = None
    published_on: date | None = None
    recorder_key: str | None = None


@dataclass(slots=True, kw_only=True)
class Tender:
    tender_id: str
    village_code: str
    buyer_id: str
    agency_id: str | None = None
    title: str | None = None
    category: str | None = None
    item_class: str | None = None
    method: str
    method_details: str | None = None
    criterion: str | None = None
    estimate_fen: int | None = None
    published_on: date
    deadline_on: date | None = None
    status: str | None = None
    awarded_on: date | None = None
    award_fen: int | None = None
    project_id: str | None = None
    bidders: int | None = None
    notice_days: int | None = None
    awards: int | None = None
    winners: int | None = None
    award_status: str | None = None
    currency: str | None = None


@dataclass(slots=True, kw_only=True)
class Bid:
    tender_id: str
    bid_no: str
    bidder_id: str
    submitted_on: date
    amount_fen: int | None = None
    status: str
    decided_on: date | None = None
    rank: int | None = None
    won: bool | None = None
    deposit_account_key: str | None = None
    members: int | None = None
    minutes_late: int | None = None


@dataclass(slots=True, kw_only=True)
class BidTrace:
    tender_id: str
    bidder_id: str
    kind: str
    trace_no: int
    person_key: str | None = None
    phone_key: str | None = None
    value: str | None = None
    recorded_on: date


@dataclass(slots=True, kw_only=True)
class MedicalClaim:
    claim_id: str
    person_key: str
    village_code: str
    institution_id: str
    kind: str
    admitted_on: date
    discharged_on: date | None = None
    settled_on: date
    total_fen: int
    fund_fen: int
    diagnosis: str | None = None
    doctor_key: str | None = None
    operator_key: str | None = None


@dataclass(slots=True, kw_only=True)
class InsurancePolicy:
    policy_no: str
    insured_id: str
    village_code: str
    kind: str
    insurer_id: str | None = None
    agent_key: str | None = None
    quantity: float | None = None
    premium_fen: int
    subsidy_fen: int | None = None
    signed_on: date
    start_on: date | None = None
    end_on: date | None = None
    payer_id: str | None = None
    loss_on: date | None = None
    claim_paid_on: date | None = None
    claim_fen: int | None = None
    claim_account_key: str | None = None


@dataclass(slots=True, kw_only=True)
class Sanction:
    sanction_no: str
    subject_id: str
    kind: str
    authority: str | None = None
    decided_on: date
    starts_on: date | None = None
    ends_on: date | None = None
    amount_fen: int | None = None
    reported_on: date | None = None


@dataclass(slots=True, kw_only=True)
class AwardItem:
    tender_id: str
    award_no: str
    supplier_id: str
    item_class: str
    awarded_on: date
    suppliers: int | None = None


WiderRecord = (
    Unit | Disability | SocialInsurance | Attendance | Certificate | Vehicle
    | House | BankFlow | Asset | RentPayment | LandParcel | LandCompensation
    | ContractChange | MeetingResolution | Tender | Bid | BidTrace | MedicalClaim
    | InsurancePolicy | Sanction | AwardItem
)  # fmt: skip
