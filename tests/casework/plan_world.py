"""The small world with enough villages for a weekly plan."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from casework import plans, tasks
from casework.models import Entity, Outcome, Place, Score, Task
from casework.plans import Hands
from casework.tasks import Report
from tests.casework_world import AS_OF, COUNTY, MODEL, NOW, TOWN_A, TOWN_B, score

WEEK = date(2026, 11, 16)
SECRET = b"a key of this test only"
MODELS = {MODEL.id: MODEL}


def more_villages(session, *, each: int = 20) -> None:
    """So many more villages in each town, scored."""
    for number, town in enumerate((TOWN_A, TOWN_B)):
        for village in range(each):
            code = f"{town}{200 + village}"
            session.add(Place(code=code, name=f"第{village}村"))
            row = score(code, code, risk=0.5 - 0.01 * village - 0.003 * number)
            kept = {name: value for name, value in row.items() if name not in ("reasons", "villages")}
            session.add(Score(**kept, entity=Entity.VILLAGE, managing_level=9, reasons=[]))
    session.flush()


def proposed(session, world, *, week: date = WEEK, who: str = "supervisor"):
    actor = world.actor(session, who)
    return plans.propose(session, actor, division=COUNTY, week=week, secret=SECRET, at=NOW)


def hands(world) -> Hands:
    return Hands(
        by_town={TOWN_A: world.users["town_a"], TOWN_B: world.users["town_b"]},
        second_reader=world.users["supervisor2"],
    )


def confirmed(session, world, plan) -> list[Task]:
    return plans.confirm(
        session, world.actor(session, "supervisor"), plan.id, hands(world), models=MODELS, at=NOW
    )


def reported(session, world, task: Task, outcome: Outcome) -> None:
    """The assignee takes the task on and reports."""
    who = next(name for name, number in world.users.items() if number == task.assignee_id)
    actor = world.actor(session, who)
    tasks.accept(session, actor, task.id, at=NOW)
    tasks.report(session, actor, task.id, Report(outcome=outcome, note="已实地核查"), at=NOW)


def scores_on(session) -> list[Score]:
    return list(session.scalars(select(Score).where(Score.as_of == AS_OF, Score.entity == Entity.VILLAGE)))
