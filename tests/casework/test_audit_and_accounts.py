"""The audit chain notices every kind of tampering; accounts keep hashes only; names open by one door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select, update

from casework import audit
from casework.accounts import (
    SESSION_LENGTH,
    authenticate,
    create_user,
    has_accounts,
    seed_demo_accounts,
    session_of,
    sign_in,
    sign_out,
)
from casework.audit_models import AuditBatch, AuditEntry
from casework.errors import BadInput
from casework.identity import masked, official_names
from casework.models import Entity, LoginSession, Score, User
from casework.roles import Role
from tests.casework_world import ACCOUNTANT, NOW, PASSWORD, SECRETARY, VILLAGE_A, KnownNames


@pytest.fixture
def chained(world):
    """Three sealed batches of three rows each, and the head after them."""
    with world.sessions.begin() as session:
        audit.seal(session, at=NOW)
        for batch in range(3):
            for row in range(3):
                audit.record(
                    session,
                    at=NOW + timedelta(minutes=row, microseconds=7),
                    actor=world.actor(session, "supervisor"),
                    action="look",
                    target=f"warning/{batch}{row}",
                    detail={"b": 1, "a": ["x", None]},
                )
            assert audit.seal(session, at=NOW) == 3
        return world, audit.head(session)


def faults(world, **given):
    with world.sessions.begin() as session:
        return audit.verify_chain(session, **given)


def last_batch(session) -> int:
    return session.scalars(select(AuditBatch.id).order_by(AuditBatch.id.desc())).first()


def test_an_untouched_chain_is_whole(chained):
    world, head = chained
    assert faults(world, kept_heads=[head, audit.GENESIS]) == []


def change_a_row(session, batch):
    session.execute(update(AuditEntry).where(AuditEntry.batch_id == batch).values(target="warning/99"))


def change_a_moment(session, batch):
    first = session.scalars(select(AuditEntry).where(AuditEntry.batch_id == batch)).first()
    first.at += timedelta(microseconds=1)


def delete_a_row(session, batch):
    first = session.scalars(select(AuditEntry.id).where(AuditEntry.batch_id == batch)).first()
    session.execute(delete(AuditEntry).where(AuditEntry.id == first))


def slip_a_row_in(session, batch):
    session.add(AuditEntry(at=NOW, action="look", target="warning/1", detail={}, batch_id=batch))


def delete_a_batch(session, batch):
    session.execute(delete(AuditEntry).where(AuditEntry.batch_id == batch))
    session.execute(delete(AuditBatch).where(AuditBatch.id == batch))


def rewrite_the_hash(session, batch):
    session.execute(update(AuditBatch).where(AuditBatch.id == batch).values(hash="f" * 64))


@pytest.mark.parametrize("back", [0, 1, 2])
@pytest.mark.parametrize(
    "tamper",
    [change_a_row, change_a_moment, delete_a_row, slip_a_row_in, delete_a_batch, rewrite_the_hash],
    ids=lambda function: function.__name__,
)
def test_tampering_is_noticed_in_every_batch(chained, tamper, back):
    world, _ = chained
    with world.sessions.begin() as session:
        tamper(session, last_batch(session) - back)
    assert faults(world)


def test_a_batch_taken_out_and_its_neighbours_joined_is_noticed(chained):
    world, head = chained
    with world.sessions.begin() as session:
        newest = last_batch(session)
        before = session.get_one(AuditBatch, newest - 1).previous_hash
        delete_a_batch(session, newest - 1)
        session.get_one(AuditBatch, newest).previous_hash = before
    assert [fault.batch for fault in faults(world, kept_heads=[head])] == [newest]


def test_a_chain_that_was_cut_and_mended_lacks_the_head_kept_outside(chained):
    world, head = chained
    with world.sessions.begin() as session:
        newest = last_batch(session)
        delete_a_batch(session, newest)
        before = session.scalars(select(AuditBatch.hash).order_by(AuditBatch.id.desc())).first()
        session.execute(update(audit.AuditHead).values(hash=before))
    assert faults(world) == []
    assert [fault.batch for fault in faults(world, kept_heads=[head])] == [None]


def test_batches_are_sealed_as_rows_come_in(small_world):
    with small_world.sessions.begin() as session:
        for _ in range(audit.BATCH_SIZE):
            audit.record(session, at=NOW, actor=None, action="look", target="x")
        assert session.scalars(select(AuditBatch)).all()
        assert audit.verify_chain(session) == []


def test_a_password_is_checked_and_kept_as_a_hash(small_world):
    with small_world.sessions.begin() as session:
        user = create_user(
            session, login="new", name="新", password=PASSWORD, role=Role.CLERK, division="330102", at=NOW
        )
        assert authenticate(session, login="new", password=PASSWORD) == user
        assert authenticate(session, login="new", password=PASSWORD + "x") is None
        assert authenticate(session, login="nobody", password=PASSWORD) is None
        assert PASSWORD not in user.password_hash
        assert not PasswordHasher().check_needs_rehash(user.password_hash)  # as costly as argon2 advises
        user.active = False
        session.flush()
        assert authenticate(session, login="new", password=PASSWORD) is None


def test_a_session_ends_by_time_by_leaving_and_with_the_account(small_world):
    with small_world.sessions.begin() as session:
        user = session.get_one(User, small_world.users["clerk"])
        token = sign_in(session, user, at=NOW).token
        assert session_of(session, token, at=NOW).user_id == user.id
        assert session_of(session, token + "x", at=NOW) is None
        assert session_of(session, token, at=NOW + SESSION_LENGTH) is None
        user.active = False
        assert session_of(session, token, at=NOW) is None
        user.active = True
        sign_out(session, token)
        assert session_of(session, token, at=NOW) is None
        sign_in(session, user, at=NOW)
        sign_in(session, user, at=NOW + 2 * SESSION_LENGTH)
        assert len(session.scalars(select(LoginSession)).all()) == 1


@pytest.mark.parametrize(
    "changes", [{"login": "clerk"}, {"password": "short"}, {"division": "3301020"}, {"division": ""}]
)
def test_an_account_that_cannot_be(small_world, changes):
    given = {"login": "new", "name": "新", "password": PASSWORD, "role": Role.CLERK, "division": "330102"}
    with small_world.sessions() as session, pytest.raises(BadInput):
        create_user(session, **(given | changes), at=NOW)


def test_demo_accounts_cover_every_role_with_passwords_that_work(small_world):
    with small_world.sessions.begin() as session:
        for login in small_world.users:
            session.scalars(select(User).where(User.login == login)).one().login = f"old-{login}"
        made = seed_demo_accounts(session, "330102", at=NOW, village=VILLAGE_A)
        assert has_accounts(session)
        assert {role for _, role, _ in made} == {role.value for role in Role}
        assert len({password for _, _, password in made}) == len(made)
        login, _, password = made[0]
        assert authenticate(session, login=login, password=password)


def test_names_open_to_a_supervisor_within_the_jurisdiction_and_leave_a_row(small_world):
    with small_world.sessions.begin() as session:
        officials = session.scalars(select(Score).where(Score.entity == Entity.OFFICIAL)).all()

        def called(who):
            vault = KnownNames()
            names = official_names(session, small_world.actor(session, who), officials, vault=vault, at=NOW)
            return names, sorted(vault.opened)

        both = {SECRETARY: "赵一山", ACCOUNTANT: "钱二水"}
        hidden = {key: masked(key) for key in both}
        assert called("supervisor") == (both, sorted(both))
        assert called("town_b") == (hidden | {ACCOUNTANT: "钱二水"}, [ACCOUNTANT])
        assert called("town_a") == (hidden, [])  # the secretary is managed by the county
        assert called("leader") == (hidden, [])
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == "reveal")).all()
        assert [sorted(row.detail["person_keys"]) for row in rows] == [sorted(both), [ACCOUNTANT]]
