"""Promotion of trained models: two people, gates that stand in the way, rollback, and a pointer that follows."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from casework.access import Permission, allows
from casework.accounts import actor_of
from casework.audit_models import AuditEntry
from casework.errors import (
    BadInput,
    MissingField,
    NotPermitted,
    NotVisible,
    OfficeNotAllowed,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.promotion_models import ModelPromotion
from casework.promotions import (
    Registry,
    approve,
    follow,
    offered,
    promotions_of,
    refuse,
    request,
    roll_back,
    withdraw,
)
from casework.roles import Role
from casework.states import PromotionAction, PromotionState
from ml.bundle import bundle_folder, champion_version, set_champion
from tests.casework_world import COUNTY, NOW, World, add_user
from tests.room_world import KIND, add_version, gates, registry_of


def asked(world: World, version: str, *, who: str = "technician", registry: Registry | None = None) -> int:
    with world.sessions.begin() as session:
        row = request(
            session, world.actor(session, who), KIND, version, reason="在同样的案件上更好",
            registry=registry or registry_of(world.home), at=NOW,
        )  # fmt: skip
        return row.id


def approved(
    world: World, promotion: int, *, who: str = "leader", override: str = "", **changes: object
) -> None:
    given = {"comment": "同意", "registry": registry_of(world.home), "at": NOW} | changes
    with world.sessions.begin() as session:
        approve(session, world.actor(session, who), promotion, override=override, **given)


def undone(world: World, *, who: str = "technician", registry: Registry | None = None) -> None:
    with world.sessions.begin() as session:
        roll_back(
            session, world.actor(session, who), KIND, reason="名单明显不对",
            registry=registry or registry_of(world.home), at=NOW,
        )  # fmt: skip


def promoted(world: World, version: str) -> None:
    add_version(world.home, version, champion=champion_version(world.home, KIND))
    approved(world, asked(world, version))


def history(world: World) -> list[tuple[str, str]]:
    with world.sessions() as session:
        return [(row.model_version, row.state.value) for row in reversed(promotions_of(session))]


def test_two_people_put_a_model_into_service(world):
    add_version(world.home, "1")
    promotion = asked(world, "1")
    assert champion_version(world.home, KIND) is None
    approved(world, promotion)
    assert champion_version(world.home, KIND) == "1"
    with world.sessions() as session:
        row = session.get_one(ModelPromotion, promotion)
        assert (row.requested_by, row.decided_by) == (world.users["technician"], world.users["leader"])
        assert (row.state, row.reason, row.comment, row.override, row.previous) == (
            PromotionState.SERVING, "在同样的案件上更好", "同意", None, None,
        )  # fmt: skip
        target = f"model_promotion/{promotion}"
        entries = session.execute(
            select(AuditEntry.action, AuditEntry.user_id).where(AuditEntry.target == target)
        ).all()
        assert entries == [
            ("change:create", world.users["technician"]), ("change:approve", world.users["leader"]),
        ]  # fmt: skip


def test_the_one_who_asks_never_approves(world):
    add_version(world.home, "1")
    promotion = asked(world, "1")
    with world.sessions.begin() as session:
        session.get_one(ModelPromotion, promotion).requested_by = world.users["leader"]
    for step in (approve, refuse):
        with world.sessions() as session, pytest.raises(SecondPersonRequired):
            step(session, world.actor(session, "leader"), promotion, comment="同意", registry=registry_of(world.home), at=NOW)  # fmt: skip
    assert champion_version(world.home, KIND) is None


@pytest.mark.parametrize("role", Role)
def test_only_the_right_roles_ask_and_decide(role, small_world):
    add_version(small_world.home, "1")
    registry = registry_of(small_world.home)
    with small_world.sessions() as session:
        actor = small_world.actor(session, role.value)
        if not allows(actor, Permission.REQUEST_PROMOTION):
            with pytest.raises(NotPermitted):
                request(session, actor, KIND, "1", reason="x", registry=registry, at=NOW)
        if not allows(actor, Permission.DECIDE_PROMOTION):
            with pytest.raises(NotPermitted):
                approve(session, actor, 1, comment="x", registry=registry, at=NOW)
        if not allows(actor, Permission.ROLL_BACK_MODEL):
            with pytest.raises(NotPermitted):
                roll_back(session, actor, KIND, reason="x", registry=registry, at=NOW)
    can = {right for right in Permission if allows(actor, right)}
    assert not {Permission.REQUEST_PROMOTION, Permission.DECIDE_PROMOTION} <= can


def test_a_town_does_not_decide_for_the_county(small_world):
    add_version(small_world.home, "1")
    promotion = asked(small_world, "1")
    registry = registry_of(small_world.home)
    with small_world.sessions() as session:
        town = small_world.actor(session, "town_a")
        assert not offered(town, session.get_one(ModelPromotion, promotion), office=COUNTY)
        with pytest.raises(OfficeNotAllowed):
            approve(session, town, promotion, comment="同意", registry=registry, at=NOW)


@pytest.mark.parametrize("answer", ["fail", "cannot_tell"])
def test_a_gate_stands_in_the_way_until_the_approver_says_why_not(answer, small_world):
    add_version(small_world.home, "1", found=gates(stable=answer, recent_data="not_applicable"))
    promotion = asked(small_world, "1")
    for blank in ("", "  "):
        with pytest.raises(BadInput, match="名单稳定"):
            approved(small_world, promotion, override=blank)
    assert champion_version(small_world.home, KIND) is None
    approved(small_world, promotion, override="首批数据只有三十个村，名单必然不稳")
    with small_world.sessions() as session:
        assert session.get_one(ModelPromotion, promotion).override == "首批数据只有三十个村，名单必然不稳"


@pytest.mark.parametrize("gate", ["reproducible", "same_features"])
@pytest.mark.parametrize("answer", ["fail", "cannot_tell"])
def test_some_gates_nobody_overrides(gate, answer, small_world):
    add_version(small_world.home, "1", found=gates(**{gate: answer}))
    with pytest.raises(BadInput, match="不可破例"):
        asked(small_world, "1")


def test_what_changed_since_the_report_is_refused(small_world):
    add_version(small_world.home, "1")
    promotion = asked(small_world, "1")
    with pytest.raises(BadInput, match="特征定义改过"):
        approved(small_world, promotion, registry=registry_of(small_world.home, definition="e" * 16))
    with pytest.raises(BadInput, match="超过 30 天"):
        approved(small_world, promotion, at=NOW + timedelta(days=40))
    set_champion(small_world.home, KIND, "1")
    add_version(small_world.home, "2")
    other = asked(small_world, "2")
    with pytest.raises(BadInput, match="不是当前使用的版本"):
        approved(small_world, other)
    assert champion_version(small_world.home, KIND) == "1"


@pytest.mark.parametrize("folder", ["bundles", "reports"])
def test_a_changed_byte_of_bundle_or_report_is_refused(folder, small_world):
    add_version(small_world.home, "1")
    promotion = asked(small_world, "1")
    file = next(
        path for path in (small_world.home / folder / KIND / "1").iterdir() if path.name != "manifest.json"
    )
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(BadInput, match="重新训练"):
        approved(small_world, promotion)
    with pytest.raises(BadInput, match="重新训练"):
        asked(small_world, "1")
    assert champion_version(small_world.home, KIND) is None


def test_what_is_not_there_or_asked_for_already_is_refused(small_world):
    registry = registry_of(small_world.home)
    with small_world.sessions() as session:
        actor = small_world.actor(session, "technician")
        with pytest.raises(NotVisible):
            request(session, actor, "weather", "1", reason="x", registry=registry, at=NOW)
    for version in ("7", "../1", ""):
        with pytest.raises(BadInput):
            asked(small_world, version)
    add_version(small_world.home, "1")
    promotion = asked(small_world, "1")
    with pytest.raises(BadInput, match="已经在等待"):
        asked(small_world, "1")
    with pytest.raises(MissingField):
        approved(small_world, promotion, comment=" ")
    approved(small_world, promotion)
    with pytest.raises(BadInput, match="正在使用"):
        asked(small_world, "1")
    with pytest.raises(UnknownTransition):
        approved(small_world, promotion)


def test_a_request_is_refused_or_withdrawn_and_stays_readable(small_world):
    add_version(small_world.home, "1")
    registry = registry_of(small_world.home)
    first = asked(small_world, "1")
    with small_world.sessions.begin() as session:
        refuse(
            session,
            small_world.actor(session, "supervisor"),
            first,
            comment="核查太少",
            registry=registry,
            at=NOW,
        )
    second = asked(small_world, "1")
    with small_world.sessions.begin() as session:
        other = add_user(session, "tech2", Role.TECHNICIAN, COUNTY)
        with pytest.raises(OfficeNotAllowed, match="本人"):
            withdraw(session, actor_of(other), second, comment="x", registry=registry, at=NOW)
    with small_world.sessions.begin() as session:
        withdraw(session, small_world.actor(session, "technician"), second, comment="再看看", registry=registry, at=NOW)  # fmt: skip
    assert history(small_world) == [("1", "refused"), ("1", "withdrawn")]
    assert champion_version(small_world.home, KIND) is None


def test_rollback_goes_back_step_by_step_and_never_to_what_was_undone(world):
    for version in ("1", "2", "3"):
        promoted(world, version)
    served = []
    for _ in range(2):
        undone(world)
        served.append(champion_version(world.home, KIND))
    assert served == ["2", "1"]
    with pytest.raises(BadInput, match="没有更早的版本"):
        undone(world)
    assert history(world) == [
        ("1", "ended"), ("2", "ended"), ("3", "rolled_back"), ("2", "rolled_back"), ("1", "serving"),
    ]  # fmt: skip
    with world.sessions() as session:
        newest = promotions_of(session)[0]
        assert (newest.requested_by, newest.decided_by) == (world.users["technician"], None)
        assert newest.reason == "名单明显不对"


def test_rollback_needs_a_version_that_can_still_be_used(small_world):
    promoted(small_world, "1")
    promoted(small_world, "2")
    with pytest.raises(BadInput, match="特征定义改过"):
        undone(small_world, registry=registry_of(small_world.home, definition="e" * 16))
    (bundle_folder(small_world.home, KIND, "1") / "model.json").write_bytes(b"other")
    with pytest.raises(BadInput, match="被改动过"):
        undone(small_world)
    assert champion_version(small_world.home, KIND) == "2"


def test_the_pointer_moves_only_with_the_decision(small_world):
    """A transaction that fails after the approval leaves pointer and table as they were."""
    add_version(small_world.home, "1")
    promotion = asked(small_world, "1")
    with small_world.sessions() as session:
        approve(
            session, small_world.actor(session, "leader"), promotion, comment="同意",
            registry=registry_of(small_world.home), at=NOW,
        )  # fmt: skip
        session.rollback()
    assert champion_version(small_world.home, KIND) is None
    assert history(small_world) == [("1", "requested")]


def test_a_pointer_that_was_not_moved_follows_later(small_world):
    promoted(small_world, "1")
    pointer = small_world.home / "bundles" / KIND / "champion.json"
    for broken in (None, b"{", b'{"version": "9"}'):
        pointer.unlink() if broken is None else pointer.write_bytes(broken)
        with small_world.sessions.begin() as session:
            assert follow(session, small_world.home) == [KIND]
            assert follow(session, small_world.home) == []
        assert champion_version(small_world.home, KIND) == "1"


def test_a_version_whose_bundle_is_gone_leaves_the_pointer_and_is_told(small_world, caplog):
    promoted(small_world, "1")
    promoted(small_world, "2")
    set_champion(small_world.home, KIND, "1")
    shutil.rmtree(bundle_folder(small_world.home, KIND, "2"))
    with small_world.sessions.begin() as session:
        assert follow(session, small_world.home) == []
    assert champion_version(small_world.home, KIND) == "1"
    assert f"{KIND}/2 should serve and cannot" in caplog.text


def test_what_a_page_offers_is_what_the_steps_allow(small_world):
    add_version(small_world.home, "1")
    promotion = asked(small_world, "1")
    with small_world.sessions() as session:
        row = session.get_one(ModelPromotion, promotion)
        shown = {
            who: offered(small_world.actor(session, who), row, office=COUNTY) for who in small_world.users
        }
    assert shown["technician"] == {PromotionAction.WITHDRAW}
    assert shown["leader"] == shown["supervisor"] == {PromotionAction.APPROVE, PromotionAction.REFUSE}
    assert not shown["clerk"]
    assert not shown["audit_admin"]
