"""A model of a county on its way: tried, submitted, published by a second person, adopted above, retired."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework import drafts, tasks
from casework.access import sees_draft
from casework.audit_models import AuditEntry
from casework.drafts import Desk
from casework.errors import (
    BadInput,
    CaseworkError,
    MissingField,
    NotPermitted,
    NotVisible,
    OfficeNotAllowed,
    RoleNotAllowed,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.events import history
from casework.models import CaseWarning, ModelDraft, Outcome
from casework.outcomes import VerifiedWarning, confirmed_companies, verified_warnings
from casework.publishing import publish_run
from casework.roles import Role
from casework.states import DraftAction, DraftState
from casework.tasks import Assignment, Report
from casework.warnings import warnings_alike
from supervision.published import published_models
from tests.casework_world import (
    COUNTY,
    MODEL,
    NOW,
    TOWN_B,
    VILLAGE_A,
    VILLAGE_B,
    add_user,
    finding,
    write_run,
)
from tests.supervision.drafts import OWN, SHIPPED, draft_text

NEXT_RUN = "2026-11-30-ba9876543210"
CITY, PROVINCE, NEIGHBOUR = "3301", "33", "330103"
LATER = NOW + timedelta(days=1)
OTHERS = {
    "technician2": (Role.TECHNICIAN, COUNTY),
    "city": (Role.SUPERVISOR, CITY),
    "province": (Role.SUPERVISOR, PROVINCE),
    "neighbour": (Role.TECHNICIAN, NEIGHBOUR),
    "neighbour2": (Role.TECHNICIAN, NEIGHBOUR),
    "town_technician": (Role.TECHNICIAN, TOWN_B),
}


@pytest.fixture
def office(world):
    """The world with the people of other offices."""
    with world.sessions.begin() as session:
        for login, (role, division) in OTHERS.items():
            world.users[login] = add_user(session, login, role, division).id
    return world


@pytest.fixture
def desk(office):
    return Desk(home=office.home, taken=frozenset({SHIPPED}))


def created(session, office, desk, *, who="technician", text=None) -> ModelDraft:
    return drafts.create(session, office.actor(session, who), text or draft_text(), desk=desk, at=NOW)


def submitted(session, office, desk, *, who="technician", text=None) -> ModelDraft:
    draft = created(session, office, desk, who=who, text=text)
    author = office.actor(session, who)
    drafts.record_trial(session, author, draft.id, {"content_hash": draft.content_hash}, at=NOW)
    return drafts.submit(session, author, draft.id, reason="本县零工多记半个工", at=NOW)


def published(session, office, desk, *, by="supervisor", **given) -> ModelDraft:
    draft = submitted(session, office, desk, **given)
    return drafts.publish(
        session, office.actor(session, by), draft.id, comment="试运行可行", desk=desk, at=LATER
    )


def in_force(office) -> list[tuple[str, int, str]]:
    return [(model.id, model.version, division) for model, division in published_models(office.home)]


def test_the_whole_way_is_kept_with_persons_and_reasons(office, desk):
    with office.sessions.begin() as session:
        draft = published(session, office, desk)
        assert (draft.state, draft.scope, draft.checker_id) == (
            DraftState.PUBLISHED,
            COUNTY,
            office.users["supervisor"],
        )
        assert in_force(office) == [(OWN, 1, COUNTY)]
        city = office.actor(session, "city")
        drafts.adopt(session, city, draft.id, comment="全市适用", home=office.home, at=LATER)
        assert in_force(office) == [(OWN, 1, CITY)]
        province = office.actor(session, "province")
        drafts.adopt(session, province, draft.id, comment="全省适用", home=office.home, at=LATER)
        assert in_force(office) == [(OWN, 1, PROVINCE)]
        drafts.retire(session, province, draft.id, comment="误报多", home=office.home, at=LATER)
        assert in_force(office) == []
        steps = [(event.action, event.actor_id, dict(event.fields)) for event in history(session, draft)]
        assert steps == [
            ("create", office.users["technician"], {}),
            ("record_trial", office.users["technician"], {"trial": draft.content_hash}),
            (
                "submit",
                office.users["technician"],
                {"reason": "本县零工多记半个工", "trial": draft.content_hash},
            ),
            ("publish", office.users["supervisor"], {"comment": "试运行可行"}),
            ("adopt", office.users["city"], {"comment": "全市适用", "scope": CITY}),
            ("adopt", office.users["province"], {"comment": "全省适用", "scope": PROVINCE}),
            ("retire", office.users["province"], {"comment": "误报多"}),
        ]
        logged = session.scalars(
            select(AuditEntry.action).where(AuditEntry.target == f"model_draft/{draft.id}")
        ).all()
        assert logged == [f"change:{action}" for action, _, _ in steps]


def test_nobody_publishes_what_they_wrote(office, desk):
    with office.sessions.begin() as session:
        draft = submitted(session, office, desk)
        author = office.actor(session, "technician")
        for decide in (drafts.publish, drafts.reject):
            more = {"desk": desk} if decide is drafts.publish else {}
            with pytest.raises(SecondPersonRequired):
                decide(session, author, draft.id, comment="可以", at=NOW, **more)
        second = office.actor(session, "technician2")
        drafts.reject(session, second, draft.id, comment="误报太多", at=LATER)
        assert (draft.state, draft.checker_id, draft.scope) == (DraftState.REJECTED, second.id, None)
        assert in_force(office) == []


def test_a_draft_is_submitted_with_reason_and_a_trial_of_its_own_content(office, desk):
    with office.sessions.begin() as session:
        draft = created(session, office, desk)
        author = office.actor(session, "technician")
        with pytest.raises(MissingField) as caught:
            drafts.submit(session, author, draft.id, reason=" ", at=NOW)
        assert caught.value.fields == ("reason", "trial")
        with pytest.raises(BadInput, match="不是这份草稿"):
            drafts.record_trial(session, author, draft.id, {"content_hash": "another"}, at=NOW)
        second = office.actor(session, "technician2")
        with pytest.raises(OfficeNotAllowed, match="作者本人"):
            drafts.withdraw(session, second, draft.id, comment="不要了", at=NOW)
        drafts.withdraw(session, author, draft.id, comment="再想想", at=NOW)
        assert draft.state is DraftState.WITHDRAWN


def test_what_does_not_hold_is_not_kept(office, desk):
    with office.sessions.begin() as session:
        for text, told in (
            (draft_text(model_id=SHIPPED), "系统自带"),
            (draft_text(version=2), "版本号应为 1"),
            (draft_text(**{"> :max_half_days": "> :max_half_days + 9"}), "用例不成立"),
        ):
            with pytest.raises(BadInput, match=told):
                created(session, office, desk, text=text)
        with pytest.raises(OfficeNotAllowed, match="县级以上"):
            created(session, office, desk, who="town_technician")
        with pytest.raises(NotPermitted):
            created(session, office, desk, who="supervisor")
        assert session.scalars(select(ModelDraft)).all() == []


def test_each_office_acts_in_its_own_place(office, desk):
    with office.sessions.begin() as session:
        draft = submitted(session, office, desk)
        city, town = office.actor(session, "city"), office.actor(session, "town_a")
        with pytest.raises(OfficeNotAllowed, match="作者所在区划"):
            drafts.publish(session, city, draft.id, comment="可以", desk=desk, at=NOW)
        for outsider in (town, office.actor(session, "neighbour")):
            with pytest.raises(NotVisible):
                drafts.visible_draft(session, outsider, draft.id)
        with pytest.raises(UnknownTransition):
            drafts.adopt(session, city, draft.id, comment="可以", home=office.home, at=NOW)
        checker = office.actor(session, "supervisor2")
        drafts.publish(session, checker, draft.id, comment="可以", desk=desk, at=NOW)
        assert drafts.visible_draft(session, town, draft.id) is draft  # in force where the town works
        for person in (checker, town):
            with pytest.raises(OfficeNotAllowed, match="上级市、省"):
                drafts.adopt(session, person, draft.id, comment="可以", home=office.home, at=NOW)
        author = office.actor(session, "technician")
        with pytest.raises(RoleNotAllowed):
            drafts.retire(session, author, draft.id, comment="停", home=office.home, at=NOW)
        with pytest.raises(OfficeNotAllowed, match="停用"):
            drafts.retire(session, town, draft.id, comment="停", home=office.home, at=NOW)
        drafts.adopt(session, city, draft.id, comment="可以", home=office.home, at=NOW)
        with pytest.raises(OfficeNotAllowed, match="停用"):
            drafts.retire(session, checker, draft.id, comment="停", home=office.home, at=NOW)


def test_a_new_version_takes_the_place_of_the_one_before(office, desk):
    with office.sessions.begin() as session:
        first = published(session, office, desk)
        second = published(session, office, desk, text=draft_text(version=2), by="technician2")
        assert (first.state, first.scope) == (DraftState.WITHDRAWN, None)
        assert history(session, first)[-1].fields == {"comment": "由第 2 版替代"}
        assert in_force(office) == [(OWN, 2, COUNTY)]
        with pytest.raises(BadInput, match="版本号应为 3"):
            created(session, office, desk)
        drafts.adopt(
            session, office.actor(session, "city"), second.id, comment="好", home=office.home, at=NOW
        )
        with pytest.raises(BadInput, match="上级采用"):
            published(session, office, desk, text=draft_text(version=3))


def test_two_divisions_cannot_publish_one_id(office, desk):
    with office.sessions.begin() as session:
        rival = submitted(session, office, desk, who="neighbour")
        published(session, office, desk)
        second = office.actor(session, "neighbour2")
        with pytest.raises(BadInput, match=f"已由 {COUNTY} 发布"):
            drafts.publish(session, second, rival.id, comment="可以", desk=desk, at=NOW)


def test_the_files_follow_the_table(office, desk):
    """A file without a published draft is no model, and a lost file comes back."""
    with office.sessions.begin() as session:
        published(session, office, desk)
    stray = office.home / "models" / NEIGHBOUR / "stray.yaml"
    stray.parent.mkdir()
    stray.write_text(draft_text(model_id="stray"), encoding="utf-8")
    (office.home / "models" / COUNTY / f"{OWN}.yaml").unlink()
    with office.sessions.begin() as session:
        drafts.follow(session, office.home)
    assert in_force(office) == [(OWN, 1, COUNTY)]


def test_lists_show_what_the_office_may_see(office, desk):
    with office.sessions.begin() as session:
        draft = submitted(session, office, desk)

        def seen(who: str, state: DraftState | None = None) -> list[int]:
            rows, total = drafts.drafts_page(
                session, office.actor(session, who), state=state, page=1, size=10
            )
            assert total == len(rows)
            return [row.id for row in rows]

        assert seen("supervisor") == seen("city") == seen("technician") == [draft.id]
        assert seen("supervisor", DraftState.PUBLISHED) == []
        assert seen("town_a") == seen("neighbour") == seen("clerk") == []


def test_verified_warnings_are_those_with_a_clear_answer(office):
    answers = {
        "f-a": Outcome.IRREGULAR_RECTIFIED,
        "f-b": Outcome.NOT_SUBSTANTIATED,
        "f-o": Outcome.DATA_ERROR,
    }
    with office.sessions.begin() as session:
        one, two = office.actor(session, "supervisor"), office.actor(session, "supervisor2")
        for finding_id, outcome in answers.items():
            warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == finding_id)).one()
            given = Assignment(assignee_id=one.id)
            task = tasks.open_from_warning(session, one, warning.id, given, models={}, at=NOW)
            tasks.accept(session, one, task.id, at=NOW)
            tasks.report(session, one, task.id, Report(outcome=outcome, note="已核对"), at=NOW)
            tasks.approve(session, two, task.id, comment=None, at=LATER)
        found = verified_warnings(session)
        assert {(row.village_code, row.confirmed) for row in found} == {(VILLAGE_A, True), (VILLAGE_B, False)}
        assert verified_warnings(session, division=TOWN_B) == [
            VerifiedWarning(
                model_id=MODEL.id,
                subject_id="Pb0000000000000000009",
                village_code=VILLAGE_B,
                decided_on=LATER.date(),
                confirmed=False,
            )
        ]


def test_companies_of_confirmed_warnings_lower_their_credit(office):
    firms = {"f-firm": "91330100MA2B00001X", "f-clean": "91330100MA2B00002X"}
    found = [finding(name, subject_type="company", subject_id=firm) for name, firm in firms.items()]
    write_run(office.home, NEXT_RUN, found)
    with office.sessions.begin() as session:
        publish_run(session, office.home, NEXT_RUN, at=NOW)
        one, two = office.actor(session, "supervisor"), office.actor(session, "supervisor2")
        for finding_id, outcome in (
            ("f-firm", Outcome.SUBSTANTIATED),
            ("f-clean", Outcome.NOT_SUBSTANTIATED),
            ("f-a", Outcome.SUBSTANTIATED),
        ):
            warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == finding_id)).one()
            task = tasks.open_from_warning(
                session, one, warning.id, Assignment(assignee_id=one.id), models={}, at=NOW
            )
            tasks.accept(session, one, task.id, at=NOW)
            tasks.report(session, one, task.id, Report(outcome=outcome, note="已核对"), at=NOW)
            tasks.approve(session, two, task.id, comment=None, at=LATER)
        assert confirmed_companies(session) == [(firms["f-firm"], LATER.date())]


def test_alike_warnings_are_ranked_and_bounded_by_what_one_may_see(office):
    near = finding("f-near", village=VILLAGE_B, subject_id="Pn")
    far = finding("f-far", village=VILLAGE_B, subject_id="Pf", amount_fen=9_000_000, rows=40)
    other = finding("f-other", subject_id="Px", model_id="another")
    write_run(office.home, NEXT_RUN, [near, far, other])
    with office.sessions.begin() as session:
        publish_run(session, office.home, NEXT_RUN, at=NOW)
        case = session.scalars(select(CaseWarning.id).where(CaseWarning.finding_id == "f-a")).one()

        def found(who: str, division: str = "", limit: int = 10) -> list[str]:
            rows = warnings_alike(session, office.actor(session, who), case, division=division, limit=limit)
            return [row.warning.finding_id for row in rows]

        everything = found("supervisor")
        assert set(everything) == {"f-b", "f-near", "f-far", "f-o"}
        assert everything.index("f-near") < everything.index("f-far")
        assert found("supervisor", limit=1) == everything[:1]
        assert "f-far" not in found("supervisor", division="330102001")
        assert found("town_a") == []  # the other one of its village concerns an official of the county
        with pytest.raises(NotVisible):
            found("town_b")


def test_buttons_are_just_what_the_steps_allow(office, desk):
    """For every state and person, `offered` and the steps themselves agree; the steps are undone each time."""
    steps = {
        DraftAction.RECORD_TRIAL: lambda s, a, d: drafts.record_trial(
            s, a, d.id, {"content_hash": d.content_hash}, at=NOW
        ),
        DraftAction.SUBMIT: lambda s, a, d: drafts.submit(s, a, d.id, reason="因为", at=NOW),
        DraftAction.WITHDRAW: lambda s, a, d: drafts.withdraw(s, a, d.id, comment="再想", at=NOW),
        DraftAction.PUBLISH: lambda s, a, d: drafts.publish(s, a, d.id, comment="可行", desk=desk, at=NOW),
        DraftAction.REJECT: lambda s, a, d: drafts.reject(s, a, d.id, comment="不行", at=NOW),
        DraftAction.ADOPT: lambda s, a, d: drafts.adopt(s, a, d.id, comment="采用", home=desk.home, at=NOW),
        DraftAction.RETIRE: lambda s, a, d: drafts.retire(s, a, d.id, comment="停用", home=desk.home, at=NOW),
    }
    ways = [
        [],
        [("technician", DraftAction.RECORD_TRIAL)],
        [("technician", DraftAction.RECORD_TRIAL), ("technician", DraftAction.SUBMIT)],
    ]
    ways.append([*ways[-1], ("supervisor", DraftAction.PUBLISH)])
    ways.append([*ways[-1], ("city", DraftAction.ADOPT)])
    ways.append([*ways[2], ("technician2", DraftAction.REJECT)])
    seen = set()
    for way in ways:
        with office.sessions() as session:
            draft = created(session, office, desk)
            for who, action in way:
                steps[action](session, office.actor(session, who), draft)
            for who in office.users:
                actor = office.actor(session, who)
                if not sees_draft(actor, drafts.facts_of(draft)):
                    continue
                for action, take in steps.items():
                    seen.add((draft.state, action, action in drafts.offered(actor, draft)))
                    point = session.begin_nested()
                    try:
                        take(session, actor, draft)
                        allowed = True
                    except CaseworkError:
                        allowed = False
                    point.rollback()
                    assert allowed is (action in drafts.offered(actor, draft)), (draft.state, who, action)
    assert {action for _, action, shown in seen if shown} == set(steps)
