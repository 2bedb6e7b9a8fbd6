"""The original of a complaint is sealed on arrival; the database never holds it in the clear.

AES-256-GCM with a fresh nonce; the receipt number is bound in, so that a sealed text cannot be moved to another
complaint. The key lies in `home/keys/intake.key`.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from casework.errors import SealBroken
from registers.pseudonyms import load_key

_NONCE_BYTES: Final = 12


class Sealer:
    """Seals and opens texts and files with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, text: str, *, bound_to: str) -> bytes:
        return self.seal_bytes(text.encode(), bound_to=bound_to)

    def open(self, sealed: bytes, *, bound_to: str) -> str:
        """Raise `SealBroken` when the key, the bytes or `bound_to` are not those of the sealing."""
        try:
            return self.open_bytes(sealed, bound_to=bound_to).decode()
        except UnicodeDecodeError as error:
            raise SealBroken from error

    def digest(self, text: str) -> str:
        """A keyed hash of a text: equal for equal texts, and worth nothing to who has not the key of the seal."""
        own = hmac.digest(self._key, b"digest", "sha256")
        return hmac.digest(own, text.encode(), "sha256").hex()[:32]

    def seal_bytes(self, content: bytes, *, bound_to: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, bound_to.encode())

    def open_bytes(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Raise `SealBroken` as `open` does."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error


def sealed_text(sender: str | None, text: str) -> str:
    """What is sealed of a message: how its sender is reached in the first line, then the text."""
    return f"{' '.join((sender or '').split())}\n{text}"


def sender_of(opened: str) -> str:
    """How the sender is reached, of what `sealed_text` made; empty where nothing was given."""
    return opened.partition("\n")[0].strip()


def load_sealer(home: Path) -> Sealer:
    """The sealer of this home; its key is made on first use (mode 0600)."""
    return Sealer(load_key(home, "intake"))
