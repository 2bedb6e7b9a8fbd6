"""Village meetings: who had to come, who came, who agreed, and when the decision was made public."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.records_wider import MeetingResolution
from simulation.timeline import EVEN, after, seasonal_day
from simulation.village import Village

REPRESENTATIVES_FEN: Final = 2_000_000  # matters of 20,000 yuan and more go to the villagers' representatives
MATTERS_OF_ALL: Final = frozenset({"land", "loan", "subsidy", "budget", "contract"})


def decide(
    village: Village, before: date, *, matter: str, title: str, fen: int | None = None
) -> tuple[str, date]:
    """Number and day of the meeting that decided a matter 3 to 25 days earlier; the meeting is put on file."""
    row = hold(
        village, before - timedelta(days=village.rnd.randint(3, 25)), matter=matter, title=title, fen=fen
    )
    return row.resolution_no, row.held_on


def hold(village: Village, on: date, *, matter: str, title: str, fen: int | None = None) -> MeetingResolution:
    """A meeting with enough people: two thirds of the representatives, or more than half of the committee."""
    rnd = village.rnd
    large = matter in MATTERS_OF_ALL or (fen or 0) >= REPRESENTATIVES_FEN
    if large:
        eligible = min(60, max(17, len(village.households) // 6))
        present = rnd.randint(-(-eligible * 7 // 10), eligible)
    else:
        eligible = rnd.choice((5, 5, 7))
        present = rnd.randint(eligible // 2 + 1, eligible)
    published = after(rnd, on, least=0, most=6)
    row = MeetingResolution(
        village_code=village.code,
        resolution_no=village.serial("决议", year=on.year),
        held_on=on,
        kind="representatives" if large else "committee",
        matter=matter,
        title=title,
        eligible=eligible,
        present=present,
        in_favour=present - (rnd.randint(0, max(1, present // 6)) if rnd.random() < 0.4 else 0),
        amount_fen=fen,
        published_on=None if village.slips(0.2) or published > village.period.end else published,
        recorder_key=village.holder("accountant", on).id_number,
    )
    village.rows.meeting_resolution.append(row)
    return row


def meet(village: Village) -> None:
    """The meetings that every year has: budget, review of allowances, and two or three of no special matter."""
    rnd = village.rnd
    for year in village.period.years():
        yearly = (
            ("budget", "年度财务预算和收益分配", (0.7, 0.3) + (0.0,) * 10),
            ("subsidy", "低保对象年度民主评议", (0.0,) * 8 + (0.5, 0.5, 0.0, 0.0)),
            *(("other", "村务工作安排", EVEN) for _ in range(rnd.randint(2, 3))),
        )
        for matter, title, season in yearly:
            on = seasonal_day(rnd, year, season)
            if on in village.period:
                hold(village, on, matter=matter, title=title)
