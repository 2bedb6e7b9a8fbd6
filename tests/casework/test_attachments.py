"""Attachments: known by content, without metadata, and opened by nobody before the scanner passed them."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import event, func, select

from casework import attachments
from casework.audit_models import AuditEntry
from casework.channel_models import Attachment, ScanState
from casework.errors import BadInput, NotVisible
from casework.intake import receive
from tests.casework_world import NOW, KeywordTriage, message


def take_in(session, world, *, number: int = 1) -> int:
    given = [message("石桥村低保不公开", number=number)]
    (taken,) = receive(
        session, given, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )
    return taken.complaint_id


def photograph() -> bytes:
    """A JPEG that says where and with what it was taken."""
    image = Image.new("RGB", (32, 24), (120, 30, 30))
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif, comment=b"SECRET-COMMENT")
    return written.getvalue()


def test_metadata_is_stripped_and_the_picture_stays():
    original = photograph()
    assert b"SECRET-PHONE-MAKER" in original
    kind, content = attachments.cleaned(original)
    assert kind == "jpg"
    assert b"SECRET" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert (image.size, dict(image.getexif())) == ((32, 24), {})


def shot(kind: str, orientation: int) -> bytes:
    """A picture whose telephone was held some other way; its left half is red."""
    image = Image.new("RGB", (32, 16), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    written = io.BytesIO()
    image.save(written, kind, exif=exif)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("orientation", "size", "red"), [(1, (32, 16), (4, 8)), (3, (32, 16), (28, 8)), (6, (16, 32), (8, 4))]
)
def test_a_picture_stands_upright_without_its_metadata(kind, orientation, size, red):
    _, content = attachments.cleaned(shot(kind, orientation))
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == size
        assert image.getpixel(red)[0] > 200
        assert dict(image.getexif()) == {}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\x00\x00garbage!",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00\x12",
    ],
)
def test_a_picture_with_broken_metadata_is_kept(exif):
    written = io.BytesIO()
    Image.new("RGB", (32, 16)).save(written, "JPEG", exif=exif)
    assert attachments.cleaned(written.getvalue())[0] == "jpg"


@pytest.mark.parametrize(
    "brands",
    [
        b"heic",
        b"heix",
        b"heif",
        b"mif1",
        b"msf1",
        b"avif\x00\x00\x00\x00avifmif1miaf",
        b"\x00\x00\x00\x00\x00\x00\x00\x00mif1",
    ],
)
def test_a_heic_photo_is_no_video_and_is_asked_for_as_jpg(brands):
    box = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    with pytest.raises(BadInput, match="JPG"):
        attachments.cleaned(box + b"\x00\x00\x00\x08mdat")


@pytest.mark.parametrize("brands", [b"isom\x00\x00\x02\x00isomiso2avc1mp41", b"qt  \x00\x00\x00\x00qt  "])
def test_a_video_is_kept_as_it_is(brands):
    content = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"\x00\x00\x00\x0cfreeheic"
    assert attachments.cleaned(content) == ("mp4", content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"<html>",
        b"PK\x03\x04",
        b"\xff\xd8\xff no image",
        pytest.param(b"%PDF-" + bytes(10_000_001), id="too big"),  # the text of an id goes to and fro
    ],
)
def test_other_kinds_broken_images_and_big_files_are_refused(content):
    with pytest.raises(BadInput):
        attachments.cleaned(content)


def attached(world, *contents: bytes) -> list[int]:
    """Ids of files in quarantine that came with one complaint."""
    with world.sessions.begin() as session:
        row_id = take_in(session, world)
        kept = attachments.attach(session, world.home, row_id, contents, sealer=world.sealer, at=NOW)
        return [attachment.id for attachment in kept]


def scan_all(world, scan=lambda content: ScanState.INFECTED if b"EICAR" in content else ScanState.CLEAN):
    return attachments.scan_waiting(world.sessions, world.home, sealer=world.sealer, scan=scan, at=NOW)


def states(world) -> list[ScanState]:
    with world.sessions() as session:
        return list(session.scalars(select(Attachment.state).order_by(Attachment.id)))


def file_of(world, row_id: int) -> Path:
    with world.sessions() as session:
        return world.home / "intake" / "attachments" / session.get_one(Attachment, row_id).name


def scans(world) -> list[tuple[str, str]]:
    with world.sessions() as session:
        query = select(AuditEntry.action, AuditEntry.target).where(AuditEntry.action.startswith("scanned:"))
        return [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))]


def test_nobody_opens_a_file_before_the_scanner_passed_it(world):
    command = [sys.executable, "-c", "import sys; sys.exit(1 if b'EICAR' in sys.stdin.buffer.read() else 0)"]
    broken = attachments.command_scanner([sys.executable, "-c", "import sys; sys.exit(7)"])
    good, bad = attached(world, photograph(), b"%PDF-1.7 EICAR")
    for scan in (broken, attachments.command_scanner(["/nonexistent/scanner"])):
        scan_all(world, scan)
        assert set(states(world)) == {ScanState.QUARANTINED}
    with world.sessions.begin() as session:
        clerk, town = world.actor(session, "clerk"), world.actor(session, "town_a")
        with pytest.raises(BadInput):
            attachments.opened(session, clerk, world.home, good, sealer=world.sealer)
    counts = scan_all(world, attachments.command_scanner(command))
    assert (counts["clean"], counts["infected"]) == (1, 1)
    with world.sessions.begin() as session:
        attachment, content = attachments.opened(session, clerk, world.home, good, sealer=world.sealer)
        assert hashlib.sha256(content).hexdigest() == attachment.sha256
        with pytest.raises(BadInput):
            attachments.opened(session, clerk, world.home, bad, sealer=world.sealer)
        with pytest.raises(NotVisible):
            attachments.opened(session, town, world.home, good, sealer=world.sealer)
    kept = list((world.home / "intake" / "attachments").iterdir())
    assert kept == [file_of(world, good)]
    assert b"JFIF" not in kept[0].read_bytes()


def test_a_damaged_and_a_lost_file_are_recorded_and_the_run_goes_on(world):
    damaged, lost, good = attached(world, b"%PDF-1", b"%PDF-2", b"%PDF-3")
    file_of(world, damaged).write_bytes(b"no seal")
    file_of(world, lost).unlink()
    counts = scan_all(world)
    assert counts == {"quarantined": 0, "clean": 1, "infected": 0, "damaged": 1, "gone": 1}
    assert states(world) == [ScanState.DAMAGED, ScanState.GONE, ScanState.CLEAN]
    assert scans(world) == [
        ("scanned:damaged", f"attachment/{damaged}"),
        ("scanned:gone", f"attachment/{lost}"),
        ("scanned:clean", f"attachment/{good}"),
    ]


def test_a_damaged_file_is_not_opened_and_is_tried_again_when_it_is_back(world):
    damaged, lost = attached(world, b"%PDF-1", b"%PDF-2 EICAR")
    kept = [file_of(world, one).read_bytes() for one in (damaged, lost)]
    file_of(world, damaged).write_bytes(b"no seal")
    file_of(world, lost).unlink()
    scan_all(world)
    with world.sessions.begin() as session:
        clerk = world.actor(session, "clerk")
        for one, why in ((damaged, "文件损坏，无法检查"), (lost, "文件缺失，无法检查")):
            with pytest.raises(BadInput, match=why):
                attachments.opened(session, clerk, world.home, one, sealer=world.sealer)
    for one, content in zip((damaged, lost), kept, strict=True):
        file_of(world, one).write_bytes(content)
    scan_all(world, lambda _content: ScanState.QUARANTINED)  # a scanner that is away
    assert states(world) == [ScanState.QUARANTINED] * 2
    scan_all(world)
    assert states(world) == [ScanState.CLEAN, ScanState.INFECTED]


def test_a_file_that_is_damaged_after_its_check_says_so(world):
    damaged, lost = attached(world, b"%PDF-1", b"%PDF-2")
    scan_all(world)
    file_of(world, damaged).write_bytes(b"no seal")
    file_of(world, lost).unlink()
    with world.sessions.begin() as session:
        clerk = world.actor(session, "clerk")
        for one in (damaged, lost):
            with pytest.raises(BadInput, match="无法打开"):
                attachments.opened(session, clerk, world.home, one, sealer=world.sealer)


def test_what_was_decided_stays_when_the_run_breaks_off(world):
    infected, later = attached(world, b"%PDF-1 EICAR", b"%PDF-2")

    def breaks_off(content: bytes) -> ScanState:
        if b"EICAR" in content:
            return ScanState.INFECTED
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_all(world, breaks_off)
    assert states(world) == [ScanState.INFECTED, ScanState.QUARANTINED]
    assert scan_all(world)["clean"] == 1
    assert not file_of(world, infected).exists()
    assert file_of(world, later).exists()


def test_an_infected_file_goes_only_after_the_commit_and_one_that_was_left_goes_later(small_world):
    (infected,) = attached(small_world, b"%PDF-1 EICAR")
    path = file_of(small_world, infected)
    seen = []
    sealed = path.read_bytes()

    @event.listens_for(small_world.engine, "commit")
    def _look(_connection) -> None:
        seen.append(path.exists())

    assert scan_all(small_world)["infected"] == 1
    event.remove(small_world.engine, "commit", _look)
    assert seen
    assert all(seen)
    assert not path.exists()
    path.write_bytes(sealed)  # as after a crash between the commit and the removal
    scan_all(small_world)
    assert not path.exists()


def test_a_scan_keeps_nobody_from_writing(small_world):
    """SQLite has one writer: while a scanner works, no transaction is open."""
    attached(small_world, b"%PDF-1")

    def scan(_content: bytes) -> ScanState:
        with small_world.sessions.begin() as session:
            take_in(session, small_world, number=2)
        return ScanState.CLEAN

    assert scan_all(small_world, scan)["clean"] == 1


def test_files_of_a_complaint_are_counted(small_world):
    with small_world.sessions.begin() as session:
        row_id = take_in(session, small_world)
        files = [b"%PDF-1.7"] * (attachments.MOST_FILES + 1)
        with pytest.raises(BadInput):
            attachments.attach(session, small_world.home, row_id, files, sealer=small_world.sealer, at=NOW)
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0
