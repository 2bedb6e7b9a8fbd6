"""Messages of a hotline's export (12345): a CSV or XLSX table as the platform writes it; bad rows aside with a reason.

Back go the receipts, by the hotline's own numbers, so that it can tell its callers.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, require
from casework.errors import BadInput
from casework.follow_ups import query_code
from casework.intake import Message, check_message
from casework.models import Complaint
from casework.roles import Actor
from casework.scope import visible_complaints
from casework.working_days import CHINA
from registers.reading import read_table
from registers.tables import ReadError
from registers.values import BadValue, parse_date

CHANNEL: Final = "hotline"
MOST_ROWS: Final = 100_000
MOST_DAYS: Final = 366
RECEIPT_COLUMNS: Final = ("热线工单编号", "回执号", "查询码")
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "message_id": ("工单编号", "工单号", "编号", "受理编号", "诉求编号", "事件编号"),
    "text": ("诉求内容", "工单内容", "来电内容", "反映内容", "问题描述", "内容", "事项内容", "主要内容"),
    "title": ("工单标题", "诉求标题", "标题", "主题"),
    "received": ("来电时间", "受理时间", "登记时间", "创建时间", "诉求时间", "时间"),
    "phone": ("来电号码", "联系电话", "来电人电话", "电话", "手机号"),
    "about": ("区划代码", "行政区划代码", "所属区划代码"),
}
_ALIASES: Final = frozenset(chain.from_iterable(COLUMNS.values()))
_CLOCK: Final = re.compile(r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")


@dataclass(frozen=True)
class Refused:
    """A row that was not taken, by its number in the file; the reason holds no part of it."""

    row: int
    reason: str


@dataclass(frozen=True)
class Export:
    """What an export holds: messages, and rows set aside."""

    messages: list[Message]
    refused: list[Refused]


def read_export(path: Path, *, division: str, at: datetime, simulated: bool = False) -> Export:
    """Read an export for an office. at: when rows without a time count as received.

    Raises `BadInput` when the file as a whole is no such table.
    """
    try:
        table = read_table(path, header_score=_known_headers)
        places = _places([_plain(header) for header in table.headers])
        if not places["message_id"] or not places["text"]:
            raise BadInput("file", "没有找到“工单编号”或“诉求内容”列，请核对是不是热线导出的表")
        messages: list[Message] = []
        refused: list[Refused] = []
        for batch in table.batches:
            columns = [column.to_pylist() for column in batch.columns]
            for place, number in enumerate(batch.numbers.to_pylist()):
                row = _row(places, [column[place] for column in columns])
                try:
                    messages.append(_message(row, division=division, at=at, simulated=simulated))
                except (BadInput, BadValue) as error:
                    refused.append(Refused(int(number), str(error)))
            if len(messages) + len(refused) > MOST_ROWS:
                raise BadInput("file", f"一次至多 {MOST_ROWS} 行，请分批")
    except ReadError as error:
        raise BadInput("file", str(error)) from error
    refused += [Refused(int(row.number), row.reason) for row in table.rejected]
    return Export(messages, sorted(refused, key=lambda row: row.row))


def receipts_csv(
    session: Session, actor: Actor, home: Path, *, since: date, until: date, at: datetime
) -> bytes:
    """The receipts of the office's hotline messages received from one day to another, both included, as CSV.

    Number of the hotline, receipt, query code: no sender, no text. A row of the audit log for each of them.
    """
    require(actor, Permission.REVIEW_COMPLAINT)
    if (
        not timedelta(0) <= until - since < timedelta(days=MOST_DAYS)
        or not 1 < since.year < until.year + 1 < 9999
    ):
        raise BadInput("since", f"请填写起止日期，先后不能颠倒，一次至多 {MOST_DAYS} 天")
    first, after = (datetime.combine(day, time(), tzinfo=CHINA) for day in (since, until + timedelta(days=1)))
    query = select(Complaint.id, Complaint.message_id, Complaint.receipt).where(
        visible_complaints(actor),
        Complaint.division == actor.division,
        Complaint.channel == CHANNEL,
        Complaint.received_at >= first,
        Complaint.received_at < after,
    )
    found = session.execute(query.order_by(Complaint.received_at, Complaint.id).limit(MOST_ROWS + 1)).all()
    if len(found) > MOST_ROWS:
        raise BadInput("since", f"一次至多 {MOST_ROWS} 件，请缩短日期")
    if found:
        looks = [("look:receipt", f"complaint/{complaint_id}") for complaint_id, _, _ in found]
        audit.record_many(session, at=at, actor=actor, rows=looks)
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(RECEIPT_COLUMNS)
    for _, number, receipt in found:
        code = query_code(home, receipt)
        table.writerow([_as_text(number), receipt, f"{code[:3]} {code[3:]}"])
    return written.getvalue().encode("utf-8-sig")


def _as_text(number: str) -> str:
    """A number that no spreadsheet takes for a formula."""
    return f"'{number}" if number[0] in "=+-@\t\r" else number


def _known_headers(headers: list[str]) -> int:
    return sum(_plain(header) in _ALIASES for header in headers)


def _plain(header: str) -> str:
    return re.sub(r"[\s（(].*|\s", "", unicodedata.normalize("NFKC", header).strip())


def _places(headers: list[str]) -> dict[str, list[int]]:
    """The columns of each name in the order of `COLUMNS`; one alone for the number, which must be the same kind in all rows."""
    places = {
        name: [place for alias in aliases for place, header in enumerate(headers) if header == alias]
        for name, aliases in COLUMNS.items()
    }
    return {**places, "message_id": places["message_id"][:1]}


def _row(places: Mapping[str, list[int]], cells: list[str | None]) -> dict[str, str]:
    """What stands in the first column of each name that is not empty, as clean text."""
    clean = [(cell or "").replace("\x00", "").strip() for cell in cells]
    return {
        name: next((clean[place] for place in found if clean[place]), "") for name, found in places.items()
    }


def _message(row: Mapping[str, str], *, division: str, at: datetime, simulated: bool) -> Message:
    message_id, title, body = row.get("message_id", ""), row.get("title", ""), row.get("text", "")
    if not message_id:
        raise BadInput("message_id", "缺少工单编号")
    if not body:
        raise BadInput("text", "缺少诉求内容")
    message = Message(
        channel=CHANNEL,
        message_id=message_id,
        text=body if not title or title in body else f"{title}。{body}",
        division=division,
        received_at=_moment(row.get("received", "")) or at,
        sender=row.get("phone") or None,
        about=row.get("about") or None,
        simulated=simulated,
    )
    check_message(message)
    return message


def _moment(text: str) -> datetime | None:
    """Day and, if written, time in China. Raises `BadValue` for what is no date."""
    if not text:
        return None
    clock = _CLOCK.search(unicodedata.normalize("NFKC", text))
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    if hour > 23 or minute > 59 or second > 59:
        raise BadInput("received", "来电时间无法识别")
    return datetime.combine(parse_date(text), time(hour, minute, second), tzinfo=CHINA)
