"""Letters: texts sealed to a public key, so that not even the office that sealed them can open them.

An ephemeral X25519 key that is made for one letter and never kept, HKDF-SHA256 over the shared secret with both
public keys, AES-256-GCM. Padded, so that the length does not tell which letter it is.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casework.errors import SealBroken
from registers.durable import write_through

KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)  # a key seals one letter only
_PADDED_TO: Final = 4_096
_PURPOSE: Final = b"cunjian upward 1"


def new_key_pair() -> tuple[bytes, bytes]:
    """(private, public) key of a receiver, 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_of(private: bytes) -> bytes:
    """The public key that belongs to a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal_letter(text: str, public: bytes) -> bytes:
    """Seal a text to a public key."""
    ephemeral = X25519PrivateKey.generate()
    own = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    return own + AESGCM(_derived(shared, own, public)).encrypt(_NONCE, padded(text), None)


def open_letter(sealed: bytes, private: bytes) -> str:
    """What the receiver does with the private key. Raises `SealBroken`."""
    key = X25519PrivateKey.from_private_bytes(private)
    own, body = sealed[:KEY_BYTES], sealed[KEY_BYTES:]
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(own))
        derived = _derived(shared, own, key.public_key().public_bytes_raw())
        return unpadded(AESGCM(derived).decrypt(_NONCE, body, None))
    except (InvalidTag, ValueError) as error:
        raise SealBroken from error


def padded(text: str) -> bytes:
    """A text as bytes, filled up to the next whole block."""
    plain = text.encode() + b"\x80"
    return plain.ljust(-(-len(plain) // _PADDED_TO) * _PADDED_TO, b"\0")


def unpadded(plain: bytes) -> str:
    """The text that `padded` filled up."""
    return plain.rstrip(b"\0")[:-1].decode()


def drop(
    folder: Path, content: bytes, *, name: str | None = None, ending: str = "", mode: int = 0o600
) -> Path:
    """Write a new file, of a random name unless one is given, whole or not at all; by default only its owner reads it."""
    make_folder(folder, mode=mode)
    name = name or secrets.token_hex(16)
    whole, part = folder / f"{name}{ending}", folder / f".{name}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(whole)
        write_through(folder)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return whole


def read_dropped(path: Path, *, most: int) -> bytes:
    """The content of a plain file of at most so many bytes. Raises `SealBroken` for a link, a pipe or a larger one."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SealBroken from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            raise SealBroken
        return file.read()


def make_folder(folder: Path, *, mode: int) -> None:
    """A folder for files of a mode: whoever may write the files may add and remove them."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        inherited = stat.S_IMODE(folder.stat().st_mode) & stat.S_ISGID
        folder.chmod(inherited | mode | 0o100 | (0o010 if mode & 0o020 else 0))


def _derived(shared: bytes, own: bytes, public: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=own + public, info=_PURPOSE).derive(shared)
