"""The identity vault: names, ID numbers and phones of persons, sealed row by row under a key of their own.

Import writes it; nobody but casework may open it (import-linter keeps `reveal` there), and casework does so only
for an authorised, audited look. The lake, the models and the features never see what is in here.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registers.pseudonyms import load_key

NONCE_BYTES = 12


@dataclass(frozen=True)
class Identity:
    """Who a surrogate key stands for."""

    id_number: str
    name: str | None = None
    phone: str | None = None


class IdentityVault:
    """The sealed store of one home."""

    def __init__(self, home: Path) -> None:
        self._path = home / "vault" / "identity.db"
        self._cipher = AESGCM(load_key(home, "vault"))
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS identity (person_key TEXT PRIMARY KEY, sealed BLOB NOT NULL)"
            )
        self._path.chmod(0o600)

    def store(self, identities: Iterable[tuple[str, Identity]]) -> None:
        """Add or replace identities; storing the same again changes nothing that `reveal` gives."""
        with closing(self._connect()) as connection, connection:
            connection.executemany(
                "INSERT INTO identity VALUES (?, ?) ON CONFLICT (person_key) DO UPDATE SET sealed = excluded.sealed",
                ((key, self._seal(key, identity)) for key, identity in identities),
            )

    def reveal(self, person_keys: Sequence[str]) -> dict[str, Identity]:
        """The identities of the keys that are known; the caller has checked and audited that it may ask."""
        found: dict[str, Identity] = {}
        with closing(self._connect()) as connection:
            for key in dict.fromkeys(person_keys):
                row = connection.execute(
                    "SELECT sealed FROM identity WHERE person_key = ?", (key,)
                ).fetchone()
                if row is not None:
                    found[key] = self._open(key, row[0])
        return found

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)

    def _seal(self, key: str, identity: Identity) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(asdict(identity)).encode(), key.encode())

    def _open(self, key: str, sealed: bytes) -> Identity:
        plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], key.encode())
        return Identity(**json.loads(plain))
