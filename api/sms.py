"""Messages as Chinese SMS gateways post them: a JSON list, a wrapped JSON list, or the fields of a form.

Gateways name the same things differently; the aliases below are those in use. Pure: bytes in, messages out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qsl

from casework.errors import BadInput
from casework.intake import LONGEST_MESSAGE_ID, LONGEST_TEXT
from casework.working_days import CHINA

MOST_MESSAGES: Final = 1_000
MOST_BYTES: Final = 4_000_000
CLOCK_TOLERANCE: Final = timedelta(minutes=5)

_MOBILE: Final = ("mobile", "phone", "msisdn", "mob", "from")
_CONTENT: Final = ("content", "msg", "message", "text")
_MESSAGE_ID: Final = ("msgid", "msg_id", "messageid", "message_id", "smsid", "id")
_TIME: Final = ("time", "motime", "mo_time", "receivetime", "receive_time", "sendtime", "timestamp")
_WRAPPERS: Final = ("list", "data", "messages", "sms")
_TIME_FORMATS: Final = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S")

_EPOCH_DIGITS: Final = (10, 13)
_YEARS: Final = range(2000, 2100)
_OF_GB18030: Final = ("gbk", "gb2312", "gb18030")


@dataclass(frozen=True)
class Sms:
    """One message. sent_at: None when the gateway gave no time. index: its place in the list of the delivery."""

    mobile: str
    content: str
    message_id: str
    sent_at: datetime | None
    index: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Rejected:
    """A message of a delivery that cannot be taken, by its place in the list."""

    index: int
    reason: str


def sign(secret: bytes, *, timestamp: str, body: bytes) -> str:
    """Signature of a delivery: HMAC-SHA256 over `timestamp + "." + body`, as hex."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(secret: bytes, *, timestamp: str, body: bytes, signature: str, now: datetime) -> bool:
    """True for the right signature over a time (Unix seconds) within `CLOCK_TOLERANCE` of now."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 10):
        return False
    age = abs(now - datetime.fromtimestamp(int(timestamp), tz=UTC))
    expected = sign(secret, timestamp=timestamp, body=body)
    return age <= CLOCK_TOLERANCE and hmac.compare_digest(expected.encode(), signature.lower().encode())


def parse_delivery(body: bytes, *, content_type: str) -> tuple[list[Sms], list[Rejected]]:
    """Messages of one delivery, and those that cannot be taken with the reason.

    Raises `BadInput` when the body as a whole cannot be read.
    """
    if len(body) > MOST_BYTES:
        raise BadInput("body", "一次投递过大，请分批")
    kind = EmailMessage()
    kind["Content-Type"] = content_type or "application/json"
    read = _form if kind.get_content_type() == "application/x-www-form-urlencoded" else _json
    entries = read(body, kind.get_content_charset())
    if len(entries) > MOST_MESSAGES:
        raise BadInput("body", f"一次至多 {MOST_MESSAGES} 条，请分批")
    taken: list[Sms] = []
    rejected: list[Rejected] = []
    for index, entry in enumerate(entries):
        try:
            taken.append(_message(entry, index))
        except BadInput as error:
            rejected.append(Rejected(index, str(error)))
    return taken, rejected


def _json(body: bytes, charset: str | None) -> Sequence[object]:
    try:
        parsed = json.loads(_decoded(body, charset))
    except (ValueError, RecursionError) as error:
        raise BadInput("body", "请求体不是有效的 JSON") from error
    if isinstance(parsed, dict):
        wrapped = next((parsed[name] for name in _WRAPPERS if isinstance(parsed.get(name), list)), None)
        parsed = [parsed] if wrapped is None else wrapped
    if not isinstance(parsed, list):
        raise BadInput("body", "请求体应为消息列表")
    return parsed


def _form(body: bytes, charset: str | None) -> Sequence[object]:
    try:
        fields = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, max_num_fields=100, encoding="latin-1"
        )
        return [{name: _decoded(value.encode("latin-1"), charset) for name, value in fields}]
    except ValueError as error:
        raise BadInput("body", "请求体不是有效的表单") from error


def _decoded(written: bytes, charset: str | None) -> str:
    """The text of bytes in UTF-8 or in GB18030, of which GBK is a part: first in what the gateway names.

    Another charset is no word to go by: ISO-8859-1 is what a library names of itself, and it reads anything. Raises
    `ValueError` for bytes that are neither: a text is taken whole or refused, never with signs replaced.
    """
    order = ("gb18030", "utf-8-sig") if charset in _OF_GB18030 else ("utf-8-sig", "gb18030")
    for name in order:
        try:
            return written.decode(name)
        except UnicodeDecodeError:
            continue
    raise ValueError("the bytes are neither UTF-8 nor GB18030")


def _message(entry: object, index: int) -> Sms:
    if not isinstance(entry, dict):
        raise BadInput("message", "不是键值形式的消息")
    fields = {str(name).lower(): value for name, value in entry.items()}
    content = _text(fields, _CONTENT)
    message_id = _text(fields, _MESSAGE_ID)
    if not content:
        raise BadInput("content", "缺少短信内容")
    if len(content) > LONGEST_TEXT:
        raise BadInput("content", f"短信内容超过 {LONGEST_TEXT} 字")
    if not message_id or len(message_id) > LONGEST_MESSAGE_ID:
        raise BadInput("msgid", f"缺少消息编号，或超过 {LONGEST_MESSAGE_ID} 个字符")
    return Sms(_text(fields, _MOBILE), content, message_id, _time(_text(fields, _TIME)), index)


def _text(fields: Mapping[str, object], names: Sequence[str]) -> str:
    """The first alias that is there, as text without NUL (PostgreSQL cannot hold one) or lone surrogates."""
    value = next((fields[name] for name in names if fields.get(name) not in (None, "")), "")
    if not isinstance(value, str | int):
        return ""
    return str(value).replace("\x00", "").encode(errors="ignore").decode().strip()


def _time(text: str) -> datetime | None:
    """A written time in China, or Unix seconds or milliseconds. Raises `BadInput` for anything else."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) in _EPOCH_DIGITS:
        return datetime.fromtimestamp(int(text[:10]), tz=UTC)
    for pattern in _TIME_FORMATS:
        try:
            written = datetime.strptime(text, pattern).replace(tzinfo=CHINA)
        except ValueError:
            continue
        if written.year in _YEARS:
            return written
    raise BadInput("time", "时间格式无法识别，应如 2026-11-22 09:30:00")
