"""Schemes of conduct: absence with a false attendance book, drunk driving kept quiet, minutes of no meeting."""

from __future__ import annotations

from datetime import timedelta

from simulation.conduct import punish
from simulation.health import stay
from simulation.meetings import hold
from simulation.paper import sign_contract
from simulation.records import Record
from simulation.records_wider import Attendance
from simulation.schemes.plots import Plot
from simulation.staff import attend, first_watched, working_days
from simulation.timeline import working_day
from simulation.village import Truth


def absent_with_false_attendance(plot: Plot) -> Truth | None:
    """The official is away for weeks and writes the days into the attendance book afterwards.

    Source: MISSION.md (an official absent for 15 days with a falsified attendance book). Turns a run of working days
    into presence by hand, entered by the official, while the official lies in a hospital elsewhere or is simply gone.
    """
    village, rnd = plot.village, plot.village.rnd
    begin = max(plot.start, first_watched(village))
    begin += timedelta(days=rnd.randrange(max(1, (plot.end - begin).days - 70)))
    days = list(working_days(begin, begin + timedelta(days=60)))[: plot.count(12, 30)]
    post = next((post for post in village.posts if post.resident is plot.official and post.held(begin)), None)
    if post is None or not days:
        return None
    mine = {
        row.work_date: row for row in village.rows.attendance if row.person_key == plot.official.id_number
    }
    rows: list[Attendance] = []
    listed: list[tuple[str, Record]] = []
    for day in days:
        row = mine.get(day) or attend(village, post, day)
        row.status, row.in_hour = "present", 8
        row.source = rnd.choice(("manual", "corrected"))
        row.recorder_key = plot.official.id_number
        rows.append(row)
    if plot.intensity > 0.35:
        claim = stay(village, plot.official, admitted_on=days[1], days=9, even_at_work=True,
                     where=rnd.choice(village.market.public.hospitals))  # fmt: skip
        listed += [("medical_claim", claim)] if claim else []
    listed = [("attendance", row) for row in rows] + listed
    return plot.truth(
        "absent_with_false_attendance",
        listed,
        fen=len(rows) * 15_000,
        days=[row.work_date for row in rows],
        subjects=[plot.official.id_number],
    )


def drunk_driving_unreported(plot: Plot) -> Truth | None:
    """The official is caught driving drunk in another district, or is sued for debts, and does not report it.

    Source: MISSION.md (drunk driving or court records of officials outside the district, met by collision of data;
    an official in heavy private debt). Adds the record without a date of report.
    """
    village, rnd = plot.village, plot.village.rnd
    kinds = (
        ("drunk_driving", "debtor") if plot.intensity > 0.6 else (rnd.choice(("drunk_driving", "debtor")),)
    )
    listed: list[tuple[str, Record]] = []
    days, fen = [], 0
    for kind in kinds:
        amount = (
            rnd.randrange(100_000, 300_000, 50_000)
            if kind == "drunk_driving"
            else rnd.randrange(10, 90) * 1_000_000
        )
        row = punish(village, plot.official.id_number, kind=kind, on=plot.day(), fen=amount)
        if row is not None:
            listed.append(("sanction", row))
            days.append(row.decided_on)
            fen += amount
    if not listed:
        return None
    return plot.truth(
        "drunk_driving_unreported", listed, fen=fen, days=days, subjects=[plot.official.id_number]
    )


def forged_quorum(plot: Plot) -> Truth | None:
    """The minutes name a meeting that hardly anybody attended; the contract is sealed on the strength of it.

    Source: RED_FLAGS F6 and F10 (quorum short, minutes reused). Adds contracts and seals behind resolutions of the
    representatives with too few present or too few in favour, recorded by the official and never published.
    """
    village, rnd = plot.village, plot.village.rnd
    listed: list[tuple[str, Record]] = []
    days, total, parties = [], 0, []
    for _ in range(plot.count(1, 4)):
        on = working_day(plot.day())
        meeting = hold(
            village, on - timedelta(days=rnd.randint(1, 9)), matter="contract", title="集体资源发包"
        )
        if on not in village.period or meeting.eligible is None:
            continue
        meeting.present = max(2, round(meeting.eligible * plot.between(0.55, 0.3)))
        meeting.in_favour = meeting.present if rnd.random() < 0.6 else max(1, meeting.present // 3)
        meeting.published_on, meeting.recorder_key = None, plot.official.id_number
        fen = round(plot.between(20, 300)) * 100_000
        seals = len(village.rows.seal_use)
        contract = sign_contract(village, on=on, kind="lease", title="集体资源发包", counterparty=plot.confidant().id_number,
                                 fen=fen, method="direct", years=5, meeting=(meeting.resolution_no, meeting.held_on))  # fmt: skip
        if contract is None:
            continue
        listed += [("meeting_resolution", meeting), ("contract", contract)]
        listed += [("seal_use", seal) for seal in village.rows.seal_use[seals:]]
        days.append(on)
        total += fen
        parties.append(contract.counterparty_id)
    return plot.truth("forged_quorum", listed, fen=total, days=days, subjects=parties) if listed else None
