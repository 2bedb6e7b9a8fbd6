"""Proof of work instead of blocking: many people of one village may share one address, so none is shut out.

An address has some submissions free; beyond them each costs the sender's machine a little work, more the more came.
A challenge is signed, lives an hour and names the message: sending it again gives the same receipt, so that solved
work cannot be spent twice. Addresses are held as keyed hashes in memory, with a key that dies with the process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

FREE: Final = 20
"""Submissions of an address within `WINDOW` that cost nothing."""

WINDOW: Final = timedelta(minutes=10)
LIFETIME: Final = timedelta(hours=1)
FIRST_BITS, MOST_BITS = 12, 22
"""Leading zero bits: 12 take a telephone a blink, 22 some ten seconds."""

_MOST_ADDRESSES: Final = 50_000
_MOST_KEPT: Final = FREE * 2 ** (MOST_BITS - FIRST_BITS)


@dataclass(frozen=True)
class Challenge:
    """What a sender has to solve. message_id: the id of the one message it may send. bits: 0 is no work."""

    text: str
    message_id: str
    bits: int


class WorkMeter:
    """How much work the next submission of an address costs. One process's memory."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._seen: dict[bytes, deque[datetime]] = {}
        self._lock = Lock()

    def bits(self, address: str, *, at: datetime) -> int:
        """Work for the next submission: none up to `FREE` in `WINDOW`, then one bit more at every doubling."""
        with self._lock:
            count = len(self._recent(self._hashed(address), at))
        return 0 if count < FREE else min(MOST_BITS, FIRST_BITS + (count // FREE).bit_length() - 1)

    def note(self, address: str, *, at: datetime) -> None:
        hashed = self._hashed(address)
        with self._lock:
            if len(self._seen) >= _MOST_ADDRESSES and hashed not in self._seen:
                self._seen.pop(next(iter(self._seen)))
            recent = self._recent(hashed, at)
            recent.append(at)
            self._seen[hashed] = recent

    def challenge(self, *, place: str, bits: int, at: datetime) -> Challenge:
        """A signed challenge for one message at one place (the token of the form)."""
        message_id = secrets.token_urlsafe(16)
        body = f"{int(at.timestamp())}.{bits}.{place}.{message_id}"
        return Challenge(f"{body}.{self._signed(body)}", message_id, bits)

    def solved(self, text: str, nonce: str, *, place: str, at: datetime) -> Challenge | None:
        """The challenge, if it is ours, for this place, fresh, and its work is done; else None."""
        body, _, signature = text.rpartition(".")
        parts = body.split(".")
        if len(parts) != 4 or not hmac.compare_digest(self._signed(body).encode(), signature.encode()):
            return None
        issued, bits, where, message_id = (
            datetime.fromtimestamp(int(parts[0]), tz=UTC),
            int(parts[1]),
            *parts[2:],
        )
        if where != place or not timedelta(0) <= at - issued + timedelta(seconds=1) <= LIFETIME:
            return None
        return Challenge(text, message_id, bits) if is_work(text, nonce, bits=bits) else None

    def _signed(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()[:32]

    def _hashed(self, address: str) -> bytes:
        return hmac.new(self._key, address.encode(), hashlib.sha256).digest()[:16]

    def _recent(self, hashed: bytes, at: datetime) -> deque[datetime]:
        return deque(
            (moment for moment in self._seen.get(hashed, ()) if at - moment < WINDOW), maxlen=_MOST_KEPT
        )


def is_work(challenge: str, nonce: str, *, bits: int) -> bool:
    """True when SHA-256 of `challenge:nonce` begins with so many zero bits."""
    if len(nonce) > 32:
        return False
    digest = hashlib.sha256(f"{challenge}:{nonce}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0
