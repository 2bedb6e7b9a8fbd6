"""Keyed surrogates: the lake knows people, phones and accounts only by these.

The same value gives the same surrogate within one home and an unrelated one in another, because the key is
the home's own (`keys/pseudonym.key`). Without the key a surrogate cannot be turned back by trying all numbers.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from registers.normalising import normal_name, old_company_number
from registers.values import BadValue, parse_credit_code, parse_id_number

KEY_BYTES = 32


def load_key(home: Path, name: str) -> bytes:
    """Read the secret key `name` of a home, or make it on first use (mode 0600)."""
    path = home / "keys" / f"{name}.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)  # fails when another process was first, so that both use one key
        except FileExistsError:
            pass
        finally:
            aside.unlink()
        return path.read_bytes()


class Pseudonyms:
    """Turns identifying values into surrogates with one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def person(self, id_number: str) -> str:
        return self._keyed("P", id_number)

    def phone(self, number: str) -> str:
        return self._keyed("T", number)

    def account(self, number: str) -> str:
        return self._keyed("A", number)

    def written(self, name: str, *more: str | None) -> str:
        """A person as a list without ID numbers writes one: "W…", by the name and whatever else the row says of it.

        Two writings of one person have two keys; that they are one person only `registers.person_links` says.
        """
        return self._keyed("W", "\x1f".join([normal_name(name), *(text or "" for text in more)]))

    def party(self, text: str) -> str:
        """A counterparty: an ID number becomes the person's key, a credit code stays as it is (public), anything
        else (a name, a local vendor number) gets a key of its own kind, "N…".

        A company number of before the credit code is of a kind of its own: "O" and the organisation code, which is
        the 9th to 17th character of the credit code; and "B…" for a registration number, hidden, for it could be
        an ID number of 15 digits with a slip.

        The ID number is tried first: one in thirty is also a valid credit code, and would stay readable.
        """
        try:
            return self.person(parse_id_number(text))
        except BadValue:
            pass
        try:
            return parse_credit_code(text)
        except BadValue:
            pass
        match old_company_number(text):
            case "registration", number:
                return self._keyed("B", number)
            case "organisation", number:
                return f"O{number}"
            case _:
                return self._keyed("N", normal_name(text))

    def _keyed(self, kind: str, value: str) -> str:
        return kind + hmac.digest(self._key, f"{kind}:{value}".encode(), "sha256").hex()[:20]
