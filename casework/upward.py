"""Reports that may not be recorded here: about the head of this office, or about a level above it.

They go up unread: sealed to the public key of the level above, with a key that is made for one report and never
kept. This office holds the sealed bytes until they are fetched, and in its audit log their hash; no row of a
complaint, no text, no sender, no word of whom it concerns. Where no key of the level above is known, the report is
refused before anything is stored, and the sender is told to go there directly.

Only the private key of the level above opens it (`casework.letters`), not even this office that made it.

An SMS has no box to tick: an agreed word at its head (`behind_mark`) says the same.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework import audit
from casework.audit_models import AuditEntry
from casework.channel_models import UpwardDelivery
from casework.errors import BadInput, CaseworkError
from casework.letters import KEY_BYTES, drop, seal_letter
from casework.roles import covers
from registers.pseudonyms import load_key

KEY_FILE: Final = "upward.pub"
ENDING: Final = ".sealed"
_NAME_KEY: Final = "deliveries"
_MARK: Final = re.compile(r"[\W_]*[转轉]?上[级級](?:[\s:,;.。\])】」』〕〗》〉}]|\Z)")
"""「上级」 or 「转上级」 and a separator, in NFKC; no sentence begins so (上级领导你好, 上级拨的钱没发)."""


class NoWayUp(CaseworkError):
    """The level above has left no public key: nothing was stored."""

    def __init__(self) -> None:
        super().__init__("本机关不得登记此类反映，也没有上级机关的公钥；内容没有保存，请直接向上级机关反映")


def goes_up(about: str | None, *, division: str) -> bool:
    """True for a report on this office itself or on a division that it lies in."""
    return about is not None and covers(about, division)


def behind_mark(text: str) -> str | None:
    """What follows the agreed word at the head of an SMS, which stands for the ticked box; None without the word."""
    read = unicodedata.normalize("NFKC", text)
    found = _MARK.match(read)
    return read[found.end() :] if found else None


def public_key(home: Path) -> bytes:
    """The key that the level above has left in `home/keys/upward.pub`. Raises `NoWayUp`."""
    path = home / "keys" / KEY_FILE
    key = path.read_bytes() if path.is_file() else b""
    if len(key) != KEY_BYTES:
        raise NoWayUp
    return key


def send_up(session: Session, home: Path, text: str, *, at: datetime) -> str:
    """Seal a report for the level above and put it into the outbox; return the hash of the sealed bytes.

    The hash is all that stays on record. Raises `NoWayUp` or `BadInput` before anything is written.
    """
    if not text.strip():
        raise BadInput("text", "内容为空")
    return pass_up(session, home, seal_letter(text, public_key(home)), at=at)


def send_up_once(
    session: Session, home: Path, text: str, *, delivery: tuple[str, ...], at: datetime
) -> tuple[str, bool]:
    """`send_up` for a channel that delivers again: the hash of the sealed bytes, and whether it was there before.

    delivery: office, channel, message id and time of sending, of which a keyed hash is kept; nothing of sender or text,
    which whoever holds the key could else try out. The caller holds `audit.hold`, so that
    two deliveries at once are one.
    """
    named = "\x1f".join(delivery).encode()
    name = hmac.new(load_key(home, _NAME_KEY), named, hashlib.sha256).hexdigest()
    known = session.get(UpwardDelivery, name)
    if known is not None:
        return known.digest, True
    digest = send_up(session, home, text, at=at)
    session.add(UpwardDelivery(name=name, digest=digest))
    session.flush()
    return digest, False


def pass_up(session: Session, home: Path, sealed: bytes, *, at: datetime) -> str:
    """Put a sealed report into the outbox of the level above, and its hash, which is returned, on record.

    Once only: what is on record was in the outbox, and may have been carried up and deleted since.
    """
    digest = hashlib.sha256(sealed).hexdigest()
    target = f"sha256/{digest}"
    if session.scalar(select(AuditEntry.id).where(AuditEntry.target == target).limit(1)) is None:
        outbox = home / "intake" / "upward"
        drop(outbox, sealed, ending=".new").replace(outbox / f"{digest}{ENDING}")
        audit.record(session, at=at, actor=None, action="sent_up", target=target)
    return digest
