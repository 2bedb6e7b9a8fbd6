"""The identity vault: names, ID numbers and phones of persons, sealed row by row under a key of their own.

Import writes it; nobody but casework shows what is in it (`reveal`), and casework does so only for an authorised,
audited look. The linkage of people without ID numbers compares inside (`for_linkage`) and gives out surrogates. The lake, the models and the features never see what is in here.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registers.pseudonyms import load_key

NONCE_BYTES = 12


@dataclass(frozen=True)
class Identity:
    """Who a surrogate key stands for. Its `repr` is empty: no log and no traceback shows a person."""

    id_number: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)

    def updated(self, newer: Identity) -> Identity:
        """What is known after a newer delivery, which may leave out the name or the phone."""
        return Identity(
            newer.id_number,
            newer.name or self.name,
            newer.phone or self.phone,
            newer.birth_date or self.birth_date,
        )


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
        """Add or update identities; storing the same again changes nothing that `reveal` gives."""
        with closing(self._connect()) as connection, connection:
            for key, identity in identities:
                complete = identity.name and identity.phone
                known = None if complete else self._find(connection, key)
                sealed = self._seal(key, known.updated(identity) if known else identity)
                connection.execute("INSERT OR REPLACE INTO identity VALUES (?, ?)", (key, sealed))

    def reveal(self, person_keys: Sequence[str]) -> dict[str, Identity]:
        """The identities of the keys that are known; the caller has checked and audited that it may ask."""
        found: dict[str, Identity] = {}
        with closing(self._connect()) as connection:
            for key in dict.fromkeys(person_keys):
                identity = self._find(connection, key)
                if identity is not None:
                    found[key] = identity
        return found

    def for_linkage(self) -> Iterator[tuple[str, Identity]]:
        """Everybody, for `registers.person_links` alone: it compares them here and gives out surrogates only."""
        with closing(self._connect()) as connection:
            for key, sealed in connection.execute(
                "SELECT person_key, sealed FROM identity ORDER BY person_key"
            ):
                yield key, self._open(key, sealed)

    def _find(self, connection: sqlite3.Connection, key: str) -> Identity | None:
        row = connection.execute("SELECT sealed FROM identity WHERE person_key = ?", (key,)).fetchone()
        return self._open(key, row[0]) if row is not None else None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)

    def _seal(self, key: str, identity: Identity) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(asdict(identity)).encode(), key.encode())

    def _open(self, key: str, sealed: bytes) -> Identity:
        plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], key.encode())
        return Identity(**json.loads(plain))
