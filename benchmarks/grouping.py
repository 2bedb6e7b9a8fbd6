"""Grouping of messages: edited copies, weak events, distinct messages, and a mailing of 50,000 SMS end to end.

    python -m benchmarks.grouping DATA                    DATA/complaints holds the board files
    python -m benchmarks.grouping DATA --mailing 50000    only the mailing

Copies: 600 distinct board messages, five edited copies of each (`benchmarks.edited_copies`), five seeds; they come
in at random, one after another, with all other distinct messages between them. Pairwise F1 over all pairs.
Distinct: the 6,013 messages of board_topics, one of each `dup_group`: every pair that is joined is false.
Events: pairs of one `event_by_students` (weak labels) against what the clerk is offered as the same event.
Mailing: SMS of about 70 characters, copies of one text with one or two edits, through the signed webhook in deliveries of 1,000,
with 2,000 different messages between them; stored, grouped, triaged, and the first page of the inbox read.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from api import sms
from api.app import create_app
from api.context import Intake
from benchmarks.edited_copies import edited
from casework.accounts import create_user
from casework.database import open_engine, sessions, sqlite_url
from casework.group_index import keep, place
from casework.group_models import ComplaintCopy, GroupBand, GroupExemplar
from casework.group_placing import Incoming
from casework.migrations import upgrade
from casework.models import Complaint
from casework.redaction import redact_for_work
from casework.roles import Role
from casework.similar import EVENTS_SHOWN
from casework.states import ComplaintState
from cunjian.settings import Settings
from cunjian.triage import serving_triage
from cunjian.trials import trial_runner
from ml.triage.likeness import likeness
from ml.triage.near_duplicates import group_near_duplicates
from ml.triage.text import normalise
from registers.identity import IdentityVault
from training.board import whole_text

COUNTY = "330102"
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
PASSWORD = "correct-horse-battery"  # noqa: S105
SEEDS = range(5)
COPIED, COPIES = 600, 5
MAILING = "石桥村征地补偿款发放不公开，村支书的亲戚多报了三亩地，账目从来没有贴出来过。我们多次到镇里反映都没有人管，请上级派人来查一查。"


def main(data: Path) -> None:
    """Print every figure; about five minutes."""
    board = data / "complaints"
    _print_distinct(_distinct(board))
    _print_copies(_distinct(board))
    _print_events(board)
    _print_mailing(_distinct(board), 50_000, database=None)


def _distinct(board: Path) -> list[str]:
    table = pq.read_table(board / "board_topics.parquet").to_pandas().drop_duplicates("dup_group")
    return [whole_text(subject, detail) for subject, detail in zip(table.subject, table.detail, strict=True)]


# --- groups over texts -------------------------------------------------------------------------------------


def grouped(texts: Sequence[str], *, batch: int = 1_000) -> list[int]:
    """Group number of each text, taken in one delivery after another through the index of a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder))
        upgrade(url)
        engine = open_engine(url)
        leads: list[int] = []
        for start in range(0, len(texts), batch):
            with sessions(engine).begin() as session:
                leads += _take_in(session, texts[start : start + batch], first_id=start + 1)
        engine.dispose()
    return leads


def _take_in(session: Session, texts: Sequence[str], *, first_id: int) -> list[int]:
    incoming = [
        Incoming(text=redact_for_work(text), division=COUNTY, about=None, simulated=False, at=NOON)
        for text in texts
    ]
    placement = place(session, incoming)
    ids = list(range(first_id, first_id + len(texts)))
    session.execute(
        insert(Complaint),
        [
            {
                "id": row_id, "receipt": f"r{row_id}", "channel": "web", "message_id": str(row_id), "version": 1,
                "received_at": NOON, "division": COUNTY, "sealed": b"", "work_text": message.text,
                "simulated": False, "reasons": [], "state": ComplaintState.TRIAGED,
            }
            for row_id, message in zip(ids, incoming, strict=True)
        ],
    )  # fmt: skip
    keep(session, placement, incoming, ids)
    return [placement.lead_id(row, ids) for row in range(len(ids))]


def _pairs(groups: Sequence[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())


def _pairwise(found: Sequence[int], truth: Sequence[object]) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of messages."""
    both = _pairs(list(zip(found, truth, strict=True)))
    precision, recall = both / max(1, _pairs(found)), both / max(1, _pairs(truth))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def _print_distinct(texts: list[str]) -> None:
    started = time.perf_counter()
    found = grouped(texts)
    print(
        f"Distinct: {len(texts)} messages, {_pairs(found)} false pairs, {time.perf_counter() - started:.1f} s"
    )


def _print_copies(texts: list[str]) -> None:
    figures, lone, at_once = [], [], []
    for seed in SEEDS:
        draw = random.Random(seed)  # noqa: S311
        chosen = draw.sample(range(len(texts)), COPIED)
        mixed = [(text, row) for row, text in enumerate(texts)] + [
            (edited(texts[row], seed=seed * 1_000_003 + row * COPIES + number), row)
            for row in chosen
            for number in range(COPIES)
        ]
        draw.shuffle(mixed)
        found = grouped([text for text, _ in mixed])
        figures.append(_pairwise(found, [row for _, row in mixed]))
        whole = group_near_duplicates([normalise(text) for text, _ in mixed]).tolist()
        at_once.append(_pairwise(whole, [row for _, row in mixed])[2])
        short = {row for row in chosen if len(texts[row]) < 100}
        rows = [number for number, (_, row) in enumerate(mixed) if row in short]
        lone.append(_pairwise([found[row] for row in rows], [mixed[row][1] for row in rows])[2])
    precision, recall, f1 = (np.array(column) for column in zip(*figures, strict=True))
    print(
        f"Copies: {COPIED} x {COPIES} among {len(texts)} messages, {len(SEEDS)} seeds: precision {precision.mean():.4f},"
        f" recall {recall.mean():.4f}, F1 {f1.mean():.4f} (spread {f1.min():.4f} to {f1.max():.4f});"
        f" messages under 100 characters alone: F1 {np.mean(lone):.4f};"
        f" beside it: whole file at once by estimated similarity (ml.triage.near_duplicates): F1 {np.mean(at_once):.4f}"
    )


# --- same event --------------------------------------------------------------------------------------------


def _print_events(board: Path) -> None:
    """Pairs offered as one event against pairs of one weak label, at several thresholds, on two halves of the events."""
    table = pq.read_table(board / "board_hot.parquet").to_pandas()
    texts = [whole_text(subject, detail) for subject, detail in zip(table.subject, table.detail, strict=True)]
    events = table.event_by_students.fillna("").to_numpy()
    matrix = likeness([redact_for_work(text) for text in texts])
    names = sorted(set(events) - {""})
    for half in (0, 1):
        mine = [name for number, name in enumerate(names) if number % 2 == half]
        rows = np.flatnonzero(np.isin(events, mine))
        found = np.asarray((matrix[rows] @ matrix.T).toarray())
        found[np.arange(len(rows)), rows] = 0
        same = events[rows][:, None] == events[None, :]
        same[np.arange(len(rows)), rows] = False
        for threshold in (0.08, 0.1, 0.12, 0.15, 0.2, 0.3):
            ranks = np.argsort(-found, axis=1)[:, :EVENTS_SHOWN]
            offered = np.zeros_like(same)
            np.put_along_axis(offered, ranks, True, axis=1)
            offered &= found >= threshold
            right = (offered & same).sum()
            reachable = np.minimum(same.sum(axis=1), EVENTS_SHOWN).sum()
            print(
                f"Events, half {half + 1} ({len(mine)} events, {len(rows)} messages), likeness from {threshold}: precision"
                f" {right / max(1, offered.sum()):.3f}, recall of the {EVENTS_SHOWN} shown {right / reachable:.3f},"
                f" messages with a right offer {(offered & same).any(axis=1).mean():.3f}"
            )


# --- the mailing -------------------------------------------------------------------------------------------


def _print_mailing(texts: list[str], number: int, *, database: str | None) -> None:
    short = [text for text in texts if len(text) < 150][:2_000]
    draw = random.Random(0)  # noqa: S311
    wanted = [edited(MAILING, seed=seed, most=2) for seed in range(number)]
    mixed = [*((text, True) for text in wanted), *((text, False) for text in short)]
    draw.shuffle(mixed)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home)
        secret = b"shared with the gateway"
        app = create_app(
            home=home, database_url=database or sqlite_url(home), clock=lambda: NOON, models={},
            intake=Intake(triage=serving_triage(settings).current, division=COUNTY, sms_secret=secret),
            vault=IdentityVault(home), trial=trial_runner(settings),
        )  # fmt: skip
        with app.state.services.sessions.begin() as session:
            create_user(
                session, login="clerk", name="受理员", password=PASSWORD, role=Role.CLERK,
                division=COUNTY, at=NOON,
            )  # fmt: skip
        with TestClient(app) as client:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            started, busy = time.perf_counter(), time.process_time()
            receipts: set[str] = set()
            for start in range(0, len(mixed), 1_000):
                body = json.dumps(
                    [
                        {"mobile": f"139{place:08d}", "content": text, "msgid": f"m{place}"}
                        for place, (text, _) in enumerate(mixed[start : start + 1_000], start=start)
                    ]
                ).encode()
                stamp = str(int(NOON.timestamp()))
                answer = client.post(
                    "/webhooks/sms",
                    content=body,
                    headers={
                        "Content-Type": "application/json",
                        "X-Timestamp": stamp,
                        "X-Signature": sms.sign(secret, timestamp=stamp, body=body),
                    },
                )
                assert answer.status_code == 200, answer.text
                receipts |= {receipt["receipt"] for receipt in answer.json()["receipts"]}
            taken, busy = time.perf_counter() - started, time.process_time() - busy
            token = client.post("/api/session", json={"login": "clerk", "password": PASSWORD})
            started = time.perf_counter()
            page = client.get("/api/complaints", headers={"Authorization": f"Bearer {token.json()['token']}"})
            read = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with app.state.services.sessions() as session:
            sizes = session.execute(
                select(func.count())
                .select_from(ComplaintCopy)
                .group_by(ComplaintCopy.lead_id)
                .order_by(func.count().desc())
            ).all()
            exemplars = session.scalar(select(func.count()).select_from(GroupExemplar))
            bands = session.scalar(select(func.count()).select_from(GroupBand))
    first = max(row["copies"] for row in page.json()["rows"])
    print(
        f"Mailing: {number} copies and {len(short)} others in {taken:.1f} s, {len(mixed) / taken:.0f} messages/s"
        f" ({len(mixed) / busy:.0f} a second of processor time);"
        f" {len(receipts)} receipts; largest group {sizes[0][0] + 1} of {number}"
        f" (next: {[size + 1 for (size,) in sizes[1:4]]}), shown on the first page with {first} copies;"
        f" inbox of {page.json()['total']} cases read in {read * 1000:.0f} ms;"
        f" peak memory {peak:.0f} MB ({before:.0f} MB before); index {exemplars} exemplars, {bands} band keys"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--mailing", type=int, help="only the mailing, of so many SMS")
    parser.add_argument("--database", help="PostgreSQL URL for the mailing; a SQLite file by default")
    given = parser.parse_args()
    if given.mailing is None:
        main(given.data)
    else:
        _print_mailing(_distinct(given.data / "complaints"), given.mailing, database=given.database)
