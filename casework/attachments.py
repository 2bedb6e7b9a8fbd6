"""Files that come with a complaint: known by content, bounded, sealed, and opened by nobody before a scanner passed them.

A photograph says where and with which telephone it was taken: images are turned upright, decoded and written anew
without metadata. That of PDF, sound and video stays; the form and the clerk's page say so.
The scanner is a command of the site (`CUNJIAN_SCAN_COMMAND`) that gets the bytes on standard input and ends with 0
for clean and 1 for infected; without one, files stay in quarantine.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import struct
import subprocess  # the site's own scanner, without a shell
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from casework import audit
from casework.channel_models import Attachment, ScanState
from casework.complaints import visible_complaint
from casework.errors import BadInput, NotVisible, SealBroken
from casework.letters import drop
from casework.roles import Actor
from casework.sealing import Sealer

MOST_FILES: Final = 5
MOST_BYTES: Final = 10_000_000
MOST_PIXELS: Final = 50_000_000
_CLEANING: Final = BoundedSemaphore(2)  # at once: a picture unpacked takes 150 MB and more
SCAN_SECONDS: Final = 120
MEDIA_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "mp3": "audio/mpeg",
    "amr": "audio/amr",
    "mp4": "video/mp4",
}
_MAGIC: Final = (
    ("jpg", 0, b"\xff\xd8\xff"), ("png", 0, b"\x89PNG\r\n\x1a\n"), ("pdf", 0, b"%PDF-"), ("mp3", 0, b"ID3"),
    ("mp3", 0, b"\xff\xfb"), ("amr", 0, b"#!AMR"), ("mp4", 4, b"ftyp"),
)  # fmt: skip
_IMAGES: Final = {"jpg": "JPEG", "png": "PNG"}
_STILL_BRANDS: Final = frozenset({b"heic", b"heix", b"heif", b"mif1", b"msf1"})
_LONGEST_BRANDS: Final = 256
_BROKEN_METADATA: Final = (
    SyntaxError,
    struct.error,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    OSError,
)

_TO_SCAN: Final = (ScanState.QUARANTINED, ScanState.DAMAGED, ScanState.GONE)
_MEND: Final = "请联系技术保障室找回，找回后自动重查；或提问请反映人重新上传"
NOT_OPEN: Final = {
    ScanState.QUARANTINED: "等待安全检查",
    ScanState.INFECTED: "含有害内容，已删除",
    ScanState.DAMAGED: f"文件损坏，无法检查；{_MEND}",
    ScanState.GONE: f"文件缺失，无法检查；{_MEND}",
}
"""What is said of a file that nobody may open, and what can be done."""

Scan = Callable[[bytes], ScanState]


def kind_of(content: bytes) -> str:
    """The kind by content, whatever the name says. Raises `BadInput` for every other kind."""
    for kind, start, magic in _MAGIC:
        if content[start : start + len(magic)] == magic:
            if kind == "mp4" and _is_still(content):
                raise BadInput("file", "收不了 HEIC、HEIF 格式的照片，请存成 JPG 后再传")
            return kind
    raise BadInput("file", "只接收照片（JPG、PNG）、PDF、录音（MP3、AMR）和视频（MP4）")


def _is_still(content: bytes) -> bool:
    """A photo in the container of a video (HEIC), by the brands that its first box names; its metadata say where."""
    end = max(12, min(int.from_bytes(content[:4], "big"), _LONGEST_BRANDS))
    return any(content[start : start + 4] in _STILL_BRANDS for start in range(8, end, 4))


def cleaned(content: bytes) -> tuple[str, bytes]:
    """(kind, content without metadata). Raises `BadInput` when it is too big or no readable image."""
    if not 0 < len(content) <= MOST_BYTES:
        raise BadInput("file", f"文件为空，或超过 {MOST_BYTES // 1_000_000} MB")
    kind = kind_of(content)
    if kind not in _IMAGES:
        return kind, content
    try:
        with _CLEANING, Image.open(io.BytesIO(content), formats=[_IMAGES[kind]]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadInput("file", "图片像素过大，请缩小后再传")
            image.load()
            with suppress(*_BROKEN_METADATA):  # which way is up is not known then
                ImageOps.exif_transpose(image, in_place=True)
            plain = image.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput("file", "图片无法读取，请重新拍照或另存后再传") from error
    bare = Image.new("RGB", plain.size)
    bare.paste(plain)
    written = io.BytesIO()
    bare.save(written, _IMAGES[kind])
    return kind, written.getvalue()


def hash_of(files: Sequence[bytes]) -> str:
    """What tells these files from others; empty for none."""
    if not files:
        return ""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in files)).hexdigest()


def attach(
    session: Session,
    home: Path,
    complaint_id: int,
    contents: Sequence[bytes],
    *,
    sealer: Sealer,
    at: datetime,
) -> list[Attachment]:
    """Keep the files of a complaint, sealed and in quarantine. All or none: the first that is refused raises."""
    present = session.scalar(
        select(func.count()).select_from(Attachment).where(Attachment.complaint_id == complaint_id)
    )
    if (present or 0) + len(contents) > MOST_FILES:
        raise BadInput("file", f"附件至多 {MOST_FILES} 个")
    kept = []
    for kind, content in [cleaned(content) for content in contents]:
        name = secrets.token_hex(16)
        drop(_path(home, name).parent, sealer.seal_bytes(content, bound_to=name), name=name)
        kept.append(
            Attachment(
                complaint_id=complaint_id, name=name, kind=kind, size=len(content),
                sha256=hashlib.sha256(content).hexdigest(), state=ScanState.QUARANTINED, at=at,
            )
        )  # fmt: skip
    session.add_all(kept)
    session.flush()
    return kept


def scan_waiting(
    sessions: sessionmaker[Session], home: Path, *, sealer: Sealer, scan: Scan, at: datetime
) -> dict[str, int]:
    """Give every file that was not decided to the scanner, each in a transaction of its own; how many came to what.

    A file that does not open or is not there is recorded as such and tried again at the next run. What is infected is
    removed after the commit.
    """
    counts = dict.fromkeys((state.value for state in ScanState), 0)
    with sessions() as session:
        waiting = _in_state(session, *_TO_SCAN)
    for attachment_id, name in waiting:
        state = _scanned(home, name, sealer=sealer, scan=scan)
        with sessions.begin() as session:
            attachment = session.get_one(Attachment, attachment_id, with_for_update=True)
            if attachment.state not in _TO_SCAN:
                continue  # another run was faster
            attachment.state = state
            audit.record(
                session,
                at=at,
                actor=None,
                action=f"scanned:{state.value}",
                target=f"attachment/{attachment_id}",
            )
        counts[state.value] += 1
    with sessions() as session:
        infected = _in_state(session, ScanState.INFECTED)
    for _, name in infected:  # those too that a run left which broke off
        _path(home, name).unlink(missing_ok=True)
    return counts


def _in_state(session: Session, *states: ScanState) -> list[tuple[int, str]]:
    query = select(Attachment.id, Attachment.name).where(Attachment.state.in_(states)).order_by(Attachment.id)
    return [(attachment_id, name) for attachment_id, name in session.execute(query)]


def _scanned(home: Path, name: str, *, sealer: Sealer, scan: Scan) -> ScanState:
    """The new state of a file."""
    try:
        content = sealer.open_bytes(_path(home, name).read_bytes(), bound_to=name)
    except FileNotFoundError:
        return ScanState.GONE
    except (SealBroken, OSError):
        return ScanState.DAMAGED
    return scan(content)


def command_scanner(command: Sequence[str]) -> Scan:
    """A scanner that is a command: bytes on standard input; ends with 0 for clean, 1 for infected, else unknown."""

    def scan(content: bytes) -> ScanState:
        try:
            ended = subprocess.run(  # noqa: S603
                list(command), input=content, capture_output=True, timeout=SCAN_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ScanState.QUARANTINED
        return {0: ScanState.CLEAN, 1: ScanState.INFECTED}.get(ended.returncode, ScanState.QUARANTINED)

    return scan


def attachments_of(session: Session, complaint_id: int) -> Sequence[Attachment]:
    """Attachments of a complaint, for a page whose caller has checked that it may be seen."""
    query = select(Attachment).where(Attachment.complaint_id == complaint_id)
    return session.scalars(query.order_by(Attachment.id)).all()


def opened(
    session: Session, actor: Actor, home: Path, attachment_id: int, *, sealer: Sealer
) -> tuple[Attachment, bytes]:
    """A clean attachment of a visible complaint. Raises `NotVisible` for others, `BadInput` for what nobody may open, or
    what was damaged since."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None:
        raise NotVisible
    visible_complaint(session, actor, attachment.complaint_id)
    if attachment.state is not ScanState.CLEAN:
        raise BadInput("file", f"附件不能打开：{NOT_OPEN[attachment.state]}")
    try:
        content = sealer.open_bytes(_path(home, attachment.name).read_bytes(), bound_to=attachment.name)
    except (SealBroken, OSError) as error:
        raise BadInput("file", f"文件损坏或缺失，无法打开；{_MEND}") from error
    return attachment, content


def _path(home: Path, name: str) -> Path:
    return home / "intake" / "attachments" / name
