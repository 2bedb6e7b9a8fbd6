"""The commands of the complaint office, as people type them."""

from __future__ import annotations

import re
import socket
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from casework.accounts import create_user
from casework.attachments import attach
from casework.channel_models import Attachment, IntakePoint, ScanState
from casework.database import open_engine, sessions, sqlite_url
from casework.intake import Message, receive
from casework.letters import seal_letter
from casework.migrations import upgrade
from casework.models import Complaint
from casework.roles import Role
from casework.sealing import load_sealer
from cunjian.cli import app
from tests.casework_world import KeywordTriage

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUNJIAN_HOME", str(tmp_path))
    upgrade(sqlite_url(tmp_path))
    return tmp_path


def call(*arguments: object):
    return CliRunner().invoke(app, ["intake", *map(str, arguments)])


def test_the_level_above_makes_its_keys_and_opens_what_was_sealed(tmp_path: Path) -> None:
    private, public, sealed = tmp_path / "a.key", tmp_path / "a.pub", tmp_path / "x.sealed"
    assert call("upward-key", private, public).exit_code == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    sealed.write_bytes(seal_letter("[某县]负责人的问题", public.read_bytes()))
    assert "[某县]负责人的问题" in call("upward-open", private, sealed).stdout
    before = private.read_bytes()
    assert call("upward-key", private, public).exit_code != 0
    assert private.read_bytes() == before


def test_attachments_wait_for_a_scanner_and_pass_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sessions(open_engine(sqlite_url(home))).begin() as session:
        message = Message(
            channel="web",
            message_id="1",
            text="石桥村低保不公开",
            division="330102",
            received_at=AT,
            simulated=True,
        )
        sealer = load_sealer(home)
        taken, *_ = receive(
            session, [message], sealer=sealer, triage=KeywordTriage(), triage_version="t", at=AT
        )
        files = [b"%PDF-1.6", b"%PDF-1.7"]
        damaged, whole = attach(session, home, taken.complaint_id, files, sealer=sealer, at=AT)
    (home / "intake" / "attachments" / damaged.name).write_bytes(b"no seal")
    assert call("scan").exit_code != 0
    monkeypatch.setenv("CUNJIAN_SCAN_COMMAND", f"{sys.executable} -c 'import sys; sys.stdin.buffer.read()'")
    told = call("scan").stdout
    assert "通过 1" in told
    assert "损坏、打不开 1" in told
    with sessions(open_engine(sqlite_url(home)))() as session:
        assert session.get_one(Attachment, whole.id).state is ScanState.CLEAN


def test_labels_are_written_even_when_there_are_none(home: Path) -> None:
    out = home / "labels.parquet"
    assert "标签 0" in call("labels", out).stdout
    assert pq.read_table(out).num_rows == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def submitted(address: str) -> str:
    """The page after a complaint through the real public process; waits until that is up."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        for _ in range(300):
            try:
                form = client.get("/r/Tok3n").text
                break
            except httpx.TransportError:
                time.sleep(0.1)
        challenge = re.search(r'name="challenge" value="([^"]+)"', form)
        assert challenge, form
        return client.post("/r/Tok3n", data={"challenge": challenge[1], "text": "石桥村低保不公开"}).text


def test_the_public_process_takes_a_complaint_and_the_office_fetches_it(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUNJIAN_DIVISION", "330102")
    mailbox, outside = tmp_path_factory.mktemp("mailbox"), tmp_path_factory.mktemp("outside")
    with sessions(open_engine(sqlite_url(home))).begin() as session:
        clerk = create_user(
            session,
            login="c",
            name="c",
            password="a long password",
            role=Role.CLERK,
            division="330102",
            at=AT,
        )
        session.flush()
        session.add(
            IntakePoint(
                token="Tok3n", name="石桥村", division="330102", about=None, active=True,
                created_by=clerk.id, created_at=AT,
            )
        )  # fmt: skip
    assert "来信 0" in call("fetch", mailbox).stdout
    port = free_port()
    public = subprocess.Popen(
        [sys.executable, "-m", "cunjian", "intake", "public", str(mailbox), "--port", str(port)],
        cwd=outside,
        env={"PATH": "/usr/bin:/bin", "CUNJIAN_HOME": str(outside)},
    )
    try:
        page = submitted(f"http://127.0.0.1:{port}")
    finally:
        public.kill()
        public.wait()
    receipt = re.search(r"<b>([0-9-]{14})</b>", page)
    assert receipt, page
    assert list(outside.iterdir()) == []
    assert "来信 1" in call("fetch", mailbox).stdout
    with sessions(open_engine(sqlite_url(home)))() as session:
        assert session.scalars(select(Complaint.receipt)).all() == [receipt[1]]
