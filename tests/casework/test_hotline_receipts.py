"""Receipts for those who called the hotline: its own number, our receipt and code, and nothing else."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from casework.audit_models import AuditEntry
from casework.errors import BadInput, NotPermitted
from casework.follow_ups import progress, query_code
from casework.hotline import receipts_csv
from casework.intake import receive
from tests.casework_world import COUNTY, NOW, TOWN_A, VILLAGE_A, KeywordTriage, message

DAY = date(2026, 11, 22)
TEXT = "石桥村征地补偿款发放不公开，村支书多报了三亩地，账目从来没有贴出来过。"


def take_in(session, world, *given):
    taken = receive(
        session, given, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )
    return [one.receipt for one in taken]


def call(number: str, text: str = TEXT, **changes):
    return message(text, channel="hotline", message_id=number, sender="13800000000", **changes)


def table(session, world, who="clerk", *, since=DAY, until=DAY) -> list[list[str]]:
    content = receipts_csv(session, world.actor(session, who), world.home, since=since, until=until, at=NOW)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def looked_at(session) -> list[str]:
    query = select(AuditEntry.target).where(AuditEntry.action == "look:receipt").order_by(AuditEntry.id)
    return list(session.scalars(query))


def test_the_hotline_gets_number_receipt_and_code_of_its_own_messages_and_no_more(world):
    with world.sessions.begin() as session:
        receipts = take_in(
            session, world, call("GD1"), call("GD2", TEXT + "谢谢"), message(TEXT, number=3), call("GD4", about=VILLAGE_A)
        )  # fmt: skip
        rows = table(session, world)
        codes = [query_code(world.home, receipts[place]) for place in (0, 1, 3)]
        assert rows == [
            ["热线工单编号", "回执号", "查询码"],
            *(
                [number, receipts[place], f"{code[:3]} {code[3:]}"]
                for number, place, code in zip(("GD1", "GD2", "GD4"), (0, 1, 3), codes, strict=True)
            ),
        ]
        assert progress(session, world.home, receipt=rows[1][1], code=rows[1][2]).words == "已收到"
        assert looked_at(session) == ["complaint/1", "complaint/2", "complaint/4"]


def test_the_days_are_those_in_china_and_both_ends_count(world):
    late, early = datetime(2026, 11, 20, 16, 0, tzinfo=UTC), datetime(2026, 11, 20, 15, 59, tzinfo=UTC)
    with world.sessions.begin() as session:
        take_in(session, world, call("a", received_at=early), call("b", received_at=late), call("c"))
        assert [row[0] for row in table(session, world, since=date(2026, 11, 21))[1:]] == ["b", "c"]
        first = date(2026, 11, 20)
        assert [row[0] for row in table(session, world, since=first, until=first)[1:]] == ["a"]
        assert len(table(session, world, since=date(2025, 1, 1), until=date(2025, 1, 2))) == 1


@pytest.mark.parametrize("who", ["supervisor", "leader", "technician", "town_a", "audit_admin"])
def test_nobody_but_the_clerk_takes_receipts_out(small_world, who):
    with small_world.sessions.begin() as session:
        take_in(session, small_world, call("GD1"))
        with pytest.raises(NotPermitted):
            table(session, small_world, who)
        assert looked_at(session) == []


def test_an_office_gets_the_receipts_of_its_own_hotline_only(small_world):
    with small_world.sessions.begin() as session:
        (_, own) = take_in(session, small_world, call("GD1", division=TOWN_A), call("GD1", division=COUNTY))
        assert [row[1] for row in table(session, small_world)[1:]] == [own]


def test_a_number_that_a_spreadsheet_would_run_is_text(small_world):
    with small_world.sessions.begin() as session:
        take_in(session, small_world, call("=1+1"), call("@a", TEXT + "甲"))
        assert [row[0] for row in table(session, small_world)[1:]] == ["'=1+1", "'@a"]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (DAY, DAY - timedelta(days=1)),
        (date(1, 1, 1), DAY),
        (DAY, date(9999, 12, 31)),
        (DAY - timedelta(days=400), DAY),
    ],
)
def test_days_in_the_wrong_order_or_too_many_are_refused(small_world, since, until):
    with small_world.sessions.begin() as session, pytest.raises(BadInput):
        table(session, small_world, since=since, until=until)
