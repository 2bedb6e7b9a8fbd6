"""Reports that may not be recorded here: about the head of this office, or about a level above it.

They go up unread: sealed to the public key of the level above, with a key that is made for one report and never
kept. This office holds the sealed bytes until they are fetched, and in its audit log their hash; no row of a
complaint, no text, no sender, no word of whom it concerns. Where no key of the level above is known, the report is
refused before anything is stored, and the sender is told to go there directly.

Sealing: an ephemeral X25519 key, HKDF-SHA256 over the shared secret with both public keys, AES-256-GCM. Only the
private key of the level above opens it, not even this office that made it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from casework import audit
from casework.errors import BadInput, CaseworkError, SealBroken
from casework.roles import covers

KEY_FILE: Final = "upward.pub"
_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)  # a key seals one report only
_PADDED_TO: Final = 4_096
_PURPOSE: Final = b"cunjian upward 1"


class NoWayUp(CaseworkError):
    """The level above has left no public key: nothing was stored."""

    def __init__(self) -> None:
        super().__init__("本机关不得登记此类反映，也没有上级机关的公钥；内容没有保存，请直接向上级机关反映")


def goes_up(about: str | None, *, division: str) -> bool:
    """True for a report on this office itself or on a division that it lies in."""
    return about is not None and covers(about, division)


def new_key_pair() -> tuple[bytes, bytes]:
    """(private, public) key of the level above, 32 bytes each. The private one never comes to this office."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key(home: Path) -> bytes:
    """The key that the level above has left in `home/keys/upward.pub`. Raises `NoWayUp`."""
    path = home / "keys" / KEY_FILE
    key = path.read_bytes() if path.is_file() else b""
    if len(key) != _KEY_BYTES:
        raise NoWayUp
    return key


def send_up(session: Session, home: Path, text: str, *, at: datetime) -> str:
    """Seal a report for the level above and put it into the outbox; return the hash of the sealed bytes.

    The hash is all that stays on record. Raises `NoWayUp` or `BadInput` before anything is written.
    """
    if not text.strip():
        raise BadInput("text", "内容为空")
    sealed = seal_up(text, public_key(home))
    digest = hashlib.sha256(sealed).hexdigest()
    outbox = home / "intake" / "upward"
    outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = outbox / f"{secrets.token_hex(16)}.sealed"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    audit.record(session, at=at, actor=None, action="sent_up", target=f"sha256/{digest}")
    return digest


def seal_up(text: str, public: bytes) -> bytes:
    """Seal a text to a public key; padded, so that the length does not tell which report it is."""
    ephemeral = X25519PrivateKey.generate()
    own = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    plain = text.encode() + b"\x80"
    padded = plain.ljust(-(-len(plain) // _PADDED_TO) * _PADDED_TO, b"\0")
    return own + AESGCM(_derived(shared, own, public)).encrypt(_NONCE, padded, None)


def open_up(sealed: bytes, private: bytes) -> str:
    """What the level above does with its private key. Raises `SealBroken`."""
    key = X25519PrivateKey.from_private_bytes(private)
    own, body = sealed[:_KEY_BYTES], sealed[_KEY_BYTES:]
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(own))
        derived = _derived(shared, own, key.public_key().public_bytes_raw())
        return AESGCM(derived).decrypt(_NONCE, body, None).rstrip(b"\0")[:-1].decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken from error


def _derived(shared: bytes, own: bytes, public: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=own + public, info=_PURPOSE).derive(shared)
