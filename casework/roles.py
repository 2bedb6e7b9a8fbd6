"""Who acts: the eight roles, the machine, and an actor with the division that bounds what they see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    LIAISON = "liaison"
    LEADER = "leader"
    TECHNICIAN = "technician"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


class Machine(StrEnum):
    """Steps a program may take. Never a role of an account; no such step confirms anything."""

    TRIAGE = "triage"
    PLANNER = "planner"


ROLE_NAMES: Final = {
    Role.CLERK: "信访受理员",
    Role.SUPERVISOR: "监督检查人员",
    Role.LIAISON: "监察联络站",
    Role.LEADER: "领导",
    Role.TECHNICIAN: "技术保障",
    Role.SYSTEM_ADMIN: "系统管理员",
    Role.SECURITY_ADMIN: "安全管理员",
    Role.AUDIT_ADMIN: "审计管理员",
}

PROVINCE: Final = 2
CITY: Final = 4
COUNTY: Final = 6
TOWN: Final = 9
VILLAGE: Final = 12
_LENGTHS: Final = frozenset({PROVINCE, CITY, COUNTY, TOWN, VILLAGE})


def is_division(code: str) -> bool:
    """True for 2, 4, 6, 9 or 12 ASCII digits: province, city, county, town, village."""
    return code.isascii() and code.isdigit() and len(code) in _LENGTHS


def covers(jurisdiction: str, code: str) -> bool:
    """True when `code` is `jurisdiction` itself or lies below it. Anything malformed covers nothing."""
    return is_division(jurisdiction) and is_division(code) and code.startswith(jurisdiction)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One person (or the machine, with `id` None) in one role.

    division: the code whose prefix bounds the jurisdiction; its length is the actor's level, so a shorter
    code is a higher office.
    """

    id: int | None
    name: str
    role: Role | Machine
    division: str


TRIAGE_MACHINE: Final = Actor(id=None, name="自动分拣", role=Machine.TRIAGE, division="")
PLAN_MACHINE: Final = Actor(id=None, name="自动起草", role=Machine.PLANNER, division="")
