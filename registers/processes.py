"""A contracting process of OCDS as rows of the registers tender, bid, award_item and contract.

Pure: one release in, rows of text out, column by column as a department's sheet would have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from registers.values import BadValue, parse_credit_code, parse_id_number

Row = dict[str, str]

FINAL_AWARDS: Final = frozenset({"active", "cancelled", "unsuccessful"})
METHODS: Final = frozenset({"open", "selective", "limited", "direct"})
CATEGORIES: Final[Mapping[str, str]] = {"works": "works", "goods": "goods", "services": "services"}
CONTRACT_KINDS: Final[Mapping[str, str]] = {"works": "works", "goods": "purchase", "services": "service"}
CONTRACT_METHODS: Final[Mapping[str, str]] = {
    "open": "tender", "selective": "tender", "limited": "inquiry", "direct": "direct",
}  # fmt: skip
PRICE_ONLY: Final = frozenset({"priceOnly", "costOnly", "lowestCost"})
TENDER_STATUSES: Final[Mapping[str, str]] = {
    "complete": "complete", "unsuccessful": "unsuccessful", "cancelled": "cancelled", "withdrawn": "cancelled",
}  # fmt: skip
MINOR_DIGITS: Final[Mapping[str, int]] = dict.fromkeys(
    ("CLP", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""Digits of the minor unit (ISO 4217) where they are not two."""

MIXED_CURRENCIES: Final = "同一招标有多种币种，金额不能比较，未导入金额"
NO_CURRENCY: Final = "金额没有币种，未导入金额"
FOREIGN: Final = "外币招标，金额按该币种的最小单位记，不是人民币分"
FOREIGN_CONTRACT: Final = "外币合同，未导入金额"
UNNAMED_LOTS: Final = "分多个标段而投标或中标没有各写明一个标段，报价不能比较，未导入金额"
INVITED: Final = "只是受邀、没有投标的记录，未导入"
UNSIGNED: Final = "尚未签订或已取消的合同，未导入"


@dataclass(frozen=True)
class Note:
    """Something that the reader of the import report must know; equal notes are counted."""

    text: str


@dataclass(frozen=True)
class Process:
    """One contracting process, or one lot of it."""

    tender_id: str
    release: Mapping[str, Any]
    bids: list[dict[str, Any]]
    awards: list[dict[str, Any]]
    items: list[dict[str, Any]]
    lot: Mapping[str, Any]
    comparable: bool
    first: bool  # of the parts of its release; the contracts belong to it

    @property
    def tender(self) -> dict[str, Any]:
        return _object(self.release, "tender")

    @property
    def period(self) -> dict[str, Any]:
        return _object(self.tender, "tenderPeriod")

    @property
    def active(self) -> list[dict[str, Any]]:
        return [award for award in self.awards if award.get("status") == "active"]

    @cached_property
    def value(self) -> dict[str, Any]:
        """The estimate: of the lot, if the process has several parts."""
        return _object(self.lot, "value") or ({} if self.lot else _object(self.tender, "value"))

    @cached_property
    def winners(self) -> set[str]:
        """The suppliers of the active awards."""
        return {party for award in self.active for party in self.parties(award, "suppliers")}

    @cached_property
    def currencies(self) -> list[str]:
        """The currencies of all amounts, without repetition."""
        values = [self.value, *(_object(part, "value") for part in (*self.bids, *self.awards))]
        return sorted(
            {_text(value.get("currency")) for value in values if value.get("amount") is not None} - {""}
        )

    @property
    def decided_on(self) -> str:
        return max((_day(award.get("date")) for award in self.awards), default="")

    def amount(self, value: Mapping[str, Any]) -> str:
        """An amount as text, of which a hundredth is the minor unit; empty when it cannot be compared."""
        if not self.comparable or len(self.currencies) != 1 or not value.get("currency"):
            return ""
        return _minor_units(value.get("amount"), self.currencies[0])

    @cached_property
    def _identifiers(self) -> dict[str, str]:
        """The credit code or ID number of each party that gives one."""
        found = {}
        for party in _objects(self.release, "parties"):
            number = _identity(_text(_object(party, "identifier").get("id")))
            if number:
                found[_text(party.get("id"))] = number
        return found

    def party(self, reference: Mapping[str, Any]) -> str:
        """A party's credit code or ID number where it has one, else its id, else its name."""
        known = _text(reference.get("id"))
        number = self._identifiers.get(known) or _identity(known.rpartition("-")[2])
        return number or known or _text(reference.get("name"))

    def parties(self, holder: Mapping[str, Any], name: str) -> list[str]:
        """The different parties of a list, sorted, so that the same consortium is always written alike."""
        return sorted({party for part in _objects(holder, name) if (party := self.party(part))})


def processes(release: Mapping[str, Any]) -> Iterator[Process]:
    """The parts of a release that were tendered one by one: its lots, if bids and awards name them; else the whole."""
    tender = _object(release, "tender")
    ocid = str(release["ocid"]).strip()
    bids, awards = _objects(_object(release, "bids"), "details"), _objects(release, "awards")
    items, lots = _objects(tender, "items"), _objects(tender, "lots")
    named = all(len(part.get("relatedLots") or ()) == 1 for part in (*bids, *awards))
    if len(lots) < 2 or not named:
        yield Process(ocid, release, bids, awards, items, {}, comparable=len(lots) < 2, first=True)
        return
    for place, lot in enumerate(lots):
        related = [str(lot.get("id"))]
        yield Process(
            f"{ocid}#{related[0]}",
            release,
            [bid for bid in bids if [str(part) for part in bid["relatedLots"]] == related],
            [award for award in awards if [str(part) for part in award["relatedLots"]] == related],
            [item for item in items if str(item.get("relatedLot")) == related[0]],
            lot,
            comparable=True,
            first=place == 0,
        )


def tender_rows(process: Process) -> Iterator[Row | Note]:
    """One row of the register tender."""
    tender, period = process.tender, process.period
    organiser = process.party(_object(tender, "procuringEntity"))
    buyer = process.party(_object(process.release, "buyer")) or organiser
    classes = _classes(process.items)
    lot_title = _text(process.lot.get("title"))
    yield {
        "tender_id": process.tender_id,
        "buyer_id": buyer,
        "agency_id": organiser,
        "title": " ".join(part for part in (_text(tender.get("title")), lot_title) if part),
        "category": CATEGORIES.get(_text(tender.get("mainProcurementCategory")), ""),
        "item_class": classes[0] if classes else "",
        "method": _method(tender) or "other",
        "method_details": _text(tender.get("procurementMethodDetails")),
        "criterion": _criterion(tender),
        "estimate_fen": process.amount(process.value),
        "published_on": _day(
            period.get("startDate") or tender.get("datePublished") or process.release.get("date")
        ),
        "deadline_on": _day(period.get("endDate")),
        "status": _tender_status(process),
        "awarded_on": process.decided_on,
        "award_fen": _total([process.amount(_object(award, "value")) for award in process.active]),
        "bidders": _text(tender.get("numberOfTenderers")) if not process.lot else "",
        "notice_days": _between(period.get("startDate"), period.get("endDate"), seconds=86_400),
        "awards": str(len(process.active)) if process.awards else "",
        "winners": str(len(process.winners)) if process.awards else "",
        "award_status": _award_status(process),
        "currency": "、".join(process.currencies),
    }
    yield from _notes(process)


def bid_rows(process: Process) -> Iterator[Row | Note]:
    """A row of the register bid for each bid that was submitted."""
    deadline = process.period.get("endDate")
    for number, bid in enumerate(process.bids, start=1):
        if bid.get("status") == "invited":
            yield Note(INVITED)
            continue
        bidders = process.parties(bid, "tenderers")
        won = bool(process.winners & set(bidders))
        yield {
            "tender_id": process.tender_id,
            "bid_no": _text(bid.get("id")) or str(number),
            "bidder_id": "、".join(bidders),
            "submitted_on": _day(bid.get("date") or deadline),
            "amount_fen": process.amount(_object(bid, "value")),
            "status": _text(bid.get("status")),
            "decided_on": process.decided_on,
            "won": ("是" if won else "否") if process.awards else "",
            "members": str(len(bidders)) if bidders else "",
            "minutes_late": _between(deadline, bid.get("date"), seconds=60) if "T" in _text(deadline) else "",
        }


def award_item_rows(process: Process) -> Iterator[Row | Note]:
    """A row of the register award_item for each supplier and class of items of an active award."""
    for number, award in enumerate(process.awards, start=1):
        if award.get("status") != "active":
            continue
        suppliers = process.parties(award, "suppliers")
        for supplier in suppliers:
            for item_class in _classes(_objects(award, "items") or process.items):
                yield {
                    "tender_id": process.tender_id,
                    "award_no": _text(award.get("id")) or str(number),
                    "supplier_id": supplier,
                    "item_class": item_class,
                    "awarded_on": _day(award.get("date")),
                    "suppliers": str(len(suppliers)),
                }


def contract_rows(process: Process) -> Iterator[Row | Note]:
    """A row of the register contract for each contract that was signed."""
    awards = {_text(award.get("id")): award for award in _objects(process.release, "awards")}
    for number, contract in enumerate(
        _objects(process.release, "contracts") if process.first else (), start=1
    ):
        if contract.get("status") in {"pending", "cancelled"}:
            yield Note(UNSIGNED)
            continue
        award = awards.get(_text(contract.get("awardID")), {})
        value, period = _object(contract, "value"), _object(contract, "period")
        foreign = value.get("currency") != "CNY"
        if foreign and value.get("amount") is not None:
            yield Note(FOREIGN_CONTRACT)
        yield {
            "contract_id": f"{process.release['ocid']}/{_text(contract.get('id')) or number}",
            "kind": CONTRACT_KINDS.get(_text(process.tender.get("mainProcurementCategory")), ""),
            "title": _text(contract.get("title")) or _text(process.tender.get("title")),
            "counterparty_id": "、".join(process.parties(award, "suppliers")),
            "amount_fen": "" if foreign else _minor_units(value.get("amount"), "CNY"),
            "signed_on": _day(contract.get("dateSigned")),
            "start_on": _day(period.get("startDate")),
            "end_on": _day(period.get("endDate")),
            "method": CONTRACT_METHODS.get(_method(process.tender), ""),
        }


def _notes(process: Process) -> Iterator[Note]:
    values = [_object(part, "value") for part in (*process.bids, *process.active)]
    if any(value.get("amount") is not None and not value.get("currency") for value in values):
        yield Note(NO_CURRENCY)
    if not process.comparable:
        yield Note(UNNAMED_LOTS)
    elif len(process.currencies) > 1:
        yield Note(MIXED_CURRENCIES)
    elif process.currencies and process.currencies != ["CNY"]:
        yield Note(FOREIGN)


def _method(tender: Mapping[str, Any]) -> str:
    method = _text(tender.get("procurementMethod"))
    return method if method in METHODS else ""


def _criterion(tender: Mapping[str, Any]) -> str:
    criterion = _text(tender.get("awardCriteria"))
    return ("price_only" if criterion in PRICE_ONLY else "rated") if criterion else ""


def _tender_status(process: Process) -> str:
    """What the tender says; where it says nothing final, what its awards say."""
    said = TENDER_STATUSES.get(_text(process.tender.get("status")))
    if said:
        return said
    if process.active:
        return "complete"
    failed = process.awards and all(award.get("status") == "unsuccessful" for award in process.awards)
    return "unsuccessful" if failed else "active"


def _award_status(process: Process) -> str:
    if not process.awards:
        return ""
    return "final" if all(award.get("status") in FINAL_AWARDS for award in process.awards) else "pending"


def _classes(items: list[dict[str, Any]]) -> list[str]:
    """The classes of some items, in their order, each once."""
    named = (_text(_object(item, "classification").get("id")) for item in items)
    return list(dict.fromkeys(name for name in named if name))


def _minor_units(amount: object, currency: str) -> str:
    """An amount of major units as text in hundreds of minor units: 12.5 CNY → 12.5, 1000 JPY → 10."""
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        return _text(amount)  # not a number: the register says why it sets the row aside
    return format(Decimal(amount).scaleb(MINOR_DIGITS.get(currency, 2) - 2), "f")


def _total(amounts: list[str]) -> str:
    try:
        return (
            format(sum((Decimal(amount) for amount in amounts), Decimal()), "f")
            if all(amounts) and amounts
            else ""
        )
    except ArithmeticError:
        return next(amount for amount in amounts if amount)


def _identity(text: str) -> str:
    """A text that is a credit code or an ID number, else nothing."""
    for parse in (parse_credit_code, parse_id_number):
        try:
            return parse(text)
        except BadValue:
            continue
    return ""


def _day(moment: object) -> str:
    """The day of an ISO date or time as it is written there; a text that is none stays, so that the row is set aside."""
    text = _text(moment)
    parsed = _moment(text)
    return parsed.date().isoformat() if parsed else text


def _between(earlier: object, later: object, *, seconds: int) -> str:
    """Whole units of `seconds` from one time to another; empty when one of them is no time."""
    first, last = _moment(_text(earlier)), _moment(_text(later))
    if first is None or last is None:
        return ""
    return str(int((_aware(last) - _aware(first)).total_seconds() // seconds))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: object) -> str:
    if value is None or isinstance(value, bool | list | dict):
        return ""
    return str(value).strip()


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = holder.get(name)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
