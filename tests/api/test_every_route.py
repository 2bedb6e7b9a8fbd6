"""Conformance over all routes: each declares who may, each refuses the others, each is published with an example."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import ROUTERS
from api.security import UndeclaredRoute, check_declared, declared, roles_allowed
from casework.access import Permission
from casework.audit_models import AuditEntry
from casework.roles import Role
from tests.casework_world import PEOPLE

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
OPEN = {
    "/api/session", "/webhooks/sms", "/health/live", "/health/ready", "/login", "/r/{token}", "/receipts",
    "/receipts/answer",
}  # fmt: skip
LOGIN_OF_ROLE = {role: login for login, (role, _) in reversed(PEOPLE.items())}
CLOSED = [route for route in ROUTES if declared(route) != "open"]
PLACES = {
    "entity": "village",
    "entity_id": "x",
    "warning_id": "999999",
    "complaint_id": "999999",
    "task_id": "999999",
    "draft_id": "999999",
    "plan_id": "999999",
    "case_id": "999999",
    "town": "999999999",
    "version_id": "999999",
    "point_id": "999999",
    "attachment_id": "999999",
    "model_id": "nothing",
    "promotion_id": "999999",
    "request_id": "999999",
    "kind": "risk_village",
    "version": "999999",
}


def call(client: TestClient, route: APIRoute):
    method = next(iter(route.methods - {"HEAD"}))
    return client.request(method, route.path_format.format(**PLACES), json={}, follow_redirects=False)


def name(route: APIRoute) -> str:
    return f"{'/'.join(sorted(route.methods))} {route.path}"


def test_there_is_no_route_without_declaration_and_few_are_open():
    assert len(ROUTES) > 40
    assert {route.path for route in ROUTES if declared(route) == "open"} <= OPEN


def test_an_undeclared_route_does_not_start():
    router = APIRouter()

    @router.get("/leak")
    def leak() -> str:
        return "all"

    with pytest.raises(UndeclaredRoute, match="/leak"):
        check_declared([router])


def test_without_a_session_nothing_opens(anyone):
    for route in CLOSED:
        answer = call(anyone, route)
        if route.path.startswith("/api/"):
            assert (answer.status_code, answer.json()["type"]) == (401, "not-signed-in"), name(route)
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, "/login"), name(route)


@pytest.mark.parametrize("role", Role)
def test_each_role_passes_exactly_the_routes_that_it_holds(role, signed_in, small_world):
    """The permission of the route alone decides between 403 and anything else; every look leaves a row."""
    client = signed_in(LOGIN_OF_ROLE[role])
    for route in CLOSED:
        if route.path in ("/logout", "/api/session"):
            continue
        permission = Permission(declared(route))
        before = _audit_rows(small_world)
        answer = call(client, route)
        forbidden = answer.status_code == 403
        assert forbidden is (role not in roles_allowed(permission)), (name(route), answer.status_code)
        assert answer.status_code < 500, (name(route), answer.text)
        if answer.status_code < 300 or answer.status_code in (403, 404):
            assert _audit_rows(small_world) > before, name(route)


def _audit_rows(world) -> int:
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry))


@pytest.fixture
def published(app):
    return app.openapi()


def operations(published):
    for path, methods in published["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_is_summed_up_and_tagged(published):
    for where, operation in operations(published):
        assert operation["summary"], where
        assert operation["tags"], where


def test_every_field_of_every_body_has_an_example(published):
    seen = 0
    for body, schema in published["components"]["schemas"].items():
        if body in ("HTTPValidationError", "ValidationError"):
            continue
        for field, described in schema.get("properties", {}).items():
            refers = "$ref" in described or "$ref" in described.get("items", {})
            assert refers or "examples" in described, f"{body}.{field}"
            seen += 1
    assert seen > 100


def test_every_operation_shows_a_described_answer(published):
    for where, operation in operations(published):
        good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        assert "$ref" in str(good.get("content")) or where == "DELETE /api/session", where
