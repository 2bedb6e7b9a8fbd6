"""The mailbox between the public intake, which may run on another network, and the office.

The public intake has neither the database nor a key that opens anything: it seals every letter to the office's public
key and drops it. The office fetches the letters (`casework.mailbox_fetch`) and leaves answers, which only receipt
number and query code together open.

    office/    what the office publishes: points.json, office.pub, upward.pub (if it has one)
    letters/   sealed to the office: complaints, and what senders add
    upward/    sealed to the level above; the office passes them on unread
    answers/   one sealed file for each complaint, overwritten as it proceeds
    claims/    receipt numbers given out, hashed, so that none is given out twice
    refused/   letters that the office could not open or had to refuse
    keys/      the key from which the public intake derives receipt numbers; the office does not need it
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final, Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from casework.attachments import MOST_BYTES, MOST_FILES, cleaned, hash_of
from casework.errors import BadInput, CaseworkError, NotVisible, SealBroken
from casework.follow_ups import MOST_ANSWERS, check_addition
from casework.intake import LONGEST_MESSAGE_ID, check_text
from casework.letters import KEY_BYTES, drop, padded, seal_letter, unpadded
from casework.receipts import digits_of, given_out, is_receipt, plain_digits
from casework.upward import ENDING, KEY_FILE, NoWayUp
from registers.pseudonyms import load_key

LETTERS, UPWARD, REFUSED = "letters", "upward", "refused"
SHARED: Final = 0o660  # both sides may be users of their own in a common group
POINTS: Final = "points.json"
OFFICE_KEY: Final = "office.pub"
WORDS_AT_FIRST: Final = "已收到"
WORDS_IF_REFUSED: Final = "未能收下，请重新提交"
MOST_CARRIED: Final = 9_000_000
MOST_BYTES_OF_LETTER: Final = 2 * MOST_FILES * MOST_BYTES
_EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC)
_NONCE_BYTES: Final = 12
_NAME_BYTES: Final = 16
_GUESS_COST: Final = 2**14  # of one guess at receipt and code: 16 MB and some 50 ms
_MOST_TRIES: Final = 100
_GUESSES: Final = BoundedSemaphore(4)  # at once: a flood of queries takes some memory, not all


class UnsafeMailbox(CaseworkError):
    """A folder of the mailbox leads elsewhere: whoever planted the link wants the office to write or move files there."""

    def __init__(self) -> None:
        super().__init__("信箱里有文件夹是指向别处的链接，已停止收取：请技术保障人员检查信箱和对外受理的机器")


@dataclass(frozen=True)
class Point:
    """A point that the office has published. token: what its QR code holds."""

    token: str
    name: str
    division: str
    about: str | None


class Letter(BaseModel):
    """What the office finds in an envelope. Nothing in it is believed before it is checked: who can write into the
    mailbox can write anything.

    kind: a complaint, or what a sender adds to one. message_id: unique; sending again does not count twice.
    receipt, code: what the sender was given. files: cleaned attachments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["complaint", "addition"]
    message_id: str = Field(pattern=r"^[!-~]+$", max_length=LONGEST_MESSAGE_ID)
    at: AwareDatetime
    receipt: str = Field(pattern=r"^[0-9]{4}-[0-9]{4}-[0-9]{4}$")
    code: str = Field(pattern=r"^[0-9]{10}$")
    text: str
    contact: str = ""
    token: str = Field(default="", pattern=r"^[!-~]*$")
    files: tuple[Base64Bytes, ...] = Field(default=(), max_length=MOST_FILES)

    @classmethod
    def of(cls, text: str, *, until: datetime) -> Letter:
        """The letter in an opened envelope, written at latest `until`. Raises `SealBroken` for what is none."""
        try:
            letter = cls.model_validate_json(text)
        except ValidationError as error:
            raise SealBroken from error
        if not is_receipt(letter.receipt) or not _EARLIEST <= letter.at <= until:
            raise SealBroken
        return letter


class Submitted(NamedTuple):
    """What a sender is given. differs: the form came before with another text or files, and what came now is not kept."""

    receipt: str
    code: str
    differs: bool = False


class Claimed(Enum):
    """Whether a form is new, or came before, with the same in it or with something else."""

    NEW = auto()
    AGAIN = auto()
    DIFFERS = auto()


@dataclass(frozen=True)
class Line:
    """One question of the office or one addition of the sender."""

    at: datetime
    by: bool
    text: str


@dataclass(frozen=True)
class Answer:
    """What the sender is shown: a word of four, and the questions and additions, oldest first."""

    receipt: str
    received_at: datetime
    words: str
    thread: Sequence[Line] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, default=datetime.isoformat)

    @classmethod
    def from_json(cls, text: str) -> Answer:
        raw = json.loads(text)
        thread = [Line(datetime.fromisoformat(one["at"]), one["by"], one["text"]) for one in raw["thread"]]
        return cls(raw["receipt"], datetime.fromisoformat(raw["received_at"]), raw["words"], thread)


class Mailbox:
    """A mailbox in a folder that both sides reach, or that is carried between two networks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def point(self, token: str) -> Point:
        """The published point of a token, or `NotVisible`."""
        path = self.folder / "office" / POINTS
        published = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        found = next((one for one in published if one["token"] == token), None)
        if found is None:
            raise NotVisible
        return Point(**found)

    def complain(
        self, token: str, *, message_id: str, text: str, contact: str, files: Sequence[bytes], at: datetime
    ) -> Submitted:
        """Seal a complaint for the office; receipt number and query code, the same for the same message.

        Raises `BadInput` for a text or files that the office would refuse, `NotVisible` before the office has
        published its key.
        """
        check_text(text)
        check_text(contact or text)
        if len(files) > MOST_FILES:
            raise BadInput("file", f"附件至多 {MOST_FILES} 个")
        kept = tuple(base64.b64encode(_carried(content)) for content in files)
        public = self._key(OFFICE_KEY)
        content = f"{contact}\n{''.join(text.split())}\n{hash_of(files)}"
        receipt, code, claimed = self._claim(message_id, content, year=at.year)
        known = claimed is not Claimed.NEW and self._lock_of(receipt, code)[0].is_file()
        if known and claimed is Claimed.DIFFERS:
            return Submitted(receipt, code, differs=True)
        if not known:
            letter = Letter(
                kind="complaint", message_id=message_id, at=at, receipt=receipt, code=code, text=text,
                contact=contact, token=token, files=kept,
            )  # fmt: skip
            drop(
                self.folder / LETTERS,
                seal_letter(letter.model_dump_json(), public),
                ending=ENDING,
                mode=SHARED,
            )
            if not self._lock_of(receipt, code)[0].is_file():
                self.leave(Answer(receipt, at, WORDS_AT_FIRST), code)
        return Submitted(receipt, code)

    def report_up(self, report: str) -> str:
        """Seal a report for the level above; the hash of the sealed bytes. Raises `NoWayUp`."""
        try:
            public = self._key(KEY_FILE)
        except NotVisible:
            raise NoWayUp from None
        sealed = seal_letter(report, public)
        drop(self.folder / UPWARD, sealed, ending=ENDING, mode=SHARED)
        return hashlib.sha256(sealed).hexdigest()

    def add(self, *, receipt: str, code: str, text: str, at: datetime) -> Answer:
        """Seal what a sender adds to a complaint whose answer they can open, which is returned as it lies there.

        Raises `BadInput` for a text or a number of additions that the office would refuse, `NotVisible` as
        `progress` does.
        """
        answer = self.progress(receipt=receipt, code=code)
        check_addition(text)
        if sum(not line.by for line in answer.thread) >= MOST_ANSWERS:
            raise BadInput("text", "补充次数过多，请另行反映")
        letter = Letter(
            kind="addition", message_id=secrets.token_urlsafe(16), at=at, receipt=answer.receipt,
            code=plain_digits(code), text=text,
        )  # fmt: skip
        drop(
            self.folder / LETTERS,
            seal_letter(letter.model_dump_json(), self._key(OFFICE_KEY)),
            ending=ENDING,
            mode=SHARED,
        )
        return answer

    def progress(self, *, receipt: str, code: str) -> Answer:
        """What became of a complaint. Raises `NotVisible`, whether number or code is wrong."""
        if not is_receipt(receipt):
            raise NotVisible
        path, key = self._lock_of(receipt, code)
        try:
            sealed = path.read_bytes()
            plain = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (FileNotFoundError, InvalidTag) as error:
            raise NotVisible from error
        return Answer.from_json(unpadded(plain))

    def leave(self, answer: Answer, code: str) -> None:
        """Put or replace the answer to a complaint."""
        path, key = self._lock_of(answer.receipt, code)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, padded(answer.to_json()), None)
        drop(path.parent, sealed, ending=".new", mode=SHARED).replace(path)

    def publish(self, points: Sequence[Point], *, office_key: bytes, upward_key: bytes | None) -> None:
        """What the office lets the public intake know: its points and public keys."""
        given = json.dumps([asdict(point) for point in points], ensure_ascii=False).encode()
        for name, content in ((POINTS, given), (OFFICE_KEY, office_key), (KEY_FILE, upward_key)):
            path = self.folder / "office" / name
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.is_file() or path.read_bytes() != content:
                drop(path.parent, content, ending=".new", mode=SHARED).replace(path)

    def waiting(self, kind: str) -> list[Path]:
        """Sealed files of LETTERS or UPWARD that nobody has fetched yet, the oldest first."""
        found = []
        for path in (self.folder / kind).glob(f"*{ENDING}"):
            with suppress(FileNotFoundError):  # somebody else fetched it just now
                found.append((path.lstat().st_mtime_ns, path.name, path))
        return [path for *_, path in sorted(found)]

    def refuse_links(self) -> None:
        """Raise `UnsafeMailbox` where a folder of the mailbox is a link to somewhere else."""
        if any((self.folder / name).is_symlink() for name in ("office", LETTERS, UPWARD, "answers", REFUSED)):
            raise UnsafeMailbox

    def _key(self, name: str) -> bytes:
        path = self.folder / "office" / name
        key = path.read_bytes() if path.is_file() else b""
        if len(key) != KEY_BYTES:
            raise NotVisible
        return key

    def _claim(self, message_id: str, content: str, *, year: int) -> tuple[str, str, Claimed]:
        """Receipt and code of a message, and whether it is new: derived, so that nothing needs to be remembered."""
        key = load_key(self.folder, "receipts")
        for attempt in range(_MOST_TRIES):
            digest = hmac.new(key, f"{message_id}|{year}|{attempt}".encode(), hashlib.sha256).digest()
            receipt = given_out(year, int.from_bytes(digest[:8], "big"))
            code = f"{int.from_bytes(digest[8:16], 'big') % 10**10:010d}"
            own = hmac.new(key, message_id.encode(), hashlib.sha256).hexdigest()
            held = hmac.new(key, content.encode(), hashlib.sha256).hexdigest()
            claim = self.folder / "claims" / hmac.new(key, receipt.encode(), hashlib.sha256).hexdigest()[:32]
            aside = drop(claim.parent, f"{own} {held}".encode(), ending=".new")
            try:
                os.link(aside, claim)  # whole or not at all, also when the same form is sent twice at once
            except FileExistsError:
                before, _, held_then = claim.read_text(encoding="utf-8").partition(" ")
                if before == own:
                    return receipt, code, Claimed.AGAIN if held_then in ("", held) else Claimed.DIFFERS
                continue
            finally:
                aside.unlink()
            return receipt, code, Claimed.NEW
        raise BadInput("text", "暂时无法给出回执号，请稍后再提交")

    def _lock_of(self, receipt: str, code: str) -> tuple[Path, bytes]:
        """Place and key of an answer: dear to guess, because receipts and codes are short."""
        given = plain_digits(code)
        derive = Scrypt(salt=b"cunjian answer 1", length=_NAME_BYTES + KEY_BYTES, n=_GUESS_COST, r=8, p=1)
        with _GUESSES:
            derived = derive.derive(f"{digits_of(receipt)}|{given}".encode())
        return self.folder / "answers" / derived[:_NAME_BYTES].hex(), derived[_NAME_BYTES:]


def _carried(content: bytes) -> bytes:
    """A cleaned file, small enough that the office, which cleans it again, takes it."""
    _, clean = cleaned(content)
    if len(clean) > MOST_CARRIED:
        raise BadInput(
            "file", f"文件（图片为去除附带信息后）超过 {MOST_CARRIED // 1_000_000} MB，请缩小后再传"
        )
    return clean
